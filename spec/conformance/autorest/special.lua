-- What Azure adds to HTTP: subscriptions, api-versions, request ids.
local azure = require "azure"

local SPECIALS = "/azurespecials/"
local SUBSCRIPTION = "1234-5678-9012-3456"
local VERSION = "2015-07-01-preview"
local REQUEST_ID = "9C4D50EE-2D56-4CD3-8152-34347DC9F2B0"
local SECURITY = { credential = azure.identity.static {
  token = "https://security.microsoft.com/.default", expires_on = os.time() + 3600 } }

local rows = {}

local function add(name, method, path, more)
  local row = { name = name, gives = "nothing",
    request = { method = method, path = path },
    sends = { ("%s %s 200"):format(method, path) } }
  for key, value in pairs(more or {}) do
    row[key] = value
  end
  rows[#rows + 1] = row
  return row
end

-- { counter, where it is defined, its scope }
for _, case in ipairs {
  { "MethodLocalValid", "method", "local" }, { "MethodGlobalValid", "method", "global" },
  { "MethodGlobalNotProvidedValid", "method", "globalNotProvided" },
  { "PathLocalValid", "path", "local" }, { "PathGlobalValid", "path", "global" },
  { "SwaggerLocalValid", "swagger", "local" },
  { "SwaggerGlobalValid", "swagger", "global" },
} do
  add("AzureSubscription" .. case[1], "POST", ("%ssubscriptionId/%s/string/none/path/%s/%s/%s")
    :format(SPECIALS, case[2], case[3], SUBSCRIPTION, SUBSCRIPTION))
end

for _, case in ipairs {
  { "MethodLocalNull", "method", "local", "null" },
  { "MethodLocalValid", "method", "local", "2.0" },
  { "MethodGlobalValid", "method", "global", VERSION },
  { "MethodGlobalNotProvidedValid", "method", "globalNotProvided", VERSION },
  { "PathLocalValid", "path", "local", "2.0" },
  { "PathGlobalValid", "path", "global", VERSION },
  { "SwaggerLocalValid", "swagger", "local", "2.0" },
  { "SwaggerGlobalValid", "swagger", "global", VERSION },
} do
  local version = case[4] ~= "null" and case[4] or nil
  local path = ("%sapiVersion/%s/string/none/query/%s/%s"):format(SPECIALS, case[2], case[3],
    case[4])
  local row = add("AzureApiVersion" .. case[1], "GET", path)
  row.request.api_version = version
  if version then row.sends = { ("GET %s?api-version=%s 200"):format(path, version) } end
end

for _, where in ipairs { "Method", "Path", "Swagger" } do
  local base = SPECIALS .. "skipUrlEncoding/" .. where:lower()
  add("Azure" .. where .. "PathUrlEncoding", "GET", base .. "/path/valid/path1/path2/path3")
  add("Azure" .. where .. "QueryUrlEncoding", "GET",
    base .. "/query/valid?q1=value1&q2=value2&q3=value3")
end
add("AzureMethodQueryUrlEncodingNull", "GET",
  SPECIALS .. "skipUrlEncoding/method/query/null")

local filter = add("AzureODataFilter", "GET", SPECIALS .. "odata/filter", {
  sends = { "GET " .. SPECIALS
    .. "odata/filter?$filter=id gt 5 and name eq 'foo'&$orderby=id&$top=10 200" } })
filter.request.query = { ["$filter"] = "id gt 5 and name eq 'foo'", ["$top"] = 10,
  ["$orderby"] = "id" }

local OVERWRITE = SPECIALS .. "overwrite/x-ms-client-request-id/method/"
local VIA = SPECIALS .. "overwrite/x-ms-client-request-id/via-param/method/"

-- sends a header and looks for the service's own id in the answer
local function with_id(name, method, path, sent, answered)
  add(name, method, path, { run = function(t)
    local response, err = t.client:request { method = method, path = path,
      headers = { [sent] = REQUEST_ID } }
    if not response then return nil, err end
    assert(response.headers[answered] == "123", "the service's own id is lost")
    return nil
  end })
end

with_id("AzureXmsRequestClientOverwrite", "GET", OVERWRITE, "x-ms-client-request-id",
  "x-ms-request-id")
with_id("AzureXmsRequestClientOverwriteViaParameter", "GET", VIA,
  "x-ms-client-request-id", "x-ms-request-id")
with_id("AzureXmsCustomNamedRequestId", "POST", SPECIALS .. "customNamedRequestId",
  "foo-client-request-id", "foo-request-id")
with_id("AzureXmsCustomNamedRequestIdParameterGroup", "POST",
  SPECIALS .. "customNamedRequestIdParamGrouping", "foo-client-request-id",
  "foo-request-id")
add("AzureRequestClientIdInError", "GET", OVERWRITE, {
  gives = false, fails = { kind = "service", status = 400, request_id = "123" },
  sends = { "GET " .. OVERWRITE .. " 400" } })

local GROUP = "/subscriptions/" .. SUBSCRIPTION .. "/resourcegroups/testgroup101"
add("SubscriptionIdAndApiVersion", "GET", GROUP, {
  get = GROUP, api_version = "2014-04-01-preview", gives = "body",
  sends = { "GET " .. GROUP .. "?api-version=2014-04-01-preview 200" } })
rows[#rows].request = nil

add("SecurityAad", "HEAD", "/securityaad", { client = SECURITY })
add("SecurityKey", "HEAD", "/securitykey", { client = { credential = false } })
rows[#rows].request.headers = { ["security-key"] = "123456789" }

return { area = "Azure specials", rows = rows }
