local support = require "spec.azure.emulator.support"

local ask, func = support.ask, support.func

local function pending(e, more)
  local opts = { target = func, message = "please approve" }
  for key, value in pairs(more or {}) do opts[key] = value end
  return e:stranger(opts).id
end

local function read(e, id)
  return ask(e, "GET", id).json.properties
end

local function status(e, id)
  return read(e, id).privateLinkServiceConnectionState.status
end

describe("azure.emulator.web", function()
  it("shows a pending connection as recorded", function()
    local e = support.start()

    local answer = ask(e, "GET", pending(e))

    local connection = answer.json
    assert.equal("application/json", answer.header("Content-Type"))
    assert.equal("Microsoft.Web/sites/privateEndpointConnections", connection.type)
    assert.equal("West US", connection.location)
    assert.equal("Pending", connection.properties.provisioningState)
    assert.same({}, connection.properties.ipAddresses)
    assert.same({ actionsRequired = "None", description = "please approve", status = "Pending" },
      connection.properties.privateLinkServiceConnectionState)
  end)

  it("leaves descriptions empty where that is set, as recorded", function()
    local e = support.start{ empty_description = true }

    assert.equal("", read(e, pending(e)).privateLinkServiceConnectionState.description)
  end)

  it("answers an approval with 202, a body and one URL in both headers", function()
    local e = support.start()

    local answer = ask(e, "PUT", pending(e), support.state("Approved", "by me"))

    assert.equal(202, answer.status)
    assert.equal("Approving", answer.json.properties.privateLinkServiceConnectionState.status)
    assert.equal(answer.header("location"), answer.header("azure-asyncoperation"))
    assert.truthy(answer.header("location"):find("/Microsoft.Web/locations/West%20US/operationResults/", 1, true))
    assert.is_nil(answer.header("retry-after"))
    assert.truthy(answer.header("etag"):find('^"%x+"$'))
  end)

  it("is Approved with an address when the transition is over", function()
    local e = support.start()
    local id = pending(e)
    local answer = ask(e, "PUT", id, support.state("Approved", "by me"))
    local running = support.follow(e, answer, "location")

    e:advance(51)

    local properties = read(e, id)
    assert.equal(202, running.status)
    assert.equal(200, support.follow(e, answer, "location").status)
    assert.equal("Succeeded", properties.provisioningState)
    assert.equal("by me", properties.privateLinkServiceConnectionState.description)
    assert.truthy(properties.ipAddresses[1]:find("^10%."))
  end)

  it("stays provisioningState Pending for ever after a rejection", function()
    local e = support.start()
    local id = pending(e)

    local answer = ask(e, "PUT", id, support.state("Rejected"))
    local during = status(e, id)
    e:advance(3600)

    assert.equal("Rejecting", answer.json.properties.privateLinkServiceConnectionState.status)
    assert.equal("Rejecting", during)
    assert.same({ "Rejected", "Pending" }, { status(e, id), read(e, id).provisioningState })
  end)

  it("refuses to approve what is not pending", function()
    local e = support.start()
    for _, state in ipairs({ "Approved", "Rejected", "Disconnected" }) do
      local answer = ask(e, "PUT", pending(e, { status = state }), support.state("Approved"))

      assert.equal(400, answer.status)
      assert.equal("PrivateEndpointConnectionStatusNotPending", answer.error.code)
    end
  end)

  it("refuses a second decision while the first is on its way", function()
    local e = support.start()
    local id = pending(e)
    ask(e, "PUT", id, support.state("Approved"))

    assert.equal(409, ask(e, "PUT", id, support.state("Rejected")).status)
  end)

  it("lets an approval be taken back", function()
    local e = support.start()
    local id = pending(e, { status = "Approved" })

    ask(e, "PUT", id, support.state("Rejected"))
    e:advance(53)

    assert.equal("Rejected", status(e, id))
  end)

  it("refuses bodies without a decision", function()
    local e = support.start()
    local id = pending(e)

    for _, body in ipairs({ {}, { properties = {} }, support.state("Maybe") }) do
      assert.equal(400, ask(e, "PUT", id, body).status)
    end
    assert.equal("Pending", status(e, id))
  end)

  it("deletes with swapped headers of another api-version", function()
    local e = support.start()
    local id = pending(e)

    local answer = ask(e, "DELETE", id)
    local during = ask(e, "GET", id)
    e:advance(31)

    assert.same({ 202, "" }, { answer.status, answer.body })
    assert.truthy(answer.header("azure-asyncoperation"):find("/operationResults/[%x-]+%?api%-version=2019%-01%-01"))
    assert.truthy(answer.header("location"):find("/operations/[%x-]+%?api%-version=2019%-01%-01"))
    assert.equal(200, during.status)
    assert.same({ "Deleting", "Disconnecting" }, { during.json.properties.provisioningState,
      during.json.properties.privateLinkServiceConnectionState.status })
    assert.equal(404, ask(e, "GET", id).status)
    assert.equal(204, ask(e, "DELETE", id).status)
  end)

  it("names the groups of sites and slots", function()
    local e = support.start()
    e:seed{ id = func .. "/slots/staging" }

    local site = ask(e, "GET", func .. "/privateLinkResources").json.value[1].properties.groupId
    local slot = ask(e, "GET", func .. "/slots/staging/privateLinkResources").json.value[1].properties.groupId

    assert.same({ "sites", "sites-staging" }, { site, slot })
  end)

  it("answers 404 for connections of sites that are not there", function()
    local e = support.start()

    assert.equal(404, ask(e, "GET", func .. "x/privateEndpointConnections").status)
    assert.equal(404, ask(e, "GET", func .. "/privateEndpointConnections/none").status)
    assert.equal(404, ask(e, "PUT", func .. "/privateEndpointConnections/none", support.state("Approved")).status)
  end)
end)
