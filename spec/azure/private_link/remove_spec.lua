local azure = require "azure"
local helper = require "spec.helper"
local scene = require "spec.azure.private_link.scene"

describe("remove", function()
  local s

  local function remove(fields)
    return azure.private_link.remove(s.client, s:spec(fields))
  end

  before_each(function()
    s = scene.new()
  end)

  it("deletes the link and waits until its connection is gone", function()
    assert(s:establish())

    local report = assert(remove())

    assert.is_true(report.changed)
    assert.same({}, report.orphans)
    assert.is_nil(s:link())
    assert.equal("", s:statuses())
  end)

  it("changes nothing the second time", function()
    assert(s:establish())
    assert(remove())
    s.e:clear_requests()

    local report = assert(remove())

    assert.is_false(report.changed)
    assert.equal(0, #s.e:requests("DELETE"))
  end)

  it("never touches what it did not create", function()
    s.e:stranger{ target = s.e.ids.func }
    assert(s:establish())

    assert(remove())

    assert.equal("Pending", s:statuses())
    assert.equal(0, #s.e:requests("DELETE .*privateEndpointConnections"))
  end)

  it("finds the upstream by itself", function()
    assert(s:establish())

    local report = assert(azure.private_link.remove(s.client, { signalr = s.e.ids.signalr, name = "func-pe" }))

    assert.is_true(report.changed)
    assert.equal("", s:statuses())
  end)

  it("refuses a link that leads elsewhere", function()
    s.e:seed{ id = helper.group .. "/providers/Microsoft.Web/sites/other-func", plan = s.e.ids.plan }
    assert(s:establish())

    local report, err = remove{ upstream = helper.group .. "/providers/Microsoft.Web/sites/other-func" }

    assert.is_nil(report)
    assert.equal("LinkTargetsAnother", err.code)
    assert.is_not_nil(s:link())
  end)

  it("lists what stays behind", function()
    assert(s:establish())
    s:connections()[1].link_id = nil
    s:link().connection_id = nil

    local report = assert(remove())

    assert.equal(1, #report.orphans)
    assert.matches("left on the upstream", tostring(report))
  end)

  it("waits out 409 and waits until SignalR is idle again", function()
    assert(s:establish())
    s.e:fault{ match = "DELETE", status = 409, times = 2 }

    assert(remove())

    assert(s:establish{ approve = false })
  end)

  it("can be run again after it was cut off", function()
    assert(s:establish())
    local report, err = remove{ timeout = 1 }
    assert.is_nil(report)
    assert.equal("timeout", err.kind)

    assert(remove())

    assert.is_nil(s:link())
  end)
end)

describe("remove_group", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  it("deletes the group when its name is confirmed", function()
    assert(azure.private_link.remove_group(s.client, helper.group, { confirm = "contoso" }))

    assert.is_nil(s.e:resource(helper.group))
  end)

  it("raises without the confirmation, before any request", function()
    assert.error_matches(function() azure.private_link.remove_group(s.client, helper.group) end, "'confirm' must be")
    assert.error_matches(function() azure.private_link.remove_group(s.client, s.e.ids.func, { confirm = "x" }) end,
      "id of a resource group")
    assert.equal(0, #s.e:requests())
  end)
end)
