-- Long-running operations: Operation-Location, Azure-AsyncOperation, Location.
-- Where the service puts the outcome into `result` of the status, that is what
-- the client gives.
local SUB = "/subscriptions/00000000-0000-0000-0000-000000000000"
local RG = SUB .. "/resourceGroups/test-rg"
local TEMPLATES = "/providers/Azure.ResourceManager.OperationTemplates"
local ORDER = RG .. TEMPLATES .. "/orders/order1"
local CORE, ARM = "2022-12-01-preview", "2023-12-01-preview"
local MADGE = "/azure/core/lro/standard/users/madge"

-- an operation whose result is the first page of a list
local function paged(name, body)
  return function(t)
    local op <close> = t.client:begin {
      method = "POST", api_version = ARM, body = body,
      path = RG .. TEMPLATES .. "/products/default/" .. name }
    local page, err = op:wait { timeout = 20 }
    if not page then return nil, err end
    local rest
    rest, err = t.collect(t.client:list(page.nextLink))
    if not rest then return nil, err end
    return table.move(rest, 1, #rest, #page.value + 1, page.value)
  end
end

return {
  area = "Long-running operations",
  rows = {
    { name = "Azure_Core_Lro_Rpc_longRunningRpc", gives = "body:result",
      begin = { method = "POST", path = "/azure/core/lro/rpc/generations:submit",
        api_version = CORE, body = { prompt = "text" } } },
    { name = "Azure_Core_Lro_Standard_createOrReplace", gives = "body",
      put = MADGE, api_version = CORE, body = { role = "contributor" } },
    { name = "Azure_Core_Lro_Standard_delete", gives = "nothing",
      delete = MADGE, api_version = CORE },
    { name = "Azure_Core_Lro_Standard_export", gives = "body:result",
      begin = { method = "POST", path = MADGE .. ":export", api_version = CORE,
        query = { format = "json" } } },
    { name = "Azure_ResourceManager_OperationTemplates_Lro_createOrReplace",
      gives = "body", put = ORDER, api_version = ARM,
      body = { location = "eastus", properties = { productId = "product1", amount = 1 } } },
    { name = "Azure_ResourceManager_OperationTemplates_Lro_export", gives = "body",
      begin = { method = "POST", path = ORDER .. "/export", api_version = ARM,
        body = { format = "csv" }, final_state_via = "location" } },
    { name = "Azure_ResourceManager_OperationTemplates_Lro_exportArray", gives = "body",
      begin = { method = "POST", path = SUB .. TEMPLATES .. "/exportArray",
        api_version = ARM, body = { format = "csv" }, final_state_via = "location" } },
    { name = "Azure_ResourceManager_OperationTemplates_Lro_delete", gives = "nothing",
      delete = ORDER, api_version = ARM },
    { name = "Azure_ResourceManager_OperationTemplates_Lro_getLro", gives = "body",
      begin = { method = "GET", path = RG .. TEMPLATES .. "/costReports/report1",
        api_version = ARM } },
    { name = "Azure_ResourceManager_OperationTemplates_LroPaging_postPagingLro",
      gives = "items:value", run = paged("postPagingLro") },
    { name = "Azure_ResourceManager_OperationTemplates_LroPaging_postPagingLroWithBody",
      gives = "items:value", run = paged("postPagingLroWithBody", { vnetId = "vnet1" }) },
    { name = "Azure_ResourceManager_LargeHeader_LargeHeaders_two6k", gives = "body",
      post = RG .. "/providers/Azure.ResourceManager.LargeHeader/largeHeaders/header1/two6k",
      api_version = ARM },
  },
}
