--- Azure SignalR Service: the resource and what belongs to it.
--
--     local s = client:signalr("/subscriptions/.../providers/Microsoft.SignalRService/signalR/contoso-signalr")
--     local resource, err = s:get()
--     for link, err in s.shared_private_links:list() do ... end
--
-- Wrong values raise before any call; the service's refusals are returned. What
-- waits for its end (not the begin_ ones) also waits while SignalR is busy.

local busy = require "azure.signalr.busy"
local collections = require "azure.signalr.collections"
local errors = require "azure.errors"
local resource_id = require "azure.resource_id"
local values = require "azure.signalr.values"

local signalr = {}

--- Of each call; the methods of collections take the same.
---@class azure.ResourceOptions
---@field timeout number? seconds, with all that is waited for
---@field api_version string?
---@field headers table<string, string|number|false>?
---@field query table<string, string|number|boolean|string[]>?

--- Of `create` and `update`. Wrong values raise before any call.
---@class azure.SignalRSettings
---@field location string? needed by `create`
---@field sku string|azure.SignalRSku|nil needed by `create`
---@field capacity integer? units
---@field kind string? "SignalR" or "RawWebSockets"
---@field tags table<string, string>?
---@field identity string|table|nil "None", "SystemAssigned", "UserAssigned", or as ARM has it
---@field service_mode string? "Default", "Serverless", "Classic" or "PredefinedOnly"
---@field upstream azure.SignalRTemplate[]? where calls of clients are sent to
---@field network_acls azure.SignalRNetworkAcls?
---@field public_network_access string? "Enabled" or "Disabled"
---@field cors string[]? allowed origins
---@field disable_local_auth boolean? no access keys
---@field disable_aad_auth boolean? no sign-in with Entra ID
---@field properties table? further ones, as ARM has them

---@class azure.SignalRSku
---@field name string "Free_F1", "Standard_S1", "Premium_P1" or "Premium_P2"
---@field capacity integer? units
---@field tier string?

---@class azure.SignalRTemplate
---@field url_template string http or https; may have {hub}, {category} and {event}
---@field hub_pattern string? default "*"
---@field event_pattern string? default "*"
---@field category_pattern string? default "*"
---@field auth table? as ARM has it

---@class azure.SignalRNetworkAcls
---@field defaultAction string? "Allow" or "Deny"
---@field publicNetwork { allow: string[]?, deny: string[]? }? of "ServerConnection", "ClientConnection", "RESTAPI" and
--- "Trace"
---@field privateEndpoints { name: string, allow: string[]?, deny: string[]? }[]?
---@field ipRules { value: string, action: string }[]? at most 30

--- A SignalR service, as `client:signalr(id)` gives it. Nothing is called until
--- one of its methods is.
---@class azure.SignalR
---@field id string
---@field shared_private_links azure.Collection
---@field private_endpoint_connections azure.Connections
---@field private_link_resources azure.Collection
---@field replicas azure.Collection
---@field custom_domains azure.Collection
---@field custom_certificates azure.Collection
local Signalr = {}
Signalr.__name = "azure.signalr"

local TYPE = "microsoft.signalrservice/signalr"
local REPLICA_TYPE = "microsoft.signalrservice/signalr/replicas"

local call_options = { timeout = true, api_version = true, headers = true, query = true }

-- Collections are made when they are first asked for.
function Signalr:__index(key)
  local method = Signalr[key]
  if method then return method end
  local make = collections[key]
  if not make then return nil end
  local collection = make(self)
  rawset(self, key, collection)
  return collection
end

Signalr.__tostring = function(self) return "signalr " .. self.id end

local function options(self, opts, fname)
  errors.check_self(self, "client", fname)
  errors.check_options(opts, call_options, fname)
  errors.check_number(opts and opts.timeout, "timeout", fname)
  return opts or {}
end

local function begin(self, method, body, opts, final_state_via, suffix)
  return self.client:begin{
    method = method, path = self.id .. (suffix or ""), body = body, final_state_via = final_state_via,
    api_version = opts.api_version, headers = opts.headers, query = opts.query, timeout = opts.timeout,
  }
end

-- A whole write: begun, again while SignalR is busy with another, and waited for.
local function write(self, method, body, opts, final_state_via, suffix)
  return busy.wait_out(function(left)
    local call = { api_version = opts.api_version, headers = opts.headers, query = opts.query }
    local op <close> = begin(self, method, body, call, final_state_via, suffix)
    return op:wait{ timeout = left }
  end, opts.timeout)
end

-- For writes whose answer says nothing.
local function write_only(...)
  local _, err = write(...)
  if err then return nil, err end
  return true
end

--- The resource.
---@param opts azure.ResourceOptions?
---@return table? resource
---@return azure.Error? err
function Signalr:get(opts)
  opts = options(self, opts, "signalr:get")
  return self.client:get(self.id, opts)
end

--- Whether it exists. Other failures than "not found" are errors.
---@param opts azure.ResourceOptions?
---@return boolean? exists
---@return azure.Error? err
function Signalr:exists(opts)
  opts = options(self, opts, "signalr:exists")
  local resource, err = self.client:get(self.id, opts)
  if resource then return true end
  if err.status == 404 then return false end
  return nil, err
end

--- Starts creating it (or replacing its settings). See `create`.
---@param settings azure.SignalRSettings
---@param opts azure.ResourceOptions?
---@return azure.Op? op
---@return azure.Error? err
function Signalr:begin_create(settings, opts)
  errors.check_self(self, "client", "signalr:begin_create")
  local body = values.resource(settings, "signalr:create", true)
  return begin(self, "PUT", body, options(self, opts, "signalr:create"), "azure-async-operation")
end

--- Creates it and waits.
---@param settings azure.SignalRSettings
---@param opts azure.ResourceOptions?
---@return table? resource
---@return azure.Error? err
function Signalr:create(settings, opts)
  errors.check_self(self, "client", "signalr:create")
  local body = values.resource(settings, "signalr:create", true)
  opts = options(self, opts, "signalr:create")
  return write(self, "PUT", body, opts, "azure-async-operation")
end

--- Starts a change of some settings. See `update`.
---@param settings azure.SignalRSettings
---@param opts azure.ResourceOptions?
---@return azure.Op? op
---@return azure.Error? err
function Signalr:begin_update(settings, opts)
  errors.check_self(self, "client", "signalr:begin_update")
  local body = values.resource(settings, "signalr:update", false)
  return begin(self, "PATCH", body, options(self, opts, "signalr:update"), "location")
end

--- Changes some settings (those of `create`) and waits.
---@param settings azure.SignalRSettings
---@param opts azure.ResourceOptions?
---@return table? resource
---@return azure.Error? err
function Signalr:update(settings, opts)
  errors.check_self(self, "client", "signalr:update")
  local body = values.resource(settings, "signalr:update", false)
  opts = options(self, opts, "signalr:update")
  return write(self, "PATCH", body, opts, "location")
end

--- Starts deleting it.
---@param opts azure.ResourceOptions?
---@return azure.Op? op
---@return azure.Error? err
function Signalr:begin_delete(opts)
  return begin(self, "DELETE", nil, options(self, opts, "signalr:delete"), "location")
end

--- Deletes it and waits until that is done.
---@param opts azure.ResourceOptions?
---@return boolean? ok
---@return azure.Error? err
function Signalr:delete(opts)
  opts = options(self, opts, "signalr:delete")
  return write_only(self, "DELETE", nil, opts, "location")
end

--- The access keys and connection strings. They are secrets: do not log them.
---@param opts azure.ResourceOptions?
---@return table? keys { primaryKey, secondaryKey, primaryConnectionString, secondaryConnectionString }
---@return azure.Error? err
function Signalr:keys(opts)
  opts = options(self, opts, "signalr:keys")
  local response, err = self.client:request{
    method = "POST", path = self.id .. "/listKeys", api_version = opts.api_version, timeout = opts.timeout,
    any_redirect = false,
  }
  return response and response.json, err
end

--- Makes a new key. `which` is "Primary", "Secondary" or "Salt".
---@param which string
---@param opts azure.ResourceOptions?
---@return table? keys
---@return azure.Error? err
function Signalr:regenerate_key(which, opts)
  errors.check_self(self, "client", "signalr:regenerate_key")
  values.one_of(which, values.key_types, "which", "signalr:regenerate_key")
  opts = options(self, opts, "signalr:regenerate_key")
  return write(self, "POST", { keyType = which }, opts, "location", "/regenerateKey")
end

--- Restarts it and waits.
---@param opts azure.ResourceOptions?
---@return boolean? ok
---@return azure.Error? err
function Signalr:restart(opts)
  opts = options(self, opts, "signalr:restart")
  return write_only(self, "POST", nil, opts, "location", "/restart")
end

--- The SKUs that it can change to.
---@param opts azure.ResourceOptions?
---@return table? skus
---@return azure.Error? err
function Signalr:skus(opts)
  opts = options(self, opts, "signalr:skus")
  local answer, err = self.client:get(self.id .. "/skus", opts)
  return type(answer) == "table" and answer.value or nil, err
end

local function properties_of(self, opts, fname)
  opts = options(self, opts, fname)
  local resource, err = self.client:get(self.id, opts)
  if not resource then return nil, err end
  local properties = type(resource) == "table" and resource.properties
  return type(properties) == "table" and properties or {}
end

--- Who may call it, from where.
---@param opts azure.ResourceOptions?
---@return table? acls
---@return azure.Error? err
function Signalr:network_acls(opts)
  local properties, err = properties_of(self, opts, "signalr:network_acls")
  return properties and properties.networkACLs or nil, err
end

--- Sets who may call it: { defaultAction="Deny", publicNetwork={allow={...}}, privateEndpoints={...}, ipRules={...} }.
---@param acls azure.SignalRNetworkAcls
---@param opts azure.ResourceOptions?
---@return table? resource
---@return azure.Error? err
function Signalr:set_network_acls(acls, opts)
  errors.check_self(self, "client", "signalr:set_network_acls")
  values.network_acls(acls, "signalr:set_network_acls")
  return self:update({ network_acls = acls }, opts)
end

--- The upstream templates: where calls of clients are sent to.
---@param opts azure.ResourceOptions?
---@return table[]? templates
---@return azure.Error? err
function Signalr:upstream(opts)
  local properties, err = properties_of(self, opts, "signalr:upstream")
  if not properties then return nil, err end
  local upstream = type(properties.upstream) == "table" and properties.upstream or {}
  return type(upstream.templates) == "table" and upstream.templates or {}
end

--- Sets the upstream templates: { { url_template=, hub_pattern="*", event_pattern="*", category_pattern="*" } }.
---@param templates azure.SignalRTemplate[]
---@param opts azure.ResourceOptions?
---@return table? resource
---@return azure.Error? err
function Signalr:set_upstream(templates, opts)
  errors.check_self(self, "client", "signalr:set_upstream")
  values.templates(templates, "signalr:set_upstream")
  return self:update({ upstream = templates }, opts)
end

--- The handle of a replica: get, exists, create, update, delete, restart, shared_private_links.
---@param name string
---@return azure.SignalR replica
function Signalr:replica(name)
  errors.check_self(self, "client", "signalr:replica")
  errors.check_type(name, "string", "name", "signalr:replica")
  return signalr.new(self.client, resource_id.child(self.id, "replicas", name))
end

-- Region of the resource, unless the caller names one.
local function location_of(self, location)
  if location then return location end
  local resource, err = self:get()
  return type(resource) == "table" and resource.location or nil, err
end

local function in_location(self, location, what)
  local id = resource_id.parse(self.id)
  return ("/subscriptions/%s/providers/Microsoft.SignalRService/locations/%s/%s"):format(id.subscription_id,
    location:gsub("%s", ""):lower(), what)
end

--- Whether its name is still free in `location`.
---@param location string
---@param opts azure.ResourceOptions?
---@return table? answer { nameAvailable, reason, message }
---@return azure.Error? err
function Signalr:check_name(location, opts)
  errors.check_self(self, "client", "signalr:check_name")
  errors.check_type(location, "string", "location", "signalr:check_name")
  opts = options(self, opts, "signalr:check_name")
  local response, err = self.client:request{
    method = "POST", path = in_location(self, location, "checkNameAvailability"), api_version = opts.api_version,
    timeout = opts.timeout, any_redirect = false,
    body = { type = "Microsoft.SignalRService/SignalR", name = resource_id.parse(self.id).name },
  }
  return response and response.json, err
end

--- How much of the subscription's quota is used in a region (default: its own).
---@param location string?
---@param opts azure.ResourceOptions?
---@return table[]? usages
---@return azure.Error? err
function Signalr:usages(location, opts)
  errors.check_self(self, "client", "signalr:usages")
  errors.check_type(location, "string|nil", "location", "signalr:usages")
  opts = options(self, opts, "signalr:usages")
  local region, err = location_of(self, location)
  if not region then return nil, err end
  local items = {}
  for item, failure in self.client:list(in_location(self, region, "usages"), opts) do
    if failure then return nil, failure end
    items[#items + 1] = item
  end
  return items
end

local function check_type(parsed)
  local actual = parsed.type:lower()
  if actual ~= TYPE and actual ~= REPLICA_TYPE then
    errors.raise(("signalr: 'id' must be of Microsoft.SignalRService/signalR, not of %s"):format(parsed.type))
  end
end

--- A handle; no call is made. Raises when `id` is not a SignalR's.
---@param client azure.Client
---@param id string|table
---@return azure.SignalR
function signalr.new(client, id)
  local parsed, err = resource_id.parse(resource_id.text(id) or id)
  if not parsed then errors.raise("signalr: 'id': " .. err.message) end
  check_type(parsed)
  return setmetatable({ client = client, id = parsed.id }, Signalr)
end

return signalr
