--- Microsoft.SignalRService/signalR: keys, restart, SKUs, usages, name
-- availability and what a private link to SignalR offers.

local arm = require "azure.emulator.arm"
local lro = require "azure.emulator.lro"
local signalr = require "azure.emulator.signalr"
local wire = require "azure.emulator.wire"

local SKU_ORDER = { "Free_F1", "Standard_S1", "Premium_P1", "Premium_P2" }
local MAX_UNITS_PER_LOCATION = 1000
-- In any casing: azure-cli sends "primary" (azure-cli, signalr/_constants.py).
local KEY_TYPES = { primary = "Primary", secondary = "Secondary", salt = "Salt" }

local function keys_body(record)
  local function connection_string(key)
    return ("Endpoint=https://%s;AccessKey=%s;Version=1.0;"):format(record.host_name, key)
  end
  return {
    primaryKey = record.keys.Primary, secondaryKey = record.keys.Secondary,
    primaryConnectionString = connection_string(record.keys.Primary),
    secondaryConnectionString = connection_string(record.keys.Secondary),
  }
end

local function list_keys(ctx)
  local record, refusal = signalr.find(ctx)
  return refusal or wire.json(200, keys_body(record))
end

-- 202 with the keys, and Location (specification 2024-03-01).
local function regenerate_key(ctx)
  local record, refusal = signalr.find(ctx)
  if not record then return refusal end
  local body
  body, refusal = arm.body(ctx)
  if not body then return refusal end
  local which = KEY_TYPES[tostring(body.keyType):lower()]
  if not which then
    return wire.error(400, "BadRequest", "keyType must be Primary, Secondary or Salt.", { target = "keyType" })
  end
  refusal = signalr.busy(ctx.cloud, record)
  if refusal then return refusal end
  signalr.occupy(ctx.cloud, record, "key_update")
  record.keys[which] = signalr.new_key()
  local operation = lro.start(ctx.cloud, { timing = "key_update",
    result = function() return wire.json(200, keys_body(record)) end })
  return wire.json(202, keys_body(record),
    lro.signalr_headers(ctx.cloud, operation, record.id, ctx.api_version, "result"))
end

local function restart(ctx)
  local record, refusal = signalr.find(ctx)
  refusal = refusal or signalr.busy(ctx.cloud, record)
  if refusal then return refusal end
  signalr.occupy(ctx.cloud, record, "restart")
  local operation = lro.start(ctx.cloud, { timing = "restart", result = function() return wire.empty(204) end })
  return wire.empty(202, lro.signalr_headers(ctx.cloud, operation, record.id, ctx.api_version, "result"))
end

local function sku_body(ctx, sku)
  local capacities = sku.capacities
  return {
    resourceType = signalr.TYPE,
    sku = { name = sku.name, tier = sku.tier, size = ctx.cloud.null, family = ctx.cloud.null },
    capacity = {
      minimum = capacities[1], maximum = capacities[#capacities], default = capacities[1],
      allowedValues = capacities, scaleType = #capacities > 1 and "Manual" or "None",
    },
  }
end

local function list_skus(ctx)
  local _, refusal = signalr.find(ctx)
  if refusal then return refusal end
  local list = {}
  for _, name in ipairs(SKU_ORDER) do list[#list + 1] = sku_body(ctx, signalr.skus[name]) end
  return wire.json(200, { value = list })
end

local function list_usages(ctx)
  local location, units, free = ctx.names[1]:lower(), 0, 0
  for _, record in ipairs(ctx.state:all(signalr.TYPE, ctx.subscription.id)) do
    if record.location:lower() == location then
      units = units + record.sku.capacity
      if record.sku.tier == "Free" then free = free + 1 end
    end
  end
  local function usage(name, current, limit)
    return {
      id = ("%s/usages/%s"):format(ctx.ids[1], name), currentValue = current, limit = limit, unit = "Count",
      name = { value = name, localizedValue = name },
    }
  end
  return wire.json(200, {
    value = { usage("FreeTierInstances", free, 5), usage("SignalRTotalUnits", units, MAX_UNITS_PER_LOCATION) },
  })
end

local function is_taken(ctx, name)
  for _, record in ipairs(ctx.state:all(signalr.TYPE)) do
    if record.name:lower() == name:lower() then return true end
  end
  return false
end

local function check_name(ctx)
  local body, refusal = arm.body(ctx)
  if not body then return refusal end
  if type(body.name) ~= "string" or type(body.type) ~= "string" then
    return wire.error(400, "BadRequest", "name and type are required.")
  end
  if not signalr.is_name(body.name) then
    return wire.json(200, { nameAvailable = false, reason = "Invalid", message = "The name is invalid." })
  end
  if is_taken(ctx, body.name) then
    return wire.json(200, { nameAvailable = false, reason = "AlreadyExists",
      message = ("The name '%s' is already taken. Please try a different name."):format(body.name) })
  end
  return wire.json(200, { nameAvailable = true, reason = ctx.cloud.null, message = ctx.cloud.null })
end

local function list_operations()
  local operation = {
    name = "Microsoft.SignalRService/SignalR/read", isDataAction = false,
    display = { provider = "Microsoft.SignalRService", resource = "SignalR", operation = "View SignalR",
      description = "View the SignalR's settings and configurations" },
  }
  return wire.json(200, { value = { operation } })
end

local base = "group/microsoft.signalrservice/signalr/*"
arm.add({
  ["POST " .. base .. "/listkeys"] = list_keys,
  ["POST " .. base .. "/regeneratekey"] = regenerate_key,
  ["POST " .. base .. "/restart"] = restart,
  ["GET " .. base .. "/skus"] = list_skus,
  ["GET " .. base .. "/replicas/*/skus"] = list_skus,
  ["GET sub/microsoft.signalrservice/locations/*/usages"] = list_usages,
  ["POST sub/microsoft.signalrservice/locations/*/checknameavailability"] = check_name,
  ["GET tenant/microsoft.signalrservice/operations"] = list_operations,
})

return { keys_body = keys_body }
