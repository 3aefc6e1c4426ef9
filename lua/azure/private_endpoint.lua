--- Private endpoint connections of any resource that has them.
--
--     local connections = client:private_endpoint_connections(func_id)
--     for connection, err in connections:list() do ... end
--     local approved, err = connections:approve("func-pe-1f2e...", { description = "agreed" })
--
-- A decision is waited for on the connection's `status`: on App Service its
-- provisioningState stays "Pending" after a rejection for ever (azure-cli
-- recording test_private_endpoint_connection_webapp.yaml).

local core = require "azure.core"
local errors = require "azure.errors"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"

local private_endpoint = {}

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
---@param opts table?
---@return fun(): table?, azure.Error?
function Connections:list(opts)
  opts = errors.check_options(opts, read_options, "connections:list")
  return self.client:list(self.id .. "/privateEndpointConnections", opts)
end

--- One connection, as ARM answers it.
---@param name string name or id
---@param opts table?
---@return table? connection
---@return azure.Error? err
function Connections:get(name, opts)
  local id = id_of(self, name, "connections:get", 3)
  opts = errors.check_options(opts, read_options, "connections:get")
  return self.client:get(id, opts)
end

local function same_state_error(err)
  local code = err.code or ""
  return err.status == 400 or err.status == 409 or code:find("NotPending", 1, true) ~= nil
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

local ends = { Approved = true, Rejected = true, Disconnected = true, Timeout = true }

-- `sent_from` is the status before our request, which the resource may go on
-- showing for a while.
local function wait_status(self, id, wanted, sent_from, opts)
  local deadline = core.loop():now() + (opts.timeout or DEFAULT_TIMEOUT)
  local interval = opts.poll_interval or POLL_INTERVAL
  while true do
    local connection, err = self.client:get(id, { api_version = opts.api_version })
    if not connection then return nil, err end
    local status = states.connection(connection).status
    if status == wanted then return connection end
    if ends[status] and status ~= sent_from then return nil, wrong_end(id, wanted, status) end
    if core.loop():now() >= deadline then return nil, decision_late(id, wanted, status) end
    local _, cancelled = core.sleep(interval * (0.85 + 0.3 * math.random())):wait()
    if cancelled then return nil, cancelled end
  end
end

-- Only the state: whoever sends back a whole object that has changed meanwhile
-- is refused (azure-resource-manager-rpc, async-api-reference.md).
local function put_state(self, id, status, opts)
  return self.client:request{
    method = "PUT", path = id, api_version = opts.api_version,
    body = { properties = { privateLinkServiceConnectionState = {
      status = status, description = opts.description, actionsRequired = opts.actions_required or "None",
    } } },
  }
end

local function decide(self, name, status, opts, fname)
  local id = id_of(self, name, fname, 4)
  opts = errors.check_options(opts, write_options, fname, 3)
  local current, err = self.client:get(id, { api_version = opts.api_version })
  if not current then return nil, err end
  local before = states.connection(current)
  if before.status == status then return current end
  opts.description = opts.description or before.description
  local response
  response, err = put_state(self, id, status, opts)
  if response then
    local decided
    decided, err = wait_status(self, id, status, before.status, opts)
    return decided, err, { request_id = response.request_id, correlation_id = response.correlation_id }
  end
  if not same_state_error(err) then return nil, err end
  -- Somebody may have been quicker: what counts is how it is now.
  local now = self.client:get(id, { api_version = opts.api_version })
  local now_status = now and states.connection(now).status
  if now_status == status then return now end
  if now_status and now_status ~= before.status then return nil, wrong_end(id, status, now_status) end
  return nil, err
end

--- Approves a connection and waits until it is. One that is Approved already is
--- left as it is (Storage refuses a second approval).
---@param name string name or id
---@param opts { description: string?, actions_required: string?, timeout: number?, api_version: string? }?
---  description: default the one that the connection has, which is the request message
---@return table? connection
---@return azure.Error? err
---@return { request_id: string?, correlation_id: string? }? call the write, when there was one
function Connections:approve(name, opts)
  local connection, err, call = decide(self, name, "Approved", opts, "connections:approve")
  return connection, err, call
end

--- Rejects a connection and waits until it is.
---@param name string name or id
---@param opts table? as for `approve`
---@return table? connection
---@return azure.Error? err
---@return table? call
function Connections:reject(name, opts)
  local connection, err, call = decide(self, name, "Rejected", opts, "connections:reject")
  return connection, err, call
end

-- After the DELETE a connection answers for a while, as "Disconnecting".
local function wait_gone(self, id, opts)
  local deadline = core.loop():now() + (opts.timeout or DEFAULT_TIMEOUT)
  while true do
    local connection, err = self.client:get(id, { api_version = opts.api_version })
    if not connection and err.status == 404 then return true end
    if not connection then return nil, err end
    if core.loop():now() >= deadline then
      return nil, decision_late(id, "gone", states.connection(connection).status)
    end
    local _, cancelled = core.sleep((opts.poll_interval or POLL_INTERVAL) * (0.85 + 0.3 * math.random())):wait()
    if cancelled then return nil, cancelled end
  end
end

--- Deletes a connection and waits until it is gone. One that is not there is fine.
---@param name string name or id
---@param opts { timeout: number?, api_version: string? }?
---@return boolean? ok
---@return azure.Error? err
function Connections:delete(name, opts)
  local id = id_of(self, name, "connections:delete", 3)
  opts = errors.check_options(opts, delete_options, "connections:delete")
  local response, err = self.client:request{ method = "DELETE", path = id, api_version = opts.api_version }
  if not response and err.status ~= 404 then return nil, err end
  return wait_gone(self, id, opts)
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
