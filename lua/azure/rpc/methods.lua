--- The methods of azure.rpc: fn(server, params, tell) -> result | nil, err.
-- `params` has no nulls; tell(event) exists where the request asked for
-- progress.

local core = require "azure.core"
local errors = require "azure.errors"
local json = require "azure.json"

local module = {}

--- JSON's null stands for "not given" in params and options.
---@param t table
---@return table copy
function module.without_nulls(t)
  local copy = {}
  for key, value in pairs(t) do
    if value ~= json.null then copy[key] = value end
  end
  return copy
end

local function split(params, ...)
  local opts, first = module.without_nulls(params), {}
  for i, name in ipairs{ ... } do
    first[i] = opts[name]
    opts[name] = nil
  end
  return opts, table.unpack(first, 1, select("#", ...))
end

local function need(value, name)
  if value == nil then error(("params has no '%s'"):format(name), 0) end
  return value
end

local methods = {}
module.methods = methods

function methods.ping() return true end

function methods.version()
  return { version = require("azure")._VERSION, lua = _VERSION, libcurl = core.libcurl:match("^%S+"), protocol = 1 }
end

function methods.get(server, params)
  local opts, id, path = split(params, "id", "path")
  return server:client_for():get(need(id or path, "id"), opts)
end

function methods.request(server, params)
  local response, err = server:client_for():request(params)
  if not response then return nil, err end
  local headers = {}
  for name, value in pairs(response.headers) do headers[name] = value end
  return { status = response.status, headers = headers, body = response.body, json = response.json,
    request_id = response.request_id }
end

function methods.list(server, params)
  local opts, id, path = split(params, "id", "path")
  local items = json.array{}
  for item, err in server:client_for():list(need(path or id, "path"), opts) do
    if err then return nil, err end
    items[#items + 1] = item
  end
  return items
end

for _, name in ipairs{ "put", "patch", "delete", "post" } do
  methods[name] = function(server, params, tell)
    local opts, id, path, body = split(params, "id", "path", "body")
    opts.on_progress = tell
    local client = server:client_for()
    return client[name](client, need(id or path, "id"), body, opts)
  end
end

-- What a wait raises to end itself.
local accepted = {}

--- An operation has something to resume once Azure's first answer is there,
--- which is the first progress that it tells.
function methods.begin(server, params, tell)
  local request, id = split(params, "id")
  request.path = need(request.path or id, "path")
  local op <close> = server:client_for():begin(request)
  local ok, result, err = pcall(op.wait, op, { on_progress = function(status)
    if tell then tell(status) end
    error(accepted, 0)
  end })
  if not ok and result ~= accepted then error(result, 0) end
  if not ok then return { done = false, resume_token = op:resume_token() } end
  if result == nil then return nil, err end
  return { done = true, result = result }
end

function methods.resume(server, params, tell)
  local opts, token = split(params, "token")
  local op, err = server:client_for():resume(need(token, "token"), opts)
  if not op then return nil, err end
  local _ <close> = op
  return op:wait{ on_progress = tell }
end

local function private_link()
  return require "azure.private_link"
end

for _, name in ipairs{ "plan", "establish", "status", "verify", "remove" } do
  methods["private_link." .. name] = function(server, params, tell)
    params.on_event = tell
    return private_link()[name](server:client_for(), params)
  end
end

methods["private_link.approve"] = function(server, params, tell)
  local opts, handoff = split(params, "handoff")
  if type(need(handoff, "handoff")) == "table" then handoff = module.without_nulls(handoff) end
  opts.on_event = tell
  return private_link().approve(server:client_for(), handoff, opts)
end

methods["private_link.remove_group"] = function(server, params)
  local opts, id = split(params, "id")
  return private_link().remove_group(server:client_for(), need(id, "id"), opts)
end

local destructive = { delete = true, ["private_link.remove"] = true, ["private_link.remove_group"] = true }

--- The method that was likely meant. A slip must not become advice to destroy.
---@param name string
---@return string?
function module.nearest(name)
  local near = errors.nearest(name, methods)
  return not destructive[near] and near or nil
end

-- What the job's results, events and errors have lists in. Empty ones are made
-- without the mark of JSON arrays; in documents of Azure the names mean nothing.
local lists = {}
for name in ([[against because calls candidates checks connections evidence findings for groups links orphans
  request_ids restrictions undone warnings]]):gmatch("%S+") do
  lists[name] = true
end

--- The names whose empty tables are lists in what a method gives.
---@param method string
---@return table<string, boolean>
function module.lists_of(method)
  return method:find("^private_link%.") and lists or {}
end

--- The kinds of credentials that `configure` knows.
module.credential_kinds = {
  default = true, environment = true, static = true, client_secret = true, client_certificate = true,
  workload_identity = true, managed_identity = true, azure_cli = true, azure_developer_cli = true,
  azure_powershell = true, azure_pipelines = true, github_actions = true,
}

--- Makes the credential of `configure`.
---@param given table? { kind = , ... }
---@param cloud any
---@return azure.Credential?
---@return azure.Error?
function module.make_credential(given, cloud)
  if given == nil then return nil end
  if type(given) ~= "table" then error("configure: 'credential' must be an object with a 'kind'", 0) end
  local opts, kind = split(given, "kind")
  if not module.credential_kinds[kind] then
    local near = type(kind) == "string" and errors.nearest(kind, module.credential_kinds)
    error("configure: unknown kind of credential" .. (near and "; did you mean '" .. near .. "'?" or ""), 0)
  end
  if kind ~= "static" then opts.cloud = opts.cloud or cloud end
  return require("azure.identity")[kind](opts)
end

return module
