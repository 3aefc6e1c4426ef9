local json = require "azure.json"
local states = require "azure.private_link.states"

describe("states", function()
  local words = {
    { "approved", "Approved" }, { "PENDING", "Pending" }, { "Rejecting", "Rejecting" }, { "Strange", "Strange" },
    { nil, "Unknown" }, { "", "Unknown" }, { json.null, "Unknown" },
  }
  for _, case in ipairs(words) do
    it(("spells %s as %s"):format(tostring(case[1]), case[2]), function()
      assert.equal(case[2], states.canonical(case[1]))
    end)
  end

  local idle = { Succeeded = true, failed = true, Canceled = true, Updating = false, Creating = false, Running = false }
  for state, expected in pairs(idle) do
    it(("takes a resource that is %s for %s"):format(state, expected and "idle" or "busy"), function()
      assert.equal(expected, states.is_idle(state))
    end)
  end

  it("reads a link", function()
    local link = states.link{ id = "/a/b", properties = {
      privateLinkResourceId = "/t", groupId = "sites", requestMessage = json.null, status = "pending",
      provisioningState = "Succeeded",
    } }

    assert.same({ id = "/a/b", name = "b", owner = "signalr", target = "/t", group = "sites", message = "",
      status = "Pending", provisioning_state = "Succeeded" }, link)
  end)

  it("reads a connection without name, groups and description, as a vault lists it", function()
    local connection = states.connection{ id = "/v/privateEndpointConnections/c", properties = {
      privateEndpoint = { id = "/s/privateEndpoints/Func-PE" }, provisioningState = "Succeeded",
      privateLinkServiceConnectionState = { status = "Pending", description = json.null },
    } }

    assert.equal("c", connection.name)
    assert.equal("Func-PE", connection.endpoint_name)
    assert.equal("", connection.description)
    assert.is_nil(connection.groups)
    assert.is_true(states.is_of_group(connection, "vault"))
  end)

  it("survives answers that are nothing like the specification", function()
    assert.equal("Unknown", states.link{}.status)
    assert.equal("Unknown", states.connection{ properties = { privateLinkServiceConnectionState = 7 } }.status)
    assert.equal("Unknown", states.connection{ properties = "x" }.status)
  end)

  it("survives answers that are no objects at all", function()
    for _, answer in ipairs{ require("azure.json").null, true, "text", 7, {} } do
      assert.equal("Unknown", states.connection(answer).status)
      assert.equal("Unknown", states.link(answer).status)
    end
  end)

  it("tells groups apart, whatever the case", function()
    assert.is_true(states.is_of_group({ groups = { "SITES" } }, "sites"))
    assert.is_false(states.is_of_group({ groups = { "sites-blue" } }, "sites"))
    assert.is_true(states.is_of_group({ groups = {} }, "sites"))
  end)
end)
