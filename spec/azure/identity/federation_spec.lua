local helper = require("spec.helper")
local azure = require("azure")
local core = require("azure.core")
local errors = require("azure.errors")

local identity = azure.identity
local SCOPE = "https://management.azure.com/.default"

describe("azure.identity.federation", function()
  local e, principal, assertion

  before_each(function()
    e = helper.emulator()
    helper.virtual_time()
    principal = e:principal({ federations = { { issuer = "https://issuer.example", subject = "job" } } })
    assertion = e:federated_token(principal)
  end)

  local function with(opts)
    local all = { tenant_id = principal.tenant_id, client_id = principal.client_id, authority = e.url, env = {} }
    for key, value in pairs(opts) do all[key] = value end
    return all
  end

  local function last()
    local list = e:requests()
    return list[#list]
  end

  describe("client_assertion", function()
    local function client_assertion(source)
      return helper.closing(assert(identity.client_assertion(with({ assertion = source }))))
    end

    it("shows what the function returns, which may wait", function()
      local cred = client_assertion(function()
        azure.sleep(5)
        return assertion
      end)

      assert(cred:token(SCOPE))

      assert.truthy(last().body:find("client_assertion=" .. assertion, 1, true))
      assert.equal("ClientAssertionCredential", tostring(cred))
    end)

    it("asks for an assertion once for each token", function()
      local calls = 0
      local cred = client_assertion(function()
        calls = calls + 1
        return assertion
      end)

      for _ = 1, 3 do assert(cred:token(SCOPE)) end
      assert(cred:token("https://vault.azure.net/.default"))

      assert.equal(2, calls)
    end)

    it("shows a claims challenge to Entra", function()
      local cred = client_assertion(function() return assertion end)

      assert(cred:token(SCOPE, { claims = '{"access_token":{"nbf":{"essential":true}}}' }))

      assert.truthy(last().body:find("nbf", 1, true))
    end)

    it("shows the token of a managed identity", function()
      local machine = helper.closing(assert(identity.managed_identity({ env = e:environment("app_service") })))
      e:fault({ match = "/msi/token", status = 200,
        body = ('{"access_token":"%s","expires_in":3600}'):format(assertion) })

      assert(client_assertion(machine):token(SCOPE))

      assert.equal("api://AzureADTokenExchange", e:requests()[1].query.resource)
    end)

    for name, case in pairs({
      ["a raised error"] = { function() error("boom") end, "FunctionFailed", "boom" },
      ["nil and a reason"] = { function() return nil, "no luck" end, "FunctionFailed", "no luck" },
      ["no text"] = { function() return 5 end, "FunctionFailed", "token must be a string" },
      ["an error of this library"] = { function()
        return nil, errors.new({ kind = "auth", code = "Mine", message = "no" })
      end, "Mine", "no" },
      ["an assertion that nobody trusts"] = { function() return "a.b.c" end, "AADSTS50027", "malformed" },
    }) do
      it("fails after " .. name, function()
        local token, err = client_assertion(case[1]):token(SCOPE)

        assert.is_nil(token)
        assert.equal("auth", err.kind)
        assert.equal(case[2], err.code)
        assert.matches(case[3], err.message)
      end)
    end

    it("keeps to its tenant", function()
      local _, err = client_assertion(function() return assertion end):token(SCOPE, { tenant_id = "other.example" })

      assert.equal("TenantNotAllowed", err.code)
    end)

    it("fails when its source is closed", function()
      local source = assert(identity.from_function(function() return nil, "no" end))
      local cred = client_assertion(source)
      source:close()

      local _, err = cred:token(SCOPE)

      assert.equal("CredentialClosed", err.code)
    end)

    it("ends the function when the waiting is cancelled", function()
      local reason, started
      local cred = client_assertion(function()
        started = true
        reason = select(2, core.sleep(3600):wait())
      end)
      local op = cred:token_op(SCOPE)
      core.loop():auto_advance(false)
      helper.until_true(function() return started end)

      op:cancel()
      helper.until_true(function() return reason end)

      assert.equal("cancelled", reason.kind)
    end)

    it("keeps its source alive", function()
      local cred = client_assertion(assert(identity.from_function(function()
        return { token = assertion, expires_on = core.loop():wall() + 60 }
      end)))
      collectgarbage()
      collectgarbage()

      assert(cred:token(SCOPE))
    end)

    it("raises without a function or a credential", function()
      for _, source in ipairs({ "text", {}, io.stdout }) do
        local ok, message = pcall(identity.client_assertion, with({ assertion = source }))

        assert.is_false(ok)
        assert.truthy(message:find("'assertion' must be a function or a credential", 1, true), message)
      end
    end)
  end)

  local function azure_pipelines(env)
    return identity.azure_pipelines(with({ service_connection_id = "connection", system_access_token = "job-s3cr3t",
      env = env or { SYSTEM_OIDCREQUESTURI = e.url .. "/org/oidctoken?x=1" } }))
  end

  local function github_actions(env)
    local all = { AZURE_TENANT_ID = principal.tenant_id, AZURE_CLIENT_ID = principal.client_id }
    for key, value in pairs(env or { ACTIONS_ID_TOKEN_REQUEST_URL = e.url .. "/org/oidctoken?api-version=2.0",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN = "job-s3cr3t" }) do all[key] = value end
    return identity.github_actions({ authority = e.url, env = all })
  end

  local function answer(body, more)
    local fault = { match = "/oidctoken", status = 200, body = body }
    for key, value in pairs(more or {}) do fault[key] = value end
    e:fault(fault)
  end

  it("asks Azure Pipelines for a service connection's assertion", function()
    answer(('{"oidcToken":"%s"}'):format(assertion))

    assert(helper.closing(assert(azure_pipelines())):token(SCOPE))

    local request = e:requests("/oidctoken")[1]
    assert.equal("POST", request.method)
    assert.same({ x = "1", ["api-version"] = "7.1", serviceconnectionid = "connection" }, request.query)
    assert.equal("Bearer job-s3cr3t", request.headers.authorization)
    assert.equal("Suppress", request.headers["x-tfs-fedauthredirect"])
    assert.truthy(last().body:find("client_assertion=" .. assertion, 1, true))
  end)

  it("asks GitHub Actions for a workflow's assertion", function()
    answer(('{"value":"%s"}'):format(assertion))

    assert(helper.closing(assert(github_actions())):token(SCOPE))

    local request = e:requests("/oidctoken")[1]
    assert.equal("GET", request.method)
    assert.same({ ["api-version"] = "2.0", audience = "api://AzureADTokenExchange" }, request.query)
    assert.equal("Bearer job-s3cr3t", request.headers.authorization)
  end)

  for kind, case in pairs({
    azure_pipelines = { azure_pipelines, "SYSTEM_OIDCREQUESTURI", "oidcToken" },
    github_actions = { github_actions, "ACTIONS_ID_TOKEN_REQUEST_URL", "value" },
  }) do
    local function made(env)
      return helper.closing(assert(case[1](env)))
    end

    it(kind .. " is unavailable elsewhere", function()
      local _, err = made({}):token(SCOPE)

      assert.equal("CredentialUnavailable", err.code)
      assert.truthy(err.message:find("not set: .*" .. case[2]))
    end)

    it(kind .. " tries again when the service is busy or does not answer", function()
      answer(nil, { status = 503 })
      e:fault({ match = "/oidctoken", drop = true })
      answer(('{"%s":"%s"}'):format(case[3], assertion))

      assert(made():token(SCOPE))
    end)

    for name, bad in pairs({
      ["a refusal"] = { "job-s3cr3t is wrong", { status = 401 }, "AssertionRefused" },
      ["a page"] = { "<html>job-s3cr3t</html>", {}, "UnexpectedAnswer" },
      ["a document without it"] = { '{"job-s3cr3t":1}', {}, "UnexpectedAnswer" },
      ["silence"] = { nil, { drop = true }, "TokenEndpointUnreachable" },
    }) do
      it(("%s fails after %s, without the job's token"):format(kind, name), function()
        if bad[2].drop then e:fault({ match = "/oidctoken", drop = true, times = 9 }) else answer(bad[1], bad[2]) end

        local token, err = made():token(SCOPE)

        assert.is_nil(token)
        assert.equal("auth", err.kind)
        assert.equal(bad[3], err.code)
        for _, value in pairs(err) do assert.is_nil(tostring(value):find("s3cr3t", 1, true)) end
      end)
    end

    it(kind .. " sends the job's token nowhere without TLS", function()
      for _, url in ipairs({ "http://evil.example/?a=b", "https://user@evil.example/", "http://127.0.0.1.evil.example/" }) do
        local cred, err = case[1]({ [case[2]] = url, ACTIONS_ID_TOKEN_REQUEST_TOKEN = "job-s3cr3t" })

        assert.is_nil(cred)
        assert.equal("InvalidEndpoint", err.code)
      end
    end)
  end

  it("cannot be made with a token that breaks a line", function()
    local cred, err = github_actions({ ACTIONS_ID_TOKEN_REQUEST_URL = "https://x.example/",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN = "job-s3cr3t\r\nHost: evil" })

    assert.is_nil(cred)
    assert.equal("InvalidToken", err.code)
  end)

  it("raises without what names the service connection", function()
    assert.has_error(function() identity.azure_pipelines(with({ system_access_token = "t" })) end,
      "identity.azure_pipelines: 'service_connection_id' must be string, not absent")
  end)
end)
