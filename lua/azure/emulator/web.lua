--- Microsoft.Web: private endpoint connections of sites and slots with the
-- quirks of azure-cli's recording test_private_endpoint_connection_webapp.yaml.
-- The sites themselves are in sites.lua.

local arm = require "azure.emulator.arm"
local lro = require "azure.emulator.lro"
local network = require "azure.emulator.network"
local state = require "azure.emulator.state"
local wire = require "azure.emulator.wire"

local web = {}

-- Deletes are watched in another api-version than they were sent in.
local DELETE_API_VERSION = "2019-01-01"

--- App Service's headers: no charset, IIS.
---@param answer table
---@return table answer
function web.finish(answer)
  if answer.body ~= "" then wire.set_header(answer, "Content-Type", "application/json") end
  wire.set_header(answer, "Server", "Microsoft-IIS/10.0")
  wire.set_header(answer, "X-AspNet-Version", "4.0.30319")
  wire.set_header(answer, "X-Powered-By", "ASP.NET")
  return answer
end

local function etag(record)
  return ('"%s"'):format(record.etag:sub(1, 15):upper())
end

local function render(record, ctx)
  local description = record.description
  if ctx.cloud.options.empty_description and record.status == "Pending" then description = "" end
  return {
    id = record.id, name = record.name, type = record.type, location = record.location,
    properties = {
      provisioningState = record.provisioning_state,
      privateEndpoint = { id = record.endpoint_id },
      groupIds = record.group_ids,
      privateLinkServiceConnectionState = {
        status = record.status, description = description, actionsRequired = record.actions_required,
      },
      ipAddresses = ctx.cloud.array(record.ip_addresses),
    },
  }
end

local function operation_path(record, kind, operation)
  local subscription = record.id:match("^(/subscriptions/[^/]+)")
  local region = wire.escape(record.location or "West US")
  return ("%s/providers/Microsoft.Web/locations/%s/%s/%s"):format(subscription, region, kind, operation.guid)
end

-- No recording has the body of these polls; the Microsoft libraries go by the
-- HTTP status, so 202 while it runs and 200 at the end.
local function poll_answer(ctx, record)
  return function(operation)
    if operation.status == "Running" then return web.finish(wire.empty(202)) end
    local current = ctx.state:get(record.id)
    return web.finish(current and wire.json(200, render(current, ctx)) or wire.empty(200))
  end
end

-- Both names, one URL.
local function write_headers(ctx, record, operation)
  local url = lro.url(ctx.cloud, operation, operation_path(record, "operationResults", operation), ctx.api_version,
    poll_answer(ctx, record), true)
  return { { "azure-asyncoperation", url }, { "location", url }, { "etag", etag(record) } }
end

local function not_pending(record)
  return web.finish(wire.error(400, "PrivateEndpointConnectionStatusNotPending",
    ("The private endpoint connection '%s' is not in the state Pending: it is '%s'."):format(
      record.name, record.status)))
end

local function begin_transition(ctx, record, decision, transitional, timing, settle)
  local before = record.status
  record.status = transitional
  if decision.description then record.description = decision.description end
  local operation = lro.start(ctx.cloud, { timing = timing, apply = function()
    if record.status == transitional then settle(before) end
  end })
  local answer = wire.json(202, render(record, ctx), write_headers(ctx, record, operation))
  return web.finish(answer)
end

local function approve(ctx, record, decision)
  if record.status ~= "Pending" then return not_pending(record) end
  return begin_transition(ctx, record, decision, "Approving", "approval", function()
    record.provisioning_state = "Succeeded"
    network.decided(ctx.cloud, record, "Approved")
  end)
end

-- provisioningState stays what it was: Pending for ever after the rejection
-- of a pending connection.
local function reject(ctx, record, decision)
  if record.status ~= "Pending" and record.status ~= "Approved" then return not_pending(record) end
  record.provisioning_state = "Pending"
  return begin_transition(ctx, record, decision, "Rejecting", "rejection", function()
    record.ip_addresses = {}
    network.decided(ctx.cloud, record, "Rejected")
  end)
end

local function decide(ctx, record, decision)
  if record.status:find("ing$") and record.status ~= "Pending" then
    return web.finish(wire.error(409, "Conflict",
      ("Cannot modify the private endpoint connection '%s' while it is '%s'."):format(record.name, record.status)))
  end
  return (decision.status == "Approved" and approve or reject)(ctx, record, decision)
end

-- The two header names are swapped, as recorded.
local function delete(ctx, record)
  record.provisioning_state, record.status = "Deleting", "Disconnecting"
  local operation = lro.start(ctx.cloud, { timing = "connection_closes", apply = function()
    network.close(ctx.cloud, record)
  end })
  local function url(kind)
    return lro.url(ctx.cloud, operation, operation_path(record, kind, operation), DELETE_API_VERSION,
      poll_answer(ctx, record), true)
  end
  return web.finish(wire.empty(202, {
    { "azure-asyncoperation", url("operationResults") }, { "location", url("operations") },
  }))
end

local function groups(target)
  local slot = target.id:match("/slots/([^/]+)$")
  return { slot and "sites-" .. slot or "sites" }
end

local function resources(target)
  local list = {}
  for _, group in ipairs(groups(target)) do
    list[#list + 1] = {
      id = target.id .. "/privateLinkResources/" .. group, name = group,
      type = target.type .. "/privateLinkResources",
      properties = {
        groupId = group, requiredMembers = { group },
        requiredZoneNames = { "privatelink.azurewebsites.net" },
      },
    }
  end
  return list
end

local profile = {
  initial_state = "Pending",
  name = function(connection_name) return connection_name .. "-" .. state.guid() end,
  groups = groups, resources = resources, render = render, decide = decide, delete = delete,
  answer_get = function(ctx, record)
    return web.finish(wire.json(200, render(record, ctx)))
  end,
}

network.add_profile("Microsoft.Web/sites", profile)
network.add_profile("Microsoft.Web/sites/slots", profile)
arm.add(network.routes("group/microsoft.web/sites/*"))
arm.add(network.routes("group/microsoft.web/sites/*/slots/*"))

--- The connections of a site as its own body shows them.
---@param ctx table
---@param site table
---@return table[]
function web.connections_in_site(ctx, site)
  local list = network.list(ctx, site)
  for _, connection in ipairs(list) do connection.properties.groupIds = ctx.cloud.null end
  return list
end

return web
