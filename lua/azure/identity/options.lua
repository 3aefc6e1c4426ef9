--- What the functions of azure.identity share: reading options and the
-- environment, and saying what is wrong with them at the right place.

local clouds = require("azure.clouds")
local core = require("azure.core")
local errors = require("azure.errors")

local options = {}

local NETWORK = { "ca_file", "ca_path", "proxy", "no_proxy" }
--- Options about tenants and clouds.
options.TENANT = { "authority", "cloud", "additionally_allowed_tenants", "disable_multitenant", "enable_cae" }
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

-- What an option must be. A word is text that is not empty: an id that is ""
-- comes from a variable that is not set, and must not mean "any".
local TYPES = {
  boolean = { "disable_multitenant", "enable_cae", "send_chain", "sticky", "probe" },
  ["function"] = { "prompt" },
  number = { "process_timeout" },
  string = { "password", "proxy", "no_proxy", "search_path" },
  word = { "tenant_id", "client_id", "object_id", "resource_id", "authority", "client_secret", "path", "pem",
    "token", "token_file_path", "audience", "service_connection_id", "system_access_token", "subscription", "ca_file",
    "ca_path", "arc_folder", "managed_identity_client_id", "managed_identity_object_id",
    "managed_identity_resource_id", "workload_identity_client_id" },
}
local type_of = {}
for kind, names in pairs(TYPES) do
  for _, name in ipairs(names) do type_of[name] = kind end
end

local function check_value(name, value, kind, fname)
  errors.check_type(value, kind == "word" and "string" or kind, name, fname)
  if kind == "word" and value == "" then errors.raise(("%s: '%s' is empty"):format(fname, name)) end
  if name == "process_timeout" and not (value >= 0 and value < math.huge) then
    errors.raise(("%s: '%s' must be seconds"):format(fname, name))
  end
end

--- Raises for an option of the wrong type.
---@param opts table
---@param fname string
function options.check_types(opts, fname)
  for name, value in pairs(opts) do
    if type_of[name] then check_value(name, value, type_of[name], fname) end
  end
end

--- Raises unless an option is text or a list of texts, or absent.
local function check_list(opts, name, fname)
  local list = opts[name]
  errors.check_type(list, "string|table|nil", name, fname)
  for key, value in pairs(type(list) == "table" and list or {}) do
    if math.type(key) ~= "integer" then errors.raise(("%s: '%s' must be a list"):format(fname, name)) end
    errors.check_type(value, "string", ("%s[%d]"):format(name, key), fname)
  end
end

--- Raises unless the stand-in for the environment has texts by names.
local function check_environment(env, fname)
  errors.check_type(env, "table|nil", "env", fname)
  for name, value in pairs(env or {}) do
    if type(name) ~= "string" or not name:find("^[^=\0]+$") then
      errors.raise(fname .. ": 'env' has a name that no variable can have")
    end
    errors.check_type(value, "string", "env." .. name, fname)
    if value:find("\0", 1, true) then errors.raise(("%s: 'env.%s' has a zero byte"):format(fname, name)) end
  end
end

--- The environment to read: a variable that is set to nothing is not set.
local function environment_of(opts)
  local get = opts.env and function(name) return opts.env[name] end or os.getenv
  return function(name)
    local value = get(name)
    return value ~= "" and value or nil
  end
end

-- A tenant id with other characters would be a piece of a URL.
local function check_tenant(value, fname)
  if value and not value:find("^[%w%-%.]+$") then
    errors.raise(fname .. ": 'tenant_id' may hold letters, digits, '-' and '.' only")
  end
end

--- Checks an options table for the public function that calls this: all of it
--- here, so that nothing raises later, when a chain could take that for a
--- member that cannot be used. A cloud's name becomes its endpoints.
---@return table opts a copy
---@return fun(name: string): string? getenv
function options.read(fname, opts, allowed)
  local read = {}
  for name, value in pairs(errors.check_options(opts, allowed, fname)) do read[name] = value end
  options.check_types(read, fname)
  check_list(read, "additionally_allowed_tenants", fname)
  check_list(read, "required_variables", fname)
  check_environment(read.env, fname)
  check_tenant(read.tenant_id, fname)
  if read.cloud ~= nil then read.cloud = clouds.endpoints(read.cloud, fname) end
  return read, environment_of(read)
end

--- Raises unless an option is given.
function options.need(opts, name, fname)
  errors.check_type(opts[name], "string", name, fname)
end

--- Whether a value is a credential of this module.
---@param value any
---@return boolean
function options.is_credential(value)
  local mt = getmetatable(value)
  return type(value) == "userdata" and type(mt) == "table" and mt.__name == "azure.credential"
end

--- Raises when more than one of these options is given.
function options.at_most_one(opts, names, fname)
  local given = 0
  for _, name in ipairs(names) do
    if opts[name] then given = given + 1 end
  end
  if given > 1 then errors.raise(("%s: give at most one of '%s'"):format(fname, table.concat(names, "', '"))) end
end

--- Copies the network settings; a cloud may bring its own certificates.
function options.network(opts, into)
  local cloud = opts.cloud or {}
  for _, name in ipairs(NETWORK) do into[name] = opts[name] or cloud[name] end
  return into
end

local function joined(list)
  return type(list) == "table" and table.concat(list, ";") or list
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

-- The region that the environment names. "AutoDiscoverRegion" asks for the one
-- this runs in, which App Service and Functions tell ("West Europe"). MSAL asks
-- the machine's metadata service as well; the global endpoint does for those.
local function region_of(getenv)
  local region = getenv("AZURE_REGIONAL_AUTHORITY_NAME")
  if region and region:lower() == "autodiscoverregion" then
    region = getenv("REGION_NAME")
    region = region and region:gsub(" ", ""):lower()
  end
  return region and region:match("^%w+$")
end

--- The region's own endpoint where a region is named; it answers for
--- applications of the public cloud only.
function options.regional(authority, getenv)
  local region = region_of(getenv)
  local public = not authority or authority:gsub("/+$", "") == PUBLIC
  if not region or not public then return authority end
  return ("https://%s.login.microsoft.com"):format(region)
end

--- What the core needs of an application, from options that were read and the
--- environment.
function options.app(opts, getenv)
  local allowed = opts.additionally_allowed_tenants
  if allowed == nil then allowed = getenv("AZURE_ADDITIONALLY_ALLOWED_TENANTS") end
  local single = opts.disable_multitenant
  if single == nil then single = options.truthy(getenv("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH")) end
  return options.network(opts, {
    tenant_id = opts.tenant_id,
    client_id = opts.client_id,
    authority = authority_of(opts, getenv),
    additionally_allowed_tenants = joined(allowed),
    disable_multitenant = single,
    enable_cae = opts.enable_cae,
  })
end

--- What a program is started with where `env` stands in for the environment:
--- "NAME=value", each ended by a zero byte. Without a PATH of its own it gets
--- the process's, or it could start nothing. Nil: the process's environment.
function options.environment(opts)
  if not opts.env then return nil end
  local out = {}
  for name, value in pairs(opts.env) do out[#out + 1] = name .. "=" .. value .. "\0" end
  if not opts.env.PATH then out[#out + 1] = "PATH=" .. (os.getenv("PATH") or "") .. "\0" end
  return table.concat(out)
end

--- A credential that cannot be used here and says why.
function options.unavailable(name, reason)
  return core.credential("unavailable", { name = name, reason = reason })
end

--- A credential of an application with a certificate.
function options.certificate(opts, getenv)
  local args = options.app(opts, getenv)
  args.authority = options.regional(args.authority, getenv)
  args.path, args.pem, args.password = opts.path, opts.pem, opts.password
  args.send_chain = opts.send_chain and true or nil
  return core.credential("client_certificate", args)
end

return options
