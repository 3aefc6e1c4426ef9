--- JSON for bodies: what is decoded and encoded again means the same.
-- Integers stay integers (64 bits), `[]` stays an array and `{}` an object,
-- null is `cjson.null`, `-0` is the float -0.0. A number beyond a double, such
-- as 1e400, makes the document an error. An array is a table with this module's mark, or any
-- table with items 1..n; an empty table without the mark is an object.
--
--     local doc = json.decode('{"tags":{},"list":[],"n":9007199254740993}')
--     json.encode(doc)                       --> the same three members
--     json.encode{ allow = json.array{} }    --> {"allow":[]}

local has_cjson, cjson = pcall(require, "cjson")
if not has_cjson then
  error("azure needs lua-cjson: 'apt-get install lua-cjson' or 'luarocks --lua-version 5.4 install lua-cjson'\n"
    .. tostring(cjson), 0)
end
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
core.json_marks(json.null, array_mt)

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
    errors.raise(("json.decode: 'text' must be a string, not a %s"):format(type(text)))
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
    errors.raise(("json.array: 't' must be a table, not a %s"):format(type(t)))
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

--- Encodes a value. Keys come out sorted. Raises for what JSON cannot say.
---@param value any
---@return string text
function json.encode(value)
  local text, reason = core.json_encode(value, json.null, array_mt, empty_array)
  if not text then errors.raise(reason) end
  return text
end

return json
