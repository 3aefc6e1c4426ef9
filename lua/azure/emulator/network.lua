--- Private endpoint connections on a target: opening, deciding, closing; and
-- the way from a decision back to the link that asked. How each provider
-- words and delays this is in its profile (web.lua, signalr_connections.lua,
-- targets.lua).

local arm = require "azure.emulator.arm"
local state = require "azure.emulator.state"
local wire = require "azure.emulator.wire"

local network = {}

-- Service-managed private endpoints live in a subscription of Microsoft's.
network.MANAGED_SUBSCRIPTION = "3c9a7d5e-9f0b-4ab4-8d2c-5e0f6f1b7a10"

local profiles = {}

--- Adds a provider's profile for a target type: `name(connection_name)`,
-- `render(record, ctx)`, `decide(ctx, record, status, description)`,
-- `delete(ctx, record)`, `answer_get(ctx, record)`, `groups(target)`,
-- `initial_state`; `answer_gone(ctx)` where a connection that is no more can
-- still be asked for its deletion.
---@param type_name string
---@param profile table
function network.add_profile(type_name, profile)
  profiles[type_name:lower()] = profile
end

--- The profile of a target, or nil.
---@param target table
---@return table?
function network.profile(target)
  return profiles[target.type:lower()]
end

--- The target that an id and a group mean. The group of a slot is named
--- `sites-<slot>` and may be asked for on the site (learn.microsoft.com,
--- "Use Private Endpoints for App Service apps").
---@param cloud table
---@param id string
---@param group string
---@return table? target
---@return string? problem "missing" or "group"
function network.find_target(cloud, id, group)
  local target = cloud.state:get(id)
  if not target or not network.profile(target) then return nil, "missing" end
  local slot = group:match("^sites%-(.+)$")
  if slot and target.type:lower() == "microsoft.web/sites" then
    target = cloud.state:get(id .. "/slots/" .. slot)
  end
  if not target then return nil, "group" end
  for _, known in ipairs(network.profile(target).groups(target)) do
    if known == group then return target end
  end
  return nil, "group"
end

local function managed_endpoint_id(name)
  return ("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/privateEndpoints/%s"):format(
    network.MANAGED_SUBSCRIPTION, state.guid():gsub("-", ""), name)
end

--- Opens a connection on a target. spec: `name` (of the connection),
-- `endpoint_name` or `endpoint_id`, `group`, `message`, `status`, `link_id`.
---@param cloud table
---@param target table
---@param spec table
---@return table connection
function network.open(cloud, target, spec)
  local profile = network.profile(target)
  local name = spec.connection_name or profile.name(spec.name, target, cloud)
  return cloud.state:put({
    id = target.id .. "/privateEndpointConnections/" .. name,
    type = target.type .. "/privateEndpointConnections",
    name = name, target_id = target.id, location = target.location,
    endpoint_id = spec.endpoint_id or managed_endpoint_id(spec.endpoint_name or spec.name),
    group_ids = { spec.group or profile.groups(target)[1] },
    status = spec.status or "Pending",
    description = spec.message or "",
    actions_required = "None",
    provisioning_state = spec.provisioning_state
      or (spec.status == "Approved" and "Succeeded" or profile.initial_state),
    ip_addresses = {}, link_id = spec.link_id, etag = state.guid():gsub("-", ""),
  })
end

local function tell_link(cloud, connection, status, delay)
  if not connection.link_id then return end
  cloud.state:after(delay, function()
    local link = cloud.state:get(connection.link_id)
    if link and link.connection_id == connection.id then link.status = status end
  end)
end

--- Settles a decision on a connection and lets its link hear of it in time.
---@param cloud table
---@param connection table
---@param status string "Approved" or "Rejected"
function network.decided(cloud, connection, status)
  if connection.removed then return end
  connection.status = status
  if status == "Approved" then
    cloud.approvals = cloud.approvals + 1
    connection.ip_addresses = { "10.0.0." .. tostring(4 + cloud.approvals % 240) }
  end
  tell_link(cloud, connection, status, cloud.options.timing("propagation"))
end

--- Removes a connection; its link, if there is still one, is disconnected.
---@param cloud table
---@param connection table
function network.close(cloud, connection)
  if not connection.removed then cloud.state:remove(connection.id) end
end

--- Connections that go, by themselves or with their target, disconnect their
--- link.
---@param cloud table
function network.attach(cloud)
  table.insert(cloud.state.remove_hooks, function(record)
    if record.link_id then tell_link(cloud, record, "Disconnected", cloud.options.timing("propagation")) end
  end)
end

--- Private link to a target is up: the link's calls come from this address.
---@param cloud table
---@param link table
---@return string? address
function network.private_address(cloud, link)
  local connection = link.connection_id and cloud.state:get(link.connection_id)
  if not connection or link.status ~= "Approved" then return nil end
  return connection.ip_addresses[1]
end

--- The connections of a target, rendered.
---@param ctx table
---@param target table
---@return table[]
function network.list(ctx, target)
  local list = {}
  for _, record in ipairs(ctx.state:children(target.id, target.type .. "/privateEndpointConnections")) do
    list[#list + 1] = network.profile(target).render(record, ctx)
  end
  return list
end

-- The decision that a PUT asks for, or the answer to a body that asks for none.
local function read_decision(ctx)
  local body, refusal = arm.body(ctx)
  if not body then return nil, refusal end
  local properties = type(body.properties) == "table" and body.properties or {}
  local wanted = properties.privateLinkServiceConnectionState
  local status = type(wanted) == "table" and wanted.status
  if status ~= "Approved" and status ~= "Rejected" then
    return nil, wire.error(400, "InvalidRequestContent", "The property "
      .. "'properties.privateLinkServiceConnectionState.status' must be 'Approved' or 'Rejected'.")
  end
  local description = type(wanted.description) == "string" and wanted.description or nil
  return { status = status, description = description }
end

local function target_of(ctx, depth)
  local target = ctx.state:get(ctx.ids[depth] or "")
  if target then return target end
  local provider_type = ctx.namespace .. "/" .. (ctx.type_key:match("^(.-)/[^/]+$") or ctx.type_key)
  return nil, arm.not_found(ctx, provider_type, ctx.names[depth] or "")
end

local function handle_list(ctx)
  local target, refusal = target_of(ctx, #ctx.ids)
  return refusal or wire.json(200, { value = ctx.cloud.array(network.list(ctx, target)) })
end

local function connection_of(ctx)
  local target, refusal = target_of(ctx, #ctx.ids - 1)
  if not target then return nil, refusal end
  local connection = ctx.state:get(ctx.id)
  if connection then return connection, nil, target end
  return nil, arm.not_found(ctx, target.type .. "/privateEndpointConnections", ctx.names[#ctx.names]), target
end

local function handle_get(ctx)
  local connection, refusal, target = connection_of(ctx)
  local profile = target and network.profile(target)
  if connection then return profile.answer_get(ctx, connection) end
  return profile and profile.answer_gone and profile.answer_gone(ctx) or refusal
end

local function handle_put(ctx)
  local connection, refusal, target = connection_of(ctx)
  if not connection then return refusal end
  local decision
  decision, refusal = read_decision(ctx)
  return refusal or network.profile(target).decide(ctx, connection, decision)
end

local function handle_delete(ctx)
  local connection, refusal, target = connection_of(ctx)
  if not target then return refusal end
  if not connection then return wire.empty(204) end
  return network.profile(target).delete(ctx, connection)
end

local function handle_resources(ctx)
  local target, refusal = target_of(ctx, #ctx.ids)
  return refusal or wire.json(200, { value = network.profile(target).resources(target, ctx) })
end

--- The handlers of a target's connections.
---@param pattern string of the target: "group/microsoft.web/sites/*"
---@return table<string, fun(ctx: table): table>
function network.routes(pattern)
  local base = pattern .. "/privateendpointconnections"
  return {
    ["GET " .. base] = handle_list,
    ["GET " .. base .. "/*"] = handle_get,
    ["PUT " .. base .. "/*"] = handle_put,
    ["DELETE " .. base .. "/*"] = handle_delete,
    ["GET " .. pattern .. "/privatelinkresources"] = handle_resources,
  }
end

return network
