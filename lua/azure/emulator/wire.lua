--- Requests as handlers want to read them, and answers as Azure writes them.
-- A request is what the server module hands over; an answer is
-- `{ status = 200, headers = { { "Name", "value" } }, body = "" }`.

local json = require "azure.json"

local wire = {}

local JSON_TYPE = "application/json; charset=utf-8"

--- Undoes percent-encoding. `plus` also turns `+` into a space (forms).
---@param text string
---@param plus boolean?
---@return string
function wire.unescape(text, plus)
  if plus then text = text:gsub("%+", " ") end
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- Percent-encodes everything but unreserved characters.
---@param text string
---@return string
function wire.escape(text)
  return (text:gsub("[^%w%-%._~]", function(char) return ("%%%02X"):format(char:byte()) end))
end

--- Reads `a=1&b=2` into a table with lower-case names; the first of a name counts.
---@param text string?
---@param plus boolean?
---@return table<string, string>
function wire.parameters(text, plus)
  local parameters = {}
  for pair in (text or ""):gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name = wire.unescape(name, plus):lower()
    if parameters[name] == nil then parameters[name] = wire.unescape(value, plus) end
  end
  return parameters
end

local function header_map(headers)
  local map = {}
  for key, value in pairs(headers or {}) do
    local name = key
    if type(key) == "number" then name, value = value[1], value[2] end
    name = name:lower()
    map[name] = map[name] and map[name] .. ", " .. value or value
  end
  return map
end

local function split_path(path)
  local segments = {}
  for segment in path:gmatch("[^/]+") do segments[#segments + 1] = wire.unescape(segment) end
  return segments
end

---@class azure.emulator.Request
---@field method string
---@field url string path and query as received
---@field path string the path alone, as received
---@field raw_query string?
---@field query table<string, string> by lower-case name
---@field headers table<string, string> by lower-case name
---@field segments string[] decoded parts of the path
---@field body string
---@field remote string?

--- Makes a request out of what the server module, or a test, gives.
---@param raw table { method, path, headers = list of pairs or map, body, remote }
---@return azure.emulator.Request
function wire.request(raw)
  local url = raw.path or raw.url or "/"
  local path, query = url:match("^([^?]*)%??(.*)$")
  return {
    method = raw.method, url = url, path = path, raw_query = query ~= "" and query or nil,
    query = wire.parameters(query), headers = header_map(raw.headers),
    segments = split_path(path), body = raw.body or "", remote = raw.remote,
  }
end

--- Decodes a JSON object body. An empty body gives an empty table.
---@param request azure.emulator.Request
---@return table? body nil when it is not a JSON object
---@return string? why
function wire.json_body(request)
  if request.body == "" then return {} end
  local value, err = json.decode(request.body)
  if value == nil then return nil, err.message end
  if type(value) ~= "table" or json.is_array(value) then return nil, "an object is needed" end
  return value
end

--- An answer with a JSON body. Headers: map or list of pairs.
---@param status integer
---@param value any
---@param headers table?
---@return table answer
function wire.json(status, value, headers)
  local answer = wire.empty(status, headers)
  table.insert(answer.headers, 1, { "Content-Type", JSON_TYPE })
  answer.body = json.encode(value)
  return answer
end

--- An answer without a body.
---@param status integer
---@param headers table?
---@return table answer
function wire.empty(status, headers)
  local list = {}
  for key, value in pairs(headers or {}) do
    list[#list + 1] = type(key) == "number" and value or { key, value }
  end
  return { status = status, headers = list, body = "" }
end

--- An answer with ARM's error body.
---@param status integer
---@param code string
---@param message string
---@param more table? further members of the error (target, details, ...)
---@return table answer
function wire.error(status, code, message, more)
  local body = { code = code, message = message }
  for key, value in pairs(more or {}) do body[key] = value end
  return wire.json(status, { error = body })
end

--- Adds a header to an answer, or replaces it.
---@param answer table
---@param name string
---@param value string
function wire.set_header(answer, name, value)
  local lowered = name:lower()
  for _, pair in ipairs(answer.headers) do
    if pair[1]:lower() == lowered then
      pair[2] = value
      return
    end
  end
  answer.headers[#answer.headers + 1] = { name, value }
end

--- The value of an answer's header, or nil.
---@param answer table
---@param name string
---@return string?
function wire.get_header(answer, name)
  for _, pair in ipairs(answer.headers) do
    if pair[1]:lower() == name:lower() then return pair[2] end
  end
  return nil
end

--- A point in time as Azure writes it: 2023-10-08T02:31:38.9605601Z.
---@param at number seconds since 1970
---@return string
function wire.timestamp(at)
  local whole = math.floor(at)
  return os.date("!%Y-%m-%dT%H:%M:%S", whole) .. (".%07dZ"):format(math.floor((at - whole) * 1e7))
end

--- An HTTP date.
---@param at number seconds since 1970
---@return string
function wire.http_date(at)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", math.floor(at)) --[[@as string]]
end

--- Decodes base64 and base64url, padded or not.
---@param text string
---@return string? bytes nil when it is neither
function wire.base64_decode(text)
  text = text:gsub("-", "+"):gsub("_", "/"):gsub("=+$", "")
  if text:find("[^%w+/]") or #text % 4 == 1 then return nil end
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local bytes, bits, count = {}, 0, 0
  for char in text:gmatch(".") do
    bits, count = (bits << 6 | alphabet:find(char, 1, true) - 1) & 0xFFFFFF, count + 6
    if count >= 8 then
      count = count - 8
      bytes[#bytes + 1] = string.char(bits >> count & 0xFF)
    end
  end
  return table.concat(bytes)
end

return wire
