local support = require "spec.azure.emulator.support"

local ask, signalr = support.ask, support.signalr

local function premium()
  local e = support.start()
  e:resource(signalr).sku = { name = "Premium_P1", tier = "Premium", size = "P1", capacity = 1 }
  return e
end

local certificate = { properties = { keyVaultBaseUri = "https://v.vault.azure.net/", keyVaultSecretName = "s" } }

local function domain(certificate_id)
  return { properties = { domainName = "chat.example.com", customCertificate = { id = certificate_id } } }
end

describe("azure.emulator.signalr_parts", function()
  it("makes replicas in 70 seconds, with the parent busy", function()
    local e = premium()

    local answer = ask(e, "PUT", signalr .. "/replicas/second", { location = "westus" })
    local busy = ask(e, "PUT", support.link, support.link_body())
    e:advance(71)

    assert.equal(201, answer.status)
    assert.equal("Creating", answer.json.properties.provisioningState)
    assert.equal(409, busy.status)
    assert.equal("Succeeded", ask(e, "GET", signalr .. "/replicas/second").json.properties.provisioningState)
  end)

  it("copies the links there are to a new replica", function()
    local e = premium()
    support.create_link(e)

    ask(e, "PUT", signalr .. "/replicas/second", { location = "westus" })
    e:advance(100)

    local links = ask(e, "GET", signalr .. "/replicas/second/sharedPrivateLinkResources").json.value
    assert.equal("func-pe", links[1].name)
    assert.equal(2, #support.connections(e))
  end)

  it("has replicas in the Premium tier only", function()
    assert.equal(400, ask(support.start(), "PUT", signalr .. "/replicas/second", { location = "westus" }).status)
  end)

  it("changes, restarts and deletes replicas", function()
    local e = premium()
    local replica = signalr .. "/replicas/second"
    ask(e, "PUT", replica, { location = "westus" })
    e:advance(100)

    local changed = ask(e, "PATCH", replica, { tags = { a = "b" } })
    e:advance(60)

    assert.equal(202, changed.status)
    assert.same({ a = "b" }, ask(e, "GET", replica).json.tags)
    assert.equal(202, ask(e, "POST", replica .. "/restart").status)
    assert.equal(200, ask(e, "DELETE", replica).status)
    assert.equal(404, ask(e, "GET", replica).status)
  end)

  it("makes a domain for a certificate that is there", function()
    local e = support.start()
    local id = signalr .. "/customCertificates/cert"

    local early = ask(e, "PUT", signalr .. "/customDomains/chat", domain(id))
    local made = ask(e, "PUT", id, certificate)
    e:advance(60)
    local late = ask(e, "PUT", signalr .. "/customDomains/chat", domain(id))

    assert.same({ 400, 201, 201 }, { early.status, made.status, late.status })
  end)

  it("keeps a certificate that a domain uses", function()
    local e = support.start()
    local id = signalr .. "/customCertificates/cert"
    ask(e, "PUT", id, certificate)
    e:advance(60)
    ask(e, "PUT", signalr .. "/customDomains/chat", domain(id))
    e:advance(60)

    local refused = ask(e, "DELETE", id)
    local answer = ask(e, "DELETE", signalr .. "/customDomains/chat")
    e:advance(60)

    assert.same({ 409, 202 }, { refused.status, answer.status })
    assert.equal(200, ask(e, "DELETE", id).status)
    assert.equal(204, ask(e, "DELETE", id).status)
  end)

  it("wants a certificate's vault and secret", function()
    local e = support.start()

    local answer = ask(e, "PUT", signalr .. "/customCertificates/cert", { properties = { keyVaultBaseUri = "x" } })

    assert.same({ 400, "keyVaultSecretName" }, { answer.status, answer.error.target })
  end)

  it("lists each kind", function()
    local e = support.start()

    for _, kind in ipairs({ "replicas", "customDomains", "customCertificates" }) do
      assert.equal('{"value":[]}', ask(e, "GET", signalr .. "/" .. kind).body)
    end
  end)
end)
