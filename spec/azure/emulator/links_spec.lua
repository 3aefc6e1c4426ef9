local support = require "spec.azure.emulator.support"

local ask, link, signalr = support.ask, support.link, support.signalr

local function get(e, path)
  return ask(e, "GET", path or link)
end

local function approve(e, connection)
  local answer = ask(e, "PUT", connection.id, support.state("Approved", "ok"))
  e:advance(51)
  return answer
end

describe("azure.emulator.links", function()
  it("answers 201 with Creating and Pending", function()
    local answer = ask(support.start(), "PUT", link, support.link_body())

    assert.equal(201, answer.status)
    assert.equal("Creating", answer.json.properties.provisioningState)
    assert.equal("Pending", answer.json.properties.status)
    assert.equal("please approve", answer.json.properties.requestMessage)
    assert.equal("Microsoft.SignalRService/SignalR/sharedPrivateLinkResources", answer.json.type)
  end)

  it("is Succeeded and still Pending after its operation", function()
    local e = support.start()
    support.create_link(e)

    local properties = get(e).json.properties

    assert.equal("Succeeded", properties.provisioningState)
    assert.equal("Pending", properties.status)
  end)

  it("opens a connection on the target after a while", function()
    local e = support.start()
    ask(e, "PUT", link, support.link_body())
    assert.same({}, support.connections(e))

    e:advance(26)

    local connection = support.connections(e)[1]
    local properties = connection.properties
    assert.truthy(connection.name:find("^func%-pe%-%x+%-%x+%-"))
    assert.truthy(properties.privateEndpoint.id:find("/privateEndpoints/func%-pe$"))
    assert.is_nil(properties.privateEndpoint.id:find(e.ids.subscription_id, 1, true))
    assert.same({ "sites" }, properties.groupIds)
    assert.equal("please approve", properties.privateLinkServiceConnectionState.description)
  end)

  it("is Approved some time after the target approved", function()
    local e = support.start()
    support.create_link(e)
    approve(e, support.connections(e)[1])
    assert.equal("Pending", get(e).json.properties.status)

    e:advance(121)

    assert.equal("Approved", get(e).json.properties.status)
  end)

  it("does not care about approvals of others", function()
    local e = support.start()
    support.create_link(e)
    local stranger = e:stranger{ target = support.func }

    approve(e, stranger)
    e:advance(1000)

    assert.equal("Pending", get(e).json.properties.status)
  end)

  it("is Rejected when the target rejects", function()
    local e = support.start()
    support.create_link(e)
    ask(e, "PUT", support.connections(e)[1].id, support.state("Rejected"))

    e:advance(1000)

    assert.equal("Rejected", get(e).json.properties.status)
  end)

  it("is Disconnected when its connection is deleted", function()
    local e = support.start()
    support.create_link(e)
    ask(e, "DELETE", support.connections(e)[1].id)

    e:advance(1000)

    assert.equal("Disconnected", get(e).json.properties.status)
  end)

  it("times out where that is set, and asks anew when it is put again", function()
    local e = support.start{ timings = { link_timeout = 600 } }
    support.create_link(e)
    e:advance(600)
    assert.equal("Timeout", get(e).json.properties.status)

    local again = support.create_link(e)

    assert.equal(200, again.status)
    assert.equal("Pending", get(e).json.properties.status)
    assert.equal(2, #support.connections(e))
  end)

  it("does not time out once the target has answered", function()
    local e = support.start{ timings = { link_timeout = 150 } }
    support.create_link(e)
    approve(e, support.connections(e)[1])

    e:advance(30)
    local before = get(e).json.properties.status
    e:advance(121)

    assert.same({ "Pending", "Approved" }, { before, get(e).json.properties.status })
  end)

  it("is Disconnected when its target is deleted", function()
    local e = support.start()
    support.create_link(e)
    approve(e, support.connections(e)[1])
    e:advance(121)

    ask(e, "DELETE", support.func)
    e:advance(121)

    assert.equal("Disconnected", get(e).json.properties.status)
  end)

  it("takes the same PUT again as an update", function()
    local e = support.start()
    support.create_link(e)

    local again = ask(e, "PUT", link, support.link_body(nil, nil, "another message"))
    e:advance(60)

    assert.equal(200, again.status)
    assert.equal("Updating", again.json.properties.provisioningState)
    assert.equal("another message", get(e).json.properties.requestMessage)
    assert.equal(1, #support.connections(e))
  end)

  it("refuses another target under the same name", function()
    local e = support.start()
    support.create_link(e)
    local other = support.func .. "-2"
    e:seed{ id = other }

    assert.equal(400, ask(e, "PUT", link, support.link_body(other)).status)
  end)

  it("refuses writes while the parent works, and a while longer", function()
    local e = support.start()
    ask(e, "PUT", link, support.link_body())
    local second = signalr .. "/sharedPrivateLinkResources/second"

    local during = ask(e, "PUT", second, support.link_body())
    local shown = ask(e, "GET", signalr).json.properties.provisioningState
    e:advance(65)
    local after = ask(e, "PUT", second, support.link_body())
    local shown_after = ask(e, "GET", signalr).json.properties.provisioningState
    e:advance(10)
    local free = ask(e, "PUT", second, support.link_body())

    assert.same({ 409, "Updating" }, { during.status, shown })
    assert.same({ 409, "Succeeded" }, { after.status, shown_after })
    assert.equal(201, free.status)
  end)

  for name, case in pairs({
    ["an unknown group"] = { support.link_body(nil, "site"), "Invalid groupId" },
    ["a group in another casing"] = { support.link_body(nil, "Sites"), "Invalid groupId" },
    ["a group that the target does not have"] = { support.link_body(nil, "vault"), "Invalid groupId" },
    ["no group"] = { { properties = { privateLinkResourceId = support.func } }, "Invalid groupId" },
    ["no target"] = { { properties = { groupId = "sites" } }, "Invalid privateLinkResourceId" },
    ["a target that is not there"] = { support.link_body(support.func .. "-gone"), "was not found" },
    ["a long message"] = { support.link_body(nil, nil, ("x"):rep(141)), "longer than 140" },
  }) do
    it("refuses " .. name, function()
      local answer = ask(support.start(), "PUT", link, case[1])

      assert.equal(400, answer.status)
      assert.truthy(answer.error.message:find(case[2], 1, true), answer.error.message)
    end)
  end

  for _, name in ipairs({ "ab", "1abc", "abc-", "a_b_c", ("a"):rep(64) }) do
    it(("refuses the name %s"):format(name), function()
      local answer = ask(support.start(), "PUT", signalr .. "/sharedPrivateLinkResources/" .. name, support.link_body())

      assert.equal("InvalidResourceName", answer.error.code)
    end)
  end

  it("refuses the Free tier", function()
    local e = support.start()
    local free = signalr .. "-free"
    e:seed{ id = free, sku = { name = "Free_F1" } }

    local answer = ask(e, "PUT", free .. "/sharedPrivateLinkResources/func-pe", support.link_body())

    assert.equal(400, answer.status)
    assert.truthy(answer.error.message:find("Free tier", 1, true))
  end)

  it("fails as an operation where the plan has no private endpoints", function()
    local e = support.start()
    e:seed{ id = support.group .. "/providers/Microsoft.Web/serverfarms/contoso-plan", sku = { name = "Y1" } }

    local answer = ask(e, "PUT", link, support.link_body())
    e:advance(61)

    assert.equal(201, answer.status)
    assert.equal("Failed", support.follow(e, answer, "azure-asyncoperation").json.status)
    assert.equal("Failed", get(e).json.properties.provisioningState)
    assert.same({}, support.connections(e))
  end)

  it("deletes with 202, then 204 at Location and 404 at the link", function()
    local e = support.start()
    support.create_link(e)

    local answer = ask(e, "DELETE", link)
    local during = get(e)
    e:advance(46)

    assert.equal(202, answer.status)
    assert.equal("", answer.body)
    assert.equal("Deleting", during.json.properties.provisioningState)
    assert.equal(204, support.follow(e, answer, "location").status)
    assert.equal(404, get(e).status)
  end)

  it("takes its connection along, later", function()
    local e = support.start()
    support.create_link(e)
    ask(e, "DELETE", link)

    e:advance(46)
    local soon = #support.connections(e)
    e:advance(30)

    assert.equal(1, soon)
    assert.equal(0, #support.connections(e))
  end)

  it("deletes what is not there with 204", function()
    assert.equal(204, ask(support.start(), "DELETE", link).status)
  end)

  it("lists without a nextLink, also nothing", function()
    local e = support.start()

    local answer = ask(e, "GET", signalr .. "/sharedPrivateLinkResources")

    assert.equal('{"value":[]}', answer.body)
  end)

  it("is in the parent's body, but not in old api-versions", function()
    local e = support.start()
    support.create_link(e)

    local new = ask(e, "GET", signalr).json.properties.sharedPrivateLinkResources
    local old = ask(e, "GET", signalr, nil, { version = "2020-05-01" }).json.properties.sharedPrivateLinkResources

    assert.equal("func-pe", new[1].name)
    assert.is_nil(old)
  end)

  it("comes up approved where the service approves by itself", function()
    local e = support.start{ auto_approve = true }
    support.create_link(e)
    e:advance(121)

    local state = support.connections(e)[1].properties.privateLinkServiceConnectionState
    assert.same({ "Approved", "Auto-Approved" }, { state.status, state.description })
    assert.equal("Approved", get(e).json.properties.status)
  end)

  it("gives each replica a copy with a connection of its own", function()
    local e = support.start()
    e:resource(signalr).sku = { name = "Premium_P1", tier = "Premium", size = "P1", capacity = 1 }
    ask(e, "PUT", signalr .. "/replicas/second", { location = "westus" })
    e:advance(100)
    support.create_link(e)

    local copy = get(e, signalr .. "/replicas/second/sharedPrivateLinkResources/func-pe")

    assert.equal(200, copy.status)
    assert.equal(2, #support.connections(e))
    assert.equal(405, ask(e, "DELETE", signalr .. "/replicas/second/sharedPrivateLinkResources/func-pe").status)
  end)

  it("reaches slots by the group of the slot", function()
    local e = support.start()
    e:seed{ id = support.func .. "/slots/staging" }

    local answer = support.create_link(e, nil, support.link_body(support.func, "sites-staging"))

    assert.equal(201, answer.status)
    assert.equal(1, #support.connections(e, support.func .. "/slots/staging"))
    assert.equal(0, #support.connections(e))
  end)
end)
