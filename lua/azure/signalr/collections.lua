--- What belongs to a SignalR: shared private links, private endpoint
-- connections, private link resources, replicas, custom domains, certificates.

local busy = require "azure.signalr.busy"
local errors = require "azure.errors"
local private_endpoint = require "azure.private_endpoint"
local resource_id = require "azure.resource_id"

---@class azure.LinkOptions: azure.ResourceOptions
---@field target string|table id of what SignalR shall reach
---@field group string "sites", "vault", ...
---@field request_message string? at most 140 characters

---@class azure.ReplicaOptions: azure.ResourceOptions
---@field location string
---@field sku string|azure.SignalRSku
---@field capacity integer?
---@field tags table<string, string>?
---@field properties table?

---@class azure.DomainOptions: azure.ResourceOptions
---@field domain_name string
---@field certificate string id of a custom certificate

---@class azure.KeyVaultCertificateOptions: azure.ResourceOptions
---@field key_vault_uri string https
---@field secret_name string
---@field secret_version string?

--- Resources of one kind under a SignalR: `signalr.shared_private_links` and its
--- relatives.
---@class azure.Collection
---@field name string "shared_private_links"
---@field parent azure.SignalR
local Collection = {}
Collection.__index = Collection
Collection.__name = "azure.signalr.collection"

local call_options = { timeout = true, api_version = true, headers = true, query = true }

local function fname_of(self, method)
  errors.check_self(self, "segment", "collection:" .. method)
  return ("%s:%s"):format(self.name, method)
end

-- What the service offers to be read only has no body to be made of.
local function check_writable(self, method)
  if self.body then return end
  errors.raise(("%s: %s can only be read: list and get"):format(fname_of(self, method), self.name))
end

local function call_of(self, opts, method)
  local fname = fname_of(self, method)
  opts = errors.check_options(opts, call_options, fname)
  errors.check_number(opts.timeout, "timeout", fname)
  return opts
end

local function split(self, opts, method)
  local fname = fname_of(self, method)
  errors.check_type(opts, "table", "options", fname)
  errors.check_options(opts, self.create_options, fname)
  errors.check_number(opts.timeout, "timeout", fname)
  local call, settings = {}, {}
  for key, value in pairs(opts) do (call_options[key] and call or settings)[key] = value end
  return call, self.body(settings, fname)
end

local function path_of(self, name, method)
  local fname = fname_of(self, method)
  if method ~= "get" then check_writable(self, method) end
  errors.check_type(name, "string", "name", fname)
  return resource_id.child(self.parent.id, self.segment, name)
end

--- The items, one by one: `for item, err in collection:list() do`.
---@param opts azure.ResourceOptions?
---@return fun(): table|false|nil, azure.Error?
function Collection:list(opts)
  opts = call_of(self, opts, "list")
  return self.client:list(self.parent.id .. "/" .. self.segment, opts)
end

--- One item.
---@param name string
---@param opts azure.ResourceOptions?
---@return table? item
---@return azure.Error? err
function Collection:get(name, opts)
  local path = path_of(self, name, "get")
  return self.client:get(path, call_of(self, opts, "get"))
end

local function begin(self, method, path, body, call, final_state_via)
  return self.client:begin{
    method = method, path = path, body = body, final_state_via = final_state_via,
    api_version = call.api_version, headers = call.headers, query = call.query, timeout = call.timeout,
  }
end

-- A whole write; its timeout is that of all tries together.
local function write(self, method, path, body, call, final_state_via)
  local each = { api_version = call.api_version, headers = call.headers, query = call.query }
  return busy.wait_out(function(left)
    local op <close> = begin(self, method, path, body, each, final_state_via)
    return op:wait{ timeout = left }
  end, call.timeout)
end

--- Starts creating an item. Options as for `create`.
---@param name string
---@param opts azure.LinkOptions|azure.ReplicaOptions|azure.DomainOptions|azure.KeyVaultCertificateOptions
---@return azure.Op op
function Collection:begin_create(name, opts)
  local path = path_of(self, name, "create")
  local call, body = split(self, opts, "create")
  return begin(self, "PUT", path, body, call, "azure-async-operation")
end

--- Creates an item and waits. Its options are those of its kind.
---@param name string
---@param opts azure.LinkOptions|azure.ReplicaOptions|azure.DomainOptions|azure.KeyVaultCertificateOptions
---@return table? item
---@return azure.Error? err
function Collection:create(name, opts)
  local path = path_of(self, name, "create")
  local call, body = split(self, opts, "create")
  return write(self, "PUT", path, body, call, "azure-async-operation")
end

--- Starts deleting an item.
---@param name string
---@param opts azure.ResourceOptions?
---@return azure.Op op
function Collection:begin_delete(name, opts)
  local path = path_of(self, name, "delete")
  local call = call_of(self, opts, "delete")
  return begin(self, "DELETE", path, nil, call, "location")
end

--- Deletes an item and waits. One that is not there is fine.
---@param name string
---@param opts azure.ResourceOptions?
---@return boolean? ok
---@return azure.Error? err
function Collection:delete(name, opts)
  local path = path_of(self, name, "delete")
  local call = call_of(self, opts, "delete")
  local _, err = write(self, "DELETE", path, nil, call, "location")
  if err and err.status ~= 404 then return nil, err end
  return true
end

function Collection:__tostring()
  return ("%s of %s"):format(self.name, self.parent.id)
end

local function required(opts, key, fname)
  if type(opts[key]) ~= "string" or opts[key] == "" then
    errors.raise(("%s: '%s' must be a string that is not empty"):format(fname, key))
  end
  return opts[key]
end

local MAX_MESSAGE = 140

local function link_message(opts, fname)
  local message = opts.request_message
  if message == nil then return nil end
  if type(message) ~= "string" then errors.raise(fname .. ": 'request_message' must be a string") end
  if (utf8.len(message) or MAX_MESSAGE + 1) > MAX_MESSAGE then
    errors.raise(fname .. ": 'request_message' must be UTF-8 of at most 140 characters")
  end
  return message
end

local function link_body(opts, fname)
  local target = resource_id.text(opts.target)
  local parsed, err = resource_id.parse(target or opts.target)
  if not parsed then errors.raise(("%s: 'target': %s"):format(fname, err.message)) end
  return { properties = {
    privateLinkResourceId = parsed.id, groupId = required(opts, "group", fname),
    requestMessage = link_message(opts, fname),
  } }
end

local function domain_body(opts, fname)
  return { properties = {
    domainName = required(opts, "domain_name", fname),
    customCertificate = { id = required(opts, "certificate", fname) },
  } }
end

local function certificate_body(opts, fname)
  local uri = required(opts, "key_vault_uri", fname)
  if not uri:find("^https://") then errors.raise(fname .. ": 'key_vault_uri' must be an https URL") end
  return { properties = {
    keyVaultBaseUri = uri, keyVaultSecretName = required(opts, "secret_name", fname),
    keyVaultSecretVersion = opts.secret_version,
  } }
end

local function replica_body(opts, fname)
  return require("azure.signalr.values").resource(opts, fname, true)
end

local function options(...)
  local allowed = { timeout = true, api_version = true, headers = true, query = true }
  for _, name in ipairs{ ... } do allowed[name] = true end
  return allowed
end

local kinds = {
  shared_private_links = {
    segment = "sharedPrivateLinkResources", body = link_body,
    create_options = options("target", "group", "request_message"),
  },
  private_link_resources = { segment = "privateLinkResources" },
  replicas = {
    segment = "replicas", body = replica_body,
    create_options = options("location", "sku", "capacity", "tags", "properties"),
  },
  custom_domains = {
    segment = "customDomains", body = domain_body, create_options = options("domain_name", "certificate"),
  },
  custom_certificates = {
    segment = "customCertificates", body = certificate_body,
    create_options = options("key_vault_uri", "secret_name", "secret_version"),
  },
}

--- Each makes the collection of that name for a SignalR's handle.
local collections = {}

for name, kind in pairs(kinds) do
  collections[name] = function(parent)
    return setmetatable({
      client = parent.client, parent = parent, name = name, segment = kind.segment,
      body = kind.body, create_options = kind.create_options,
    }, Collection)
  end
end

--- The private endpoint connections, which are those of any resource.
---@param parent azure.SignalR
---@return azure.Connections
function collections.private_endpoint_connections(parent)
  return private_endpoint.new(parent.client, parent.id)
end

return collections
