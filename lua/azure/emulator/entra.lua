--- Entra ID: the token endpoint with the grants that unattended programs use,
-- and the two discovery documents that Microsoft's own library wants to see.

local core = require "azure.core"
local assertion = require "azure.emulator.assertion"
local device = require "azure.emulator.device"
local jwt = require "azure.emulator.jwt"
local wire = require "azure.emulator.wire"

local entra = {}

--- Entra's error body; the description has CR LF in it, as on the wire
-- (learn.microsoft.com, "client credentials grant flow").
---@param cloud table
---@param status integer
---@param name string OAuth's error
---@param number integer? AADSTS number
---@param text string
---@return table answer
function entra.error(cloud, status, name, number, text)
  local trace_id, correlation_id = core.uuid(), core.uuid()
  local timestamp = os.date("!%Y-%m-%d %H:%M:%SZ", math.floor(cloud.state:now()))
  local prefix = number and ("AADSTS%d: "):format(number) or ""
  local answer = wire.json(status, {
    error = name,
    error_description = ("%s%s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s"):format(
      prefix, text, trace_id, correlation_id, timestamp),
    error_codes = { number or 70000 }, timestamp = timestamp, trace_id = trace_id,
    correlation_id = correlation_id,
    error_uri = number and ("%s/error?code=%d"):format(cloud.url, number) or nil,
  })
  return answer
end

--- The access token's audience that a scope or resource names.
local function audience_of(form)
  if form.resource then return form.resource end
  for scope in (form.scope or ""):gmatch("%S+") do
    local audience = scope:match("^(.+)/%.default$")
    if audience then return audience end
  end
  return nil
end

local function check_scope(cloud, form)
  if not form.scope and not form.resource then
    return entra.error(cloud, 400, "invalid_request", 900144,
      "The request body must contain the following parameter: 'scope'.")
  end
  if not audience_of(form) then
    return entra.error(cloud, 400, "invalid_scope", 70011, ("The provided request must include a 'scope' input "
      .. "parameter. The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.")
      :format(form.scope))
  end
  return nil
end

--- Issues an access token.
---@param cloud table
---@param principal table
---@param audience string
---@param more table? further claims
---@return string token
---@return integer expires_in
function entra.issue(cloud, principal, audience, more)
  local now, lifetime = math.floor(cloud.state:now()), cloud.options.token_lifetime
  local claims = {
    aud = audience, iss = ("https://sts.windows.net/%s/"):format(principal.tenant_id), iat = now, nbf = now,
    exp = now + lifetime, appid = principal.client_id, appidacr = "1", oid = principal.object_id,
    sub = principal.object_id, tid = principal.tenant_id, ver = "1.0", uti = core.base64url(core.random(16)),
  }
  for key, value in pairs(more or {}) do claims[key] = value end
  cloud.tokens_issued = cloud.tokens_issued + 1
  return jwt.make(claims, cloud.token_key), lifetime
end

local function token_answer(cloud, principal, form)
  local more = {}
  if (form.claims or ""):lower():find('"cp1"', 1, true) then more.xms_cc = { "CP1" } end
  local token, lifetime = entra.issue(cloud, principal, audience_of(form), more)
  local answer = wire.json(200, {
    token_type = "Bearer", expires_in = lifetime, ext_expires_in = lifetime, access_token = token,
  })
  wire.set_header(answer, "Cache-Control", "no-store, no-cache")
  wire.set_header(answer, "Pragma", "no-cache")
  return answer
end

local function check_secret(cloud, principal, form)
  if form.client_secret ~= principal.secret then
    return entra.error(cloud, 401, "invalid_client", 7000215, ("Invalid client secret provided. Ensure the secret "
      .. "being sent in the request is the client secret value, not the client secret ID, for a secret added to app "
      .. "'%s'."):format(principal.client_id))
  end
  if principal.secret_expired then
    return entra.error(cloud, 401, "invalid_client", 7000222, ("The provided client secret keys for app '%s' are "
      .. "expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider "
      .. "using certificate credentials for added security: https://aka.ms/certCreds."):format(principal.client_id))
  end
  return nil
end

local function grant_client(cloud, form, tenant_id, url)
  local principal = cloud.principals[(form.client_id or ""):lower()]
  if not principal or principal.tenant_id ~= tenant_id then
    return entra.error(cloud, 400, "unauthorized_client", 700016, ("Application with identifier '%s' was not found in "
      .. "the directory '%s'. This can happen if the application has not been installed by the administrator of the "
      .. "tenant or consented to by any user in the tenant."):format(form.client_id or "", tenant_id))
  end
  local refusal
  if form.client_assertion then
    refusal = assertion.check(cloud, principal, form, url)
    if refusal then refusal = entra.error(cloud, 401, "invalid_client", refusal[1], refusal[2]) end
  elseif form.client_secret then
    refusal = check_secret(cloud, principal, form)
  else
    refusal = entra.error(cloud, 401, "invalid_client", 7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
  end
  return refusal or check_scope(cloud, form) or token_answer(cloud, principal, form)
end

local function grant_device(cloud, form)
  local principal, name, text = device.redeem(cloud, form)
  if not principal then return entra.error(cloud, 400, name, nil, text) end
  return token_answer(cloud, principal, { scope = principal.device_scope, claims = form.claims })
end

local grants = {
  client_credentials = grant_client,
  ["urn:ietf:params:oauth:grant-type:device_code"] = grant_device,
  device_code = grant_device,
}

local function find_tenant(cloud, name)
  return cloud.tenants[name:lower()]
end

local function unknown_tenant(cloud, name)
  return entra.error(cloud, 400, "invalid_request", 90002, ("Tenant '%s' not found. Check to make sure you have the "
    .. "correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this "
    .. "may happen if there are no active subscriptions for the tenant."):format(name))
end

local function token_endpoint(cloud, request, tenant)
  local form = wire.parameters(request.body, true)
  local tenant_id = find_tenant(cloud, tenant)
  local grant = grants[form.grant_type or ""]
  if not tenant_id then return unknown_tenant(cloud, tenant) end
  if not form.grant_type then
    return entra.error(cloud, 400, "invalid_request", 900144,
      "The request body must contain the following parameter: 'grant_type'.")
  end
  if not grant then
    return entra.error(cloud, 400, "unsupported_grant_type", 70003,
      ("The app requested an unsupported grant type '%s'."):format(form.grant_type))
  end
  return grant(cloud, form, tenant_id, cloud.url .. "/" .. tenant)
end

local function device_endpoint(cloud, request, tenant)
  local form = wire.parameters(request.body, true)
  local tenant_id = find_tenant(cloud, tenant) or cloud.tenant_id
  return check_scope(cloud, form) or wire.json(200, device.start(cloud, form, tenant_id))
end

local function openid_configuration(cloud, _, tenant)
  local base = cloud.url .. "/" .. tenant
  return wire.json(200, {
    issuer = base .. "/v2.0", token_endpoint = base .. "/oauth2/v2.0/token",
    authorization_endpoint = base .. "/oauth2/v2.0/authorize", jwks_uri = base .. "/discovery/v2.0/keys",
    device_authorization_endpoint = base .. "/oauth2/v2.0/devicecode",
    end_session_endpoint = base .. "/oauth2/v2.0/logout", cloud_instance_name = "microsoftonline.com",
    response_types_supported = { "code", "id_token" }, subject_types_supported = { "pairwise" },
    token_endpoint_auth_methods_supported = { "client_secret_post", "private_key_jwt" },
    tenant_region_scope = "NA", id_token_signing_alg_values_supported = { "RS256" },
  })
end

local function instance_discovery(cloud)
  local host = cloud.url:match("^%w+://(.+)$")
  return wire.json(200, {
    tenant_discovery_endpoint = ("%s/%s/v2.0/.well-known/openid-configuration"):format(cloud.url, cloud.tenant_id),
    ["api-version"] = "1.1",
    metadata = { { preferred_network = host, preferred_cache = host, aliases = { host } } },
  })
end

local endpoints = {
  ["POST oauth2/v2.0/token"] = token_endpoint,
  ["POST oauth2/token"] = token_endpoint,
  ["POST oauth2/v2.0/devicecode"] = device_endpoint,
  ["GET v2.0/.well-known/openid-configuration"] = openid_configuration,
  ["GET .well-known/openid-configuration"] = openid_configuration,
  ["GET discovery/instance"] = instance_discovery,
}

--- Answers a request to the authority; nil when the path is not one of its.
---@param cloud table
---@param request azure.emulator.Request
---@return table? answer
function entra.handle(cloud, request)
  local tenant = request.segments[1]
  local rest = table.concat(request.segments, "/", 2):lower()
  local endpoint = tenant and endpoints[request.method .. " " .. rest]
  return endpoint and endpoint(cloud, request, tenant) or nil
end

return entra
