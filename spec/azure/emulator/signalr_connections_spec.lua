local json = require "azure.json"
local support = require "spec.azure.emulator.support"

local ask, signalr = support.ask, support.signalr

local function pending(e)
  return e:stranger{ target = signalr, message = "" }.id
end

describe("azure.emulator.signalr_connections", function()
  it("is Succeeded while it is Pending, without description", function()
    local e = support.start()

    local connection = ask(e, "GET", pending(e)).json

    local state = connection.properties.privateLinkServiceConnectionState
    assert.truthy(connection.name:find("^contoso%-signalr%.%x+%-"))
    assert.equal("Succeeded", connection.properties.provisioningState)
    assert.same({ "Pending", json.null }, { state.status, state.description })
    assert.same({ "signalr" }, connection.properties.groupIds)
  end)

  it("shows no groups in old versions", function()
    local e = support.start()

    assert.is_nil(ask(e, "GET", pending(e), nil, { version = "2020-05-01" }).json.properties.groupIds)
  end)

  it("answers a decision with 200, Updating and a status URL alone", function()
    local e = support.start()
    local id = pending(e)

    local answer = ask(e, "PUT", id, support.state("Approved"))
    e:advance(48)

    assert.equal(200, answer.status)
    assert.equal("Updating", answer.json.properties.provisioningState)
    assert.is_nil(answer.header("location"))
    assert.equal("Succeeded", support.follow(e, answer, "azure-asyncoperation").json.status)
    assert.equal("Succeeded", ask(e, "GET", id).json.properties.provisioningState)
  end)

  it("takes an approval back", function()
    local e = support.start()
    local id = pending(e)
    ask(e, "PUT", id, support.state("Approved"))
    e:advance(60)

    ask(e, "PUT", id, support.state("Rejected"))
    e:advance(60)

    assert.equal("Rejected", ask(e, "GET", id).json.properties.privateLinkServiceConnectionState.status)
  end)

  it("deletes with an empty 202", function()
    local e = support.start()
    local id = pending(e)

    local answer = ask(e, "DELETE", id)
    e:advance(31)

    assert.same({ 202, "" }, { answer.status, answer.body })
    assert.equal(404, ask(e, "GET", id).status)
  end)

  it("takes its network rule along when it is deleted", function()
    local e = support.start()
    local gone, kept = e:stranger{ target = signalr }, e:stranger{ target = signalr }
    e:resource(signalr).properties.networkACLs.privateEndpoints = { { name = gone.name }, { name = kept.name } }

    ask(e, "DELETE", gone.id)
    e:advance(31)

    local acls = ask(e, "GET", signalr).json.properties.networkACLs
    assert.same({ { name = kept.name } }, acls.privateEndpoints)
  end)

  it("is deleted where nobody ever set network rules", function()
    local e = support.start()
    local gone = e:stranger{ target = signalr }
    e:resource(signalr).properties.networkACLs = json.null

    ask(e, "DELETE", gone.id)
    e:advance(31)

    assert.equal(404, ask(e, "GET", gone.id).status)
  end)

  it("is part of the service's own body", function()
    local e = support.start()
    pending(e)

    assert.equal(1, #ask(e, "GET", signalr).json.properties.privateEndpointConnections)
  end)

  it("says what SignalR can be linked to", function()
    local e = support.start()
    local path = signalr .. "/privateLinkResources"

    local new = ask(e, "GET", path).json.value[1].properties
    local old = ask(e, "GET", path, nil, { version = "2020-05-01" }).json.value[1].properties

    assert.equal("sites", new.shareablePrivateLinkResourceTypes[1].properties.groupId)
    assert.is_nil(old.shareablePrivateLinkResourceTypes)
  end)
end)
