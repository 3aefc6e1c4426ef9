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

--- Calls `fn` until it is not answered so; gives what it gives.
---@param fn fun(): any, azure.Error?
---@param patience number? seconds, default 300
---@return any
---@return azure.Error?
function busy.wait_out(fn, patience)
  local deadline = core.loop():now() + (patience or PATIENCE)
  while true do
    local result, err = fn()
    if not err or not busy.is(err) or core.loop():now() >= deadline then return result, err end
    local _, cancelled = core.sleep(POLL * (0.85 + 0.3 * math.random())):wait()
    if cancelled then return nil, cancelled end
  end
end

return busy
