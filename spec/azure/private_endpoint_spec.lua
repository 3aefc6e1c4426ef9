local azure = require "azure"
local helper = require "spec.helper"

describe("private endpoint connections", function()
  local e, client, connections, pending

  before_each(function()
    helper.virtual_time()
    e = helper.emulator{ seed = "contoso" }
    client = helper.client(e, { credential = helper.closing(e:credential()) })
    connections = client:private_endpoint_connections(e.ids.func)
    pending = e:stranger{ target = e.ids.func, message = "please approve" }
  end)

  it("are listed and read, by name or id", function()
    local names = {}
    for connection, err in connections:list() do
      assert.is_nil(err)
      names[#names + 1] = connection.name
    end

    assert.same({ pending.name }, names)
    assert.equal(pending.name, assert(connections:get(pending.name)).name)
    assert.equal(pending.name, assert(connections:get(pending.id)).name)
  end)

  it("are approved, keeping the description", function()
    local approved = assert(connections:approve(pending.name))

    local state = approved.properties.privateLinkServiceConnectionState
    assert.equal("Approved", state.status)
    assert.equal("please approve", state.description)
  end)

  it("take a description of the approver's own", function()
    assert(connections:approve(pending.name, { description = "agreed" }))

    assert.equal("agreed", pending.description)
  end)

  it("are waited for on the status: after a rejection provisioningState never changes", function()
    local rejected = assert(connections:reject(pending.name))

    assert.equal("Rejected", rejected.properties.privateLinkServiceConnectionState.status)
    assert.equal("Pending", rejected.properties.provisioningState)
  end)

  it("are not approved twice", function()
    assert(connections:approve(pending.name))
    assert(connections:approve(pending.name))

    assert.equal(1, #e:requests("PUT"))
  end)

  it("cannot be approved after a rejection on App Service", function()
    assert(connections:reject(pending.name))

    local connection, err = connections:approve(pending.name)

    assert.is_nil(connection)
    assert.equal("PrivateEndpointConnectionStatusNotPending", err.code)
  end)

  it("are gone when delete comes back", function()
    assert.is_true(connections:delete(pending.name))

    assert.is_nil(e:resource(pending.id))
    assert.is_true(connections:delete(pending.name))
  end)

  it("are decided within the time allowed", function()
    local connection, err = connections:approve(pending.name, { timeout = 10 })

    assert.is_nil(connection)
    assert.equal("timeout", err.kind)
    assert.equal("DecisionTimeout", err.code)
  end)

  it("report what is not there", function()
    local connection, err = connections:approve("none")

    assert.is_nil(connection)
    assert.equal(404, err.status)
  end)

  it("work in tasks, side by side", function()
    local other = e:stranger{ target = e.ids.func }

    local done, errs = azure.map({ pending.name, other.name }, { concurrency = 2 }, function(name)
      return connections:approve(name)
    end)

    assert.is_nil(errs)
    assert.equal(2, #done)
  end)

  for _, kind in ipairs{ "Microsoft.KeyVault/vaults/contoso-kv", "Microsoft.Storage/storageAccounts/contosost" } do
    it("are approved on " .. kind, function()
      local id = helper.group .. "/providers/" .. kind
      e:seed{ id = id }
      local record = e:stranger{ target = id }

      assert(client:private_endpoint_connections(id):approve(record.name))

      assert.equal("Approved", record.status)
    end)
  end

  it("are approved on SignalR itself", function()
    local record = e:stranger{ target = e.ids.signalr }

    assert(client:signalr(e.ids.signalr).private_endpoint_connections:approve(record.name))

    assert.equal("Approved", record.status)
  end)

  it("raise for misuse", function()
    assert.error_matches(function() client:private_endpoint_connections("x") end, "'target_id'")
    assert.error_matches(function() connections:approve() end, "'name' must be string")
    assert.error_matches(function() connections:approve(e.ids.signalr .. "/a/b") end, "another resource")
    assert.error_matches(function() connections:approve("a/b") end, "'name'")
    assert.error_matches(function() connections:approve("a", { descripton = "x" }) end, "did you mean 'description'")
  end)
end)
