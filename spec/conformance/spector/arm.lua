-- Resources of Azure Resource Manager: every kind of scope and verb.
local V = "2023-12-01-preview"
local SUB = "/subscriptions/00000000-0000-0000-0000-000000000000"
local RG = SUB .. "/resourceGroups/test-rg"
local COMMON = RG .. "/providers/Azure.ResourceManager.CommonProperties"
local RESOURCES = "/providers/Azure.ResourceManager.Resources"
local TEMPLATES = "/providers/Azure.ResourceManager.OperationTemplates"
local METHOD = "/providers/Azure.ResourceManager.MethodSubscriptionId"
local GROUP_CHILD = "/providers/Microsoft.Management/managementGroups/test-mg"
  .. "/providers/Microsoft.ManagementGroupChild/managementGroupChildResources"
local SERVICE_CHILD = "/providers/Microsoft.Management/serviceGroups/test-sg"
local TOP = RG .. RESOURCES .. "/topLevelTrackedResources"
local NESTED = TOP .. "/top/nestedProxyResources"
local SINGLETON = RG .. RESOURCES .. "/singletonTrackedResources"
local LOCATION = SUB .. RESOURCES .. "/locations/eastus/locationResources"
local WIDGET = RG .. TEMPLATES .. "/widgets/widget1"
local ONE = SUB .. METHOD .. "/subscriptionResource1s/sub-resource-1"
local TWO = SUB .. METHOD .. "/subscriptionResource2s/sub-resource-2"
local MIXED = SUB .. METHOD .. "/subscriptionResources/sub-resource"
local IN_GROUP = RG .. METHOD .. "/resourceGroupResources/rg-resource"
local VM = RG .. "/providers/Microsoft.Compute/virtualMachines/vm1"
local DISK = RG .. "/providers/Microsoft.Compute/disks/disk1"
local PREFIX = "Azure_ResourceManager_"

local VALID = { properties = { description = "valid" } }
local VALID2 = { properties = { description = "valid2" } }
local TRACKED = { location = "eastus", properties = { description = "valid" } }

local EXTENSION = RESOURCES .. "/extensionsResources"
local SCOPES = { RG, SUB, "", TOP .. "/top" }

-- the same call in every scope; gives the last answer
local function in_scopes(call)
  return function(t)
    local value, err
    for _, scope in ipairs(SCOPES) do
      value, err = call(t.client, scope .. EXTENSION .. "/extension")
      if err then return nil, err end
    end
    return value
  end
end

local function list_in_scopes(t)
  local items
  for _, scope in ipairs(SCOPES) do
    local page, err = t.collect(t.client:list(scope .. EXTENSION, { api_version = V }))
    if not page then return nil, err end
    items = items or {}
    table.move(page, 1, #page, #items + 1, items)
  end
  return items
end

-- an action whose body may be left out: first without, then with
local function optional_body(method, path, body)
  return function(t)
    local opts = { api_version = V }
    local empty, err = t.client[method](t.client, path, nil, opts)
    if not empty then return nil, err end
    local with
    with, err = t.client[method](t.client, path, body, opts)
    if not with then return nil, err end
    return { empty, with }
  end
end

local BOTH = "bodies"

local rows = {
  { "CommonProperties_ManagedIdentity_get",
    get = COMMON .. "/managedIdentityTrackedResources/identity" },
  { "CommonProperties_ManagedIdentity_createWithSystemAssigned",
    put = COMMON .. "/managedIdentityTrackedResources/identity",
    body = { location = "eastus", tags = { tagKey1 = "tagValue1" }, properties = {},
      identity = { type = "SystemAssigned" } } },
  { "CommonProperties_Error_getForPredefinedError",
    get = COMMON .. "/confidentialResources/confidential",
    fails = { kind = "service", status = 404, code = "ResourceNotFound" } },
  { "CommonProperties_Error_createForUserDefinedError",
    put = COMMON .. "/confidentialResources/confidential",
    body = { location = "eastus", properties = { username = "00" } },
    fails = { kind = "service", status = 400, code = "BadRequest" } },
  { "CommonProperties_ArmResourceIdentifiers_get",
    get = COMMON .. "/armResourceIdentifierResources/armId" },

  { "ManagementGroup_ManagementGroupChildResources_get", get = GROUP_CHILD .. "/resource" },
  { "ManagementGroup_ManagementGroupChildResources_createOrUpdate",
    put = GROUP_CHILD .. "/resource", body = VALID },
  { "ManagementGroup_ManagementGroupChildResources_update",
    patch = GROUP_CHILD .. "/resource", body = VALID2 },
  { "ManagementGroup_ManagementGroupChildResources_delete",
    delete = GROUP_CHILD .. "/resource", gives = "nothing" },
  { "ManagementGroup_ManagementGroupChildResources_listByManagementGroup",
    list = GROUP_CHILD, gives = "items:value" },

  { "MethodSubscriptionId_Operations", list = METHOD .. "/operations",
    gives = "items:value" },
  { "MethodSubscriptionId_TwoSubscriptionResourcesMethodLevel_"
    .. "SubscriptionResource1Operations_get", get = ONE },
  { "MethodSubscriptionId_TwoSubscriptionResourcesMethodLevel_"
    .. "SubscriptionResource1Operations_put", put = ONE,
    body = { properties = { description = "Valid subscription resource 1" } } },
  { "MethodSubscriptionId_TwoSubscriptionResourcesMethodLevel_"
    .. "SubscriptionResource1Operations_delete", delete = ONE, gives = "nothing" },
  { "MethodSubscriptionId_TwoSubscriptionResourcesMethodLevel_"
    .. "SubscriptionResource2Operations_get", get = TWO },
  { "MethodSubscriptionId_TwoSubscriptionResourcesMethodLevel_"
    .. "SubscriptionResource2Operations_delete", delete = TWO, gives = "nothing" },
  { "MethodSubscriptionId_MixedSubscriptionPlacement_SubscriptionResourceOperations_get",
    get = MIXED },
  { "MethodSubscriptionId_MixedSubscriptionPlacement_SubscriptionResourceOperations_put",
    put = MIXED, body = { properties = { subscriptionSetting = "test-sub-setting" } } },
  { "MethodSubscriptionId_MixedSubscriptionPlacement_SubscriptionResourceOperations_delete",
    delete = MIXED, gives = "nothing" },
  { "MethodSubscriptionId_MixedSubscriptionPlacement_ResourceGroupResourceOperations_get",
    get = IN_GROUP },
  { "MethodSubscriptionId_MixedSubscriptionPlacement_ResourceGroupResourceOperations_put",
    put = IN_GROUP,
    body = { location = "eastus", properties = { resourceGroupSetting = "test-setting" } } },
  { "MethodSubscriptionId_MixedSubscriptionPlacement_ResourceGroupResourceOperations_delete",
    delete = IN_GROUP, gives = "nothing" },

  { "MultiService_Compute_VirtualMachines_get", get = VM, api_version = "2025-04-01" },
  { "MultiService_Compute_VirtualMachines_createOrUpdate", put = VM,
    api_version = "2025-04-01", body = { location = "eastus", properties = {} } },
  { "MultiService_ComputeDisk_Disks_get", get = DISK, api_version = "2025-01-02" },
  { "MultiService_ComputeDisk_Disks_createOrUpdate", put = DISK,
    api_version = "2025-01-02", body = { location = "eastus", properties = {} } },
  { "NonResource_NonResourceOperations_get", api_version = false,
    get = SUB .. "/providers/Microsoft.NonResource/locations/eastus/otherParameters/hello" },
  { "NonResource_NonResourceOperations_create", api_version = false,
    put = SUB .. "/providers/Microsoft.NonResource/locations/eastus/otherParameters/hello",
    body = { id = "id", name = "hello", type = "nonResource" } },

  { "OperationTemplates_ListAvailableOperations", list = TEMPLATES .. "/operations",
    gives = "items:value" },
  { "OperationTemplates_CheckNameAvailability_checkGlobal",
    post = SUB .. TEMPLATES .. "/checkNameAvailability",
    body = { name = "checkName", type = "Microsoft.Web/site" } },
  { "OperationTemplates_CheckNameAvailability_checkLocal",
    post = SUB .. TEMPLATES .. "/locations/westus/checkNameAvailability",
    body = { name = "checkName", type = "Microsoft.Web/site" } },
  { "OperationTemplates_OptionalBody_get", get = WIDGET },
  { "OperationTemplates_OptionalBody_patch", gives = BOTH,
    run = optional_body("patch", WIDGET, { properties = {
      name = "updated-widget", description = "Updated description" } }) },
  { "OperationTemplates_OptionalBody_post", gives = BOTH,
    run = optional_body("post", WIDGET .. "/post",
      { actionType = "perform", parameters = "test-parameters" }) },
  { "OperationTemplates_OptionalBody_providerPost", gives = BOTH,
    run = optional_body("post", SUB .. TEMPLATES .. "/providerPost",
      { totalAllowed = 100, reason = "Increased demand" }) },
  { "OperationTemplates_Legacy_createOrReplaceOptionalBody", gives = BOTH,
    run = optional_body("put", RG .. TEMPLATES .. "/configurations/default",
      { location = "eastus", properties = { configValue = "custom-value" } }) },
  { "OperationTemplates_Legacy_routedGet",
    get = RG .. TEMPLATES .. "/configurations/default/diagnostics/memory" },
  { "OperationTemplates_Paging_markAsPageable", gives = "items:value",
    list = RG .. TEMPLATES .. "/monitors/monitor1/collections" },

  { "Resources_ExtensionsResources_get",
    run = in_scopes(function(client, id) return client:get(id, { api_version = V }) end) },
  { "Resources_ExtensionsResources_createOrUpdate",
    run = in_scopes(function(client, id)
      return client:put(id, VALID, { api_version = V })
    end) },
  { "Resources_ExtensionsResources_update",
    run = in_scopes(function(client, id)
      return client:patch(id, VALID2, { api_version = V })
    end) },
  { "Resources_ExtensionsResources_delete", gives = "nothing",
    run = in_scopes(function(client, id) return client:delete(id, nil, { api_version = V }) end) },
  { "Resources_ExtensionsResources_listByScope", gives = "items:value",
    run = list_in_scopes },
  { "Resources_LocationResources_get", get = LOCATION .. "/resource" },
  { "Resources_LocationResources_createOrUpdate", put = LOCATION .. "/resource",
    body = VALID },
  { "Resources_LocationResources_update", patch = LOCATION .. "/resource", body = VALID2 },
  { "Resources_LocationResources_delete", delete = LOCATION .. "/resource",
    gives = "nothing" },
  { "Resources_LocationResources_listByLocation", list = LOCATION, gives = "items:value" },
  { "Resources_Singleton_getByResourceGroup", get = SINGLETON .. "/default" },
  { "Resources_Singleton_createOrUpdate", put = SINGLETON .. "/default", body = TRACKED },
  { "Resources_Singleton_update", patch = SINGLETON .. "/default", body = VALID2 },
  { "Resources_Singleton_listByResourceGroup", list = SINGLETON, gives = "items:value" },
  { "Resources_TopLevel_actionSync", post = TOP .. "/top/actionSync", gives = "nothing",
    body = { message = "Resource action at top level.", urgent = true } },
  { "Resources_TopLevel_get", get = TOP .. "/top" },
  { "Resources_TopLevel_createOrReplace", put = TOP .. "/top", body = TRACKED },
  { "Resources_TopLevel_update", patch = TOP .. "/top", body = VALID2 },
  { "Resources_TopLevel_delete", delete = TOP .. "/top", gives = "nothing" },
  { "Resources_TopLevel_listByResourceGroup", list = TOP, gives = "items:value" },
  { "Resources_TopLevel_listBySubscription", gives = "items:value",
    list = SUB .. RESOURCES .. "/topLevelTrackedResources" },
  { "Resources_Nested_get", get = NESTED .. "/nested" },
  { "Resources_Nested_createOrReplace", put = NESTED .. "/nested", body = VALID },
  { "Resources_Nested_update", patch = NESTED .. "/nested", body = VALID2 },
  { "Resources_Nested_delete", delete = NESTED .. "/nested", gives = "nothing" },
  { "Resources_Nested_listByTopLevelTrackedResource", list = NESTED,
    gives = "items:value" },
  { "ServiceGroupExtension_ServiceGroupExtensionResources_get",
    get = SERVICE_CHILD
      .. "/providers/Microsoft.ServiceGroupExtension"
      .. "/serviceGroupExtensionResources/resource" },
}

for _, row in ipairs(rows) do
  row.name = PREFIX .. row[1]
  if not row.fails then row.gives = row.gives or "body" end
end

return { area = "ARM resources", api_version = V, rows = rows }
