--- Other targets of private links: Key Vault (azure-cli recording
-- test_private_endpoint_connection_keyvault.yaml: the status URL is the
-- resource itself) and Storage (answers at once; approving what is approved
-- is an error, azure-rest-api-specs issue 30308).

local core = require "azure.core"
local json = require "azure.json"
local arm = require "azure.emulator.arm"
local network = require "azure.emulator.network"
local state = require "azure.emulator.state"
local wire = require "azure.emulator.wire"

local targets = {}

local VAULT, ACCOUNT = "Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts"

local function connection_state(record)
  return { status = record.status, description = record.description, actionsRequired = record.actions_required }
end

local function new_etag()
  return (state.guid():gsub("-", ""))
end

-- A connection is called as it was asked for; a second one of the same name
-- gets something added.
local function plain_name(name, target, cloud)
  if not cloud.state:get(target.id .. "/privateEndpointConnections/" .. name) then return name end
  return name .. "-" .. state.guid():sub(1, 8)
end

local function resource_list(groups, zone)
  return function(target)
    local list = {}
    for _, group in ipairs(groups) do
      list[#list + 1] = {
        id = target.id .. "/privateLinkResources/" .. group, name = group,
        type = target.type .. "/privateLinkResources",
        properties = { groupId = group, requiredMembers = { "default" }, requiredZoneNames = { zone:format(group) } },
      }
    end
    return list
  end
end

-- The door's rules (KeyVault 2023-07-01, NetworkRuleSet; Storage 2023-01-01 of
-- the same name). A vault that was never given any shows none.
local function network_acls(record)
  local acls = record.network_acls or {}
  return {
    bypass = acls.bypass or "AzureServices", defaultAction = acls.defaultAction or "Allow",
    ipRules = json.array(acls.ipRules), virtualNetworkRules = json.array(acls.virtualNetworkRules),
  }
end

-- Key Vault --------------------------------------------------------------

local function render_vault_connection(record)
  return {
    id = record.id, name = record.name, type = record.type, location = record.location, etag = record.etag,
    properties = {
      provisioningState = record.provisioning_state, privateEndpoint = { id = record.endpoint_id },
      privateLinkServiceConnectionState = connection_state(record),
    },
  }
end

-- The URL to poll is the connection's own with a note of what is going on.
local function vault_status_url(ctx, record, code)
  local note = json.encode({ code = "privateEndpointConnections/" .. code,
    st = wire.timestamp(ctx.state:now()), etag = record.etag })
  note = core.base64url(note)
  return ("%s%s?api-version=%s&kv-operation=%s"):format(ctx.cloud.url, record.id, ctx.api_version, note), note
end

local function decide_vault(ctx, record, decision)
  record.status, record.etag = decision.status, new_etag()
  record.description = decision.description or record.description
  record.provisioning_state = "Updating"
  ctx.state:after(ctx.cloud.options.timing("connection_update"), function()
    if record.removed or record.status ~= decision.status then return end
    record.provisioning_state = "Succeeded"
    network.decided(ctx.cloud, record, decision.status)
  end)
  local code = decision.status == "Approved" and "approve" or "reject"
  return wire.json(200, render_vault_connection(record),
    { { "azure-asyncoperation", vault_status_url(ctx, record, code) } })
end

local function delete_vault_connection(ctx, record)
  record.provisioning_state, record.etag = "Deleting", new_etag()
  ctx.state:after(ctx.cloud.options.timing("connection_closes"), function() network.close(ctx.cloud, record) end)
  local url, note = vault_status_url(ctx, record, "delete")
  ctx.cloud.vault_deletions = ctx.cloud.vault_deletions or {}
  ctx.cloud.vault_deletions[note] = record
  return wire.empty(202, { { "location", url } })
end

-- No recording has the end of a deletion. The specification's 200 has the
-- connection, and @azure/arm-keyvault fails where nothing or a 404 comes.
local function vault_connection_gone(ctx)
  local record = (ctx.cloud.vault_deletions or {})[ctx.request.query["kv-operation"]]
  if not record then return nil end
  record.provisioning_state, record.status = "Succeeded", "Disconnected"
  return wire.json(200, render_vault_connection(record))
end

network.add_profile(VAULT, {
  initial_state = "Succeeded", name = plain_name,
  groups = function() return { "vault" } end,
  resources = resource_list({ "vault" }, "privatelink.vaultcore.azure.net"),
  render = render_vault_connection, decide = decide_vault, delete = delete_vault_connection,
  answer_gone = vault_connection_gone,
  answer_get = function(ctx, record)
    local polled = ctx.request.query["kv-operation"] ~= nil
    local deleting = polled and record.provisioning_state == "Deleting"
    return wire.json(deleting and 202 or 200, render_vault_connection(record))
  end,
})

--- Adds a vault. Fields: id, location, public_network_access, network_acls.
---@param cloud table
---@param fields table
---@return table record
function targets.create_vault(cloud, fields)
  return cloud.state:put({
    id = fields.id, type = VAULT, name = fields.id:match("([^/]+)$"), location = fields.location or "westus",
    public_network_access = fields.public_network_access or "Enabled", network_acls = fields.network_acls,
  })
end

-- Its connections have no name and no type here.
local function connections_in_vault(ctx, vault)
  local list = network.list(ctx, vault)
  for i, connection in ipairs(list) do
    list[i] = { id = connection.id, etag = connection.etag, properties = connection.properties }
  end
  return list
end

local function get_vault(ctx)
  local vault = ctx.state:get(ctx.id)
  if not vault then return arm.not_found(ctx, VAULT, ctx.names[1]) end
  local connections = connections_in_vault(ctx, vault)
  return wire.json(200, {
    id = vault.id, name = vault.name, type = VAULT, location = vault.location,
    properties = {
      sku = { family = "A", name = "standard" }, tenantId = ctx.subscription.tenant_id,
      vaultUri = ("https://%s.vault.azure.net/"):format(vault.name), provisioningState = "Succeeded",
      publicNetworkAccess = vault.public_network_access,
      networkAcls = vault.network_acls and network_acls(vault) or nil,
      privateEndpointConnections = #connections > 0 and connections or nil,
    },
  })
end

-- Storage ----------------------------------------------------------------

local storage_groups = { "table", "blob", "queue", "file", "web", "dfs" }

local function render_account_connection(record)
  return {
    id = record.id, name = record.name, type = record.type,
    properties = {
      provisioningState = record.provisioning_state, privateEndpoint = { id = record.endpoint_id },
      groupIds = record.group_ids, privateLinkServiceConnectionState = connection_state(record),
    },
  }
end

local function decide_account(ctx, record, decision)
  if record.status == decision.status then
    return wire.error(400, "InvalidValuesForRequestParameters",
      "Values for request parameters are invalid: privateLinkServiceConnectionState.status.")
  end
  record.description = decision.description or record.description
  network.decided(ctx.cloud, record, decision.status)
  return wire.json(200, render_account_connection(record))
end

network.add_profile(ACCOUNT, {
  initial_state = "Succeeded",
  name = function(name, target) return ("%s.%s-%s"):format(target.name, name, state.guid()) end,
  groups = function() return storage_groups end,
  resources = resource_list(storage_groups, "privatelink.%s.core.windows.net"),
  render = render_account_connection, decide = decide_account,
  delete = function(ctx, record)
    network.close(ctx.cloud, record)
    return wire.empty(200)
  end,
  answer_get = function(_, record) return wire.json(200, render_account_connection(record)) end,
})

--- Adds a storage account. Fields: id, location, public_network_access, network_acls.
---@param cloud table
---@param fields table
---@return table record
function targets.create_account(cloud, fields)
  return cloud.state:put({
    id = fields.id, type = ACCOUNT, name = fields.id:match("([^/]+)$"), location = fields.location or "westus",
    public_network_access = fields.public_network_access or "Enabled", network_acls = fields.network_acls,
  })
end

local function get_account(ctx)
  local account = ctx.state:get(ctx.id)
  if not account then return arm.not_found(ctx, ACCOUNT, ctx.names[1]) end
  return wire.json(200, {
    id = account.id, name = account.name, type = ACCOUNT, location = account.location, kind = "StorageV2",
    sku = { name = "Standard_LRS", tier = "Standard" },
    properties = {
      provisioningState = "Succeeded", publicNetworkAccess = account.public_network_access,
      networkAcls = network_acls(account),
      privateEndpointConnections = ctx.cloud.array(network.list(ctx, account)),
    },
  })
end

arm.add(network.routes("group/microsoft.keyvault/vaults/*"))
arm.add(network.routes("group/microsoft.storage/storageaccounts/*"))
arm.add({
  ["GET group/microsoft.keyvault/vaults/*"] = get_vault,
  ["GET group/microsoft.storage/storageaccounts/*"] = get_account,
})

return targets
