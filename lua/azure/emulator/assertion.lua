--- Client assertions at the emulated Entra ID: signed by a certificate that the
-- application registered, or by a foreign issuer it has a federation with.

local jwt = require "azure.emulator.jwt"
local server = require "azure.emulator.server"
local wire = require "azure.emulator.wire"

local assertion = {}

local ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

local function find_certificate(principal, header)
  for _, pem in ipairs(principal.certificates) do
    local sha1, sha256 = server.certificate_digests(pem)
    if sha256 and header["x5t#S256"] and wire.base64_decode(header["x5t#S256"]) == sha256 then return pem end
    if sha1 and header.x5t and wire.base64_decode(header.x5t) == sha1 then return pem end
  end
  return nil
end

local function is_audience(cloud, audience, base)
  local known = { base .. "/v2.0", base .. "/oauth2/v2.0/token", base .. "/oauth2/token", cloud.url }
  for _, url in ipairs(known) do
    if audience == url then return true end
  end
  return false
end

local function check_times(cloud, claims)
  local now, skew = cloud.state:now(), 300
  if type(claims.exp) ~= "number" or claims.exp + skew < now or (claims.nbf or 0) > now + skew then
    return { 700024, "Client assertion is not within its valid time range." }
  end
  return nil
end

local function check_certificate(cloud, principal, token, base)
  local alg = token.header.alg
  local pem = find_certificate(principal, token.header)
  local signed = pem and (alg == "RS256" or alg == "PS256")
    and server.certificate_verifies(pem, alg, token.signed, token.signature)
  if not signed then
    return { 700027, ("The certificate with identifier used to sign the client assertion is not registered on "
      .. "application, or its signature does not fit. [app: %s]"):format(principal.client_id) }
  end
  local claims = token.claims
  if claims.iss ~= principal.client_id or claims.sub ~= principal.client_id then
    return { 700025, "Client assertion's issuer and subject must be the client id." }
  end
  if not is_audience(cloud, claims.aud, base) then
    return { 700023, "Client assertion audience claim does not match Realm issuer." }
  end
  if not claims.jti then return { 50027, "JWT token is invalid or malformed: no 'jti'." } end
  return check_times(cloud, claims)
end

local function check_federation(cloud, principal, text, token)
  for _, federation in ipairs(principal.federations) do
    local claims = token.claims
    if claims.iss == federation.issuer and claims.sub == federation.subject
      and claims.aud == (federation.audience or "api://AzureADTokenExchange")
      and jwt.open(text, cloud.token_key) then
      return check_times(cloud, claims)
    end
  end
  return { 70021, "No matching federated identity record found for presented assertion." }
end

--- Checks a client assertion.
---@param cloud table
---@param principal table
---@param form table<string, string>
---@param base string authority and tenant
---@return table? refusal { AADSTS number, text }
function assertion.check(cloud, principal, form, base)
  if form.client_assertion_type ~= ASSERTION_TYPE then
    return { 900144, "The request body must contain the following parameter: 'client_assertion_type'." }
  end
  local token = jwt.read(form.client_assertion)
  if not token then return { 50027, "JWT token is invalid or malformed." } end
  if token.header.alg == "HS256" then return check_federation(cloud, principal, form.client_assertion, token) end
  return check_certificate(cloud, principal, token, base)
end

--- What a foreign issuer would hand to a workload: an assertion that the
--- principal's first (or given) federation accepts.
---@param cloud table
---@param principal table
---@param opts table? issuer, subject, audience, lifetime
---@return string
function assertion.federated(cloud, principal, opts)
  opts = opts or {}
  local federation = principal.federations[1] or {}
  local now = math.floor(cloud.state:now())
  return jwt.make({
    iss = opts.issuer or federation.issuer, sub = opts.subject or federation.subject,
    aud = opts.audience or federation.audience or "api://AzureADTokenExchange",
    iat = now, nbf = now, exp = now + (opts.lifetime or 600),
  }, cloud.token_key)
end

return assertion
