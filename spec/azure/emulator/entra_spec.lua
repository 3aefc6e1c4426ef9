local jwt = require "azure.emulator.jwt"
local support = require "spec.azure.emulator.support"

local ARM_SCOPE = "https://management.azure.com/.default"

local function sign_in(e, changes, tenant)
  local fields = {
    grant_type = "client_credentials", client_id = e.owner.client_id, client_secret = e.owner.secret, scope = ARM_SCOPE,
  }
  for name, value in pairs(changes or {}) do fields[name] = value or nil end
  return support.form(e, "/" .. (tenant or e.tenant_id) .. "/oauth2/v2.0/token", fields)
end

describe("azure.emulator.entra", function()
  it("gives a token that ARM takes, for an hour", function()
    local e = support.start()

    local answer = sign_in(e)

    assert.equal(200, answer.status)
    assert.equal("Bearer", answer.json.token_type)
    assert.equal(3599, answer.json.expires_in)
    assert.equal(200, support.ask(e, "GET", support.signalr, nil, { token = answer.json.access_token }).status)
  end)

  it("puts tenant, application and audience into the token", function()
    local e = support.start()

    local claims = jwt.read(sign_in(e).json.access_token).claims

    assert.equal("https://management.azure.com", claims.aud)
    assert.equal(e.owner.client_id, claims.appid)
    assert.equal(e.tenant_id, claims.tid)
    assert.equal(3599, claims.exp - claims.nbf)
  end)

  it("marks tokens of clients that understand claims challenges", function()
    local e = support.start()
    local claims = '{"access_token":{"xms_cc":{"values":["CP1"]}}}'

    assert.same({ "CP1" }, jwt.read(sign_in(e, { claims = claims }).json.access_token).claims.xms_cc)
  end)

  local expired = { secret_expired = true, client_secret = "old" }
  for name, case in pairs({
    ["a wrong secret"] = { { client_secret = "nonsense" }, 401, "invalid_client", 7000215 },
    ["no secret"] = { { client_secret = false }, 401, "invalid_client", 7000218 },
    ["an unknown application"] = { { client_id = "nobody" }, 400, "unauthorized_client", 700016 },
    ["no scope"] = { { scope = false }, 400, "invalid_request", 900144 },
    ["a scope that is none"] = { { scope = "https://management.azure.com/" }, 400, "invalid_scope", 70011 },
    ["an unknown grant"] = { { grant_type = "password" }, 400, "unsupported_grant_type", 70003 },
    ["no grant"] = { { grant_type = false }, 400, "invalid_request", 900144 },
  }) do
    it("refuses " .. name, function()
      local answer = sign_in(support.start(), case[1])

      assert.equal(case[2], answer.status)
      assert.equal(case[3], answer.json.error)
      assert.same({ case[4] }, answer.json.error_codes)
      assert.truthy(answer.json.error_description:find(("^AADSTS%d: .*\r\nTrace ID: "):format(case[4])))
    end)
  end

  it("refuses a secret that has expired", function()
    local e = support.start()
    local principal = e:principal(expired)

    local answer = sign_in(e, { client_id = principal.client_id, client_secret = "old" })

    assert.same({ 7000222 }, answer.json.error_codes)
  end)

  it("refuses tenants it does not know", function()
    local answer = sign_in(support.start(), nil, "nowhere.example")

    assert.same({ 90002 }, answer.json.error_codes)
  end)

  it("keeps applications in their tenant", function()
    local e = support.start()
    e:principal{ tenant_id = "11111111-2222-3333-4444-555555555555" }

    local answer = sign_in(e, nil, "11111111-2222-3333-4444-555555555555")

    assert.same({ 700016 }, answer.json.error_codes)
  end)

  it("takes the older endpoint with a resource", function()
    local e = support.start()

    local answer = support.form(e, "/" .. e.tenant_id .. "/oauth2/token", {
      grant_type = "client_credentials", client_id = e.owner.client_id, client_secret = e.owner.secret,
      resource = "https://management.core.windows.net/",
    })

    assert.equal(200, support.ask(e, "GET", support.signalr, nil, { token = answer.json.access_token }).status)
  end)

  it("is also found where an AD FS would be", function()
    local e = support.start()

    local document = support.send(e, "GET", "/adfs/.well-known/openid-configuration").json
    local answer = support.form(e, document.token_endpoint:sub(#e.url + 1), {
      grant_type = "client_credentials", client_id = e.owner.client_id, client_secret = e.owner.secret,
      scope = "https://management.azure.com/.default",
    })

    assert.equal(200, support.ask(e, "GET", support.signalr, nil, { token = answer.json.access_token }).status)
  end)

  it("describes itself", function()
    local e = support.start()

    local document = support.send(e, "GET", "/" .. e.tenant_id .. "/v2.0/.well-known/openid-configuration").json
    local discovery = support.send(e, "GET", "/common/discovery/instance?api-version=1.1").json

    assert.equal(e.url .. "/" .. e.tenant_id .. "/oauth2/v2.0/token", document.token_endpoint)
    assert.equal("127.0.0.1", discovery.metadata[1].preferred_network)
  end)

  it("has nothing at other addresses", function()
    assert.equal(404, support.send(support.start(), "GET", "/favicon.ico").status)
  end)
end)
