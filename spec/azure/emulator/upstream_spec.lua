local core = require "azure.core"
local json = require "azure.json"
local upstream = require "azure.emulator.upstream"
local helper = require "spec.helper"
local support = require "spec.azure.emulator.support"

local function start()
  local e = helper.emulator{ seed = "contoso" }
  local keys = e:resource(e.ids.signalr).keys
  return e, helper.closing(assert(upstream.listen{ keys = { keys.Primary } }))
end

local function connect(e)
  support.create_link(e)
  support.ask(e, "PUT", support.connections(e)[1].id, support.state("Approved"))
  e:advance(300)
end

describe("azure.emulator.upstream", function()
  it("signs per key, and takes any of them", function()
    local signature = upstream.sign({ "one", "two" }, "id")

    assert.truthy(signature:find("^sha256=%x+,sha256=%x+$"))
    assert.equal("valid", upstream.check(signature, { "two" }, "id"))
    assert.equal("valid", upstream.check(signature:upper(), { "one" }, "id"))
    assert.equal("invalid", upstream.check(signature, { "three" }, "id"))
    assert.equal("invalid", upstream.check(signature, { "one" }, "other"))
    assert.equal("missing", upstream.check(nil, { "one" }, "id"))
  end)

  it("signs as the service does", function()
    assert.equal("sha256=" .. core.hmac_sha256("key", "connection"), upstream.sign({ "key" }, "connection"))
  end)

  it("is called from a public address before the approval", function()
    local e, up = start()

    local answer = assert(e:send_upstream{ url = up.url, target = e.ids.func }:wait())

    local seen = up.seen[1]
    assert.equal(200, answer.status)
    assert.is_false(seen.private)
    assert.same({ "chat", "connections", "connected" }, { seen.hub, seen.category, seen.event })
    assert.equal("valid", seen.signature)
  end)

  it("is called from a private address after it", function()
    local e, up = start()
    connect(e)

    assert(e:send_upstream{ url = up.url, target = e.ids.func, hub = "news", event = "disconnected" }:wait())

    local seen = up.seen[1]
    assert.is_true(seen.private)
    assert.truthy(seen.ip:find("^10%."))
    assert.same({ "news", "disconnected" }, { seen.hub, seen.event })
  end)

  it("finds the public door shut once somebody else's endpoint is approved", function()
    local e, up = start()
    e:stranger{ target = e.ids.func, status = "Approved" }

    local answer = assert(e:send_upstream{ url = up.url, target = e.ids.func }:wait())

    assert.equal(403, answer.status)
    assert.same({}, up.seen)
  end)

  it("finds it open where public access stays enabled", function()
    local e, up = start()
    e:stranger{ target = e.ids.func, status = "Approved" }
    e:resource(e.ids.func).public_network_access = "Enabled"

    assert.equal(200, assert(e:send_upstream{ url = up.url, target = e.ids.func }:wait()).status)
  end)

  it("fills in the URL of the service's own template", function()
    local e, up = start()
    e:resource(e.ids.signalr).properties.upstream = { templates = {
      { hubPattern = "other", urlTemplate = "http://127.0.0.1:1/" },
      { eventPattern = "connected,disconnected", urlTemplate = up.url .. "{hub}/{category}/{event}" },
    } }

    assert.equal(200, assert(e:send_upstream{}:wait()).status)
    assert.equal(1, #up.seen)
  end)

  it("refuses calls that nobody signed, and notes them", function()
    local _, up = start()

    local answer = up:handle({ method = "POST", path = "/", headers = { ["X-Forwarded-For"] = "203.0.113.9:1234" } })

    assert.equal(401, answer.status)
    assert.same({ "missing", "203.0.113.9" }, { up.seen[1].signature, up.seen[1].ip })
  end)

  it("tells what it saw", function()
    local e, up = start()
    assert(e:send_upstream{ url = up.url, forwarded_for = "10.1.2.3:55" }:wait())

    local answer = up:handle({ method = "GET", path = "/" })

    local seen = json.decode(answer.body).seen
    assert.same({ "10.1.2.3", true, "10.1.2.3:55" }, { seen[1].ip, seen[1].private, seen[1].forwarded_for })
  end)

  it("has seen nothing at first", function()
    local up = upstream.listen{ keys = {}, listen = false }

    assert.equal('{"seen":[]}', up:handle({ method = "GET", path = "/" }).body)
  end)

  it("raises where nothing says whom to call", function()
    local e = start()
    e:resource(e.ids.signalr).properties.upstream = { templates = json.null }

    assert.error_matches(function() e:send_upstream{} end, "no upstream template fits")
    assert.error_matches(function() e:send_upstream{ signalr = "/x" } end, "'signalr' must be")
    assert.error_matches(function() e:send_upstream{ uri = "x" } end, "unknown option 'uri'")
  end)
end)
