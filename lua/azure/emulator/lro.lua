--- Long-running operations and the URLs they are watched at.
-- SignalR: `operationStatuses/{guid}` and `operationResults/{guid}` under the
-- resource, signed since 2024 (about 3.3 KB), no Retry-After (azure-cli
-- recordings test_signalr_private_endpoint{,_2}.yaml). Web: both headers the
-- same on writes, swapped and of another api-version on deletes
-- (test_private_endpoint_connection_webapp.yaml). Resource groups: Location
-- alone with Retry-After 15 (azure-service-operator recording
-- Test_SignalRService_SignalR_CRUD.yaml).

local core = require "azure.core"
local json = require "azure.json"
local state = require "azure.emulator.state"
local wire = require "azure.emulator.wire"

local lro = {}

-- Lengths of the recorded signature parts: certificate, signature, hash.
local CERTIFICATE_BYTES, SIGNATURE_BYTES, HASH_BYTES = 1931, 256, 32
-- .NET counts 100 ns ticks from the year 1.
local TICKS_PER_SECOND, UNIX_EPOCH_S = 10000000, 62135596800

local function ticks(at)
  return ("%d"):format(math.floor(at * 1000) * (TICKS_PER_SECOND // 1000) + UNIX_EPOCH_S * TICKS_PER_SECOND)
end

local function signature(cloud)
  if not cloud.options.sign_urls then return "" end
  cloud.url_certificate = cloud.url_certificate or core.base64url(core.random(CERTIFICATE_BYTES))
  return ("&t=%s&c=%s&s=%s&h=%s"):format(ticks(cloud.state:now()), cloud.url_certificate,
    core.base64url(core.random(SIGNATURE_BYTES)), core.base64url(core.random(HASH_BYTES)))
end

-- Nobody polls an operation that ended long ago; a cloud that runs for days
-- must not keep every URL it ever gave out.
local KEEP_S, SWEEP_EVERY = 24 * 3600, 2000

local function sweep(cloud)
  cloud.started_operations = cloud.started_operations + 1
  if cloud.started_operations % SWEEP_EVERY ~= 0 then return end
  local oldest = cloud.state:now() - KEEP_S
  for path, entry in pairs(cloud.operation_urls) do
    local ended_at = entry.operation.ended_at
    if ended_at and ended_at < oldest then cloud.operation_urls[path] = nil end
  end
end

--- Starts an operation. spec: `timing`, `apply` (called when it succeeds),
-- `failure` ({code=, message=} or a function giving one: then it fails),
-- `on_failure`, `result` (function giving the final answer of operationResults).
---@param cloud table
---@param spec table
---@return table operation
function lro.start(cloud, spec)
  sweep(cloud)
  local operation = {
    guid = state.guid(), started_at = cloud.state:now(),
    status = spec.running_word or "Running", result = spec.result,
  }
  cloud.state:after(cloud.options.timing(spec.timing), function()
    operation.ended_at = cloud.state:now()
    local failure = spec.failure
    if type(failure) == "function" then failure = failure() end
    operation.status = failure and "Failed" or "Succeeded"
    operation.error = failure
    if failure and spec.on_failure then spec.on_failure(failure) end
    if not failure and spec.apply then spec.apply() end
  end)
  return operation
end

--- Remembers a URL of an operation and what it answers, and gives it in full.
---@param cloud table
---@param operation table
---@param path string
---@param api_version string
---@param answer fun(operation: table): table
---@param unsigned boolean? some providers do not sign their URLs
---@return string url absolute
function lro.url(cloud, operation, path, api_version, answer, unsigned)
  local query = "api-version=" .. api_version .. (unsigned and "" or signature(cloud))
  cloud.operation_urls[wire.unescape(path):lower()] = { operation = operation, query = query, answer = answer }
  return cloud.url .. path .. "?" .. query
end

--- The body of a status URL.
---@param operation table
---@param path string
---@return table
function lro.status_body(operation, path)
  return {
    id = path, name = operation.guid, status = operation.status,
    startTime = wire.timestamp(operation.started_at),
    endTime = operation.ended_at and wire.timestamp(operation.ended_at) or nil,
    error = operation.error,
  }
end

--- Header pair of the SignalR provider. what: "both", "status" or "result".
---@param cloud table
---@param operation table
---@param resource_id string
---@param api_version string
---@param what string?
---@return table[] headers
function lro.signalr_headers(cloud, operation, resource_id, api_version, what)
  local headers = {}
  local status_path = resource_id .. "/operationStatuses/" .. operation.guid
  local result_path = resource_id .. "/operationResults/" .. operation.guid
  if what ~= "result" then
    local url = lro.url(cloud, operation, status_path, api_version, function()
      return wire.json(200, lro.status_body(operation, status_path))
    end)
    headers[1] = { "azure-asyncoperation", url }
  end
  if what ~= "status" then
    local location
    location = lro.url(cloud, operation, result_path, api_version, function()
      return lro.location_answer(operation, location)
    end)
    headers[#headers + 1] = { "location", location }
  end
  return headers
end

--- What a Location URL answers: 202 while it runs, then the final answer.
---@param operation table
---@param location string
---@param retry_after integer?
---@return table answer
function lro.location_answer(operation, location, retry_after)
  if operation.status == "Failed" then
    return wire.json(operation.error.http_status or 409, { error = operation.error })
  end
  if operation.status == "Succeeded" then
    return operation.result and operation.result() or wire.empty(200)
  end
  local headers = { { "Location", location } }
  if retry_after then headers[2] = { "Retry-After", tostring(retry_after) } end
  return wire.empty(202, headers)
end

--- Answers a request for an operation's URL; nil when it is none.
---@param cloud table
---@param request azure.emulator.Request
---@return table? answer
function lro.answer(cloud, request)
  local entry = cloud.operation_urls[wire.unescape(request.path):lower()]
  if not entry or request.method ~= "GET" then return nil end
  if request.raw_query ~= entry.query then
    return wire.error(400, "InvalidAsyncOperationUrl",
      "The URL of an asynchronous operation must be sent back exactly as it was received.")
  end
  return entry.answer(entry.operation)
end

--- Where an operation's record of a plain failure keeps what a body wants.
---@param code string
---@param message string
---@return table
function lro.failure(code, message)
  return { code = code, message = message, target = json.null }
end

return lro
