--- Applications that show an assertion of somebody else: a function's, or the
-- token that a pipeline gives to its jobs. `azure.identity` is where scripts
-- find them.

local core = require("azure.core")
local errors = require("azure.errors")
local json = require("azure.json")
local options = require("azure.identity.options")
local url = require("azure.url")

local federation = {}

local ATTEMPTS, PAUSE_S, TIMEOUT_S = 3, 1, 30
-- An assertion is shown at once; how long it is good for is Entra's business.
local SHOWN_WITHIN_S = 300

local function as_credential(fn)
  return core.credential("from_function", { fn = function(request)
    local text, err = fn(request)
    if text == nil then return nil, err end
    return { token = text, expires_on = core.loop():wall() + SHOWN_WITHIN_S }
  end })
end

--- The credential of an application from options that were read; `assertion` is
--- a function or a credential.
---@param opts table
---@param getenv fun(name: string): string?
---@param assertion function|azure.Credential
---@return azure.Credential?, azure.Error?
function federation.credential(opts, getenv, assertion)
  local args = options.app(opts, getenv)
  local err
  args.source = assertion
  if type(assertion) == "function" then args.source, err = as_credential(assertion) end
  if not args.source then return nil, err end
  return core.credential("client_assertion", args)
end

-- Tokens of pipelines

local function refused(name, fields)
  fields.kind = "auth"
  fields.message = name .. ": " .. fields.message
  return nil, errors.new(fields)
end

-- The job's own token goes along: over TLS, or to this machine.
local function may_carry_token(text)
  return text:find("^https://[^/?#@]+[/?]") or text:find("^http://127%.0%.0%.1:%d+[/?]")
end

local function is_worth_another_try(answer, err)
  if not answer then return err.kind ~= "cancelled" end
  return answer.status == 429 or answer.status >= 500
end

-- One request with a few retries. Nothing of the answer is quoted: it is a
-- token, or may repeat one.
local function ask(name, opts, request)
  local http <close> = assert(core.http(options.network(opts, {})))
  local answer, err
  for attempt = 1, ATTEMPTS do
    if attempt > 1 then core.sleep(PAUSE_S):wait() end
    answer, err = http:send(request):wait()
    if not is_worth_another_try(answer, err) then break end
  end
  if answer then return answer end
  return refused(name, { code = "TokenEndpointUnreachable", message = "no answer: " .. err.message })
end

--- The assertion in a field of the answer's document.
local function assertion_in(name, answer, field, hint)
  if answer.status ~= 200 then
    return refused(name, { code = "AssertionRefused", status = answer.status, hint = hint,
      message = ("the pipeline's service answered %d"):format(answer.status) })
  end
  local doc = json.decode(answer.body)
  local text = type(doc) == "table" and doc[field]
  if type(text) == "string" and text ~= "" then return text end
  return refused(name, { code = "UnexpectedAnswer", status = 200, hint = hint,
    message = ("the answer of the pipeline's service has no %s"):format(field) })
end

-- A credential whose assertion is asked for by `request`, a table of http:send,
-- with the job's token.
local function of_pipeline(name, opts, getenv, token, field, hint, request)
  if not may_carry_token(request.url) then
    return refused(name, { code = "InvalidEndpoint", message = "the environment's endpoint is no https URL" })
  end
  if token:find("%c") then
    return refused(name, { code = "InvalidToken", message = "the job's token has a control character" })
  end
  request.timeout, request.headers.Authorization = TIMEOUT_S, "Bearer " .. token
  return federation.credential(opts, getenv, function()
    local answer, err = ask(name, opts, request)
    if not answer then return nil, err end
    return assertion_in(name, answer, field, hint)
  end)
end

local function absent_of(named)
  local absent = {}
  for _, pair in ipairs(named) do
    if not pair[2] then absent[#absent + 1] = pair[1] end
  end
  return #absent > 0 and "not set: " .. table.concat(absent, ", ")
end

local PIPELINES = options.set_of(options.APP, "service_connection_id", "system_access_token")

--- See azure.identity.azure_pipelines. The request as in @azure/identity 4.13.1
-- (azurePipelinesCredential.js).
---@param opts azure.AzurePipelinesOptions
---@return azure.Credential?, azure.Error?
function federation.azure_pipelines(opts)
  local fname, name = "identity.azure_pipelines", "AzurePipelinesCredential"
  local getenv
  opts, getenv = options.read(fname, opts, PIPELINES)
  for _, option in ipairs({ "tenant_id", "client_id", "service_connection_id", "system_access_token" }) do
    options.need(opts, option, fname)
  end
  local endpoint = getenv("SYSTEM_OIDCREQUESTURI")
  if not endpoint then return options.unavailable(name, absent_of({ { "SYSTEM_OIDCREQUESTURI" } })) end
  local hint = "check that the pipeline may use the service connection, and that system_access_token is the job's"
  return of_pipeline(name, opts, getenv, opts.system_access_token, "oidcToken", hint, {
    method = "POST", body = "",
    url = url.set_query(endpoint, { ["api-version"] = "7.1", serviceConnectionId = opts.service_connection_id }),
    -- or a sign-in page is the answer
    headers = { ["Content-Type"] = "application/json", ["X-TFS-FedAuthRedirect"] = "Suppress" },
  })
end

local GITHUB = options.set_of(options.APP, "audience")

--- See azure.identity.github_actions.
---@param opts azure.GitHubActionsOptions?
---@return azure.Credential?, azure.Error?
function federation.github_actions(opts)
  local fname, name = "identity.github_actions", "GitHubActionsCredential"
  local getenv
  opts, getenv = options.read(fname, opts, GITHUB)
  opts.tenant_id = opts.tenant_id or getenv("AZURE_TENANT_ID")
  opts.client_id = opts.client_id or getenv("AZURE_CLIENT_ID")
  local endpoint, token = getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
  local reason = absent_of({ { "AZURE_TENANT_ID", opts.tenant_id }, { "AZURE_CLIENT_ID", opts.client_id },
    { "ACTIONS_ID_TOKEN_REQUEST_URL", endpoint }, { "ACTIONS_ID_TOKEN_REQUEST_TOKEN", token } })
  if reason then return options.unavailable(name, reason) end
  return of_pipeline(name, opts, getenv, token, "value", "check that the job has 'permissions: id-token: write'", {
    url = url.set_query(endpoint, { audience = opts.audience or "api://AzureADTokenExchange" }),
    headers = { Accept = "application/json" },
  })
end

return federation
