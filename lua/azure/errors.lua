--- Errors of the module: tables with fields for code and one line for people.
-- The world's failures are returned (`nil, err`); misuse of an argument is
-- raised, with the argument's name. The C core makes errors of the same kind:
-- both sides share the metatable that the registry keeps as "azure.error".

local text = require "azure.text"

---@class azure.errors
local errors = {}

---@class azure.Error
---@field kind string one of `errors.kinds`
---@field code string? the service's own code, for example "AuthorizationFailed"
---@field message string what was tried and what happened
---@field hint string? what to do next
---@field status integer? HTTP status, only if a response came
---@field method string?
---@field url string? redacted
---@field request_id string?
---@field correlation_id string?
---@field client_request_id string?
---@field attempts integer?
---@field retry_after number? seconds
---@field target string?
---@field details table[]? the service's own details, decoded on first use
---@field inner table? the error that led to this one, or the service's own innererror, decoded on first use
---@field body string? the error document as it was received, bounded
---@field raised any what a cancelled task raised instead of ending quietly

errors.kinds = {
  auth = true, service = true, transport = true, timeout = true, cancelled = true,
  protocol = true, operation = true, ambiguous = true, refused = true,
}

local REGISTRY_NAME = "azure.error"

local function shared_metatable()
  local registry = debug.getregistry()
  local mt = registry[REGISTRY_NAME]
  if not mt then
    mt = { __name = REGISTRY_NAME }
    registry[REGISTRY_NAME] = mt
  end
  return mt
end

local mt = shared_metatable()

--- Where an ARM answer keeps its details and its inner error.
local function error_document(err)
  local body = rawget(err, "body")
  if type(body) ~= "string" then return nil end
  local doc = require("azure.json").decode(body)
  if type(doc) ~= "table" then return nil end
  if type(doc.error) == "table" then return doc.error end
  return doc
end

local function table_or_nil(value)
  return type(value) == "table" and value or nil
end

local lazy_fields = {
  details = function(doc) return table_or_nil(doc.details) end,
  inner = function(doc) return table_or_nil(doc.innererror or doc.innerError) end,
}

function mt.__index(err, key)
  local read = lazy_fields[key]
  local doc = read and error_document(err)
  local value = doc and read(doc)
  if value then rawset(err, key, value) end
  return value
end

-- The library's own folder, as it stands in front of the names of its chunks.
-- The core looks it up too, for what it raises itself.
local home = debug.getinfo(1, "S").source:match("^(@.*)errors%.lua$")
debug.getregistry()["azure.home"] = home

-- Where the script is that called into the library, however deep that is by
-- now. Levels would have to be counted anew at each change, and tail calls
-- make them wrong.
local function blamed()
  local level = 3
  while true do
    local info = debug.getinfo(level, "Sl")
    if not info then return "" end
    local ours = home and info.source:sub(1, #home) == home
    if info.currentline > 0 and not ours then return ("%s:%d: "):format(info.short_src, info.currentline) end
    level = level + 1
  end
end

--- Raises for misuse, with the line of the script that is to blame: the first
--- one outside of the library.
---@param message string begins with the public function's name
function errors.raise(message)
  error(blamed() .. message, 0)
end

local function where(err)
  if not err.method or not err.url then return "" end
  return (" (%s %s)"):format(err.method, err.url)
end

function mt.__tostring(err)
  local parts = { tostring(err.kind) .. " error" }
  if err.code then parts[#parts + 1] = " " .. err.code end
  if err.status then parts[#parts + 1] = (" [HTTP %d]"):format(err.status) end
  parts[#parts + 1] = ": " .. (err.message or "no message")
  parts[#parts + 1] = where(err)
  if err.request_id then parts[#parts + 1] = " request id " .. err.request_id end
  if err.hint then parts[#parts + 1] = "; " .. err.hint end
  return text.one_line(table.concat(parts))
end

function mt.__concat(a, b)
  return tostring(a) .. tostring(b)
end

--- Makes an error. `kind` and `message` are needed.
---@param fields table
---@return azure.Error
function errors.new(fields)
  if type(fields) ~= "table" then errors.raise("errors.new: fields must be a table") end
  if not errors.kinds[fields.kind] then
    errors.raise(("errors.new: kind %s is not one of the known kinds"):format(tostring(fields.kind)))
  end
  local err = {}
  for key, value in pairs(fields) do err[key] = value end
  return setmetatable(err, mt)
end

--- Tells an error of this module from anything else.
---@param value any
---@return boolean
function errors.is(value)
  return type(value) == "table" and getmetatable(value) == mt
end

local function min3(a, b, c)
  local m = a < b and a or b
  return m < c and m or c
end

local function next_row(row, a, i, b)
  local new = { [0] = i }
  for j = 1, #b do
    local cost = a:byte(i) == b:byte(j) and 0 or 1
    new[j] = min3(new[j - 1] + 1, row[j] + 1, row[j - 1] + cost)
  end
  return new
end

-- Edits from one to the other; a word that begins with the other is near too.
local function distance(a, b)
  if math.min(#a, #b) >= 3 and a:sub(1, #b) == b:sub(1, #a) then return 1 end
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do row = next_row(row, a, i, b) end
  return row[#b]
end

--- The word of the list that resembles `word` most, or nil when none does.
--- A list is `{ "a", "b" }` or a set `{ a = true, b = true }`.
---@param word string
---@param list table
---@return string?
function errors.nearest(word, list)
  local best, best_distance = nil, math.max(2, #word // 3) + 1
  local lowered = word:sub(1, 100):lower()
  for key, value in pairs(list) do
    local candidate = type(key) == "number" and value or key
    local d = distance(lowered, candidate:lower())
    if d < best_distance or (d == best_distance and best and candidate < best) then
      best, best_distance = candidate, d
    end
  end
  return best
end

local function sorted_names(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

local function unknown_option(key, allowed, fname)
  if type(key) ~= "string" then
    return ("%s: options are named, but there is one at [%s]"):format(fname, tostring(key))
  end
  local near = errors.nearest(key, allowed)
  local advice = near and ("did you mean '%s'?"):format(near) or "known: " .. sorted_names(allowed)
  return ("%s: unknown option '%s'; %s"):format(fname, text.one_line(key:sub(1, 60)), advice)
end

--- Raises when `opts` is no table or has a key that is not in the set `allowed`.
---@param opts table?
---@param allowed table<string, any>
---@param fname string the public function's name, for the message
---@return table opts never nil
function errors.check_options(opts, allowed, fname)
  if opts == nil then return {} end
  if type(opts) ~= "table" then
    errors.raise(("%s: options must be a table, not a %s"):format(fname, type(opts)))
  end
  for key in pairs(opts) do
    if type(key) ~= "string" or allowed[key] == nil then errors.raise(unknown_option(key, allowed, fname)) end
  end
  return opts
end

--- Raises when `value` has none of the types in `types` ("string|table|nil").
---@param value any
---@param types string
---@param name string the argument's name
---@param fname string
function errors.check_type(value, types, name, fname)
  local actual = type(value)
  if actual == types or (value == nil and types:find("nil", 1, true)) then return end
  for wanted in types:gmatch("[^|]+") do
    if wanted == actual or (wanted == "integer" and math.type(value) == "integer") then return end
  end
  errors.raise(("%s: '%s' must be %s, not %s"):format(fname, name, types:gsub("|", " or "),
    actual == "nil" and "absent" or "a " .. actual))
end

--- Raises when `value` is neither nil nor a number from `least` to `most`.
---@param value any
---@param name string
---@param fname string
---@param least number? default 0
---@param most number? default: no bound
function errors.check_number(value, name, fname, least, most)
  if value == nil then return end
  least = least or 0
  if type(value) == "number" and value >= least and value <= (most or 1e10) then return end
  errors.raise(("%s: '%s' must be a number from %d %s, not %s"):format(fname, name, least,
    most and most < math.huge and ("to %d"):format(most) or "up",
    type(value) == "number" and tostring(value) or "a " .. type(value)))
end

--- Raises when `value` is neither nil nor a function, nor a table that can be called.
---@param value any
---@param name string
---@param fname string
function errors.check_callable(value, name, fname)
  local meta = type(value) == "table" and getmetatable(value)
  if value == nil or type(value) == "function" or (type(meta) == "table" and meta.__call) then return end
  errors.raise(("%s: '%s' must be a function, or a table that can be called as one"):format(fname, name))
end

--- Raises when a method was called with '.' in place of ':', or on something else.
---@param self any
---@param mark string a field that every such object has
---@param fname string "client:get"
function errors.check_self(self, mark, fname)
  if type(self) == "table" and self[mark] ~= nil then return end
  errors.raise(("%s: called with '.'; use ':', as in %s(...)"):format(fname, fname))
end

return errors
