--- Faults by rule: what a script must survive, at the request where it hurts.

local errors = require "azure.errors"
local json = require "azure.json"
local wire = require "azure.emulator.wire"

local Rule = {}
Rule.__index = Rule
Rule.__name = "azure.emulator.fault"

local allowed = {
  match = true, status = true, retry_after = true, times = true, after = true, drop = true, reset = true,
  delay = true, body = true, headers = true, truncate = true, code = true, message = true, effect = true,
}

-- What is no pattern ("/signalr/[") matches nothing as one.
local function find(text, pattern)
  local ok, at = pcall(string.find, text, pattern)
  return ok and at ~= nil
end

-- Text fits as it is or as a Lua pattern, in any casing; a pattern with classes
-- like %S cannot be lowered.
local function fits(pattern, text)
  local lowered = text:lower()
  if lowered:find(pattern:lower(), 1, true) or find(text, pattern) then return true end
  return not pattern:find("%%%u") and find(lowered, pattern:lower())
end

local faults = {}

local methods = { GET = true, HEAD = true, PUT = true, POST = true, PATCH = true, DELETE = true, OPTIONS = true }

--- Whether a request is one that a rule's `match` means: a method alone, text (a
--- Lua pattern or plain, against "METHOD url", any casing), { method =, path = }
--- or a function.
---@param match any
---@param request table
---@return boolean
function faults.matches(match, request)
  if match == nil then return true end
  if type(match) == "function" then return match(request) and true or false end
  -- A signed URL of 3 KB may well have those three letters, too.
  local method = type(match) == "string" and match:upper()
  if methods[method] then return method == request.method end
  if method then return fits(match, request.method .. " " .. request.url) end
  if match.method and match.method:upper() ~= request.method then return false end
  local path = match.path or match.url
  return not path or fits(path, request.url)
end

--- Takes the rule away.
function Rule:remove()
  self.times = self.hits
end

--- Whether the rule has nothing left to do.
---@return boolean
function Rule:spent()
  return self.hits >= self.times
end

--- Raises for what is no `match`.
---@param match any
---@param fname string
function faults.check_match(match, fname)
  errors.check_type(match, "nil|string|table|function", "match", fname)
  if type(match) ~= "table" then return end
  errors.check_options(match, { method = true, path = true, url = true }, fname .. ": match")
  for name, value in pairs(match) do errors.check_type(value, "string", "match." .. name, fname) end
end

local types = {
  status = "integer|nil", truncate = "integer|nil", reset = "boolean|nil", effect = "boolean|nil", code = "string|nil",
  message = "string|nil", body = "string|table|nil", headers = "table|nil", retry_after = "number|string|nil",
  times = "number|nil", after = "number|nil",
}

local function check_headers(headers)
  for name, value in pairs(headers or {}) do
    local text = type(name) == "string" and (type(value) == "string" or type(value) == "number")
    if not text or name == "" or name:find("[^%w!#$%%&'*+.^_`|~-]") or tostring(value):find("[%c]") then
      errors.raise("emulator:fault: 'headers' must map names to values that a header may have")
    end
  end
end

-- What is wrong is said here, and not by a 500 at the request that it strikes.
local function check(opts)
  errors.check_type(opts, "table", "options", "emulator:fault")
  errors.check_options(opts, allowed, "emulator:fault")
  for name, wanted in pairs(types) do errors.check_type(opts[name], wanted, name, "emulator:fault") end
  errors.check_number(opts.status, "status", "emulator:fault", 200, 599)
  errors.check_number(opts.delay, "delay", "emulator:fault")
  for _, name in ipairs{ "times", "after" } do
    errors.check_number(opts[name], name, "emulator:fault", 0, math.huge)
  end
  errors.check_number(opts.truncate, "truncate", "emulator:fault")
  local drop = opts.drop
  if drop ~= nil and drop ~= true and drop ~= "before" and drop ~= "after" then
    errors.raise("emulator:fault: 'drop' must be true, \"before\" or \"after\"")
  end
  faults.check_match(opts.match, "emulator:fault")
  check_headers(opts.headers)
end

--- Adds a rule. `times` is how often it strikes (default 1), `after` how many
--- matching requests it lets pass before.
---@param cloud table
---@param opts table
---@return table rule with `hits` and `remove()`
function faults.add(cloud, opts)
  check(opts)
  local rule = setmetatable({ hits = 0, seen = 0 }, Rule)
  for key, value in pairs(opts) do rule[key] = value end
  if type(rule.body) == "table" then rule.body = json.encode(rule.body) end
  rule.times = opts.times or 1
  rule.after = opts.after or 0
  table.insert(cloud.faults, rule)
  return rule
end

--- The rule that strikes this request, or nil. Counts it.
---@param cloud table
---@param request azure.emulator.Request
---@return table? rule
function faults.find(cloud, request)
  for _, rule in ipairs(cloud.faults) do
    if not rule:spent() and faults.matches(rule.match, request) then
      rule.seen = rule.seen + 1
      if rule.seen > rule.after then
        rule.hits = rule.hits + 1
        return rule
      end
    end
  end
  return nil
end

--- Whether the request must not reach the service at all.
---@param rule table
---@return boolean
function faults.prevents(rule)
  if rule.drop == true or rule.drop == "before" then return true end
  if rule.effect or rule.drop == "after" then return false end
  return rule.status ~= nil or (rule.reset or false)
end

local codes = {
  [400] = "BadRequest", [401] = "InvalidAuthenticationToken", [403] = "AuthorizationFailed", [404] = "NotFound",
  [408] = "RequestTimeout", [409] = "Conflict", [429] = "TooManyRequests", [500] = "InternalServerError",
  [502] = "BadGateway", [503] = "ServiceUnavailable", [504] = "GatewayTimeout",
}

local function own_answer(rule)
  local status = rule.status or 200
  if rule.body then return { status = status, headers = {}, body = rule.body } end
  if status < 400 then return wire.empty(status) end
  return wire.error(status, rule.code or codes[status] or "InjectedFault",
    rule.message or "This answer was asked for by a fault rule of the emulator.")
end

--- The answer after the rule is through with it. `answer` is the service's,
--- or nil where the rule kept the request from it.
---@param rule table
---@param answer table?
---@return table answer
function faults.apply(rule, answer)
  if rule.status or not answer then answer = own_answer(rule) end
  if rule.body then answer.body = rule.body end
  if rule.retry_after then wire.set_header(answer, "Retry-After", tostring(rule.retry_after)) end
  for name, value in pairs(rule.headers or {}) do wire.set_header(answer, name, value) end
  if rule.drop then answer.close = "drop" end
  if rule.reset then answer.close = "reset" end
  answer.truncate, answer.delay = rule.truncate, rule.delay
  return answer
end

return faults
