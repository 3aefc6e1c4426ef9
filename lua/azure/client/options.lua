--- The options of `azure.client{...}`, read and checked: wrong ones raise here,
-- under the names that scripts know, before the core sees any.

local clouds = require "azure.clouds"
local core = require "azure.core"
local errors = require "azure.errors"

local options = {}

local allowed = {
  credential = true, cloud = true, subscription_id = true, timeout = true, retry = true, poll_interval = true,
  ca_file = true, ca_path = true, proxy = true, no_proxy = true, user_agent = true, on_event = true, log = true,
  log_level = true, max_connections = true, max_response_bytes = true, connect_timeout = true, http1_only = true,
  api_versions = true, throttle = true, auto_register = true,
}

local types = {
  subscription_id = "string|nil", ca_file = "string|nil", ca_path = "string|nil",
  proxy = "string|nil", no_proxy = "string|nil", user_agent = "string|nil", log = "function|nil",
  http1_only = "boolean|nil", throttle = "boolean|nil", auto_register = "boolean|nil", api_versions = "table|nil",
}

local retry_options = { max_retries = true, delay = true, max_delay = true }
local log_levels = { error = 0, warning = 1, info = 2, verbose = 3 }
local MAX_USER_AGENT = 1024

local function is_credential(value)
  local mt = type(value) == "userdata" and getmetatable(value)
  return type(mt) == "table" and mt.__name == "azure.credential"
end

local function credential_of(opts, cloud)
  local credential = opts.credential
  if credential == false then return nil end
  if credential == nil then
    local made, err = require("azure.identity").default{ cloud = cloud }
    if not made then return nil, err end
    return made
  end
  if is_credential(credential) then return credential end
  if type(credential) == "table" and type(credential.token) == "function" then
    return require("azure.identity").from_function(function(request)
      return credential:token(request.scope, request)
    end)
  end
  errors.raise("client: 'credential' must be a credential of azure.identity, or false for none")
end

local function log_to_stderr(level, text)
  io.stderr:write("azure ", level, ": ", text, "\n")
end

-- An unknown AZURE_LOG_LEVEL is told and ignored, as the SDKs do.
local function level_from_environment()
  local name = os.getenv("AZURE_LOG_LEVEL")
  if not name or name == "" then return nil end
  local level = log_levels[name:lower()]
  if not level then
    io.stderr:write("azure: AZURE_LOG_LEVEL must be verbose, info, warning or error\n")
  end
  return level
end

local function log_settings(opts)
  if opts.log_level ~= nil and not log_levels[opts.log_level] then
    errors.raise("client: 'log_level' must be verbose, info, warning or error")
  end
  local level = log_levels[opts.log_level] or level_from_environment()
  if not level then return opts.log and log_levels.info or -1, opts.log end
  return level, opts.log or log_to_stderr
end

local function system_name()
  return package.config:sub(1, 1) == "\\" and "Windows" or "POSIX"
end

local function user_agent(prefix)
  if prefix and prefix:find("%c") then errors.raise("client: 'user_agent' has a control character") end
  if prefix and #prefix > MAX_USER_AGENT then
    errors.raise(("client: 'user_agent' is longer than %d bytes"):format(MAX_USER_AGENT))
  end
  local own = ("azure-signalr-lua/0.1.0 %s (%s; %s)"):format(core.libcurl:match("^%S+"), _VERSION, system_name())
  return prefix and prefix .. " " .. own or own
end

local function check_numbers(opts, retry)
  for _, name in ipairs{ "timeout", "poll_interval", "connect_timeout" } do
    errors.check_number(opts[name], name, "client")
  end
  errors.check_number(retry.delay, "retry.delay", "client")
  errors.check_number(retry.max_delay, "retry.max_delay", "client")
  errors.check_type(retry.max_retries, "number|nil", "retry.max_retries", "client")
end

local function core_options(opts, cloud)
  local retry = errors.check_options(opts.retry, retry_options, "client: retry")
  check_numbers(opts, retry)
  local level, on_log = log_settings(opts)
  return {
    endpoint = cloud.arm:gsub("/+$", ""), scope = cloud.audience and cloud.audience:gsub("/+$", "") .. "/.default",
    user_agent = user_agent(opts.user_agent), max_retries = retry.max_retries,
    retry_delay = retry.delay, retry_max_delay = retry.max_delay, timeout = opts.timeout,
    poll_interval = opts.poll_interval, ca_file = opts.ca_file or cloud.ca_file, ca_path = opts.ca_path,
    proxy = opts.proxy, no_proxy = opts.no_proxy, max_connections = opts.max_connections,
    max_response_bytes = opts.max_response_bytes, connect_timeout = opts.connect_timeout,
    http1_only = opts.http1_only, log_level = level, on_log = on_log, throttle = opts.throttle,
    auto_register = opts.auto_register, subscription_id = opts.subscription_id,
  }
end

local function known_versions(extra)
  if not extra then return clouds.api_versions end
  local versions = {}
  for name, version in pairs(clouds.api_versions) do versions[name] = version end
  for name, version in pairs(extra) do
    if type(name) ~= "string" or type(version) ~= "string" then
      errors.raise("client: 'api_versions' must map types, such as \"Microsoft.Web\", to versions")
    end
    versions[name:lower()] = version
  end
  return versions
end

--- Reads and checks them.
---@param opts azure.ClientOptions?
---@return table? settings { core = options of the core's client, cloud =, credential =, versions =, given = }
---@return azure.Error? err where no credential can be made
function options.read(opts)
  opts = errors.check_options(opts, allowed, "client")
  for name, wanted in pairs(types) do errors.check_type(opts[name], wanted, name, "client") end
  errors.check_callable(opts.on_event, "on_event", "client")
  local cloud = clouds.check(opts.cloud == nil and "public" or opts.cloud, "client")
  local versions = known_versions(opts.api_versions)
  local settings = core_options(opts, cloud)
  local credential, failure = credential_of(opts, cloud)
  if failure then return nil, failure end
  settings.credential = credential
  return { core = settings, cloud = cloud, credential = credential, versions = versions, given = opts }
end

return options
