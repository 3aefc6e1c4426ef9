--- What the functions of azure.identity share: reading options and the
-- environment, and saying what is wrong with them at the right place.

local core = require("azure.core")
local errors = require("azure.errors")

local options = {}

local NETWORK = { "ca_file", "ca_path", "proxy", "no_proxy" }
--- Options about tenants and clouds.
options.TENANT = { "authority", "cloud", "additionally_allowed_tenants", "disable_multitenant" }
--- Options that name an application.
options.APP = { "tenant_id", "client_id", table.unpack(options.TENANT) }

--- The set of option names that a function knows, from names and lists.
function options.set_of(...)
  local set = { env = true }
  for _, name in ipairs(NETWORK) do set[name] = true end
  for _, part in ipairs({ ... }) do
    for _, name in ipairs(type(part) == "table" and part or { part }) do set[name] = true end
  end
  return set
end

--- The environment to read: a variable that is set to nothing is not set.
local function environment_of(opts)
  local get = opts.env and function(name) return opts.env[name] end or os.getenv
  return function(name)
    local value = get(name)
    return value ~= "" and value or nil
  end
end

--- Checks an options table for the public function that calls this.
---@return table opts
---@return fun(name: string): string? getenv
function options.read(fname, opts, allowed)
  opts = errors.check_options(opts, allowed, fname, 3)
  errors.check_type(opts.env, "table|nil", "env", fname, 3)
  return opts, environment_of(opts)
end

--- Raises unless a field is a string with something in it.
function options.need(opts, name, fname)
  local value = opts[name]
  errors.check_type(value, "string", name, fname, 3)
  if value == "" then error(("%s: '%s' is empty"):format(fname, name), 3) end
end

--- Raises when a tenant id has characters that none has.
function options.check_tenant(value, fname, level)
  if type(value) == "string" and not value:find("^[%w%-%.]+$") then
    error(("%s: 'tenant_id' may hold letters, digits, '-' and '.' only"):format(fname), level + 1)
  end
end

--- Copies the network settings; a cloud may bring its own certificates.
function options.network(opts, into)
  local cloud = opts.cloud or {}
  for _, name in ipairs(NETWORK) do into[name] = opts[name] or cloud[name] end
  return into
end

local function joined(list, fname)
  if type(list) ~= "table" then
    errors.check_type(list, "string|nil", "additionally_allowed_tenants", fname, 4)
    return list
  end
  return table.concat(list, ";")
end

--- Whether a variable says yes.
function options.truthy(text)
  text = text and text:lower()
  return text == "true" or text == "1"
end

-- AZURE_AUTHORITY_HOST is written with and without its scheme.
local function authority_of(opts, getenv)
  local authority = opts.authority or (opts.cloud and opts.cloud.authority) or getenv("AZURE_AUTHORITY_HOST")
  if authority and not authority:find("://", 1, true) then authority = "https://" .. authority end
  return authority
end

local PUBLIC = "https://login.microsoftonline.com"

--- The region's own endpoint where a region is named; it answers for
--- applications of the public cloud only.
function options.regional(authority, getenv)
  local region = getenv("AZURE_REGIONAL_AUTHORITY_NAME")
  local public = not authority or authority:gsub("/+$", "") == PUBLIC
  if not region or not public or not region:find("^%w+$") then return authority end
  return ("https://%s.login.microsoft.com"):format(region)
end

--- What the core needs of an application, from options and environment.
function options.app(fname, opts, getenv)
  options.check_tenant(opts.tenant_id, fname, 3)
  errors.check_type(opts.authority, "string|nil", "authority", fname, 3)
  errors.check_type(opts.cloud, "table|nil", "cloud", fname, 3)
  local allowed = opts.additionally_allowed_tenants
  if allowed == nil then allowed = getenv("AZURE_ADDITIONALLY_ALLOWED_TENANTS") end
  local single = opts.disable_multitenant
  if single == nil then single = options.truthy(getenv("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH")) end
  return options.network(opts, {
    tenant_id = opts.tenant_id,
    client_id = opts.client_id,
    authority = authority_of(opts, getenv),
    additionally_allowed_tenants = joined(allowed, fname),
    disable_multitenant = single,
  })
end

--- A credential that cannot be used here and says why.
function options.unavailable(name, reason)
  return core.credential("unavailable", { name = name, reason = reason })
end

--- A credential of an application with a certificate.
function options.certificate(fname, opts, getenv)
  local args = options.app(fname, opts, getenv)
  args.authority = options.regional(args.authority, getenv)
  args.path, args.pem, args.password = opts.path, opts.pem, opts.password
  args.send_chain = opts.send_chain and true or nil
  return core.credential("client_certificate", args)
end

return options
