--- ARM's token buckets: per subscription, caller and kind of call, a size and
-- a refill per second (learn.microsoft.com, "request limits and throttling":
-- reads 250 and 25/s, writes and deletes 200 and 10/s).

local wire = require "azure.emulator.wire"

local throttle = {}

throttle.arm_limits = { reads = { 250, 25 }, writes = { 200, 10 }, deletes = { 200, 10 } }

local kinds = { GET = "reads", HEAD = "reads", DELETE = "deletes" }

--- The bucket that a method draws from.
---@param method string
---@return string
function throttle.kind(method)
  return kinds[method] or "writes"
end

local function refilled(bucket, limit, now)
  local tokens = bucket.tokens + (now - bucket.at) * limit[2]
  bucket.tokens, bucket.at = math.min(limit[1], tokens), now
  return bucket.tokens
end

local function refusal(seconds, who)
  local answer = wire.error(429, "TooManyRequests",
    ("The request was throttled: too many requests of %s. Please retry after %d seconds."):format(who, seconds))
  wire.set_header(answer, "Retry-After", tostring(seconds))
  return answer
end

--- Draws one token.
---@param cloud table
---@param caller string
---@param subscription_id string
---@param method string
---@return table? refusal an answer, or nil
---@return integer? remaining
function throttle.take(cloud, caller, subscription_id, method)
  local kind = throttle.kind(method)
  local limit = cloud.options.throttle and cloud.options.throttle[kind]
  if not limit then return nil end
  local now, name = cloud.state:now(), subscription_id:lower() .. " " .. caller .. " " .. kind
  local bucket = cloud.buckets[name] or { tokens = limit[1], at = now }
  cloud.buckets[name] = bucket
  local tokens = refilled(bucket, limit, now)
  if tokens < 1 then
    cloud.throttled = cloud.throttled + 1
    return refusal(math.max(1, math.ceil((1 - tokens) / limit[2])), "principal " .. caller)
  end
  bucket.tokens = tokens - 1
  return nil, math.floor(bucket.tokens)
end

return throttle
