--- What is shown while a line of the prompt waits: one live line that says for
-- what, how it stands and since when. A task draws it, so every wait is covered.

local core = require "azure.core"
local progress = require "azure.progress"

local waiting = {}

local FIRST_SECONDS, EVERY_SECONDS, HINT_SECONDS = 0.5, 0.25, 3

---@class azure.repl.Waiting
---@field live table the renderer of azure.progress
---@field ops table<azure.Op, string> operations under way, and what each does
local Waiting = {}
Waiting.__index = Waiting
Waiting.__name = "azure.repl.waiting"

local function label_of(request)
  local path = type(request.path) == "table" and request.path.id or request.path
  return ("%s %s"):format(request.method, tostring(path):gsub("%?.*$", ""):match("[^/]+/[^/]+$") or "")
end

--- Follows the operations that a client begins from now on.
---@param client azure.Client
function Waiting:follow(client)
  local begin = client.begin
  function client.begin(inner, request)
    local op = begin(inner, request)
    if op then self.ops[op] = label_of(request) end
    return op
  end
end

--- For `on_event`: shows a step of a job.
---@param event azure.Event
function Waiting:event(event)
  self.last, self.last_at = event, core.loop():now()
  self.live(event)
end

local function status_of(op)
  local status = op:status()
  local text = status.status or status.state
  if status.percent then text = ("%s, %d%%"):format(text, status.percent) end
  if status.next_poll_in then text = ("%s, next look in %ds"):format(text, math.ceil(status.next_poll_in)) end
  return text
end

local function under_way(self)
  for op, label in pairs(self.ops) do
    if op:done() then
      self.ops[op] = nil
    else
      return ("%s: %s"):format(label, status_of(op))
    end
  end
  return "waiting"
end

-- The step that a job told last, with its time going on; else the operation.
local function current(self, now)
  local last = self.last
  if last and (last.state == "wait" or last.state == "start") then
    return { step = last.step, name = last.name, state = "wait", message = last.message,
      elapsed = (last.elapsed or 0) + now - self.last_at }
  end
  return { step = "wait", state = "wait", message = under_way(self), elapsed = now - self.started }
end

function Waiting:show()
  local now = core.loop():now()
  local since = now - self.started
  if since < FIRST_SECONDS then return end
  local event = current(self, now)
  if since >= HINT_SECONDS then event.message = event.message .. "; Ctrl-C stops waiting" end
  self.live(event)
end

local function draw_until_cancelled(self)
  while true do
    local slept = core.sleep(EVERY_SECONDS):wait()
    if not slept then return end
    self:show()
  end
end

--- A line begins to run.
function Waiting:start()
  self.started, self.last = core.loop():now(), nil
  if self.visible then self.task = core.task(draw_until_cancelled, self) end
end

--- The line has ended, in whatever way: nothing of this stays on the screen.
function Waiting:stop()
  local task = self.task
  self.task = nil
  if task then task:cancel() end
  self.live:close()
end

--- Makes one. `visible`: the handle is a terminal, where a line can be redrawn.
---@param handle file*
---@param visible boolean
---@return azure.repl.Waiting
function waiting.new(handle, visible)
  local self = setmetatable({ visible = visible, ops = setmetatable({}, { __mode = "k" }), started = 0 }, Waiting)
  self.live = progress.new{ handle = handle }
  return self
end

return waiting
