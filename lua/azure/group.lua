--- Groups of tasks that end together.
--
--     local group <close> = azure.group{ timeout = 600 }
--     for i, id in ipairs(ids) do group:spawn(establish, id) end
--     local results, err = group:wait()
--
-- The first failure cancels the others for good: each of their waits ends at
-- once. No task outlives its group: `wait` and the end of the block return when
-- all of them have ended, at the deadline at the latest. A task that neither
-- waits nor returns cannot be stopped. What it must still do before it ends may
-- wait with `op:wait{ shield = true, timeout = 10 }`.

local core = require "azure.core"
local errors = require "azure.errors"

local module = {}

---@class azure.GroupOptions
---@field timeout number? seconds for all of it, from now
---@field fail_on_err boolean? a task that returns nil and an error has failed too, as one that raises always has

---@class azure.Group
---@field tasks azure.Op[] in the order in which they were started
local Group = {}
Group.__index = Group
Group.__name = "azure.group"

local options = { timeout = true, fail_on_err = true }

local function cancel_all(self)
  for _, task in ipairs(self.tasks) do task:cancel(true) end
end

-- failure: { raised = true, value } or { value }. Only the first one counts.
local function fail(self, failure)
  if self.failure then return end
  self.failure = failure
  cancel_all(self)
end

local function fail_late(self)
  fail(self, { errors.new{
    kind = "timeout", code = "GroupTimeout", message = ("the group had not ended after %g s"):format(self.timeout),
    hint = "its tasks were cancelled; give it a longer `timeout`",
  } })
end

local function watch_deadline(self)
  self.deadline = core.loop():now() + self.timeout
  self.watchdog = core.task(function()
    if core.sleep(self.timeout):wait() then fail_late(self) end
  end)
end

--- Makes a group.
---@param opts azure.GroupOptions?
---@return azure.Group
function module.new(opts)
  opts = errors.check_options(opts, options, "group")
  errors.check_type(opts.timeout, "number|nil", "timeout", "group")
  errors.check_type(opts.fail_on_err, "boolean|nil", "fail_on_err", "group")
  local timeout = opts.timeout
  if timeout and (timeout ~= timeout or timeout < 0) then errors.raise("group: 'timeout' must be seconds from 0 up") end
  local self = setmetatable({
    tasks = {}, results = { n = 0 }, fail_on_err = opts.fail_on_err or false, closed = false, timeout = timeout,
  }, Group)
  if timeout then watch_deadline(self) end
  return self
end

local function keep(self, index, ok, value, err)
  if not ok then return fail(self, { value, raised = true }) end
  self.results[index] = value
  if value or err == nil then return end
  if self.fail_on_err then return fail(self, { err }) end
  self.errors = self.errors or {}
  self.errors[index] = err
end

--- Starts a function as a task of this group. After a failure it never runs.
---@param fn function
---@param ... any its arguments
---@return azure.Op task
function Group:spawn(fn, ...)
  errors.check_type(fn, "function", "fn", "group:spawn")
  if self.closed then errors.raise("group:spawn: the group is closed") end
  local index = #self.tasks + 1
  self.results.n = index
  local task = core.task(function(...) keep(self, index, pcall(fn, ...)) end, ...)
  self.tasks[index] = task
  if self.failure then task:cancel(true) end
  return task
end

-- Turns of the loop in which tasks may end after the deadline.
local LAST_TURNS = 1000

local function is_late(self)
  return self.deadline ~= nil and core.loop():now() >= self.deadline
end

local function let_end(self, task)
  while not task:done() do
    self.turns = (self.turns or 0) + 1
    if self.turns > LAST_TURNS then return end
    core.sleep(0):wait{ shield = true }
  end
end

-- A wait that ends before its task does has met the deadline, or was ours that
-- was cancelled; from then on only the deadline ends it.
local function wait_for(self, task)
  while not task:done() and not is_late(self) do
    local seconds = self.deadline and math.max(0, self.deadline - core.loop():now())
    local _, err = task:wait{ timeout = seconds, shield = self.failure ~= nil }
    if not task:done() and err.kind == "cancelled" then fail(self, { err }) end
  end
  if task:done() then return end
  fail_late(self)
  let_end(self, task)
end

-- A task may start others: the list may grow.
local function wait_for_all(self)
  local index = 1
  while self.tasks[index] do
    wait_for(self, self.tasks[index])
    index = index + 1
  end
  if self.watchdog then self.watchdog:cancel():wait{ shield = true } end
end

--- Waits until every task has ended, at most until the deadline.
---@return table? results what the tasks returned (first values), in the order in which they were started; `n` of them
---@return azure.Error|table|nil err after a failure the first one; otherwise a table of errors by index, or nil
--- what a task raised is raised
function Group:wait()
  wait_for_all(self)
  local failure = self.failure
  if not failure then return self.results, self.errors end
  failure.seen = true
  if failure.raised then error(failure[1], 0) end
  return nil, failure[1]
end

--- Cancels every task; `wait` then returns nil and an error of kind "cancelled".
function Group:cancel()
  fail(self, { errors.new{ kind = "cancelled", code = "Cancelled", message = "the group was cancelled" } })
end

--- Cancels what has not ended and waits for it. Closing twice is fine. What a
--- task had raised is raised now if no `wait` has told it.
function Group:close()
  if self.closed then return end
  self.closed = true
  local failure = self.failure
  self:cancel()
  wait_for_all(self)
  if failure and failure.raised and not failure.seen then error(failure[1], 0) end
end

-- An error on its way out of the block goes first.
function Group:__close(err)
  if err == nil then return self:close() end
  pcall(self.close, self)
end

function Group:__tostring()
  local left = 0
  for _, task in ipairs(self.tasks) do if not task:done() then left = left + 1 end end
  return ("azure.group (%d of %d tasks under way)"):format(left, #self.tasks)
end

return module
