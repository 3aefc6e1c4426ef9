--- Which resource types exist and in which api-versions, as far as the
-- emulator speaks them (azure-rest-api-specs, folders stable and preview).

local wire = require "azure.emulator.wire"

local catalog = {}

local signalr_versions = {
  "2018-03-01-preview", "2018-10-01", "2020-05-01", "2020-07-01-preview", "2021-04-01-preview",
  "2021-06-01-preview", "2021-09-01-preview", "2021-10-01", "2022-02-01", "2022-08-01-preview",
  "2023-02-01", "2023-03-01-preview", "2023-06-01-preview", "2023-08-01-preview", "2024-01-01-preview",
  "2024-03-01", "2024-04-01-preview", "2024-08-01-preview", "2024-10-01-preview", "2025-01-01-preview",
}

local web_versions = {
  "2018-02-01", "2018-11-01", "2019-08-01", "2020-06-01", "2020-09-01", "2020-10-01", "2020-12-01",
  "2021-01-01", "2021-01-15", "2021-02-01", "2021-03-01", "2022-03-01", "2022-09-01", "2023-01-01",
  "2023-12-01", "2024-04-01", "2024-11-01", "2025-03-01", "2025-05-01",
}

local vault_versions = {
  "2018-02-14", "2019-09-01", "2020-04-01-preview", "2021-04-01-preview", "2021-06-01-preview",
  "2021-10-01", "2021-11-01-preview", "2022-02-01-preview", "2022-07-01", "2022-11-01", "2023-02-01",
  "2023-07-01", "2024-04-01-preview", "2024-11-01", "2025-05-01", "2026-02-01",
}

local storage_versions = {
  "2018-07-01", "2019-04-01", "2019-06-01", "2020-08-01-preview", "2021-01-01", "2021-02-01",
  "2021-04-01", "2021-06-01", "2021-08-01", "2021-09-01", "2022-05-01", "2022-09-01", "2023-01-01",
  "2023-04-01", "2023-05-01", "2024-01-01", "2025-06-01", "2025-08-01", "2026-04-01", "2026-06-01", "2026-09-01",
}

-- A type that came later than its provider names the first version it is in.
local providers = {
  ["microsoft.signalrservice"] = {
    name = "Microsoft.SignalRService", versions = signalr_versions, location = "eastus",
    types = {
      ["signalr"] = "signalR", ["signalr/privateendpointconnections"] = "SignalR/privateEndpointConnections",
      ["signalr/sharedprivatelinkresources"] = "SignalR/sharedPrivateLinkResources",
      ["signalr/replicas"] = "SignalR/replicas", ["signalr/customdomains"] = "SignalR/customDomains",
      ["signalr/customcertificates"] = "SignalR/customCertificates",
      ["locations"] = "locations", ["operations"] = "operations",
    },
    since = {
      ["signalr/sharedprivatelinkresources"] = "2021-04-01-preview",
      ["signalr/customdomains"] = "2022-02-01", ["signalr/customcertificates"] = "2022-02-01",
      ["signalr/replicas"] = "2023-03-01-preview",
    },
  },
  ["microsoft.web"] = {
    name = "Microsoft.Web", versions = web_versions, location = "westus",
    types = {
      ["sites"] = "sites", ["sites/slots"] = "sites/slots", ["serverfarms"] = "serverfarms",
      ["sites/privateendpointconnections"] = "sites/privateEndpointConnections",
      ["sites/slots/privateendpointconnections"] = "sites/slots/privateEndpointConnections",
      ["locations"] = "locations",
    },
  },
  ["microsoft.keyvault"] = {
    name = "Microsoft.KeyVault", versions = vault_versions, location = "westus",
    types = { ["vaults"] = "vaults", ["vaults/privateendpointconnections"] = "vaults/privateEndpointConnections" },
  },
  ["microsoft.storage"] = {
    name = "Microsoft.Storage", versions = storage_versions, location = "westus",
    types = {
      ["storageaccounts"] = "storageAccounts",
      ["storageaccounts/privateendpointconnections"] = "storageAccounts/privateEndpointConnections",
    },
  },
  ["microsoft.authorization"] = {
    name = "Microsoft.Authorization", location = "global", types = { ["permissions"] = "permissions" },
    versions = { "2015-07-01", "2018-01-01-preview", "2018-07-01", "2022-04-01", "2022-05-01-preview" },
  },
}

catalog.providers = providers

-- Microsoft.Resources answers any date that Azure ever used for it.
local function resources_problem(version)
  if version:find("^20%d%d%-%d%d%-%d%d$") and version <= "2025-12-31" then return nil end
  return wire.error(400, "InvalidApiVersionParameter", ("The api-version '%s' is invalid. The supported versions "
    .. "are '2025-04-01,2024-11-01,2024-07-01,2024-03-01,2023-07-01,2022-12-01,2022-09-01,2021-04-01,2021-01-01,"
    .. "2020-10-01,2020-06-01,2019-10-01'."):format(version))
end

-- "2024-03-01" is newer than "2024-03-01-preview", which string order denies.
local function at_least(version, since)
  local date, since_date = version:sub(1, 10), since:sub(1, 10)
  if date ~= since_date then return date > since_date end
  return not version:find("preview") or since:find("preview") ~= nil
end

local function versions_of(provider, type_key)
  local since, list = provider.since and provider.since[type_key], {}
  for _, version in ipairs(provider.versions) do
    if not since or at_least(version, since) then list[#list + 1] = version end
  end
  return list
end

local function no_registered_provider(provider, type_key, version, versions)
  return wire.error(400, "NoRegisteredProviderFound",
    ("No registered resource provider found for location '%s' and API version '%s' for type '%s'. "
    .. "The supported api-versions are '%s'. The supported locations are 'eastus, westus, westus2, westeurope'.")
    :format(provider.location, version, provider.types[type_key], table.concat(versions, ", ")))
end

--- What is wrong with a namespace, type and api-version; nil when nothing is.
---@param namespace string? nil for Microsoft.Resources
---@param type_key string? lower-case "signalr/replicas"
---@param version string
---@return table? answer
function catalog.problem(namespace, type_key, version)
  if not namespace then return resources_problem(version) end
  local provider = providers[namespace:lower()]
  if not provider then
    return wire.error(404, "InvalidResourceNamespace", ("The resource namespace '%s' is invalid."):format(namespace))
  end
  -- A long type is looked up by its longest known beginning: sub-resources
  -- and actions share the versions of the resource that they belong to.
  local known = type_key
  while known and not provider.types[known] do known = known:match("^(.*)/[^/]+$") end
  if not known then
    return wire.error(404, "InvalidResourceType", ("The resource type '%s' could not be found in the namespace '%s' "
      .. "for api version '%s'. The supported api-versions are '%s'."):format(type_key, provider.name, version,
      table.concat(provider.versions, ",")))
  end
  local versions = versions_of(provider, known)
  for _, supported in ipairs(versions) do
    if supported == version:lower() then return nil end
  end
  return no_registered_provider(provider, known, version, versions)
end

return catalog
