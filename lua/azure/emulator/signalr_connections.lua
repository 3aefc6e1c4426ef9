--- Private endpoint connections of SignalR itself (it as the target), as in
-- azure-cli's recording test_signalr_private_endpoint.yaml: a PUT answers 200
-- with `Updating` and a status URL but no Location.

local arm = require "azure.emulator.arm"
local lro = require "azure.emulator.lro"
local network = require "azure.emulator.network"
local signalr = require "azure.emulator.signalr"
local state = require "azure.emulator.state"
local wire = require "azure.emulator.wire"

local GROUPS = { "signalr" }
-- Older versions show no groups (same recording, api-version 2020-05-01).
local FIRST_WITH_GROUPS = "2021-04-01"

local function render(record, ctx)
  return {
    id = record.id, name = record.name, type = record.type, systemData = record.system_data,
    properties = {
      provisioningState = record.provisioning_state, privateEndpoint = { id = record.endpoint_id },
      groupIds = ctx.api_version >= FIRST_WITH_GROUPS and record.group_ids or nil,
      privateLinkServiceConnectionState = {
        status = record.status, actionsRequired = record.actions_required,
        description = record.description ~= "" and record.description or ctx.cloud.null,
      },
    },
  }
end

local function owner(record, ctx)
  return ctx.state:get(record.target_id)
end

local function decide(ctx, record, decision)
  local parent = owner(record, ctx)
  local refusal = signalr.busy(ctx.cloud, parent)
  if refusal then return refusal end
  record.status, record.provisioning_state = decision.status, "Updating"
  record.description = decision.description or record.description
  record.system_data = ctx.cloud.system_data(ctx)
  signalr.occupy(ctx.cloud, parent, "connection_update")
  local operation = lro.start(ctx.cloud, { timing = "connection_update", apply = function()
    record.provisioning_state = "Succeeded"
    network.decided(ctx.cloud, record, decision.status)
  end })
  return wire.json(200, render(record, ctx),
    lro.signalr_headers(ctx.cloud, operation, parent.id, ctx.api_version, "status"))
end

-- What the network rules say of an endpoint goes with its connection.
local function forget_rule(cloud, parent, name)
  local acls = parent.properties.networkACLs
  local kept = {}
  for _, rule in ipairs(type(acls) == "table" and type(acls.privateEndpoints) == "table" and acls.privateEndpoints
    or kept) do
    if rule.name ~= name then kept[#kept + 1] = rule end
  end
  if type(acls) == "table" then acls.privateEndpoints = cloud.array(kept) end
end

local function delete(ctx, record)
  local parent = owner(record, ctx)
  local refusal = signalr.busy(ctx.cloud, parent)
  if refusal then return refusal end
  record.provisioning_state = "Deleting"
  signalr.occupy(ctx.cloud, parent, "connection_closes")
  local operation = lro.start(ctx.cloud, {
    timing = "connection_closes", apply = function()
      network.close(ctx.cloud, record)
      forget_rule(ctx.cloud, parent, record.name)
    end,
    result = function() return wire.empty(204) end,
  })
  return wire.empty(202, lro.signalr_headers(ctx.cloud, operation, parent.id, ctx.api_version))
end

local shareable = {
  { "site", "Azure App Service can be used as an upstream", "sites", "Microsoft.Web/sites" },
  { "vault", "Azure Key Vault can be used as credentials store", "vault", "Microsoft.KeyVault/vaults" },
  { "table", "Azure Storage Table can be used as message store", "table", "Microsoft.Storage/storageAccounts" },
}

-- What SignalR can be linked to: newer versions only.
local function shareable_types()
  local list = {}
  for _, row in ipairs(shareable) do
    list[#list + 1] = { name = row[1], properties = { description = row[2], groupId = row[3], type = row[4] } }
  end
  return list
end

local function resources(target, ctx)
  return { {
    id = target.id .. "/privateLinkResources/signalr", name = "signalr", type = "privateLinkResources",
    properties = {
      groupId = "signalr", requiredMembers = { "signalr" },
      requiredZoneNames = { "privatelink.service.signalr.net" },
      shareablePrivateLinkResourceTypes = ctx.api_version >= FIRST_WITH_GROUPS and shareable_types() or nil,
    },
  } }
end

network.add_profile(signalr.TYPE, {
  initial_state = "Succeeded",
  name = function(_, target) return target.name .. "." .. state.guid() end,
  groups = function() return GROUPS end,
  render = render, decide = decide, delete = delete, resources = resources,
  answer_get = function(ctx, record) return wire.json(200, render(record, ctx)) end,
})
arm.add(network.routes("group/microsoft.signalrservice/signalr/*"))
signalr.show_children("privateEndpointConnections", network.list)

return { render = render }
