local azure = require "azure"
local helper = require "spec.helper"
local lock = require "azure.private_link.lock"
local scene = require "spec.azure.private_link.scene"

describe("establish", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  it("creates the link, approves its connection and waits for both ends", function()
    local report = assert(s:establish())

    assert.equal("established", report.state)
    assert.is_true(report.changed)
    assert.equal("reference", report.evidence)
    assert.equal("Approved", s:link().status)
    assert.equal("Approved", s:statuses())
    assert.equal(s:connections()[1].id:lower(), report.connection.id:lower())
    assert.equal(2, #report.request_ids)
    assert.matches("private path established", tostring(report))
  end)

  it("leaves the look-alike of a stranger Pending", function()
    local stranger = s.e:stranger{ target = s.e.ids.func }
    s:after(10, function() s.e:stranger{ target = s.e.ids.func } end)

    assert(s:establish())

    assert.equal("Approved Pending Pending", s:statuses())
    assert.equal("Pending", stranger.status)
    assert.equal(1, s:approvals())
  end)

  it("changes nothing the second time, and says so", function()
    assert(s:establish())
    s.e:clear_requests()

    local report = assert(s:establish())

    assert.is_false(report.changed)
    assert.equal(0, #s.e:requests("PUT"))
    assert.matches("nothing had to be changed", tostring(report))
  end)

  it("adopts a link that another run created", function()
    assert(s:establish{ approve = false })

    local report = assert(s:establish())

    assert.equal("established", report.state)
    assert.equal(1, s:puts())
    assert.equal(1, s:approvals())
  end)

  it("keeps the request message with its reference in the description", function()
    assert(s:establish{ request_message = "from team a" })

    assert.matches("^from team a %[ref:AZL%-%x+%]$", s:connections()[1].description)
  end)

  it("sends nothing but the state when it approves", function()
    assert(s:establish())

    local body = azure.json.decode(s.e:requests("PUT .*privateEndpointConnections")[1].body)

    assert.equal("privateLinkServiceConnectionState", next(body.properties))
    assert.is_nil(next(body.properties, "privateLinkServiceConnectionState"))
  end)

  it("refuses a link of that name that leads elsewhere", function()
    s.e:seed{ id = helper.group .. "/providers/Microsoft.Web/sites/other-func", plan = s.e.ids.plan }
    assert(s:establish{ approve = false, upstream = helper.group .. "/providers/Microsoft.Web/sites/other-func" })

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("refused", err.kind)
    assert.equal("LinkTargetsAnother", err.code)
  end)

  it("tells each step, with who and why", function()
    assert(s:establish())

    assert.equal("preflight baseline create bind approve establish", s:steps("done"))
    local bound
    for _, event in ipairs(s.events) do
      if event.step == "bind" then bound = event end
    end
    assert.equal("reference", bound.evidence)
    assert.is_string(bound.connection)
    assert.is_number(bound.at)
    assert.equal("creator", bound.role)
    assert.matches("^appid " .. s.e.owner.client_id:gsub("%-", "%%-"), bound.who)
  end)

  it("gives the ids of each write to the audit trail, and whose credential it was", function()
    local approver = s:new_client(s.e:principal{})
    assert(s:establish{ approve = approver })

    local writes = {}
    for _, event in ipairs(s.events) do
      if event.request_id then writes[#writes + 1] = { event.step, event.role, event.request_id } end
    end
    local requests = s.e:requests("PUT")
    local function id(entry)
      for _, pair in ipairs(entry.response_headers) do
        if pair[1]:lower() == "x-ms-request-id" then return pair[2] end
      end
    end
    assert.equal(2, #writes)
    assert.same({ "create", "creator" }, { writes[1][1], writes[1][2] })
    assert.same({ "approve", "approver", id(requests[2]) }, writes[2])
  end)

  it("says that nobody approved yet when nobody did", function()
    local report = assert(s:establish{ approve = false })

    assert.equal("approved by nobody yet", report.who)
    assert.is_nil(report.approved_by)
    local last = s.events[#s.events]
    assert.equal("handoff", last.step)
    assert.equal(1, #last.request_ids)
  end)

  it("works inside a task, too", function()
    local report = azure.run(function() return s:establish() end)

    assert.equal("established", report.state)
  end)

  it("gives up at its deadline, and goes on in the next run", function()
    local report, err = s:establish{ timeout = 30 }

    assert.is_nil(report)
    assert.equal("timeout", err.kind)
    assert.equal("established", assert(s:establish()).state)
    assert.equal(1, s:puts())
  end)
end)

describe("establish, when somebody else decided", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  it("does not approve what is approved", function()
    assert(s:establish{ approve = false })
    local connection = s:connections()[1]
    assert(s.client:private_endpoint_connections(s.e.ids.func):approve(connection.name))
    s.e:clear_requests()

    local report = assert(s:establish())

    assert.equal(0, s:approvals())
    assert.equal("approved before this run", report.who)
  end)

  it("accepts automatic approval", function()
    s = scene.new{ auto_approve = true }

    local report = assert(s:establish())

    assert.equal("established", report.state)
    assert.equal(0, s:approvals())
    assert.equal("ConnectionNotIdentified", report.warnings[#report.warnings].code)
  end)

  it("never overrules a rejection", function()
    assert(s:establish{ approve = false })
    assert(s.client:private_endpoint_connections(s.e.ids.func):reject(s:connections()[1].name))

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("refused", err.kind)
    assert.matches("Rejected$", err.code)
    assert.equal("Rejected", s:connections()[1].status)
  end)

  it("accepts that somebody was quicker", function()
    local rule = s.e:fault{ match = function(request)
      local is_approval = request.method == "PUT" and request.url:find("privateEndpointConnections", 1, true)
      if is_approval then s:connections()[1].status = "Approved" end
      return is_approval
    end, status = 400, code = "PrivateEndpointConnectionStatusNotPending" }
    s:after(200, function() s:link().status = "Approved" end)

    local report = assert(s:establish())

    assert.equal(1, rule.hits)
    assert.equal("established", report.state)
  end)

  it("reports that somebody was quicker and rejected", function()
    s.e:fault{ match = function(request)
      local is_approval = request.method == "PUT" and request.url:find("privateEndpointConnections", 1, true)
      if is_approval then s:connections()[1].status = "Rejected" end
      return is_approval
    end, status = 400, code = "PrivateEndpointConnectionStatusNotPending" }

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("refused", err.kind)
    assert.equal("ConnectionRejected", err.code)
  end)

  it("reports a connection that was removed", function()
    assert(s:establish{ approve = false })
    assert(s.client:private_endpoint_connections(s.e.ids.func):delete(s:connections()[1].name))
    s.e:advance(200)

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("LinkDisconnected", err.code)
  end)
end)

describe("establish, when evidence is missing", function()
  local s

  before_each(function()
    s = scene.new{ empty_description = true }
  end)

  it("refuses to guess, with the candidates and what speaks for and against each", function()
    s:after(70, function() s.e:stranger{ target = s.e.ids.func } end)

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("ambiguous", err.kind)
    assert.equal(2, #err.candidates)
    assert.is_string(err.candidates[1].against[1])
    assert.matches("connection=", err.hint)
    assert.equal("Pending Pending", s:statuses())
    assert.equal(0, s:approvals())
  end)

  it("goes on when a person chooses", function()
    local _, err = s:establish()
    assert.equal("ambiguous", err.kind)

    local report = assert(s:establish{ connection = err.candidates[1].id })

    assert.equal("explicit", report.evidence)
    assert.equal("Approved", s:statuses())
  end)

  it("does not take a choice for right that was there before", function()
    local stranger = s.e:stranger{ target = s.e.ids.func }

    local report, err = s:establish{ connection = stranger.name }

    assert.is_nil(report)
    assert.equal("NotOurConnection", err.code)
    assert.equal("Pending", stranger.status)
  end)

  it("accepts the name when it was asked to", function()
    local report = assert(s:establish{ match = "name" })

    assert.equal("name", report.evidence)
    assert.equal("Approved", s:statuses())
  end)

  it("accepts the only new one when it was asked to", function()
    s.e:stranger{ target = s.e.ids.func }

    local report = assert(s:establish{ match = "baseline" })

    assert.equal("baseline", report.evidence)
    assert.equal(1, s:approvals())
  end)

  for _, match in ipairs{ "name", "baseline" } do
    it(("refuses two that %s would take"):format(match), function()
      s:after(30, function() s.e:stranger{ target = s.e.ids.func, message = "" } end)

      local report, err = s:establish{ match = match }

      assert.is_nil(report)
      assert.equal("ambiguous", err.kind)
      assert.equal(2, #err.candidates)
      assert.equal(0, s:approvals())
    end)
  end
end)

describe("establish, when Azure is slow or busy", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  it("asks again when the link timed out", function()
    s = scene.new{ timings = { link_timeout = 300 } }
    assert(s:establish{ approve = false })
    s.e:advance(400)
    assert.equal("Timeout", s:link().status)

    local report = assert(s:establish())

    assert.equal("established", report.state)
    assert.equal(2, s:puts())
  end)

  it("waits out a SignalR that is being updated", function()
    local signalr = s.client:signalr(s.e.ids.signalr)
    local op <close> = signalr:begin_update{ tags = { a = "b" } }
    s.e:advance(1)

    local report = assert(s:establish())

    assert.is_not_nil(op)
    assert.equal("established", report.state)
  end)

  it("waits out 409", function()
    local rule = s.e:fault{ match = "PUT .*sharedPrivateLink", status = 409, times = 3 }

    assert.equal("established", assert(s:establish()).state)
    assert.equal(3, rule.hits)
    assert.equal(1, s:puts())
  end)

  it("does not wait for a lock to go away", function()
    local rule = s.e:fault{ match = "PUT .*sharedPrivateLink", status = 409, code = "ScopeLocked", times = 100 }

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("ScopeLocked", err.code)
    assert.equal(1, rule.hits)
  end)

  it("passes over looks that fail", function()
    s.e:fault{ match = "GET .*privateEndpointConnections", status = 503, after = 1, times = 12 }

    assert.equal("established", assert(s:establish()).state)
  end)

  it("does not mind that ARM forgets the link for a moment", function()
    s.e:fault{ match = "GET .*sharedPrivateLinkResources/func%-pe", status = 404, after = 4, times = 3 }

    assert.equal("established", assert(s:establish()).state)
    assert.equal(1, s:puts())
  end)

  it("reports that the link was deleted meanwhile", function()
    s:after(130, function() s.e:remove(s.e.ids.signalr .. "/sharedPrivateLinkResources/func-pe") end)

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("LinkGone", err.code)
  end)

  it("tries an approval again whose answer was lost", function()
    s.e:fault{ match = "PUT .*privateEndpointConnections", status = 503, times = 9 }

    assert.equal("established", assert(s:establish()).state)
  end)

  it("does not try to approve for ever", function()
    s.e:fault{ match = "PUT .*privateEndpointConnections", status = 503, times = 1e6 }

    local report, err = s:establish{ timeout = 600 }

    assert.is_nil(report)
    assert.equal(503, err.status)
  end)

  it("asks for a failed link again", function()
    assert(s:establish{ approve = false })
    s:link().provisioning_state = "Failed"

    assert.equal("established", assert(s:establish()).state)
    assert.equal(2, s:puts())
  end)

  it("writes to one SignalR in turn and to several at once", function()
    local base = helper.group .. "/providers/"
    s.e:seed{
      { id = base .. "Microsoft.SignalRService/signalR/second", sku = { name = "Standard_S1" } },
      { id = base .. "Microsoft.Web/sites/other-func", plan = s.e.ids.plan },
    }
    local rows = {
      s:spec{ name = "one-pe" }, s:spec{ name = "two-pe", upstream = base .. "Microsoft.Web/sites/other-func" },
      s:spec{ name = "three-pe", signalr = base .. "Microsoft.SignalRService/signalR/second" },
    }
    local started = helper.loop():now()

    local reports, errs = azure.map(rows, { concurrency = 3 }, function(row)
      return azure.private_link.establish(s.client, row)
    end)

    assert.is_nil(errs)
    assert.equal(3, #reports)
    assert.equal(3, s:puts())
    assert.equal(0, lock.count())
    assert.is_true(helper.loop():now() - started < 700)
  end)

  it("gives its turn back when the task is cancelled", function()
    local task = azure.spawn(function() return s:establish() end)
    azure.sleep(5)

    task:cancel()
    azure.sleep(1)

    assert.equal(0, lock.count())
    assert.equal("established", assert(s:establish()).state)
  end)
end)

describe("establish, in two processes at once", function()
  local s, acquire

  before_each(function()
    s = scene.new()
    acquire = lock.acquire
    -- What another process holds, this one does not know of.
    lock.acquire = function() return setmetatable({}, { __close = function() end }) end
  end)

  after_each(function()
    lock.acquire = acquire
  end)

  local function start(fields)
    local client = s:new_client()
    return azure.spawn(function() return azure.private_link.establish(client, s:spec(fields)) end)
  end

  it("gives one link and one approval", function()
    local one, other = start(), start()

    assert.equal("established", assert(one:wait()).state)
    assert.equal("established", assert(other:wait()).state)
    assert.equal(1, s:puts())
    assert.equal(1, s.e.approvals)
  end)

  it("is finished by the second when the first dies", function()
    local one, other = start(), start()
    azure.sleep(30)
    one:cancel()
    one:wait()

    local report = assert(other:wait())

    assert.equal(s:connections()[1].id:lower(), report.connection.id:lower())
    assert.equal(1, s:puts())
  end)

  it("gives both the same hand-off", function()
    local one, other = start{ approve = false }, start{ approve = false }

    assert.same(assert(one:wait()).handoff, assert(other:wait()).handoff)
  end)

  it("names the connection whose reference another tool has overwritten", function()
    assert(s:establish{ approve = false })
    s:link().message = "please approve [ref:AZL-ffffffffffffffffffffffff]"

    local report, err = s:establish{ timeout = 300 }

    assert.is_nil(report)
    assert.equal("JobTimeout", err.code)
    assert.equal(s:connections()[1].id:lower(), err.candidates[1].id:lower())
    assert.matches("remove the link", err.hint)
    assert.equal(0, s:approvals())
  end)

  it("does not lose the reference that the connection was opened with", function()
    s:after(40, function() s:link().message = "please approve [ref:AZL-ffffffffffffffffffffffff]" end)

    assert.equal("Approved", assert(s:establish()).connection.status)
  end)
end)

describe("establish, when reads of the link mislead", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  it("does not ask anew for a link that one read misses", function()
    assert.is_nil((s:establish{ timeout = 40 }))
    s.e:advance(100)
    s.e:fault{ match = "GET .*sharedPrivateLinkResources/func", status = 404, code = "ResourceNotFound", times = 2 }

    assert.equal("established", assert(s:establish()).state)
    assert.equal(1, s:puts())
  end)

  it("does not ask anew when it cannot see whether the old one is gone", function()
    assert(s:establish{ approve = false })
    s:link().provisioning_state = "Deleting"
    s.e:fault{ match = "GET .*sharedPrivateLinkResources", status = 403, after = 2, times = 100 }

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal(403, err.status)
    assert.equal(1, s:puts())
  end)

  it("adopts what is there when its own request fails", function()
    local links, theirs = s:new_client():signalr(s.e.ids.signalr).shared_private_links, nil
    s.e:fault{ status = 500, match = function(request)
      local is_first = request.method == "PUT" and not theirs
      if is_first then
        theirs = links:begin_create("func-pe", { target = s.e.ids.func, group = "sites",
          request_message = "theirs [ref:AZL-ffffffffffffffffffffffff]" })
      end
      return is_first
    end }

    local report = assert(s:establish())

    assert.equal("AZL-ffffffffffffffffffffffff", report.reference)
    assert.equal(1, s:puts())
  end)

  it("asks again for a failed link of another tool with a reference of its own", function()
    assert(s.client:signalr(s.e.ids.signalr).shared_private_links:create("func-pe",
      { target = s.e.ids.func, group = "sites", request_message = ("x"):rep(140) }))
    s.e:remove(s:connections()[1] and s:connections()[1].id or "/none")
    s:link().provisioning_state, s:link().status = "Failed", "Timeout"

    local report = assert(s:establish())

    assert.equal("reference", report.evidence)
    assert.equal(140, #s:link().message)
  end)

  it("stops when the replicas cannot be read, unless they are to be left alone", function()
    s.e:fault{ match = "GET .*/replicas%?", status = 403, times = 100 }

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("AuthorizationFailed", err.code)
    assert.matches("replicas=false", err.hint, 1, true)
    assert.equal("established", assert(s:establish{ replicas = false }).state)
  end)
end)

describe("establish, when the approval leads nowhere", function()
  local s

  before_each(function()
    s = scene.new{ timings = { propagation = 1e6 } }
  end)

  it("says that the wrong endpoint may have been approved, and names it", function()
    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("ApprovedButNotLinked", err.code)
    assert.equal(s:connections()[1].endpoint_id, err.private_endpoint)
    assert.equal("Approved", s:statuses())
  end)

  it("rejects it again when it was asked to", function()
    local _, err = s:establish{ undo = true }

    assert.equal("ApprovedButNotLinked", err.code)
    assert.is_true(err.undone[1].rejected)
    assert.equal("Rejected", s:statuses())
  end)

  it("claims it only when SignalR had time enough", function()
    local started = helper.loop():now()
    local _, err = s:establish{ timeout = 900, undo = true }

    assert.equal("JobTimeout", err.code)
    assert.equal(s:connections()[1].id:lower(), err.approved[1].id:lower())
    assert.equal("Approved", s:statuses())
    assert.is_true(helper.loop():now() - started < 902)
    assert.equal("ApprovedButNotLinked", select(2, s:establish{ linked_within = 60, timeout = 300 }).code)
  end)

  it("rejects nothing that it did not approve itself", function()
    assert.equal("JobTimeout", select(2, s:establish{ timeout = 600 }).code)

    local _, err = s:establish{ undo = true }

    assert.equal("ApprovedButNotLinked", err.code)
    assert.same({}, err.undone)
    assert.matches("did not approve it", err.hint)
    assert.equal("Approved", s:statuses())
  end)

  it("ends a hanging rejection", function()
    s.e:fault{ delay = 1e6, status = 503, times = 100, match = function(request)
      return request.method == "PUT" and request.body:find("Rejected", 1, true) ~= nil
    end }
    local started = helper.loop():now()

    local _, err = s:establish{ undo = true, linked_within = 100, timeout = 300 }

    assert.equal("ApprovedButNotLinked", err.code)
    assert.is_false(err.undone[1].rejected)
    assert.is_true(helper.loop():now() - started < 312)
  end)
end)

describe("establish, when an approval comes late", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  it("is a matter of time, not an incident", function()
    local report, err = s:establish{ timeout = 200, undo = true }

    assert.is_nil(report)
    assert.equal("JobTimeout", err.code)
    assert.equal("established", assert(s:establish()).state)
    assert.equal(1, s:approvals())
  end)

  it("does not undo what was approved shortly before the deadline", function()
    s:let_take("connection_opens", 1690)

    local _, err = s:establish{ undo = true }
    s.e:advance(600)

    assert.equal("JobTimeout", err.code)
    assert.equal("established", assert(s:establish{ undo = true }).state)
    assert.equal("Approved", s:statuses())
  end)
end)

describe("establish, when what is approved was decided otherwise", function()
  it("is not established while the upstream says Rejected", function()
    local s = scene.new()
    assert(s:establish())
    assert(s.client:private_endpoint_connections(s.e.ids.func):reject(s:connections()[1].name))
    assert.equal("Approved", s:link().status)

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("ConnectionRejected", err.code)
    assert.equal("refused", err.kind)
  end)
end)

describe("establish, when weaker proof was accepted", function()
  local s

  before_each(function()
    s = scene.new()
    s:let_take("connection_opens", 200)
    s:after(30, function() s.early = s.e:stranger{ target = s.e.ids.func, message = "" } end)
  end)

  for _, match in ipairs{ "name", "baseline" } do
    it(("takes our own when it comes within the grace period, by %s"):format(match), function()
      local report = assert(s:establish{ match = match })

      assert.equal("reference", report.evidence)
      assert.equal("Pending", s.early.status)
      assert.equal(1, s:approvals())
    end)

    it(("says what it approved when our own comes after that, and takes it back, by %s"):format(match), function()
      s:let_take("connection_opens", 400)

      local report, err = s:establish{ match = match, undo = true }

      assert.is_nil(report)
      assert.equal("ambiguous", err.kind)
      assert.equal(s.early.id:lower(), err.approved[1].id:lower())
      assert.matches("this run approved", err.message)
      assert.is_true(err.undone[1].rejected)
      assert.equal("Pending Rejected", s:statuses())
      assert.is_nil(s.early.description:find("ref:", 1, true))
    end)
  end

  it("tells it, and leaves it, when nothing is to be undone", function()
    s:let_take("connection_opens", 400)

    local _, err = s:establish{ match = "name" }

    assert.equal(s.early.id:lower(), err.approved[1].id:lower())
    assert.is_nil(err.undone)
    assert.equal("Approved", s.early.status)
  end)

  it("gives what it approved its time when only look-alikes come", function()
    s = scene.new{ empty_description = true }
    s:after(260, function() s.e:stranger{ target = s.e.ids.func, message = "" } end)

    local report = assert(s:establish{ match = "name", undo = true })

    assert.equal("established", report.state)
    assert.equal("Approved Pending", s:statuses())
  end)
end)

describe("establish, when a person chooses the wrong one", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  local function refused(choice)
    local started = helper.loop():now()
    local report, err = s:establish{ connection = choice }
    assert.is_nil(report)
    assert.equal("NotOurConnection", err.code)
    assert.is_true(helper.loop():now() - started < 100)
    return err
  end

  it("refuses another link's connection at once, although it is Approved", function()
    local other = assert(s:establish{ name = "other-pe" })

    refused(other.connection.name)

    assert.equal(1, s.e.approvals)
  end)

  it("does not even ask for a link when the choice was there before", function()
    local stranger = s.e:stranger{ target = s.e.ids.func }

    refused(stranger.id)

    assert.equal(0, s:puts())
  end)

  it("refuses a stranger's while ours is there", function()
    assert(s:establish{ approve = false })
    local stranger = s.e:stranger{ target = s.e.ids.func, message = "hi" }

    assert.equal(2, #refused(stranger.name).candidates)

    assert.equal("Pending", stranger.status)
  end)

  it("refuses another link's connection by its name where nothing has a reference", function()
    local links = s.client:signalr(s.e.ids.signalr).shared_private_links
    for _, name in ipairs{ "other-pe", "func-pe" } do
      assert(links:create(name, { target = s.e.ids.func, group = "sites", request_message = "please approve" }))
    end
    local theirs
    for _, record in ipairs(s:connections()) do
      if record.name:find("^other") then theirs = record end
    end

    refused(theirs.name)

    assert.equal("Pending", theirs.status)
  end)

  it("lets a person decide between copies", function()
    assert(s:establish{ approve = false })
    local copy = s:steal()
    local ours = s:connections()[1]

    assert.equal("ambiguous", select(2, s:establish()).kind)
    assert.equal("established", assert(s:establish{ connection = ours.name }).state)

    assert.equal("Pending", copy.status)
  end)
end)

describe("establish with replicas", function()
  local s

  before_each(function()
    s = scene.new()
    s:add_replica()
  end)

  it("approves the connection of each, one after the other", function()
    local report = assert(s:establish())

    assert.equal("Approved Approved", s:statuses())
    assert.equal(2, #report.connections)
    assert.equal("Approved", s:replica_link().status)
  end)

  it("approves nothing while one is missing", function()
    s:let_take("connection_opens", { 23, 1e6 })

    local _, err = s:establish()

    assert.equal("JobTimeout", err.code)
    assert.matches("1 of 2 connections", err.message)
    assert.equal(0, s:approvals())
  end)

  it("approves no copy that takes the place of one that is late", function()
    s:let_take("connection_opens", { 23, 400 })
    s:after(30, function() s.thief = s:steal() end)

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("ambiguous", err.kind)
    assert.equal(3, #err.candidates)
    assert.equal(0, s:approvals())
    assert.equal("Pending", s.thief.status)
  end)

  it("takes back what SignalR did not follow, and nothing else", function()
    s:let_take("propagation", { 117, 1e6 })

    local _, err = s:establish{ undo = true, timeout = 3600 }

    assert.equal("ApprovedButNotLinked", err.code)
    assert.equal(1, #err.connections)
    assert.equal(1, #err.undone)
    assert.equal("Approved Rejected", s:statuses())
    local linked = s:link().status == "Approved" and s:link() or s:replica_link()
    assert.equal("Approved", s.e:resource(linked.connection_id).status)
  end)

  it("needs no patience for a replica that asked again with a reference of its own", function()
    assert.is_nil((s:establish{ timeout = 100 }))
    s:replica_link().status = "Timeout"
    s.e:remove(s:replica_link().connection_id)
    local started = helper.loop():now()

    local report = assert(s:establish())

    assert.equal(2, #report.connections)
    assert.is_true(helper.loop():now() - started < 500)
  end)

  it("goes on with the second after a run that died between two approvals", function()
    local _, err = s:establish{ timeout = 800 }
    assert.equal("JobTimeout", err.code)
    assert.equal("Approved Pending", s:statuses())

    assert.equal("established", assert(s:establish()).state)
    assert.equal("Approved Approved", s:statuses())
  end)

  it("approves what a person chose without waiting", function()
    assert.is_nil((s:establish{ timeout = 100 }))
    local names = {}
    for i, record in ipairs(s:connections()) do names[i] = record.name end
    local started = helper.loop():now()

    assert(s:establish{ connection = names })

    assert.is_true(helper.loop():now() - started < 400)
  end)
end)

describe("establish, when lists have something else in them", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  it("decides nothing, and does not raise", function()
    s.e:fault{ match = "GET .*privateEndpointConnections%?", effect = true, status = 200, times = 1e5, after = 1,
      body = '{"value":[1,"x",null,{}]}' }

    local report, err = s:establish{ timeout = 100 }

    assert.is_nil(report)
    assert.equal("NotAConnection", err.code)
  end)

  it("decides nothing on a connection of another resource", function()
    assert(s:establish{ approve = false })
    local ours = s:connections()[1]
    s.e:fault{ match = "GET .*privateEndpointConnections%?", effect = true, status = 200, times = 1e5,
      body = azure.json.encode{ value = { {
        id = s.e.ids.func .. "-other/privateEndpointConnections/x", name = "x", properties = { groupIds = { "sites" },
          privateLinkServiceConnectionState = { status = "Pending", description = ours.description } },
      } } } }

    local report, err = s:establish()

    assert.is_nil(report)
    assert.equal("ForeignConnection", err.code)
    assert.equal(0, s:approvals())
  end)
end)

describe("establish, for other shapes", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  it("reaches a slot by its own group", function()
    local slot = s.e.ids.func .. "/slots/blue"
    s.e:seed{ id = slot }

    local report = assert(s:establish{ upstream = slot })

    assert.equal("sites-blue", report.link.group)
    assert.equal("Approved", s:statuses(slot))
    assert.equal("", s:statuses())
  end)

  it("reaches a slot however its id is written", function()
    s.e:seed{ id = s.e.ids.func .. "/slots/blue" }

    local report = assert(s:establish{ upstream = s.e.ids.func .. "/slots/BLUE" })

    assert.equal("sites-blue", report.link.group)
    assert.is_false(assert(s:establish{ upstream = (s.e.ids.func .. "/slots/blue"):upper() }).changed)
  end)

  local targets = {
    { "Microsoft.KeyVault/vaults/contoso-kv", "vault" },
    { "Microsoft.Storage/storageAccounts/contosost", "table" },
  }
  for _, target in ipairs(targets) do
    it("reaches " .. target[1], function()
      local id = helper.group .. "/providers/" .. target[1]
      s.e:seed{ id = id }

      local report = assert(s:establish{ upstream = id })

      assert.equal(target[2], report.link.group)
      assert.equal("Approved", s:statuses(id))
      assert.is_false(assert(s:establish{ upstream = id }).changed)
    end)
  end
end)
