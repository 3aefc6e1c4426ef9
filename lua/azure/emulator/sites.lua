--- Microsoft.Web: sites, slots, plans and their configuration, as far as
-- private endpoints have to do with them.

local arm = require "azure.emulator.arm"
local state = require "azure.emulator.state"
local web = require "azure.emulator.web"
local wire = require "azure.emulator.wire"

local sites = {}

local SITE, SLOT, PLAN = "Microsoft.Web/sites", "Microsoft.Web/sites/slots", "Microsoft.Web/serverfarms"

local tiers = {
  F1 = "Free", D1 = "Shared", B1 = "Basic", B2 = "Basic", B3 = "Basic", S1 = "Standard", S2 = "Standard",
  S3 = "Standard", P1v2 = "PremiumV2", P2v2 = "PremiumV2", P1v3 = "PremiumV3", P2v3 = "PremiumV3",
  EP1 = "ElasticPremium", EP2 = "ElasticPremium", EP3 = "ElasticPremium", Y1 = "Dynamic", FC1 = "FlexConsumption",
  I1v2 = "IsolatedV2",
}

--- Adds a plan. Fields: id, location, sku { name, tier, capacity }.
---@param cloud table
---@param fields table
---@return table record
function sites.create_plan(cloud, fields)
  local sku = fields.sku or { name = "P1v2" }
  return cloud.state:put({
    id = fields.id, type = PLAN, name = fields.id:match("([^/]+)$"), location = fields.location or "West US",
    tags = fields.tags, kind = fields.kind or "app",
    sku = { name = sku.name, tier = sku.tier or tiers[sku.name] or "PremiumV2", size = sku.name,
      family = sku.name:match("^%a+"), capacity = sku.capacity or 1 },
  })
end

--- Adds a site or slot. Fields: id, location, kind, plan (id), public_network_access.
---@param cloud table
---@param fields table
---@return table record
function sites.create(cloud, fields)
  local is_slot = fields.id:lower():find("/slots/") ~= nil
  local parent = is_slot and cloud.state:get(fields.id:match("^(.*)/[^/]+/[^/]+$"))
  local name = fields.id:match("([^/]+)$")
  return cloud.state:put({
    id = fields.id, type = is_slot and SLOT or SITE, name = name,
    location = fields.location or parent and parent.location or "West US", tags = fields.tags,
    kind = fields.kind or parent and parent.kind or "app",
    plan_id = fields.plan or parent and parent.plan_id,
    public_network_access = fields.public_network_access, etag = state.guid():gsub("-", ""),
    restrictions = fields.restrictions,
    host_name = (parent and parent.name .. "-" .. name or name) .. ".azurewebsites.net",
  })
end

local function render_site(ctx, site)
  local parent_name = site.id:match("/sites/([^/]+)/slots/")
  return {
    id = site.id, name = parent_name and parent_name .. "/" .. site.name or site.name, type = site.type,
    kind = site.kind, location = site.location, tags = site.tags,
    properties = {
      name = site.name, state = "Running", hostNames = { site.host_name }, enabled = true,
      defaultHostName = site.host_name, serverFarmId = site.plan_id or ctx.cloud.null,
      sku = site.plan_id and (ctx.state:get(site.plan_id) or { sku = {} }).sku.tier or ctx.cloud.null,
      publicNetworkAccess = site.public_network_access or ctx.cloud.null,
      privateEndpointConnections = ctx.cloud.array(web.connections_in_site(ctx, site)),
      provisioningState = "Succeeded", httpsOnly = false,
    },
  }
end

local function finish_site(ctx, site, status)
  return web.finish(wire.json(status or 200, render_site(ctx, site), {
    { "etag", ('"%s"'):format(site.etag:sub(1, 15):upper()) } }))
end

local function find_site(ctx, depth)
  local site = ctx.state:get(ctx.ids[depth or #ctx.ids] or "")
  if site then return site end
  local type_name = ctx.type_key:find("slots") and SLOT or SITE
  return nil, arm.not_found(ctx, type_name, ctx.names[depth or #ctx.names])
end

local function get_site(ctx)
  local site, refusal = find_site(ctx)
  return refusal or finish_site(ctx, site)
end

local function merge_site(site, body)
  local properties = type(body.properties) == "table" and body.properties or {}
  if type(properties.serverFarmId) == "string" then site.plan_id = properties.serverFarmId end
  if type(properties.publicNetworkAccess) == "string" then
    site.public_network_access = properties.publicNetworkAccess
  end
  if type(body.kind) == "string" then site.kind = body.kind end
  if body.tags ~= nil then site.tags = body.tags end
  site.etag = state.guid():gsub("-", "")
end

local function put_site(ctx)
  local site = ctx.state:get(ctx.id)
  local body, refusal = arm.body(ctx)
  if not body then return refusal end
  if not site and type(body.location) ~= "string" then
    return wire.error(400, "LocationRequired", "The location property is required for this definition.")
  end
  if #ctx.ids > 1 and not ctx.state:get(ctx.ids[1]) then return arm.not_found(ctx, SITE, ctx.names[1]) end
  site = site or sites.create(ctx.cloud, { id = ctx.id, location = body.location, kind = body.kind })
  merge_site(site, body)
  return finish_site(ctx, site)
end

local function patch_site(ctx)
  local site, refusal = find_site(ctx)
  if not site then return refusal end
  local body
  body, refusal = arm.body(ctx)
  if not body then return refusal end
  merge_site(site, body)
  return finish_site(ctx, site)
end

local function delete_site(ctx)
  return web.finish(wire.empty(ctx.state:remove(ctx.id) and 200 or 204))
end

local function site_lister(type_name, render)
  return function(ctx)
    local below = #ctx.ids > 0 and ctx.ids[#ctx.ids] or ctx.group and ctx.group.id or ctx.subscription.id
    local list = {}
    for _, record in ipairs(ctx.state:all(type_name, below)) do list[#list + 1] = render(ctx, record) end
    return web.finish(wire.json(200, { value = ctx.cloud.array(list), nextLink = ctx.cloud.null }))
  end
end

-- publicNetworkAccess is in the configuration as well as in the site.
local function render_config(ctx, site)
  local open = { { ipAddress = "Any", action = "Allow", priority = 2147483647, name = "Allow all",
    description = "Allow all access" } }
  return {
    id = site.id .. "/config/web", name = "web", type = site.type .. "/config", location = site.location,
    properties = {
      ipSecurityRestrictions = site.restrictions or open, scmIpSecurityRestrictions = open,
      ipSecurityRestrictionsDefaultAction = site.restrictions_default or ctx.cloud.null,
      publicNetworkAccess = site.public_network_access or ctx.cloud.null, ftpsState = "FtpsOnly",
      minTlsVersion = "1.2", http20Enabled = true,
    },
  }
end

local function get_config(ctx)
  local site, refusal = find_site(ctx, #ctx.ids - 1)
  return refusal or web.finish(wire.json(200, render_config(ctx, site)))
end

local function write_config(ctx)
  local site, refusal = find_site(ctx, #ctx.ids - 1)
  if not site then return refusal end
  local body
  body, refusal = arm.body(ctx)
  if not body then return refusal end
  local properties = type(body.properties) == "table" and body.properties or {}
  site.restrictions = properties.ipSecurityRestrictions or site.restrictions
  site.restrictions_default = properties.ipSecurityRestrictionsDefaultAction or site.restrictions_default
  if type(properties.publicNetworkAccess) == "string" then
    site.public_network_access = properties.publicNetworkAccess
  end
  return web.finish(wire.json(200, render_config(ctx, site)))
end

-- `az webapp show` asks for it on its way to the FTP address. Its passwords are
-- good for nothing.
local function publish_profile(ctx)
  local site, refusal = find_site(ctx)
  if not site then return refusal end
  local text = {}
  for _, method in ipairs({ "MSDeploy", "FTP" }) do
    local url = site.host_name:gsub("%.", ".scm.", 1) .. ":443"
    if method == "FTP" then url = "ftps://ftp." .. site.host_name .. "/site/wwwroot" end
    text[#text + 1] = ('<publishProfile profileName="%s - %s" publishMethod="%s" publishUrl="%s" userName="$%s" '
      .. 'userPWD="%s" destinationAppUrl="https://%s" />'):format(
      site.name, method, method, url, site.name, state.guid():gsub("-", ""), site.host_name)
  end
  local answer = wire.empty(200, { { "Content-Type", "application/xml" } })
  answer.body = "<publishData>" .. table.concat(text) .. "</publishData>"
  return answer
end

local function render_plan(_, plan)
  return {
    id = plan.id, name = plan.name, type = PLAN, kind = plan.kind, location = plan.location, tags = plan.tags,
    sku = plan.sku, properties = { status = "Ready", provisioningState = "Succeeded", numberOfSites = 1 },
  }
end

local function get_plan(ctx)
  local plan = ctx.state:get(ctx.id)
  if not plan then return arm.not_found(ctx, PLAN, ctx.names[1]) end
  return web.finish(wire.json(200, render_plan(ctx, plan)))
end

local function put_plan(ctx)
  local body, refusal = arm.body(ctx)
  if not body then return refusal end
  if type(body.sku) ~= "table" or type(body.sku.name) ~= "string" then
    return wire.error(400, "BadRequest", "The parameter sku.name has an invalid value.", { target = "sku.name" })
  end
  local plan = sites.create_plan(ctx.cloud, { id = ctx.id, location = body.location, sku = body.sku, kind = body.kind })
  return web.finish(wire.json(200, render_plan(ctx, plan)))
end

local function site_routes(pattern)
  return {
    ["GET " .. pattern] = get_site, ["PUT " .. pattern] = put_site, ["PATCH " .. pattern] = patch_site,
    ["DELETE " .. pattern] = delete_site, ["GET " .. pattern .. "/config/*"] = get_config,
    ["POST " .. pattern .. "/publishxml"] = publish_profile,
    ["PUT " .. pattern .. "/config/*"] = write_config, ["PATCH " .. pattern .. "/config/*"] = write_config,
  }
end

arm.add(site_routes("group/microsoft.web/sites/*"))
arm.add(site_routes("group/microsoft.web/sites/*/slots/*"))
arm.add({
  ["GET group/microsoft.web/sites"] = site_lister(SITE, render_site),
  ["GET sub/microsoft.web/sites"] = site_lister(SITE, render_site),
  ["GET group/microsoft.web/sites/*/slots"] = site_lister(SLOT, render_site),
  ["GET group/microsoft.web/serverfarms"] = site_lister(PLAN, render_plan),
  ["GET sub/microsoft.web/serverfarms"] = site_lister(PLAN, render_plan),
  ["GET group/microsoft.web/serverfarms/*"] = get_plan,
  ["PUT group/microsoft.web/serverfarms/*"] = put_plan,
  ["DELETE group/microsoft.web/serverfarms/*"] = delete_site,
})


return sites
