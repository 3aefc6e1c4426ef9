-- Trying again, seen from outside: how often a service is asked, when, and with
-- what. Pure decisions have their tables in spec/c/test_retry.c.
local azure = require "azure"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"

local function answers(list)
  for i, line in ipairs(list) do
    if type(line) == "number" then list[i] = { nil, nil, line } end
  end
  return scripted.start(list)
end

-- One request to a server that answers like this.
local function ask(list, request, opts)
  local server = answers(list)
  local client = scripted.client(server, opts)
  local all = { path = path, method = "GET" }
  for key, value in pairs(request or {}) do all[key] = value end
  local response, err = client:request(all)
  return server, response, err
end

local function fails(status, headers)
  return { status = status, headers = headers, body = '{"error":{"code":"Busy","message":"busy"}}' }
end

describe("a call that may be repeated", function()
  before_each(helper.virtual_time)

  for _, method in ipairs{ "GET", "HEAD", "OPTIONS", "PUT", "DELETE" } do
    for _, status in ipairs{ 408, 429, 500, 502, 503, 504 } do
      it(("is tried again: %s after %d"):format(method, status), function()
        local server, response = ask({ fails(status), 200 }, { method = method })

        assert.equal(200, response.status)
        assert.equal(2, response.attempts)
        assert.equal(2, #server.requests)
      end)
    end
  end

  for _, status in ipairs{ 400, 401, 403, 404, 405, 409, 410, 412, 422, 501, 505 } do
    it(("is not tried again after %d"):format(status), function()
      local server, _, err = ask{ fails(status), 200 }

      assert.equal(status, err.status)
      assert.equal(1, err.attempts)
      assert.equal(1, #server.requests)
    end)
  end

  for name, line in pairs{
    ["a hang-up"] = { close = "drop" }, ["a reset"] = { close = "reset" },
    ["half an answer"] = { status = 200, body = '{"a":"bcdefgh"}', truncate = 4 },
  } do
    it("is tried again after " .. name, function()
      local server, response = ask{ line, 200 }

      assert.equal(200, response.status)
      assert.equal(2, #server.requests)
    end)
  end

  it("is tried three times more, then the last answer is the error", function()
    local server, _, err = ask{ fails(500), fails(500), fails(502), fails(503), 200 }

    assert.equal(503, err.status)
    assert.equal(4, err.attempts)
    assert.equal(4, #server.requests)
  end)

  it("is tried as often as the client or the call says", function()
    local server, _, err = ask({ fails(500), fails(500), 200 }, { max_retries = 1 }, { retry = { max_retries = 9 } })

    assert.equal(500, err.status)
    assert.equal(2, #server.requests)
  end)

  it("keeps its request id and asks for its token again", function()
    local tokens = 0
    local credential = helper.closing(azure.identity.from_function(function()
      tokens = tokens + 1
      return { token = "token-" .. tokens, expires_on = azure.loop():wall() + 600 }
    end))
    local server = ask({ fails(503, { ["Retry-After"] = "3600" }), 200 }, { timeout = 7200 },
      { credential = credential })

    local first, second = server.requests[1].headers, server.requests[2].headers
    assert.equal(first["x-ms-client-request-id"], second["x-ms-client-request-id"])
    assert.equal("Bearer token-1", first["authorization"])
    assert.equal("Bearer token-2", second["authorization"])
  end)
end)

describe("a call that may not be repeated", function()
  before_each(helper.virtual_time)

  for _, method in ipairs{ "POST", "PATCH" } do
    for name, line in pairs{
      ["408"] = fails(408), ["500"] = fails(500), ["502"] = fails(502), ["503 that says no time"] = fails(503),
      ["504"] = fails(504), ["a hang-up"] = { close = "drop" }, ["a reset"] = { close = "reset" },
      ["half an answer"] = { status = 200, body = '{"a":"bcdefgh"}', truncate = 4 },
    } do
      it(("is sent once: %s before %s"):format(method, name), function()
        local server, response, err = ask({ line, 200 }, { method = method, body = "{}" })

        assert.is_nil(response)
        assert.is_table(err)
        assert.equal(1, #server.requests)
      end)
    end

    it(("is sent again after a refusal at the door: %s"):format(method), function()
      local server, response = ask({ fails(429), fails(503, { ["Retry-After"] = "5" }), 200 },
        { method = method, body = '{"a":1}' })

      assert.equal(200, response.status)
      assert.equal(3, #server.requests)
      for _, request in ipairs(server.requests) do assert.equal('{"a":1}', request.body) end
    end)

    it(("is sent again when the caller says that it is safe: %s"):format(method), function()
      local _, response = ask({ { close = "drop" }, fails(500), 200 },
        { method = method, body = "{}", safe_to_repeat = true })

      assert.equal(3, response.attempts)
    end)

    -- libcurl by itself would send it again on a new connection.
    it(("is sent once when a kept connection turns out to be dead: %s"):format(method), function()
      local server = answers{ 200, 200, { close = "drop" }, 200 }
      local client = scripted.client(server, { max_connections = 1 })
      assert(client:request{ path = path })
      assert(client:request{ path = path })

      local response = client:request{ path = path, method = method, body = "{}" }

      assert.is_nil(response)
      assert.equal(3, #server.requests)
    end)
  end

  it("is tried again when it never left", function()
    local server = answers{}
    local client = scripted.client(server)
    server:close()

    local _, err = client:request{ path = path, method = "POST", body = "{}" }

    assert.equal("transport", err.kind)
    assert.equal(4, err.attempts)
  end)
end)

local function pause_after(headers, opts)
  local server, response, err = ask({ fails(429, headers), 200 }, nil, opts)
  assert.is_truthy(response or err)
  return server:pauses()[1]
end

describe("the pause before the next try", function()
  before_each(helper.virtual_time)

  local function date(seconds)
    return os.date("!%a, %d %b %Y %H:%M:%S GMT", math.floor(azure.loop():wall() + seconds))
  end

  for _, case in ipairs{
    { "retry-after-ms first", { ["retry-after-ms"] = "7000", ["x-ms-retry-after-ms"] = "50000",
      ["Retry-After"] = "90" }, 7 },
    { "x-ms-retry-after-ms next", { ["x-ms-retry-after-ms"] = "7000", ["Retry-After"] = "90" }, 7 },
    { "Retry-After in seconds", { ["Retry-After"] = "7" }, 7 },
    { "a Retry-After over the cap of its own pauses", { ["Retry-After"] = "90" }, 90 },
    { "its own pause where the header says nothing", { ["Retry-After"] = "soon" }, 0.8 * 0.8 },
  } do
    it("obeys " .. case[1], function()
      local pause = pause_after(case[2])

      assert.is_true(pause >= case[3] and pause < case[3] + 5, pause)
    end)
  end

  it("obeys a Retry-After that is a date", function()
    local pause = pause_after{ ["Retry-After"] = date(30) }

    assert.is_true(pause >= 28 and pause < 35, pause)
  end)

  it("does not wait for a date that has passed", function()
    assert.is_true(pause_after({ ["Retry-After"] = date(-30) }, { retry = { delay = 60 } }) < 5)
  end)

  it("doubles, within the jitter, up to its cap", function()
    local server = ask({ fails(500), fails(500), fails(500), fails(500), fails(500), 200 }, { timeout = 900 },
      { retry = { max_retries = 5, delay = 10, max_delay = 60 } })

    for i, usual in ipairs{ 10, 20, 40, 80, 160 } do
      local pause = server:pauses()[i]
      assert.is_true(pause >= math.min(usual, 60) * 0.8, pause)
      assert.is_true(pause < math.min(usual * 1.3, 60) + 1, pause)
    end
  end)

  it("is not the same for everybody", function()
    local pauses, different = {}, 0
    for i = 1, 8 do
      local server = ask({ fails(500), 200 }, nil, { retry = { delay = 30 } })
      pauses[i] = server:pauses()[1]
      if i > 1 and math.abs(pauses[i] - pauses[i - 1]) > 0.1 then different = different + 1 end
    end

    assert.is_true(different >= 2)
  end)
end)

describe("the deadline of a call", function()
  before_each(helper.virtual_time)

  it("wins against Retry-After, without waiting for nothing", function()
    local before = azure.loop():now()

    local server, _, err = ask({ fails(429, { ["Retry-After"] = "372" }), 200 }, { timeout = 100 })

    assert.equal(429, err.status)
    assert.equal(372, err.retry_after)
    assert.is_true(azure.loop():now() - before < 50)
    assert.equal(1, #server.requests)
  end)

  it("wins against retries that go on", function()
    local before = azure.loop():now()
    local list = {}
    for i = 1, 60 do list[i] = fails(503, { ["Retry-After"] = "10" }) end

    local server, _, err = ask(list, { timeout = 35, max_retries = 50 })

    assert.equal(503, err.status)
    assert.equal(4, #server.requests)
    assert.is_true(azure.loop():now() - before <= 35)
  end)

  it("ends a call to a service that says nothing", function()
    local server, _, err = ask({ { status = 200, delay = 3600 } }, { timeout = 0.1 })

    assert.equal("timeout", err.kind)
    assert.equal(1, #server.requests)
  end)

  it("covers the token as well", function()
    local credential = helper.closing(azure.identity.from_function(function()
      azure.sleep(3600):wait()
      return { token = "late", expires_on = 4e9 }
    end))

    local server, _, err = ask({ 200 }, { timeout = 5 }, { credential = credential })

    assert.equal("timeout", err.kind)
    assert.equal(0, #server.requests)
  end)
end)

local insufficient = { status = 401, headers = { ["WWW-Authenticate"] = 'Bearer realm="", error="insufficient_claims", '
  .. 'claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7InZhbHVlIjoiMSJ9fX0="' } }

describe("a claims challenge", function()
  before_each(helper.virtual_time)

  local function credential_that_notes(seen)
    return helper.closing(azure.identity.from_function(function(request)
      seen[#seen + 1] = request.claims or "none"
      return { token = "token-" .. #seen, expires_on = 4e9 }
    end))
  end

  it("is answered with a token that has the claims", function()
    local seen = {}

    local server, response = ask({ insufficient, 200 }, nil, { credential = credential_that_notes(seen) })

    assert.equal(200, response.status)
    assert.same({ "none", '{"access_token":{"nbf":{"value":"1"}}}' }, seen)
    assert.equal("Bearer token-2", server.requests[2].headers["authorization"])
  end)

  it("is found in any line, and behind those of other schemes", function()
    local seen = {}
    local lines = { { "WWW-Authenticate", 'PoP realm="", error="insufficient_claims", claims="bm90aGluZw=="' },
      { "WWW-Authenticate", 'Bearer realm="", error="invalid_token"' },
      { "www-authenticate", insufficient.headers["WWW-Authenticate"] } }

    local _, response = ask({ { status = 401, headers = lines }, 200 }, nil, { credential = credential_that_notes(seen) })

    assert.equal(200, response.status)
    assert.same({ "none", '{"access_token":{"nbf":{"value":"1"}}}' }, seen)
  end)

  it("is not answered for ever", function()
    local seen = {}

    local server, _, err = ask({ insufficient, insufficient, insufficient, insufficient, 200 }, nil,
      { credential = credential_that_notes(seen) })

    assert.equal(401, err.status)
    assert.is_true(#server.requests <= 3)
  end)
end)
