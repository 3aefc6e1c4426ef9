local core = require "azure.core"
local server_module = require "azure.emulator.server"
local transport = require "azure.emulator.transport"
local helper = require "spec.helper"

local function listen(handle)
  return helper.closing(assert(transport.listen({ address = "127.0.0.1", port = 0 }, handle)))
end

local function http(opts)
  return helper.closing(core.http(opts or {}))
end

local function url(server, path)
  return ("http://127.0.0.1:%d%s"):format(server:port(), path or "/")
end

local function echo(raw)
  return { status = 200, headers = { { "X-Path", raw.path }, { "X-Method", raw.method } }, body = raw.body }
end

describe("azure.emulator.transport", function()
  it("hands over method, path, headers and body byte for byte", function()
    local seen
    local server = listen(function(raw)
      seen = raw
      return echo(raw)
    end)
    local path = "/a%20b/c?x=%2F%2f&y=a+b&z"
    local body = ("\1\255x"):rep(1000)

    local answer = assert(http():send{ method = "PUT", url = url(server, path), body = body,
      headers = { ["X-Odd-Casing"] = "v" } }:wait())

    assert.equal(body, answer.body)
    assert.equal(path, answer.headers["x-path"])
    assert.truthy(seen.remote:find("^127%.0%.0%.1:%d+$"))
  end)

  it("takes bodies with zero bytes in them", function()
    local server = listen(echo)

    local answer = assert(http():send{ method = "PUT", url = url(server), body = "a\0b" }:wait())

    assert.equal("a\0b", answer.body)
  end)

  it("takes URLs and headers of many kilobytes, both ways", function()
    local long = ("x"):rep(12000)
    local server = listen(function(raw)
      return { status = 200, headers = { { "Location", raw.path } }, body = "" }
    end)

    local answer = assert(http():send{ method = "GET", url = url(server, "/" .. long),
      headers = { ["X-Long"] = long } }:wait())

    assert.equal("/" .. long, answer.headers.location)
  end)

  it("keeps headers in order, their casing, and repeated ones", function()
    local server = listen(function()
      return { status = 200, headers = { { "X-a", "1" }, { "X-a", "2" }, { "Content-Length", "999" } }, body = "hi" }
    end)

    local answer = assert(http():send{ method = "GET", url = url(server) }:wait())

    assert.equal("hi", answer.body)
    assert.truthy(answer.headers["x-a"]:find("^1"))
  end)

  it("uses one connection for many requests", function()
    local remotes, count = {}, 0
    local server = listen(function(raw)
      if not remotes[raw.remote] then count = count + 1 end
      remotes[raw.remote] = true
      return echo(raw)
    end)
    local client = http()

    for _ = 1, 5 do assert(client:send{ method = "GET", url = url(server) }:wait()) end

    assert.equal(1, count)
  end)

  it("answers a hundred requests at once", function()
    local server, client, ops = listen(echo), http(), {}
    for i = 1, 100 do ops[i] = client:send{ method = "POST", url = url(server), body = tostring(i) } end

    for i = 1, 100 do assert.equal(tostring(i), assert(ops[i]:wait()).body) end
  end)

  for _, close in ipairs({ "drop", "reset" }) do
    it(("cuts the connection without an answer: %s"):format(close), function()
      local server = listen(function() return { close = close } end)

      local answer, err = http():send{ method = "GET", url = url(server) }:wait()

      assert.is_nil(answer)
      assert.equal("transport", err.kind)
    end)
  end

  it("cuts the connection in the middle of a body", function()
    local server = listen(function()
      return { status = 200, headers = {}, body = ("x"):rep(1000), truncate = 10 }
    end)

    local answer, err = http():send{ method = "GET", url = url(server) }:wait()

    assert.is_nil(answer)
    assert.equal("transport", err.kind)
  end)

  it("holds answers back on the loop's clock", function()
    helper.virtual_time()
    local server = listen(function() return { status = 200, headers = {}, body = "", delay = 3600 } end)
    local before = core.loop():now()

    assert(http():send{ method = "GET", url = url(server), timeout = 7200 }:wait())

    assert.is_true(core.loop():now() - before > 3599.9)
  end)

  for _, tls in ipairs({ false, true }) do
    it(("does without epoll, tls = %s"):format(tls), function()
      local opts = { address = "127.0.0.1", port = 0, select = true }
      local certificate = server_module.certificate()
      local ca_file = os.tmpname()
      assert(io.open(ca_file, "w")):write(certificate.ca):close()
      if tls then opts.cert, opts.key = certificate.cert, certificate.key end
      local server = helper.closing(assert(transport.listen(opts, echo)))
      local client, ops = http({ ca_file = ca_file }), {}
      local body = ("x"):rep(300000)

      for i = 1, 30 do
        ops[i] = client:send{
          method = "PUT", body = body .. i, url = (url(server):gsub("^http:", tls and "https:" or "http:")),
        }
      end

      for i = 1, 30 do assert.is_true(assert(ops[i]:wait()).body == body .. i) end
      os.remove(ca_file)
    end)
  end

  it("answers 500 where the handler fails", function()
    local server = listen(function() error("a mistake in the handler") end)

    local answer = assert(http():send{ method = "GET", url = url(server) }:wait())

    assert.equal(500, answer.status)
    assert.truthy(answer.body:find("a mistake in the handler", 1, true))
  end)

  it("closes with requests unanswered and held back", function()
    local server = listen(function() return { status = 200, headers = {}, body = "", delay = 1000 } end)
    local op = http():send{ method = "GET", url = url(server) }
    helper.until_true(function() return server:connections() > 0 end)
    core.loop():step(0.05)

    server:close()
    server:close()
    local answer, err = op:wait()

    assert.is_nil(answer)
    assert.equal("transport", err.kind)
  end)

  it("says why it cannot listen", function()
    local server = listen(echo)

    local taken, why = transport.listen({ address = "127.0.0.1", port = server:port() }, echo)
    local odd, reason = transport.listen({ address = "localhost" }, echo)

    assert.is_nil(taken)
    assert.truthy(why:find("in use", 1, true))
    assert.is_nil(odd)
    assert.truthy(reason:find("numeric", 1, true))
  end)

  it("answers 500 where the handler's answer cannot be sent", function()
    local server = listen(function() return { status = 200, headers = { { "X", "a\r\nb" } }, body = "" } end)

    local answer = assert(http():send{ method = "GET", url = url(server) }:wait())

    assert.equal(500, answer.status)
    assert.truthy(answer.body:find("cannot be sent", 1, true))
  end)

  it("listens on IPv6", function()
    local server = transport.listen({ address = "::1" }, echo)
    if not server then return pending("no IPv6 here") end
    helper.closing(server)

    local answer = assert(http():send{ method = "GET", url = ("http://[::1]:%d/"):format(server:port()) }:wait())

    assert.equal(200, answer.status)
  end)

  it("refuses bodies that are too large", function()
    local server = helper.closing(assert(server_module.open({ max_body_bytes = 10 }, function() end)))

    local answer = assert(http():send{ method = "PUT", url = url(server), body = ("x"):rep(11) }:wait())

    assert.equal(413, answer.status)
  end)
end)
