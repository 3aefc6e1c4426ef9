--- Microsoft.SignalRService/signalR: the resource itself. Bodies, headers and
-- durations are those of azure-cli's recordings test_signalr_private_endpoint
-- (2023) and test_signalr_private_endpoint_2 (2024).

local core = require "azure.core"
local arm = require "azure.emulator.arm"
local lro = require "azure.emulator.lro"
local wire = require "azure.emulator.wire"

local signalr = {}

signalr.TYPE = "Microsoft.SignalRService/SignalR"
-- azure-rest-api-specs, SharedPrivateLinkResource.tsp; Lua patterns have no counts.
local NAME_PATTERN, NAME_MIN, NAME_MAX = "^%a[%w%-]+%w$", 3, 63

signalr.skus = {
  Free_F1 = { name = "Free_F1", tier = "Free", size = "F1", capacities = { 1 } },
  Standard_S1 = { name = "Standard_S1", tier = "Standard", size = "S1",
    capacities = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100 } },
  Premium_P1 = { name = "Premium_P1", tier = "Premium", size = "P1",
    capacities = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100 } },
  Premium_P2 = { name = "Premium_P2", tier = "Premium", size = "P2",
    capacities = { 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000 } },
}

--- Whether a name fits the service's pattern.
---@param name string
---@return boolean
function signalr.is_name(name)
  return #name >= NAME_MIN and #name <= NAME_MAX and name:find(NAME_PATTERN) ~= nil
end

--- An access key as the service makes them: base64 of 32 bytes.
---@return string
function signalr.new_key()
  local text = core.base64url(core.random(32)):gsub("-", "+"):gsub("_", "/")
  return text .. ("="):rep(-#text % 4)
end

-- What may be written, and what it is when nobody wrote it.
local function default_properties(null)
  return {
    tls = { clientCertEnabled = false }, features = { { flag = "ServiceMode", value = "Default", properties = {} } },
    liveTraceConfiguration = null, resourceLogConfiguration = null, cors = { allowedOrigins = { "*" } },
    serverless = { connectionTimeoutInSeconds = 30 }, upstream = { templates = null },
    networkACLs = {
      defaultAction = "Deny",
      publicNetwork = { allow = { "ServerConnection", "ClientConnection", "RESTAPI", "Trace" }, deny = null },
    },
    publicNetworkAccess = "Enabled", disableLocalAuth = false, disableAadAuth = false,
    regionEndpointEnabled = "Enabled", resourceStopped = "false",
  }
end

--- Adds a SignalR that is ready. Fields: id, location, sku, kind, tags, properties.
---@param cloud table
---@param fields table
---@return table record
function signalr.create(cloud, fields)
  local name = fields.id:match("([^/]+)$")
  local base = fields.id:match("^(.*/)[^/]+/[^/]+/[^/]+$")
  local properties = default_properties(cloud.null)
  properties.networkACLs.privateEndpoints = cloud.array({})
  for key, value in pairs(fields.properties or {}) do properties[key] = value end
  return cloud.state:put({
    id = base .. signalr.TYPE .. "/" .. name, type = signalr.TYPE, name = name,
    location = fields.location or "eastus", tags = fields.tags, kind = fields.kind or "SignalR",
    identity = fields.identity, sku = signalr.sku(fields.sku) or signalr.sku({ name = "Standard_S1" }),
    properties = properties, provisioning_state = "Succeeded", busy_until = 0,
    keys = { Primary = signalr.new_key(), Secondary = signalr.new_key() },
    external_ip = "20.88.155." .. tostring(1 + #name % 250), host_name = name .. ".service.signalr.net",
  })
end

--- A full sku of what a body says, or nil.
---@param given any { name =, capacity = }
---@return table?
function signalr.sku(given)
  local known = type(given) == "table" and signalr.skus[given.name]
  if not known then return nil end
  local capacity = math.tointeger(given.capacity or known.capacities[1])
  for _, possible in ipairs(known.capacities) do
    if capacity == possible then
      return { name = known.name, tier = known.tier, size = known.size, capacity = capacity }
    end
  end
  return nil
end

--- Marks a SignalR busy for an operation and a while after it. The state is
--- shown as "Updating" only while the operation runs: the parent stays busy
--- longer than it says (azure-rest-api-specs issue 23068).
---@param cloud table
---@param record table
---@param timing string
---@param shown string?
function signalr.occupy(cloud, record, timing, shown)
  local ends = cloud.state:now() + cloud.options.timing(timing)
  record.shown_state, record.shown_until = shown or "Updating", ends
  record.busy_until = ends + cloud.options.timing("link_settle")
end

--- The answer to a write while another one is under way, or nil.
---@param cloud table
---@param record table
---@return table? answer
function signalr.busy(cloud, record)
  if cloud.state:now() >= record.busy_until then return nil end
  return wire.error(409, "Conflict", ("Another operation is in progress on the resource '%s'. Please retry later.")
    :format(record.name))
end

--- The SignalR that a path names, or ARM's 404.
---@param ctx table
---@param depth integer? which of the path's names; default the first
---@return table? record
---@return table? answer
function signalr.find(ctx, depth)
  local record = ctx.state:get(ctx.ids[depth or 1])
  if record then return record end
  return nil, arm.not_found(ctx, signalr.TYPE, ctx.names[depth or 1])
end

local children = {}

--- Names a renderer for a list of children in the resource's own body.
---@param property string
---@param render fun(ctx: table, record: table): table[]
---@param hidden_in table<string, boolean>? api-versions that do not have it
function signalr.show_children(property, render, hidden_in)
  children[property] = { render = render, hidden_in = hidden_in or {} }
end

local function provisioning_state(ctx, record)
  if record.shown_until and ctx.state:now() < record.shown_until then return record.shown_state end
  return record.provisioning_state
end

local function render_properties(ctx, record)
  local ready = record.provisioning_state ~= "Creating"
  local properties = {
    provisioningState = provisioning_state(ctx, record),
    externalIP = ready and record.external_ip or ctx.cloud.null,
    hostName = record.host_name, hostNamePrefix = record.name, publicPort = 443, serverPort = 443,
    version = ready and "1.0" or "1.0-preview",
  }
  for key, value in pairs(record.properties) do properties[key] = value end
  for property, entry in pairs(children) do
    if not entry.hidden_in[ctx.api_version] then
      properties[property] = ctx.cloud.array(entry.render(ctx, record))
    end
  end
  return properties
end

--- The resource's body.
---@param ctx table
---@param record table
---@return table
function signalr.render(ctx, record)
  return {
    id = record.id, name = record.name, type = record.type, location = record.location, kind = record.kind,
    sku = record.sku, tags = record.tags or ctx.cloud.null, identity = record.identity,
    properties = render_properties(ctx, record), systemData = record.system_data,
  }
end

local function bad(code, message, target)
  return wire.error(400, code, message, { target = target })
end

-- Only these may be written; anything read-only in the body is ignored.
local function check_properties(given)
  if given == nil then return nil end
  if type(given) ~= "table" then return bad("InvalidRequestContent", "'properties' must be an object.") end
  local access = given.publicNetworkAccess
  if type(access) == "string" and access ~= "Enabled" and access ~= "Disabled" then
    return bad("BadRequest", "publicNetworkAccess must be Enabled or Disabled.", "publicNetworkAccess")
  end
  local templates = type(given.upstream) == "table" and given.upstream.templates
  for _, template in ipairs(type(templates) == "table" and templates or {}) do
    if type(template.urlTemplate) ~= "string" then
      return bad("BadRequest", "The upstream template needs a urlTemplate.", "upstream.templates")
    end
  end
  return nil
end

local function merge(record, body)
  local writable = default_properties(false)
  for key, value in pairs(type(body.properties) == "table" and body.properties or {}) do
    if writable[key] ~= nil then record.properties[key] = value end
  end
  record.sku = signalr.sku(body.sku) or record.sku
  if body.tags ~= nil then record.tags = body.tags end
  if type(body.identity) == "table" then record.identity = body.identity end
  if type(body.kind) == "string" then record.kind = body.kind end
end

local function check_body(ctx, record, body)
  if not record and type(body.location) ~= "string" then
    return bad("LocationRequired", "The location property is required for this definition.")
  end
  if not signalr.is_name(ctx.names[1]) then
    return bad("InvalidResourceName", ("The resource name '%s' is invalid: 3 to 63 letters, digits and hyphens are "
      .. "allowed, beginning with a letter."):format(ctx.names[1]))
  end
  if body.sku ~= nil and not signalr.sku(body.sku) then
    return bad("BadRequest", "Invalid SKU name or capacity.", "sku")
  end
  if record and body.sku and body.sku.name == "Free_F1" and ctx.state:children(record.id)[1] then
    return bad("BadRequest", "The Free tier has no shared private links and no replicas; remove them first.")
  end
  return check_properties(body.properties)
end

local function write(ctx)
  local record = ctx.state:get(ctx.ids[1])
  local body, refusal = arm.body(ctx)
  refusal = refusal or check_body(ctx, record, body) or (record and signalr.busy(ctx.cloud, record))
  return record, body, refusal
end

local function put(ctx)
  local record, body, refusal = write(ctx)
  if refusal then return refusal end
  local status, timing = record and 200 or 201, record and "signalr_update" or "signalr_create"
  if not record then
    record = signalr.create(ctx.cloud, { id = ctx.id, location = body.location })
    record.provisioning_state = "Creating"
  end
  merge(record, body)
  signalr.occupy(ctx.cloud, record, timing, status == 201 and "Creating" or "Updating")
  local operation = lro.start(ctx.cloud, { timing = timing, apply = function()
    record.provisioning_state = "Succeeded"
  end, result = function() return wire.json(200, signalr.render(ctx, record)) end })
  return wire.json(status, signalr.render(ctx, record),
    lro.signalr_headers(ctx.cloud, operation, record.id, ctx.api_version))
end

-- 202 without a body; the final answer is at Location.
local function patch(ctx)
  local record, refusal = signalr.find(ctx)
  if not record then return refusal end
  local _, body
  _, body, refusal = write(ctx)
  if refusal then return refusal end
  merge(record, body)
  signalr.occupy(ctx.cloud, record, "signalr_update")
  local operation = lro.start(ctx.cloud, { timing = "signalr_update",
    result = function() return wire.json(200, signalr.render(ctx, record)) end })
  return wire.empty(202, lro.signalr_headers(ctx.cloud, operation, record.id, ctx.api_version))
end

local function get(ctx)
  local record, refusal = signalr.find(ctx)
  return refusal or wire.json(200, signalr.render(ctx, record))
end

-- Answered at once, as recorded, although the specification calls it long.
local function delete(ctx)
  local record = ctx.state:get(ctx.ids[1])
  local refusal = record and signalr.busy(ctx.cloud, record)
  if refusal then return refusal end
  ctx.state:remove(ctx.ids[1])
  return wire.empty(204)
end

local function list_below(ctx, below)
  local list = {}
  for _, record in ipairs(ctx.state:all(signalr.TYPE, below)) do list[#list + 1] = signalr.render(ctx, record) end
  return wire.json(200, { value = ctx.cloud.array(list) })
end

arm.add({
  ["GET group/microsoft.signalrservice/signalr/*"] = get,
  ["PUT group/microsoft.signalrservice/signalr/*"] = put,
  ["PATCH group/microsoft.signalrservice/signalr/*"] = patch,
  ["DELETE group/microsoft.signalrservice/signalr/*"] = delete,
  ["GET group/microsoft.signalrservice/signalr"] = function(ctx) return list_below(ctx, ctx.group.id) end,
  ["GET sub/microsoft.signalrservice/signalr"] = function(ctx) return list_below(ctx, ctx.subscription.id) end,
})

return signalr
