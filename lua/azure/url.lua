--- Building the URLs of requests from paths, queries and api-versions.

local errors = require "azure.errors"
local resource_id = require "azure.resource_id"

local url = {}

local function percent(char)
  return ("%%%02X"):format(char:byte())
end

--- Percent-encodes everything but RFC 3986's unreserved characters.
---@param text string
---@return string
function url.escape(text)
  return (tostring(text):gsub("[^%w%-%._~]", percent))
end

-- Only what no URL may have; "%" stays, since ids arrive encoded already.
local function escape_path(path)
  return (path:gsub('[^%w%-%._~:/%?#%[%]@!%$&\'%(%)%*%+,;=%%]', percent))
end

local function add_pair(out, key, value)
  out[#out + 1] = url.escape(key) .. "=" .. url.escape(value)
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) ~= "string" then error("query: names must be strings", 0) end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

--- A query string from a table; a list as value gives its name several times.
---@param query table<string, string|number|boolean|string[]>
---@return string
function url.query(query)
  local out = {}
  for _, key in ipairs(sorted_keys(query)) do
    local value = query[key]
    if type(value) == "table" then
      for _, one in ipairs(value) do add_pair(out, key, one) end
    else
      add_pair(out, key, value)
    end
  end
  return table.concat(out, "&")
end

-- Subscriptions, resource groups and tenants have no provider in their path;
-- any other path without one is not Resource Manager's to version.
local function belongs_to_resources(path)
  local root = path:gsub("^https?://[^/]*", ""):lower():match("^/(%a+)")
  return root == "subscriptions" or root == "tenants"
end

--- The api-version that is known for the resource type of a path, or nil.
---@param path string
---@param versions table<string, string> by provider or type, lower case
---@return string?
function url.api_version(path, versions)
  local bare = path:gsub("[?#].*$", "")
  local provider, rest = bare:match("^.*/[Pp][Rr][Oo][Vv][Ii][Dd][Ee][Rr][Ss]/([^/]+)(.*)$")
  if not provider then return belongs_to_resources(bare) and versions["microsoft.resources"] or nil end
  local first_type = rest:match("^/([^/]+)") or ""
  return versions[(provider .. "/" .. first_type):lower()] or versions[provider:lower()]
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

local function has_api_version(text)
  return text:lower():find("[?&]api%-version=") ~= nil
end

local function check_path(path, fname)
  if type(path) == "table" then path = resource_id.text(path) end
  if type(path) ~= "string" or path == "" then
    error(("%s: the path must be a string such as \"/subscriptions/...\" or a resource"):format(fname), 0)
  end
  if path:find("[%z\1-\31\127\\]") then
    error(("%s: the path has a control character or a backslash"):format(fname), 0)
  end
  if path:sub(1, 1) ~= "/" and not path:find("^https?://") then
    error(("%s: the path must start with \"/\" (it is %q)"):format(fname, path:sub(1, 60)), 0)
  end
  return path
end

--- The absolute URL of a request.
---@param endpoint string
---@param request {path: string|table, query: table?, api_version: string|false|nil}
---@param versions table<string, string>
---@param fname string for messages
---@return string
function url.build(endpoint, request, versions, fname)
  local path = escape_path(check_path(request.path, fname))
  local fragment = path:find("#", 1, true)
  if fragment then path = path:sub(1, fragment - 1) end
  local query = request.query and url.query(request.query) or ""
  local text = path
  if query ~= "" then text = text .. (text:find("?", 1, true) and "&" or "?") .. query end
  local version = request.api_version
  if version == nil then version = url.api_version(path, versions) end
  if version and not has_api_version(text) then
    errors.check_type(version, "string", "api_version", fname)
    text = text .. (text:find("?", 1, true) and "&" or "?") .. "api-version=" .. url.escape(version)
  end
  if text:sub(1, 1) == "/" then return endpoint .. text end
  return text
end

return url
