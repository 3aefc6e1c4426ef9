local support = require "spec.azure.emulator.support"

local IMDS = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F"
local ARC = IMDS:gsub("2018%-02%-01", "2020-06-01")

local function get(e, path, headers)
  return support.send(e, "GET", path, headers or { Metadata = "true" })
end

local function works(e, answer)
  return support.ask(e, "GET", support.signalr, nil, { token = answer.json.access_token }).status
end

describe("azure.emulator.imds", function()
  it("gives machines a token with its times as strings", function()
    local e = support.start()

    local answer = get(e, IMDS)

    assert.equal(200, works(e, answer))
    assert.equal("string", type(answer.json.expires_on))
    assert.equal("3599", answer.json.expires_in)
  end)

  it("wants the Metadata header and no proxy in between", function()
    local e = support.start()

    assert.equal(400, get(e, IMDS, {}).status)
    assert.equal(400, get(e, IMDS, { Metadata = "true", ["X-Forwarded-For"] = "1.2.3.4" }).status)
  end)

  it("finds user-assigned identities by each of their ids", function()
    local e = support.start()
    local principal = e:principal()
    table.insert(e.identity.identities, {
      client_id = principal.client_id, object_id = principal.object_id, tenant_id = principal.tenant_id,
      resource_id = "/subscriptions/s/id",
    })

    for _, selector in ipairs({ "client_id=" .. principal.client_id, "object_id=" .. principal.object_id,
      "msi_res_id=/subscriptions/S/ID" }) do
      local answer = get(e, IMDS .. "&" .. selector)
      assert.equal(principal.client_id, answer.json.client_id)
    end
    assert.equal("Identity not found", get(e, IMDS .. "&client_id=nobody").json.error_description)
  end)

  it("has no identity where none is assigned", function()
    local e = support.start()
    e.identity.has_system = false

    assert.equal(400, get(e, IMDS).status)
  end)

  it("is gone for seventy seconds", function()
    local e = support.start()
    e.identity.gone_until = e.state:now() + 70

    local during = get(e, IMDS)
    e:advance(71)

    assert.equal(410, during.status)
    assert.equal(200, get(e, IMDS).status)
  end)

  for mode, status in pairs({ not_found = 404, throttled = 429, unreachable = 403 }) do
    it(("answers %d in mode %s"):format(status, mode), function()
      local e = support.start()
      e.identity.mode = mode

      assert.equal(status, get(e, IMDS).status)
    end)
  end

  it("asks App Service's clients for the secret", function()
    local e = support.start()
    local environment = e:environment("app_service")
    local path = "/msi/token?api-version=2019-08-01&resource=https://management.azure.com"

    local answer = get(e, path, { ["X-IDENTITY-HEADER"] = environment.IDENTITY_HEADER })

    assert.equal(200, works(e, answer))
    assert.equal(401, get(e, path, {}).status)
  end)

  it("challenges Arc's clients with a file", function()
    local e = support.start()
    e.identity.arc_directory = os.tmpname()
    os.remove(e.identity.arc_directory)
    assert(os.execute("mkdir " .. e.identity.arc_directory))

    local challenge = get(e, ARC)
    local path = challenge.header("WWW-Authenticate"):match("^Basic realm=(.+)$")
    local key = assert(io.open(path)):read("a")
    local answer = get(e, ARC, { Metadata = "true", Authorization = "Basic " .. key })
    local replayed = get(e, ARC, { Metadata = "true", Authorization = "Basic " .. key })
    os.execute("rm -r " .. e.identity.arc_directory)

    assert.equal(401, challenge.status)
    assert.truthy(path:find("%.key$"))
    assert.equal(200, works(e, answer))
    assert.equal(401, replayed.status)
  end)

  it("serves Cloud Shell by POST", function()
    local e = support.start()

    local answer = support.send(e, "POST", "/cloudshell/token", { Metadata = "true" },
      "resource=https%3A%2F%2Fmanagement.azure.com%2F")

    assert.equal(200, works(e, answer))
  end)

  it("serves Azure ML and Service Fabric by their secret", function()
    local e = support.start()
    local secret = { secret = e:environment("azure_ml").MSI_SECRET }

    assert.equal(200, works(e, get(e, "/ml/token?resource=https://management.azure.com", secret)))
    assert.equal(200, works(e, get(e, "/fabric/token?resource=https://management.azure.com", secret)))
  end)

  it("raises for an environment that it does not know", function()
    local e = support.start()

    assert.has_error(function() e:environment("toaster") end, "emulator:environment: unknown kind 'toaster'")
  end)
end)
