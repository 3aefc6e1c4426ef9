--- JSON for bodies: what is decoded and encoded again means the same.
-- Integers stay integers (64 bits), `[]` stays an array and `{}` an object,
-- null is `cjson.null`. An array is a table with this module's mark, or any
-- table with items 1..n; an empty table without the mark is an object.
--
--     local doc = json.decode('{"tags":{},"list":[],"n":9007199254740993}')
--     json.encode(doc)                       --> the same three members
--     json.encode{ allow = json.array{} }    --> {"allow":[]}

local cjson = require "cjson"
local core = require "azure.core"
local errors = require "azure.errors"

---@class azure.json
local json = {}

--- JSON's null, the one of lua-cjson: `doc.field == json.null`.
json.null = cjson.null

-- OpenResty's fork of lua-cjson has a mark of its own: share it, so that
-- arrays pass between this module and scripts that use the fork.
local array_mt = cjson.array_mt or { __name = "azure.json.array" }
local empty_array = cjson.empty_array

-- As deep as the decoder goes.
local MAX_DEPTH = 1000

-- Words that explain, as a page or a proxy writes them. What begins like a
-- document, or has no spaces, may be keys and tokens: nothing of it is shown.
local function excerpt(text)
  local head = text:sub(1, 60):gsub("[%c%s]+", " ")
  if head:find('^ ?[%[{"]') or not (head:find("^ ?<") or head:find("%w %w")) then return "" end
  return ": " .. head .. (#text > 60 and "..." or "")
end

local function decode_error(text, reason, position)
  if text == "" then reason, position = "the document is empty", 1 end
  local looks_html = text:find("^%s*<")
  return errors.new{
    kind = "protocol",
    code = "InvalidJson",
    message = ("not JSON: %s at byte %d of %d%s"):format(reason, position, #text, excerpt(text)),
    hint = looks_html and "this is HTML or XML: a proxy or a sign-in page may have answered instead" or nil,
  }
end

--- Decodes a whole document.
---@param text string
---@return any value `json.null` for null
---@return azure.Error? err kind "protocol" when the text is not JSON (then the value is nil)
function json.decode(text)
  if type(text) ~= "string" then
    error(("json.decode: 'text' must be a string, not a %s"):format(type(text)), 2)
  end
  local value, reason, position = core.json_decode(text, json.null, array_mt)
  if value == nil then return nil, decode_error(text, reason, position) end
  return value
end

--- Marks a table as an array, so that it is `[]` even when it is empty.
---@param t table? a new one when absent
---@return table t
function json.array(t)
  if t ~= nil and type(t) ~= "table" then
    error(("json.array: 't' must be a table, not a %s"):format(type(t)), 2)
  end
  return setmetatable(t or {}, array_mt)
end

--- Tells whether a value would be encoded as an array.
---@param value any
---@return boolean
function json.is_array(value)
  if empty_array ~= nil and value == empty_array then return true end
  if type(value) ~= "table" then return false end
  return getmetatable(value) == array_mt or value[1] ~= nil
end

local escapes = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f",
  ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\127"] = "\\u007f",
}
for byte = 0, 31 do
  local char = string.char(byte)
  escapes[char] = escapes[char] or ("\\u%04x"):format(byte)
end

local function encode_string(text)
  if not utf8.len(text) then
    error("json.encode: a string is not UTF-8; encode bytes as base64 first", 0)
  end
  if text:find('[%c"\\\127]') then text = text:gsub('[%c"\\\127]', escapes) end
  return '"' .. text .. '"'
end

-- %.17g gives a double back exactly; shorter when that is exact too. The
-- locale may have made the point a comma.
local function encode_float(number)
  if number ~= number or number == math.huge or number == -math.huge then
    error("json.encode: JSON has no NaN and no infinity", 0)
  end
  local text = ("%.14g"):format(number)
  if tonumber(text) ~= number then text = ("%.17g"):format(number) end
  if math.type(tonumber(text)) == "integer" then text = text .. ".0" end
  return (text:gsub(",", "."))
end

local encode_value

local function encode_array(out, t, depth)
  local count = #t
  for key in pairs(t) do
    if math.type(key) ~= "integer" or key < 1 or key > count then
      error(("json.encode: an array has the key %s beside its items"):format(tostring(key)), 0)
    end
  end
  out[#out + 1] = "["
  for i = 1, count do
    if t[i] == nil then error(("json.encode: an array has a hole at %d"):format(i), 0) end
    if i > 1 then out[#out + 1] = "," end
    encode_value(out, t[i], depth)
  end
  out[#out + 1] = "]"
end

-- Sorted, so that the same table is always the same text.
local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) ~= "string" then
      error(("json.encode: an object's keys must be strings, not %s"):format(tostring(key)), 0)
    end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function encode_object(out, t, depth)
  local separator = "{"
  for _, key in ipairs(sorted_keys(t)) do
    out[#out + 1] = separator .. encode_string(key) .. ":"
    encode_value(out, t[key], depth)
    separator = ","
  end
  out[#out + 1] = separator == "{" and "{}" or "}"
end

local function encode_table(out, t, depth)
  if depth >= MAX_DEPTH then
    error("json.encode: nested too deeply, or a table holds itself", 0)
  end
  if getmetatable(t) == array_mt or t[1] ~= nil then
    encode_array(out, t, depth + 1)
  else
    encode_object(out, t, depth + 1)
  end
end

local encoders = {
  string = function(out, value) out[#out + 1] = encode_string(value) end,
  boolean = function(out, value) out[#out + 1] = tostring(value) end,
  number = function(out, value)
    out[#out + 1] = math.type(value) == "integer" and ("%d"):format(value) or encode_float(value)
  end,
  table = encode_table,
}

function encode_value(out, value, depth)
  if value == json.null then
    out[#out + 1] = "null"
    return
  end
  if empty_array ~= nil and value == empty_array then
    out[#out + 1] = "[]"
    return
  end
  local encode = encoders[type(value)]
  if not encode then
    error(("json.encode: a %s has no form in JSON"):format(type(value)), 0)
  end
  encode(out, value, depth)
end

--- Encodes a value. Keys come out sorted. Raises for what JSON cannot say.
---@param value any
---@return string text
function json.encode(value)
  local out = {}
  local ok, reason = pcall(encode_value, out, value, 0)
  if not ok then error(reason, 2) end
  return table.concat(out)
end

return json
