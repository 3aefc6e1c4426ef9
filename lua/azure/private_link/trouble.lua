--- What kind of trouble an error is: gone at the next try, somebody else's turn,
-- or not ours to see. Pure.

local busy = require "azure.signalr.busy"

local trouble = {}

local passing_kinds = { transport = true, timeout = true, protocol = true }
local passing_statuses = { [408] = true, [429] = true }

--- True for failures that may be gone at the next try. A deadline of the job
--- itself is none, and neither is a conflict that no waiting ends.
---@param err azure.Error
---@return boolean
function trouble.is_transient(err)
  if err.kind == "service" then
    return (err.status or 0) >= 500 or passing_statuses[err.status] == true or busy.is(err)
  end
  return passing_kinds[err.kind] == true and err.code ~= "JobTimeout"
end

-- Another tenant's resource: ARM answers 401 to a token of the wrong tenant, and
-- does not know subscriptions that the tenant has no part in.
local foreign_codes = { [401] = "InvalidAuthenticationTokenTenant", [404] = "SubscriptionNotFound" }

--- True when the credential may not see the resource, be it there or not.
---@param err azure.Error
---@return boolean
function trouble.is_denied(err)
  if err.kind ~= "service" then return false end
  return err.status == 403 or (err.code ~= nil and foreign_codes[err.status] == err.code)
end

local unknown_types = {
  InvalidResourceType = true, NoRegisteredProviderFound = true, ResourceTypeNotFound = true,
  ResourceTypeNotSupported = true,
}

--- True when the service knows no such type of resource, so that there are none.
---@param err azure.Error
---@return boolean
function trouble.is_unsupported(err)
  return err.kind == "service" and (err.status == 405 or unknown_types[err.code or ""] == true)
end

return trouble
