--- Microsoft.SignalRService/signalR/sharedPrivateLinkResources, also those of
-- replicas. Creating one opens, a while later, a Pending connection on the
-- target; what is decided there reaches the link after a while again. No
-- public recording of these calls exists: states and texts follow the
-- specification (2024-03-01/signalr.json), Microsoft's article "Secure Azure
-- SignalR outbound traffic through shared private endpoints" and the
-- recordings of the same provider's other resources.

local arm = require "azure.emulator.arm"
local lro = require "azure.emulator.lro"
local network = require "azure.emulator.network"
local signalr = require "azure.emulator.signalr"
local state = require "azure.emulator.state"
local wire = require "azure.emulator.wire"

local links = {}

local MESSAGE_MAX = 140
-- Case matters to the service (terraform-provider-azurerm issue 11778).
local groups = { sites = true, vault = true, table = true }

local function is_group(group)
  return type(group) == "string" and (groups[group] or group:find("^sites%-.+$") ~= nil)
end

local function render(link)
  return {
    id = link.id, name = link.name, type = link.type,
    properties = {
      groupId = link.group, privateLinkResourceId = link.target_id, requestMessage = link.message,
      provisioningState = link.provisioning_state, status = link.status,
    },
    systemData = link.system_data,
  }
end

local function call_failed(message)
  return wire.error(400, "BadRequest",
    "Call to Microsoft.SignalRService/SignalR failed. Error message: " .. message)
end

local function check_properties(properties)
  if not is_group(properties.groupId) then return call_failed("Invalid groupId") end
  if type(properties.privateLinkResourceId) ~= "string" then
    return call_failed("Invalid privateLinkResourceId")
  end
  local message = properties.requestMessage
  if type(message) == "string" and utf8.len(message) and utf8.len(message) > MESSAGE_MAX then
    return call_failed(("requestMessage is longer than %d characters"):format(MESSAGE_MAX))
  end
  return nil
end

local function check_parent(ctx, parent)
  if parent.sku.tier == "Free" then
    return call_failed("Shared private link resource is not supported in the Free tier.")
  end
  return signalr.busy(ctx.cloud, parent)
end

local function check_target(ctx, properties)
  local target, problem = network.find_target(ctx.cloud, properties.privateLinkResourceId, properties.groupId)
  if problem == "missing" then
    return nil, call_failed(("The private link resource '%s' was not found."):format(properties.privateLinkResourceId))
  elseif not target then
    return nil, call_failed("Invalid groupId")
  end
  return target
end

-- The plan decides whether a site can have private endpoints at all.
local function plan_failure(cloud, target)
  local plan = target.plan_id and cloud.state:get(target.plan_id)
  local tier = plan and plan.sku.tier or ""
  if tier ~= "Free" and tier ~= "Shared" and tier ~= "Dynamic" then return nil end
  return lro.failure("PrivateEndpointNotSupported",
    ("The App Service plan tier '%s' of '%s' does not support private endpoints."):format(tier, target.name))
end

-- A request times out unanswered: what the target has decided still takes its
-- while to reach the link.
local function is_answered(cloud, link)
  local connection = link.connection_id and cloud.state:get(link.connection_id)
  return connection ~= nil and connection.status ~= "Pending"
end

local function watch_timeout(cloud, link)
  local seconds = cloud.options.timing("link_timeout")
  if seconds <= 0 then return end
  local round = link.round
  cloud.state:after(seconds, function()
    if link.round ~= round or link.status ~= "Pending" or link.removed then return end
    if not is_answered(cloud, link) then link.status = "Timeout" end
  end)
end

local function open_connection(cloud, link)
  local round = link.round
  cloud.state:after(cloud.options.timing("connection_opens"), function()
    local target = network.find_target(cloud, link.target_id, link.group)
    if link.removed or link.round ~= round or not target then return end
    local connection = network.open(cloud, target, {
      name = link.name, endpoint_name = link.name, group = link.group, message = link.message, link_id = link.id,
    })
    link.connection_id = connection.id
    if cloud.options.auto_approve then
      connection.description, connection.provisioning_state = "Auto-Approved", "Succeeded"
      network.decided(cloud, connection, "Approved")
    end
  end)
end

-- A new round: the first request, or a new one after the old one died.
local function request_connection(cloud, link)
  link.round = (link.round or 0) + 1
  link.status = "Pending"
  link.connection_id = nil
  open_connection(cloud, link)
  watch_timeout(cloud, link)
end

local function new_link(cloud, parent_id, name, properties)
  return cloud.state:put({
    id = parent_id .. "/sharedPrivateLinkResources/" .. name,
    type = parent_id:find("/replicas/[^/]+$") and signalr.TYPE .. "/replicas/sharedPrivateLinkResources"
      or signalr.TYPE .. "/sharedPrivateLinkResources",
    name = name, group = properties.groupId, target_id = properties.privateLinkResourceId,
    message = type(properties.requestMessage) == "string" and properties.requestMessage or nil,
    provisioning_state = "Creating", status = "Pending",
  })
end

-- Every replica has a copy of its own, with a connection of its own
-- (azure-rest-api-specs pull request 28259).
local function copy_to_replica(cloud, link, replica)
  local copy = new_link(cloud, replica.id, link.name, {
    groupId = link.group, privateLinkResourceId = link.target_id, requestMessage = link.message,
  })
  copy.provisioning_state = "Succeeded"
  request_connection(cloud, copy)
end

--- Gives a new replica its copies.
---@param cloud table
---@param parent table
---@param replica table
function links.copy_all(cloud, parent, replica)
  for _, link in ipairs(cloud.state:children(parent.id, signalr.TYPE .. "/sharedPrivateLinkResources")) do
    copy_to_replica(cloud, link, replica)
  end
end

local function replicas_of(cloud, id)
  return cloud.state:children(id, signalr.TYPE .. "/replicas")
end

-- ctx.names: signalr [, replica], link
local function owner_of(ctx, depth)
  local root, refusal = signalr.find(ctx)
  if not root then return nil, nil, refusal end
  local owner = ctx.state:get(ctx.ids[depth])
  if not owner then return nil, nil, arm.not_found(ctx, signalr.TYPE .. "/replicas", ctx.names[depth]) end
  return owner, root
end

local function answer_put(ctx, link, root, created)
  local timing = created and "link_create" or "link_update"
  signalr.occupy(ctx.cloud, root, timing)
  local target = network.find_target(ctx.cloud, link.target_id, link.group)
  local operation = lro.start(ctx.cloud, {
    timing = timing, failure = target and plan_failure(ctx.cloud, target),
    apply = function() if not link.removed then link.provisioning_state = "Succeeded" end end,
    on_failure = function() link.provisioning_state = "Failed" end,
    result = function() return wire.json(200, render(link)) end,
  })
  return wire.json(created and 201 or 200, render(link),
    lro.signalr_headers(ctx.cloud, operation, root.id, ctx.api_version))
end

local function create(ctx, owner, root, properties)
  local target, refusal = check_target(ctx, properties)
  if not target then return refusal end
  local link = new_link(ctx.cloud, owner.id, ctx.names[#ctx.names], properties)
  link.system_data = ctx.cloud.system_data(ctx)
  if not plan_failure(ctx.cloud, target) then
    request_connection(ctx.cloud, link)
    for _, replica in ipairs(owner == root and replicas_of(ctx.cloud, root.id) or {}) do
      copy_to_replica(ctx.cloud, link, replica)
    end
  end
  return answer_put(ctx, link, root, true)
end

-- The same PUT again is an update. What it points at cannot change; a request
-- that ended is made anew.
local function update(ctx, link, root, properties)
  if link.group ~= properties.groupId or not state.same_id(link.target_id, properties.privateLinkResourceId) then
    return call_failed("groupId and privateLinkResourceId of a shared private link resource cannot be changed.")
  end
  if type(properties.requestMessage) == "string" then link.message = properties.requestMessage end
  link.provisioning_state = "Updating"
  if link.status == "Timeout" or link.status == "Disconnected" then request_connection(ctx.cloud, link) end
  return answer_put(ctx, link, root, false)
end

local function put(ctx)
  local owner, root, refusal = owner_of(ctx, #ctx.ids - 1)
  if not owner then return refusal end
  local body
  body, refusal = arm.body(ctx)
  if not body then return refusal end
  local properties = type(body.properties) == "table" and body.properties or {}
  if not signalr.is_name(ctx.names[#ctx.names]) then
    return wire.error(400, "InvalidResourceName",
      ("The shared private link resource name '%s' is invalid."):format(ctx.names[#ctx.names]))
  end
  refusal = check_properties(properties) or check_parent(ctx, root)
  if refusal then return refusal end
  local link = ctx.state:get(ctx.id)
  if link then return update(ctx, link, root, properties) end
  return create(ctx, owner, root, properties)
end

local function get(ctx)
  local owner, _, refusal = owner_of(ctx, #ctx.ids - 1)
  if not owner then return refusal end
  local link = ctx.state:get(ctx.id)
  if link then return wire.json(200, render(link)) end
  return arm.not_found(ctx, owner.type .. "/sharedPrivateLinkResources", ctx.names[#ctx.names])
end

local function list_of(ctx, owner)
  local list = {}
  for _, link in ipairs(ctx.state:children(owner.id, owner.type .. "/sharedPrivateLinkResources")) do
    list[#list + 1] = render(link)
  end
  return list
end

local function list(ctx)
  local owner, _, refusal = owner_of(ctx, #ctx.ids)
  return refusal or wire.json(200, { value = ctx.cloud.array(list_of(ctx, owner)) })
end

local function close_connection(cloud, link)
  local connection = link.connection_id and cloud.state:get(link.connection_id)
  if not connection then return end
  cloud.state:after(cloud.options.timing("connection_closes"), function() network.close(cloud, connection) end)
end

local function remove_everywhere(cloud, root, name)
  for _, replica in ipairs(replicas_of(cloud, root.id)) do
    cloud.state:remove(replica.id .. "/sharedPrivateLinkResources/" .. name)
  end
  cloud.state:remove(root.id .. "/sharedPrivateLinkResources/" .. name)
end

local function delete(ctx)
  local _, root, refusal = owner_of(ctx, 1)
  if not root then return refusal end
  local link = ctx.state:get(ctx.id)
  if not link then return wire.empty(204) end
  refusal = signalr.busy(ctx.cloud, root)
  if refusal then return refusal end
  link.provisioning_state = "Deleting"
  signalr.occupy(ctx.cloud, root, "link_delete")
  local operation = lro.start(ctx.cloud, {
    timing = "link_delete", apply = function() remove_everywhere(ctx.cloud, root, link.name) end,
    result = function() return wire.empty(204) end,
  })
  return wire.empty(202, lro.signalr_headers(ctx.cloud, operation, root.id, ctx.api_version))
end

--- Links that go, in whatever way, take their connection along.
---@param cloud table
function links.attach(cloud)
  table.insert(cloud.state.remove_hooks, function(record)
    if record.round then close_connection(cloud, record) end
  end)
end

local base = "group/microsoft.signalrservice/signalr/*/"
arm.add({
  ["GET " .. base .. "sharedprivatelinkresources"] = list,
  ["GET " .. base .. "sharedprivatelinkresources/*"] = get,
  ["PUT " .. base .. "sharedprivatelinkresources/*"] = put,
  ["DELETE " .. base .. "sharedprivatelinkresources/*"] = delete,
  ["GET " .. base .. "replicas/*/sharedprivatelinkresources"] = list,
  ["GET " .. base .. "replicas/*/sharedprivatelinkresources/*"] = get,
  ["PUT " .. base .. "replicas/*/sharedprivatelinkresources/*"] = put,
})
signalr.show_children("sharedPrivateLinkResources", list_of,
  { ["2018-10-01"] = true, ["2020-05-01"] = true, ["2018-03-01-preview"] = true, ["2020-07-01-preview"] = true })

return links
