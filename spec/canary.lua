-- A canary in every spec: what clients log, errors say and child processes
-- write to standard error must not have any secret that a helper planted. The
-- helper begins it before each test and looks after each test. That it hears is
-- proved each time: something is said on each way, and whatever is not heard
-- fails the test.
local canary = {}

-- One for the helper and for what specs require: busted reloads modules for
-- each spec file.
local state = package.loaded["spec.canary.state"]
if not state then
  state = { secrets = {}, said = {}, heard = {} }
  package.loaded["spec.canary.state"] = state
end

local MIN_LENGTH = 12 -- shorter ones are words of ordinary texts too
local levels = { error = 0, warning = 1, info = 2, verbose = 3 }
local fields = { "code", "message", "hint", "url", "target", "request_id", "correlation_id", "client_request_id", "body" }

--- From now on nobody may say this.
---@param secret string?
---@param name string what it is, for the message
function canary.plant(secret, name)
  if type(secret) == "string" and #secret >= MIN_LENGTH then state.secrets[secret] = name end
  return secret
end

--- How many secrets are planted.
---@return integer
function canary.planted()
  local count = 0
  for _ in pairs(state.secrets) do count = count + 1 end
  return count
end

--- Writes down that something was said.
---@param where string "log", "error", "child"
---@param text string
function canary.note(where, text)
  state.heard[where] = (state.heard[where] or 0) + 1
  state.said[#state.said + 1] = where .. ": " .. text
end

local function note_error(err)
  local out = { tostring(err) }
  for _, name in ipairs(fields) do
    local value = rawget(err, name)
    if type(value) == "string" then out[#out + 1] = value end
  end
  canary.note("error", table.concat(out, "\n"))
  local inner = rawget(err, "inner")
  if type(inner) == "table" and getmetatable(inner) == getmetatable(err) then note_error(inner) end
end

local function note_results(...)
  local err = select(2, ...)
  if type(err) == "table" and getmetatable(err) == debug.getregistry()["azure.error"] then note_error(err) end
  return ...
end

-- Ways that things are said -------------------------------------------------

-- What is wrapped is marked, since modules are loaded anew under our feet.
local wrapped = state.wrapped or setmetatable({}, { __mode = "k" })
state.wrapped = wrapped

local function wrap(owner, name, make)
  if not owner or wrapped[owner[name]] then return end
  local fn = make(owner[name])
  wrapped[fn] = true
  owner[name] = fn
end

local function hear_results(owner, name)
  wrap(owner, name, function(call)
    return function(...) return note_results(call(...)) end
  end)
end

-- A client without a log gets one here, with all there is; one that has its own
-- is not told more than it asked for.
local function hear_log(call)
  return function(options)
    local all = {}
    for key, value in pairs(options) do all[key] = value end
    local sink = options.on_log
    if not sink then all.log_level = levels.verbose end
    all.on_log = function(level, text, at)
      canary.note("log", text)
      if sink then return sink(level, text, at) end
    end
    return note_results(call(all))
  end
end

local function hear_new_error(call)
  return function(...)
    local err = call(...)
    note_error(err)
    return err
  end
end

local function plant_principal(call)
  return function(...)
    local principal = call(...)
    canary.plant(principal.secret, "a client secret")
    return principal
  end
end

local function plant_token(call)
  return function(...)
    local token, lifetime = call(...)
    canary.plant(token:match("[^.]*$"), "the signature of a token")
    return token, lifetime
  end
end

local function plant_identity(call)
  return function(...)
    local identity = call(...)
    canary.plant(identity.secret, "the secret of a managed identity")
    return identity
  end
end

local function methods_of(name)
  local mt = debug.getregistry()[name]
  return mt and mt.__index
end

--- Listens to modules that were loaded since.
function canary.install()
  local core, errors, loaded = require "azure.core", require "azure.errors", package.loaded
  hear_results(methods_of("azure.op"), "wait")
  hear_results(methods_of("azure.core.client"), "resume")
  hear_results(core, "credential")
  wrap(core, "client", hear_log)
  wrap(errors, "new", hear_new_error)
  wrap(loaded["azure.emulator.principals"], "add", plant_principal)
  wrap(loaded["azure.emulator.entra"], "issue", plant_token)
  wrap(loaded["azure.emulator.imds"], "new", plant_identity)
end

-- Listening ------------------------------------------------------------------

-- Says something on each way. The client's port is nobody's; its log is heard in
-- the loop's next steps.
local function speak()
  local core = require "azure.core"
  local before = state.heard
  state.heard = {}
  require("azure.errors").new{ kind = "refused", message = "the canary" }
  local new_errors = state.heard.error
  local op = core.sleep(1000):cancel()
  op:wait()
  local waits = (state.heard.error or 0) - (new_errors or 0)
  if not state.log_heard then
    local client <close> = core.client{ endpoint = "http://127.0.0.1:1", max_retries = 0 }
    client:send{ method = "GET", url = "http://127.0.0.1:1/" }:wait()
    client:flush_log()
    state.log_heard = (state.heard.log or 0) > 0
  end
  state.heard = before
  local deaf = {}
  if not new_errors then deaf[#deaf + 1] = "errors.new" end
  if waits < 1 then deaf[#deaf + 1] = "errors of operations" end
  if not state.log_heard then deaf[#deaf + 1] = "logs of clients" end
  return deaf
end

--- Begins to listen; to be called before each test. Raises where it is deaf.
function canary.begin()
  state.said, state.heard = {}, {}
  canary.install()
  local deaf = speak()
  if #deaf > 0 then error("the canary does not hear " .. table.concat(deaf, ", "), 0) end
end

--- What was said that may not be, and forgets all of it.
---@return string[] findings each with what was said, the secret left out
function canary.findings()
  local findings = {}
  for _, text in ipairs(state.said) do
    for secret, name in pairs(state.secrets) do
      if text:find(secret, 1, true) then
        local shown = text:gsub(secret:gsub("%p", "%%%0"), "<" .. name .. ">")
        findings[#findings + 1] = ("%s was said in %s"):format(name, shown:sub(1, 400))
      end
    end
  end
  state.said = {}
  return findings
end

--- How much was heard in this test.
---@return table<string, integer> by "log", "error", "child"
function canary.heard()
  return state.heard
end

--- Ends a test: raises where a secret was said. Secrets of one test are none of
--- the next.
function canary.finish()
  local findings = canary.findings()
  state.secrets = {}
  if #findings > 0 then error(table.concat(findings, "\n"), 0) end
end

return canary
