local helper = require("spec.helper")
local azure = require("azure")
local core = require("azure.core")

local identity = azure.identity
local SCOPE = "https://management.azure.com/.default"
local TOKEN_PATH = "/metadata/identity/oauth2/token"

describe("azure.identity.managed_identity", function()
  local e

  before_each(function()
    e = helper.emulator()
    helper.virtual_time()
  end)

  local function credential(kind, opts)
    local all = { env = e:environment(kind) }
    for key, value in pairs(opts or {}) do all[key] = value end
    return helper.closing(assert(identity.managed_identity(all)))
  end

  -- A user-assigned identity of the emulated machine.
  local function assigned()
    local principal = e:principal()
    principal.resource_id = helper.group .. "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app"
    table.insert(e.identity.identities, principal)
    return principal
  end

  local function last_request()
    local list = e:requests()
    return list[#list]
  end

  local function issued_to(principal)
    local request = last_request()
    return request.response_body:find(principal.client_id, 1, true) ~= nil
  end

  local function arc(opts)
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir '" .. folder .. "'"))
    helper.closing({ close = function() os.execute("rm -rf '" .. folder .. "'") end })
    e.identity.arc_directory = folder
    local all = { arc_folder = folder }
    for key, value in pairs(opts or {}) do all[key] = value end
    return credential("arc", all), folder
  end

  -- kind, method, path, header that must be there
  local sources = {
    { "imds", "GET", TOKEN_PATH, "metadata", "2018-02-01" },
    { "app_service", "GET", "/msi/token", "x-identity-header", "2019-08-01" },
    { "azure_ml", "GET", "/ml/token", "secret", "2017-09-01" },
    { "cloud_shell", "POST", "/cloudshell/token", "metadata", nil },
  }

  for _, case in ipairs(sources) do
    it("gets a token from " .. case[1], function()
      local token = assert(credential(case[1]):token(SCOPE))

      local request = last_request()
      assert.equal(case[2], request.method)
      assert.equal(case[3], request.path)
      assert.truthy(request.headers[case[4]])
      assert.equal(case[5], request.query["api-version"])
      assert.is_true(token.expires_on > core.loop():wall())
      assert.equal(1, #e:requests())
    end)

    it("asks " .. case[1] .. " once for a thousand tasks", function()
      local cred = credential(case[1])

      azure.run(function()
        local tasks = {}
        for i = 1, 1000 do tasks[i] = azure.spawn(function() return assert(cred:token(SCOPE)) end) end
        for i = 1, 1000 do assert(tasks[i]:wait()) end
      end)

      assert.equal(1, #e:requests())
    end)

    it("fails when " .. case[1] .. " answers no JSON", function()
      e:fault({ match = case[3], status = 200, body = "<html>sign in</html>" })

      local token, err = credential(case[1]):token(SCOPE)

      assert.is_nil(token)
      assert.equal("auth", err.kind)
      assert.matches("has no JSON", err.message)
    end)

    it("tries again when the connection to " .. case[1] .. " breaks", function()
      e:fault({ match = case[3], drop = true, times = 2 })

      assert(credential(case[1]):token(SCOPE))
    end)

    it("is unavailable when " .. case[1] .. " never answers", function()
      e:fault({ match = case[3], drop = true, times = 99 })

      local token, err = credential(case[1]):token(SCOPE)

      assert.is_nil(token)
      assert.equal("CredentialUnavailable", err.code)
      assert.equal(4, #e:requests())
    end)
  end

  it("renews a token of a day at half of its life", function()
    e.options.token_lifetime = 24 * 3600
    local cred = credential("imds")
    assert(cred:token(SCOPE))

    core.loop():advance(11 * 3600)
    assert(cred:token(SCOPE))
    local before = #e:requests()
    core.loop():advance(2 * 3600)
    assert(cred:token(SCOPE))
    helper.until_true(function() return #e:requests() == 2 end)

    assert.equal(1, before)
  end)

  it("names the revoked token when it answers a claims challenge", function()
    local cred = credential("app_service")
    local token = assert(cred:token(SCOPE))

    assert(cred:token(SCOPE, { claims = [[{"access_token":{}}]] }))

    assert.equal(core.sha256(token.token), last_request().query.token_sha256_to_refresh)
    assert.equal("cp1", last_request().query.xms_cc)
  end)

  it("names the revoked token of the resource that challenged, not the last one", function()
    local cred = credential("app_service")
    local token = assert(cred:token(SCOPE))
    assert(cred:token("https://vault.azure.net/.default"))

    assert(cred:token(SCOPE, { claims = [[{"access_token":{}}]] }))

    assert.equal(core.sha256(token.token), last_request().query.token_sha256_to_refresh)
  end)

  it("names no token to a resource that had none", function()
    local cred = credential("app_service")
    assert(cred:token("https://vault.azure.net/.default"))

    assert(cred:token(SCOPE, { claims = [[{"access_token":{}}]] }))

    assert.is_nil(last_request().query.token_sha256_to_refresh)
  end)

  describe("with a user-assigned identity", function()
    -- kind, option, name in the request
    local selectors = {
      { "imds", "client_id", "client_id" },
      { "imds", "object_id", "object_id" },
      { "imds", "resource_id", "msi_res_id" },
      { "app_service", "client_id", "client_id" },
      { "app_service", "object_id", "object_id" },
      { "app_service", "resource_id", "mi_res_id" },
      { "azure_ml", "client_id", "clientid" },
    }

    for _, case in ipairs(selectors) do
      it(("asks %s by %s"):format(case[1], case[2]), function()
        local principal = assigned()

        assert(credential(case[1], { [case[2]] = principal[case[2]] }):token(SCOPE))

        assert.equal(principal[case[2]], last_request().query[case[3]])
        assert.is_true(issued_to(principal))
      end)
    end

    it("is unavailable when the machine does not have it", function()
      local token, err = credential("imds", { client_id = "unknown" }):token(SCOPE)

      assert.is_nil(token)
      assert.equal("CredentialUnavailable", err.code)
      assert.matches("Identity not found", err.message)
      assert.equal(400, err.status)
      assert.equal(1, #e:requests())
    end)

    it("fails when the app does not have it", function()
      local token, err = credential("app_service", { client_id = "unknown" }):token(SCOPE)

      assert.is_nil(token)
      assert.equal("auth", err.kind)
      assert.matches("Identity not found", err.message)
    end)

    for _, name in ipairs({ "client_id", "object_id", "resource_id" }) do
      it(("cannot be made with a %s too long to be one"):format(name), function()
        local cred, err = identity.managed_identity({ env = e:environment("imds"), [name] = ("x"):rep(20000) })

        assert.is_nil(cred)
        assert.equal("InvalidArgument", err.code)
      end)
    end

    local refused = {
      { "cloud_shell", "client_id" }, { "cloud_shell", "object_id" }, { "cloud_shell", "resource_id" },
      { "service_fabric", "client_id" }, { "azure_ml", "object_id" }, { "azure_ml", "resource_id" },
    }
    for _, case in ipairs(refused) do
      it(("cannot be made for %s by %s"):format(case[1], case[2]), function()
        local cred, err = identity.managed_identity({ env = e:environment(case[1]), [case[2]] = "x" })

        assert.is_nil(cred)
        assert.equal("auth", err.kind)
        assert.equal("InvalidArgument", err.code)
      end)
    end
  end)

  describe("of a machine (IMDS)", function()
    it("waits out an update of the service for 70 seconds", function()
      local cred = credential("imds")
      e.identity.gone_until = core.loop():wall() + 70

      assert(cred:token(SCOPE))

      assert.is_true(core.loop():wall() >= e.identity.gone_until)
    end)

    it("gives up when the update does not end", function()
      local cred = credential("imds")
      e.identity.gone_until = core.loop():wall() + 3600
      local start = core.loop():now()

      local token, err = cred:token(SCOPE)

      assert.is_nil(token)
      assert.equal(410, err.status)
      assert.equal(6, err.attempts)
      assert.is_true(core.loop():now() - start >= 70)
    end)

    it("waits it out also when the service says to ask again soon", function()
      local cred = credential("imds")
      local until_then = core.loop():wall() + 70
      e:fault({ status = 410, retry_after = 1, times = 9, match = function(request)
        return request.path == TOKEN_PATH and core.loop():wall() < until_then
      end })

      assert(cred:token(SCOPE))

      assert.is_true(core.loop():wall() >= until_then)
    end)

    for _, status in ipairs({ 404, 408, 410, 429, 500, 502, 503, 504 }) do
      it(("tries again after %d"):format(status), function()
        e:fault({ match = TOKEN_PATH, status = status, times = 3 })

        assert(credential("imds"):token(SCOPE))

        assert.equal(4, #e:requests())
      end)
    end

    for _, status in ipairs({ 400, 401, 403 }) do
      it(("does not try again after %d"):format(status), function()
        e:fault({ match = TOKEN_PATH, status = status, times = 99 })

        assert.is_nil((credential("imds"):token(SCOPE)))

        assert.equal(1, #e:requests())
      end)
    end

    it("obeys Retry-After", function()
      e:fault({ match = TOKEN_PATH, status = 429, retry_after = 17 })
      local start = core.loop():now()

      assert(credential("imds"):token(SCOPE))

      assert.is_true(core.loop():now() - start >= 17)
    end)

    it("gives up after five retries", function()
      e.identity.mode = "not_found"

      local token, err = credential("imds"):token(SCOPE)

      assert.is_nil(token)
      assert.equal(404, err.status)
      assert.equal(6, #e:requests())
    end)

    it("is unavailable behind the gateway of Docker Desktop", function()
      e.identity.mode = "unreachable"

      local token, err = credential("imds"):token(SCOPE)

      assert.is_nil(token)
      assert.equal("CredentialUnavailable", err.code)
    end)

    it("is unavailable without a system-assigned identity", function()
      e.identity.has_system = false

      local token, err = credential("imds"):token(SCOPE)

      assert.is_nil(token)
      assert.equal("CredentialUnavailable", err.code)
    end)

    it("passes by every proxy", function()
      local cred = credential("imds", { proxy = "http://127.0.0.1:9" })

      assert(cred:token(SCOPE))
    end)
  end)

  -- body, seconds from now or nil
  local times = {
    { "a number", '{"access_token":"t","expires_on":%d}', "%d" },
    { "a number in a string", '{"access_token":"t","expires_on":"%d"}', "%d" },
    { "a date", '{"access_token":"t","expires_on":"%s"}', "!%Y-%m-%dT%H:%M:%SZ" },
    { "a date of the older API", '{"access_token":"t","expires_on":"%s"}', "!%m/%d/%Y %H:%M:%S +00:00" },
    { "a date with AM and PM", '{"access_token":"t","expires_on":"%s"}', "!%m/%d/%Y %I:%M:%S %p +00:00" },
  }
  for _, case in ipairs(times) do
    it("understands expires_on as " .. case[1], function()
      local at = math.floor(core.loop():wall()) + 3600
      local value = case[3] == "%d" and at or os.date(case[3], at)
      e:fault({ match = "/msi/token", status = 200, body = case[2]:format(value) })

      local token = assert(credential("app_service"):token(SCOPE))

      assert.equal(at, token.expires_on)
    end)
  end

  for _, body in ipairs({ "{}", '{"access_token":"t"}', '{"access_token":"t","expires_on":"soon"}',
    '{"access_token":"","expires_in":60}', '{"access_token":7,"expires_in":60}', "[]", "" }) do
    it("takes no token from " .. body, function()
      e:fault({ match = "/msi/token", status = 200, body = body })

      local token, err = credential("app_service"):token(SCOPE)

      assert.is_nil(token)
      assert.equal("UnexpectedAnswer", err.code)
    end)
  end

  it("tells the code of App Service's error", function()
    e:fault({ match = "/msi/token", status = 400, body = '{"error":{"code":"Odd","message":"no way"}}' })

    local token, err = credential("app_service"):token(SCOPE)

    assert.is_nil(token)
    assert.equal("Odd", err.code)
    assert.matches("no way", err.message)
  end)

  for name, env in pairs({
    ["a header of App Service"] = { IDENTITY_ENDPOINT = "http://127.0.0.1:9/t", IDENTITY_HEADER = "s3cr3t\r\nHost: evil" },
    ["a secret of Azure ML"] = { MSI_ENDPOINT = "http://127.0.0.1:9/t", MSI_SECRET = "s3cr3t\n" },
  }) do
    it(("cannot be made with %s that breaks a line"):format(name), function()
      local cred, err = identity.managed_identity({ env = env })

      assert.is_nil(cred)
      assert.equal("auth", err.kind)
      assert.equal("InvalidEnvironment", err.code)
      assert.is_nil(tostring(err):find("s3cr3t", 1, true))
    end)
  end

  it("never shows the secret of the environment", function()
    e:fault({ match = "/msi/token", status = 401, times = 9 })
    local cred = credential("app_service")

    local _, err = cred:token(SCOPE)

    for _, value in pairs(err) do
      if type(value) == "string" then assert.is_nil(value:find(e.identity.secret, 1, true)) end
    end
    assert.is_nil(tostring(cred):find(e.identity.secret, 1, true))
  end)

  describe("of Service Fabric", function()
    local server, certificate

    -- A server whose certificate nobody signed, in front of the emulator.
    before_each(function()
      local certificates = require("azure.emulator.server")
      certificate = certificates.certificate()
      server = helper.closing(assert(require("azure.emulator.transport").listen(
        { address = "127.0.0.1", port = 0, cert = certificate.cert, key = certificate.key },
        function(raw) return e:handle(raw) end)))
    end)

    local function thumbprint(pem)
      local sha1 = require("azure.emulator.server").certificate_digests(pem)
      return (sha1:gsub(".", function(byte) return ("%02X"):format(byte:byte()) end))
    end

    local function fabric(pin)
      return helper.closing(assert(identity.managed_identity({ env = {
        IDENTITY_ENDPOINT = ("https://127.0.0.1:%d/fabric/token"):format(server:port()),
        IDENTITY_HEADER = e.identity.secret, IDENTITY_SERVER_THUMBPRINT = pin,
      } })))
    end

    it("gets a token from the server with the pinned certificate", function()
      assert(fabric(thumbprint(certificate.cert)):token(SCOPE))

      assert.equal("2019-07-01-preview", last_request().query["api-version"])
      assert.equal(e.identity.secret, last_request().headers.secret)
    end)

    it("takes a thumbprint in lower case, and pins each connection", function()
      local cred = fabric(thumbprint(certificate.cert):lower())
      assert(cred:token(SCOPE))
      core.loop():advance(e.options.token_lifetime)

      assert(cred:token(SCOPE))

      assert.equal(2, #e:requests())
    end)

    for _, case in ipairs({ "of its authority", "of nobody" }) do
      it("sends nothing to a server that is not pinned: thumbprint " .. case, function()
        local pin = case == "of nobody" and ("0"):rep(40) or thumbprint(certificate.ca)

        local token, err = fabric(pin):token(SCOPE)

        assert.is_nil(token)
        assert.equal("auth", err.kind)
        assert.equal("ThumbprintMismatch", err.code)
        assert.equal(0, #e:requests())
      end)
    end

    it("cannot be made without TLS or with half a thumbprint", function()
      local _, plain = identity.managed_identity({ env = e:environment("service_fabric") })
      local _, half = identity.managed_identity({ env = {
        IDENTITY_ENDPOINT = "https://localhost/", IDENTITY_HEADER = "h", IDENTITY_SERVER_THUMBPRINT = "00" } })

      assert.equal("InvalidEndpoint", plain.code)
      assert.equal("InvalidThumbprint", half.code)
    end)
  end)

  describe("of Azure Arc", function()
    it("answers the challenge with the content of the key file", function()
      local cred = arc()

      assert(cred:token(SCOPE))

      local list = e:requests()
      assert.equal(2, #list)
      assert.is_nil(list[1].headers.authorization)
      assert.matches("^Basic .+", list[2].headers.authorization)
    end)

    it("answers each challenge anew", function()
      local cred = arc()
      assert(cred:token(SCOPE))
      core.loop():advance(e.options.token_lifetime)

      assert(cred:token(SCOPE))

      assert.equal(4, #e:requests())
    end)

    it("takes a user-assigned identity that the agent confirms", function()
      local principal = assigned()
      local cred = arc({ resource_id = principal.resource_id })

      assert(cred:token(SCOPE))

      assert.is_true(issued_to(principal))
    end)

    it("refuses a token of another identity than the one asked for", function()
      local principal = assigned()
      local cred = arc({ client_id = principal.client_id })
      e:fault({ match = TOKEN_PATH, after = 1, status = 200,
        body = '{"access_token":"t","expires_in":3600,"client_id":"somebody-else"}' })

      local token, err = cred:token(SCOPE)

      assert.is_nil(token)
      assert.equal("IdentityNotConfirmed", err.code)
    end)

    for _, realm in ipairs({ "/etc/passwd", "%s/../x.key", "%s/absent.key", "%s/sub/x.key", "x.key", "" }) do
      it("answers no challenge to " .. realm, function()
        local cred, folder = arc()
        e.identity.arc_realm = realm:format(folder)

        local token, err = cred:token(SCOPE)

        assert.is_nil(token)
        assert.equal("ArcChallenge", err.code)
        assert.equal(1, #e:requests())
      end)
    end

    it("reads no key through a link", function()
      local cred, folder = arc()
      assert(os.execute(("ln -s /etc/hostname '%s/link.key'"):format(folder)))
      e.identity.arc_realm = folder .. "/link.key"

      local token, err = cred:token(SCOPE)

      assert.is_nil(token)
      assert.equal("ArcChallenge", err.code)
    end)

    it("reads no key of more than 4096 bytes", function()
      local cred, folder = arc()
      local file = assert(io.open(folder .. "/long.key", "w"))
      file:write(("k"):rep(4097))
      file:close()
      e.identity.arc_realm = folder .. "/long.key"

      local token, err = cred:token(SCOPE)

      assert.is_nil(token)
      assert.matches("4096", err.message)
    end)

    it("sends no key to another machine", function()
      local cred, err = identity.managed_identity({
        env = { IDENTITY_ENDPOINT = "http://192.0.2.1/token", IMDS_ENDPOINT = "http://192.0.2.1" },
      })

      assert.is_nil(cred)
      assert.equal("InvalidEndpoint", err.code)
    end)
  end)
end)
