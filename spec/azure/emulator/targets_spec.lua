local support = require "spec.azure.emulator.support"

local ask = support.ask
local vault = support.group .. "/providers/Microsoft.KeyVault/vaults/contoso-kv"
local account = support.group .. "/providers/Microsoft.Storage/storageAccounts/contosostore"

local function start()
  local e = support.start()
  e:seed{ { id = vault }, { id = account } }
  return e
end

describe("azure.emulator.targets", function()
  it("opens a link's connection on a vault under the link's name", function()
    local e = start()
    support.create_link(e, nil, support.link_body(vault, "vault"))

    local connection = support.connections(e, vault)[1]

    assert.equal("func-pe", connection.name)
    assert.truthy(connection.etag)
    assert.is_nil(connection.properties.groupIds)
  end)

  it("approves on a vault with the resource as its own status", function()
    local e = start()
    local id = e:stranger{ target = vault, status = "Rejected" }.id

    local answer = ask(e, "PUT", id, support.state("Approved"))
    local url = answer.header("azure-asyncoperation")
    local during = support.follow(e, answer, "azure-asyncoperation")
    e:advance(48)
    local after = support.follow(e, answer, "azure-asyncoperation")

    assert.equal(200, answer.status)
    assert.is_nil(answer.header("location"))
    assert.truthy(url:find(id .. "?api-version=", 1, true) and url:find("&kv%-operation=[%w_-]+$"))
    assert.equal("Updating", during.json.properties.provisioningState)
    assert.equal("Succeeded", after.json.properties.provisioningState)
  end)

  it("shows the rules of the door", function()
    local e = start()
    e:seed{ { id = vault .. "2", network_acls = { defaultAction = "Deny", ipRules = { { value = "20.1.2.3" } } } } }

    local shut, plain = ask(e, "GET", vault .. "2"), ask(e, "GET", vault)
    local open = ask(e, "GET", account)

    assert.equal("Deny", shut.json.properties.networkAcls.defaultAction)
    assert.equal("20.1.2.3", shut.json.properties.networkAcls.ipRules[1].value)
    assert.is_nil(plain.json.properties.networkAcls)
    assert.equal("Allow", open.json.properties.networkAcls.defaultAction)
  end)

  it("deletes on a vault with Location alone", function()
    local e = start()
    local id = e:stranger{ target = vault }.id

    local answer = ask(e, "DELETE", id)
    local during = support.follow(e, answer, "location")
    e:advance(31)

    assert.equal(202, answer.status)
    assert.is_nil(answer.header("azure-asyncoperation"))
    assert.equal(202, during.status)
    local after = support.follow(e, answer, "location")
    assert.same({ 200, "Succeeded" }, { after.status, after.json.properties.provisioningState })
    assert.equal(404, ask(e, "GET", id).status)
    assert.equal(404, ask(e, "GET", id .. "?api-version=2023-07-01&kv-operation=other").status)
  end)

  it("lists a vault's connections in its body without names", function()
    local e = start()
    e:stranger{ target = vault }

    local connection = ask(e, "GET", vault).json.properties.privateEndpointConnections[1]

    assert.truthy(connection.id)
    assert.is_nil(connection.name)
  end)

  it("approves on storage at once, and only once", function()
    local e = start()
    local id = e:stranger{ target = account, group = "table" }.id

    local first = ask(e, "PUT", id, support.state("Approved"))
    local second = ask(e, "PUT", id, support.state("Approved"))

    assert.equal(200, first.status)
    assert.equal("Approved", first.json.properties.privateLinkServiceConnectionState.status)
    assert.same({ 400, "InvalidValuesForRequestParameters" }, { second.status, second.error.code })
  end)

  it("flips a link to storage after the propagation", function()
    local e = start()
    support.create_link(e, nil, support.link_body(account, "table"))
    ask(e, "PUT", support.connections(e, account)[1].id, support.state("Approved"))

    e:advance(121)

    assert.equal("Approved", ask(e, "GET", support.link).json.properties.status)
  end)

  it("names what can be linked to", function()
    local e = start()

    assert.equal("vault", ask(e, "GET", vault .. "/privateLinkResources").json.value[1].properties.groupId)
    assert.equal("table", ask(e, "GET", account .. "/privateLinkResources").json.value[1].properties.groupId)
    assert.equal("StorageV2", ask(e, "GET", account).json.kind)
  end)
end)
