-- Secrets are planted wherever one can be, then everything that can fail does.
-- No log line, error, traceback, tostring or resume token may have any of them.
local azure = require "azure"
local core = require "azure.core"
local helper = require "spec.helper"

local identity = azure.identity

local function fixture(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

-- Everything that was said, and the secrets that must not be in it.
local Scene = {}
Scene.__index = Scene

local function new_scene(opts)
  helper.virtual_time()
  local all = { seed = "contoso" }
  for key, value in pairs(opts or {}) do all[key] = value end
  return setmetatable({ e = helper.emulator(all), said = {}, secrets = {} }, Scene)
end

local function canary(name)
  return "C4N4RY-" .. name:gsub("%s", "-") .. "-" .. core.uuid()
end

--- A new secret.
function Scene:plant(name)
  local secret = canary(name)
  self.secrets[name] = secret
  return secret
end

function Scene:say(text)
  self.said[#self.said + 1] = text
end

local function say_error(self, err)
  self:say(tostring(err))
  self:say(debug.traceback(tostring(err)))
  for _, name in ipairs{ "kind", "code", "message", "hint", "url", "target", "request_id", "correlation_id" } do
    self:say(name .. ": " .. tostring(err[name]))
  end
  for _, detail in ipairs(err.details or {}) do self:say(azure.json.encode(detail)) end
end

--- Writes down whatever came of something: errors with all of their parts.
function Scene:note(...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if azure.errors.is(value) then say_error(self, value) else self:say(tostring(value)) end
  end
  return ...
end

--- Calls a function that may raise, and writes down all of it.
function Scene:try(fn, ...)
  local results = table.pack(xpcall(fn, function(problem) return debug.traceback(tostring(problem)) end, ...))
  self:note(table.unpack(results, 2, results.n))
  return table.unpack(results, 2, results.n)
end

function Scene:client(opts)
  local all = { cloud = self.e:cloud(), log_level = "verbose", subscription_id = helper.subscription,
    log = function(level, text) self:say(level .. " " .. text) end, retry = { max_retries = 1, delay = 0.01 } }
  for key, value in pairs(opts or {}) do all[key] = value end
  if all.credential == nil then all.credential = helper.closing(self.e:credential()) end
  local client = helper.closing(assert(azure.client(all)))
  self:note(client, all.credential)
  return client
end

local function add_all(secrets, name, text, pattern)
  local index = 0
  for value in (text or ""):gmatch(pattern) do
    index = index + 1
    if #value >= 12 then secrets[("%s %d of %d bytes"):format(name, index, #value)] = value end
  end
end

-- What the emulator gave out and got: tokens, keys, signatures, assertions.
local function harvest(e, secrets, signatures)
  for _, entry in ipairs(e:requests()) do
    local answer, request = entry.response_body or "", entry.body or ""
    add_all(secrets, "token", answer, '"access_token":"([^"]+)"')
    add_all(secrets, "device code", answer, '"device_code":"([^"]+)"')
    add_all(secrets, "key", answer, '"%a+Key":"([^"]+)"')
    add_all(secrets, "key", answer, "AccessKey=([^;\"]+)")
    add_all(secrets, "assertion", request, "client_assertion=([^&]+)")
    add_all(secrets, "client secret", request, "client_secret=([^&]+)")
    for _, pair in ipairs(entry.response_headers or {}) do
      if signatures then add_all(secrets, "signature", pair[2], "[?&][csh]=([%w_-]+)") end
    end
  end
end

--- Fails when any secret was said.
function Scene:check(opts)
  harvest(self.e, self.secrets, not (opts and opts.signatures_allowed))
  local text = table.concat(self.said, "\n")
  assert(next(self.secrets), "nothing was planted")
  assert(#self.said > 0, "nothing was said")
  for name, secret in pairs(self.secrets) do
    local at = text:find(secret:sub(1, 24), 1, true) -- half a secret is too much
    assert(not at, name .. " was said: " .. text:sub(math.max(1, (at or 1) - 200), (at or 1) + #secret))
  end
end

local link = helper.signalr_id .. "/sharedPrivateLinkResources/func-pe"
local link_body = { properties = { groupId = "sites", privateLinkResourceId = helper.func_id, requestMessage = "hi" } }

describe("the canary", function()
  it("would be heard", function()
    local scene = new_scene()
    local client = scene:client()
    assert(client:put(link, link_body))
    scene:check()

    for _, name in ipairs{ "token 1", "client secret 1", "signature 1" } do
      local found
      for planted, secret in pairs(scene.secrets) do
        if planted:find(name, 1, true) then found = secret end
      end
      assert.is_string(found, name)
      scene:say("... " .. found:sub(1, 30) .. " ...")
      assert.error_matches(function() scene:check() end, "was said")
      scene.said[#scene.said] = nil
    end
  end)
end)

local faults = {
  { status = 400 }, { status = 401 }, { status = 403 }, { status = 404 }, { status = 409 }, { status = 429 },
  { status = 429, retry_after = 9999 }, { status = 500 }, { status = 503 }, { drop = true }, { reset = true },
  { drop = "after" }, { truncate = 10 }, { truncate = 60 }, { status = 200, body = "" }, { status = 200, body = "{" },
  { status = 200, body = "<html><title>Sign in</title></html>" },
  { status = 307, headers = { Location = "/x?sig=1" } },
  { status = 307, headers = { Location = "https://evil.example/" } }, { delay = 9999 },
}

local function copy(fault, more)
  local all = { times = 50 }
  for key, value in pairs(fault) do all[key] = value end
  for key, value in pairs(more) do all[key] = value end
  return all
end

local function name_of(fault)
  local out = {}
  for key, value in pairs(fault) do
    out[#out + 1] = key .. "=" .. (type(value) == "table" and "..." or tostring(value))
  end
  table.sort(out)
  return table.concat(out, " ")
end

describe("no secret is said when Resource Manager answers", function()
  for _, fault in ipairs(faults) do
    it(name_of(fault), function()
      local scene = new_scene()
      local client = scene:client{ timeout = 30 }
      local signature = scene:plant("signature")
      assert(client:get(helper.group))
      scene.e:fault(copy(fault, { match = "contoso%-signalr" }))

      scene:try(client.get, client, helper.signalr_id .. "?sig=" .. signature)
      scene:try(client.post, client, helper.signalr_id .. "/listKeys", nil, { timeout = 60 })
      scene:try(client.request, client, { path = helper.signalr_id, query = { sig = signature } })
      scene:try(function()
        for item, err in client:list(helper.signalr_id .. "?code=" .. signature) do scene:note(item, err) end
      end)

      scene:check()
    end)
  end
end)

describe("no secret is said when an operation's status is", function()
  for _, fault in ipairs(faults) do
    it(name_of(fault), function()
      local scene = new_scene()
      local client = scene:client{ timeout = 30 }
      scene.e:fault(copy(fault, { match = "operationStatuses" }))
      local op = client:begin{ method = "PUT", path = link, body = link_body, timeout = 120 }
      scene:note(op)

      scene:note(op:wait{ on_progress = function(status) scene:note(status.status, status.state) end })
      scene:note(op)

      scene:check()
    end)
  end

  it("a URL on another host", function()
    local scene = new_scene()
    local client = scene:client()
    local signature = scene:plant("signature")
    scene.e:fault{ match = "PUT ", status = 202,
      headers = { ["Azure-AsyncOperation"] = "https://evil.example/x?s=" .. signature } }

    scene:note(client:put(link, link_body))

    scene:check()
  end)

  it("Failed", function()
    local scene = new_scene()
    local client = scene:client()
    local signature = scene:plant("signature")
    scene.e:fault{ match = "PUT ", status = 202,
      headers = { ["Azure-AsyncOperation"] = scene.e.url .. "/subscriptions/x?api-version=1&s=" .. signature } }
    scene.e:fault{ match = signature, status = 200,
      body = '{"status":"Failed","error":{"code":"NoQuota","message":"none left"}}' }

    scene:note(client:put(link, link_body))

    scene:check()
  end)
end)

it("no token and no secret is in a resume token", function()
  local scene = new_scene()
  local client = scene:client{ credential = helper.closing(scene.e:credential()) }
  local op = client:begin{ method = "PUT", path = link, body = link_body,
    headers = { ["X-Secret"] = scene:plant("header") } }

  while op:status().polls == 0 do
    scene:say(op:resume_token())
    azure.loop():step(1)
  end
  scene:say(op:resume_token())
  op:cancel()

  scene:check{ signatures_allowed = true } -- whoever has the URL still needs a token for it
end)

-- Credentials ---------------------------------------------------------------

local token_faults = {
  { status = 400, body = '{"error":"invalid_client","error_description":"AADSTS7000215: Invalid secret.\\r\\n"}' },
  { status = 401 }, { status = 429 }, { status = 500 }, { status = 503, retry_after = 1 }, { drop = true },
  { status = 200, body = "" }, { status = 200, body = "<html>" }, { delay = 9999 }, { truncate = 40 },
  { status = 307, headers = { Location = "https://evil.example/" } },
}

local function write_file(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end

local app = { tenant_id = "72f988bf-0000-4000-8000-2d7cd011db47", client_id = "b7b7b7b7-0000-4000-8000-000000000001" }

local function with_app(scene, more)
  local all = { authority = scene.e.url, env = {} }
  for key, value in pairs(app) do all[key] = value end
  for key, value in pairs(more) do all[key] = value end
  return all
end

local kinds = {
  client_secret = function(scene)
    return identity.client_secret(with_app(scene, { client_secret = scene:plant("client secret") }))
  end,
  client_certificate = function(scene)
    local pem = fixture("client_certificate.pem")
    scene.secrets["private key"] = pem:match("PRIVATE KEY%-%-%-%-%-%s+(%S+)")
    scene.secrets["certificate password"] = "p4ssword"
    return identity.client_certificate(with_app(scene, { path = "spec/fixtures/client_certificate.pfx",
      password = "p4ssword" }))
  end,
  workload_identity = function(scene)
    local path = write_file("eyJ." .. scene:plant("federated token") .. ".x")
    helper.closing{ close = function() os.remove(path) end }
    return identity.workload_identity(with_app(scene, { token_file_path = path }))
  end,
  client_assertion = function(scene)
    local assertion = "eyJ." .. scene:plant("assertion of a function") .. ".x"
    return identity.client_assertion(with_app(scene, { assertion = function() return assertion end }))
  end,
  github_actions = function(scene)
    return identity.github_actions(with_app(scene, { env = {
      ACTIONS_ID_TOKEN_REQUEST_URL = scene.e.url .. "/oidctoken", ACTIONS_ID_TOKEN_REQUEST_TOKEN = scene:plant("job's token"),
    } }))
  end,
  device_code = function(scene)
    return identity.device_code(with_app(scene, { prompt = function() end }))
  end,
  environment = function(scene)
    return identity.environment{ authority = scene.e.url, env = { AZURE_TENANT_ID = app.tenant_id,
      AZURE_CLIENT_ID = app.client_id, AZURE_CLIENT_SECRET = scene:plant("secret of the environment") } }
  end,
  app_service = function(scene)
    scene.e.identity.secret = scene:plant("identity header")
    return identity.managed_identity{ env = scene.e:environment("app_service") }
  end,
  azure_ml = function(scene)
    scene.e.identity.secret = scene:plant("ml secret")
    return identity.managed_identity{ env = scene.e:environment("azure_ml") }
  end,
  from_function = function(scene)
    local token = scene:plant("token of a function")
    return identity.from_function(function() return { token = token, expires_on = -1 } end)
  end,
  static = function(scene)
    return identity.static{ token = scene:plant("static token"), expires_on = 1 }
  end,
}

describe("no secret is said when signing in fails:", function()
  for kind, make in pairs(kinds) do
    for _, fault in ipairs(token_faults) do
      it(kind .. ", " .. name_of(fault), function()
        local scene = new_scene()
        scene.secrets["the emulator's own secret"] = scene.e.owner.client_secret or canary("none")
        scene.e:fault(copy(fault, { match = function(request) return not request.path:find("^/subscriptions") end }))
        local credential = helper.closing(assert(make(scene)))
        local client = scene:client{ credential = credential, timeout = 30 }

        scene:note(credential:token("https://management.azure.com/.default", { timeout = 30 }))
        scene:note(client:get(helper.signalr_id))
        scene:note(credential)

        scene:check()
      end)
    end
  end

  -- A debugging proxy, a mock, an error page of a framework: the request comes back.
  local function html(text)
    return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub('"', "&quot;"))
  end
  local function decoded(text)
    return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
  end
  local echoes = {
    ["as it was"] = function(text) return text end,
    ["decoded"] = decoded,
    ["on a page"] = function(text) return "<html><title>" .. html(decoded(text)) .. "</title></html>" end,
    ["in a description"] = function(text)
      return azure.json.encode{ error = "invalid_request", error_description = "AADSTS9002313: " .. decoded(text) }
    end,
    ["in another shape"] = function(text)
      return azure.json.encode{ error = { code = "Bad", message = text, details = { { message = decoded(text) } } } }
    end,
    ["cut off"] = function(text) return (text:gsub("&.*", "")):sub(1, 300) end,
  }

  local function echo(scene, wrap)
    local rule
    rule = scene.e:fault{ status = 400, times = 99, match = function(request)
      if request.path:find("^/subscriptions") or request.path:find("/devicecode$") then return false end
      local parts = {}
      for field in ((request.body or "") .. "&"):gmatch("(.-)&") do parts[#parts + 1] = field end
      for _, name in ipairs{ "x-identity-header", "secret", "authorization" } do parts[#parts + 1] = request.headers[name] end
      table.sort(parts, function(a, b) return #a > #b end) -- what is secret is long, and goes in front of a cut
      rule.body = wrap(table.concat(parts, "&"))
      return true
    end }
  end

  for kind, make in pairs(kinds) do
    for name, wrap in pairs(echoes) do
      it(("%s, and the request comes back %s"):format(kind, name), function()
        local scene = new_scene()
        scene.secrets["the emulator's own secret"] = canary("none")
        echo(scene, wrap)
        local credential = helper.closing(assert(make(scene)))
        local client = scene:client{ credential = credential, timeout = 30 }

        local _, err = scene:note(credential:token("https://management.azure.com/.default", { timeout = 30 }))
        scene:note(client:get(helper.signalr_id))
        scene:say(tostring(err and err.body))

        scene:check()
      end)
    end
  end

  it("a certificate with another password, and files that are none", function()
    local scene = new_scene()
    local password = scene:plant("password")
    local pem = fixture("client_certificate.pem")
    local key = pem:match("PRIVATE KEY%-%-%-%-%-%s+(%S+)")
    scene.secrets["private key"] = key

    for _, name in ipairs{ "client_certificate.pfx", "client_certificate_encrypted.pem" } do
      scene:try(identity.client_certificate, with_app(scene, { path = "spec/fixtures/" .. name, password = password }))
    end
    scene:try(identity.client_certificate, with_app(scene, { pem = pem:sub(1, 300), password = password }))
    scene:try(identity.client_certificate, with_app(scene, { pem = pem:gsub("END", "DNE"), password = password }))
    scene:try(identity.client_certificate, with_app(scene, { pem = password }))

    scene:check()
  end)

  it("a tool that says half of a token", function()
    local scene = new_scene()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    helper.closing{ close = function() os.execute("rm -rf " .. folder) end }
    local token = scene:plant("token of a tool")
    for name, text in pairs{ az = '{"accessToken":"' .. token, azd = '{"token":"' .. token .. '"}',
      pwsh = '{"Token":"' .. token .. '","ExpiresOn":7}' } do
      local file = assert(io.open(folder .. "/" .. name, "w"))
      file:write("#!/bin/sh\nprintf '%s' '", text, "'\n")
      file:close()
      assert(os.execute("chmod +x " .. folder .. "/" .. name))
    end

    for _, kind in ipairs{ "azure_cli", "azure_developer_cli", "azure_powershell" } do
      local credential = helper.closing(assert(identity[kind]{ search_path = folder, env = {} }))
      scene:note(credential:token("https://management.azure.com/.default"))
      scene:note(credential)
    end

    scene:check()
  end)
end)

-- Misuse --------------------------------------------------------------------

describe("no secret is said when arguments are wrong:", function()
  local cases = {
    ["a path without a slash"] = function(client, secret) client:get("management.azure.com/x?sig=" .. secret) end,
    ["a path with a line break"] = function(client, secret) client:get("/x?sig=" .. secret .. "\n") end,
    ["a foreign path"] = function(client, secret) return client:get("https://evil.example/x?sig=" .. secret) end,
    ["a header's value"] = function(client, secret)
      client:get("/x", { headers = { Authorization = "Bearer " .. secret .. "\r\n" } })
    end,
    ["a body that is none"] = function(client, secret) client:put("/x", { a = secret, f = print }) end,
    ["a token with a line break"] = function(client, secret)
      local credential = helper.closing(assert(identity.static{ token = secret .. "\n", expires_on = 4e9 }))
      return helper.closing(azure.client{ credential = credential, cloud = client.cloud }):get("/x?api-version=1")
    end,
    ["a secret that is a table"] = function(_, secret)
      identity.client_secret{ tenant_id = "t", client_id = "c", client_secret = { secret } }
    end,
    ["a secret under the wrong name"] = function(_, secret)
      identity.client_secret{ tenant_id = "t", client_id = "c", clientsecret = secret }
    end,
    ["a secret with a zero byte"] = function(_, secret)
      identity.client_secret{ tenant_id = "t", client_id = "c", client_secret = secret .. "\0" }
    end,
    ["no client id beside the secret"] = function(_, secret)
      identity.client_secret{ tenant_id = "t", client_secret = secret, env = {} }
    end,
    ["a secret for a credential"] = function(client, secret)
      azure.client{ credential = secret, cloud = client.cloud }
    end,
    ["a resume token that is none"] = function(client, secret) return client:resume('{"v":1,"secret":"' .. secret) end,
    ["a resume token of another cloud"] = function(client, secret)
      return client:resume('{"v":1,"method":"PUT","mode":"async","final":"default","url":"https://a.example/x?sig='
        .. secret .. '","poll":"https://a.example/x"}')
    end,
    ["a proxy that is not there"] = function(client, secret)
      local other = helper.closing(azure.client{ cloud = client.cloud, credential = false, retry = { max_retries = 0 },
        proxy = "http://user:" .. secret .. "@127.0.0.1:1" })
      return other:get("/x?api-version=1")
    end,
    ["a proxy with a space in its password"] = function(client, secret)
      local other = helper.closing(azure.client{ cloud = client.cloud, credential = false, retry = { max_retries = 0 },
        proxy = "http://user:" .. secret .. " @127.0.0.1:1" })
      return other:get("/x?api-version=1")
    end,
    ["a proxy of an unknown kind"] = function(client, secret)
      local other = helper.closing(azure.client{ cloud = client.cloud, credential = false, retry = { max_retries = 0 },
        proxy = "bogus://user:" .. secret .. "@127.0.0.1:1" })
      return other:get("/x?api-version=1")
    end,
    ["a link to a service with a secret in its id"] = function(client, secret)
      return client:signalr("/subscriptions/x?sig=" .. secret)
    end,
  }
  for name, call in pairs(cases) do
    it(name, function()
      local scene = new_scene()
      local client = scene:client()

      scene:try(call, client, scene:plant(name))

      scene:check()
    end)
  end
end)

-- The job -------------------------------------------------------------------

describe("no secret is said by the job:", function()
  local function run(scene, client)
    local spec = { signalr = scene.e.ids.signalr, upstream = scene.e.ids.func, name = "func-pe", timeout = 900,
      on_event = function(event)
        for _, value in pairs(event) do scene:note(value) end
        scene:say(debug.traceback("event"))
      end }
    scene:try(azure.private_link.plan, client, spec)
    scene:try(azure.private_link.establish, client, spec)
    for _, format in ipairs{ "tree", "json", "mermaid" } do
      scene:try(azure.private_link.status, client, { signalr = scene.e.ids.signalr, format = format })
    end
    scene:try(azure.private_link.verify, client, spec)
  end

  it("when all goes well", function()
    local scene = new_scene()

    run(scene, scene:client())

    scene:check()
  end)

  for _, fault in ipairs{ { status = 500 }, { status = 403 }, { drop = "after" }, { truncate = 30 },
    { status = 200, body = "{" } } do
    it("when " .. name_of(fault) .. " happens", function()
      local scene = new_scene()
      scene.e:fault(copy(fault, { match = "privateEndpointConnections", after = 3 }))

      run(scene, scene:client())

      scene:check()
    end)
  end

  it("inside a task that ends with an error", function()
    local scene = new_scene()
    local client = scene:client()

    local task = azure.spawn(function()
      local keys = assert(client:post(helper.signalr_id .. "/listKeys"))
      scene.secrets["a key"] = keys.primaryKey
      error("something else is wrong")
    end)
    scene:note(task)
    scene:try(task.wait, task)
    scene:note(task)

    scene:check()
  end)

  it("when the keys' answer is cut off", function()
    local scene = new_scene()
    local client = scene:client()
    scene.e:fault{ match = "listKeys", status = 200, body = '{"primaryKey":"' .. scene:plant("key"):rep(4),
      headers = { ["Content-Type"] = "application/json" }, times = 9 }

    scene:note(client:post(helper.signalr_id .. "/listKeys"))
    scene:note(client:signalr(helper.signalr_id):keys())
    scene:note(client:request{ method = "POST", path = helper.signalr_id .. "/listKeys" })
    scene:note(client:send{ method = "POST", path = helper.signalr_id .. "/listKeys" }:wait())

    scene:check()
  end)
end)
