-- Long-running operations that end as they should, after every detour.
-- `sends` is all that goes over the wire, in order, with the status it met.
local LRO = "/lro/"
local REQUEST_ID = { ["x-ms-client-request-id"] = "9C4D50EE-2D56-4CD3-8152-34347DC9F2B0" }

-- "PUT putasync/retry/succeeded 200" -> "PUT /lro/putasync/retry/succeeded 200"
local function lines(list)
  local out = {}
  for i, line in ipairs(list) do
    out[i] = line:gsub("^(%u+) (%w)", "%1 " .. LRO .. "%2")
  end
  return out
end

local function row(name, method, path, sends, more)
  local made = { name = name, sends = lines(sends), gives = "body" }
  made[method] = LRO .. path
  for key, value in pairs(more or {}) do
    made[key] = value
  end
  if made.fails then made.gives = nil end
  return made
end

-- begin{} where the call needs an option that the verbs do not have
local function begun(name, method, path, sends, options, more)
  local made = row(name, "begin", path, sends, more)
  made.begin = { method = method, path = LRO .. path }
  for key, value in pairs(options) do
    made.begin[key] = value
  end
  return made
end

local NOTHING = { gives = "nothing" }
local FAILED = { fails = { kind = "operation" } }
local REPEAT = { safe_to_repeat = true }
local DOUBLE = "LROPostDoubleHeadersFinalLocationGet"
local AZURE = "LROPostDoubleHeadersFinalAzureHeaderGet"

local function double_location(name)
  return begun(name, "POST", DOUBLE, { "POST " .. DOUBLE .. " 202",
    "GET " .. DOUBLE .. "/asyncOperationUrl 200", "GET " .. DOUBLE .. "/location 200" },
  { final_state_via = "location" })
end

-- put|delete|postasync/retry|noretry/state: the second poll has its own URL
local function async_sends(verb, path, last)
  local results = path .. "/operationResults/200"
  return { verb:upper() .. " " .. path .. (verb == "put" and " 200" or " 202"),
    "GET " .. results .. "/ 202", "GET " .. results .. " 200", last }
end

local function async(name, verb, path, last, more)
  return row(name, verb, path, async_sends(verb, path, last), more)
end

local inline = {
  row("LROPutInlineComplete", "put", "put/200/succeeded", { "PUT put/200/succeeded 200" }),
  row("LROPutInlineComplete201", "put", "put/201/succeeded",
    { "PUT put/201/succeeded 201" }),
  row("LROPut200InlineCompleteNoState", "put", "put/200/succeeded/nostate",
    { "PUT put/200/succeeded/nostate 200" }),
  row("LRODeleteInlineComplete", "delete", "delete/204/succeeded",
    { "DELETE delete/204/succeeded 204" }, NOTHING),
}

local puts = {
  row("LROPut202Retry200", "put", "put/202/retry/200",
    { "PUT put/202/retry/200 202", "GET put/202/retry/operationResults/200 200" }),
  row("LROPutSucceededWithBody", "put", "put/201/creating/succeeded/200",
    { "PUT put/201/creating/succeeded/200 201", "GET put/201/creating/succeeded/200 200" }),
  row("LROPutSucceededNoBody", "put", "put/200/updating/succeeded/200",
    { "PUT put/200/updating/succeeded/200 200", "GET put/200/updating/succeeded/200 200" }),
  row("LROPutFailed", "put", "put/201/created/failed/200",
    { "PUT put/201/created/failed/200 201", "GET put/201/created/failed/200 200" }, FAILED),
  row("LROPutCanceled", "put", "put/200/accepted/canceled/200",
    { "PUT put/200/accepted/canceled/200 200", "GET put/200/accepted/canceled/200 200" },
    FAILED),
  row("LROPutNoHeaderInRetry", "put", "put/noheader/202/200",
    { "PUT put/noheader/202/200 202", "GET put/noheader/operationresults 202",
      "GET put/noheader/operationresults 200" }),
  row("LROPutSubResourceInRetry", "put", "putsubresource/202/200",
    { "PUT putsubresource/202/200 202", "GET putsubresource/operationresults 202",
      "GET putsubresource/operationresults 200" }),
  row("LROPutNonResourceInRetry", "put", "putnonresource/202/200",
    { "PUT putnonresource/202/200 202", "GET putnonresource/operationresults 202",
      "GET putnonresource/operationresults 200" }),
  row("LROPutAsyncNoHeaderInRetry", "put", "putasync/noheader/201/200",
    { "PUT putasync/noheader/201/200 201", "GET putasync/noheader/operationresults/123 200",
      "GET putasync/noheader/operationresults/123 200",
      "GET putasync/noheader/201/200 200" }),
  row("LROPutSubResourceAsyncInRetry", "put", "putsubresourceasync/202/200",
    { "PUT putsubresourceasync/202/200 202",
      "GET putsubresourceasync/operationresults/123 200",
      "GET putsubresourceasync/operationresults/123 200",
      "GET putsubresourceasync/202/200 200" }),
  row("LROPutNonResourceAsyncInRetry", "put", "putnonresourceasync/202/200",
    { "PUT putnonresourceasync/202/200 202",
      "GET putnonresourceasync/operationresults/123 200",
      "GET putnonresourceasync/operationresults/123 200",
      "GET putnonresourceasync/202/200 200" }),
  async("LROPutAsyncRetrySucceeded", "put", "putasync/retry/succeeded",
    "GET putasync/retry/succeeded 200"),
  async("LROPutAsyncNoRetrySucceeded", "put", "putasync/noretry/succeeded",
    "GET putasync/noretry/succeeded 200"),
  async("LROPutAsyncRetryFailed", "put", "putasync/retry/failed", nil, FAILED),
  async("LROPutAsyncNoRetryCanceled", "put", "putasync/noretry/canceled", nil, FAILED),
}

local ASYNC_PATCH = "patch/201/retry/onlyAsyncHeader"
local BOTH_PATCH = "patch/202/retry/asyncAndLocationHeader"
local IGNORED = "patch/200/succeeded/ignoreheaders"
local patches = {
  row("LROPatchInlineCompleteIgnoreHeaders", "patch", IGNORED, { "PATCH " .. IGNORED .. " 200" }),
  { name = "MultiapiLRO", put = "/multiapi/lro", gives = "body", sends = { "PUT /multiapi/lro 200" } },
  row("LROPatch201WithAsyncHeader", "patch", ASYNC_PATCH,
    { "PATCH " .. ASYNC_PATCH .. " 201", "GET " .. ASYNC_PATCH .. "/operationStatuses/201 200",
      "GET " .. ASYNC_PATCH .. "/operationStatuses/201 200", "GET " .. ASYNC_PATCH .. " 200" }),
  row("LROPatch202WithAsyncAndLocationHeader", "patch", BOTH_PATCH,
    { "PATCH " .. BOTH_PATCH .. " 202", "GET " .. BOTH_PATCH .. "/operationResults/202 200",
      "GET " .. BOTH_PATCH .. "/operationResults/202 200",
      "GET " .. BOTH_PATCH .. "/operationResults/202/finalResults/202 200" }),
}

local PROVISIONING = "delete/provisioning/202/"
local function provisioning(name, tail, more)
  local path = PROVISIONING .. tail
  return row(name, "delete", path, { "DELETE " .. path .. " 202", "GET " .. path .. " 200" },
    more)
end

local deletes = {
  row("LRODelete200", "delete", "delete/202/retry/200",
    { "DELETE delete/202/retry/200 202", "GET delete/202/retry/200 200" }, NOTHING),
  row("LRODelete204", "delete", "delete/202/noretry/204",
    { "DELETE delete/202/noretry/204 202", "GET delete/202/noretry/204 204" }, NOTHING),
  row("LRODeleteNoHeaderInRetry", "delete", "delete/noheader",
    { "DELETE delete/noheader 202", "GET delete/noheader/operationresults/123 202",
      "GET delete/noheader/operationresults/123 204" }, NOTHING),
  row("LRODeleteAsyncNoHeaderInRetry", "delete", "deleteasync/noheader/202/204",
    { "DELETE deleteasync/noheader/202/204 202",
      "GET deleteasync/noheader/operationresults/123 200",
      "GET deleteasync/noheader/operationresults/123 200" }, NOTHING),
  provisioning("LRODeleteProvisioningSucceededWithBody", "accepted/200/succeeded"),
  provisioning("LRODeleteProvisioningFailed", "deleting/200/failed", FAILED),
  provisioning("LRODeleteProvisioningCanceled", "deleting/200/canceled", FAILED),
  async("LRODeleteAsyncRetrySucceeded", "delete", "deleteasync/retry/succeeded", nil, NOTHING),
  async("LRODeleteAsyncNoRetrySucceeded", "delete", "deleteasync/noretry/succeeded", nil, NOTHING),
  async("LRODeleteAsyncRetryFailed", "delete", "deleteasync/retry/failed", nil, FAILED),
  async("LRODeleteAsyncRetryCanceled", "delete", "deleteasync/retry/canceled", nil, FAILED),
}

local SERVER_ERROR = { fails = { kind = "operation", message = "Internal Server Error" } }
local posts = {
  row("LROPostSuccededWithBody", "post", "post/202/retry/200",
    { "POST post/202/retry/200 202", "GET post/202/retry/200 202",
      "GET post/newuri/202/retry/200 200" }),
  row("LROPostSuccededNoBody", "post", "post/202/noretry/204",
    { "POST post/202/noretry/204 202", "GET post/202/noretry/204 202",
      "GET post/newuri/202/noretry/204 204" }, NOTHING),
  row("LROPost200", "post", "post/payload/200",
    { "POST post/payload/200 202", "GET post/payload/200 200" }),
  row("LROPostAndGetList", "post", "list",
    { "POST list 202", "GET list/pollingGet 200", "GET list/finalGet 200" }),
  async("LROPostAsyncRetrySucceeded", "post", "postasync/retry/succeeded",
    "GET postasync/retry/Succeeded/operationResults/foo/200/ 200"),
  async("LROPostAsyncNoRetrySucceeded", "post", "postasync/noretry/succeeded",
    "GET postasync/noretry/Succeeded/operationResults/foo/200/ 200"),
  async("LROPostAsyncRetryFailed", "post", "postasync/retry/failed", nil, SERVER_ERROR),
  async("LROPostAsyncRetryCanceled", "post", "postasync/retry/canceled", nil, FAILED),
  begun("LROPostDoubleHeadersFinalAzureHeaderGet", "POST", AZURE,
    { "POST " .. AZURE .. " 202", "GET " .. AZURE .. "/asyncOperationUrl 200" },
    { final_state_via = "azure-async-operation" }),
  row("LROPostDoubleHeadersFinalAzureHeaderGetDefault", "post", AZURE .. "Default",
    { "POST " .. AZURE .. "Default 202", "GET " .. AZURE .. "Default/asyncOperationUrl 200",
      "GET " .. AZURE .. "Default/location 200" }),
  double_location "LROPostDoubleHeadersFinalLocationPost",
  double_location "LROPostDoubleHeadersFinalLocationAsync",
  double_location "LROPostDoubleHeadersFinalLocationGet",
}

local function endpoint(name, path)
  return { name = name, gives = "body", post = path,
    sends = { "POST " .. path .. " 202", "GET " .. path .. "/results/1 200" } }
end

local CONSTANT = "/lroConstantParameterizedEndpoints/iAmConstant"
local endpoints = {
  endpoint("LROParameterizedEndpoint", "/lroParameterizedEndpoints"),
  endpoint("LROConstantParameterizedPost", CONSTANT),
  endpoint("LROConstantParameterizedGet", CONSTANT),
}

-- the id that the caller chose stays for every request of the operation
local function custom(name, verb, path, sends, more)
  more = more or {}
  more.headers = REQUEST_ID
  return row(name, verb, "customheader/" .. path, sends, more)
end

local PUT_ID, POST_ID = "customheader/putasync/retry/succeeded",
  "customheader/postasync/retry/succeeded"
local CREATING_ID = "customheader/put/201/creating/succeeded/200"
local custom_headers = {
  custom("CustomHeaderPutAsyncSucceded", "put", "putasync/retry/succeeded",
    { "PUT " .. PUT_ID .. " 200", "GET " .. PUT_ID .. "/operationResults/200 202",
      "GET " .. PUT_ID .. "/operationResults/200 200", "GET " .. PUT_ID .. " 200" }),
  custom("CustomHeaderPostAsyncSucceded", "post", "postasync/retry/succeeded",
    { "POST " .. POST_ID .. " 202", "GET " .. POST_ID .. "/operationResults/200 202",
      "GET " .. POST_ID .. "/operationResults/200 200" }),
  custom("CustomHeaderPutSucceeded", "put", "put/201/creating/succeeded/200",
    { "PUT " .. CREATING_ID .. " 201", "GET " .. CREATING_ID .. " 200" }),
  custom("CustomHeaderPostSucceeded", "post", "post/202/retry/200",
    { "POST customheader/post/202/retry/200 202", "GET customheader/post/202/retry/200 202",
      "GET customheader/post/newuri/202/retry/200 200" }, { gives = "nothing" }),
}

-- a server error, then the same again with success, at every step
local function twice(name, verb, path, first, last, polls, options, more)
  path = "retryerror/" .. path
  local sends = { verb .. " " .. path .. " 500", verb .. " " .. path .. " " .. first }
  for _, tail in ipairs(polls) do
    sends[#sends + 1] = "GET " .. path .. tail .. " 500"
    sends[#sends + 1] = "GET " .. path .. tail .. " " .. last
  end
  return begun(name, verb, path, sends, options or {}, more)
end

local RESULTS, FOO = "/operationResults/200", "/operationResults/foo/200"
local retried = {
  twice("LRORetryPutSucceededWithBody", "PUT", "put/201/creating/succeeded/200", 201, 200,
    { "" }),
  twice("LRORetryErrorPutAsyncSucceeded", "PUT", "putasync/retry/succeeded", 200, 200,
    { RESULTS, "" }),
  twice("LRORetryErrorPutAsyncSucceededPolling", "PUT", "putasync/retry/succeeded", 200,
    200, { RESULTS, "" }),
  twice("LRORetryErrorDelete202Accepted200Succeeded", "DELETE",
    "delete/provisioning/202/accepted/200/succeeded", 202, 200, { "" }),
  twice("LRORetryErrorDelete202Retry200Succeeded", "DELETE", "delete/202/retry/200", 202,
    200, { "" }),
  twice("LRORetryErrorDeleteAsyncRetrySucceeded", "DELETE", "deleteasync/retry/succeeded",
    202, 200, { RESULTS }, nil, NOTHING),
  twice("LRORetryErrorPost202Retry200Succeeded", "POST", "post/202/retry/200", 202, 200,
    { "/operationResults" }, REPEAT),
  twice("LRORetryErrorPostAsyncRetrySucceeded", "POST", "postasync/retry/succeeded", 202,
    200, { RESULTS, FOO }, REPEAT),
}

local function with_area(area, ...)
  local rows = {}
  for _, list in ipairs { ... } do
    for _, made in ipairs(list) do
      made.area = made.area or area
      rows[#rows + 1] = made
    end
  end
  return rows
end

local rows = with_area("LRO", inline, puts, patches, deletes, posts, endpoints,
  custom_headers)
table.move(with_area("LRO after server errors", retried), 1, #retried, #rows + 1, rows)
return { area = "LRO", rows = rows }
