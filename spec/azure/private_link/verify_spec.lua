local azure = require "azure"
local errors = require "azure.errors"
local helper = require "spec.helper"
local scene = require "spec.azure.private_link.scene"
local upstream_module = require "azure.emulator.upstream"

describe("verify", function()
  local s, upstream

  local function verify(fields)
    return azure.private_link.verify(s.client, s:spec(fields))
  end

  local function call_upstream()
    assert(s.e:send_upstream{ url = upstream.url, target = s.e.ids.func }:wait())
  end

  before_each(function()
    s = scene.new()
    local keys = assert(s.client:signalr(s.e.ids.signalr):keys())
    upstream = helper.closing(assert(upstream_module.listen{ keys = { keys.primaryKey, keys.secondaryKey } }))
    helper.closing{ close = function() if s.e.http then s.e.http:close() end end }
  end)

  it("says that there is no link", function()
    local result = assert(verify())

    assert.is_false(result.ok)
    assert.matches("there is no link", result.checks[1].message)
  end)

  it("says which end is not approved", function()
    assert(s:establish{ approve = false })

    local result = assert(verify())

    assert.is_false(result.ok)
    assert.matches("Pending", tostring(result))
  end)

  it("confirms both ends", function()
    assert(s:establish())

    local result = assert(verify())

    assert.is_true(result.ok)
    assert.is_nil(result.verdict)
    assert.equal("Approved", result.connection.status)
  end)

  it("proves that traffic is private", function()
    assert(s:establish())
    call_upstream()

    local result = assert(verify{ probe = upstream.url, since = 0 })

    assert.equal("private", result.verdict)
    assert.is_true(result.ok)
    assert.matches("traffic: private %(10%.", tostring(result))
  end)

  it("tells that traffic is still public", function()
    call_upstream()
    assert(s:establish())

    local result = assert(verify{ probe = upstream.url, since = 0 })

    assert.equal("public", result.verdict)
    assert.is_false(result.ok)
  end)

  it("waits for a call, and says when none came", function()
    assert(s:establish())

    local result = assert(verify{ probe = upstream.url, probe_timeout = 60 })

    assert.equal("not yet seen", result.verdict)
    assert.is_false(result.ok)
  end)

  it("asks a function where the probe cannot be reached from here", function()
    assert(s:establish())

    local result = assert(verify{ since = 0, probe = function()
      return { { at = 1, forwarded_for = "10.0.0.9:1", signature = "valid" } }
    end })

    assert.equal("10.0.0.9", result.probe.evidence[1].ip)
  end)

  it("says what it checked when the probe is closed to the public, as it must be", function()
    assert(s:establish())
    s.e:fault{ match = "GET .*/probe", status = 403, times = 100 }

    local result = assert(verify{ probe = s.e.url .. "/probe" })

    assert.equal("not yet seen", result.verdict)
    assert.is_true(result.checks[1].ok and result.checks[2].ok)
    assert.is_false(result.ok)
    assert.equal("ProbeClosed", result.warnings[1].code)
    assert.equal(403, result.probe.error.status)
  end)

  it("does the same when a function answers so", function()
    assert(s:establish())

    local result = assert(verify{ probe = function()
      return nil, errors.new{ kind = "service", code = "ProbeFailed", status = 403, message = "closed" }
    end })

    assert.equal("not yet seen", result.verdict)
  end)

  it("reports a function that gives nothing", function()
    assert(s:establish())

    local result, err = verify{ probe = function() end }

    assert.is_nil(result)
    assert.equal("NotAProbe", err.code)
  end)

  it("asks no longer than the job may last", function()
    assert(s:establish())
    local started = helper.loop():now()

    assert(verify{ timeout = 10, probe_timeout = 100, probe = function() return {} end })

    assert.is_true(helper.loop():now() - started < 12)
  end)

  it("reports what is no probe", function()
    local result, err = verify{ probe = s.e.url .. "/nothing" }

    assert.is_nil(result)
    assert.equal("ProbeFailed", err.code)
  end)

  it("reports open doors", function()
    s.e:resource(s.e.ids.func).public_network_access = "Enabled"
    assert(s:establish())

    local result = assert(verify())

    assert.equal("Enabled", result.doors.public_network_access)
    assert.equal("PublicAccessEnabled", result.warnings[1].code)
  end)

  it("looks at every connection that has the evidence", function()
    assert(s:establish())
    local ours = s:connections()[1]
    ours.status = "Rejected"
    s.e:stranger{ target = s.e.ids.func, message = ours.description, status = "Approved" }

    local result = assert(verify())

    assert.is_false(result.ok)
    assert.matches("is Rejected", tostring(result))
  end)

  it("sees more approvals than there are links", function()
    assert(s:establish())
    s.e:stranger{ target = s.e.ids.func, message = s:connections()[1].description, status = "Approved" }

    local result = assert(verify())

    assert.is_false(result.ok)
    assert.matches("approved connections: 2, expected: 1", tostring(result))
  end)

  it("checks the connection of every replica", function()
    s:add_replica()
    assert(s:establish())
    assert.is_true(assert(verify()).ok)
    s.e:resource(s:replica_link().connection_id).status = "Pending"

    local result = assert(verify())

    assert.is_false(result.ok)
    assert.matches("approved connections: 1, expected: 2", tostring(result))
  end)

  it("does not take replicas that cannot be read for none", function()
    assert(s:establish())
    s.e:fault{ match = "GET .*/replicas%?", status = 403, times = 9 }

    assert.equal("AuthorizationFailed", select(2, verify()).code)
  end)

  it("knows by its name what has lost its description, and says so", function()
    assert(s:establish())
    s:connections()[1].description = "approved in the portal"
    s.e:stranger{ target = s.e.ids.func, message = "" }

    local result = assert(verify())

    assert.is_true(result.ok)
    assert.matches("known by its name", tostring(result))
  end)

  it("reports the link where the upstream is another team's", function()
    assert(s:establish())
    s.client = s:new_client(s.e:principal{ actions = { "Microsoft.SignalRService/*" } })

    local result = assert(verify())

    assert.is_true(result.checks[1].ok)
    assert.is_false(result.ok)
    assert.matches("cannot be read", tostring(result))
  end)
end)
