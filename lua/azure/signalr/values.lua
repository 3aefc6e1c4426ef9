--- What SignalR's settings may be, checked before any call, and their form on
-- the wire (Microsoft.SignalRService 2024-03-01). Wrong values raise.

local errors = require "azure.errors"
local json = require "azure.json"

local values = {}

local function set(...)
  local result = {}
  for _, name in ipairs{ ... } do result[name] = true end
  return result
end

values.key_types = set("Primary", "Secondary", "Salt")
local sku_names = set("Free_F1", "Standard_S1", "Premium_P1", "Premium_P2")
local service_modes = set("Default", "Serverless", "Classic", "PredefinedOnly")
local kinds = set("SignalR", "RawWebSockets")
local switches = set("Enabled", "Disabled")
local identity_types = set("None", "SystemAssigned", "UserAssigned")
local actions = set("Allow", "Deny")
local request_types = set("ServerConnection", "ClientConnection", "RESTAPI", "Trace")

local function raise(fname, name, text)
  errors.raise(("%s: '%s' %s"):format(fname, name, text))
end

local function names_of(allowed)
  local names = {}
  for name in pairs(allowed) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

--- Raises unless `value` is one of the set.
function values.one_of(value, allowed, name, fname)
  if type(value) == "string" and allowed[value] then return value end
  local near = type(value) == "string" and errors.nearest(value, allowed)
  local advice = near and (", did you mean '%s'?"):format(near) or ""
  raise(fname, name, ("must be one of %s%s"):format(names_of(allowed), advice))
end

local function check_type(value, wanted, name, fname)
  if type(value) ~= wanted then raise(fname, name, ("must be a %s, not a %s"):format(wanted, type(value))) end
end

-- 1..10, then tens up to 100; Premium_P2 has hundreds up to 1000.
local function capacity_ok(sku, n)
  if math.type(n) ~= "integer" then return false end
  if sku == "Free_F1" then return n == 1 end
  if sku == "Premium_P2" then return n >= 100 and n <= 1000 and n % 100 == 0 end
  return n >= 1 and n <= 10 or n <= 100 and n >= 20 and n % 10 == 0
end

local function sku_of(sku, capacity, fname)
  if sku == nil and capacity == nil then return nil end
  if sku == nil then raise(fname, "sku", "is needed together with capacity") end
  local given = type(sku) == "table" and sku or { name = sku }
  local units = capacity or given.capacity
  values.one_of(given.name, sku_names, "sku", fname)
  if units ~= nil and not capacity_ok(given.name, units) then
    raise(fname, "capacity", ("of %s cannot be %s"):format(given.name, tostring(units)))
  end
  return { name = given.name, capacity = units, tier = given.tier }
end

local template_keys = {
  url_template = "urlTemplate", hub_pattern = "hubPattern", event_pattern = "eventPattern",
  category_pattern = "categoryPattern", auth = "auth",
  urlTemplate = "urlTemplate", hubPattern = "hubPattern", eventPattern = "eventPattern",
  categoryPattern = "categoryPattern",
}

local function template(item, i, fname)
  local name = ("upstream[%d]"):format(i)
  check_type(item, "table", name, fname)
  local out = {}
  for key, value in pairs(item) do
    local wire = template_keys[key]
    if not wire then
      local near = errors.nearest(tostring(key), template_keys)
      raise(fname, name, ("has the unknown field '%s'%s"):format(tostring(key),
        near and (", did you mean '%s'?"):format(near) or ""))
    end
    out[wire] = value
  end
  if type(out.urlTemplate) ~= "string" or not out.urlTemplate:find("^https?://[^%s]+$") then
    raise(fname, name, "needs a url_template that is an http or https URL")
  end
  return out
end

--- Upstream templates on the wire.
function values.templates(list, fname)
  check_type(list, "table", "upstream", fname)
  local out = json.array{}
  for i, item in ipairs(list) do out[i] = template(item, i, fname) end
  if next(list) ~= nil and #out == 0 then raise(fname, "upstream", "must be a list of templates") end
  return out
end

local function check_requests(list, name, fname)
  if list == nil or list == json.null then return end
  check_type(list, "table", name, fname)
  for _, request in ipairs(list) do values.one_of(request, request_types, name, fname) end
end

local function check_acl(acl, name, fname)
  if acl == nil or acl == json.null then return end
  check_type(acl, "table", name, fname)
  check_requests(acl.allow, name .. ".allow", fname)
  check_requests(acl.deny, name .. ".deny", fname)
end

local acl_keys = set("defaultAction", "publicNetwork", "privateEndpoints", "ipRules")
local MAX_IP_RULES = 30

local function check_ip_rules(rules, fname)
  if rules == nil or rules == json.null then return end
  check_type(rules, "table", "ipRules", fname)
  if #rules > MAX_IP_RULES then raise(fname, "ipRules", "can have 30 rules at most") end
  for _, rule in ipairs(rules) do
    check_type(rule, "table", "ipRules", fname)
    values.one_of(rule.action, actions, "ipRules.action", fname)
    check_type(rule.value, "string", "ipRules.value", fname)
  end
end

--- Raises unless the network ACLs can be right.
function values.network_acls(acls, fname)
  check_type(acls, "table", "network_acls", fname)
  for key in pairs(acls) do
    if not acl_keys[key] then values.one_of(tostring(key), acl_keys, "network_acls", fname) end
  end
  if acls.defaultAction ~= nil then values.one_of(acls.defaultAction, actions, "defaultAction", fname) end
  check_acl(acls.publicNetwork, "publicNetwork", fname)
  for i, endpoint in ipairs(type(acls.privateEndpoints) == "table" and acls.privateEndpoints or {}) do
    check_acl(endpoint, ("privateEndpoints[%d]"):format(i), fname)
  end
  check_ip_rules(acls.ipRules, fname)
  return acls
end

local function identity(given, fname)
  if type(given) == "string" then given = { type = given } end
  check_type(given, "table", "identity", fname)
  values.one_of(given.type, identity_types, "identity", fname)
  return given
end

-- setting -> function(properties, value, fname)
local property_settings = {
  service_mode = function(p, value, fname)
    values.one_of(value, service_modes, "service_mode", fname)
    p.features = json.array{ { flag = "ServiceMode", value = value } }
  end,
  upstream = function(p, value, fname) p.upstream = { templates = values.templates(value, fname) } end,
  network_acls = function(p, value, fname) p.networkACLs = values.network_acls(value, fname) end,
  public_network_access = function(p, value, fname)
    p.publicNetworkAccess = values.one_of(value, switches, "public_network_access", fname)
  end,
  cors = function(p, value, fname)
    check_type(value, "table", "cors", fname)
    p.cors = { allowedOrigins = json.array(table.move(value, 1, #value, 1, {})) }
  end,
  disable_local_auth = function(p, value, fname)
    check_type(value, "boolean", "disable_local_auth", fname)
    p.disableLocalAuth = value
  end,
  disable_aad_auth = function(p, value, fname)
    check_type(value, "boolean", "disable_aad_auth", fname)
    p.disableAadAuth = value
  end,
}

local settings_allowed = set("location", "sku", "capacity", "kind", "tags", "identity", "properties")
for name in pairs(property_settings) do settings_allowed[name] = true end

local function check_settings(settings, fname, creating)
  errors.check_options(settings, settings_allowed, fname)
  if settings == nil then raise(fname, "settings", "must be a table, not absent") end
  if creating and type(settings.location) ~= "string" then raise(fname, "location", "is missing") end
  if creating and settings.sku == nil then raise(fname, "sku", "is missing") end
  for _, name in ipairs{ "tags", "properties" } do
    if settings[name] ~= nil then check_type(settings[name], "table", name, fname) end
  end
  if settings.kind ~= nil then values.one_of(settings.kind, kinds, "kind", fname) end
end

--- The body of a PUT or PATCH from settings.
function values.resource(settings, fname, creating)
  check_settings(settings, fname, creating)
  local properties = {}
  for key, value in pairs(settings.properties or {}) do properties[key] = value end
  for name, apply in pairs(property_settings) do
    if settings[name] ~= nil then apply(properties, settings[name], fname) end
  end
  return {
    location = settings.location, kind = settings.kind, tags = settings.tags,
    sku = sku_of(settings.sku, settings.capacity, fname),
    identity = settings.identity ~= nil and identity(settings.identity, fname) or nil,
    properties = next(properties) ~= nil and properties or nil,
  }
end

return values
