--- Microsoft.SignalRService/signalR: replicas, custom domains and custom
-- certificates. Responses follow the specification (2024-03-01/signalr.json);
-- headers follow the provider's recorded operations.

local arm = require "azure.emulator.arm"
local links = require "azure.emulator.links"
local lro = require "azure.emulator.lro"
local signalr = require "azure.emulator.signalr"
local wire = require "azure.emulator.wire"

local REPLICAS = signalr.TYPE .. "/replicas"

local function render(record)
  local properties = { provisioningState = record.provisioning_state }
  for key, value in pairs(record.properties) do properties[key] = value end
  return {
    id = record.id, name = record.name, type = record.type, location = record.location, sku = record.sku,
    tags = record.tags, properties = properties, systemData = record.system_data,
  }
end

local function bad(message, target)
  return wire.error(400, "BadRequest", message, { target = target })
end

local function find_certificate(ctx, body)
  local reference = type(body.properties) == "table" and body.properties.customCertificate
  local id = type(reference) == "table" and reference.id
  return type(id) == "string" and ctx.state:get(id)
end

-- What each kind of part wants to see in a body, and what it makes of it.
local parts = {
  replicas = {
    timing = "replica_create", parent_tier = "Premium",
    check = function(_, body)
      if type(body.location) ~= "string" then return bad("The location property is required.", "location") end
      return nil
    end,
    fill = function(record, body, parent)
      record.location, record.tags = body.location or record.location, body.tags or record.tags
      record.sku = signalr.sku(body.sku) or record.sku or parent.sku
      for _, key in ipairs({ "regionEndpointEnabled", "resourceStopped" }) do
        local given = type(body.properties) == "table" and body.properties[key]
        record.properties[key] = given or record.properties[key]
      end
    end,
    created = function(cloud, record, parent) links.copy_all(cloud, parent, record) end,
  },
  customdomains = {
    timing = "domain_update",
    check = function(ctx, body)
      local name = type(body.properties) == "table" and body.properties.domainName
      if type(name) ~= "string" then return bad("domainName is required.", "domainName") end
      if find_certificate(ctx, body) then return nil end
      return bad("The custom certificate was not found.", "customCertificate")
    end,
    fill = function(record, body)
      record.properties.domainName = body.properties.domainName
      record.properties.customCertificate = { id = body.properties.customCertificate.id }
    end,
  },
  customcertificates = {
    timing = "certificate_update", sync_delete = true,
    check = function(_, body)
      local given = type(body.properties) == "table" and body.properties or {}
      for _, name in ipairs({ "keyVaultBaseUri", "keyVaultSecretName" }) do
        if type(given[name]) ~= "string" then return bad(name .. " is required.", name) end
      end
      return nil
    end,
    fill = function(record, body)
      local given, properties = body.properties, record.properties
      properties.keyVaultBaseUri, properties.keyVaultSecretName = given.keyVaultBaseUri, given.keyVaultSecretName
      properties.keyVaultSecretVersion = given.keyVaultSecretVersion
    end,
  },
}

local proper_names = {
  replicas = REPLICAS, customdomains = signalr.TYPE .. "/customDomains",
  customcertificates = signalr.TYPE .. "/customCertificates",
}

local function kind_of(ctx)
  return ctx.type_key:match("^signalr/(%a+)")
end

local function new_part(ctx, kind, parent)
  local type_name = proper_names[kind]
  return ctx.state:put({
    id = ("%s/%s/%s"):format(parent.id, type_name:match("[^/]+$"), ctx.names[2]), type = type_name,
    name = ctx.names[2], properties = {}, system_data = ctx.cloud.system_data(ctx), provisioning_state = "Creating",
  })
end

local function check_put(ctx, part, parent, body)
  if not signalr.is_name(ctx.names[2]) then return bad("The resource name is invalid.", "name") end
  if part.parent_tier and parent.sku.tier ~= part.parent_tier then
    return bad(("This feature needs the %s tier."):format(part.parent_tier), "sku")
  end
  if parent.sku.tier == "Free" then return bad("This feature is not supported in the Free tier.", "sku") end
  return part.check(ctx, body) or signalr.busy(ctx.cloud, parent)
end

local function put(ctx)
  local parent, refusal = signalr.find(ctx)
  if not parent then return refusal end
  local kind = kind_of(ctx)
  local part = parts[kind]
  local body, problem = arm.body(ctx)
  refusal = problem or check_put(ctx, part, parent, body)
  if refusal then return refusal end
  local record = ctx.state:get(ctx.id)
  local created = not record
  record = record or new_part(ctx, kind, parent)
  if not created then record.provisioning_state = "Updating" end
  part.fill(record, body, parent)
  signalr.occupy(ctx.cloud, parent, part.timing)
  local operation = lro.start(ctx.cloud, { timing = part.timing, apply = function()
    record.provisioning_state = "Succeeded"
    if created and part.created and not record.removed then part.created(ctx.cloud, record, parent) end
  end, result = function() return wire.json(200, render(record)) end })
  return wire.json(created and 201 or 200, render(record),
    lro.signalr_headers(ctx.cloud, operation, parent.id, ctx.api_version))
end

local function find_part(ctx)
  local parent, refusal = signalr.find(ctx)
  if not parent then return nil, nil, refusal end
  local record = ctx.state:get(ctx.ids[2])
  if record then return record, parent end
  return nil, parent, arm.not_found(ctx, proper_names[kind_of(ctx)], ctx.names[2])
end

local function get(ctx)
  local record, _, refusal = find_part(ctx)
  return refusal or wire.json(200, render(record))
end

local function list(ctx)
  local parent, refusal = signalr.find(ctx)
  if not parent then return refusal end
  local rendered = {}
  for _, record in ipairs(ctx.state:children(parent.id, proper_names[kind_of(ctx)])) do
    rendered[#rendered + 1] = render(record)
  end
  return wire.json(200, { value = ctx.cloud.array(rendered) })
end

-- A certificate that a domain uses stays.
local function in_use(ctx, record)
  for _, domain in ipairs(ctx.state:all(proper_names.customdomains)) do
    if domain.properties.customCertificate.id:lower() == record.id:lower() then
      return wire.error(409, "Conflict", ("The certificate '%s' is used by the custom domain '%s'."):format(
        record.name, domain.name))
    end
  end
  return nil
end

local function delete(ctx)
  local record, parent, refusal = find_part(ctx)
  if not parent then return refusal end
  if not record then return wire.empty(204) end
  local part = parts[kind_of(ctx)]
  refusal = signalr.busy(ctx.cloud, parent) or in_use(ctx, record)
  if refusal then return refusal end
  if part.sync_delete or record.type == REPLICAS then
    ctx.state:remove(record.id)
    return wire.empty(200)
  end
  signalr.occupy(ctx.cloud, parent, part.timing)
  record.provisioning_state = "Deleting"
  local operation = lro.start(ctx.cloud, {
    timing = part.timing, apply = function() ctx.state:remove(record.id) end,
    result = function() return wire.empty(204) end,
  })
  return wire.empty(202, lro.signalr_headers(ctx.cloud, operation, parent.id, ctx.api_version))
end

local function patch_replica(ctx)
  local record, parent, refusal = find_part(ctx)
  if not record then return refusal end
  local body
  body, refusal = arm.body(ctx)
  refusal = refusal or signalr.busy(ctx.cloud, parent)
  if refusal then return refusal end
  parts.replicas.fill(record, body, parent)
  signalr.occupy(ctx.cloud, parent, "replica_update")
  local operation = lro.start(ctx.cloud, { timing = "replica_update",
    result = function() return wire.json(200, render(record)) end })
  return wire.empty(202, lro.signalr_headers(ctx.cloud, operation, parent.id, ctx.api_version))
end

local function restart_replica(ctx)
  local record, parent, refusal = find_part(ctx)
  if not record then return refusal end
  local operation = lro.start(ctx.cloud, { timing = "restart", result = function() return wire.empty(204) end })
  return wire.empty(202, lro.signalr_headers(ctx.cloud, operation, parent.id, ctx.api_version, "result"))
end

local base = "group/microsoft.signalrservice/signalr/*/"
for kind in pairs(parts) do
  arm.add({
    ["GET " .. base .. kind] = list, ["GET " .. base .. kind .. "/*"] = get,
    ["PUT " .. base .. kind .. "/*"] = put, ["DELETE " .. base .. kind .. "/*"] = delete,
  })
end
arm.add({
  ["PATCH " .. base .. "replicas/*"] = patch_replica,
  ["POST " .. base .. "replicas/*/restart"] = restart_replica,
})

return { render = render }
