--- What the adapters of host loops share: the options and the handle of
-- `attach`, and what an adapter for another loop needs. A host watches one
-- descriptor, which is readable whenever our loop has something to do, and
-- calls `step`; waits outside of our tasks are suspended as the host's own
-- waits are.

local collector = require "azure.host.collector"
local core = require "azure.core"
local errors = require "azure.errors"

local shared = {}

-- Without a descriptor to watch (the poll backend): seconds between two looks.
shared.LOOK_EVERY = 0.002

-- Seconds that Lua may run in one step before the host has its turn again.
local SLICE = 0.002

---@class azure.HostOptions
---@field slice number? seconds of Lua in one go before the host has its turn again, default 0.002
---@field blocking boolean? where a wait cannot be suspended, hold up the host instead of raising
---@field collector boolean? false: leave Lua's collector as it is, which may then stop everything for tens of
--- milliseconds; otherwise it works in short steps while attached

--- The handle that `attach` gives. Leaving the scope of `local host <close>` detaches.
---@class azure.Host
---@field name string "luv", "cqueues" or "copas"
---@field attached boolean
---@field fd integer? what the host watches; nil: it must call `step` every LOOK_EVERY seconds
---@field way fun(self: azure.Host, yieldable: boolean): function?, function? how a wait goes on
---@field watch fun(self: azure.Host, busy: boolean) called after each change: is anything under way?
---@field start fun(self: azure.Host, drive: function) runs it as a coroutine of the host
---@field look fun(self: azure.Host) suspends that one until there is something to do, or we detach
---@field stop fun(self: azure.Host) lets go of what the host has of ours
local Host = {}
Host.__index = Host
Host.__name = "azure.host"

-- One at a time for each loop, that is for each Lua state.
local attached

function Host:__tostring()
  return ("azure.host (%s%s)"):format(self.name, self.attached and "" or ", detached")
end

local words = {
  nested = "a wait in a coroutine that a task of azure.spawn resumed itself cannot be suspended",
  boundary = "a wait cannot be suspended here: a C function (table.sort, string.gsub, require, a finalizer, "
    .. "a callback of the host) stands between it and the host's loop",
}

local advice = "; running our loop in place would hold up all of the host, so start a task (azure.spawn) "
  .. "for what waits, or attach with { blocking = true }"

--- Says why a wait is impossible, unless the host was attached with `blocking`.
---@param yieldable boolean
---@return nil
---@return string?
function Host:refuse(yieldable)
  if self.blocking then return nil end
  return nil, "azure: " .. (yieldable and words.nested or words.boundary) .. advice
end

-- A clock that jumps when nothing is in flight makes every timer due at once.
local function jumps(loop)
  return loop:auto_advance() and loop:stats().transfers == 0
end

--- Tells the kernel what to watch and the host whether anything is under way.
function Host:arm()
  if not self.attached then return end
  local loop = self.loop
  local due = loop:timeout()
  self.due = due
  self.fd = loop:pollfd()
  if self.fd then loop:alarm(due and jumps(loop) and 0 or due) end
  self:watch(not loop:idle())
end

--- One step of our loop that does not wait; what is raised in it is raised.
function Host:step()
  local loop = self.loop
  local wait = self.due and jumps(loop) and self.due or 0
  local ok, err = pcall(loop.step, loop, wait, self.slice)
  self:arm()
  if not ok then error(err, 0) end
end

-- Drives our loop from a coroutine of the host as long as there is anything
-- under way. An error in a step is somebody's uncaught error: the host reports
-- it as its own and ends the coroutine, so another one takes its place.
local function driver(host)
  local guard = setmetatable({}, { __close = function()
    host.driving = false
    if host.attached then host:arm() end
  end })
  return function()
    local _ <close> = guard
    while host.attached and not host.loop:idle() do
      host:look()
      if host.attached then host:step() end
    end
  end
end

--- What hosts made of coroutines do; one made of callbacks has its own.
---@param busy boolean
function Host:watch(busy)
  if not busy or self.driving then return end
  self.driving = true
  self:start(driver(self))
end

--- Ends it. What is under way goes on whenever the loop is run again.
function Host:detach()
  if not self.attached then return end
  self.attached = false
  attached = nil
  self.loop:on_wake(nil)
  self.loop:on_wait(nil)
  self.loop:alarm(nil)
  if self.restore_collector then self.restore_collector() end
  self:stop()
end

Host.__close = Host.detach

--- How a coroutine is suspended and woken by functions of the host that may be
--- woken for other reasons too: `wake` resumes only what still waits here.
---@param suspend function yields through the host
---@param wake function
---@return function suspend
---@return function wake
function shared.pair(suspend, wake)
  local waiting = false
  local guard = setmetatable({}, { __close = function() waiting = false end })
  local function suspended()
    local _ <close> = guard
    waiting = true
    suspend()
  end
  return suspended, function()
    if waiting then wake() end
  end
end

local function what_it_is()
  return "azure: this coroutine is waiting; the host's loop resumes it, not its caller"
end

--- What a suspended coroutine yields: a loop over a generator takes it for a
--- value, and should learn at its first use that it is none.
---@param note table what the host needs in it
---@return table note
function shared.note(note)
  return setmetatable(note, {
    __name = "azure.waiting", __tostring = what_it_is, __index = function() error(what_it_is(), 2) end,
  })
end

local options = { slice = true, blocking = true, collector = true }

local function check_attach(name, opts, more)
  local allowed = {}
  for _, set in ipairs{ options, more } do
    for key in pairs(set) do allowed[key] = true end
  end
  opts = errors.check_options(opts, allowed, name .. ".attach")
  errors.check_type(opts.slice, "number|nil", "slice", name .. ".attach")
  errors.check_type(opts.blocking, "boolean|nil", "blocking", name .. ".attach")
  errors.check_type(opts.collector, "boolean|nil", "collector", name .. ".attach")
  if attached then
    errors.raise(("%s.attach: the adapter for %s is attached already; detach it first"):format(name, attached.name))
  end
  return opts
end

--- Makes a host object; `open` then sets `way`, `stop`, and `watch` or `start` and `look`.
---@param name string
---@param opts azure.HostOptions?
---@param more table<string, boolean> further options of this adapter
---@param open fun(host: azure.Host, opts: table) may raise
---@return azure.Host
function shared.attach(name, opts, more, open)
  opts = check_attach(name, opts, more)
  local loop = core.loop()
  local host = setmetatable({
    name = name, loop = loop, slice = opts.slice or SLICE, blocking = opts.blocking or false, attached = true,
    driving = false, fd = loop:pollfd(),
  }, Host)
  open(host, opts)
  attached = host
  if opts.collector ~= false then host.restore_collector = collector.soften() end
  loop:on_wake(function() host:arm() end)
  loop:on_wait(function(yieldable, in_task)
    if in_task then return host:refuse(yieldable) end
    return host:way(yieldable)
  end)
  host:arm()
  return host
end

--- Detaches what is attached under that name; nothing happens where nothing is.
---@param name string
function shared.detach(name)
  if attached and attached.name == name then attached:detach() end
end

return shared
