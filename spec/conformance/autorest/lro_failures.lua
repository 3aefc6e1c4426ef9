-- Long-running operations that must not end well, or whose service says
-- nonsense.
local LRO = "/lro/"

local function row(name, verb, path, statuses, expected)
  local made = { name = name, sends = {} }
  made[verb:lower()] = LRO .. path
  for i, step in ipairs(statuses) do
    local status, target = table.unpack(type(step) == "table" and step or { step })
    made.sends[i] = ("%s %s %d"):format(i == 1 and verb or "GET",
      target and (target:sub(1, 1) == "/" and target or LRO .. target) or LRO .. path,
      status)
  end
  for key, value in pairs(expected) do
    made[key] = value
  end
  return made
end

local BAD_REQUEST = { fails = { kind = "service", status = 400 } }
local SAID = { fails = { kind = "service", status = 400,
  message = "Error from the server" } }
local EXPECTED = { fails = { kind = "service", status = 400,
  message = "Expected bad request message" } }
-- at a Location that is the operation's own answer
local ENDED = { fails = { kind = "operation", status = 400,
  message = "Expected bad request message" } }
local NOT_JSON = { fails = { kind = "protocol" } }

local refused = {
  row("LRONonRetryPut400", "PUT", "nonretryerror/put/400", { 400 }, EXPECTED),
  row("LRONonRetryPut201Creating400", "PUT", "nonretryerror/put/201/creating/400",
    { 201, 400 }, SAID),
  row("LRONonRetryPut201Creating400InvalidJson", "PUT",
    "nonretryerror/put/201/creating/400/invalidjson", { 201, 400 }, BAD_REQUEST),
  row("LRONonRetryPutAsyncRetry400", "PUT", "nonretryerror/putasync/retry/400",
    { 200, { 400, "nonretryerror/putasync/retry/failed/operationResults/400" } },
    BAD_REQUEST),
  row("LRONonRetryDelete400", "DELETE", "nonretryerror/delete/400", { 400 }, EXPECTED),
  row("LRONonRetryDelete202Retry400", "DELETE", "nonretryerror/delete/202/retry/400",
    { 202, 400 }, ENDED),
  row("LRONonRetryDeleteAsyncRetry400", "DELETE", "nonretryerror/deleteasync/retry/400",
    { 202, { 400, "nonretryerror/deleteasync/retry/failed/operationResults/400" } },
    EXPECTED),
  row("LRONonRetryPost400", "POST", "nonretryerror/post/400", { 400 }, EXPECTED),
  row("LRONonRetryPost202Retry400", "POST", "nonretryerror/post/202/retry/400",
    { 202, 400 }, ENDED),
  row("LRONonRetryPostAsyncRetry400", "POST", "nonretryerror/postasync/retry/400",
    { 202, { 400, "nonretryerror/postasync/retry/failed/operationResults/400" } },
    EXPECTED),
}

local function results(verb, what)
  return "error/" .. verb .. "async/retry/failed/operationResults/" .. what
end

-- Without a status in the answer the HTTP code decides, as in core-lro.
local silent = {
  row("LROErrorPut201NoProvisioningStatePayload", "PUT",
    "error/put/201/noprovisioningstatepayload", { 201 }, { gives = "nothing" }),
  row("LROErrorPutAsyncNoPollingStatus", "PUT", "error/putasync/retry/nostatus",
    { 200, { 200, results("put", "nostatus") }, 200 }, { gives = "body" }),
  row("LROErrorPutAsyncNoPollingStatusPayload", "PUT",
    "error/putasync/retry/nostatuspayload",
    { 200, { 200, results("put", "nostatuspayload") }, 200 }, { gives = "nothing" }),
  row("LROErrorDeleteAsyncNoPollingStatus", "DELETE", "error/deleteasync/retry/nostatus",
    { 202, { 200, results("delete", "nostatus") } }, { gives = "nothing" }),
  row("LROErrorPostAsyncNoPollingPayload", "POST", "error/postasync/retry/nopayload",
    { 202, { 200, results("post", "nopayload") }, { 200, results("post", "nopayload") } },
    { gives = "nothing" }),
}

local nonsense = {
  row("LROErrorPut200InvalidJson", "PUT", "error/put/200/invalidjson", { 200 }, NOT_JSON),
  row("LROErrorPutAsyncInvalidJsonPolling", "PUT", "error/putasync/retry/invalidjsonpolling",
    { 200, { 200, results("put", "invalidjsonpolling") } }, NOT_JSON),
  row("LROErrorDeleteAsyncInvalidJsonPolling", "DELETE",
    "error/deleteasync/retry/invalidjsonpolling",
    { 202, { 200, results("delete", "invalidjsonpolling") } }, NOT_JSON),
  row("LROErrorPostAsyncInvalidJsonPolling", "POST",
    "error/postasync/retry/invalidjsonpolling",
    { 202, { 200, results("post", "invalidjsonpolling") } }, NOT_JSON),
}

-- "/foo" is a relative URL like any other, and "/bar" is no Retry-After. The
-- server knows no /foo: such a URL says nothing about the operation, not even
-- that a deleted resource is gone.
local GONE = { gives = "nothing" }
local NO_SUCH_URL = { fails = { kind = "protocol", code = "InvalidPollingUrl" } }

local function invalid_header(name, verb, path, first)
  return row(name, verb, "error/" .. path .. "/retry/invalidheader",
    { first, { 404, "/foo" } }, NO_SUCH_URL)
end

local headers = {
  invalid_header("LROErrorPutAsyncInvalidHeader", "PUT", "putasync", 200),
  invalid_header("LROErrorDelete202RetryInvalidHeader", "DELETE", "delete/202", 202),
  invalid_header("LROErrorDeleteAsyncInvalidHeader", "DELETE", "deleteasync", 202),
  invalid_header("LROErrorPost202RetryInvalidHeader", "POST", "post/202", 202),
  invalid_header("LROErrorPostAsyncInvalidHeader", "POST", "postasync", 202),
  row("LROErrorDeleteNoLocation", "DELETE", "error/delete/204/nolocation", { 204 }, GONE),
  row("LROErrorPostNoLocation", "POST", "error/post/202/nolocation", { 202 },
    { fails = { kind = "protocol" } }),
}

local rows = {}
for _, list in ipairs { refused, silent, nonsense, headers } do
  table.move(list, 1, #list, #rows + 1, rows)
end
return { area = "LRO failures", rows = rows }
