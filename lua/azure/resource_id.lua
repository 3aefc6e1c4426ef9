--- Azure resource ids: "/subscriptions/{s}/resourceGroups/{g}/providers/{ns}/{type}/{name}...".
-- Azure writes one id in several cases ("resourcegroups", "SignalR" and
-- "signalR" in answers to one request), so ids are compared without case.

local errors = require "azure.errors"
local text = require "azure.text"

---@class azure.resource_id
local resource_id = {}

---@class azure.ResourceId
---@field id string as given, without a trailing slash
---@field subscription_id string?
---@field resource_group string?
---@field provider string? namespace, "Microsoft.Web"
---@field type string "Microsoft.Web/sites/slots"; "Microsoft.Resources/resourceGroups" for a group
---@field name string the last name
---@field names string[] one for each segment of the type
---@field parent string? id of the resource, group or subscription above

local MAX_LENGTH = 2048

local id_mt = {
  __name = "azure.resource_id",
  __tostring = function(self) return self.id end,
}

-- A query that came along with an id may be a secret.
local function show(id)
  return ("'%s'"):format(text.plain(id:match("^[^?]*"):sub(1, 200)))
end

local function invalid(id, reason)
  local shown = type(id) == "string" and show(id) or "a " .. type(id)
  return nil, errors.new{
    kind = "protocol",
    code = "InvalidResourceId",
    message = ("%s is not a resource id: %s"):format(shown, reason),
    hint = "it looks like /subscriptions/{guid}/resourceGroups/{group}/providers/{namespace}/{type}/{name}",
  }
end

-- What a URL would read differently, or could leave the path with.
local function segment_problem(segment)
  if segment == "" then return "a segment is empty" end
  if segment == "." or segment == ".." then return "'.' and '..' are no names" end
  if segment:find("[%c?#%%\\]") then return "a segment has a character that no name has" end
  if segment:find("^%s") or segment:find("%s$") then return "a segment starts or ends with a space" end
  return nil
end

local function split(id)
  local segments = {}
  for segment in (id:sub(2) .. "/"):gmatch("([^/]*)/") do
    local problem = segment_problem(segment)
    if problem then return nil, problem end
    segments[#segments + 1] = segment
  end
  return segments
end

local function is(segment, word)
  return segment ~= nil and segment:lower() == word
end

local function join(segments, count)
  if count < 1 then return nil end
  return "/" .. table.concat(segments, "/", 1, count)
end

-- Position of the last "providers": what follows it names the resource (an
-- extension resource has two of them).
local function last_provider(segments, from)
  local at
  for i = from, #segments do
    if is(segments[i], "providers") then at = i end
  end
  return at
end

local function read_types(parts, segments, at)
  local count = #segments - at
  if count < 3 or count % 2 == 0 then
    return nil, "after 'providers' a namespace and pairs of type and name are expected"
  end
  local types, names = { segments[at + 1] }, {}
  for i = at + 2, #segments, 2 do
    types[#types + 1] = segments[i]
    names[#names + 1] = segments[i + 1]
  end
  parts.provider = segments[at + 1]
  parts.type = table.concat(types, "/")
  parts.names = names
  parts.name = names[#names]
  parts.parent = join(segments, #names > 1 and #segments - 2 or at - 1)
  return parts
end

local function read_container(parts, segments)
  if parts.resource_group and #segments == 4 then
    parts.type, parts.name = "Microsoft.Resources/resourceGroups", parts.resource_group
    parts.parent = join(segments, 2)
  elseif #segments == 2 then
    parts.type, parts.name = "Microsoft.Resources/subscriptions", parts.subscription_id
  else
    return nil, "after the resource group '/providers/' is expected"
  end
  parts.names = { parts.name }
  return parts
end

local function read_scope(parts, segments)
  if not is(segments[1], "subscriptions") then
    if is(segments[1], "providers") then return 1 end
    return nil, "it must start with /subscriptions/"
  end
  if not segments[2] then return nil, "the subscription is missing" end
  if segments[2]:find("[^%w%-]") then return nil, "a subscription is a GUID" end
  parts.subscription_id = segments[2]
  if is(segments[3], "resourcegroups") then
    if not segments[4] then return nil, "the resource group is missing" end
    if #segments[4] > 90 then return nil, "a resource group has at most 90 characters" end
    parts.resource_group = segments[4]
    return 5
  end
  return 3
end

--- Takes an id apart.
---@param id string
---@return azure.ResourceId?
---@return azure.Error? err kind "protocol", code "InvalidResourceId"
function resource_id.parse(id)
  if type(id) == "table" and getmetatable(id) == id_mt then return id end
  if type(id) ~= "string" then return invalid(id, "an id is a string") end
  if id == "" then return invalid(id, "it is empty") end
  if #id > MAX_LENGTH then return invalid(id, ("it is longer than %d bytes"):format(MAX_LENGTH)) end
  if id:sub(1, 1) ~= "/" then return invalid(id, "it must start with a slash") end
  local trimmed = id:gsub("([^/])/$", "%1")
  local segments, problem = split(trimmed)
  if not segments then return invalid(id, problem) end
  local parts = setmetatable({ id = trimmed }, id_mt)
  local next_segment, parsed
  next_segment, problem = read_scope(parts, segments)
  if not next_segment then return invalid(id, problem) end
  local at = is(segments[next_segment], "providers") and last_provider(segments, next_segment)
  if at then
    parsed, problem = read_types(parts, segments, at)
  else
    parsed, problem = read_container(parts, segments)
  end
  if not parsed then return invalid(id, problem) end
  return parts
end

--- The text of an id: of a string, of what `parse` gave, or of a handle with a field `id`.
---@param id string|table
---@return string?
function resource_id.text(id)
  if type(id) == "table" then id = id.id end
  return type(id) == "string" and id or nil
end

--- True for the text of an id. `wanted_type` ("Microsoft.Web/sites") narrows it.
---@param id any
---@param wanted_type string?
---@return boolean
function resource_id.is_valid(id, wanted_type)
  local parsed = resource_id.parse(id)
  if not parsed then return false end
  return wanted_type == nil or parsed.type:lower() == wanted_type:lower()
end

--- Puts an id together: `format{ subscription_id=, resource_group=, type="Microsoft.Web/sites", name="contoso-func" }`.
--- For a nested type give `names`, one for each segment.
---@param parts table
---@return string? id
---@return azure.Error? err
function resource_id.format(parts)
  errors.check_type(parts, "table", "parts", "resource_id.format")
  for _, field in ipairs{ "type", "name", "subscription_id", "resource_group" } do
    errors.check_type(parts[field], "string|nil", field, "resource_id.format")
  end
  errors.check_type(parts.names, "table|nil", "names", "resource_id.format")
  local provider, rest = (parts.type or ""):match("^([^/]+)/(.+)$")
  if not provider then return invalid(parts.type or "", "'type' must be a namespace and a type") end
  local out = {}
  if parts.subscription_id then out[#out + 1] = "/subscriptions/" .. parts.subscription_id end
  if parts.resource_group then out[#out + 1] = "/resourceGroups/" .. parts.resource_group end
  out[#out + 1] = "/providers/" .. provider
  local names = parts.names or { parts.name }
  local count = 0
  for type_segment in rest:gmatch("[^/]+") do
    count = count + 1
    out[#out + 1] = ("/%s/%s"):format(type_segment, names[count] or "")
  end
  local id = table.concat(out)
  if count ~= #names then return invalid(id, "'names' needs one name for each segment of 'type'") end
  local parsed, err = resource_id.parse(id)
  return parsed and parsed.id, err
end

--- True when both name the same resource; case does not matter.
---@param a string|table
---@param b string|table
---@return boolean
function resource_id.equal(a, b)
  local left, right = resource_id.text(a), resource_id.text(b)
  if not left or not right then return false end
  return left:gsub("/$", ""):lower() == right:gsub("/$", ""):lower()
end

--- The same key for every way to write an id, for tables and locks.
---@param id string|table
---@return string
function resource_id.key(id)
  return ((resource_id.text(id) or ""):gsub("/$", ""):lower())
end

--- The id of a child. Raises when the name could leave its segment.
---@param id string|table
---@param child_type string
---@param name string
---@return string
function resource_id.child(id, child_type, name)
  local base = resource_id.text(id)
  if not base then errors.raise("resource_id.child: 'id' must be an id") end
  errors.check_type(name, "string", "name", "resource_id.child")
  local problem = name:find("/", 1, true) and "it has a slash" or segment_problem(name)
  if problem then errors.raise(("resource_id.child: 'name' cannot be used in an id: %s"):format(problem)) end
  return ("%s/%s/%s"):format(base:gsub("/$", ""), child_type, name)
end

--- The last segment of any path, or nil.
---@param path any
---@return string?
function resource_id.last_segment(path)
  return type(path) == "string" and path:match("([^/]+)/?$") or nil
end

return resource_id
