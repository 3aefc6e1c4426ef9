-- Where the api-version goes, and services that grow.
local TEXT = { ["Content-Type"] = "text/plain" }

local function head(path, query)
  return { method = "HEAD", path = path, query = query }
end

-- several plain calls in order; nothing may come back
local function all(method, calls)
  return function(t)
    for _, call in ipairs(calls) do
      local response, err = t.client:request {
        method = method, path = call[1], query = call[2] }
      if not response then return nil, err end
      assert(response.json == nil)
    end
    return nil
  end
end

local function resilient(clients, tail)
  return "/resiliency/service-driven/" .. clients .. "/add-optional-param/" .. tail
end

local OLD = "client:v1/service:v1/api-version:v1"
local OLD_CLIENT = "client:v1/service:v2/api-version:v1"
local OLD_VERSION = "client:v2/service:v2/api-version:v1"
local NEW = "client:v2/service:v2/api-version:v2"

local function resilience(method, tail, first, last)
  return all(method, {
    { resilient(OLD, tail), first },
    { resilient(OLD_CLIENT, tail), first },
    { resilient(OLD_VERSION, tail), first },
    { resilient(NEW, tail), last },
  })
end

local function v2(path, body)
  return { method = "POST", path = "/versioning/" .. path, body = body }
end

local MODEL = { prop = "foo", enumProp = "enumMember", unionProp = "bar" }
local MODEL_V2 = { prop = "foo", enumProp = "enumMemberV2", unionProp = "bar" }
local WIDGETS = "/azure/versioning/previewVersion/widgets"
local RESILIENCE = "Resilience"
local VERSIONING = "Versioning"

return {
  area = "Endpoint and version",
  rows = {
    { name = "Azure_ClientGenerator_Core_ApiVersion_ClientApiVersions_sendApiVersion",
      gives = "nothing",
      request = { method = "POST", api_version = "2022-10-01",
        path = "/azure/client-generator-core/api-version/client-api-versions" } },
    { name = "Client_AlternateApiVersion_Service_Query_queryApiVersion", gives = "nothing",
      request = { method = "POST", query = { version = "2025-01-01" },
        path = "/azure/client-generator-core/api-version/query" } },
    { name = "Client_AlternateApiVersion_Service_Header_headerApiVersion",
      gives = "nothing",
      request = { method = "POST", headers = { ["x-ms-version"] = "2025-01-01" },
        path = "/azure/client-generator-core/api-version/header" } },
    { name = "Client_AlternateApiVersion_Service_Path_pathApiVersion", gives = "nothing",
      request = { method = "POST",
        path = "/azure/client-generator-core/api-version/path/2025-01-01" } },
    { name = "Azure_Versioning_PreviewVersion_getWidget", gives = "body",
      get = WIDGETS .. "/widget-123", api_version = "2024-12-01-preview" },
    { name = "Azure_Versioning_PreviewVersion_listWidgets", gives = "items:widgets",
      list = WIDGETS, items = "widgets", query = { name = "test" },
      api_version = "2024-06-01" },
    { name = "Azure_Versioning_PreviewVersion_updateWidgetColor", gives = "body",
      request = { method = "PATCH", path = WIDGETS .. "/widget-123/color",
        api_version = "2024-12-01-preview", body = { color = "red" },
        headers = { ["Content-Type"] = "application/merge-patch+json" } } },
    { name = "Service_MultiService_ServiceA_Foo_test", gives = "nothing",
      get = "/service/multi-service/service-a/foo/test", api_version = "av2" },
    { name = "Service_MultiService_ServiceB_Bar_test", gives = "nothing",
      get = "/service/multi-service/service-b/bar/test", api_version = "bv2" },
    { name = "Service_MultipleServices_ServiceA_Operations_opA", gives = "nothing",
      get = "/service/multiple-services/service-a/a-test", api_version = "av2" },
    { name = "Service_MultipleServices_ServiceB_SubNamespace_subOpB", gives = "nothing",
      get = "/service/multiple-services/service-b/b-sub-test", api_version = "bv2" },
    { name = "Server_Endpoint_NotDefined_valid", gives = "nothing",
      request = head("/server/endpoint/not-defined/valid") },
    { name = "Server_Path_Multiple_noOperationParams", gives = "nothing",
      get = "/server/path/multiple/v1.0" },
    { name = "Server_Path_Multiple_withOperationPathParam", gives = "nothing",
      get = "/server/path/multiple/v1.0/test" },
    { name = "Server_Path_Single_myOp", gives = "nothing",
      request = head("/server/path/single/myOp") },
    { name = "Server_Versions_NotVersioned_withoutApiVersion", gives = "nothing",
      request = head("/server/versions/not-versioned/without-api-version") },
    { name = "Server_Versions_NotVersioned_withQueryApiVersion", gives = "nothing",
      request = head("/server/versions/not-versioned/with-query-api-version",
        { ["api-version"] = "v1.0" }) },
    { name = "Server_Versions_NotVersioned_withPathApiVersion", gives = "nothing",
      request = head("/server/versions/not-versioned/with-path-api-version/v1.0") },
    { name = "Server_Versions_Versioned_withoutApiVersion", gives = "nothing",
      request = head("/server/versions/versioned/without-api-version") },
    { name = "Server_Versions_Versioned_withQueryApiVersion", gives = "nothing",
      request = { method = "HEAD", api_version = "2022-12-01-preview",
        path = "/server/versions/versioned/with-query-api-version" } },
    { name = "Server_Versions_Versioned_withPathApiVersion", gives = "nothing",
      request = head("/server/versions/versioned/with-path-api-version/2022-12-01-preview") },
    { name = "Server_Versions_Versioned_withQueryOldApiVersion", gives = "nothing",
      request = { method = "HEAD", api_version = "2021-01-01-preview",
        path = "/server/versions/versioned/with-query-old-api-version" } },

    { name = "Resiliency_ServiceDriven_AddOptionalParam_fromNone", area = RESILIENCE,
      gives = "nothing",
      run = resilience("HEAD", "from-none", nil, { ["new-parameter"] = "new" }) },
    { name = "Resiliency_ServiceDriven_AddOptionalParam_fromOneRequired",
      area = RESILIENCE, gives = "nothing",
      run = resilience("GET", "from-one-required", { parameter = "required" },
        { parameter = "required", ["new-parameter"] = "new" }) },
    { name = "Resiliency_ServiceDriven_AddOptionalParam_fromOneOptional",
      area = RESILIENCE, gives = "nothing",
      run = resilience("GET", "from-one-optional", { parameter = "optional" },
        { parameter = "optional", ["new-parameter"] = "new" }) },
    { name = "Resiliency_ServiceDriven_addOperation", area = RESILIENCE, gives = "nothing",
      delete = "/resiliency/service-driven/" .. NEW .. "/add-operation" },

    { name = "Versioning_Added_v1", area = VERSIONING, gives = "body",
      request = { method = "POST", path = "/versioning/added/api-version:v2/v1",
        headers = { ["header-v2"] = "bar" },
        body = { prop = "foo", enumProp = "enumMemberV2", unionProp = 10 } } },
    { name = "Versioning_Added_v2", area = VERSIONING, gives = "body",
      request = v2("added/api-version:v2/v2", MODEL) },
    { name = "Versioning_Added_InterfaceV2", area = VERSIONING, gives = "body",
      request = v2("added/api-version:v2/interface-v2/v2", MODEL) },
    { name = "Versioning_MadeOptional_test", area = VERSIONING, gives = "body",
      request = v2("made-optional/api-version:v2/test", { prop = "foo" }) },
    { name = "Versioning_Removed_v2", area = VERSIONING, gives = "body",
      request = v2("removed/api-version:v2/v2", MODEL_V2) },
    { name = "Versioning_Removed_modelV3_V2", area = VERSIONING, gives = "body",
      request = v2("removed/api-version:v2/v3", { id = "123", enumProp = "enumMemberV1" }) },
    { name = "Versioning_RenamedFrom_NewInterface", area = VERSIONING, gives = "body",
      request = v2("renamed-from/api-version:v2/interface/test",
        { newProp = "foo", enumProp = "newEnumMember", unionProp = 10 }) },
    { name = "Versioning_ReturnTypeChangedFrom_test", area = VERSIONING, gives = "body",
      request = { method = "POST", headers = TEXT, body = "test",
        path = "/versioning/return-type-changed-from/api-version:v2/test" } },
    { name = "Versioning_TypeChangedFrom_test", area = VERSIONING, gives = "body",
      request = { method = "POST", query = { param = "baz" },
        path = "/versioning/type-changed-from/api-version:v2/test",
        body = { prop = "foo", changedProp = "bar" } } },
  },
}
