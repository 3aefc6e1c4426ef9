--- What else may come into the upstream: the public door, and its rules. Not
-- every credential may see it, and that is no failure of the path.

local doors = {}

local function object(value)
  return type(value) == "table" and value or {}
end

local function text(value)
  return type(value) == "string" and value or nil
end

local function rules_of(list, address)
  local out = {}
  for _, rule in ipairs(object(list)) do
    if type(rule) == "table" then
      out[#out + 1] = { name = rule.name, action = text(rule.action) or "Allow", address = rule[address],
        priority = rule.priority }
    end
  end
  return out
end

-- App Service: rules of the site's configuration (Microsoft.Web, SiteConfig).
local function web(job, result)
  local config, err = job:get(job.approver, job.upstream.id .. "/config/web")
  if not config then
    result.restrictions_error = tostring(err)
    return
  end
  local properties = object(config.properties)
  result.default_action = text(properties.ipSecurityRestrictionsDefaultAction)
  result.restrictions = rules_of(properties.ipSecurityRestrictions, "ipAddress")
end

-- Key Vault and Storage: networkAcls; without any, everybody may come.
local function acls(_, result, properties)
  local rules = object(properties.networkAcls)
  result.default_action = text(rules.defaultAction) or "Allow"
  result.restrictions = rules_of(rules.ipRules, "value")
  result.bypass = text(rules.bypass)
end

local readers = { ["microsoft.web"] = web, ["microsoft.keyvault"] = acls, ["microsoft.storage"] = acls }

local everybody = { Any = true, ["0.0.0.0/0"] = true }

local function is_shut(result)
  if result.default_action == "Deny" then return true end
  for _, rule in ipairs(result.restrictions or {}) do
    if rule.action == "Deny" and everybody[rule.address] then return true end
  end
  return false
end

-- An upstream that says nothing is open, but for App Service, where an
-- approved private endpoint shuts it then.
local function is_open(job, result)
  local access = result.public_network_access:lower()
  local enabled = access == "enabled" or (access == "not set" and job.upstream.provider:lower() ~= "microsoft.web")
  return enabled and not is_shut(result)
end

--- Reads the doors, and warns when the public one is open.
---@param job table
---@return table doors public_network_access, open, default_action, restrictions, or error
function doors.read(job)
  local upstream, err = job:get(job.approver, job.upstream.id)
  if not upstream then return { error = tostring(err) } end
  local properties = object(upstream.properties)
  local result = { public_network_access = text(properties.publicNetworkAccess) or "not set" }
  local read = readers[job.upstream.provider:lower()]
  if read then read(job, result, properties) end
  result.open = is_open(job, result)
  if result.open then
    job:warn("PublicAccessEnabled", "the upstream still takes calls from the public network",
      "approval alone does not close the public door: set publicNetworkAccess to Disabled")
  end
  return result
end

return doors
