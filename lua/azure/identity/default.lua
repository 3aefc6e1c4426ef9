--- Credentials that the surroundings choose: environment variables, and the
-- default chain. `azure.identity` is where scripts find them.

local core = require("azure.core")
local errors = require("azure.errors")
local options = require("azure.identity.options")

local default = {}

-- The environment

local ENVIRONMENT = options.set_of(options.TENANT)

-- The secret goes before the certificate (environmentCredential.js).
local function environment_member(opts, getenv)
  local tenant_id, client_id = getenv("AZURE_TENANT_ID"), getenv("AZURE_CLIENT_ID")
  local secret, path = getenv("AZURE_CLIENT_SECRET"), getenv("AZURE_CLIENT_CERTIFICATE_PATH")
  local absent = {}
  if not tenant_id then absent[#absent + 1] = "AZURE_TENANT_ID" end
  if not client_id then absent[#absent + 1] = "AZURE_CLIENT_ID" end
  if not secret and not path then absent[#absent + 1] = "AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH" end
  if #absent > 0 then
    local reason = "not set: " .. table.concat(absent, ", ")
    if getenv("AZURE_USERNAME") then reason = reason .. "; AZURE_USERNAME is not used: passwords of users cannot be" end
    return options.unavailable("EnvironmentCredential", reason)
  end
  local own = {}
  for key, value in pairs(opts) do own[key] = value end
  own.tenant_id, own.client_id = tenant_id, client_id
  if secret then
    local args = options.app(own, getenv)
    args.authority, args.client_secret = options.regional(args.authority, getenv), secret
    return core.credential("client_secret", args)
  end
  own.path, own.password = path, getenv("AZURE_CLIENT_CERTIFICATE_PASSWORD")
  own.send_chain = options.truthy(getenv("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"))
  return options.certificate(own, getenv)
end

--- The application that the AZURE_* variables name, by secret or certificate.
---@param opts azure.AuthorityOptions?
---@return azure.Credential?, azure.Error?
function default.environment(opts)
  local getenv
  opts, getenv = options.read("identity.environment", opts, ENVIRONMENT)
  local member, err = environment_member(opts, getenv)
  if not member then return nil, err end
  return core.credential("environment", { credentials = { member } })
end

-- The default chain

local MANAGED_IDS = { "managed_identity_client_id", "managed_identity_object_id", "managed_identity_resource_id" }
local DEFAULT = options.set_of(options.TENANT, MANAGED_IDS, "tenant_id", "workload_identity_client_id",
  "process_timeout", "required_variables", "sticky", "search_path", "arc_folder")

local function picked(opts, names)
  local out = options.network(opts, { env = opts.env })
  for to, from in pairs(names) do out[to] = opts[from] end
  return out
end

local TENANT_NAMES = {}
for _, name in ipairs(options.TENANT) do TENANT_NAMES[name] = name end

local function with_tenant(names)
  for to, from in pairs(TENANT_NAMES) do names[to] = from end
  return names
end

local MANAGED_NAMES = { client_id = "managed_identity_client_id", object_id = "managed_identity_object_id",
  resource_id = "managed_identity_resource_id", arc_folder = "arc_folder" }

local CLI_NAMES = { tenant_id = "tenant_id", process_timeout = "process_timeout", search_path = "search_path",
  additionally_allowed_tenants = "additionally_allowed_tenants", disable_multitenant = "disable_multitenant" }

-- In the order in which they are asked: name, class, whether it is for
-- developers, function, how its options are called here.
local members = {
  { "environmentcredential", "EnvironmentCredential", "prod", "environment", with_tenant({}) },
  { "workloadidentitycredential", "WorkloadIdentityCredential", "prod", "workload_identity",
    with_tenant({ tenant_id = "tenant_id", client_id = "workload_identity_client_id" }) },
  { "managedidentitycredential", "ManagedIdentityCredential", "prod", "managed_identity", MANAGED_NAMES },
  { "azureclicredential", "AzureCliCredential", "dev", "azure_cli", CLI_NAMES },
  { "azurepowershellcredential", "AzurePowerShellCredential", "dev", "azure_powershell", CLI_NAMES },
  { "azuredeveloperclicredential", "AzureDeveloperCliCredential", "dev", "azure_developer_cli", CLI_NAMES },
}

local function invalid(message, hint)
  return nil, errors.new({ kind = "auth", code = "InvalidConfiguration", message = message, hint = hint })
end

local function choices()
  local names = { "dev", "prod" }
  for _, member in ipairs(members) do names[#names + 1] = member[1] end
  return table.concat(names, ", ")
end

--- The members that AZURE_TOKEN_CREDENTIALS leaves.
local function selected(value)
  if not value then return members end
  local word = value:match("^%s*(.-)%s*$"):lower()
  if word == "" then return members end
  local found = {}
  for _, member in ipairs(members) do
    if word == member[1] or word == member[3] then found[#found + 1] = member end
  end
  if #found > 0 then return found end
  if word == "visualstudiocodecredential" then
    return invalid("AZURE_TOKEN_CREDENTIALS asks for VisualStudioCodeCredential, which cannot be used outside of "
      .. "Visual Studio Code", "use one of: " .. choices())
  end
  return invalid(("AZURE_TOKEN_CREDENTIALS is %q, which names no credential"):format(word), "use one of: " .. choices())
end

local function check_required(list, getenv)
  local absent = {}
  for _, name in ipairs(type(list) == "string" and { list } or list or {}) do
    if not getenv(name) then absent[#absent + 1] = name end
  end
  if #absent == 0 then return true end
  return invalid("required environment variables are not set: " .. table.concat(absent, ", "))
end

-- An authority that was given as an option is for every member: one that
-- refuses it must not be passed over in silence.
local function is_misuse(err, opts)
  return err.code == "InvalidAuthority" and (opts.authority or opts.cloud)
end

-- AZURE_CLIENT_ID names the managed identity as well, as it does in
-- DefaultAzureCredential of every SDK.
local function managed_options(opts, getenv, alone)
  local args = picked(opts, MANAGED_NAMES)
  if not args.object_id and not args.resource_id then args.client_id = args.client_id or getenv("AZURE_CLIENT_ID") end
  args.probe = not alone
  return args
end

-- One that cannot be made keeps its place, with the reason.
local function make_member(identity, member, opts, getenv, alone)
  local names = member[5]
  local args = names == MANAGED_NAMES and managed_options(opts, getenv, alone) or picked(opts, names)
  local cred, err = identity[member[4]](args)
  if cred then return cred end
  if is_misuse(err, opts) then return nil, err end
  return options.unavailable(member[2], err.message)
end

local function make_members(identity, list, opts, getenv)
  local made = {}
  for i, member in ipairs(list) do
    local cred, err = make_member(identity, member, opts, getenv, #list == 1)
    if not cred then return nil, err end
    made[i] = cred
  end
  return made
end

--- See azure.identity.default; `identity` has the functions of the members.
---@param identity azure.identity
---@param opts azure.DefaultOptions?
---@return azure.Credential?, azure.Error?
function default.default(identity, opts)
  local fname = "identity.default"
  local getenv
  opts, getenv = options.read(fname, opts, DEFAULT)
  options.at_most_one(opts, MANAGED_IDS, fname)
  local ready, why = check_required(opts.required_variables, getenv)
  if not ready then return nil, why end
  local list, err = selected(getenv("AZURE_TOKEN_CREDENTIALS"))
  if not list then return nil, err end
  local credentials
  credentials, err = make_members(identity, list, opts, getenv)
  if not credentials then return nil, err end
  return core.credential("default", { credentials = credentials, sticky = opts.sticky })
end

return default
