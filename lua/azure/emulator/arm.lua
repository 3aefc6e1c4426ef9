--- Azure Resource Manager's gateway: who asks, for what, in which version;
-- then the provider that answers; then the headers that every answer carries.

local catalog = require "azure.emulator.catalog"
local jwt = require "azure.emulator.jwt"
local lro = require "azure.emulator.lro"
local state = require "azure.emulator.state"
local throttle = require "azure.emulator.throttle"
local wire = require "azure.emulator.wire"

local arm = {}

--- Handlers by "METHOD scope/providers/namespace/type/*"; filled by arm.add.
local routes = {}

--- Adds handlers: "METHOD scope/namespace/type/*" of a provider, or "METHOD scope/part/*" of ARM itself.
---@param more table<string, fun(ctx: table): table>
function arm.add(more)
  for key, handler in pairs(more) do
    local method, pattern = key:match("^(%S+) (%S+)$")
    pattern = pattern:lower():gsub("^(%a+)/(microsoft%.)", "%1/providers/%2")
    routes[method .. " " .. pattern] = handler
  end
end

-- Errors of ARM itself, not of a provider, say so (azure-service-operator
-- recording Test_SignalRService_SignalR_CRUD.yaml).
local function gateway(answer)
  wire.set_header(answer, "x-ms-failure-cause", "gateway")
  return answer
end

local function unauthorized(cloud, code, message, challenge)
  local answer = gateway(wire.error(401, code, message))
  local value = ('Bearer authorization_uri="%s/%s", error="%s", error_description="%s"'):format(
    cloud.url, cloud.tenant_id, challenge or "invalid_token", message:gsub('"', "'"))
  wire.set_header(answer, "WWW-Authenticate", value)
  return answer
end

local function claims_challenge(cloud, claims)
  local answer = gateway(wire.error(401, "InvalidAuthenticationToken",
    "The access token was issued before the time that continuous access evaluation asks for."))
  local value = ('Bearer realm="", authorization_uri="%s/common/oauth2/authorize", '
    .. 'error="insufficient_claims", claims="%s"'):format(cloud.url, claims)
  wire.set_header(answer, "WWW-Authenticate", value)
  return answer
end

local function trim_slash(text)
  return (text:gsub("/+$", ""):lower())
end

local function is_audience(cloud, audience)
  local wanted = trim_slash(tostring(audience))
  for _, known in ipairs(cloud.audiences) do
    if trim_slash(known) == wanted then return true end
  end
  return trim_slash(cloud.url) == wanted
end

-- A token comes with many requests; what is in it never changes.
local function claims_of(cloud, token)
  local claims = cloud.opened_tokens[token]
  if not claims then
    claims = jwt.open(token, cloud.token_key)
    cloud.opened_tokens[token] = claims
  end
  return claims
end

-- answer for a token that will not do, or nil and its claims
local function check_token(cloud, token)
  local claims = claims_of(cloud, token)
  if not claims then
    return unauthorized(cloud, "InvalidAuthenticationToken", "The access token is invalid.")
  end
  if not is_audience(cloud, claims.aud) then
    return unauthorized(cloud, "InvalidAuthenticationTokenAudience", ("The access token has been obtained for wrong "
      .. "audience or resource '%s'. It should exactly match with one of the allowed audiences '%s'."):format(
      tostring(claims.aud), table.concat(cloud.audiences, "','")))
  end
  if claims.exp <= cloud.state:now() then
    return unauthorized(cloud, "ExpiredAuthenticationToken", ("The access token expiry UTC time '%s' is earlier than "
      .. "current UTC time '%s'."):format(wire.timestamp(claims.exp), wire.timestamp(cloud.state:now())))
  end
  return nil, claims
end

local function authenticate(cloud, request)
  local header = request.headers["authorization"]
  if not header then
    return unauthorized(cloud, "AuthenticationFailed",
      "Authentication failed. The 'Authorization' header is missing.")
  end
  local token = header:match("^[Bb]earer%s+(%S+)$")
  if not token then
    return unauthorized(cloud, "AuthenticationFailed",
      "Authentication failed. The 'Authorization' header is provided in an invalid format.")
  end
  local refusal, claims = check_token(cloud, token)
  if refusal then return refusal end
  local principal = cloud.principals[tostring(claims.appid):lower()]
  if not principal then
    return unauthorized(cloud, "InvalidAuthenticationToken", "The access token names an unknown principal.")
  end
  if principal.revoked and claims.nbf < principal.revoked.not_before then
    return claims_challenge(cloud, principal.revoked.claims)
  end
  return nil, principal, claims
end

-- The provider's part: types, names, and the id of each level as requested.
local function read_provider(ctx, segments, first)
  local pattern, types = segments[first]:lower(), {}
  ctx.namespace = segments[first]
  for i = first + 1, #segments do
    local is_type = (i - first) % 2 == 1
    pattern = pattern .. "/" .. (is_type and segments[i]:lower() or "*")
    if is_type then
      types[#types + 1] = segments[i]:lower()
    else
      ctx.names[#ctx.names + 1] = segments[i]
      ctx.ids[#ctx.ids + 1] = "/" .. table.concat(segments, "/", 1, i)
    end
  end
  ctx.type_key = table.concat(types, "/")
  ctx.pattern = ctx.pattern .. "/providers/" .. pattern
end

local function read_container(ctx, segments, first)
  for i = first, #segments do
    local part = segments[i]:lower()
    local is_name = i > first and (segments[i - 1]:lower() == "providers" or segments[i - 1]:lower() == "tagnames")
    if is_name then ctx.names[#ctx.names + 1] = segments[i] end
    ctx.pattern = ctx.pattern .. "/" .. (is_name and "*" or part)
  end
end

local function last_providers(segments)
  for i = #segments - 1, 1, -1 do
    if segments[i]:lower() == "providers" then return i end
  end
  return nil
end

-- Whether segments[first] on are providers/NAMESPACE/TYPE and what follows, and not a provider's own action.
local function is_provider_path(segments, first)
  if (segments[first] or ""):lower() ~= "providers" or #segments < first + 2 then return false end
  local type_name = segments[first + 2]:lower()
  return #segments > first + 2 or type_name ~= "register" and type_name ~= "unregister"
end

-- Fills ctx with what the path says.
local function read_path(ctx, segments)
  local next_segment = 1
  ctx.names, ctx.ids, ctx.pattern = {}, {}, "tenant"
  if (segments[1] or ""):lower() == "subscriptions" then
    if not segments[2] then return ctx end
    ctx.subscription_id, ctx.pattern, next_segment = segments[2], "sub", 3
  end
  if ctx.subscription_id and (segments[3] or ""):lower() == "resourcegroups" and segments[4] then
    ctx.group_name, ctx.pattern, next_segment = segments[4], "group", 5
  end
  local providers_at = last_providers(segments)
  local extension = providers_at and segments[providers_at + 1]:lower() == "microsoft.authorization"
  if extension then
    ctx.scope, ctx.pattern = "/" .. table.concat(segments, "/", 1, providers_at - 1), "any"
    read_provider(ctx, segments, providers_at + 1)
  elseif is_provider_path(segments, next_segment) then
    read_provider(ctx, segments, next_segment + 1)
  else
    read_container(ctx, segments, next_segment)
  end
  ctx.id = "/" .. table.concat(segments, "/")
  return ctx
end

local function check_version(ctx)
  ctx.api_version = ctx.request.query["api-version"]
  if not ctx.api_version or ctx.api_version == "" then
    return gateway(wire.error(400, "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests."))
  end
  local problem = catalog.problem(ctx.namespace, ctx.type_key, ctx.api_version)
  return problem and gateway(problem)
end

local function wrong_tenant(cloud, tenant_id, wanted)
  return unauthorized(cloud, "InvalidAuthenticationTokenTenant", ("The access token is from the wrong issuer "
    .. "'https://sts.windows.net/%s/'. It must match the tenant 'https://sts.windows.net/%s/' associated with this "
    .. "subscription. Please use the authority (URL) 'https://login.windows.net/%s' to get the token. Note, if the "
    .. "subscription is transferred to another tenant there is no impact to the services, but information about new "
    .. "tenant could take time to propagate (up to an hour). If you just transferred your subscription and see this "
    .. "error message, please try back later."):format(tenant_id, wanted, wanted))
end

local function check_subscription(ctx, claims)
  if not ctx.subscription_id then return nil end
  local subscription = ctx.cloud.state:get("/subscriptions/" .. ctx.subscription_id)
  if not subscription then
    return gateway(wire.error(404, "SubscriptionNotFound",
      ("The subscription '%s' could not be found."):format(ctx.subscription_id)))
  end
  ctx.subscription = subscription
  if claims.tid ~= subscription.tenant_id then
    return wrong_tenant(ctx.cloud, claims.tid, subscription.tenant_id)
  end
  return nil
end

local function check_group(ctx)
  if not ctx.group_name or not ctx.namespace then return nil end
  local group = ctx.cloud.state:get(ctx.subscription.id .. "/resourceGroups/" .. ctx.group_name)
  if not group then
    return gateway(wire.error(404, "ResourceGroupNotFound",
      ("Resource group '%s' could not be found."):format(ctx.group_name)))
  end
  ctx.group = group
  if group.deleting and ctx.request.method ~= "GET" and ctx.request.method ~= "DELETE" then
    return gateway(wire.error(409, "ResourceGroupBeingDeleted", ("The resource group '%s' is in deprovisioning state "
      .. "and cannot perform this operation."):format(group.name)))
  end
  return nil
end

local function check_registration(ctx)
  if not ctx.namespace or not ctx.subscription or ctx.request.method ~= "PUT" then return nil end
  local registration = ctx.subscription.registrations[ctx.namespace:lower()]
  if not registration or registration == "Registered" then return nil end
  local name = catalog.providers[ctx.namespace:lower()].name
  local message = ("The subscription is not registered to use namespace '%s'. See https://aka.ms/rps-not-found for "
    .. "how to register subscriptions."):format(name)
  return gateway(wire.error(409, "MissingSubscriptionRegistration", message,
    { details = { { code = "MissingSubscriptionRegistration", target = name, message = message } } }))
end

local verbs = { GET = "read", HEAD = "read", PUT = "write", PATCH = "write", DELETE = "delete" }

local function action_of(ctx)
  local base = (ctx.namespace or "Microsoft.Resources/subscriptions") .. "/" .. (ctx.type_key or "resourceGroups")
  return base .. "/" .. (verbs[ctx.request.method] or "action")
end

local function check_permission(ctx)
  local action = action_of(ctx)
  if ctx.pattern:find("^any/") or ctx.principal:may(action, ctx.id) then return nil end
  return gateway(wire.error(403, "AuthorizationFailed", ("The client '%s' with object id '%s' does not have "
    .. "authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, "
    .. "please refresh your credentials."):format(ctx.principal.client_id, ctx.principal.object_id, action, ctx.id)))
end

local function check_rate(ctx)
  local refusal
  refusal, ctx.remaining = throttle.take(ctx.cloud, ctx.principal.object_id,
    ctx.subscription_id or "tenant", ctx.request.method)
  return refusal
end

-- A name holds no slash, an escaped one neither (azure-resource-manager-rpc, issue 38).
local function check_names(ctx)
  for _, segment in ipairs(ctx.request.segments) do
    if segment:find("/", 1, true) then
      return gateway(wire.error(400, "InvalidResourceName",
        ("The provided resource name '%s' has these invalid characters: '/'."):format(segment)))
    end
  end
  return nil
end

-- In ARM's order: the first that objects answers.
local gates = { check_names, check_version, check_rate, check_permission, check_group, check_registration }

local function no_route(ctx)
  if routes["GET " .. ctx.pattern] or routes["PUT " .. ctx.pattern] or routes["POST " .. ctx.pattern] then
    return wire.error(405, "MethodNotAllowed",
      ("The requested HTTP method '%s' is not supported on this resource."):format(ctx.request.method))
  end
  return gateway(wire.error(404, "InvalidResourceType",
    ("The resource type could not be found at '%s'."):format(ctx.request.path)))
end

local function dispatch(cloud, request, ctx)
  local refusal, principal, claims = authenticate(cloud, request)
  if refusal then return refusal end
  ctx.principal = principal
  local status = lro.answer(cloud, request)
  if status then
    return check_rate(read_path(ctx, request.segments)) or status
  end
  read_path(ctx, request.segments)
  refusal = check_subscription(ctx, claims)
  if refusal then return refusal end
  for _, gate in ipairs(gates) do
    refusal = gate(ctx)
    if refusal then return refusal end
  end
  local handler = routes[request.method .. " " .. ctx.pattern]
  return handler and handler(ctx) or no_route(ctx)
end

local function add_rate_headers(ctx, answer)
  local kind = throttle.kind(ctx.request.method)
  local global = { reads = "16499", writes = "11999", deletes = "11999" }
  if ctx.remaining then
    wire.set_header(answer, "x-ms-ratelimit-remaining-subscription-" .. kind, tostring(ctx.remaining))
  end
  wire.set_header(answer, "x-ms-ratelimit-remaining-subscription-global-" .. kind, global[kind])
end

local function add_common_headers(ctx, answer)
  local headers, now = ctx.request.headers, ctx.cloud.state:now()
  local request_id = state.guid()
  local correlation_id = headers["x-ms-correlation-request-id"] or request_id
  local common = {
    { "Cache-Control", "no-cache" }, { "Pragma", "no-cache" }, { "Expires", "-1" },
    { "x-ms-request-id", request_id }, { "x-ms-correlation-request-id", correlation_id },
    { "x-ms-routing-request-id", ("EASTUS:%s:%s"):format(os.date("!%Y%m%dT%H%M%SZ", math.floor(now)), correlation_id) },
    { "Strict-Transport-Security", "max-age=31536000; includeSubDomains" },
    { "X-Content-Type-Options", "nosniff" }, { "X-Cache", "CONFIG_NOCACHE" },
  }
  for _, pair in ipairs(common) do answer.headers[#answer.headers + 1] = pair end
  if (headers["x-ms-return-client-request-id"] or ""):lower() == "true" then
    wire.set_header(answer, "x-ms-client-request-id", headers["x-ms-client-request-id"] or "")
  end
end

--- Answers one request to ARM.
---@param cloud table
---@param request azure.emulator.Request
---@return table answer
function arm.handle(cloud, request)
  local ctx = { cloud = cloud, state = cloud.state, request = request }
  local answer = dispatch(cloud, request, ctx)
  add_common_headers(ctx, answer)
  if ctx.principal and ctx.subscription_id then add_rate_headers(ctx, answer) end
  return answer
end

--- ARM's own answer for a resource that is not there.
---@param ctx table
---@param type_name string
---@param name string
---@return table answer
function arm.not_found(ctx, type_name, name)
  return gateway(wire.error(404, "ResourceNotFound", ("The Resource '%s/%s' under resource group '%s' was not found. "
    .. "For more details please go to https://aka.ms/ARMResourceNotFoundFix"):format(type_name, name, ctx.group_name)))
end

--- The body of a write, or the answer to a body that is not JSON.
---@param ctx table
---@return table? body
---@return table? answer
function arm.body(ctx)
  local body, why = wire.json_body(ctx.request)
  if body then return body end
  return nil, gateway(wire.error(400, "InvalidRequestContent",
    ("The request content was invalid and could not be deserialized: '%s'."):format(why)))
end

return arm
