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

  for _, retries in ipairs{ 0, 3 } do
    it(("are approved although the answer is lost, with %d retries"):format(retries), function()
      local other = helper.client(e, {
        credential = helper.closing(e:credential()), retry = { max_retries = retries, delay = 0.1, max_delay = 1 },
      })
      e:fault{ match = "PUT .*privateEndpointConnections", drop = "after" }

      local approved, err, call = other:private_endpoint_connections(e.ids.func):approve(pending.name)

      assert.is_nil(err)
      assert.equal("Approved", approved.properties.privateLinkServiceConnectionState.status)
      assert.is_true(call.uncertain)
    end)
  end

  it("are waited for when somebody else is approving them", function()
    local other = helper.client(e, { credential = helper.closing(e:credential()) })
    local task = azure.spawn(function() return other:private_endpoint_connections(e.ids.func):approve(pending.name) end)
    azure.sleep(1)

    local approved = assert(connections:approve(pending.name))

    assert.equal("Approved", approved.properties.privateLinkServiceConnectionState.status)
    assert.equal(1, #e:requests("PUT"))
    assert(task:wait())
  end)

  it("are perhaps somebody else's decision when our own request was refused", function()
    e:fault{ status = 409, match = function(request)
      if request.method == "PUT" then pending.status = "Approved" end
      return request.method == "PUT"
    end }

    local approved, err, call = connections:approve(pending.name)

    assert.is_nil(err)
    assert.is_not_nil(approved)
    assert.is_true(call.uncertain)
  end)

  it("are decided when the resource is busy no more", function()
    local rule = e:fault{ match = "PUT .*privateEndpointConnections", status = 409, times = 3 }

    assert(connections:approve(pending.name))

    assert.equal(3, rule.hits)
  end)

  it("are not decided again and again under a lock", function()
    local rule = e:fault{ match = "PUT", status = 409, code = "ScopeLocked", times = 9 }

    local _, err = connections:approve(pending.name)

    assert.equal("ScopeLocked", err.code)
    assert.equal(1, rule.hits)
  end)

  it("are waited for over answers that fail", function()
    e:fault{ match = "GET .*privateEndpointConnections/", status = 409, after = 1, times = 2 }
    e:fault{ match = "GET .*privateEndpointConnections/", effect = true, body = "<html>", after = 3 }

    assert(connections:approve(pending.name))
  end)

  it("are decided, or not, within the time allowed, however slow the answers", function()
    for _, method in ipairs{ "GET", "PUT" } do
      e:clear_faults()
      e:fault{ match = method .. " .*privateEndpointConnections", delay = 1e5, times = 1e5 }
      local started = helper.loop():now()

      local connection, err = connections:reject(pending.name, { timeout = 30 })

      assert.is_nil(connection)
      assert.equal("timeout", err.kind)
      assert.is_true(helper.loop():now() - started < 33, method)
    end
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
