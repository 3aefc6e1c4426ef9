-- Microsoft.SignalRService. azure-cli recordings test_signalr_private_endpoint
-- .yaml (2023, plain URLs) and test_signalr_private_endpoint_2.yaml (2024,
-- signed URLs); azure-service-operator Test_SignalRService_SignalR_CRUD.yaml
-- (2025, delete); azure-sdk-for-net SharedPrivateLinkTests/GetAll.json (list).
local parts = require "spec.azure.recorded.parts"

local asked = parts.group .. "/providers/Microsoft.SignalRService/signalR/signalr000002"
local named = parts.group .. "/providers/Microsoft.SignalRService/SignalR/signalr000002"
local guid = "d0bd6a4c-2f3e-4e53-8f32-6e3bd9fc1f2e"
local version = "?api-version=2023-06-01-preview"
local old_version = "?api-version=2020-05-01"
local connection = "/privateEndpointConnections/signalr000002.a23b672d-a4ee-4bb0-bc55-67951e94f89e"

local function status_url(ver) return named .. "/operationStatuses/" .. guid .. (ver or version) end
local function result_url(ver) return named .. "/operationResults/" .. guid .. (ver or version) end

local function status(word, more)
  return ('{"id":"%s/operationStatuses/%s","name":"%s","status":"%s","startTime":"2023-10-08T02:31:38.9605601Z"%s}')
    :format(named, guid, guid, word, more or "")
end
local running = status("Running")
local succeeded = status("Succeeded", ',"endTime":"2023-10-08T02:32:47.593097Z"')

local function resource(state, ip, ver)
  return ('{"sku":{"name":"Standard_S1","tier":"Standard","size":"S1","capacity":1},"properties":{"provisioningState"'
    .. ':"%s","externalIP":%s,"hostName":"signalr000002.service.signalr.net","publicPort":443,"serverPort":443,'
    .. '"version":"%s","privateEndpointConnections":[],"sharedPrivateLinkResources":[],"liveTraceConfiguration":null,'
    .. '"upstream":{"templates":null}},"kind":"SignalR","location":"eastus","tags":null,"id":"%s","name":'
    .. '"signalr000002","type":"Microsoft.SignalRService/SignalR"}'):format(state, ip, ver, named)
end

local function private_endpoint(state, word)
  return ('{"properties":{"provisioningState":"%s","privateEndpoint":{"id":"%s/providers/Microsoft.Network/'
    .. 'privateEndpoints/private_endpoint1"},"privateLinkServiceConnectionState":{"status":"%s","description":null,'
    .. '"actionsRequired":"None"}},"id":"%s%s","name":"signalr000002.a23b672d-a4ee-4bb0-bc55-67951e94f89e",'
    .. '"type":"Microsoft.SignalRService/SignalR/privateEndpointConnections"}'):format(state, parts.group, word, named,
    connection)
end

local headers = parts.signalr_headers
local ok = headers{ { "vary", "Accept-Encoding" } }

local create_body = '{"location":"eastus","sku":{"name":"Standard_S1","capacity":1},"properties":{"features":'
  .. '[{"flag":"ServiceMode","value":"Default"}],"cors":{},"networkACLs":{"defaultAction":"Allow"},'
  .. '"publicNetworkAccess":"Enabled","disableLocalAuth":false,"disableAadAuth":false}}'

-- 2023: one principal's count; 2024: that and the one of all principals.
local old_limits = { { "x-ms-ratelimit-remaining-subscription-writes", "1198" } }
local both_limits = { { "x-ms-ratelimit-remaining-subscription-writes", "199" },
  { "x-ms-ratelimit-remaining-subscription-global-writes", "2999" } }

-- The create, with the URLs as they are or signed.
local function create(name, sign, limits)
  local status_at, result_at = sign(status_url(), 7), sign(result_url(), 9)
  return {
    name = name, call = { "put", asked .. version, create_body },
    { "PUT", asked .. version, 201, body = resource("Creating", "null", "1.0-preview"), headers = headers{
      { "azure-asyncoperation", "{arm}" .. status_at }, { "location", "{arm}" .. result_at },
      table.unpack(limits) } },
    { "GET", status_at, 200, headers = ok, body = running, wait = 2 },
    { "GET", status_at, 200, headers = ok, body = running, wait = 3 },
    { "GET", status_at, 200, headers = ok, body = running, wait = 4.5 },
    { "GET", status_at, 200, headers = ok, body = succeeded, wait = 6.75 },
    { "GET", asked .. version, 200, headers = ok, body = resource("Succeeded", '"20.88.155.1"', "1.0") },
    result = { ["properties.provisioningState"] = "Succeeded", ["properties.externalIP"] = "20.88.155.1",
      ["properties.version"] = "1.0" },
  }
end

local function decide(word)
  return {
    name = "PUT of a connection that becomes " .. word .. ": 200, a status URL and no Location",
    call = { "put", asked .. connection .. old_version, private_endpoint("Succeeded", word) },
    { "PUT", asked .. connection .. old_version, 200, body = private_endpoint("Updating", word), headers = headers{
      { "azure-asyncoperation", "{arm}" .. status_url(old_version) } } },
    { "GET", status_url(old_version), 200, headers = ok, body = running, wait = 2 },
    { "GET", status_url(old_version), 200, headers = ok, body = succeeded, wait = 3 },
    { "GET", asked .. connection .. old_version, 200, headers = ok, body = private_endpoint("Succeeded", word) },
    result = { ["properties.privateLinkServiceConnectionState.status"] = word,
      ["properties.provisioningState"] = "Succeeded" },
  }
end

local accepted = headers{
  { "azure-asyncoperation", "{arm}" .. status_url() }, { "location", "{arm}" .. result_url() },
  { "x-ms-ratelimit-remaining-subscription-deletes", "14999" }, { "content-length", "0" } }

return {
  create("PUT of a SignalR: 201, Running three times, its own URL at the end", function(url) return url end, old_limits),
  create("PUT of a SignalR with signed URLs of 3.3 KB", parts.signed, both_limits),
  decide("Approved"),
  decide("Rejected"),
  {
    name = "PATCH of a SignalR: an empty 202, its result from the Location",
    call = { "patch", asked .. version, '{"location":"","properties":{"networkACLs":{"defaultAction":"Deny"}}}' },
    { "PATCH", asked .. version, 202, headers = accepted },
    { "GET", status_url(), 200, headers = ok, body = running, wait = 2 },
    { "GET", status_url(), 200, headers = ok, body = succeeded, wait = 3 },
    { "GET", result_url(), 200, headers = ok, body = resource("Succeeded", '"20.88.155.1"', "1.0") },
    result = { ["properties.externalIP"] = "20.88.155.1" },
  },
  {
    name = "DELETE of a connection: an empty 202 with both URLs",
    call = { "delete", asked .. connection .. version },
    { "DELETE", asked .. connection .. version, 202, headers = accepted },
    { "GET", status_url(), 200, headers = ok, body = running, wait = 2 },
    { "GET", status_url(), 200, headers = ok, body = succeeded, wait = 3 },
    result = true,
  },
  {
    name = "DELETE whose status URL is gone with the resource",
    call = { "delete", asked .. connection .. version },
    { "DELETE", asked .. connection .. version, 202, headers = accepted },
    { "GET", status_url(), 200, headers = ok, body = running, wait = 2 },
    { "GET", status_url(), 404, headers = headers{ { "x-ms-failure-cause", "gateway" } }, wait = 3,
      body = '{"error":{"code":"ResourceNotFound","message":"The Resource was not found."}}' },
    result = true,
  },
  {
    name = "DELETE of a SignalR: 204 at once",
    call = { "delete", asked .. "?api-version=2021-10-01" },
    { "DELETE", asked .. "?api-version=2021-10-01", 204, headers = {
      { "X-Cache", "CONFIG_NOCACHE" }, { "X-Ms-Operation-Identifier", "tenantId=a,objectId=b/westus2/c" },
      { "X-Ms-Ratelimit-Remaining-Subscription-Global-Deletes", "11999" } } },
    result = true,
  },
  {
    name = "GET of a SignalR that was deleted: 404 of the gateway",
    call = { "get", asked .. "?api-version=2021-10-01" },
    { "GET", asked .. "?api-version=2021-10-01", 404, headers = {
      { "Content-Type", "application/json; charset=utf-8" }, { "X-Ms-Failure-Cause", "gateway" } },
      body = '{"error":{"code":"ResourceNotFound","message":"The Resource \'Microsoft.SignalRService/SignalR/asotest-'
        .. 'signalr-zijjug\' under resource group \'asotest-rg-sscbpj\' was not found. For more details please go to '
        .. 'https://aka.ms/ARMResourceNotFoundFix"}}' },
    error = { kind = "service", status = 404, code = "ResourceNotFound" },
  },
  {
    name = "GET of a pending connection: Succeeded and Pending at once",
    call = { "get", asked .. connection .. old_version },
    { "GET", asked .. connection .. old_version, 200, headers = ok, body = private_endpoint("Succeeded", "Pending") },
    result = { ["properties.provisioningState"] = "Succeeded",
      ["properties.privateLinkServiceConnectionState.status"] = "Pending" },
  },
  {
    name = "GET of a list of shared private links: empty, without a nextLink",
    call = { "list", parts.group .. "/providers/Microsoft.SignalRService/webPubSub/w/sharedPrivateLinkResources"
      .. "?api-version=2021-10-01" },
    { "GET", parts.group .. "/providers/Microsoft.SignalRService/webPubSub/w/sharedPrivateLinkResources"
      .. "?api-version=2021-10-01", 200, body = '{"value":[]}', headers = headers{ { "content-length", "12" },
      { "x-ms-routing-request-id", "SOUTHEASTASIA:20220712T075418Z:a" } } },
    result = 0,
  },
}
