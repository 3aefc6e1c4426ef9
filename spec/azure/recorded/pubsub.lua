-- Web PubSub, SignalR's sibling at the same provider: azure-sdk-for-net
-- SharedPrivateLinkTests/GetAll.json (2022).
local parts = require "spec.azure.recorded.parts"

local asked = parts.group .. "/providers/Microsoft.SignalRService/webPubSub/WebPubSub-9558"
local named = parts.group .. "/providers/Microsoft.SignalRService/WebPubSub/WebPubSub-9558"
local version = "?api-version=2021-10-01"
local guid = "8f6b0f1e-5c7e-4c0e-9a51-0a1d9e2f7c33"
local status_url = named .. "/operationStatuses/" .. guid .. version
local result_url = named .. "/operationResults/" .. guid .. version

local function resource(state, ip)
  return ('{"sku":{"name":"Standard_S1","tier":"Standard","size":"S1","capacity":1},"properties":{"provisioningState"'
    .. ':"%s","externalIP":%s,"hostName":"webpubsub-9558.webpubsub.azure.com","publicPort":443,"serverPort":443,'
    .. '"version":"1.0","privateEndpointConnections":[],"sharedPrivateLinkResources":[],"liveTraceConfiguration":null},'
    .. '"location":"southeastasia","tags":null,"id":"%s","name":"WebPubSub-9558","type":'
    .. '"Microsoft.SignalRService/WebPubSub"}'):format(state, ip, named)
end

local function status(word, more)
  return ('{"id":"%s/operationStatuses/%s","name":"%s","status":"%s","startTime":"2022-07-12T07:53:05.7Z"%s}')
    :format(named, guid, guid, word, more or "")
end

local ids = {
  { "x-ms-correlation-request-id", "3b1f7b54-1a35-4a46-8a0e-5b5f7b0e6d10" },
  { "x-ms-request-id", "3b1f7b54-1a35-4a46-8a0e-5b5f7b0e6d11" },
  { "x-ms-routing-request-id", "SOUTHEASTASIA:20220712T075418Z:3b1f7b54-1a35-4a46-8a0e-5b5f7b0e6d10" },
}

local function headers(more)
  local list = parts.signalr_headers(ids)
  for _, pair in ipairs(more or {}) do list[#list + 1] = pair end
  return list
end

return {
  {
    name = "PUT of a Web PubSub: 201, Running, its own URL at the end",
    call = { "put", asked .. version, '{"location":"southeastasia","sku":{"name":"Standard_S1"},"properties":{}}' },
    { "PUT", asked .. version, 201, body = resource("Creating", "null"), headers = headers{
      { "azure-asyncoperation", "{arm}" .. status_url }, { "location", "{arm}" .. result_url } } },
    { "GET", status_url, 200, headers = headers(), body = status("Running"), wait = 2 },
    { "GET", status_url, 200, headers = headers(), body = status("Running"), wait = 3 },
    { "GET", status_url, 200, headers = headers(), body = status("Succeeded", ',"endTime":"2022-07-12T07:54:16.1Z"'),
      wait = 4.5 },
    { "GET", asked .. version, 200, headers = headers(), body = resource("Succeeded", '"20.195.0.1"') },
    result = { ["properties.provisioningState"] = "Succeeded", ["properties.externalIP"] = "20.195.0.1" },
  },
  {
    name = "DELETE of a Web PubSub: 204 at once",
    call = { "delete", asked .. version },
    { "DELETE", asked .. version, 204, headers = headers{
      { "x-ms-ratelimit-remaining-subscription-deletes", "14999" } } },
    result = true,
  },
}
