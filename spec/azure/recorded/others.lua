-- Other providers with habits of their own, each with its source.
local parts = require "spec.azure.recorded.parts"

local json = { { "Content-Type", "application/json; charset=utf-8" } }

local function with(more)
  local list = { json[1] }
  for _, pair in ipairs(more) do list[#list + 1] = pair end
  return list
end

-- Key Vault: the status URL is the resource itself (azure-cli recording
-- test_private_endpoint_connection_keyvault.yaml).
local vault = parts.group .. "/providers/Microsoft.KeyVault/vaults/cli-test-kv-pe-000002/privateEndpointConnections"
  .. "/cli-pec-000006?api-version=2019-09-01"
local vault_poll = vault .. "&kv-operation=eyJjb2RlIjoicHJpdmF0ZUVuZHBvaW50Q29ubmVjdGlvbnMvYXBwcm92ZSIsInN0IjoiMjAyMS0x"
  .. "MC0xNVQwNjoxNDo0Mi45MDAyNzkzWiIsImV0YWciOiJkNGY1In0"

local function vault_document(state, word)
  return ('{"properties":{"provisioningState":"%s","privateEndpoint":{"id":"%s/providers/Microsoft.Network/'
    .. 'privateEndpoints/cli-pe"},"privateLinkServiceConnectionState":{"status":"%s","description":"",'
    .. '"actionsRequired":"None"}},"id":"%s","name":"cli-pec-000006","location":"centraluseuap","etag":"d4f5",'
    .. '"type":"Microsoft.KeyVault/vaults/privateEndpointConnections"}'):format(state, parts.group, word,
    vault:match("^[^?]*"))
end

local vault_approve = {
  name = "Key Vault's PUT: the resource is the status URL",
  call = { "put", vault, '{"properties":{"privateLinkServiceConnectionState":{"status":"Approved"}}}' },
  { "PUT", vault, 200, body = vault_document("Updating", "Approved"), headers = with{
    { "azure-asyncoperation", "{arm}" .. vault_poll } } },
  { "GET", vault_poll, 200, headers = json, body = vault_document("Updating", "Approved"), wait = 2 },
  { "GET", vault_poll, 200, headers = json, body = vault_document("Updating", "Approved"), wait = 3 },
  { "GET", vault_poll, 200, headers = json, body = vault_document("Succeeded", "Approved"), wait = 4.5 },
  { "GET", vault, 200, headers = json, body = vault_document("Succeeded", "Approved") },
  result = { ["properties.provisioningState"] = "Succeeded" },
}

local vault_delete = {
  name = "Key Vault's DELETE: an empty 202 with the resource as its Location",
  call = { "delete", vault },
  { "DELETE", vault, 202, headers = { { "location", "{arm}" .. vault_poll } } },
  { "GET", vault_poll, 200, headers = json, body = vault_document("Deleting", "Disconnected"), wait = 2 },
  { "GET", vault_poll, 404, headers = json, wait = 3,
    body = '{"error":{"code":"NotFound","message":"The private endpoint connection does not exist."}}' },
  result = true,
}

-- The vault lists its connections without names and types, and answers in
-- another casing than it was asked in.
local vault_parent = vault:match("^(.*)/privateEndpointConnections")
local vault_asked = vault_parent:gsub("KeyVault", "Keyvault") .. "?api-version=2019-09-01"
local vault_read = {
  name = "Key Vault's GET: connections without a name",
  call = { "get", vault_asked },
  { "GET", vault_asked, 200, headers = json, body = ('{"id":"%s","name":"cli-test-kv-pe-000002","type":'
    .. '"Microsoft.KeyVault/vaults","location":"centraluseuap","tags":{},"properties":{"sku":{"family":"A","name":'
    .. '"standard"},"accessPolicies":[],"provisioningState":"Succeeded","privateEndpointConnections":[{"id":"%s",'
    .. '"etag":"d4f5","properties":{"provisioningState":"Succeeded","privateEndpoint":{"id":"%s/providers/'
    .. 'Microsoft.Network/privateEndpoints/cli-pe"},"privateLinkServiceConnectionState":{"status":"Pending",'
    .. '"description":"","actionsRequired":"None"}}}]}}'):format(vault_parent, vault:match("^[^?]*"), parts.group) },
  result = { ["type"] = "Microsoft.KeyVault/vaults", ["properties.privateEndpointConnections.1.etag"] = "d4f5" },
  connection = { name = "cli-pec-000006", status = "Pending", provisioning_state = "Succeeded",
    endpoint_name = "cli-pe" },
  group = "vault",
}

-- API Management: a Location that looks like a resource (azure-rest-api-specs,
-- apimanagement 2022-08-01, ApiManagementApproveOrRejectPrivateEndpointConnection).
local apim = parts.group .. "/providers/Microsoft.ApiManagement/service/apimService1"
local apim_connection = apim .. "/privateEndpointConnections/connectionName?api-version=2022-08-01"
local apim_poll = apim .. "/apis/tempgroup?api-version=2022-08-01&asyncId=5c730e343244df1b9cb56e85&asyncCode=201"
local apim_document = ('{"id":"%s","name":"connectionName","properties":{"privateEndpoint":{"id":"x"},'
  .. '"provisioningState":"Succeeded","privateLinkServiceConnectionState":{"status":"Succeeded","description":'
  .. '"The Private Endpoint Connection is approved."}}}'):format(apim)

local apim_approve = {
  name = "API Management's PUT: a Location of its own kind, a status that says Succeeded",
  call = { "put", apim_connection,
    '{"id":"x","properties":{"privateLinkServiceConnectionState":{"status":"Approved"}}}' },
  { "PUT", apim_connection, 202, headers = { { "location", "{arm}" .. apim_poll } } },
  { "GET", apim_poll, 202, headers = { { "location", "{arm}" .. apim_poll } }, wait = 2 },
  { "GET", apim_poll, 200, headers = json, body = apim_document, wait = 3 },
  result = { ["properties.privateLinkServiceConnectionState.status"] = "Succeeded" },
}

-- Search: an empty 202 to each PUT, one URL in both headers, null for nextLink
-- (azure-cli recording test_shared_private_link_resource_crud.yaml).
local links = parts.group .. "/providers/Microsoft.Search/searchServices/azstest000002/sharedPrivateLinkResources"
local link = links .. "/spltest000003?api-version=2020-08-01"
local link_status = links .. "/spltest000003/operationStatuses/08585898773206922116?api-version=2020-08-01"

local function link_body(message)
  return ('{"properties":{"privateLinkResourceId":"%s/providers/Microsoft.Storage/storageAccounts/satest000004",'
    .. '"groupId":"blob","requestMessage":"%s"}}'):format(parts.group, message)
end

local function link_document(message)
  return ('{"name":"spltest000003","type":"Microsoft.Search/searchServices/sharedPrivateLinkResources","id":"%s",'
    .. '"properties":{"privateLinkResourceId":"x","groupId":"blob","requestMessage":"%s","status":"Pending",'
    .. '"provisioningState":"Succeeded","resourceRegion":null}}'):format(link:match("^[^?]*"), message)
end

local function accepted(timeout)
  return { { "azure-asyncoperation", "{arm}" .. link_status }, { "location", "{arm}" .. link_status },
    { "x-ms-async-operation-timeout", timeout }, { "request-id", "5f0c" }, { "elapsed-time", "345" } }
end

local function search_put(name, message)
  return {
    name = name, call = { "put", link, link_body(message) },
    { "PUT", link, 202, headers = accepted("P1DT23H59M") },
    { "GET", link_status, 200, headers = json, body = '{"status":"Running"}', wait = 2 },
    { "GET", link_status, 200, headers = json, body = '{"status":"Running"}', wait = 3 },
    { "GET", link_status, 200, headers = json, body = '{"status":"Succeeded"}', wait = 4.5 },
    { "GET", link, 200, headers = json, body = link_document(message) },
    result = { ["properties.requestMessage"] = message, ["properties.status"] = "Pending" },
  }
end

local search_list = {
  name = "Search's list: nextLink is null",
  call = { "list", links .. "?api-version=2020-08-01" },
  { "GET", links .. "?api-version=2020-08-01", 200, headers = json,
    body = '{"value":[' .. link_document("Please approve") .. '],"nextLink":null}' },
  result = 1,
}

local search_delete = {
  name = "Search's DELETE: one URL in both headers, a body that is only a status",
  call = { "delete", link },
  { "DELETE", link, 202, headers = accepted("PT50M") },
  { "GET", link_status, 200, headers = json, body = '{"status":"Succeeded"}', wait = 2 },
  result = true,
}

local search_missing = {
  name = "Search's 404: nulls for target and details",
  call = { "get", link },
  { "GET", link, 404, headers = json, body = '{"error":{"code":"ResourceNotFound","message":"Could not find '
    .. "sharedPrivateLinkResource 'spltest000003' for searchService 'azstest000002'  in subscription 'x', "
    .. "resourceGroupName 'y'. RequestId: z\",\"target\":null,\"details\":null}}" },
  error = { kind = "service", status = 404, code = "ResourceNotFound" },
}

-- Resource groups: 202 with only Location and Retry-After, in the end an empty
-- 200 (azure-service-operator Test_SignalRService_SignalR_CRUD.yaml).
local subscription = "/subscriptions/00000000-0000-0000-0000-000000000000"
local group = subscription .. "/resourceGroups/asotest-rg-sscbpj?api-version=2020-06-01"
local job = parts.signed(subscription .. "/operationresults/eyJqb2JJZCI6IlJFU09VUkNFR1JPVVBERUxFVElPTkpPQi1BU09URVNU"
  .. "OjJEUkc6MkRTU0NCUEotV0VTVFVTMiIsImpvYkxvY2F0aW9uIjoid2VzdHVzMiJ9?api-version=2020-06-01", 21)
local job_next = parts.signed(job:match("^[^&]*"), 23)

local group_delete = {
  name = "a resource group's DELETE: a signed Location alone, an empty 200 at the end",
  call = { "delete", group },
  { "DELETE", group, 202, headers = { { "Location", "{arm}" .. job }, { "Retry-After", "15" } } },
  { "GET", job, 202, headers = { { "Location", "{arm}" .. job_next }, { "Retry-After", "15" } }, wait = 15 },
  { "GET", job_next, 202, headers = { { "Location", "{arm}" .. job_next }, { "Retry-After", "15" } }, wait = 15 },
  { "GET", job_next, 200, wait = 15 },
  result = true,
}

-- Network: InProgress, a Retry-After that grows, CRLF in pretty-printed JSON
-- (azure-sdk-for-net SharedPrivateLinkTests/CreateOrUpdate.json).
local endpoint = parts.group .. "/providers/Microsoft.Network/privateEndpoints/pe?api-version=2021-02-01"
local endpoint_status = subscription .. "/providers/Microsoft.Network/locations/"
  .. "westus2/operations/3f0d8d1c-8f57-4f4e-a0b0-9c4d4ed4d6b5?api-version=2021-02-01"
local in_progress = '{\r\n  "status": "InProgress"\r\n}'

local function paced(seconds)
  return with{ { "Retry-After", tostring(seconds) } }
end

local function endpoint_document(state)
  return ('{\r\n  "name": "pe",\r\n  "id": "%s",\r\n  "properties": {\r\n    "provisioningState": "%s"\r\n  }\r\n}')
    :format(endpoint:match("^[^?]*"), state)
end

local network_put = {
  name = "Network's PUT: InProgress, a growing Retry-After, CRLF in its JSON",
  call = { "put", endpoint, '{"location":"westus2"}' },
  { "PUT", endpoint, 201, body = endpoint_document("Updating"), headers = with{
    { "Azure-AsyncOperation", "{arm}" .. endpoint_status }, { "Azure-AsyncNotification", "Enabled" },
    { "Retry-After", "3" } } },
  { "GET", endpoint_status, 200, headers = paced(10), body = in_progress, wait = 3 },
  { "GET", endpoint_status, 200, headers = paced(20), body = in_progress, wait = 10 },
  { "GET", endpoint_status, 200, headers = paced(100), body = in_progress, wait = 20 },
  { "GET", endpoint_status, 200, headers = json, body = '{\r\n  "status": "Succeeded"\r\n}', wait = 100 },
  { "GET", endpoint, 200, headers = json, body = endpoint_document("Succeeded") },
  result = { ["properties.provisioningState"] = "Succeeded" },
}

-- Storage answers at once, and refuses what is approved already
-- (azure-rest-api-specs, issue 30308).
local storage = parts.group .. "/providers/Microsoft.Storage/storageAccounts/sa/privateEndpointConnections/c"
  .. "?api-version=2023-05-01"
local storage_refused = {
  name = "Storage's PUT of what is approved already: 400",
  call = { "put", storage, '{"properties":{"privateLinkServiceConnectionState":{"status":"Approved"}}}' },
  { "PUT", storage, 400, headers = json, body = '{"error":{"code":"InvalidValuesForRequestParameters","message":'
    .. '"Values for request parameters are invalid: privateLinkServiceConnectionState.status."}}' },
  error = { kind = "service", status = 400, code = "InvalidValuesForRequestParameters" },
}

return {
  vault_approve, vault_delete, vault_read, apim_approve,
  search_put("Search's PUT: an empty 202", "Please approve"),
  search_put("Search's second PUT: a 202 again", "Please approve again"),
  search_list, search_delete, search_missing, group_delete, network_put, storage_refused,
}
