-- The emulator for Microsoft's own clients: serves over TLS until it is
-- killed, and first tells in one line of JSON where, for whom, and what our
-- own core signs.
--
--   lua5.4 serve.lua <folder>      with client.crt and client.pem (with key)
local azure = require "azure"
local emulator = require "azure.emulator"
local server = require "azure.emulator.server"
local json = require "azure.json"

-- an hour of Azure in half a minute
local TIMINGS = 0.01
local SCOPE = "https://management.azure.com/.default"
local ISSUER = "https://oidc.example/conformance"
local SUBJECT = "system:serviceaccount:default:conformance"

local folder = assert(arg[1], "a folder is needed")

local function read(name)
  local file <close> = assert(io.open(folder .. "/" .. name))
  return file:read "a"
end

local function write(name, text)
  local file <close> = assert(io.open(folder .. "/" .. name, "w"))
  assert(file:write(text))
end

-- the client assertion that our core sends for a certificate
local function own_assertion(e, principal, send_chain)
  e:clear_requests()
  local credential = assert(azure.identity.client_certificate {
    tenant_id = e.tenant_id, client_id = principal.client_id,
    path = folder .. "/client.pem", send_chain = send_chain,
    authority = e.url, ca_file = e.ca_file })
  assert(credential:token(SCOPE))
  local request = assert(e:requests("/oauth2/v2%.0/token")[1])
  return assert(request.body:match "client_assertion=([%w%-_%.]+)")
end

local function application(principal)
  return { tenant_id = principal.tenant_id, client_id = principal.client_id,
    client_secret = principal.secret }
end

-- Things that only the stories next to the main one need.
local function plant(e)
  local web, slow = e.ids.group .. "/providers/Microsoft.Web/", "contoso-consumption"
  e:seed {
    { id = e.ids.group .. "/providers/Microsoft.KeyVault/vaults/contoso-kv" },
    { id = e.ids.group .. "/providers/Microsoft.Storage/storageAccounts/contosostore" },
    { id = web .. "serverfarms/" .. slow, sku = { name = "Y1" } },
    { id = web .. "sites/" .. slow, kind = "functionapp", plan = web .. "serverfarms/" .. slow },
  }
end

local function scaled(more)
  local timings = {}
  for name, seconds in pairs(emulator.timings) do timings[name] = seconds * TIMINGS end
  for name, seconds in pairs(more) do timings[name] = seconds end
  return timings
end

-- Every story has an Azure of its own, so that they run side by side.
local stories = {
  ends = {}, replicas = {}, targets = {}, parts = {}, groups = {},
  auto = { auto_approve = true },
  -- long enough for a decision and for a look at a busy service
  timeout = { timings = scaled { link_timeout = 2 } },
  refusals = { timings = scaled { signalr_update = 1.5 } },
}

local opened = {}

local function open_story(name, opts)
  local e = assert(emulator.start { tls = true, seed = "contoso",
    timings = opts.timings or TIMINGS, auto_approve = opts.auto_approve })
  plant(e)
  opened[#opened + 1] = e
  if name == "parts" then
    for _, endpoint in ipairs { "office", "lab" } do
      e:stranger { target = e.ids.signalr, name = endpoint, message = "from the " .. endpoint }
    end
  end
  local approver = e:principal { actions = { "*/read", "*/privateEndpointConnections/write" } }
  return { url = e.url, ids = e.ids, owner = application(e.owner), approver = application(approver) }
end

-- Node reads the authorities that it trusts from one file.
local function trust(e)
  local parts = {}
  for _, one in ipairs { e, table.unpack(opened) } do
    local file <close> = assert(io.open(one.ca_file))
    parts[#parts + 1] = file:read "a"
  end
  write("authorities.pem", table.concat(parts))
  return folder .. "/authorities.pem"
end

local e <close> = assert(emulator.start { tls = true, seed = "contoso", timings = TIMINGS })
local clouds = {}
for name, opts in pairs(stories) do clouds[name] = open_story(name, opts) end
local certified = e:principal { certificates = { read "client.crt" } }
local workload = e:principal {
  federations = { { issuer = ISSUER, subject = SUBJECT } } }
local reader = e:principal { actions = { "*/read" } }
write("federated-token", e:federated_token(workload))
e:stranger { target = e.ids.func, message = "please approve", name = "func-pe" }

io.stdout:write(json.encode {
  url = e.url, ca_file = trust(e), ids = e.ids, clouds = clouds, tenant_id = e.tenant_id,
  owner = application(e.owner), certified = application(certified),
  workload = application(workload), reader = application(reader),
  app_service = e:environment "app_service",
  assertion = own_assertion(e, certified, false),
  assertion_with_chain = own_assertion(e, certified, true),
}, "\n")
io.stdout:flush()
-- A signal would leave the authorities' files behind.
while not server.input_closed() do azure.sleep(0.2) end
for _, one in ipairs(opened) do one:stop() end
