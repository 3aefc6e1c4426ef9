-- A canary in every spec: what clients log, errors say and child processes
-- write to standard error must not have any secret that a helper planted. The
-- helper begins it before each test and looks after each test. That it hears is
-- proved each time: something is said on each way, and what is not heard fails
-- the test.
--
-- Errors are heard as they are collected, wherever they were made: nothing
-- stands between a spec and what it calls.
local canary = {}

-- One for the helper and for what specs require: busted reloads modules for
-- each spec file.
local state = package.loaded["spec.canary.state"]
if not state then
  state = { secrets = {}, older = {}, said = {}, heard = {}, wrapped = setmetatable({}, { __mode = "k" }) }
  package.loaded["spec.canary.state"] = state
end

local MIN_LENGTH = 12 -- shorter ones are words of ordinary texts too
local VERBOSE = 3
local PROBE = "the canary's own"
local TOKEN = "the signature of a token"
local fields = { "code", "message", "hint", "url", "target", "request_id", "correlation_id", "client_request_id", "body" }

--- From now on nobody may say this.
---@param secret string?
---@param name string what it is, for the message
---@return string? secret
function canary.plant(secret, name)
  if type(secret) == "string" and #secret >= MIN_LENGTH then state.secrets[secret] = name end
  return secret
end

--- How many secrets this test has planted.
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

-- Two of each test are our own: one made in Lua, one of an operation.
local function note_error(err)
  local message, out = rawget(err, "message"), { tostring(err) }
  if message == PROBE then state.heard.lua = true end
  if message == "the sleep was cancelled" then state.heard.core = true end
  for _, name in ipairs(fields) do
    local value = rawget(err, name)
    if type(value) == "string" then out[#out + 1] = value end
  end
  canary.note("error", table.concat(out, "\n"))
end

-- Ways that things are said -------------------------------------------------

-- Modules are loaded anew under our feet: what is wrapped is marked.
local function wrap(owner, name, make)
  if not owner or state.wrapped[owner[name]] then return end
  local fn = make(owner[name])
  state.wrapped[fn] = true
  owner[name] = fn
end

-- A function with other arguments. It passes for one of the library's own,
-- since misuse is blamed on the first place outside of that.
local function with_arguments(change)
  return function(call)
    local source = "local call, change = ... return function(...) return call(change(...)) end"
    return assert(load(source, debug.getregistry()["azure.home"] .. "canary"))(call, change)
  end
end

local function copy(table_or_nil)
  local all = {}
  for key, value in pairs(table_or_nil or {}) do all[key] = value end
  return all
end

-- A client without a log gets one here, with all there is; one that has its own
-- is not told more than it asked for.
local hear_log = with_arguments(function(options)
  local all, sink = copy(options), options.on_log
  if not sink then all.log_level = VERBOSE end
  all.on_log = function(level, text, at)
    canary.note("log", text)
    if sink then return sink(level, text, at) end
  end
  return all
end)

local plant_principal = with_arguments(function(cloud, opts)
  if opts ~= nil and type(opts) ~= "table" then return cloud, opts end
  local all = copy(opts)
  if all.client_secret == nil then all.client_secret = require("azure.core").uuid() .. "~S3cret" end
  canary.plant(all.client_secret, "a client secret")
  return cloud, all
end)

local function plant_token(call)
  return function(...)
    local token, lifetime = call(...)
    canary.plant(token:match("[^.]*$"), TOKEN)
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

--- Listens to modules that were loaded since.
function canary.install()
  require("azure.errors")
  debug.getregistry()["azure.error"].__gc = note_error
  local loaded = package.loaded
  wrap(require("azure.core"), "client", hear_log)
  wrap(loaded["azure.emulator.principals"], "add", plant_principal)
  wrap(loaded["azure.emulator.entra"], "issue", plant_token)
  wrap(loaded["azure.emulator.imds"], "new", plant_identity)
end

-- Listening ------------------------------------------------------------------

-- Once is enough: the port is nobody's.
local function hears_logs()
  local core = require "azure.core"
  local before = state.heard.log or 0
  local client <close> = core.client{ endpoint = "http://127.0.0.1:1", max_retries = 0 }
  client:send{ method = "GET", url = "http://127.0.0.1:1/" }:wait()
  client:flush_log()
  return (state.heard.log or 0) > before
end

--- Begins to listen; to be called before each test. Raises where no log is heard.
function canary.begin()
  state.said, state.heard = {}, {}
  canary.install()
  require("azure.errors").new{ kind = "refused", message = PROBE }
  require("azure.core").sleep(1000):cancel():wait()
  state.log_heard = state.log_heard or hears_logs()
  if not state.log_heard then error("the canary does not hear logs of clients", 0) end
end

local function find(findings, text, secrets)
  for secret, name in pairs(secrets) do
    if text:find(secret, 1, true) then
      local shown = text:gsub(secret:gsub("%p", "%%%0"), "<" .. name .. ">")
      findings[#findings + 1] = ("%s was said in %s"):format(name, shown:sub(1, 400))
    end
  end
end

local function look()
  local findings = {}
  for _, text in ipairs(state.said) do
    find(findings, text, state.secrets)
    find(findings, text, state.older)
  end
  state.said = {}
  return findings
end

--- What was said that may not be, and forgets all of it.
---@return string[] findings each with what was said, the secret left out
function canary.findings()
  collectgarbage()
  return look()
end

--- Looks in the middle of a test that takes thousands of turns: raises where a
--- secret was said. What was said before is forgotten, and each token at the
--- second call after it was made, so that the last turn is as fast as the first.
function canary.turn()
  local findings = look()
  state.older = {}
  for secret, name in pairs(state.secrets) do
    if name == TOKEN then state.secrets[secret], state.older[secret] = nil, name end
  end
  if #findings > 0 then error(table.concat(findings, "\n"), 0) end
end

--- Ends a test, after a collection: raises where a secret was said, its own or
--- one of the test before, and where no error was heard.
function canary.finish()
  local findings = look()
  state.older, state.secrets = state.secrets, {}
  if not state.heard.lua then findings[#findings + 1] = "the canary does not hear errors made in Lua" end
  if not state.heard.core then findings[#findings + 1] = "the canary does not hear errors made in the core" end
  if #findings > 0 then error(table.concat(findings, "\n"), 0) end
end

return canary
