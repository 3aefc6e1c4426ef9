--- Building the URLs of requests from paths, queries and api-versions.

local core = require "azure.core"
local errors = require "azure.errors"

local url = {}

local SLASH = ("/"):byte()

--- Percent-encodes everything but RFC 3986's unreserved characters.
---@param text string
---@return string
function url.escape(text)
  return core.escape(tostring(text))
end

local function add_pair(out, key, value)
  out[#out + 1] = url.escape(key) .. "=" .. url.escape(value)
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) ~= "string" then errors.raise("query: names must be strings") end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function refuse_value(name, what)
  errors.raise(("query: '%s' must be a string, a number, a boolean or a list of them, not %s"):format(name, what))
end

local function check_value(name, value)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" then return end
  refuse_value(name, kind == "userdata" and "null" or "a " .. kind)
end

local function check_list(name, list)
  local count = 0
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 then refuse_value(name, "a table with names") end
    count = count + 1
  end
  if count ~= #list then refuse_value(name, "a list with holes") end
  for _, value in ipairs(list) do check_value(name, value) end
end

--- A query string from a table; a list as value gives its name several times.
---@param query table<string, string|number|boolean|string[]> what else stands there raises
---@return string
function url.query(query)
  local out = {}
  for _, key in ipairs(sorted_keys(query)) do
    local value = query[key]
    if type(value) == "table" then
      check_list(key, value)
      for _, one in ipairs(value) do add_pair(out, key, one) end
    else
      check_value(key, value)
      add_pair(out, key, value)
    end
  end
  return table.concat(out, "&")
end

--- Sets parameters of a URL. What has the same name, in any case, gives way;
--- everything else stays byte for byte.
---@param text string
---@param query table<string, string|number|boolean|string[]>
---@return string
function url.set_query(text, query)
  local names = {}
  for name in pairs(query) do names[name:lower()] = true end
  local base, tail = text:gsub("#.*$", ""):match("^([^?]*)%??(.*)$")
  local kept = {}
  for pair in tail:gmatch("[^&]+") do
    if not names[pair:match("^[^=]*"):lower()] then kept[#kept + 1] = pair end
  end
  local added = url.query(query)
  if added ~= "" then kept[#kept + 1] = added end
  return #kept > 0 and base .. "?" .. table.concat(kept, "&") or base
end

local function check_path(path, fname)
  if type(path) ~= "string" or path == "" then
    errors.raise(("%s: the path must be a string such as \"/subscriptions/...\" or a resource"):format(fname))
  end
  if path:byte() ~= SLASH and not path:find("^[Hh][Tt][Tt][Pp][Ss]?://") then
    errors.raise(("%s: the path must start with \"/\" (it is %q)"):format(fname, path:match("^[^?]*"):sub(1, 60)))
  end
end

local function refuse_path(path, fname)
  if path:find("#", 1, true) then
    errors.raise(("%s: the path has a '#', which ends a URL; in a name it is written %%23"):format(fname))
  end
  errors.raise(("%s: the path has a control character or a backslash"):format(fname))
end

local function has_api_version(query)
  return ("&" .. query):lower():find("&api-version=", 1, true) ~= nil
end

--- The absolute URL of a path. Where it carries no api-version it is given the
--- one that is known for the type of its last provider.
---@param endpoint string
---@param path string|table
---@param versions table<string, string> by provider or type, lower case
---@param fname string for messages
---@param asked_query table?
---@param version string|false|nil false: none
---@return string
function url.of(endpoint, path, versions, fname, asked_query, version)
  if type(path) == "table" then path = require("azure.resource_id").text(path) end
  if not asked_query and version == nil then
    local plain = core.plain_url(endpoint, path, versions)
    if plain then return plain end
  end
  check_path(path, fname)
  local text, kind, provider, asked, versioned = core.scan_path(path)
  if not text then refuse_path(path, fname) end
  if text:byte() == SLASH then text = endpoint .. text end
  local query = asked_query and url.query(asked_query) or ""
  if query ~= "" then
    text = text .. (asked and "&" or "?") .. query
    asked, versioned = true, versioned or has_api_version(query)
  end
  if version == nil then version = versions[kind] or versions[provider] end
  if not version or versioned then return text end
  errors.check_type(version, "string", "api_version", fname)
  return text .. (asked and "&" or "?") .. "api-version=" .. core.escape(version)
end

--- The absolute URL of a request.
---@param endpoint string
---@param request {path: string|table, query: table?, api_version: string|false|nil}
---@param versions table<string, string>
---@param fname string for messages
---@return string
function url.build(endpoint, request, versions, fname)
  return url.of(endpoint, request.path, versions, fname, request.query, request.api_version)
end

return url
