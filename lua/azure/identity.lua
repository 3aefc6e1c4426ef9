--- Credentials: every way to sign in to Microsoft Entra ID.
-- Each function returns a credential, which `azure.client` takes as it is:
--
--     local cred = azure.identity.default{}
--     local token, err = cred:token("https://management.azure.com/.default")
--
-- Tokens are cached and renewed before they expire; any number of tasks that
-- ask at once cause one request. Environment variables are read when the
-- credential is made; `env = { NAME = "value" }` stands in for all of them, also
-- for the tools that some credentials start.

-- What few scripts use is loaded where it is used.
local core = require("azure.core")
local errors = require("azure.errors")
local options = require("azure.identity.options")
local text = require("azure.text")

---@class azure.identity
local identity = {}

-- The public client of the Azure CLI (constants.js of @azure/identity).
local DEVELOPER_CLIENT_ID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

--- What every credential can be given.
---@class azure.CredentialOptions
---@field env table<string, string>? instead of the process's environment
---@field ca_file string? PEM bundle
---@field ca_path string? folder of hashed certificates
---@field proxy string?
---@field no_proxy string?

--- Where a credential may sign in.
---@class azure.AuthorityOptions: azure.CredentialOptions
---@field cloud string|azure.Cloud|nil "public" (default), "usgov", "china" or endpoints
---@field authority string? instead of the cloud's; default AZURE_AUTHORITY_HOST
---@field additionally_allowed_tenants string[]|string|nil which may be asked for besides the own one; "*" for all
---@field disable_multitenant boolean? asks the own tenant, whatever is requested
---@field enable_cae boolean? false: tokens without continuous access evaluation

---@class azure.SecretOptions: azure.AuthorityOptions
---@field tenant_id string
---@field client_id string
---@field client_secret string

---@class azure.CertificateOptions: azure.AuthorityOptions
---@field tenant_id string
---@field client_id string
---@field path string? of a PEM or PKCS#12 file
---@field pem string? its content, instead of path
---@field password string?
---@field send_chain boolean? send the certificates too (x5c)

---@class azure.WorkloadOptions: azure.AuthorityOptions
---@field tenant_id string? default AZURE_TENANT_ID
---@field client_id string? default AZURE_CLIENT_ID
---@field token_file_path string? default AZURE_FEDERATED_TOKEN_FILE

---@class azure.ClientAssertionOptions: azure.AuthorityOptions
---@field tenant_id string
---@field client_id string
---@field assertion azure.Credential|fun(): string?, any

---@class azure.AzurePipelinesOptions: azure.AuthorityOptions
---@field tenant_id string
---@field client_id string
---@field service_connection_id string
---@field system_access_token string System.AccessToken of the job, which it has to be given

---@class azure.GitHubActionsOptions: azure.AuthorityOptions
---@field tenant_id string? default AZURE_TENANT_ID
---@field client_id string? default AZURE_CLIENT_ID
---@field audience string? default "api://AzureADTokenExchange"

---@class azure.DeviceCodeOptions: azure.AuthorityOptions
---@field tenant_id string? default: the one that whoever signs in is of
---@field client_id string? default: that of the Azure CLI
---@field prompt fun(code: table)?

---@class azure.ToolOptions: azure.CredentialOptions
---@field tenant_id string?
---@field subscription string? of azure_cli only
---@field additionally_allowed_tenants string[]|string|nil
---@field disable_multitenant boolean?
---@field process_timeout number? seconds, default 13
---@field search_path string? where the tool is; default PATH

---@class azure.ManagedIdentityOptions: azure.AuthorityOptions
---@field client_id string?
---@field object_id string?
---@field resource_id string?

---@class azure.DefaultOptions: azure.AuthorityOptions
---@field tenant_id string? of workload identity and tools
---@field managed_identity_client_id string? default AZURE_CLIENT_ID
---@field managed_identity_object_id string?
---@field managed_identity_resource_id string?
---@field workload_identity_client_id string? default AZURE_CLIENT_ID
---@field required_variables string[]|string|nil fails at once where one of these is not set
---@field process_timeout number? seconds for each tool, default 13
---@field search_path string? where tools are; default PATH
---@field sticky boolean? false: starts at the first credential each time

-- Applications

local STATIC = options.set_of("token", "expires_on")

--- A token that was got elsewhere. It is not renewed.
---@param opts { token: string, expires_on: number } expires_on in seconds since 1970
---@return azure.Credential?, azure.Error?
function identity.static(opts)
  opts = options.read("identity.static", opts, STATIC)
  options.need(opts, "token", "identity.static")
  errors.check_type(opts.expires_on, "number", "expires_on", "identity.static")
  if not (opts.expires_on > 0 and opts.expires_on < 1e12) then
    errors.raise("identity.static: 'expires_on' must be seconds since 1970")
  end
  return core.credential("static", options.network(opts, { token = opts.token, expires_on = opts.expires_on }))
end

local SECRET = options.set_of(options.APP, "client_secret")

--- An application with a client secret.
---@param opts azure.SecretOptions
---@return azure.Credential?, azure.Error?
function identity.client_secret(opts)
  local getenv
  opts, getenv = options.read("identity.client_secret", opts, SECRET)
  for _, name in ipairs({ "tenant_id", "client_id", "client_secret" }) do
    options.need(opts, name, "identity.client_secret")
  end
  local args = options.app(opts, getenv)
  args.authority = options.regional(args.authority, getenv)
  args.client_secret = opts.client_secret
  return core.credential("client_secret", args)
end

local CERTIFICATE = options.set_of(options.APP, "path", "pem", "password", "send_chain")

--- An application with a certificate: a PEM or PKCS#12 file, or its content.
--- The file is read at each request, so a renewed one is used.
---@param opts azure.CertificateOptions
---@return azure.Credential?, azure.Error?
function identity.client_certificate(opts)
  local fname = "identity.client_certificate"
  local getenv
  opts, getenv = options.read(fname, opts, CERTIFICATE)
  options.need(opts, "tenant_id", fname)
  options.need(opts, "client_id", fname)
  if (opts.path == nil) == (opts.pem == nil) then errors.raise(fname .. ": give either 'path' or 'pem'") end
  options.need(opts, opts.path ~= nil and "path" or "pem", fname)
  return options.certificate(opts, getenv)
end

local WORKLOAD = options.set_of(options.APP, "token_file_path")

local function missing(name, list)
  return options.unavailable(name, "not set: " .. table.concat(list, ", "))
end

--- An application that shows a token of somebody else: Kubernetes, a pipeline.
--- What is not given comes from AZURE_TENANT_ID, AZURE_CLIENT_ID and
--- AZURE_FEDERATED_TOKEN_FILE.
---@param opts azure.WorkloadOptions?
---@return azure.Credential?, azure.Error?
function identity.workload_identity(opts)
  local fname = "identity.workload_identity"
  local getenv
  opts, getenv = options.read(fname, opts, WORKLOAD)
  local args = options.app(opts, getenv)
  args.tenant_id = args.tenant_id or getenv("AZURE_TENANT_ID")
  args.client_id = args.client_id or getenv("AZURE_CLIENT_ID")
  args.token_file_path = opts.token_file_path or getenv("AZURE_FEDERATED_TOKEN_FILE")
  local absent = {}
  if not args.tenant_id then absent[#absent + 1] = "AZURE_TENANT_ID" end
  if not args.client_id then absent[#absent + 1] = "AZURE_CLIENT_ID" end
  if not args.token_file_path then absent[#absent + 1] = "AZURE_FEDERATED_TOKEN_FILE" end
  if #absent > 0 then return missing("WorkloadIdentityCredential", absent) end
  return core.credential("workload_identity", args)
end

local ASSERTION = options.set_of(options.APP, "assertion")

--- An application that shows an assertion of yours: `assertion` is a function
--- that returns one, or nil and an error, and may wait; or a credential that
--- the application trusts, such as a managed identity.
---@param opts azure.ClientAssertionOptions
---@return azure.Credential?, azure.Error?
function identity.client_assertion(opts)
  local fname = "identity.client_assertion"
  local getenv
  opts, getenv = options.read(fname, opts, ASSERTION)
  options.need(opts, "tenant_id", fname)
  options.need(opts, "client_id", fname)
  if type(opts.assertion) ~= "function" and not options.is_credential(opts.assertion) then
    errors.raise(fname .. ": 'assertion' must be a function or a credential")
  end
  return require("azure.identity.federation").credential(opts, getenv, opts.assertion)
end

--- The application of a service connection of Azure Pipelines, with workload
--- identity federation. The job's SYSTEM_OIDCREQUESTURI says whom to ask.
---@param opts azure.AzurePipelinesOptions
---@return azure.Credential?, azure.Error?
function identity.azure_pipelines(opts)
  return require("azure.identity.federation").azure_pipelines(opts)
end

--- An application that trusts a workflow of GitHub Actions. The job needs
--- `permissions: id-token: write`, which sets ACTIONS_ID_TOKEN_REQUEST_URL and
--- ACTIONS_ID_TOKEN_REQUEST_TOKEN.
---@param opts azure.GitHubActionsOptions?
---@return azure.Credential?, azure.Error?
function identity.github_actions(opts)
  return require("azure.identity.federation").github_actions(opts)
end

-- People

local DEVICE = options.set_of(options.APP, "prompt")

local function print_message(code)
  io.stderr:write(text.one_line(code.message or (code.verification_uri .. "  " .. code.user_code)), "\n")
end

--- A person who signs in with a browser, on any machine. `prompt` gets
--- `{ user_code =, verification_uri =, message = }`; without one the message
--- goes to stderr.
---@param opts azure.DeviceCodeOptions?
---@return azure.Credential?, azure.Error?
function identity.device_code(opts)
  local fname = "identity.device_code"
  local getenv
  opts, getenv = options.read(fname, opts, DEVICE)
  local args = options.app(opts, getenv)
  if not args.tenant_id then
    -- whoever signs in is of some tenant, and may be asked for any
    args.tenant_id, args.additionally_allowed_tenants = "organizations", "*"
  end
  args.client_id = args.client_id or DEVELOPER_CLIENT_ID
  args.prompt = opts.prompt or print_message
  return core.credential("device_code", args)
end

local CLI = options.set_of("tenant_id", "additionally_allowed_tenants", "disable_multitenant", "process_timeout",
  "search_path")
local AZ = options.set_of("subscription")
for name in pairs(CLI) do AZ[name] = true end

local function cli(kind, allowed, opts)
  local fname = "identity." .. kind
  local getenv
  opts, getenv = options.read(fname, opts, allowed)
  local args = options.app(opts, getenv)
  args.authority = nil
  args.subscription = opts.subscription
  args.process_timeout = opts.process_timeout
  args.search_path = opts.search_path or (opts.env and opts.env.PATH)
  args.environment = options.environment(opts)
  return core.credential(kind, args)
end

--- Whoever is signed in to the Azure CLI (`az login`).
---@param opts azure.ToolOptions?
---@return azure.Credential?, azure.Error?
function identity.azure_cli(opts)
  return cli("azure_cli", AZ, opts)
end

--- Whoever is signed in to the Azure Developer CLI (`azd auth login`).
---@param opts azure.ToolOptions?
---@return azure.Credential?, azure.Error?
function identity.azure_developer_cli(opts)
  return cli("azure_developer_cli", CLI, opts)
end

--- Whoever is signed in to Azure PowerShell (`Connect-AzAccount`).
---@param opts azure.ToolOptions?
---@return azure.Credential?, azure.Error?
function identity.azure_powershell(opts)
  return cli("azure_powershell", CLI, opts)
end

-- Machines

local IDS = { "client_id", "object_id", "resource_id" }
local MANAGED = options.set_of(IDS, "probe", "arc_folder", options.TENANT)

-- A pod with a federated token has no identity service; its token is one.
local function has_federated_token(opts, getenv)
  return not opts.object_id and not opts.resource_id and getenv("AZURE_TENANT_ID")
    and getenv("AZURE_FEDERATED_TOKEN_FILE") and (opts.client_id or getenv("AZURE_CLIENT_ID"))
end

--- The identity that Azure gave to this machine, app or cluster; at most one
--- of the ids names a user-assigned one.
---@param opts azure.ManagedIdentityOptions?
---@return azure.Credential?, azure.Error?
function identity.managed_identity(opts)
  local fname = "identity.managed_identity"
  local getenv
  opts, getenv = options.read(fname, opts, MANAGED)
  options.at_most_one(opts, IDS, fname)
  local args = options.app(opts, getenv)
  if has_federated_token(opts, getenv) then
    args.tenant_id = getenv("AZURE_TENANT_ID")
    args.client_id = opts.client_id or getenv("AZURE_CLIENT_ID")
    args.token_file_path = getenv("AZURE_FEDERATED_TOKEN_FILE")
    return core.credential("workload_identity", args)
  end
  args.object_id, args.resource_id = opts.object_id, opts.resource_id
  args.probe, args.arc_folder, args.env = opts.probe, opts.arc_folder, opts.env
  return core.credential("managed_identity", args)
end

-- Functions

local FUNCTION = options.set_of()

--- Tokens from a function of yours: `fn{ scope =, tenant_id =, claims = }`
--- returns `{ token =, expires_on = }`, or nil and an error. It runs in a task
--- of its own, so it may wait.
---@param fn fun(request: table): azure.Token?, any
---@param opts azure.CredentialOptions?
---@return azure.Credential?, azure.Error?
function identity.from_function(fn, opts)
  errors.check_type(fn, "function", "fn", "identity.from_function")
  opts = options.read("identity.from_function", opts, FUNCTION)
  return core.credential("from_function", options.network(opts, { fn = fn }))
end

-- Chains

local CHAIN = { sticky = true }

local function check_members(list, fname)
  for key in pairs(list) do
    if math.type(key) == "integer" and key > #list then
      errors.raise(("%s: there is no credential at [%d]"):format(fname, #list + 1))
    end
  end
  if #list == 0 then errors.raise(fname .. ": give it at least one credential") end
  for i, member in ipairs(list) do
    if not options.is_credential(member) then
      errors.raise(("%s: [%d] is not a credential"):format(fname, i))
    end
  end
end

--- Asks credentials in order until one of them can be used here. One that is
--- there and is refused ends the search: its error is what you need to see.
--- After the first success only that one is asked; `sticky = false` starts at
--- the first each time.
---@param list azure.Credential[]
---@return azure.Credential?, azure.Error?
function identity.chain(list)
  errors.check_type(list, "table", "list", "identity.chain")
  check_members(list, "identity.chain")
  local named = {}
  for key, value in pairs(list) do
    if math.type(key) ~= "integer" then named[key] = value end
  end
  errors.check_options(named, CHAIN, "identity.chain")
  options.check_types(named, "identity.chain")
  return core.credential("chain", { credentials = { table.unpack(list) }, sticky = list.sticky })
end

--- The application that the AZURE_* variables name, by secret or certificate.
---@param opts azure.AuthorityOptions?
---@return azure.Credential?, azure.Error?
function identity.environment(opts)
  return require("azure.identity.default").environment(opts)
end

--- The first of these that can be used here: environment, workload identity,
--- managed identity, Azure CLI, Azure PowerShell, Azure Developer CLI.
--- AZURE_TOKEN_CREDENTIALS narrows it to "dev", "prod" or one of them.
---@param opts azure.DefaultOptions?
---@return azure.Credential?, azure.Error?
function identity.default(opts)
  return require("azure.identity.default").default(identity, opts)
end

return identity
