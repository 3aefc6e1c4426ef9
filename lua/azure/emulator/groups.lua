--- Microsoft.Resources: subscriptions, resource groups, providers; and
-- Microsoft.Authorization/permissions. Deleting a group answers 202 with
-- Location and Retry-After alone and ends in an empty 200
-- (azure-service-operator recording Test_SignalRService_SignalR_CRUD.yaml).

local core = require "azure.core"
local arm = require "azure.emulator.arm"
local catalog = require "azure.emulator.catalog"
local lro = require "azure.emulator.lro"
local wire = require "azure.emulator.wire"

local RETRY_AFTER_S = 15

local groups = {}

local GROUP_TYPE = "Microsoft.Resources/resourceGroups"

local function render_group(group)
  return {
    id = group.id, name = group.name, type = GROUP_TYPE, location = group.location, tags = group.tags,
    properties = { provisioningState = group.deleting and "Deleting" or "Succeeded" },
  }
end

local function group_id(ctx)
  return ctx.subscription.id .. "/resourceGroups/" .. ctx.group_name
end

local function missing_group(ctx)
  local answer = wire.error(404, "ResourceGroupNotFound",
    ("Resource group '%s' could not be found."):format(ctx.group_name))
  wire.set_header(answer, "x-ms-failure-cause", "gateway")
  return answer
end

local function get_group(ctx)
  local group = ctx.state:get(group_id(ctx))
  return group and wire.json(200, render_group(group)) or missing_group(ctx)
end

local function head_group(ctx)
  return ctx.state:get(group_id(ctx)) and wire.empty(204) or wire.empty(404)
end

local function put_group(ctx)
  local body, refusal = arm.body(ctx)
  if not body then return refusal end
  local group = ctx.state:get(group_id(ctx))
  if type(body.location) ~= "string" then
    return wire.error(400, "LocationRequired", "The location property is required for this definition.")
  end
  if group and group.location:lower() ~= body.location:lower() then
    return wire.error(409, "InvalidResourceGroupLocation", ("Invalid resource group location '%s'. The Resource group "
      .. "already exists in location '%s'."):format(body.location, group.location))
  end
  local status = group and 200 or 201
  group = group or groups.create(ctx.cloud, ctx.subscription, ctx.group_name, body.location)
  group.tags = body.tags
  return wire.json(status, render_group(group))
end

local function list_groups(ctx)
  local list = {}
  for _, group in ipairs(ctx.state:all(GROUP_TYPE, ctx.subscription.id)) do list[#list + 1] = render_group(group) end
  return wire.json(200, { value = ctx.cloud.array(list) })
end

local function delete_group(ctx)
  local group = ctx.state:get(group_id(ctx))
  if not group then return missing_group(ctx) end
  group.deleting = true
  local operation = lro.start(ctx.cloud, { timing = "group_delete", apply = function()
    ctx.state:remove(group.id)
  end })
  local job = ('{"jobId":"RESOURCEGROUPDELETIONJOB-%s-EASTUS","jobLocation":"eastus"}'):format(
    group.name:upper():gsub("-", ":2D"))
  local path = ("%s/operationresults/%s.%s"):format(ctx.subscription.id, core.base64url(job), operation.guid:sub(1, 8))
  local url
  url = lro.url(ctx.cloud, operation, path, ctx.api_version, function()
    return lro.location_answer(operation, url, RETRY_AFTER_S)
  end)
  return wire.empty(202, { { "Location", url }, { "Retry-After", tostring(RETRY_AFTER_S) } })
end

-- `resourceGroup eq 'contoso' and resourceType eq 'Microsoft.Web/sites'`, as
-- far as it is a list of equalities.
local function read_filter(text)
  local wanted = {}
  for field, value in (text or ""):gmatch("(%a+)%s+eq%s+'([^']*)'") do wanted[field:lower()] = value:lower() end
  return wanted
end

local function passes(wanted, field, value)
  return not wanted[field] or wanted[field] == (value or ""):lower()
end

local function add_resources(ctx, below, list)
  local wanted = read_filter(ctx.request.query["$filter"])
  for _, record in ipairs(ctx.state:children(below)) do
    local fits = passes(wanted, "resourcegroup", below:match("[^/]+$")) and passes(wanted, "name", record.name)
      and passes(wanted, "resourcetype", record.type) and passes(wanted, "location", record.location)
    if fits then
      list[#list + 1] = {
        id = record.id, name = record.name, type = record.type, location = record.location, tags = record.tags,
        kind = record.kind, sku = record.sku,
      }
    end
  end
end

local function list_resources(ctx)
  local list = {}
  add_resources(ctx, group_id(ctx), list)
  return wire.json(200, { value = ctx.cloud.array(list) })
end

local function list_all_resources(ctx)
  local list = {}
  for _, group in ipairs(ctx.state:all(GROUP_TYPE, ctx.subscription.id)) do add_resources(ctx, group.id, list) end
  return wire.json(200, { value = ctx.cloud.array(list) })
end

local function render_subscription(subscription)
  return {
    id = subscription.id, subscriptionId = subscription.name, tenantId = subscription.tenant_id,
    displayName = subscription.display_name, state = "Enabled", authorizationSource = "RoleBased",
  }
end

local function list_subscriptions(ctx)
  local list = {}
  for _, subscription in ipairs(ctx.state:all("Microsoft.Resources/subscriptions")) do
    if subscription.tenant_id == ctx.principal.tenant_id then list[#list + 1] = render_subscription(subscription) end
  end
  return wire.json(200, { value = ctx.cloud.array(list), count = { type = "Total", value = #list } })
end

local function render_provider(ctx, namespace)
  local provider = catalog.providers[namespace]
  local types = {}
  for _, name in pairs(provider.types) do
    types[#types + 1] = { resourceType = name, locations = { "East US", "West US" }, apiVersions = provider.versions }
  end
  table.sort(types, function(a, b) return a.resourceType < b.resourceType end)
  return {
    id = ctx.subscription.id .. "/providers/" .. provider.name, namespace = provider.name,
    registrationPolicy = "RegistrationRequired", resourceTypes = types,
    registrationState = ctx.subscription.registrations[namespace] or "Registered",
  }
end

local function with_provider(handler)
  return function(ctx)
    local namespace = ctx.names[#ctx.names]:lower()
    if not catalog.providers[namespace] then
      return wire.error(404, "InvalidResourceNamespace",
        ("The resource namespace '%s' is invalid."):format(ctx.names[#ctx.names]))
    end
    return handler(ctx, namespace)
  end
end

local get_provider = with_provider(function(ctx, namespace)
  return wire.json(200, render_provider(ctx, namespace))
end)

local register = with_provider(function(ctx, namespace)
  local registrations = ctx.subscription.registrations
  if registrations[namespace] and registrations[namespace] ~= "Registered" then
    registrations[namespace] = "Registering"
    ctx.state:after(ctx.cloud.options.timing("registration"), function() registrations[namespace] = "Registered" end)
  end
  return wire.json(200, render_provider(ctx, namespace))
end)

local unregister = with_provider(function(ctx, namespace)
  ctx.subscription.registrations[namespace] = "Unregistered"
  return wire.json(200, render_provider(ctx, namespace))
end)

local function list_providers(ctx)
  local list = {}
  for namespace in pairs(catalog.providers) do list[#list + 1] = render_provider(ctx, namespace) end
  table.sort(list, function(a, b) return a.namespace < b.namespace end)
  return wire.json(200, { value = list })
end

local function permissions(ctx)
  local inside = ctx.principal:may("Microsoft.Authorization/permissions/read", ctx.scope)
  local list = inside and { {
    actions = ctx.cloud.array(ctx.principal.actions), notActions = ctx.cloud.array(ctx.principal.not_actions),
    dataActions = ctx.cloud.array({}), notDataActions = ctx.cloud.array({}),
  } } or {}
  return wire.json(200, { value = ctx.cloud.array(list) })
end

--- Adds a resource group.
---@param cloud table
---@param subscription table
---@param name string
---@param location string
---@return table group
function groups.create(cloud, subscription, name, location)
  return cloud.state:put({
    id = subscription.id .. "/resourceGroups/" .. name, type = GROUP_TYPE, name = name, location = location,
  })
end

--- Adds a subscription, or returns the one that is there.
---@param cloud table
---@param id string
---@param tenant_id string?
---@return table subscription
function groups.subscription(cloud, id, tenant_id)
  local path = "/subscriptions/" .. id
  return cloud.state:get(path) or cloud.state:put({
    id = path, type = "Microsoft.Resources/subscriptions", name = id, registrations = {},
    tenant_id = tenant_id or cloud.tenant_id, display_name = "Emulated subscription",
  })
end

arm.add({
  ["GET tenant"] = list_subscriptions,
  ["GET tenant/subscriptions"] = list_subscriptions,
  ["GET sub"] = function(ctx) return wire.json(200, render_subscription(ctx.subscription)) end,
  ["GET sub/resourcegroups"] = list_groups,
  ["GET group"] = get_group, ["HEAD group"] = head_group, ["PUT group"] = put_group, ["PATCH group"] = put_group,
  ["DELETE group"] = delete_group, ["GET group/resources"] = list_resources,
  ["GET sub/resources"] = list_all_resources,
  ["GET sub/providers"] = list_providers, ["GET sub/providers/*"] = get_provider,
  ["POST sub/providers/*/register"] = register, ["POST sub/providers/*/unregister"] = unregister,
  ["GET any/microsoft.authorization/permissions"] = permissions,
})

return groups
