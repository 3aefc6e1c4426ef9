--- Asks an upstream which calls of SignalR it saw, and judges them. The
-- upstream answers a GET with
--     { "seen": [ { "at": <seconds since 1970>, "forwarded_for": "10.0.0.4:1234",
--                   "hub": "chat", "event": "connected", "signature": "valid" } ] }
-- as the emulator's upstream and examples/azure-function do.

local core = require "azure.core"
local errors = require "azure.errors"
local forwarded = require "azure.forwarded"
local json = require "azure.json"

local probe = {}

local MAX_CALLS = 1000
local CALL_TIMEOUT = 30

local function decode(response, url)
  if response.status ~= 200 then
    return nil, errors.new{
      kind = "service", code = "ProbeFailed", status = response.status, method = "GET", url = url,
      message = ("the probe answered with HTTP %d"):format(response.status),
      hint = response.status == 403 and "the upstream is closed to the public: ask it from inside, with probe=function"
        or nil,
    }
  end
  local answer, err = json.decode(response.body)
  if err then return nil, err end
  if type(answer) ~= "table" or type(answer.seen) ~= "table" then
    return nil, errors.new{
      kind = "protocol", code = "NotAProbe", message = "the answer has no list 'seen'", method = "GET", url = url,
    }
  end
  return answer.seen
end

local function redacted(url)
  return (url:gsub("%?.*$", "?***"))
end

--- A function that asks a probe's URL.
---@param url string
---@param headers table?
---@param opts { ca_file: string?, proxy: string? }?
---@return fun(seconds: number?): table[]?, azure.Error?
function probe.http(url, headers, opts)
  return function(seconds)
    local http <close> = core.http{ ca_file = opts and opts.ca_file }
    local timeout = math.max(1, math.min(CALL_TIMEOUT, seconds or CALL_TIMEOUT))
    local op <close> = http:send{ method = "GET", url = url, headers = headers, timeout = timeout }
    local response, err = op:wait()
    if not response then return nil, err end
    return decode(response, redacted(url))
  end
end

local function classify(call)
  local caller, err = forwarded.client_ip(call.forwarded_for)
  return {
    at = call.at, hub = call.hub, event = call.event, signature = call.signature,
    ip = caller and caller.ip, private = caller and caller.private, range = caller and caller.range,
    problem = err and err.message,
  }
end

-- A call that SignalR did not sign proves nothing, whatever its address.
local function counts(call, since)
  return type(call) == "table" and type(call.at) == "number" and call.at >= since
    and type(call.forwarded_for) == "string" and call.signature == "valid"
end

-- Addresses that calls over a private endpoint come from. Loopback and
-- link-local ones are of the machine or its neighbours: no path is proven by them.
local proof = { ["RFC 1918"] = true, ["RFC 4193"] = true, ["RFC 6598"] = true }

local function list_for(seen, private, public)
  if not seen or seen.private == nil then return nil end
  if not seen.private then return public end
  return proof[seen.range] and private or nil
end

--- Judges calls. Pure.
---@param calls table[]
---@param since number only calls from then on count
---@return table verdict { verdict="private"|"public"|"not yet seen", evidence={...}, ignored=n }
function probe.judge(calls, since)
  since = math.floor(since) -- probes note whole seconds
  local private, public, ignored = {}, {}, 0
  for i = 1, math.min(#calls, MAX_CALLS) do
    local call = calls[i]
    local seen = counts(call, since) and classify(call)
    local list = list_for(seen, private, public)
    if list then list[#list + 1] = seen else ignored = ignored + 1 end
  end
  -- One public call after the approval is enough to deny it.
  local verdict = #public > 0 and "public" or #private > 0 and "private" or "not yet seen"
  return { verdict = verdict, evidence = #public > 0 and public or private, ignored = ignored }
end

return probe
