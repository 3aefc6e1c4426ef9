--- Writes to one SignalR are serial: first come, first served, in this process.
-- SignalR answers a second write during the first with 409
-- (azure-rest-api-specs#23986). Between processes that 409 is waited out.

local core = require "azure.core"
local errors = require "azure.errors"
local resource_id = require "azure.resource_id"

local lock = {}

local POLL = 0.05

---@type table<string, table[]>
local queues = {}

local function leave(ticket)
  local queue = queues[ticket.key] or {}
  for i = #queue, 1, -1 do
    if queue[i] == ticket then table.remove(queue, i) end
  end
  if #queue == 0 then queues[ticket.key] = nil end
end

local ticket_mt = { __name = "azure.private_link.lock", __close = leave }

local function enqueue(id)
  local key = resource_id.key(id)
  local queue = queues[key] or {}
  local ticket = setmetatable({ key = key }, ticket_mt)
  queues[key] = queue
  queue[#queue + 1] = ticket
  return ticket, queue
end

local function too_late(id)
  return errors.new{
    kind = "timeout", code = "LockTimeout",
    message = ("another job of this process is still writing to %s"):format(id),
  }
end

-- Polling is enough: a write to SignalR takes a minute.
local function wait_turn(ticket, queue, id, deadline)
  while queue[1] ~= ticket do
    if core.loop():now() >= deadline then return nil, too_late(id) end
    local _, err = core.sleep(POLL):wait()
    if err then return nil, err end
  end
  return true
end

--- Waits for its turn. Bind the ticket to a `<close>` variable: that gives the
--- turn up, also when the task is cancelled.
---@param id string
---@param deadline number on the loop's clock
---@return table? ticket
---@return azure.Error? err
function lock.acquire(id, deadline)
  local ticket, queue = enqueue(id)
  local ok, err = wait_turn(ticket, queue, id, deadline)
  if ok then return ticket end
  leave(ticket)
  return nil, err
end

--- How many jobs hold or wait for some turn. For tests.
---@return integer
function lock.count()
  local count = 0
  for _, queue in pairs(queues) do count = count + #queue end
  return count
end

return lock
