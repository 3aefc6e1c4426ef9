local support = require "spec.azure.emulator.support"

local CLIENT = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

local function begin(e)
  return support.form(e, "/organizations/oauth2/v2.0/devicecode", {
    client_id = CLIENT, scope = "https://management.azure.com/.default offline_access",
  }).json
end

local function poll(e, flow, client)
  return support.form(e, "/organizations/oauth2/v2.0/token", {
    grant_type = "urn:ietf:params:oauth:grant-type:device_code", client_id = client or CLIENT,
    device_code = flow.device_code,
  })
end

describe("azure.emulator.device", function()
  it("begins a flow with a code to type in", function()
    local flow = begin(support.start())

    assert.truthy(flow.user_code:find("^%u+$"))
    assert.truthy(flow.message:find(flow.user_code, 1, true))
    assert.same({ 900, 5 }, { flow.expires_in, flow.interval })
  end)

  it("is pending until the person has signed in, then gives a token once", function()
    local e = support.start()
    local flow = begin(e)

    local before = poll(e, flow)
    e:sign_in()
    local after = poll(e, flow)
    local again = poll(e, flow)

    assert.equal("authorization_pending", before.json.error)
    assert.equal(200, support.ask(e, "GET", support.signalr, nil, { token = after.json.access_token }).status)
    assert.equal("expired_token", again.json.error)
  end)

  it("is declined by the person", function()
    local e = support.start()
    local flow = begin(e)

    assert.is_true(e:sign_in("declined", flow.user_code))

    assert.equal("authorization_declined", poll(e, flow).json.error)
  end)

  it("expires", function()
    local e = support.start()
    local flow = begin(e)

    e:advance(901)

    assert.equal("expired_token", poll(e, flow).json.error)
  end)

  it("refuses codes that it did not give, and codes of others", function()
    local e = support.start()
    local flow = begin(e)

    assert.equal("bad_verification_code", poll(e, { device_code = "x" }).json.error)
    assert.equal("bad_verification_code", poll(e, flow, "somebody").json.error)
  end)

  it("asks hasty clients to slow down where that is set", function()
    local e = support.start{ device_slow_down = true }
    local flow = begin(e)
    poll(e, flow)

    local hasty = poll(e, flow)
    e:advance(10)
    local patient = poll(e, flow)

    assert.equal("slow_down", hasty.json.error)
    assert.equal("authorization_pending", patient.json.error)
  end)

  it("has nobody to sign in without a flow", function()
    assert.is_false(support.start():sign_in())
  end)
end)
