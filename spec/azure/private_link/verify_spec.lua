local azure = require "azure"
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
end)
