--- What Azure answers about links and connections, in one shape. Pure.
-- Statuses come in several cases and with in-between words of their own
-- ("Rejecting", "Disconnecting": azure-cli recording
-- test_private_endpoint_connection_webapp.yaml); unknown ones pass as they are.

local resource_id = require "azure.resource_id"

local states = {}

local canonical = {}
for _, name in ipairs{
  "Pending", "Approved", "Rejected", "Disconnected", "Timeout", "Approving", "Rejecting", "Disconnecting",
  "Succeeded", "Failed", "Canceled", "Creating", "Updating", "Deleting", "Running", "Moving",
} do
  canonical[name:lower()] = name
end

local function text(value)
  return type(value) == "string" and value or nil
end

local function object(value)
  return type(value) == "table" and value or {}
end

--- The known spelling of a status or provisioning state; "Unknown" for none.
---@param word any
---@return string
function states.canonical(word)
  local known = text(word)
  if not known or known == "" then return "Unknown" end
  return canonical[known:lower()] or known
end

local finished = { Succeeded = true, Failed = true, Canceled = true, Unknown = true }

--- True when a resource with this provisioningState can be written to.
---@param provisioning_state any
---@return boolean
function states.is_idle(provisioning_state)
  return finished[states.canonical(provisioning_state)] == true
end

--- A shared private link as ARM answers it.
---@param raw table
---@param owner string? "signalr" or the replica's name
---@return table
function states.link(raw, owner)
  raw = object(raw)
  local properties = object(raw.properties)
  return {
    id = text(raw.id),
    name = text(raw.name) or resource_id.last_segment(raw.id),
    owner = owner or "signalr",
    target = text(properties.privateLinkResourceId),
    group = text(properties.groupId),
    message = text(properties.requestMessage) or "",
    status = states.canonical(properties.status),
    provisioning_state = states.canonical(properties.provisioningState),
  }
end

local function group_ids(properties)
  local groups = properties.groupIds
  if type(groups) ~= "table" then return nil end
  return table.move(groups, 1, #groups, 1, {})
end

--- A private endpoint connection as ARM answers it.
---@param raw table
---@return table
function states.connection(raw)
  raw = object(raw)
  local properties = object(raw.properties)
  local state = object(properties.privateLinkServiceConnectionState)
  local endpoint = text(object(properties.privateEndpoint).id)
  return {
    id = text(raw.id),
    name = text(raw.name) or resource_id.last_segment(raw.id),
    status = states.canonical(state.status),
    description = text(state.description) or "",
    groups = group_ids(properties),
    private_endpoint = endpoint,
    endpoint_name = resource_id.last_segment(endpoint),
    provisioning_state = states.canonical(properties.provisioningState),
  }
end

--- False only when the connection says that it is of another group. Key Vault
--- and the connections inside a site do not say.
---@param connection table
---@param group string
---@return boolean
function states.is_of_group(connection, group)
  if not connection.groups or #connection.groups == 0 then return true end
  for _, name in ipairs(connection.groups) do
    if type(name) == "string" and name:lower() == group:lower() then return true end
  end
  return false
end

return states
