--- Private endpoint connections of any resource that has them.
--
--     local connections = client:private_endpoint_connections(func_id)
--     for connection, err in connections:list() do ... end
--     local approved, err = connections:approve("func-pe-1f2e...", { description = "agreed" })
--
-- A decision is waited for on the connection's `status`: on App Service its
-- provisioningState stays "Pending" after a rejection for ever (azure-cli
-- recording test_private_endpoint_connection_webapp.yaml).

local busy = require "azure.signalr.busy"
local core = require "azure.core"
local errors = require "azure.errors"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"
local trouble = require "azure.private_link.trouble"

local private_endpoint = {}

---@class azure.DecisionOptions
---@field description string? default the one that the connection has, which is the request message
---@field actions_required string? default "None"
---@field timeout number? seconds, default 600
---@field poll_interval number? seconds between looks, default 5
---@field api_version string?

---@class azure.ConnectionDeleteOptions
---@field timeout number? seconds, default 600
---@field poll_interval number? seconds between looks, default 5
---@field api_version string?

--- The private endpoint connections of a resource, as
--- `client:private_endpoint_connections(id)` gives them.
---@class azure.Connections
---@field id string of the resource
---@field type string of the resource, "Microsoft.Web/sites"
local Connections = {}
Connections.__index = Connections
Connections.__name = "azure.private_endpoint_connections"

local DEFAULT_TIMEOUT = 600
local POLL_INTERVAL = 5
local MAX_CALL_TIME = 100

local read_options = { api_version = true, timeout = true, headers = true, query = true }
local write_options = {
  api_version = true, timeout = true, description = true, actions_required = true, poll_interval = true,
}
local delete_options = { api_version = true, timeout = true, poll_interval = true }

-- A name, or the full id of a connection of this very resource.
local function id_of(self, name, fname, level)
  errors.check_self(self, "client", fname)
  errors.check_type(name, "string", "name", fname, level)
  if name:sub(1, 1) ~= "/" then
    return resource_id.child(self.id, "privateEndpointConnections", name)
  end
  local parsed = resource_id.parse(name)
  if not parsed or not resource_id.equal(parsed.parent, self.id) then
    errors.raise(("%s: 'name' is the id of a connection of another resource"):format(fname))
  end
  return name
end

--- The connections, one by one: `for connection, err in connections:list() do`.
---@param opts azure.ResourceOptions?
---@return fun(): table?, azure.Error?
function Connections:list(opts)
  opts = errors.check_options(opts, read_options, "connections:list")
  return self.client:list(self.id .. "/privateEndpointConnections", opts)
end

--- One connection, as ARM answers it.
---@param name string name or id
---@param opts azure.ResourceOptions?
---@return table? connection
---@return azure.Error? err
function Connections:get(name, opts)
  local id = id_of(self, name, "connections:get", 3)
  opts = errors.check_options(opts, read_options, "connections:get")
  return self.client:get(id, opts)
end

local function wrong_end(id, wanted, status)
  return errors.new{
    kind = "refused", code = "Connection" .. status, target = id,
    message = ("the connection is %s, not %s: somebody decided otherwise"):format(status, wanted),
    hint = "talk to the owner of the resource",
  }
end

local function decision_late(id, wanted, status)
  return errors.new{
    kind = "timeout", code = "DecisionTimeout", target = id,
    message = ("the connection is still %s, not %s"):format(status, wanted),
    hint = "read it again later; the decision was sent",
  }
end

-- One decision on one connection, until a deadline.
local function new_attempt(self, id, wanted, opts)
  local clock = core.loop()
  return {
    client = self.client, id = id, wanted = wanted, opts = opts, interval = opts.poll_interval or POLL_INTERVAL,
    deadline = clock:now() + (opts.timeout or DEFAULT_TIMEOUT), now = function() return clock:now() end,
  }
end

local function left(attempt)
  return attempt.deadline - attempt.now()
end

local function call_time(attempt)
  return math.max(1, math.min(MAX_CALL_TIME, left(attempt)))
end

local function read(attempt)
  local raw, err = attempt.client:get(attempt.id, {
    api_version = attempt.opts.api_version, timeout = call_time(attempt),
  })
  if not raw then return nil, err end
  return raw, nil, states.connection(raw).status
end

local function pause(attempt)
  local seconds = attempt.interval * (0.85 + 0.3 * math.random())
  local _, cancelled = core.sleep(math.max(0.01, math.min(seconds, left(attempt)))):wait()
  return cancelled
end

-- Reads; what may pass is waited out.
local function read_patiently(attempt)
  while true do
    local raw, err, status = read(attempt)
    if raw or not trouble.is_transient(err) or left(attempt) <= 0 then return raw, err, status end
    local cancelled = pause(attempt)
    if cancelled then return nil, cancelled end
  end
end

local ends = { Approved = true, Rejected = true, Disconnected = true, Timeout = true }
-- On the way there, by our own request or somebody else's.
local coming = { Approved = "Approving", Rejected = "Rejecting" }

-- `sent_from` is the status before our request, which the resource may go on
-- showing for a while.
local function wait_status(attempt, sent_from)
  while true do
    local raw, err, status = read_patiently(attempt)
    if not raw then return nil, err end
    if status == attempt.wanted then return raw end
    if ends[status] and status ~= sent_from then return nil, wrong_end(attempt.id, attempt.wanted, status) end
    if left(attempt) <= 0 then return nil, decision_late(attempt.id, attempt.wanted, status) end
    local cancelled = pause(attempt)
    if cancelled then return nil, cancelled end
  end
end

-- Only the state: whoever sends back a whole object that has changed meanwhile
-- is refused (azure-resource-manager-rpc, async-api-reference.md).
local function put_state(attempt)
  local opts = attempt.opts
  return attempt.client:request{
    method = "PUT", path = attempt.id, api_version = opts.api_version, timeout = call_time(attempt),
    any_redirect = false,
    body = { properties = { privateLinkServiceConnectionState = {
      status = attempt.wanted, description = opts.description, actionsRequired = opts.actions_required or "None",
    } } },
  }
end

-- The PUT failed. Its answer may have been lost, or somebody was quicker: what
-- counts is how the connection is now. Gives true when it may be sent again.
local function look_after_failure(attempt, before, failure)
  local raw, _, status = read(attempt)
  if not raw then return false, nil, failure end
  -- A refusal proves nothing: libcurl itself sends again what a connection that
  -- was kept open has swallowed.
  local call = { uncertain = true, request_id = failure.request_id, correlation_id = failure.correlation_id }
  if status == attempt.wanted then return false, raw, nil, call end
  if status == coming[attempt.wanted] then
    local decided, err = wait_status(attempt, before)
    return false, decided, err, call
  end
  if status ~= before and ends[status] then return false, nil, wrong_end(attempt.id, attempt.wanted, status) end
  return busy.is(failure) and left(attempt) > 0, nil, failure
end

local function send(attempt, before)
  while true do
    local response, err = put_state(attempt)
    if response then
      local decided
      decided, err = wait_status(attempt, before)
      return decided, err, { request_id = response.request_id, correlation_id = response.correlation_id }
    end
    local again, decided, failure, call = look_after_failure(attempt, before, err)
    if not again then return decided, failure, call end
    local cancelled = pause(attempt)
    if cancelled then return nil, cancelled end
  end
end

local function decide(self, name, status, opts, fname)
  local id = id_of(self, name, fname, 4)
  opts = errors.check_options(opts, write_options, fname)
  local attempt = new_attempt(self, id, status, {
    api_version = opts.api_version, timeout = opts.timeout, description = opts.description,
    actions_required = opts.actions_required, poll_interval = opts.poll_interval,
  })
  local raw, err, before = read_patiently(attempt)
  if not raw then return nil, err end
  if before == status then return raw end
  if before == coming[status] then return wait_status(attempt, before) end
  attempt.opts.description = opts.description or states.connection(raw).description
  return send(attempt, before)
end

--- Approves a connection and waits until it is. One that is Approved already is
--- left as it is (Storage refuses a second approval).
---@param name string name or id
---@param opts azure.DecisionOptions?
---@return table? connection
---@return azure.Error? err
---@return { request_id: string?, correlation_id: string?, uncertain: boolean? }? call the write, when there was one;
---  uncertain when its answer is not known, so that somebody else may have decided the same
function Connections:approve(name, opts)
  local connection, err, call = decide(self, name, "Approved", opts, "connections:approve")
  return connection, err, call
end

--- Rejects a connection and waits until it is.
---@param name string name or id
---@param opts azure.DecisionOptions?
---@return table? connection
---@return azure.Error? err
---@return table? call
function Connections:reject(name, opts)
  local connection, err, call = decide(self, name, "Rejected", opts, "connections:reject")
  return connection, err, call
end

-- After the DELETE a connection answers for a while, as "Disconnecting".
local function wait_gone(attempt)
  while true do
    local raw, err, status = read_patiently(attempt)
    if not raw then return err.status == 404 or nil, err.status ~= 404 and err or nil end
    if left(attempt) <= 0 then return nil, decision_late(attempt.id, attempt.wanted, status) end
    local cancelled = pause(attempt)
    if cancelled then return nil, cancelled end
  end
end

--- Deletes a connection and waits until it is gone. One that is not there is fine.
---@param name string name or id
---@param opts azure.ConnectionDeleteOptions?
---@return boolean? ok
---@return azure.Error? err
function Connections:delete(name, opts)
  local id = id_of(self, name, "connections:delete", 3)
  opts = errors.check_options(opts, delete_options, "connections:delete")
  local attempt = new_attempt(self, id, "gone", opts)
  local response, err = self.client:request{
    method = "DELETE", path = id, api_version = opts.api_version, timeout = call_time(attempt),
    any_redirect = false,
  }
  if not response and err.status ~= 404 then return nil, err end
  return wait_gone(attempt)
end

function Connections:__tostring()
  return "connections of " .. self.id
end

--- The connections of `target_id`. Raises when that is no resource id.
---@param client azure.Client
---@param target_id string|table
---@return azure.Connections connections
function private_endpoint.new(client, target_id)
  local parsed, err = resource_id.parse(resource_id.text(target_id) or target_id)
  if not parsed then errors.raise("private_endpoint_connections: 'target_id': " .. err.message) end
  return setmetatable({ client = client, id = parsed.id, type = parsed.type }, Connections)
end

return private_endpoint
