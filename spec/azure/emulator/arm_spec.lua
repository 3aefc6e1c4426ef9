local core = require "azure.core"
local json = require "azure.json"
local jwt = require "azure.emulator.jwt"
local support = require "spec.azure.emulator.support"

local ask = support.ask

describe("azure.emulator.arm", function()
  it("wants a bearer token", function()
    local e = support.start()

    local answer = support.send(e, "GET", support.signalr .. "?api-version=2024-03-01")

    assert.equal(401, answer.status)
    assert.equal("AuthenticationFailed", answer.error.code)
    assert.truthy(answer.header("WWW-Authenticate"):find("authorization_uri=", 1, true))
  end)

  it("refuses tokens that it did not sign", function()
    local e = support.start()
    local forged = jwt.make({ appid = e.owner.client_id, aud = e.audiences[1], tid = e.tenant_id, exp = 4e9 }, "x")

    assert.equal("InvalidAuthenticationToken", ask(e, "GET", support.signalr, nil, { token = forged }).error.code)
    assert.equal("InvalidAuthenticationToken", ask(e, "GET", support.signalr, nil, { token = "junk" }).error.code)
  end)

  it("refuses tokens for another audience", function()
    local e = support.start()
    local token = support.token(e, nil, "https://vault.azure.net")

    local answer = ask(e, "GET", support.signalr, nil, { token = token })

    assert.equal("InvalidAuthenticationTokenAudience", answer.error.code)
  end)

  it("refuses tokens that have expired", function()
    local e = support.start()
    local token = support.token(e)
    e:advance(3600)

    local answer = ask(e, "GET", support.signalr, nil, { token = token })

    assert.equal(401, answer.status)
    assert.equal("ExpiredAuthenticationToken", answer.error.code)
  end)

  it("refuses tokens of another tenant", function()
    local e = support.start()
    local stranger = e:principal{ tenant_id = core.uuid() }

    local answer = ask(e, "GET", support.signalr, nil, { principal = stranger })

    assert.equal(401, answer.status)
    assert.equal("InvalidAuthenticationTokenTenant", answer.error.code)
  end)

  it("challenges revoked tokens with claims and takes newer ones", function()
    local e = support.start()
    local token = support.token(e)
    e:revoke()

    local challenged = ask(e, "GET", support.signalr, nil, { token = token })
    e:advance(2)
    local renewed = ask(e, "GET", support.signalr)

    local header = challenged.header("WWW-Authenticate")
    assert.equal(401, challenged.status)
    assert.truthy(header:find('error="insufficient_claims"', 1, true))
    assert.truthy(header:find('claims="[%w_-]+"'))
    assert.equal(200, renewed.status)
  end)

  it("asks for an api-version that exists", function()
    local e = support.start()

    local missing = ask(e, "GET", support.signalr, nil, { version = false })
    local unknown = ask(e, "GET", support.signalr, nil, { version = "2099-01-01" })
    local group = ask(e, "GET", support.group, nil, { version = "2099-01-01" })

    assert.equal("MissingApiVersionParameter", missing.error.code)
    assert.equal("NoRegisteredProviderFound", unknown.error.code)
    assert.truthy(unknown.error.message:find("2024-03-01", 1, true))
    assert.equal("InvalidApiVersionParameter", group.error.code)
  end)

  for path, code in pairs({
    ["/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/x"] = "SubscriptionNotFound",
    [support.group .. "x/providers/Microsoft.SignalRService/signalR/y"] = "ResourceGroupNotFound",
    [support.group .. "/providers/Microsoft.SignalRService/signalR/none"] = "ResourceNotFound",
    [support.group .. "/providers/Microsoft.SignalRService/nothing/none"] = "InvalidResourceType",
    [support.group .. "/providers/Microsoft.Nothing/nothing/none"] = "InvalidResourceNamespace",
    [support.group .. "/Microsoft.SignalRService/signalR"] = "InvalidResourceType",
    [support.group .. "x/Microsoft.SignalRService/signalR"] = "InvalidResourceType",
    [support.group .. "/Microsoft.SignalRService/signalR/*"] = "InvalidResourceType",
    [support.subscription .. "/Microsoft.Web/sites"] = "InvalidResourceType",
  }) do
    it(("answers 404 %s to %s"):format(code, path), function()
      local answer = ask(support.start(), "GET", path)

      assert.equal(404, answer.status)
      assert.equal(code, answer.error.code)
      assert.equal("gateway", answer.header("x-ms-failure-cause"))
    end)
  end

  for _, part in ipairs({ "/Microsoft.SignalRService%2FsignalR", "/providers/Microsoft.SignalRService%2fsignalR/x",
    "/providers/Microsoft.SignalRService/signalR/contoso-signalr%2FsharedPrivateLinkResources" }) do
    it("takes an escaped slash for no part of a name: " .. part, function()
      local answer = ask(support.start(), "GET", support.group .. part)

      assert.equal(400, answer.status)
      assert.equal("InvalidResourceName", answer.error.code)
    end)
  end

  it("tells a resource called register from a provider's registration", function()
    local e = support.start()
    local id = support.group .. "/providers/Microsoft.SignalRService/signalR/cash-register"

    local created = ask(e, "PUT", id, { location = "eastus", sku = { name = "Standard_S1" } })
    local found = ask(e, "GET", id)

    assert.equal(201, created.status)
    assert.equal("cash-register", found.json.name)
  end)

  it("says which methods there are not", function()
    local answer = ask(support.start(), "PATCH", support.link, {})

    assert.equal(405, answer.status)
  end)

  it("finds resources whatever the casing of the path", function()
    local e = support.start()

    local answer = ask(e, "GET", support.signalr:upper():gsub("^/SUBSCRIPTIONS", "/subscriptions"))

    assert.equal(200, answer.status)
    assert.truthy(answer.json.id:find("/Microsoft.SignalRService/SignalR/contoso-signalr", 1, true))
  end)

  it("refuses bodies that are not JSON", function()
    local answer = ask(support.start(), "PUT", support.link, nil, { raw = "{nope" })

    assert.equal(400, answer.status)
    assert.equal("InvalidRequestContent", answer.error.code)
  end)

  it("refuses what the caller may not do, naming action and scope", function()
    local e = support.start()
    local reader = e:principal{ actions = { "*/read" } }

    local read = ask(e, "GET", support.signalr, nil, { principal = reader })
    local write = ask(e, "PUT", support.link, support.link_body(), { principal = reader })

    assert.equal(200, read.status)
    assert.equal(403, write.status)
    assert.equal("AuthorizationFailed", write.error.code)
    assert.truthy(write.error.message:find("sharedprivatelinkresources/write", 1, true))
  end)

  it("refuses callers outside of their scope", function()
    local e = support.start()
    local other = e:principal{ scopes = { support.group .. "/providers/Microsoft.Web" } }

    assert.equal(403, ask(e, "GET", support.signalr, nil, { principal = other }).status)
    assert.equal(200, ask(e, "GET", support.func, nil, { principal = other }).status)
  end)

  it("wants the provider registered before anything is made", function()
    local e = support.start()
    e:register("Microsoft.SignalRService", "NotRegistered")

    local answer = ask(e, "PUT", support.link, support.link_body())

    assert.equal(409, answer.status)
    assert.equal("MissingSubscriptionRegistration", answer.error.code)
    assert.equal("Microsoft.SignalRService", answer.error.details[1].target)
  end)

  it("stamps every answer and echoes the client's id when asked to", function()
    local e = support.start()

    local plain = ask(e, "GET", support.signalr, nil, { headers = { ["x-ms-client-request-id"] = "mine" } })
    local echoed = ask(e, "GET", support.signalr, nil, {
      headers = { ["x-ms-client-request-id"] = "mine", ["x-ms-return-client-request-id"] = "true" },
    })

    assert.truthy(plain.header("x-ms-request-id"))
    assert.truthy(plain.header("x-ms-correlation-request-id"))
    assert.truthy(plain.header("x-ms-routing-request-id"):find("^EASTUS:%d+T%d+Z:"))
    assert.truthy(plain.header("x-ms-ratelimit-remaining-subscription-global-reads"))
    assert.is_nil(plain.header("x-ms-client-request-id"))
    assert.equal("mine", echoed.header("x-ms-client-request-id"))
  end)

  it("tells a caller's permissions", function()
    local e = support.start()
    local reader = e:principal{ actions = { "*/read" }, not_actions = { "Microsoft.Web/*" } }

    local answer = ask(e, "GET", support.signalr .. "/providers/Microsoft.Authorization/permissions", nil,
      { principal = reader })

    assert.same({ "*/read" }, answer.json.value[1].actions)
    assert.same({ "Microsoft.Web/*" }, answer.json.value[1].notActions)
    assert.is_true(json.is_array(answer.json.value[1].dataActions))
  end)
end)
