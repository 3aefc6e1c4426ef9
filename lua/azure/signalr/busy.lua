--- SignalR takes one write at a time, and is busy for a while after the last one
-- has ended (azure-rest-api-specs#23068): such a 409 is waited out.

local core = require "azure.core"

local busy = {}

-- Conflicts that do not go away by waiting.
local final_conflicts = {
  ScopeLocked = true, MissingSubscriptionRegistration = true, SubscriptionNotRegistered = true,
  ReadOnlyDisabledSubscription = true,
}

local PATIENCE = 300
local POLL = 5

--- Whether an error says that another write is under way.
---@param err azure.Error
---@return boolean
function busy.is(err)
  return err.status == 409 and not final_conflicts[err.code or ""]
end

--- Calls `fn` until it is not answered so; gives what it gives. `fn` is told
--- how many seconds are left of `timeout`, nil where there is none.
---@param fn fun(left: number?): any, azure.Error?
---@param timeout number? seconds for all tries together; default: tries begin within 300
---@return any
---@return azure.Error?
function busy.wait_out(fn, timeout)
  local deadline = core.loop():now() + (timeout or PATIENCE)
  while true do
    local left = timeout and math.max(deadline - core.loop():now(), 0)
    local result, err = fn(left)
    if not err or not busy.is(err) then return result, err end
    local pause = POLL * (0.85 + 0.3 * math.random())
    if core.loop():now() + pause >= deadline then return result, err end
    local _, cancelled = core.sleep(pause):wait()
    if cancelled then return nil, cancelled end
  end
end

return busy
