--- Where Azure is: the endpoints of its clouds, and the api-versions it speaks.

local errors = require "azure.errors"

local clouds = {}

---@class azure.Cloud
---@field arm string origin of Azure Resource Manager
---@field authority string origin of Microsoft Entra ID
---@field audience string? scope without "/.default"; the ARM origin where absent
---@field ca_file string? PEM bundle that vouches for both

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

local FIELDS = { "arm", "authority", "audience", "ca_file" }

--- The endpoints that a name stands for, or the table as it was given. Raises for others.
---@param cloud string|azure.Cloud
---@param fname string the public function's name, for the message
---@param level integer? as in `error`, seen from the caller; default 2
---@return azure.Cloud
function clouds.endpoints(cloud, fname, level)
  level = (level or 2) + 1
  if type(cloud) == "string" then
    local known = clouds.known[cloud]
    if known then return known end
    local near = errors.nearest(cloud, clouds.known)
    error(("%s: no cloud is called '%s'; %s"):format(fname, cloud:sub(1, 40),
      near and "did you mean '" .. near .. "'?" or "known: china, public, usgov"), level)
  end
  errors.check_type(cloud, "table", "cloud", fname, level)
  for _, name in ipairs(FIELDS) do
    errors.check_type(cloud[name], "string|nil", "cloud." .. name, fname, level)
  end
  return cloud
end

--- The same for who needs Resource Manager too.
---@param cloud string|azure.Cloud
---@param fname string the public function's name, for the message
---@param level integer? as in `error`, seen from the caller; default 2
---@return azure.Cloud
function clouds.check(cloud, fname, level)
  level = (level or 2) + 1
  cloud = clouds.endpoints(cloud, fname, level)
  errors.check_type(cloud.arm, "string", "cloud.arm", fname, level)
  return cloud
end

return clouds
