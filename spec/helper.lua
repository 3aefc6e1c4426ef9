-- What specs share: clients and emulators that end with the test, virtual
-- time, and a look after each test at what it left behind: unfinished
-- operations, tasks, timers, transfers or open file descriptors fail it.
--
-- busted loads this file once as its helper (see .busted), which installs the
-- look; specs get the functions by require("spec.helper"). A canary listens in
-- all of them (spec/canary.lua): no log line, error or child's standard error
-- may have a secret of an emulator's, or one that a spec planted.
local canary = require "spec.canary"

local helper = {
  subscription = "00000000-0000-0000-0000-000000000000",
}
helper.group = "/subscriptions/" .. helper.subscription .. "/resourceGroups/contoso"
helper.signalr_id = helper.group .. "/providers/Microsoft.SignalRService/signalr/contoso-signalr"
helper.func_id = helper.group .. "/providers/Microsoft.Web/sites/contoso-func"

-- One state for the helper and for what specs require: busted reloads modules
-- for each spec file.
local state = package.loaded["spec.helper.state"]
if not state then
  state = { to_close = {}, in_test = false }
  package.loaded["spec.helper.state"] = state
end

local function loop()
  return require("azure.core").loop()
end
helper.loop = loop

--- Ends `thing` (by `close` or `stop`) with the test that is running.
function helper.closing(thing)
  if state.in_test then table.insert(state.to_close, thing) end
  return thing
end

--- An emulator on this process's loop, stopped with the test. Started outside
--- of a test (in `setup`) it is the caller's to stop.
function helper.emulator(opts)
  local emulator = require "azure.emulator"
  canary.install()
  local before = canary.planted()
  local e = helper.closing(assert(emulator.start(opts or {})))
  assert(canary.planted() > before, "the canary knows no secret of the emulator")
  return e
end

--- A client of emulator `e`, closed with the test.
function helper.client(e, opts)
  local all = { cloud = e:cloud(), credential = e:credential(), subscription_id = helper.subscription }
  helper.closing(all.credential)
  if e.ca_file then all.ca_file = e.ca_file end
  for key, value in pairs(opts or {}) do all[key] = value end
  return helper.closing(require("azure").client(all))
end

--- Lets waits of hours take no time until the test ends.
function helper.virtual_time()
  loop():auto_advance(true)
end

--- Runs the loop until `done()` is true; fails after `limit` seconds (10).
function helper.until_true(done, limit)
  local deadline = loop():now() + (limit or 10)
  while not done() do
    if loop():now() > deadline then error("waited in vain", 2) end
    loop():step(0.01)
  end
end

--- A file handle that swallows what is written to it.
function helper.sink()
  local sink = {}
  function sink:write() return self end
  function sink.flush() end
  return sink
end

local function close(thing)
  local method = thing.close or thing.stop
  return pcall(method, thing)
end

-- busted brings lfs along. Were it not there, a count of nothing would pass.
local function open_files()
  local lfs = require "lfs"
  local where = "/proc/self/fd"
  if not lfs.attributes(where) then where = "/dev/fd" end
  local count = 0
  for _ in lfs.dir(where) do count = count + 1 end
  return count
end

local watched = { "ops", "tasks", "timers", "transfers", "fds", "files" }

local function measure()
  local now = loop():stats()
  now.files = open_files()
  return now
end

local function leftovers(before, after)
  local found = {}
  for _, name in ipairs(watched) do
    local more = (after[name] or 0) - (before[name] or 0)
    if more > 0 then found[#found + 1] = ("%d %s"):format(more, name) end
  end
  return found
end

-- Closing sockets takes a few turns on both sides; a leak stays for ever.
local function drain(before)
  local found
  for turn = 1, 200 do
    if turn % 10 == 1 then collectgarbage() end
    loop():step(turn < 20 and 0 or 0.01)
    found = leftovers(before, measure())
    if #found == 0 then return found end
  end
  return found
end

local function begin()
  state.in_test = true
  canary.begin()
  state.before = measure()
end

local function finish()
  state.in_test = false
  for i = #state.to_close, 1, -1 do close(state.to_close[i]) end
  state.to_close = {}
  loop():auto_advance(false)
  local found = drain(state.before)
  canary.finish()
  if #found > 0 then
    error(("left behind by %q: %s"):format(state.name or "?", table.concat(found, ", ")), 0)
  end
end

-- AZL_GC: "generational", "incremental" (tiny steps without a pause), or
-- "each": a full collection before and after each wait and each step.
local function collect_around(methods, name)
  local method = methods[name]
  methods[name] = function(...)
    collectgarbage()
    return (function(...)
      collectgarbage()
      return ...
    end)(method(...))
  end
end

--- Lets Lua's collector work as hard as it can from now on, in this process.
function helper.stress_collector(mode)
  if mode == "generational" then return collectgarbage("generational", 5, 20) end
  if mode == "incremental" then return collectgarbage("incremental", 1, 1000, 4) end
  assert(mode == "each", "AZL_GC must be generational, incremental or each")
  local op = require("azure.core").sleep(0)
  op:wait() -- or the loop of the first test would be busy
  collect_around(getmetatable(loop()).__index, "step")
  for _, name in ipairs{ "wait", "cancel", "status" } do collect_around(getmetatable(op).__index, name) end
end

local function install(busted)
  if os.getenv("AZL_GC") then helper.stress_collector(os.getenv("AZL_GC")) end
  busted.subscribe({ "test", "start" }, function(element)
    state.name = element.name
    return nil, true
  end)
  busted.before_each(begin)
  busted.after_each(finish)
end

if ... ~= "spec.helper" then
  assert(pcall(require, "azure.core"), "azure.core is not built, or LUA_CPATH does not lead to it: run make spec")
  install(require("busted"))
end

return helper
