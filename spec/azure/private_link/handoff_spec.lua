local azure = require "azure"
local helper = require "spec.helper"
local scene = require "spec.azure.private_link.scene"

describe("the hand-off", function()
  local s, creator, approver

  before_each(function()
    s = scene.new()
    creator = s:new_client(s.e:principal{ actions = { "*/read", "Microsoft.SignalRService/*" } })
    approver = s:new_client(s.e:principal{ actions = { "Microsoft.Web/*" } })
  end)

  local function offer()
    local report = assert(azure.private_link.establish(creator, s:spec{ approve = false }))
    return report.handoff, report
  end

  it("stops before the approval, and survives JSON", function()
    local handoff, report = offer()
    local again = azure.json.decode(azure.json.encode(handoff))

    assert.equal("awaiting-approval", report.state)
    assert.equal("Pending", s:statuses())
    assert.same(handoff, again)
    assert.equal(s:connections()[1].id:lower(), again.connection:lower())
    assert.matches(again.reference, again.message, 1, true)
  end)

  it("is approved by another identity, and the creator's next run sees it", function()
    local handoff = azure.json.decode(azure.json.encode((offer())))

    local result = assert(azure.private_link.approve(approver, handoff))
    local report = assert(azure.private_link.establish(creator, s:spec{ approve = false }))

    assert.is_true(result.changed)
    assert.equal("established", report.state)
    assert.is_false(report.changed)
    assert.equal(1, s:approvals())
  end)

  it("accepts the report itself, and approving twice changes nothing", function()
    local _, report = offer()
    assert(azure.private_link.approve(approver, report))

    local result = assert(azure.private_link.approve(approver, report))

    assert.is_false(result.changed)
    assert.equal(1, s:approvals())
  end)

  it("says so when the link itself cannot be read", function()
    local result = assert(azure.private_link.approve(approver, (offer())))

    assert.equal("LinkNotReadable", result.warnings[1].code)
  end)

  it("does not need to see the upstream to create", function()
    local blind = s:new_client(s.e:principal{ actions = { "Microsoft.SignalRService/*" } })

    local report = assert(azure.private_link.establish(blind, s:spec{ approve = false }))
    local result = assert(azure.private_link.approve(approver, report.handoff))

    assert.is_nil(report.handoff.connection)
    assert.equal("approved", result.state)
    assert.equal("Approved", s:statuses())
  end)

  it("approves through an explicit approver's client", function()
    local report = assert(azure.private_link.establish(creator, s:spec{ approve = approver }))

    assert.equal("approved by the approver's credential", report.who)
    assert.equal("established", report.state)
  end)

  it("is refused by the creator's credential when that may not approve", function()
    local report, err = azure.private_link.establish(creator, s:spec())

    assert.is_nil(report)
    assert.equal("AuthorizationFailed", err.code)
    assert.equal("Pending", s:statuses())
  end)

  it("leaves strangers alone", function()
    local stranger = s.e:stranger{ target = s.e.ids.func }

    assert(azure.private_link.approve(approver, (offer())))

    assert.equal("Pending", stranger.status)
  end)

  it("refuses when the link says something else than the hand-off", function()
    local handoff = offer()
    handoff.reference = "AZL-ffffffffffffffffffffffff"
    handoff.message = "please approve [ref:AZL-ffffffffffffffffffffffff]"

    local result, err = azure.private_link.approve(s.client, handoff)

    assert.is_nil(result)
    assert.equal("HandoffContradictsLink", err.code)
    assert.equal("Pending", s:statuses())
  end)

  it("refuses a connection that the hand-off does not name", function()
    local handoff = offer()
    handoff.connections = { s.e.ids.func .. "/privateEndpointConnections/another" }

    local result, err = azure.private_link.approve(approver, handoff)

    assert.is_nil(result)
    assert.equal("NotInHandoff", err.code)
  end)

  it("does not overrule a rejection", function()
    local handoff = offer()
    assert(approver:private_endpoint_connections(s.e.ids.func):reject(s:connections()[1].name))

    local result, err = azure.private_link.approve(approver, handoff)

    assert.is_nil(result)
    assert.equal("refused", err.kind)
  end)

  it("is refused when its link is not there any more", function()
    local handoff = offer()
    s.e:remove(s:link().id)

    local result, err = azure.private_link.approve(s.client, handoff)

    assert.is_nil(result)
    assert.equal("HandoffLinkNotFound", err.code)
    assert.equal(0, s:approvals())
  end)

  it("counts for itself: what the letter expects is not asked", function()
    local handoff = offer()
    local copy = s:steal()
    handoff.expected, handoff.connections = 2, nil

    for _, client in ipairs{ s.client, approver } do
      local result, err = azure.private_link.approve(client, handoff)

      assert.is_nil(result)
      assert.equal("ambiguous", err.kind)
    end
    assert.equal("Pending", copy.status)
    assert.equal(0, s:approvals())
  end)

  it("is approved although the answer is lost, and when somebody else is at it", function()
    local handoff = offer()
    s.e:fault{ match = "PUT .*privateEndpointConnections", drop = "after" }

    local one = azure.spawn(function() return azure.private_link.approve(approver, handoff) end)
    local other = azure.spawn(function() return azure.private_link.approve(s:new_client(), handoff) end)

    assert.equal("approved", assert(one:wait()).state)
    assert.equal("approved", assert(other:wait()).state)
    assert.equal("Approved", s:statuses())
    assert.equal(1, s.e.approvals)
  end)

  it("is not done while the connection is only about to be approved", function()
    local handoff = offer()
    s:connections()[1].status = "Approving"
    s:after(100, function() s:connections()[1].status = "Approved" end)

    local result = assert(azure.private_link.approve(approver, handoff))

    assert.equal("Approved", result.connections[1].status)
    assert.is_false(result.changed)
  end)

  it("waits out a busy upstream and answers that fail", function()
    local handoff = offer()
    s.e:fault{ match = "PUT .*privateEndpointConnections", status = 409, times = 2 }
    s.e:fault{ match = "GET .*privateEndpointConnections", status = 503, times = 12 }

    assert.is_true(assert(azure.private_link.approve(approver, handoff)).changed)
  end)

  it("ends at its deadline", function()
    local handoff = offer()
    s.e:fault{ match = "GET .*privateEndpointConnections", delay = 1e5, times = 100 }
    local started = helper.loop():now()

    local _, err = azure.private_link.approve(approver, handoff, { timeout = 60 })

    assert.equal("JobTimeout", err.code)
    assert.is_true(helper.loop():now() - started < 62)
  end)

  local broken = {
    { "no table", function() return "x" end },
    { "another kind", function(h) h.kind = "x" return h end },
    { "a newer version", function(h) h.version = 2 return h end },
    { "no upstream", function(h) h.upstream = nil return h end },
    { "a malformed upstream", function(h) h.upstream = "x" return h end },
    { "no reference", function(h) h.reference = nil return h end },
    { "another link's id", function(h) h.link = h.signalr .. "-evil/sharedPrivateLinkResources/" .. h.name return h end },
    { "another SignalR than its link's", function(h) h.signalr = h.signalr .. "-evil" return h end },
    { "another name than its link's", function(h) h.name = "func-pe-2" return h end },
    { "an upstream for a link", function(h) h.link = h.upstream return h end },
    { "an unknown evidence", function(h) h.match = "trust me" return h end },
    { "a choice of nothing", function(h) h.match, h.connections = "explicit", {} return h end },
    { "a message without the reference", function(h) h.message = "please approve" return h end },
    { "a connection of another resource", function(h) h.connections = { h.signalr .. "/a/b" } return h end },
    { "connections that are no list", function(h) h.connections = "x" return h end },
    { "an oversized field", function(h) h.name = ("x"):rep(5000) return h end },
  }
  for _, case in ipairs(broken) do
    it("refuses " .. case[1], function()
      local handoff = case[2]((offer()))

      local result, err = azure.private_link.approve(approver, handoff)

      assert.is_nil(result)
      assert.equal("InvalidHandoff", err.code)
      assert.equal(0, s:approvals())
    end)
  end
end)
