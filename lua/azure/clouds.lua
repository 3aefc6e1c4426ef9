--- Where Azure is: the endpoints of its clouds, and the api-versions it speaks.

local errors = require "azure.errors"

local clouds = {}

---@class azure.Cloud
---@field arm string origin of Azure Resource Manager
---@field authority string origin of Microsoft Entra ID
---@field audience string? scope without "/.default"; the ARM origin where absent
---@field ca_file string? PEM bundle that vouches for both
---@field name string? for people

--- The clouds by name; endpoints as in @azure/identity and the Azure CLI.
---@type table<string, azure.Cloud>
clouds.known = {
  public = { arm = "https://management.azure.com", authority = "https://login.microsoftonline.com" },
  usgov = { arm = "https://management.usgovcloudapi.net", authority = "https://login.microsoftonline.us" },
  china = { arm = "https://management.chinacloudapi.cn", authority = "https://login.chinacloudapi.cn" },
}

--- api-versions for paths that carry none, by provider or resource type.
clouds.api_versions = {
  ["microsoft.signalrservice"] = "2024-03-01",
  ["microsoft.web"] = "2023-12-01",
  ["microsoft.keyvault"] = "2023-07-01",
  ["microsoft.storage"] = "2023-05-01",
  ["microsoft.network"] = "2023-11-01",
  ["microsoft.authorization"] = "2022-04-01",
  ["microsoft.resources"] = "2021-04-01",
}

local fields = {
  name = "string|nil", arm = "string|nil", authority = "string|nil", audience = "string|nil", ca_file = "string|nil",
}

-- Paths are put behind it as they are.
local function check_origin(text, name, fname)
  local rest = text:match("^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]*(.*)$")
  if rest and rest:find("[^/]") then
    errors.raise(("%s: '%s' must be an origin such as \"https://host\", without a path or query"):format(fname, name))
  end
end

--- The endpoints that a name stands for, or the table as it was given. Raises for others.
---@param cloud string|azure.Cloud
---@param fname string the public function's name, for the message
---@return azure.Cloud
function clouds.endpoints(cloud, fname)
  if type(cloud) == "string" then
    local known = clouds.known[cloud]
    if known then return known end
    local near = errors.nearest(cloud, clouds.known)
    errors.raise(("%s: no cloud is called '%s'; %s"):format(fname, cloud:sub(1, 40),
      near and "did you mean '" .. near .. "'?" or "known: china, public, usgov"))
  end
  errors.check_type(cloud, "table", "cloud", fname)
  errors.check_options(cloud, fields, fname .. ": cloud")
  for name, wanted in pairs(fields) do errors.check_type(cloud[name], wanted, "cloud." .. name, fname) end
  return cloud
end

--- The same for who needs Resource Manager too.
---@param cloud string|azure.Cloud
---@param fname string the public function's name, for the message
---@return azure.Cloud
function clouds.check(cloud, fname)
  cloud = clouds.endpoints(cloud, fname)
  errors.check_type(cloud.arm, "string", "cloud.arm", fname)
  check_origin(cloud.arm, "cloud.arm", fname)
  return cloud
end

return clouds
