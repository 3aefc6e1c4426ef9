--- Who may sign in at the emulated Entra ID, and what they may do.

local errors = require "azure.errors"
local core = require "azure.core"

local Principal = {}
Principal.__index = Principal
Principal.__name = "azure.emulator.principal"

local function to_pattern(action)
  local escaped = action:lower():gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0")
  return "^" .. escaped:gsub("%*", ".*") .. "$"
end

local function matches(list, action)
  for _, pattern in ipairs(list) do
    if action:lower():find(to_pattern(pattern)) then return true end
  end
  return false
end

local function in_scope(scopes, id)
  if not scopes then return true end
  local lowered = id:lower() .. "/"
  for _, scope in ipairs(scopes) do
    local prefix = scope:lower():gsub("/*$", "/")
    if lowered:sub(1, #prefix) == prefix then return true end
  end
  return false
end

--- Whether an action ("Microsoft.Web/sites/read") is allowed on an id.
---@param action string
---@param id string
---@return boolean
function Principal:may(action, id)
  return in_scope(self.scopes, id) and matches(self.actions, action) and not matches(self.not_actions, action)
end

--- A credential that signs this principal in with its secret.
---@param opts table? passed on to azure.identity.client_secret
---@return table credential
function Principal:credential(opts)
  local options = {
    tenant_id = self.tenant_id, client_id = self.client_id, client_secret = self.secret,
    authority = self.cloud.url, ca_file = self.cloud.ca_file,
  }
  for key, value in pairs(opts or {}) do options[key] = value end
  return require("azure.identity").client_secret(options)
end

function Principal:__tostring()
  return "emulator principal " .. self.client_id
end

local principals = {}

local allowed = {
  tenant_id = "string|nil", client_id = "string|nil", client_secret = "string|nil", object_id = "string|nil",
  actions = "table|nil", not_actions = "table|nil", scopes = "table|nil", certificates = "table|nil",
  federations = "table|nil", secret_expired = "boolean|nil",
}

--- Registers an application. Everything has a default; `actions` is {"*"}.
---@param cloud table
---@param opts table?
---@return table principal
function principals.add(cloud, opts)
  opts = errors.check_options(opts, allowed, "emulator:principal")
  for name, wanted in pairs(allowed) do errors.check_type(opts[name], wanted, name, "emulator:principal") end
  local principal = setmetatable({
    cloud = cloud,
    tenant_id = opts.tenant_id or cloud.tenant_id,
    client_id = opts.client_id or core.uuid(),
    object_id = opts.object_id or core.uuid(),
    secret = opts.client_secret or core.base64url(core.random(30)),
    secret_expired = opts.secret_expired or false,
    actions = opts.actions or { "*" },
    not_actions = opts.not_actions or {},
    scopes = opts.scopes,
    certificates = opts.certificates or {},
    federations = opts.federations or {},
  }, Principal)
  cloud.principals[principal.client_id:lower()] = principal
  cloud.tenants[principal.tenant_id:lower()] = principal.tenant_id
  return principal
end

return principals
