--- Managed identity endpoints: the instance metadata service of machines, App
-- Service, Azure Arc, Azure ML, Cloud Shell and Service Fabric, told apart by
-- path and api-version as their clients do.

local core = require "azure.core"
local errors = require "azure.errors"
local json = require "azure.json"
local wire = require "azure.emulator.wire"

local imds = {}

-- The service may be away this long while it updates itself
-- (learn.microsoft.com, "How to use managed identities to acquire a token").
imds.GONE_S = 70

--- Settings, to be changed while it runs: `gone_until` (IMDS answers 410 until
-- that time), `mode` ("ok", "not_found", "throttled", "unreachable"), `secret`,
-- `arc_directory` (where the files of Arc's challenges are put; without one
-- none is written), `identities`.
---@return table
function imds.new()
  return {
    mode = "ok", gone_until = 0, secret = core.base64url(core.random(24)), identities = {}, has_system = true,
  }
end

local function refuse(status, name, text)
  return wire.json(status, { error = name, error_description = text })
end

-- Selectors by the names that the different endpoints give them.
local function find_identity(cloud, parameters)
  local wanted = {
    client_id = parameters.client_id or parameters.clientid, object_id = parameters.object_id,
    resource_id = parameters.msi_res_id or parameters.mi_res_id,
  }
  local any = false
  for field, value in pairs(wanted) do
    any = true
    for _, identity in ipairs(cloud.identity.identities) do
      if (identity[field] or ""):lower() == value:lower() then return identity end
    end
  end
  if any then return nil end
  return cloud.identity.has_system and (cloud.identity.system or cloud.owner) or nil
end

local function token_body(cloud, principal, resource)
  local issue = require("azure.emulator.entra").issue
  local token, lifetime = issue(cloud, principal, resource)
  local now = math.floor(cloud.state:now())
  return {
    access_token = token, token_type = "Bearer", resource = resource, client_id = principal.client_id,
    expires_on = tostring(now + lifetime), not_before = tostring(now), expires_in = tostring(lifetime),
    ext_expires_in = tostring(lifetime),
  }
end

local function token_answer(cloud, parameters)
  if not parameters.resource then
    return refuse(400, "invalid_request", "Required audience parameter not specified")
  end
  local principal = find_identity(cloud, parameters)
  if not principal then return refuse(400, "invalid_request", "Identity not found") end
  return wire.json(200, token_body(cloud, principal, parameters.resource))
end

-- A machine's service: no Metadata header, no token (it keeps forged requests
-- of other programs on the machine away).
local function answer_imds(cloud, request)
  local identity = cloud.identity
  if request.headers.metadata ~= "true" then
    return refuse(400, "invalid_request", "Required metadata header not specified")
  end
  if request.headers["x-forwarded-for"] then
    return refuse(400, "invalid_request", "Request contains an X-Forwarded-For header")
  end
  if cloud.state:now() < identity.gone_until then return refuse(410, "gone", "The service is updating.") end
  if identity.mode == "not_found" then return refuse(404, "not_found", "The service is starting.") end
  if identity.mode == "throttled" then return refuse(429, "too_many_requests", "Too many requests") end
  if identity.mode == "unreachable" then
    return refuse(403, "forbidden", "A socket operation was attempted to an unreachable network.")
  end
  if not request.query["api-version"] then
    return refuse(400, "bad_request_102", "Required query variable 'api-version' is missing")
  end
  return token_answer(cloud, request.query)
end

-- Where the real agent puts its files. Named in the challenge where a test has
-- chosen no folder, but never written to: it may be there.
local AGENT_FOLDER = "/var/opt/azcmagent/tokens"

--- Takes the file of the last challenge away.
---@param identity table from `imds.new`
function imds.close(identity)
  if identity.arc_file then os.remove(identity.arc_file) end
  identity.arc_key, identity.arc_file = nil, nil
end

-- Only the owner can read it, as the agent's can be read by a group only.
local function write_key(identity, path)
  if not identity.arc_directory then return true end
  local ok, why = require("azure.emulator.server").write_secret(path, identity.arc_key)
  if ok then identity.arc_file = path end
  return ok, why
end

-- The challenge names a file: who can read it is on this machine. One challenge
-- is open at a time, so that whoever asks in vain leaves one file at most.
local function challenge_arc(identity)
  imds.close(identity)
  identity.arc_key = core.base64url(core.random(40))
  local path = ("%s/%s.key"):format(identity.arc_directory or AGENT_FOLDER, core.uuid())
  local ok, why = write_key(identity, path)
  if not ok then return refuse(500, "server_error", ("cannot write %s: %s"):format(path, why)) end
  local answer = wire.json(401, { error = { code = "unauthorized", message = "Basic authorization is needed." } })
  wire.set_header(answer, "WWW-Authenticate", "Basic realm=" .. (identity.arc_realm or path))
  return answer
end

local function answer_arc(cloud, request)
  if request.headers.metadata ~= "true" then
    return refuse(400, "invalid_request", "Required metadata header not specified")
  end
  local given = (request.headers.authorization or ""):match("^Basic (.+)$")
  if not given or given ~= cloud.identity.arc_key then return challenge_arc(cloud.identity) end
  imds.close(cloud.identity)
  local answer = token_answer(cloud, request.query)
  if request.query.msi_res_id and answer.status == 200 then
    local body = json.decode(answer.body) --[[@as table]]
    body.msi_res_id = request.query.msi_res_id
    answer.body = json.encode(body)
  end
  return answer
end

local function answer_metadata(cloud, request)
  if request.query["api-version"] == "2020-06-01" then return answer_arc(cloud, request) end
  return answer_imds(cloud, request)
end

local function with_secret(header)
  return function(cloud, request)
    if request.headers[header] ~= cloud.identity.secret then
      return wire.json(401, { statusCode = 401, message = "The identity header is missing or wrong." })
    end
    return token_answer(cloud, request.query)
  end
end

local function answer_cloud_shell(cloud, request)
  if request.headers.metadata ~= "true" then
    return refuse(400, "invalid_request", "Required metadata header not specified")
  end
  return token_answer(cloud, wire.parameters(request.body, true))
end

local endpoints = {
  ["GET metadata/identity/oauth2/token"] = answer_metadata,
  ["GET msi/token"] = with_secret("x-identity-header"),
  ["GET ml/token"] = with_secret("secret"),
  ["GET fabric/token"] = with_secret("secret"),
  ["POST cloudshell/token"] = answer_cloud_shell,
}

--- Answers a request to one of the endpoints; nil when it is none of theirs.
---@param cloud table
---@param request azure.emulator.Request
---@return table? answer
function imds.handle(cloud, request)
  local path = table.concat(request.segments, "/"):lower()
  local endpoint = endpoints[request.method .. " " .. path]
  return endpoint and endpoint(cloud, request) or nil
end

--- The environment variables that send a client to one of the endpoints.
---@param cloud table
---@param kind string imds, app_service, arc, azure_ml, cloud_shell, service_fabric
---@return table<string, string>
function imds.environment(cloud, kind)
  local url, secret = cloud.url, cloud.identity.secret
  local known = {
    imds = { AZURE_POD_IDENTITY_AUTHORITY_HOST = url },
    app_service = { IDENTITY_ENDPOINT = url .. "/msi/token", IDENTITY_HEADER = secret },
    arc = { IDENTITY_ENDPOINT = url .. "/metadata/identity/oauth2/token", IMDS_ENDPOINT = url },
    azure_ml = { MSI_ENDPOINT = url .. "/ml/token", MSI_SECRET = secret },
    cloud_shell = { MSI_ENDPOINT = url .. "/cloudshell/token" },
    service_fabric = {
      IDENTITY_ENDPOINT = url .. "/fabric/token", IDENTITY_HEADER = secret, IDENTITY_SERVER_THUMBPRINT = ("0"):rep(40),
    },
  }
  if not known[kind] then errors.raise(("emulator:environment: unknown kind '%s'"):format(tostring(kind))) end
  return known[kind]
end

return imds
