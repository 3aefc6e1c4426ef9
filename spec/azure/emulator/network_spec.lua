local network = require "azure.emulator.network"
local support = require "spec.azure.emulator.support"

describe("azure.emulator.network", function()
  it("finds targets by id and group", function()
    local e = support.start()
    e:seed{ id = support.func .. "/slots/staging" }

    assert.equal("contoso-func", network.find_target(e, support.func:upper(), "sites").name)
    assert.equal("staging", network.find_target(e, support.func, "sites-staging").name)
    assert.equal("staging", network.find_target(e, support.func .. "/slots/staging", "sites-staging").name)
    assert.same({ nil, "group" }, { network.find_target(e, support.func, "sites-none") })
    assert.equal("missing", select(2, network.find_target(e, support.func .. "x", "sites")))
  end)

  it("opens look-alikes with everything chosen", function()
    local e = support.start()

    local connection = e:stranger{
      target = support.func, connection_name = "exactly-this", endpoint_id = "/subscriptions/s/x", status = "Approved",
      message = "hello", link_name = "ignored-then",
    }

    assert.equal("exactly-this", connection.name)
    assert.equal("/subscriptions/s/x", connection.endpoint_id)
    assert.same({ "Approved", "Succeeded", "hello" },
      { connection.status, connection.provisioning_state, connection.description })
  end)

  it("tells only the link that the connection belongs to", function()
    local e = support.start()
    support.create_link(e)
    local stranger = e:stranger{ target = support.func, name = "func-pe" }

    network.decided(e, stranger, "Approved")
    e:advance(500)

    assert.equal("Pending", e:resource(support.link).status)
  end)

  it("gives a link's private address once it is approved", function()
    local e = support.start{ auto_approve = true }
    support.create_link(e)
    local link = e:resource(support.link)
    local before = network.private_address(e, link)

    e:advance(200)

    assert.is_nil(before)
    assert.truthy(network.private_address(e, e:resource(support.link)):find("^10%."))
  end)
end)
