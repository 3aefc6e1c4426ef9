--- Things that exist from the start.

local core = require "azure.core"
local errors = require "azure.errors"
local groups = require "azure.emulator.groups"
local signalr = require "azure.emulator.signalr"
local sites = require "azure.emulator.sites"
local targets = require "azure.emulator.targets"

local seeds = {}

--- The ids of Microsoft's article "Secure Azure SignalR outbound traffic
--- through shared private endpoints".
seeds.contoso = {
  subscription_id = "00000000-0000-0000-0000-000000000000",
  group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso",
}
seeds.contoso.signalr = seeds.contoso.group .. "/providers/Microsoft.SignalRService/signalr/contoso-signalr"
seeds.contoso.func = seeds.contoso.group .. "/providers/Microsoft.Web/sites/contoso-func"
seeds.contoso.plan = seeds.contoso.group .. "/providers/Microsoft.Web/serverfarms/contoso-plan"

local function split(id)
  local subscription, group = id:match("^/subscriptions/([^/]+)/resourceGroups/([^/]+)/")
  if not subscription then
    subscription, group = id:match("^/[Ss][Uu][Bb][Ss][^/]+/([^/]+)/[^/]+/([^/]+)/")
  end
  return subscription, group
end

-- The subscription and group of an id come along.
local function make_container(cloud, id, item)
  local subscription_id, group = split(id)
  if not subscription_id then
    errors.raise(("emulator:seed: '%s' is not the id of a resource in a group"):format(id))
  end
  local subscription = groups.subscription(cloud, subscription_id, item.tenant_id)
  cloud.tenants[subscription.tenant_id:lower()] = subscription.tenant_id
  if not cloud.state:get(subscription.id .. "/resourceGroups/" .. group) then
    groups.create(cloud, subscription, group, item.location or "eastus")
  end
end

local makers = {
  ["microsoft.signalrservice/signalr"] = signalr.create,
  ["microsoft.web/serverfarms"] = sites.create_plan,
  ["microsoft.web/sites"] = sites.create,
  ["microsoft.web/sites/slots"] = sites.create,
  ["microsoft.keyvault/vaults"] = targets.create_vault,
  ["microsoft.storage/storageaccounts"] = targets.create_account,
}

local function type_of(id)
  local rest = id:lower():match("/providers/(.+)$") or ""
  local parts = { rest:match("^[^/]+") }
  for type_name in rest:gsub("^[^/]+", "", 1):gmatch("/([^/]+)/[^/]+") do parts[#parts + 1] = type_name end
  return table.concat(parts, "/")
end

local fields = {
  id = "string", location = "string|nil", tags = "table|nil", kind = "string|nil", sku = "table|nil",
  properties = "table|nil", identity = "table|nil", plan = "string|nil", public_network_access = "string|nil",
  network_acls = "table|nil", restrictions = "table|nil", tenant_id = "string|nil",
}

local function check_item(item)
  errors.check_type(item, "table", "resource", "emulator:seed")
  errors.check_options(item, fields, "emulator:seed")
  for name, wanted in pairs(fields) do errors.check_type(item[name], wanted, name, "emulator:seed") end
end

local function add_resource(cloud, item)
  check_item(item)
  local make = makers[type_of(item.id)]
  if not make then errors.raise(("emulator:seed: no type that can be seeded: '%s'"):format(item.id)) end
  make_container(cloud, item.id, item)
  return make(cloud, item)
end

local function contoso()
  return {
    {
      id = seeds.contoso.signalr, location = "eastus", sku = { name = "Standard_S1", capacity = 1 },
      properties = {
        features = { { flag = "ServiceMode", value = "Serverless", properties = {} } },
        upstream = { templates = { {
          hubPattern = "*", eventPattern = "*", categoryPattern = "*",
          urlTemplate = "https://contoso-func.azurewebsites.net/runtime/webhooks/signalr?code="
            .. core.base64url(core.random(30)),
        } } },
      },
    },
    { id = seeds.contoso.plan, location = "West US", sku = { name = "EP1", tier = "ElasticPremium" } },
    { id = seeds.contoso.func, location = "West US", kind = "functionapp", plan = seeds.contoso.plan },
  }
end

--- Adds "contoso", or a list of resources `{ id =, sku =, kind =, ... }`.
---@param cloud table
---@param what string|table
function seeds.plant(cloud, what)
  if what == "contoso" then what = contoso() end
  if type(what) ~= "table" then errors.raise(("emulator:seed: no seed is called '%s'"):format(tostring(what))) end
  if what.id ~= nil then what = { what } end
  if next(what) ~= nil and #what == 0 then
    errors.raise("emulator:seed: 'id' is missing; a list of resources is {{ id = ... }, ... }")
  end
  local records = {}
  for _, item in ipairs(what) do records[#records + 1] = add_resource(cloud, item) end
  return table.unpack(records)
end

return seeds
