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

  it("waits for connections that only their name tells", function()
    s = scene.new{ empty_description = true }
    assert(s:establish{ match = "name" })
    s:connections()[1].description = "approved in the portal"

    local report = assert(remove())

    assert.same({}, report.orphans)
    assert.is_true(report.confirmed)
    assert.equal("", s:statuses())
  end)

  it("lists what has the link's name, whatever its status, and says why", function()
    assert(s:establish())
    for _, status in ipairs{ "Pending", "Rejected", "Disconnected", "Approved" } do
      s.e:stranger{ target = s.e.ids.func, status = status, message = "hi" }
    end
    s.e:stranger{ target = s.e.ids.func, name = "else", link_name = "else" }

    local report = assert(remove())

    assert.equal(4, #report.orphans)
    for _, orphan in ipairs(report.orphans) do assert.matches("it has the link's name", orphan.why) end
    assert.is_false(report.confirmed)
  end)

  it("does not take another SignalR's connection of that name for an orphan", function()
    local second = helper.group .. "/providers/Microsoft.SignalRService/signalr/second"
    s.e:seed{ id = second, sku = { name = "Standard_S1" } }
    assert(s:establish{ signalr = second })
    assert(s:establish())
    local started = helper.loop():now()

    local report = assert(remove())

    assert.same({}, report.orphans)
    assert.equal(1, #report.others)
    assert.is_true(report.confirmed)
    assert.is_true(helper.loop():now() - started < 120)
    assert.equal("Approved", s:statuses())
  end)

  it("says what is still there after a run that was killed behind the DELETE", function()
    assert(s:establish())
    s:let_take("connection_closes", 400)
    local task = azure.spawn(remove)
    azure.sleep(70)
    task:cancel()
    task:wait()

    local report = assert(remove())

    assert.is_false(report.changed)
    assert.equal(1, #report.orphans)
    assert.matches("the link is gone", report.orphans[1].why)
  end)

  it("says that nobody could look where the upstream is another team's", function()
    assert(s:establish())
    s.client = s:new_client(s.e:principal{ actions = { "Microsoft.SignalRService/*" } })

    local report = assert(remove())

    assert.is_true(report.changed)
    assert.is_false(report.confirmed)
    assert.equal("UpstreamNotReadable", report.warnings[1].code)
    assert.matches("nobody looked", tostring(report))
    assert.is_nil(s:link())
  end)

  it("looks through the approver's eyes where one is given", function()
    assert(s:establish())
    local approver = s.client
    s.client = s:new_client(s.e:principal{ actions = { "Microsoft.SignalRService/*" } })

    assert.is_true(assert(remove{ approve = approver }).confirmed)
  end)

  it("removes another tenant's link, and says what it did not see", function()
    local func, approver = s:other_tenant()
    assert(s:establish{ upstream = func, approve = approver })

    local report = assert(remove{ upstream = func })

    assert.is_true(report.changed)
    assert.equal("UpstreamNotReadable", report.warnings[1].code)
  end)

  it("warns when another tool made the link", function()
    assert(s.client:signalr(s.e.ids.signalr).shared_private_links:create("func-pe",
      { target = s.e.ids.func, group = "sites", request_message = "terraform" }))

    local report = assert(remove())

    assert.equal("ForeignLink", report.warnings[1].code)
    assert.is_true(report.changed)
  end)

  it("takes the copies of replicas along", function()
    s:add_replica()
    assert(s:establish())

    assert.is_true(assert(remove()).confirmed)
    assert.equal("", s:statuses())
  end)

  it("deletes nothing while it cannot be told what is there", function()
    assert(s:establish())
    s.e:fault{ match = "GET .*privateEndpointConnections", status = 500, times = 100 }

    local report, err = remove()

    assert.is_nil(report)
    assert.equal(500, err.status)
    assert.is_not_nil(s:link())
  end)

  it("ends at its deadline, however slow the upstream", function()
    assert(s:establish())
    s.e:fault{ match = "GET .*privateEndpointConnections", delay = 1e5, times = 1e5 }
    local started = helper.loop():now()

    local report, err = remove{ timeout = 60 }

    assert.is_nil(report)
    assert.equal("JobTimeout", err.code)
    assert.is_true(helper.loop():now() - started < 62)
  end)

  it("sends a DELETE again only when the link is still there", function()
    assert(s:establish())
    s.e:fault{ match = "DELETE", drop = "after" }

    assert(remove())

    assert.is_nil(s:link())
  end)

  it("gives the ids of its call to the audit trail", function()
    assert(s:establish())

    local report = assert(remove())

    local ids = {}
    for _, event in ipairs(s.events) do
      if event.step == "delete" then ids[#ids + 1] = event.request_id end
    end
    assert.same({ report.request_ids[1].request_id }, ids)
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
