--- Options of the emulator, and how long things take in it. The seconds are
-- those of recorded traffic where there is some (azure-cli recordings
-- test_signalr_private_endpoint.yaml, test_private_endpoint_connection_webapp.yaml,
-- test_private_endpoint_connection_keyvault.yaml), otherwise plausible ones.
-- None is a multiple of a usual poll interval: a poll at the very moment of a
-- change would see now one state, now the other.

local errors = require "azure.errors"
local throttle = require "azure.emulator.throttle"

local settings = {}

settings.timings = {
  signalr_create = 68.6,
  signalr_update = 18.7,
  link_create = 58.7,
  link_update = 38.4,
  link_delete = 43.7,
  link_settle = 9.3,        -- the parent stays busy after a link's operation has ended
  link_timeout = 0,         -- 0: an unanswered request never times out
  connection_opens = 23.6,  -- after the PUT of a link
  connection_closes = 28.3, -- after its link, or itself, was deleted
  approval = 47.3,
  rejection = 47.3,
  propagation = 117.4,      -- from the approval on the target to the link
  connection_update = 46.4, -- on SignalR and Key Vault
  replica_create = 68.2,
  replica_update = 18.7,
  domain_update = 28.6,
  certificate_update = 13.4,
  key_update = 4.6,
  restart = 17.3,
  group_delete = 57.6,
  registration = 27.2,
}

local defaults = {
  port = 0, address = "127.0.0.1", tls = false, latency = 0, sign_urls = true, token_lifetime = 3599,
  empty_description = false, auto_approve = false, device_slow_down = false, log_limit = 100000,
}

local allowed = { seed = true, throttle = true, timings = true, listen = true, clock = true }
for name in pairs(defaults) do allowed[name] = true end

local types = {
  address = "string", tls = "boolean", sign_urls = "boolean", empty_description = "boolean", auto_approve = "boolean",
  device_slow_down = "boolean", listen = "boolean|nil", clock = "function|nil", throttle = "boolean|table|nil",
  timings = "number|table|nil", seed = "string|table|boolean|nil", port = "integer", log_limit = "integer",
}

local function check(options)
  for name, wanted in pairs(types) do errors.check_type(options[name], wanted, name, "emulator.start") end
  errors.check_number(options.port, "port", "emulator.start", 0, 65535)
  for _, name in ipairs{ "latency", "token_lifetime", "log_limit" } do
    errors.check_number(options[name], name, "emulator.start")
  end
end

local function read_timings(given)
  if type(given) == "number" then
    errors.check_number(given, "timings", "emulator.start")
    return function(name) return settings.timings[name] * given end
  end
  errors.check_options(given, settings.timings, "emulator.start: timings")
  for name, seconds in pairs(given or {}) do errors.check_number(seconds, "timings." .. name, "emulator.start") end
  return function(name)
    return given and given[name] or settings.timings[name]
  end
end

local function read_throttle(given)
  if given == true then return throttle.arm_limits end
  if not given then return nil end
  for name, limit in pairs(errors.check_options(given, throttle.arm_limits, "emulator.start: throttle")) do
    errors.check_type(limit, "table", "throttle." .. name, "emulator.start")
    for i = 1, 2 do
      errors.check_type(limit[i], "number", ("throttle.%s[%d]"):format(name, i), "emulator.start")
      errors.check_number(limit[i], ("throttle.%s[%d]"):format(name, i), "emulator.start", i == 1 and 1 or 0)
    end
  end
  return given
end

--- Reads the options of `start`; raises on unknown ones.
---@param opts table?
---@return table options with a function `timing(name)` in place of `timings`
function settings.read(opts)
  opts = errors.check_options(opts, allowed, "emulator.start")
  local options = {}
  for name, value in pairs(defaults) do options[name] = value end
  for name, value in pairs(opts) do options[name] = value end
  check(options)
  options.timing = read_timings(opts.timings)
  options.throttle = read_throttle(opts.throttle)
  return options
end

return settings
