-- Connections that break in every way a network can break them, at every byte.
-- A proxy of the suite (wire.c) sits between the client and a server. What is
-- promised: an answer is whole and right, or it is an error with a kind; the
-- wait always ends; a call that may be repeated is repeated.
local azure = require "azure"
local helper = require "spec.helper"
local scripted = require "spec.scripted"
local wire = require "spec.wire"

local path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"
local document = { name = "t", properties = { provisioningState = "Succeeded", secret = ("x"):rep(40) } }
local body = azure.json.encode(document)

local function answer_of()
  return { status = 200, headers = { { "Content-Type", "application/json" } }, body = body }
end

-- The server's answer with its head, as it goes over the wire.
local ANSWER_BYTES = #body + 140

local function wired(opts)
  helper.virtual_time()
  local server = scripted.start({}, opts)
  server.handle = answer_of
  local w = helper.closing(wire.open(server.port))
  local url = ("%s://127.0.0.1:%d"):format(opts and opts.cert and "https" or "http", w:port())
  return server, w, url
end

local function client_of(url, retries, opts)
  local all = { retry = { max_retries = retries, delay = 0.01, max_delay = 0.02 }, timeout = 20, connect_timeout = 5 }
  for key, value in pairs(opts or {}) do all[key] = value end
  return scripted.client({ url = url }, all)
end

local kinds = { transport = true, timeout = true, protocol = true }

-- The right document, or an error that says what it was.
local function assert_whole_or_failed(doc, err, what)
  if doc then
    assert.same(document, doc, what)
  else
    assert.is_true(kinds[err.kind] or false, ("%s: %s"):format(what, tostring(err)))
    assert.is_nil(tostring(err):find("t0ken-of-the-spec", 1, true), what)
  end
end

local ends = {
  { "is cut", "cut" }, { "is reset", "reset" }, { "is half closed", "half" },
}

describe("an answer whose connection", function()
  for _, case in ipairs(ends) do
    it(case[1] .. " after each byte is whole, or an error", function()
      local _, w, url = wired()
      local whole, failed = 0, 0
      for at = 0, ANSWER_BYTES do
        local client <close> = client_of(url, 0)
        w:plan{ [case[2]] = at }

        local doc, err = client:get(path)

        assert_whole_or_failed(doc, err, ("%s at %d"):format(case[2], at))
        whole, failed = whole + (doc and 1 or 0), failed + (doc and 0 or 1)
      end
      assert.is_true(failed > #body, ("%d whole, %d failed"):format(whole, failed))
    end)

    it(case[1] .. " after each byte is asked for again", function()
      local _, w, url = wired()
      for at = 0, ANSWER_BYTES, 3 do
        local client <close> = client_of(url, 1)
        w:forget()
        w:plan{ [case[2]] = at }

        local doc, err = client:get(path)

        assert.same(document, doc, ("%s at %d: %s"):format(case[2], at, tostring(err)))
      end
    end)
  end
end)

describe("a request that", function()
  it("breaks off after each byte leaves no half of a call behind", function()
    local server, w, url = wired()
    for at = 1, 400, 3 do
      local client <close> = client_of(url, 1)
      server.requests = {}
      w:forget()
      w:plan{ upload = at }

      local doc, err = client:put(path, { properties = { a = ("b"):rep(60) } })

      assert.same(document, doc, ("at %d: %s"):format(at, tostring(err)))
      for _, request in ipairs(server.requests) do
        assert.equal("b", request.body:match('"a":"(b)b+"}}$'), "at " .. at)
      end
    end
  end)

  it("must not be sent twice is not, wherever its answer is cut", function()
    local server, w, url = wired()
    for at = 1, ANSWER_BYTES, 7 do
      local client <close> = client_of(url, 3)
      server.requests = {}
      w:forget()
      w:plan{ cut = at }

      client:request{ method = "POST", path = path, body = { a = 1 } }

      assert.equal(1, #server.requests, "cut at " .. at)
    end
  end)
end)

describe("an answer that", function()
  it("comes one byte at a time is whole", function()
    local _, w, url = wired()
    w:plan{ slow = true }

    local doc = assert(client_of(url, 0):get(path))

    assert.same(document, doc)
  end)

  it("comes late is waited for, within the call's time", function()
    local _, w, url = wired()
    w:plan{ delay = 15 }
    w:plan{ delay = 25 }

    local doc = client_of(url, 0):get(path)
    local none, err = client_of(url, 0):get(path)

    assert.same(document, doc)
    assert.is_nil(none)
    assert.equal("timeout", err.kind)
  end)

  -- Plain HTTP has no seal: a flipped bit in a string is a letter like any
  -- other. What must hold is that nothing else comes of it.
  for _, case in ipairs{ { "has a wrong byte", "corrupt" }, { "has its bytes in another order", "swap" },
    { "begins twice", "twice" } } do
    it(case[1] .. " anywhere is read or refused, and ends", function()
      local _, w, url = wired()
      for at = 0, ANSWER_BYTES do
        local client <close> = client_of(url, 0, { timeout = 0.2 }) -- a wrong length is waited for
        w:plan{ [case[2]] = at }

        local response, err = client:request{ method = "GET", path = path }

        assert.is_true(response ~= nil or err.kind ~= nil, ("%s at %d"):format(case[2], at))
      end
    end)
  end
end)

describe("over TLS an answer that", function()
  local certificate = require("azure.emulator.server").certificate()
  local ca_file

  before_each(function()
    ca_file = os.tmpname()
    local file = assert(io.open(ca_file, "w"))
    file:write(certificate.ca)
    file:close()
  end)

  after_each(function() os.remove(ca_file) end)

  for _, case in ipairs{ { "has a wrong byte", "corrupt" }, { "has its bytes in another order", "swap" },
    { "begins twice", "twice" }, { "is cut", "cut" } } do
    it(case[1] .. " anywhere is right, or an error", function()
      local _, w, url = wired{ cert = certificate.cert, key = certificate.key }
      local failed = 0
      for at = 1, 2400, 53 do
        local client <close> = client_of(url, 0, { ca_file = ca_file, timeout = 0.5 })
        w:plan{ [case[2]] = at }

        local doc, err = client:get(path)

        assert_whole_or_failed(doc, err, ("%s at %d"):format(case[2], at))
        failed = failed + (doc and 0 or 1)
      end
      assert.is_true(failed > 10, failed .. " failed")
    end)
  end
end)
