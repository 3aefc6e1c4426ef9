-- Plain calls of data-plane services: bodies, headers, statuses.
local json = require "azure.json"

local V = "2022-12-01-preview"
local USERS = "/azure/core/basic/users"
local null = json.null

local MADGE = { name = "InnerMadge", description = "innerDesc" }
local MERGE = { ["Content-Type"] = "application/merge-patch+json" }

-- a call that must be refused, with what the service said
local function refused(request)
  return function(t)
    local response, err = t.client:request(request)
    assert(not response, "must not succeed")
    assert(err.body, "the error has lost the service's words")
    assert(json.decode(err.body))
    return nil, err
  end
end

-- HEAD answers by its status
local function head(path)
  return function(t)
    local response, err = t.client:request { method = "HEAD", path = path }
    if not response then return nil, err end
    assert(response.body == "" or response.body == nil, "a HEAD has no body")
    return nil
  end
end

local function traits(t)
  local response, err = t.client:request {
    method = "GET", path = "/azure/core/traits/user/1",
    headers = {
      foo = "123",
      ["If-Match"] = "\"valid\"",
      ["If-None-Match"] = "\"invalid\"",
      ["If-Modified-Since"] = "Thu, 26 Aug 2021 14:38:00 GMT",
      ["If-Unmodified-Since"] = "Fri, 26 Aug 2022 14:38:00 GMT",
      ["x-ms-client-request-id"] = "86aede1f-96fa-4e7f-b1e1-bf8a947cb804",
    },
  }
  if not response then return nil, err end
  assert(response.headers.Bar == "456", "header bar")
  assert(response.headers.etag == "11bdc430-65e8-45ad-81d9-8ffa60d55b59")
  return response.json
end

local function send(method, path, headers, body)
  return { method = method, path = path, headers = headers, body = body }
end

local STATUS = "Errors and statuses"
local HEADERS = "Headers"

return {
  area = "Data plane",
  rows = {
    { name = "Azure_Core_Basic_createOrUpdate", gives = "body",
      request = { method = "PATCH", path = USERS .. "/1", api_version = V,
        headers = MERGE, body = { name = "Madge" } } },
    { name = "Azure_Core_Basic_createOrReplace", gives = "body",
      request = { method = "PUT", path = USERS .. "/1", api_version = V,
        body = { name = "Madge" } } },
    { name = "Azure_Core_Basic_get", gives = "body", get = USERS .. "/1", api_version = V },
    { name = "Azure_Core_Basic_list", gives = "items:value", list = USERS,
      api_version = V,
      query = { top = 5, skip = 10, orderby = "id", filter = "id lt 10",
        select = { "id", "orders", "etag" }, expand = "orders" } },
    { name = "Azure_Core_Basic_delete", gives = "nothing",
      delete = USERS .. "/1", api_version = V },
    { name = "Azure_Core_Basic_export", gives = "body",
      request = { method = "POST", path = USERS .. "/1:export", api_version = V,
        query = { format = "json" } } },
    { name = "Azure_Core_Basic_exportAllUsers", gives = "body",
      request = { method = "POST", path = USERS .. ":exportallusers?format=json",
        api_version = V } },
    { name = "Payload_JsonMergePatch_createResource", gives = "body",
      request = send("PUT", "/json-merge-patch/create/resource", nil, {
        name = "Madge", description = "desc", map = { key = MADGE },
        array = { MADGE }, intValue = 1, floatValue = 1.25,
        innerModel = MADGE, intArray = { 1, 2, 3 } }) },
    { name = "Payload_JsonMergePatch_updateResource", gives = "body",
      request = send("PATCH", "/json-merge-patch/update/resource", MERGE, {
        description = null,
        map = { key = { description = null }, key2 = null },
        array = null, intValue = null, floatValue = null, innerModel = null,
        intArray = null }) },
    { name = "Payload_JsonMergePatch_updateOptionalResource", gives = "body",
      request = send("PATCH", "/json-merge-patch/update/resource/optional", MERGE, {
        description = null,
        map = { key = { description = null }, key2 = null },
        array = null, intValue = null, floatValue = null, innerModel = null,
        intArray = null }) },

    { name = "Azure_ClientGenerator_Core_ResponseAsBool_HeadAsBoolean_exists",
      area = STATUS, gives = "nothing",
      run = head("/azure/client-generator-core/response-as-bool/exists") },
    { name = "Azure_ClientGenerator_Core_ResponseAsBool_HeadAsBoolean_notExists",
      area = STATUS, fails = { kind = "service", status = 404 },
      run = head("/azure/client-generator-core/response-as-bool/exists/not-exists") },
    { name = "Payload_Head_contentTypeHeaderInResponse", area = STATUS,
      gives = "nothing", run = head("/payload/head/content-type-header-in-response") },
    { name = "Response_BodyOrNoContent_getBody", area = STATUS, gives = "body",
      get = "/response/body-or-no-content/body" },
    { name = "Response_BodyOrNoContent_getNoContent", area = STATUS, gives = "nothing",
      request = send("GET", "/response/body-or-no-content/no-content") },
    { name = "Response_StatusCodeRange_errorResponseStatusCodeInRange", area = STATUS,
      fails = { kind = "service", status = 494, code = "request-header-too-large" },
      run = refused(send("GET",
        "/response/status-code-range/error-response-status-code-in-range")) },
    { name = "Response_StatusCodeRange_errorResponseStatusCode404", area = STATUS,
      fails = { kind = "service", status = 404, code = "not-found" },
      run = refused(send("GET",
        "/response/status-code-range/error-response-status-code-404")) },

    { name = "Azure_Core_Traits_smokeTest", area = HEADERS, gives = "body", run = traits },
    { name = "Azure_Core_Traits_repeatableAction", area = HEADERS, gives = "body",
      request = send("POST", "/azure/core/traits/user/1:repeatableAction", {
        ["Repeatability-Request-ID"] = "86aede1f-96fa-4e7f-b1e1-bf8a947cb804",
        ["Repeatability-First-Sent"] = "Mon, 27 Nov 2023 11:58:00 GMT",
      }, { userActionValue = "test" }) },
    { name = "Azure_SpecialHeaders_XmsClientRequestId", area = HEADERS, gives = "nothing",
      run = function(t)
        local id = "123e4567-e89b-12d3-a456-426614174000"
        local response, err = t.client:request {
          method = "GET", path = "/azure/special-headers/x-ms-client-request-id",
          headers = { ["x-ms-client-request-id"] = id } }
        if not response then return nil, err end
        assert(response.headers["x-ms-client-request-id"] == id)
        return nil
      end },
    { name = "Azure_SpecialHeaders_ConditionalRequest_postIfMatch", area = HEADERS,
      gives = "nothing",
      request = send("POST", "/azure/special-headers/conditional-request/if-match",
        { ["If-Match"] = "\"valid\"" }) },
    { name = "Azure_SpecialHeaders_ConditionalRequest_postIfNoneMatch", area = HEADERS,
      gives = "nothing",
      request = send("POST", "/azure/special-headers/conditional-request/if-none-match",
        { ["If-None-Match"] = "\"invalid\"" }) },
    { name = "Azure_SpecialHeaders_ConditionalRequest_postCustomIfNoneMatch",
      area = HEADERS, gives = "nothing",
      request = send("POST",
        "/azure/special-headers/conditional-request/custom-if-none-match",
        { ["x-ms-blob-if-none-match"] = "\"invalid\"" }) },
    { name = "Azure_SpecialHeaders_ConditionalRequest_postCustomIfMatch",
      area = HEADERS, gives = "nothing",
      request = send("POST", "/azure/special-headers/conditional-request/custom-if-match",
        { ["x-ms-blob-if-match"] = "\"valid\"" }) },
    { name = "SpecialHeaders_ConditionalRequest_headIfModifiedSince", area = HEADERS,
      gives = "nothing",
      request = send("HEAD", "/special-headers/conditional-request/if-modified-since",
        { ["If-Modified-Since"] = "Fri, 26 Aug 2022 14:38:00 GMT" }) },
    { name = "SpecialHeaders_ConditionalRequest_postIfUnmodifiedSince", area = HEADERS,
      gives = "nothing",
      request = send("POST", "/special-headers/conditional-request/if-unmodified-since",
        { ["If-Unmodified-Since"] = "Fri, 26 Aug 2022 14:38:00 GMT" }) },
    { name = "SpecialHeaders_ConditionalRequest_postIfMatch", area = HEADERS,
      gives = "nothing",
      request = send("POST", "/special-headers/conditional-request/if-match",
        { ["If-Match"] = "\"valid\"" }) },
    { name = "SpecialHeaders_ConditionalRequest_postIfNoneMatch", area = HEADERS,
      gives = "nothing",
      request = send("POST", "/special-headers/conditional-request/if-none-match",
        { ["If-None-Match"] = "\"invalid\"" }) },
    { name = "SpecialHeaders_Repeatability_immediateSuccess", area = HEADERS,
      gives = "nothing",
      request = send("POST", "/special-headers/repeatability/immediateSuccess", {
        ["Repeatability-Request-ID"] = "2378d9bc-1726-11ee-be56-0242ac120002",
        ["Repeatability-First-Sent"] = "Tue, 15 Nov 2022 12:45:26 GMT" }) },
  },
}
