local helper = require("spec.helper")
local azure = require("azure")
local core = require("azure.core")
local errors = require("azure.errors")

local identity = azure.identity
local SCOPE = "https://management.azure.com/.default"
local NO_ENV = {}

local function token_requests(e)
  return #e:requests("POST .*/token")
end

local function fixture(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function write_file(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

describe("azure.identity", function()
  local e

  before_each(function()
    e = helper.emulator()
    helper.virtual_time()
  end)

  local function secret(opts)
    local owner = e.owner
    local all = { tenant_id = owner.tenant_id, client_id = owner.client_id, client_secret = owner.secret,
      authority = e.url, env = NO_ENV }
    for key, value in pairs(opts or {}) do all[key] = value end
    return helper.closing(assert(identity.client_secret(all)))
  end

  describe("static", function()
    it("gives its token", function()
      local cred <close> = assert(identity.static({ token = "t", expires_on = core.loop():wall() + 3600 }))

      local token = assert(cred:token(SCOPE))

      assert.equal("t", token.token)
    end)

    it("fails once the token has expired", function()
      local cred <close> = assert(identity.static({ token = "t", expires_on = core.loop():wall() - 1 }))

      local token, err = cred:token(SCOPE)

      assert.is_nil(token)
      assert.equal("auth", err.kind)
      assert.equal("TokenExpired", err.code)
    end)

    it("cannot answer a claims challenge", function()
      local cred <close> = assert(identity.static({ token = "t", expires_on = core.loop():wall() + 3600 }))

      local _, err = cred:token(SCOPE, { claims = "{}" })

      assert.equal("ClaimsNotSupported", err.code)
    end)

    it("raises without expires_on", function()
      assert.has_error(function() identity.static({ token = "t" }) end,
        "identity.static: 'expires_on' must be number, not absent")
    end)
  end)

  describe("client_secret", function()
    it("gets a token and keeps it", function()
      local cred = secret()

      local first = assert(cred:token(SCOPE))
      local second = assert(cred:token(SCOPE))

      assert.equal(first.token, second.token)
      assert.equal(1, token_requests(e))
    end)

    it("encodes each form value exactly once", function()
      local awkward = "a+b&c=d%20 e/~\u{fc}"
      local principal = e:principal({ client_secret = awkward })
      local cred = secret({ client_id = principal.client_id, client_secret = awkward })

      assert(cred:token(SCOPE))

      assert.truthy(e:requests()[1].body:find("client_secret=a%2Bb%26c%3Dd%2520%20e%2F~%C3%BC", 1, true))
    end)

    it("declares that it understands continuous access evaluation", function()
      assert(secret():token(SCOPE))

      assert.truthy(e:requests()[1].body:find("CP1", 1, true))
    end)

    it("does not declare it where it must not, and hands claims on as they are", function()
      local cred = secret({ enable_cae = false })

      assert(cred:token(SCOPE))
      assert(cred:token(SCOPE, { claims = '{"a":1}' }))

      assert.is_nil(e:requests()[1].body:find("claims", 1, true))
      assert.truthy(e:requests()[2].body:find("claims=%7B%22a%22%3A1%7D", 1, true))
    end)

    it("merges the claims of a challenge and passes by the cache", function()
      local cred = secret()
      assert(cred:token(SCOPE))

      assert(cred:token(SCOPE, { claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}' }))

      local body = e:requests()[2].body
      assert.truthy(body:find("nbf", 1, true))
      assert.truthy(body:find("CP1", 1, true))
    end)

    it("tells a wrong secret by Entra's code, with ids and a hint", function()
      local token, err = secret({ client_secret = "not-it-at-all" }):token(SCOPE)

      assert.is_nil(token)
      assert.equal("auth", err.kind)
      assert.equal("AADSTS7000215", err.code)
      assert.equal(401, err.status)
      assert.equal("invalid_client", err.target)
      assert.truthy(err.request_id)
      assert.truthy(err.correlation_id)
      assert.truthy(err.hint:find("secret"))
      assert.is_nil(err.message:find("Trace ID"))
    end)

    it("never shows the secret", function()
      local cred = secret({ client_secret = "hunter2-hunter2" })

      local _, err = cred:token(SCOPE)

      assert.is_nil(tostring(cred):find("hunter2", 1, true))
      assert.is_nil(tostring(err):find("hunter2", 1, true))
      for _, value in pairs(err) do assert.is_nil(tostring(value):find("hunter2", 1, true)) end
    end)

    for _, case in ipairs({
      { "an unknown application", { client_id = "11111111-0000-0000-0000-000000000000" }, "AADSTS700016" },
      { "an unknown tenant", { tenant_id = "nowhere.example" }, "AADSTS90002" },
    }) do
      it("tells " .. case[1], function()
        local _, err = secret(case[2]):token(SCOPE)

        assert.equal(case[3], err.code)
        assert.truthy(err.hint)
      end)
    end

    it("tells a malformed scope", function()
      local _, err = secret():token("nonsense")

      assert.equal("AADSTS70011", err.code)
    end)

    for _, status in ipairs({ 408, 429, 500, 503 }) do
      it(("tries again after %d"):format(status), function()
        e:fault({ match = "POST .*/token", status = status, times = 2 })

        assert(secret():token(SCOPE))

        assert.equal(3, token_requests(e))
      end)
    end

    it("gives up after three retries", function()
      e:fault({ match = "POST .*/token", status = 503, times = 99 })

      local _, err = secret():token(SCOPE)

      assert.equal(503, err.status)
      assert.equal(4, err.attempts)
      assert.equal(4, token_requests(e))
    end)

    it("obeys Retry-After", function()
      e:fault({ match = "POST .*/token", status = 429, retry_after = 60, times = 1 })
      local started = core.loop():now()

      assert(secret():token(SCOPE))

      assert.is_true(core.loop():now() - started >= 60)
    end)

    it("survives a connection that breaks", function()
      e:fault({ match = "POST .*/token", drop = true, times = 1 })

      assert(secret():token(SCOPE))
    end)

    for name, body in pairs({ html = "<html>sign in</html>", empty = "", other = '{"a":1}' }) do
      it(("takes no 200 without a token for one (%s)"):format(name), function()
        e:fault({ match = "POST .*/token", status = 200, body = body })

        local _, err = secret():token(SCOPE)

        assert.equal("InvalidTokenResponse", err.code)
      end)
    end

    it("asks its own tenant only, unless others are allowed", function()
      local other = e:principal({ tenant_id = "99999999-0000-0000-0000-000000000000" }).tenant_id

      local _, err = secret():token(SCOPE, { tenant_id = other })
      local _, allowed = secret({ additionally_allowed_tenants = { other } }):token(SCOPE, { tenant_id = other })
      local own = secret({ disable_multitenant = true }):token(SCOPE, { tenant_id = other })

      assert.equal("TenantNotAllowed", err.code)
      assert.equal("AADSTS700016", allowed.code)
      assert.truthy(own)
    end)

    it("does not take an authority without TLS", function()
      local cred, err = identity.client_secret({ tenant_id = "t", client_id = "c", client_secret = "s",
        authority = "http://login.example", env = NO_ENV })

      assert.is_nil(cred)
      assert.equal("InvalidAuthority", err.code)
    end)

    -- The clouds of Microsoft and its partners, and the sovereign ones.
    for _, host in ipairs({ "login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn",
      "login.partner.microsoftonline.cn", "login.sovcloud-identity.fr", "login.sovcloud-identity.de",
      "login.sovcloud-identity.sg" }) do
      it("takes the authority " .. host, function()
        local opts = { tenant_id = "t", client_id = "c", client_secret = "s", authority = "https://" .. host, env = NO_ENV }
        local named = assert(identity.client_secret(opts))
        opts.authority, opts.env = nil, { AZURE_AUTHORITY_HOST = host }
        local found = assert(identity.client_secret(opts))

        named:close()
        found:close()
      end)
    end

    for _, authority in ipairs({ "https://login.example/?a=b", "https://login.example/#a", "https://login.example/?" }) do
      it("does not take the authority " .. authority, function()
        local cred, err = identity.client_secret({ tenant_id = "t", client_id = "c", client_secret = "s",
          authority = authority, env = NO_ENV })

        assert.is_nil(cred)
        assert.equal("InvalidAuthority", err.code)
      end)
    end

    for name, case in pairs({
      client_secret = { ("s"):rep(300000), "InvalidSecret" },
      client_id = { ("c"):rep(300000), "InvalidClient" },
      tenant_id = { ("t"):rep(300000), "InvalidTenant" },
      authority = { "https://login.example/" .. ("a"):rep(300000), "InvalidAuthority" },
    }) do
      it("cannot be made of a " .. name .. " that is too long to be one", function()
        local opts = { tenant_id = "t", client_id = "c", client_secret = "s", env = NO_ENV }
        opts[name] = case[1]

        local cred, err = identity.client_secret(opts)

        assert.is_nil(cred)
        assert.equal(case[2], err.code)
      end)
    end

    it("gives up at the caller's deadline", function()
      e:fault({ match = "POST .*/token", status = 503, times = 99 })

      local _, err = secret():token(SCOPE, { timeout = 0.5 })

      assert.equal("timeout", err.kind)
      assert.equal("TokenEndpointBusy", err.code)
      assert.matches("before the deadline; the last try: HTTP 503 from http", err.message)
    end)

    it("says what the last try failed of when the deadline comes first", function()
      e:fault({ match = "POST .*/token", drop = "before", times = 99 })

      local _, err = secret():token(SCOPE, { timeout = 0.5 })

      assert.equal("timeout", err.kind)
      assert.equal("TokenEndpointUnreachable", err.code)
      assert.equal("TokenEndpointUnreachable", err.inner.code)
    end)

    it("renews its token before it expires", function()
      local cred = secret()
      local first = assert(cred:token(SCOPE))
      core.loop():advance(first.expires_on - core.loop():wall() - 60)

      local second = assert(cred:token(SCOPE))
      helper.until_true(function() return token_requests(e) == 2 and core.loop():idle() end)
      local third = assert(cred:token(SCOPE))

      assert.equal(first.token, second.token)
      assert.not_equal(first.token, third.token)
    end)

    it("asks once for a thousand tasks", function()
      local cred = secret()
      local got = 0

      azure.run(function()
        local tasks = {}
        for i = 1, 1000 do
          tasks[i] = azure.spawn(function()
            if cred:token(SCOPE) then got = got + 1 end
          end)
        end
        for i = 1, 1000 do tasks[i]:wait() end
      end)

      assert.equal(1000, got)
      assert.equal(1, token_requests(e))
    end)

    it("ends what is under way when it is closed", function()
      local cred = secret()
      local op = cred:token_op(SCOPE)

      cred:close()

      local token, err = op:wait()
      assert.is_nil(token)
      assert.equal("cancelled", err.kind)
    end)

    it("raises on bad options and names them", function()
      local function message(opts)
        local _, text = pcall(identity.client_secret, opts)
        return text
      end
      local good = { tenant_id = "t", client_id = "c", client_secret = "s" }

      assert.truthy(message({ tenant_id = "t", client_id = "c" }):find("client_secret", 1, true))
      assert.truthy(message({ tenant_id = "t", client_id = "", client_secret = "s" }):find("client_id", 1, true))
      assert.truthy(message({ tenant_id = "a/b", client_id = "c", client_secret = "s" }):find("tenant_id", 1, true))
      assert.truthy(message({ tenant_id = "t", clientid = "c" }):find("did you mean 'client_id'", 1, true))
      assert.truthy(pcall(identity.client_secret, good))
    end)
  end)

  describe("a token that is asked for", function()
    local working = function()
      return { token = "t", expires_on = core.loop():wall() + 3600 }
    end

    for name, cred_of in pairs({
      ["by itself"] = function() return secret() end,
      ["in a chain"] = function() return assert(identity.chain({ assert(identity.from_function(working)) })) end,
      ["of a managed identity"] = function()
        return assert(identity.managed_identity({ env = e:environment("app_service") }))
      end,
    }) do
      it(("%s with a scope or claims too long to be any fails"):format(name), function()
        local cred = helper.closing(cred_of())

        local _, scope = cred:token(("s"):rep(300000))
        local _, claims = cred:token(SCOPE, { claims = ('{"a":"%s"}'):format(("c"):rep(300000)) })

        assert.equal("auth InvalidScope", scope.kind .. " " .. scope.code)
        assert.equal("auth InvalidClaims", claims.kind .. " " .. claims.code)
        assert.equal(0, #e:requests())
      end)

      it(("%s with the longest scope is asked for"):format(name), function()
        local cred = helper.closing(cred_of())

        local _, err = cred:token(("\u{fc}"):rep(4096))

        assert.is_nil(err and err.message:find("out of memory", 1, true))
      end)
    end

    for name, case in pairs({
      ["an empty scope"] = { { "" }, "the scope is empty" },
      ["a zero byte in the scope"] = { { SCOPE .. "\0evil" }, "the scope has a zero byte" },
      ["a zero byte in the tenant"] = { { SCOPE, { tenant_id = "a\0b" } }, "tenant_id" },
      ["a misspelt option"] = { { SCOPE, { tennat_id = "t" } },
        "unknown option 'tennat_id'; known: claims, tenant_id, timeout" },
      ["an option without a name"] = { { SCOPE, { "t" } }, "a value without a name" },
    }) do
      it("raises for " .. name, function()
        local cred = secret()

        local ok, message = pcall(cred.token, cred, table.unpack(case[1]))

        assert.is_false(ok)
        assert.truthy(message:find(case[2], 1, true), message)
      end)
    end

    it("takes a request as functions get it", function()
      local inner = helper.closing(assert(identity.from_function(working)))
      local outer = helper.closing(assert(identity.from_function(function(request)
        return inner:token(request.scope, request)
      end)))

      assert.equal("t", assert(outer:token(SCOPE, { tenant_id = "t" })).token)
    end)
  end)

  describe("client_certificate", function()
    local pem = fixture("client_certificate.pem")
    local key, cert = pem:match("^(.-)(%-%-%-%-%-BEGIN CERTIFICATE.*)$")
    local principal

    before_each(function()
      principal = e:principal({ certificates = { cert } })
    end)

    local function certificate(opts)
      local all = { tenant_id = principal.tenant_id, client_id = principal.client_id, authority = e.url, env = NO_ENV }
      for name, value in pairs(opts) do all[name] = value end
      return identity.client_certificate(all)
    end

    it("signs in with a PEM text", function()
      local cred = helper.closing(assert(certificate({ pem = key .. cert })))

      assert(cred:token(SCOPE))

      assert.is_nil(e:requests()[1].body:find("client_secret", 1, true))
    end)

    it("signs in with a file and sends its chain", function()
      local path = write_file(cert .. key)
      local cred = helper.closing(assert(certificate({ path = path, send_chain = true })))

      local token, err = cred:token(SCOPE)
      os.remove(path)

      assert(token, tostring(err))
    end)

    for _, name in ipairs({
      "client_certificate.pfx", "client_certificate_legacy.pfx", "client_certificate_encrypted.pem",
    }) do
      it("signs in with a password and " .. name, function()
        local cred = helper.closing(assert(certificate({ path = "spec/fixtures/" .. name, password = "p4ssword" })))

        assert(cred:token(SCOPE))
      end)

      it("tells a wrong password or none for " .. name, function()
        local _, wrong = certificate({ path = "spec/fixtures/" .. name, password = "not it" })
        local _, none = certificate({ path = "spec/fixtures/" .. name })

        assert.equal("InvalidCertificate", wrong.code)
        assert.truthy(wrong.hint:find("password", 1, true))
        assert.equal("InvalidCertificate", none.code)
      end)
    end

    it("takes the content of a PKCS#12 file", function()
      local cred = helper.closing(assert(certificate({
        pem = fixture("client_certificate.pfx"), password = "p4ssword",
      })))

      assert(cred:token(SCOPE))
    end)

    it("uses a renewed file", function()
      local path = write_file(fixture("other_certificate.pem"))
      local cred = helper.closing(assert(certificate({ path = path })))
      local _, before = cred:token(SCOPE)
      local file = assert(io.open(path, "w"))
      file:write(pem)
      file:close()

      local token, err = cred:token(SCOPE)
      os.remove(path)

      assert.equal("AADSTS700027", before.code)
      assert(token, tostring(err))
    end)

    it("is refused with a certificate that is not registered", function()
      local cred = helper.closing(assert(certificate({ pem = fixture("other_certificate.pem") })))

      local _, err = cred:token(SCOPE)

      assert.equal("AADSTS700027", err.code)
    end)

    it("tells what is wrong with the file when it is made", function()
      local _, absent = certificate({ path = "/nonexistent/certificate.pem" })
      local _, keyless = certificate({ pem = cert })
      local foreign = fixture("other_certificate.pem"):match("%-%-%-%-%-BEGIN CERTIFICATE.*$")
      local _, strange = certificate({ pem = key .. foreign })
      local _, garbage = certificate({ pem = "garbage" })

      assert.equal("CertificateNotReadable", absent.code)
      assert.equal("InvalidCertificate", keyless.code)
      assert.equal("InvalidCertificate", strange.code)
      assert.equal("InvalidCertificate", garbage.code)
    end)

    it("raises when both path and pem are given", function()
      assert.has_error(function() certificate({ path = "a", pem = "b" }) end,
        "identity.client_certificate: give either 'path' or 'pem'")
    end)
  end)

  describe("workload_identity", function()
    local principal, path

    before_each(function()
      principal = e:principal({ federations = { { issuer = "https://issuer.example", subject = "system:pod" } } })
      path = write_file("\n " .. e:federated_token(principal) .. " \n")
    end)

    after_each(function() os.remove(path) end)

    local function environment()
      return { AZURE_TENANT_ID = principal.tenant_id, AZURE_CLIENT_ID = principal.client_id,
        AZURE_FEDERATED_TOKEN_FILE = path }
    end

    local function workload(env)
      return helper.closing(assert(identity.workload_identity({ env = env, authority = e.url })))
    end

    it("shows the content of the file", function()
      assert(workload(environment()):token(SCOPE))
    end)

    it("reads the file again after five minutes", function()
      local cred = workload(environment())
      assert(cred:token(SCOPE))
      local file = assert(io.open(path, "w"))
      file:write("another.assertion.altogether")
      file:close()

      local within = cred:token(SCOPE, { claims = "{}" })
      core.loop():advance(301)
      local _, after = cred:token(SCOPE, { claims = "{}" })

      assert.truthy(within)
      assert.truthy(after.code:find("AADSTS", 1, true))
    end)

    it("reads the file again after Entra refused what was in it", function()
      local good = e:federated_token(principal)
      local function replace(text)
        local file = assert(io.open(path, "w"))
        file:write(text)
        file:close()
      end
      local cred = workload(environment())
      replace("an.old.assertion")
      local _, err = cred:token(SCOPE)
      replace(good)

      local token = cred:token(SCOPE)

      assert.equal("invalid_client", err.target)
      assert.truthy(token)
    end)

    it("is unavailable with a zero byte in the file", function()
      local file = assert(io.open(path, "ab"))
      file:write("\0and.more")
      file:close()

      local _, err = workload(environment()):token(SCOPE)

      assert.equal("CredentialUnavailable", err.code)
      assert.matches("zero byte", err.message)
    end)

    it("is unavailable without a file, or with nothing in it", function()
      local env = environment()
      local empty = write_file(" \n")
      env.AZURE_FEDERATED_TOKEN_FILE = empty
      local _, nothing = workload(env):token(SCOPE)
      os.remove(empty)
      local _, absent = workload(env):token(SCOPE)

      assert.equal("CredentialUnavailable", nothing.code)
      assert.equal("CredentialUnavailable", absent.code)
      assert.truthy(nothing.message:find("empty", 1, true))
    end)

    it("is unavailable when variables are missing, and names them", function()
      local _, err = workload(NO_ENV):token(SCOPE)

      assert.equal("CredentialUnavailable", err.code)
      assert.truthy(err.message:find("AZURE_FEDERATED_TOKEN_FILE", 1, true))
    end)
  end)

  describe("device_code", function()
    local shown

    before_each(function() shown = {} end)

    local function device(opts)
      local all = { authority = e.url, env = NO_ENV, prompt = function(code) shown[#shown + 1] = code end }
      for key, value in pairs(opts or {}) do all[key] = value end
      return helper.closing(assert(identity.device_code(all)))
    end

    it("shows the code and waits until somebody has signed in", function()
      local cred = device()
      local op = cred:token_op(SCOPE)
      helper.until_true(function() return #shown == 1 end)
      e:sign_in("approved")

      local token = assert(op:wait())

      assert.truthy(token.token)
      assert.truthy(shown[1].user_code)
      assert.truthy(shown[1].message:find(shown[1].user_code, 1, true))
      assert.equal("https://microsoft.com/devicelogin", shown[1].verification_uri)
    end)

    it("lets no word of the server steer the terminal where it has no prompt of its own", function()
      e:fault({ match = "POST .*/devicecode", status = 200, body = azure.json.encode{
        device_code = "d", user_code = "AB\27[2JCD", verification_uri = "https://x/\u{9B}2J", expires_in = 900,
        interval = 5, message = "open\nhttps://x\27]0;owned\7 \u{9D}0;owned\u{9C}and enter \u{9B}2JABCD",
      } })
      local told = {}
      local stderr = io.stderr
      io.stderr = { write = function(_, ...) told[#told + 1] = table.concat{ ... } end } -- luacheck: ignore 122
      local op = helper.closing(assert(identity.device_code{ authority = e.url, env = NO_ENV })):token_op(SCOPE)

      helper.until_true(function() return #told == 1 end)

      io.stderr = stderr -- luacheck: ignore 122
      op:cancel()
      assert.equal("open https://x?]0;owned? ?0;owned?and enter ?2JABCD\n", told[1])
    end)

    it("polls no faster than it was told to", function()
      local asked = 0
      local cred = device({ prompt = function()
        asked = core.loop():now()
        azure.sleep(23)
        e:sign_in("approved")
      end })

      assert(cred:token(SCOPE))

      assert.is_true(core.loop():now() - asked >= 23)
      assert.equal(5, token_requests(e))
    end)

    it("asks less often when it is told to slow down", function()
      local started = core.loop():now()
      e:fault({ match = "POST .*/token", status = 400, body = '{"error":"slow_down"}', times = 1 })
      local cred = device({ prompt = function() e:sign_in("approved") end })

      assert(cred:token(SCOPE))

      assert.is_true(core.loop():now() - started >= 15)
    end)

    it("tells that the sign-in was declined", function()
      local cred = device({ prompt = function() e:sign_in("declined") end })

      local _, err = cred:token(SCOPE)

      assert.equal("auth", err.kind)
      assert.equal("authorization_declined", err.code)
    end)

    it("tells that the code has expired", function()
      local _, err = device():token(SCOPE)

      assert.equal("expired_token", err.code)
    end)

    it("signs in to any tenant where none was chosen", function()
      local other = e:principal({ tenant_id = "99999999-0000-0000-0000-000000000000" }).tenant_id
      local cred = device({ prompt = function() e:sign_in("approved") end })

      assert(cred:token(SCOPE, { tenant_id = other }))

      assert.truthy(e:requests("/devicecode")[1].path:find(other, 1, true))
    end)

    it("signs in to the tenant that was chosen only", function()
      local _, err = device({ tenant_id = e.owner.tenant_id }):token(SCOPE, { tenant_id = "other.example" })

      assert.equal("TenantNotAllowed", err.code)
    end)

    local function codes(body)
      e:fault({ match = "POST .*/devicecode", status = 200, body = body })
    end

    it("fails when the service says neither where to go nor what to say", function()
      codes('{"device_code":"d","user_code":"ABC","interval":5,"expires_in":900}')

      local _, err = device():token(SCOPE)

      assert.equal("InvalidTokenResponse", err.code)
      assert.equal(0, #shown)
    end)

    it("shows a message that comes without an address", function()
      codes('{"device_code":"d","user_code":"ABC","message":"go somewhere","interval":5,"expires_in":900}')

      device():token(SCOPE)

      assert.equal("go somewhere", shown[1].message)
    end)

    it("fails when the prompt fails", function()
      local _, err = device({ prompt = function() error("no screen") end }):token(SCOPE)

      assert.truthy(err.message:find("no screen", 1, true))
    end)

    it("stops polling when the waiting is cancelled", function()
      local cred = device()
      local op = cred:token_op(SCOPE)
      helper.until_true(function() return #shown == 1 end)

      op:cancel()

      assert.equal("cancelled", op:status().state)
      helper.until_true(function() return core.loop():idle() end)
    end)

    it("renews the token without asking again", function()
      e:fault({ match = "POST .*/token", status = 200,
        body = '{"access_token":"one","refresh_token":"secret-refresh","expires_in":3600}', times = 1 })
      local cred = device()
      assert.equal("one", assert(cred:token(SCOPE)).token)
      core.loop():advance(3600)
      e:fault({ match = "POST .*/token", status = 200, body = '{"access_token":"two","expires_in":3600}', times = 1 })

      local second = assert(cred:token(SCOPE))

      assert.equal("two", second.token)
      assert.equal(1, #shown)
      local sent = e:requests("POST .*/token")
      assert.truthy(sent[#sent].body:find("refresh_token=secret-refresh", 1, true))
    end)

    -- Somebody has signed in; the token is good for an hour.
    local function signed_in(refresh_token)
      local cred = device({ prompt = function(code)
        shown[#shown + 1] = code
        e:sign_in("approved")
      end })
      e:fault({ match = "POST .*/token", status = 200, times = 1,
        body = ('{"access_token":"one","refresh_token":"%s","expires_in":3600}'):format(refresh_token) })
      assert(cred:token(SCOPE))
      return cred
    end

    local function refuse(word, times)
      e:fault({ match = "POST .*/token", status = 400, body = ('{"error":"%s"}'):format(word), times = times or 1 })
    end

    for _, word in ipairs({ "invalid_grant", "interaction_required" }) do
      it(("asks again when the renewal is refused: %s"):format(word), function()
        local cred = signed_in("old")
        core.loop():advance(3600)
        refuse(word)

        assert(cred:token(SCOPE))

        assert.equal(2, #shown)
      end)
    end

    it("keeps the refresh token when the renewal fails for another reason", function()
      local cred = signed_in("precious")
      core.loop():advance(3600)
      refuse("temporarily_unavailable")
      local _, err = cred:token(SCOPE)
      e:fault({ match = "POST .*/token", status = 200, body = '{"access_token":"two","expires_in":3600}' })

      local token = assert(cred:token(SCOPE))

      assert.equal("temporarily_unavailable", err.code)
      assert.equal("two", token.token)
      assert.equal(1, #shown)
      local sent = e:requests("POST .*/token")
      assert.truthy(sent[#sent].body:find("refresh_token=precious", 1, true))
    end)

    it("asks nobody while the token is still good", function()
      local cred = signed_in("old")
      core.loop():advance(3500)
      refuse("invalid_grant")

      local before = assert(cred:token(SCOPE))
      helper.until_true(function() return core.loop():idle() end)
      local shown_before = #shown
      core.loop():advance(100)
      local after = assert(cred:token(SCOPE))

      assert.equal("one", before.token)
      assert.equal(1, shown_before)
      assert.not_equal("one", after.token)
      assert.equal(2, #shown)
    end)
  end)

  describe("from_function", function()
    local function from(fn)
      return helper.closing(assert(identity.from_function(fn)))
    end

    it("passes what the token is for and may wait", function()
      local asked
      local cred = from(function(request)
        asked = request
        azure.sleep(30)
        return { token = "mine", expires_on = core.loop():wall() + 3600 }
      end)

      local token = assert(cred:token(SCOPE, { tenant_id = "other", claims = "{}" }))

      assert.equal("mine", token.token)
      assert.same({ scope = SCOPE, tenant_id = "other", claims = "{}" }, asked)
    end)

    it("is called once for the same token", function()
      local calls = 0
      local cred = from(function()
        calls = calls + 1
        return { token = "mine", expires_on = core.loop():wall() + 3600 }
      end)

      local a, b = cred:token_op(SCOPE), cred:token_op(SCOPE)
      assert(a:wait())
      assert(b:wait())
      assert(cred:token(SCOPE))

      assert.equal(1, calls)
    end)

    for name, case in pairs({
      ["a raised error"] = { function() error("boom") end, "boom" },
      ["nil and a reason"] = { function() return nil, "no luck" end, "no luck" },
      ["nothing"] = { function() end, "neither a token nor a reason" },
      ["a token that is no string"] = { function() return { token = 1, expires_on = 1 } end, "token must be" },
      ["no expiry"] = { function() return { token = "t" } end, "expires_on must be" },
    }) do
      it("fails after " .. name, function()
        local _, err = from(case[1]):token(SCOPE)

        assert.equal("auth", err.kind)
        assert.equal("FunctionFailed", err.code)
        assert.truthy(err.message:find(case[2], 1, true))
      end)
    end

    for name, token in pairs({ ["a line"] = "k9\r\nX-Evil: 1", ["a blank"] = "k9 k9", ["a byte"] = "k9\xff" }) do
      it("gives away no token with " .. name .. " too many", function()
        local _, err = from(function() return { token = token, expires_on = 4e9 } end):token(SCOPE)

        assert.equal("auth", err.kind)
        assert.equal("InvalidToken", err.code)
        assert.truthy(err.hint:find("visible ASCII", 1, true))
        assert.is_nil(tostring(err):find(token, 1, true))
      end)
    end

    it("passes an error of this library on with its code", function()
      local cred = from(function()
        return nil, errors.new({ kind = "auth", code = "Mine", message = "no", hint = "try" })
      end)

      local _, err = cred:token(SCOPE)

      assert.equal("Mine", err.code)
      assert.equal("try", err.hint)
    end)

    for name, stop in pairs({
      cancelled = function(_, op) op:cancel() end,
      closed = function(cred) cred:close() end,
    }) do
      it(("stops the function when the waiting is %s"):format(name), function()
        local reason
        local started = false
        local cred = from(function()
          started = true
          local _, err = core.sleep(3600):wait()
          reason = err
        end)
        local op = cred:token_op(SCOPE)
        core.loop():auto_advance(false)
        helper.until_true(function() return started end)

        stop(cred, op)
        helper.until_true(function() return reason end)

        assert.equal("cancelled", reason.kind)
      end)
    end

    it("does not call the function once it is closed", function()
      local calls = 0
      local cred = from(function() calls = calls + 1 end)
      local op = cred:token_op(SCOPE)

      cred:close()

      local _, err = op:wait()
      assert.equal("cancelled", err.kind)
      assert.equal(0, calls)
    end)
  end)

  describe("chain", function()
    local function working(name)
      return assert(identity.from_function(function()
        return { token = name, expires_on = core.loop():wall() + 3600 }
      end))
    end

    local function unavailable(reason)
      return assert(identity.from_function(function()
        return nil, errors.new({ kind = "auth", code = "CredentialUnavailable", message = reason })
      end))
    end

    it("takes the first that can be used", function()
      local cred <close> = assert(identity.chain({ unavailable("no"), working("b"), working("c") }))

      assert.equal("b", assert(cred:token(SCOPE)).token)
    end)

    it("stops at one that is there and is refused", function()
      local refused = assert(identity.from_function(function() return nil, "refused" end))
      local cred <close> = assert(identity.chain({ refused, working("b") }))

      local _, err = cred:token(SCOPE)

      assert.equal("FunctionFailed", err.code)
    end)

    it("lists every reason in order when none can be used", function()
      local cred <close> = assert(identity.chain({ unavailable("first reason"), unavailable("second reason") }))

      local _, err = cred:token(SCOPE)

      assert.equal("CredentialUnavailable", err.code)
      assert.truthy(err.message:find("first reason.*second reason"))
    end)

    it("hints what its members hint, and nothing else", function()
      local hinting = assert(identity.from_function(function()
        return nil, errors.new({ kind = "auth", code = "CredentialUnavailable", message = "no", hint = "open the door" })
      end))
      local hinted <close> = assert(identity.chain({ unavailable("no"), hinting }))
      local plain <close> = assert(identity.chain({ unavailable("no") , unavailable("nor here") }))

      local _, one = hinted:token(SCOPE)
      local _, none = plain:token(SCOPE)

      assert.equal("FunctionCredential: open the door", one.hint)
      assert.is_nil(none.hint)
    end)

    it("stays with what worked, or not, as asked", function()
      local up = false
      local function sometimes()
        return assert(identity.from_function(function()
          if not up then return nil, errors.new({ kind = "auth", code = "CredentialUnavailable", message = "no" }) end
          return { token = "a", expires_on = core.loop():wall() + 3600 }
        end))
      end
      local sticky <close> = assert(identity.chain({ sometimes(), working("b") }))
      local fickle <close> = assert(identity.chain({ sometimes(), working("b"), sticky = false }))
      assert(sticky:token(SCOPE))
      assert(fickle:token(SCOPE))
      up = true

      assert.equal("b", assert(sticky:token(SCOPE)).token)
      assert.equal("a", assert(fickle:token(SCOPE)).token)
    end)

    it("keeps its members alive", function()
      local cred <close> = assert(identity.chain({ working("a") }))
      collectgarbage()
      collectgarbage()

      assert.equal("a", assert(cred:token(SCOPE)).token)
    end)

    it("raises on holes, strangers and nothing", function()
      assert.has_error(function() identity.chain({}) end, "identity.chain: give it at least one credential")
      assert.has_error(function() identity.chain({ "x" }) end, "identity.chain: [1] is not a credential")
      assert.has_error(function() identity.chain({ [2] = working("a") }) end)
    end)
  end)

  describe("managed_identity", function()
    it("asks the service of the environment", function()
      local cred = helper.closing(assert(identity.managed_identity({ env = e:environment("app_service") })))

      assert(cred:token(SCOPE))
    end)

    it("uses the federated token of a pod", function()
      local principal = e:principal({ federations = { { issuer = "https://issuer.example", subject = "pod" } } })
      local path = write_file(e:federated_token(principal))
      local cred = helper.closing(assert(identity.managed_identity({ authority = e.url, env = {
        AZURE_TENANT_ID = principal.tenant_id, AZURE_CLIENT_ID = principal.client_id,
        AZURE_FEDERATED_TOKEN_FILE = path,
      } })))

      local token, err = cred:token(SCOPE)
      os.remove(path)

      assert(token, tostring(err))
    end)

    for _, name in ipairs({ "client_id", "object_id", "resource_id" }) do
      it("raises for an empty " .. name .. ", which would mean another identity", function()
        assert.has_error(function() identity.managed_identity({ [name] = "", env = NO_ENV }) end,
          ("identity.managed_identity: '%s' is empty"):format(name))
      end)
    end

    it("raises when it is given more than one id", function()
      assert.has_error(function() identity.managed_identity({ client_id = "a", object_id = "b", env = NO_ENV }) end,
        "identity.managed_identity: give at most one of 'client_id', 'object_id', 'resource_id'")
    end)
  end)

  describe("a tenant in the environment that is none", function()
    local env = { AZURE_TENANT_ID = "bad tenant!", AZURE_CLIENT_ID = "c", AZURE_CLIENT_SECRET = "s",
      AZURE_FEDERATED_TOKEN_FILE = "/nonexistent" }

    for _, name in ipairs({ "environment", "workload_identity", "managed_identity" }) do
      it("is an error of " .. name .. ", not a raise", function()
        local cred, err = identity[name]({ env = env })

        assert.is_nil(cred)
        assert.equal("auth", err.kind)
        assert.equal("InvalidTenant", err.code)
      end)
    end
  end)

  describe("in a client", function()
    local function sign_ins()
      return #e:requests("POST .*/oauth2/")
    end

    before_each(function()
      e = helper.emulator({ seed = "contoso", token_lifetime = 600 })
    end)

    it("answers a claims challenge once", function()
      local client = helper.client(e)
      assert(client:get(helper.signalr_id, { api_version = "2024-03-01" }))
      e:revoke()
      core.loop():advance(2)

      assert(client:get(helper.signalr_id, { api_version = "2024-03-01" }))

      assert.equal(2, sign_ins())
    end)

    it("renews a token that expires while an operation goes on", function()
      local client = helper.client(e)
      assert(client:get(helper.signalr_id, { api_version = "2024-03-01" }))
      core.loop():advance(590)

      local link, err = client:signalr(helper.signalr_id).shared_private_links:create("func-pe", {
        target = helper.func_id, group = "sites", request_message = "please approve",
      })

      assert(link, tostring(err))
      assert.equal(2, sign_ins())
    end)
  end)

  describe("command line tools", function()
    for _, name in ipairs({ "azure_cli", "azure_developer_cli", "azure_powershell" }) do
      it(name .. " is unavailable where the tool is not installed", function()
        local cred = helper.closing(assert(identity[name]({ env = { PATH = "/nonexistent" } })))

        local _, err = cred:token(SCOPE)

        assert.equal("CredentialUnavailable", err.code)
      end)
    end
  end)
end)
