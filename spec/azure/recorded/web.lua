-- Microsoft.Web: azure-cli recording test_private_endpoint_connection_webapp
-- .yaml. Bodies of the operationResults polls were never recorded; the SDKs
-- (core-lro, http/operation.js) go by the HTTP status there.
local cjson = require "cjson"
local parts = require "spec.azure.recorded.parts"

local site = parts.group .. "/providers/Microsoft.Web/sites/webapp000002"
local name = "webapp-privatelink-endpointconn2000009-e0525a0d-3811-44ad-9dd2-bddb7dc415e6"
local connection = site .. "/privateEndpointConnections/" .. name
local version = "?api-version=2019-08-01"
local operations = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Web/locations/West%20US"
local result_url = operations .. "/operationResults/0f1f5a4e-4d5e-4d0f-bb5e-5e8c1d6a3b7c" .. version
local foreign = "?api-version=2019-01-01"
local delete_status = operations .. "/operationResults/6c5a7a1e-9e55-4f4b-bb1f-2d8a3b0c9d11" .. foreign
local delete_location = operations .. "/operations/6c5a7a1e-9e55-4f4b-bb1f-2d8a3b0c9d11" .. foreign

local function document(state, word, addresses)
  return ('{"id":"%s","name":"%s","type":"Microsoft.Web/sites/privateEndpointConnections","location":"West US",'
    .. '"properties":{"provisioningState":"%s","privateEndpoint":{"id":"%s/providers/Microsoft.Network/'
    .. 'privateEndpoints/webapp-privatelink-endpoint2000008"},"groupIds":["sites"],'
    .. '"privateLinkServiceConnectionState":{"status":"%s","description":"","actionsRequired":"None"},'
    .. '"ipAddresses":[%s]}}'):format(connection, name, state, parts.group, word, addresses or "")
end

local function headers(more)
  local list = {
    { "cache-control", "no-cache" }, { "content-type", "application/json" }, { "server", "Microsoft-IIS/10.0" },
    { "x-aspnet-version", "4.0.30319" }, { "x-powered-by", "ASP.NET" }, { "etag", '"1D93B908AF5C935"' },
  }
  for _, pair in ipairs(more or {}) do list[#list + 1] = pair end
  return list
end

local function decide(word, between, state, addresses)
  return {
    name = ("PUT of a connection that becomes %s: a 202 with a body, both URLs the same"):format(word),
    call = { "put", connection .. version,
      ('{"properties":{"privateLinkServiceConnectionState":{"status":"%s","description":null}}}'):format(word) },
    { "PUT", connection .. version, 202, body = document("Pending", between), headers = headers{
      { "azure-asyncoperation", "{arm}" .. result_url }, { "location", "{arm}" .. result_url },
      { "x-ms-ratelimit-remaining-subscription-writes", "1198" } } },
    { "GET", result_url, 202, headers = headers(), wait = 2 },
    { "GET", result_url, 202, headers = headers(), wait = 3 },
    { "GET", result_url, 200, headers = headers(), body = document(state, word, addresses), wait = 4.5 },
    { "GET", connection .. version, 200, headers = headers(), body = document(state, word, addresses) },
    result = { ["properties.privateLinkServiceConnectionState.status"] = word,
      ["properties.provisioningState"] = state },
  }
end

-- Inside of the site the connections do not say of which group they are.
local inside = document("Pending", "Pending"):gsub('%["sites"%]', "null")
local parent = ('{"id":"%s","name":"webapp000002","type":"Microsoft.Web/sites","kind":"app","location":"West US",'
  .. '"tags":null,"properties":{"name":"webapp000002","state":"Running","enabled":true,"publicNetworkAccess":null,'
  .. '"privateEndpointConnections":[%s],"hostNamesDisabled":false}}'):format(site, inside)

local deleted = headers{ { "azure-asyncoperation", "{arm}" .. delete_status },
  { "location", "{arm}" .. delete_location }, { "content-length", "0" } }

return {
  -- provisioningState stays Pending for ever after a reject.
  decide("Rejected", "Rejecting", "Pending"),
  decide("Approved", "Approving", "Succeeded", '"10.0.0.4"'),
  {
    name = "DELETE of a connection: names of the URLs swapped, api-version of somebody else",
    call = { "delete", connection .. version },
    { "DELETE", connection .. version, 202, headers = deleted },
    { "GET", delete_status, 202, headers = headers(), wait = 2 },
    { "GET", delete_status, 204, headers = headers(), wait = 3 },
    result = true,
  },
  {
    name = "DELETE of a connection whose operation is forgotten",
    call = { "delete", connection .. version },
    { "DELETE", connection .. version, 202, headers = deleted },
    { "GET", delete_status, 404, headers = headers(), wait = 2,
      body = '{"Code":"NotFound","Message":"Cannot find the operation.","Target":null}' },
    result = true,
  },
  {
    name = "GET of a connection that is being deleted: 200, Disconnecting",
    call = { "get", connection .. version },
    { "GET", connection .. version, 200, headers = headers(), body = document("Deleting", "Disconnecting") },
    result = { ["properties.privateLinkServiceConnectionState.status"] = "Disconnecting" },
  },
  {
    name = "GET of a site with a connection: no groups",
    call = { "get", site .. version },
    { "GET", site .. version, 200, headers = headers(), body = parent },
    result = { ["properties.publicNetworkAccess"] = cjson.null,
      ["properties.privateEndpointConnections.1.properties.groupIds"] = cjson.null,
      ["properties.privateEndpointConnections.1.name"] = name },
    connection = { name = name, status = "Pending", provisioning_state = "Pending", description = "" }, group = "sites",
  },
  {
    name = "GET of a pending connection: an empty description and no addresses",
    call = { "get", connection .. version },
    { "GET", connection .. version, 200, headers = headers(), body = document("Pending", "Pending") },
    result = { ["properties.privateLinkServiceConnectionState.description"] = "",
      ["properties.provisioningState"] = "Pending" },
  },
}
