local azure = require "azure"
local scene = require "spec.azure.private_link.scene"

describe("a hand-off by other evidence than the reference", function()
  local s

  local function offer(fields)
    local spec = s:spec{ approve = false }
    for key, value in pairs(fields or {}) do spec[key] = value end
    local report = assert(azure.private_link.establish(s.client, spec))
    return azure.json.decode(azure.json.encode(report.handoff))
  end

  before_each(function()
    s = scene.new{ empty_description = true }
  end)

  it("is offered and approved by the name", function()
    local handoff = offer{ match = "name" }

    local result = assert(azure.private_link.approve(s:new_client(), handoff))

    assert.equal("name", handoff.match)
    assert.equal("name", result.evidence)
    assert.equal("Approved", s:statuses())
  end)

  it("is offered and approved by the baseline", function()
    s.e:stranger{ target = s.e.ids.func, status = "Rejected" }

    local result = assert(azure.private_link.approve(s:new_client(), offer{ match = "baseline" }))

    assert.equal("baseline", result.evidence)
    assert.equal("Approved Rejected", s:statuses())
  end)

  it("is offered and approved as a person chose", function()
    local _, err = s:establish{ approve = false }
    local handoff = offer{ connection = err.candidates[1].id }

    assert(azure.private_link.approve(s:new_client(), handoff))

    assert.equal("explicit", handoff.match)
    assert.equal("Approved", s:statuses())
  end)

  it("is of use for a link without a reference", function()
    s = scene.new()
    assert(s.client:signalr(s.e.ids.signalr).shared_private_links:create("func-pe",
      { target = s.e.ids.func, group = "sites", request_message = "tf" }))

    assert(azure.private_link.approve(s:new_client(), offer{ match = "name" }))

    assert.equal("Approved", s:statuses())
  end)

  it("is not offered where nobody could use it", function()
    s = scene.new()
    local creator = s:new_client(s.e:principal{ actions = { "Microsoft.SignalRService/*" } })
    assert(s.client:signalr(s.e.ids.signalr).shared_private_links:create("func-pe",
      { target = s.e.ids.func, group = "sites", request_message = "tf" }))

    local report, err = azure.private_link.establish(creator, s:spec{ approve = false })

    assert.is_nil(report)
    assert.equal("NothingToHandOff", err.code)
  end)

  it("needs a person of the approver's side when there are look-alikes", function()
    local handoff = offer{ match = "name" }
    s.e:stranger{ target = s.e.ids.func, message = "" }

    local _, err = azure.private_link.approve(s:new_client(), handoff)
    assert.equal("ambiguous", err.kind)
    assert(azure.private_link.approve(s:new_client(), handoff, { connection = handoff.connection }))

    assert.equal("Approved Pending", s:statuses())
  end)

  it("is not believed over a reference that was cut out of it", function()
    s = scene.new()
    local handoff = offer()
    local thief = s.e:stranger{ target = s.e.ids.func, message = "" }
    handoff.match, handoff.reference, handoff.message = "name", nil, "please approve"
    handoff.connections = { thief.id }
    local outsider = s:new_client(s.e:principal{ actions = { "Microsoft.Web/*" } })

    for _, client in ipairs{ s.client, outsider } do
      local result, err = azure.private_link.approve(client, handoff)
      assert.is_nil(result)
      assert.is_true(err.kind == "refused" or err.kind == "ambiguous", tostring(err))
    end

    assert.equal("Pending", thief.status)
  end)
end)

describe("a hand-off with replicas", function()
  local s

  before_each(function()
    s = scene.new()
    s:add_replica()
  end)

  it("is offered when all connections are there, and names them all", function()
    s:let_take("connection_opens", { 23, 300 })

    local report = assert(s:establish{ approve = false })
    local result = assert(azure.private_link.approve(s:new_client(), report.handoff))

    assert.equal(2, #report.handoff.connections)
    assert.equal(2, #result.connections)
    assert.equal("Approved Approved", s:statuses())
    assert.is_false(assert(azure.private_link.approve(s:new_client(), report.handoff)).changed)
  end)

  it("is not offered by halves", function()
    s:let_take("connection_opens", { 23, 1e6 })

    local report, err = s:establish{ approve = false }

    assert.is_nil(report)
    assert.equal("JobTimeout", err.code)
  end)

  it("takes a person's choice of one of them for enough", function()
    local handoff = assert(s:establish{ approve = false }).handoff

    local one = assert(azure.private_link.approve(s:new_client(), handoff, { connection = handoff.connections[1] }))

    assert.equal(1, #one.connections)
    assert.equal("Approved Pending", s:statuses())
  end)

  it("needs a person's choice where the approver cannot count the replicas", function()
    local handoff = assert(s:establish{ approve = false }).handoff
    local approver = s:new_client(s.e:principal{ actions = { "Microsoft.Web/*" } })

    assert.equal("ambiguous", select(2, azure.private_link.approve(approver, handoff)).kind)
    local one = assert(azure.private_link.approve(approver, handoff, { connection = handoff.connections[1] }))

    assert.equal(handoff.connections[1]:lower(), one.connection.id:lower())
  end)
end)

describe("another tenant's upstream", function()
  local s, func, approver

  before_each(function()
    s = scene.new()
    func, approver = s:other_tenant()
  end)

  it("is handed off by a creator who is nobody there, and seen when it is approved", function()
    local spec = s:spec{ upstream = func, approve = false }

    local report = assert(azure.private_link.establish(s.client, spec))
    s.e:advance(100)
    local result = assert(azure.private_link.approve(approver, report.handoff))
    local again = assert(azure.private_link.establish(s.client, spec))
    s.e:advance(200)
    local done = assert(azure.private_link.establish(s.client, spec))

    assert.equal("awaiting-approval", report.state)
    assert.equal("LinkNotReadable", result.warnings[1].code)
    assert.equal("awaiting-approval", again.state)
    assert.equal("established", done.state)
    assert.equal("UpstreamNotReadable", done.warnings[1].code)
  end)

  it("is approved by a client of that tenant", function()
    assert.equal("established", assert(s:establish{ upstream = func, approve = approver }).state)
  end)

  it("is not approved by the creator when nobody knows whose it is", function()
    local id = func:gsub("their%-func", "ours")
    s.e:seed{ id = id }
    s.e:resource(id:match("^/subscriptions/[^/]+")).tenant_id = s.e.tenant_id
    s.e:fault{ match = "GET .*subscriptions/99999999%-0000%-4000%-8000%-000000000000%?", status = 403, times = 100 }

    local report, err = s:establish{ upstream = id }

    assert.is_nil(report)
    assert.equal("ApproverNeeded", err.code)
    assert.equal("established", assert(s:establish{ upstream = id, approve = true }).state)
  end)
end)

describe("a creator who may not look at the upstream", function()
  it("hands off while the link is Pending, and reports it when it is Approved", function()
    local s = scene.new()
    local creator = s:new_client(s.e:principal{ actions = { "Microsoft.SignalRService/*" } })
    local spec = s:spec{ approve = false }

    local first = assert(azure.private_link.establish(creator, spec))
    local second = assert(azure.private_link.establish(creator, spec))
    s.e:advance(60)
    assert(azure.private_link.approve(s.client, second.handoff))
    s.e:advance(200)
    local third = assert(azure.private_link.establish(creator, spec))

    assert.equal("awaiting-approval", first.state)
    assert.equal("awaiting-approval", second.state)
    assert.equal("established", third.state)
    assert.is_false(third.changed)
  end)
end)
