--- Tasks: functions that may wait without holding up others.
-- A wait on the main thread runs the loop; a wait inside a task suspends that
-- task only. Everything that can be waited for is an operation (`op`).

local core = require "azure.core"
local errors = require "azure.errors"

local task = {}

--- The loop of this Lua state: `:pollfd() :events() :timeout() :step(s) :idle()
--- :on_wake(fn)` for hosts with a loop of their own.
---@return azure.Loop loop
function task.loop()
  return core.loop()
end

local function check_function(fn, fname)
  if type(fn) ~= "function" then
    errors.raise(("%s: 'fn' must be a function, not a %s"):format(fname, type(fn)))
  end
end

--- Starts a function as a task. It begins at the next turn of the loop.
--- `task:wait()` returns what it returned and raises what it raised.
---@param fn function
---@param ... any its arguments
---@return azure.Op task
function task.spawn(fn, ...)
  check_function(fn, "spawn")
  return core.task(fn, ...)
end

--- Runs a function as a task and waits for it.
---@param fn function
---@param ... any its arguments
---@return any ... what it returned; what it raises is raised
function task.run(fn, ...)
  check_function(fn, "run")
  return core.task(fn, ...):wait()
end

--- Waits. Other tasks go on.
---@param seconds number
---@return true? slept
---@return azure.Error? err kind "cancelled" when the task is told to end
function task.sleep(seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < 0 then
    errors.raise("sleep: 'seconds' must be a number from 0 up")
  end
  return core.sleep(seconds):wait()
end

---@class azure.MapOptions
---@field concurrency integer? tasks at a time, default 8

local function run_worker(state, fn)
  while state.next <= state.count and not state.group.failure do
    local index = state.next
    state.next = index + 1
    local value, err = fn(state.list[index], index)
    state.results[index] = value
    if not value and err ~= nil then
      state.errors = state.errors or {}
      state.errors[index] = err
    end
  end
end

local map_options = { concurrency = true }

local function check_map(list, opts, fn)
  if type(list) ~= "table" then errors.raise("map: 'list' must be a table") end
  opts = errors.check_options(opts, map_options, "map")
  if type(fn) ~= "function" then errors.raise(("map: 'fn' must be a function, not a %s"):format(type(fn))) end
  local concurrency = opts.concurrency or 8
  if math.type(concurrency) ~= "integer" or concurrency < 1 then
    errors.raise("map: 'concurrency' must be an integer from 1 up")
  end
  return concurrency
end

--- Calls `fn(item, index)` for each item of a list in up to `concurrency`
--- tasks. They end before it returns: what one raises cancels the others and is
--- raised, and they are cancelled with the task that waits here.
---@param list any[]
---@param opts azure.MapOptions?
---@param fn fun(item: any, index: integer): any, any
---@return table? results by index, as `fn` returned them (first values); nil when it was cancelled
---@return table|azure.Error|nil errs by index, the second values where the first was nil or false; nil when there is
--- none; without results the one error, of kind "cancelled"
function task.map(list, opts, fn)
  local concurrency = check_map(list, opts, fn)
  local group <close> = require("azure.group").new()
  local state = { list = list, count = #list, next = 1, results = {}, group = group }
  for _ = 1, math.min(concurrency, state.count) do group:spawn(run_worker, state, fn) end
  local ended, cancelled = group:wait()
  if not ended then return nil, cancelled end
  return state.results, state.errors
end

return task
