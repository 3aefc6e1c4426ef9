-- What a service, or whoever answers in its place, must not be able to do; and
-- what arguments must not be able to smuggle into a request.
local azure = require "azure"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"
local json = { { "Content-Type", "application/json" } }

-- URLs that lead elsewhere. {arm}: the right origin, {port}: its port, {evil}:
-- origin of another server, {evil_port}: its port.
local foreign = {
  ["another port"] = "{evil}/x", ["another name for the host"] = "http://localhost:{port}/x",
  ["another scheme"] = "https://127.0.0.1:{port}/x", ["another host"] = "http://127.0.0.2:{evil_port}/x",
  ["no scheme"] = "//127.0.0.1:{evil_port}/x", ["a user in front"] = "http://127.0.0.1:{port}@127.0.0.1:{evil_port}/x",
  ["a user and the right host"] = "http://user:pass@127.0.0.1:{port}/x",
  ["backslashes"] = "http:\\\\127.0.0.1:{evil_port}\\x", ["a backslash in the host"] = "{evil}\\@127.0.0.1:{port}/x",
  ["a longer port"] = "{arm}0/x", ["a host that begins alike"] = "http://127.0.0.1.evil.example:{port}/x",
  ["file"] = "file:///etc/passwd", ["ftp"] = "ftp://127.0.0.1:{evil_port}/x",
  ["gopher"] = "gopher://127.0.0.1:{evil_port}/x", ["a line break"] = "{arm}/x\r\nHost: evil",
  ["a tab in the scheme"] = "ht\ttp://127.0.0.1:{evil_port}/x",
  ["white space in front"] = " {evil}/x", ["an IPv6 form of the host"] = "http://[::ffff:127.0.0.1]:{evil_port}/x",
  ["a decimal form of the host"] = "http://2130706433:{evil_port}/x", ["no host"] = "http:///x",
}

local function fill(text, server, evil)
  local values = { arm = server.url, port = server.port, evil = evil.url, evil_port = evil.port }
  return (text:gsub("{([%w_]+)}", values))
end

local function both()
  local server, evil = scripted.start{}, scripted.start{}
  evil.handle = function() return { status = 200, headers = json, body = '{"value":[],"status":"Succeeded"}' } end
  return server, evil
end

local function assert_refused(err, name)
  assert.is_table(err, name)
  assert.is_true(err.kind == "refused" or err.kind == "protocol", tostring(err))
end

describe("a nextLink that leads elsewhere", function()
  for name, link in pairs(foreign) do
    it("is refused before anything leaves: " .. name, function()
      helper.virtual_time()
      local server, evil = both()
      local page = { value = { 1 }, nextLink = fill(link, server, evil) }
      server.script = { { nil, nil, 200, headers = json, body = azure.json.encode(page) } }
      local client, seen, failure = scripted.client(server), 0, nil

      for item, err in client:list(path) do
        if item then seen = seen + 1 else failure = err end
      end

      assert_refused(failure, name)
      assert.equal(1, seen)
      assert.equal(0, #evil.requests)
      assert.equal(1, #server.requests)
    end)
  end
end)

-- Where an answer may name the URL to follow.
local places = {
  ["Azure-AsyncOperation of the first answer"] = function(url)
    return { { nil, nil, 202, headers = { ["Azure-AsyncOperation"] = url } } }
  end,
  ["Operation-Location of the first answer"] = function(url)
    return { { nil, nil, 202, headers = { ["Operation-Location"] = url } } }
  end,
  ["Location of the first answer"] = function(url)
    return { { nil, nil, 202, headers = { ["Location"] = url } } }
  end,
  ["Azure-AsyncOperation of a later answer"] = function(url)
    return { { nil, nil, 202, headers = { ["Azure-AsyncOperation"] = "{arm}/poll" } },
      { nil, nil, 200, headers = { ["Azure-AsyncOperation"] = url }, body = '{"status":"Running"}' } }
  end,
  ["Location of a later answer"] = function(url)
    return { { nil, nil, 202, headers = { ["Location"] = "{arm}/poll" } },
      { nil, nil, 202, headers = { ["Location"] = url } } }
  end,
  ["resourceLocation of the last answer"] = function(url)
    return { { nil, nil, 202, headers = { ["Azure-AsyncOperation"] = "{arm}/poll" } },
      { nil, nil, 200, body = ('{"status":"Succeeded","resourceLocation":"%s"}'):format(url) } }
  end,
}

describe("an operation's URL that leads elsewhere", function()
  for place, script in pairs(places) do
    for name, link in pairs(foreign) do
      if not link:find("[%c\\]") and link:sub(1, 1) ~= " " then -- headers cannot say these
        it(("is refused before anything leaves: %s, %s"):format(place, name), function()
          helper.virtual_time()
          local server, evil = both()
          server.script = script(fill(link, server, evil))
          local client = scripted.client(server)

          local result, err = client:post(path, "{}", { timeout = 60 })

          assert.is_nil(result)
          assert_refused(err, name)
          assert.equal(0, #evil.requests)
          assert.equal(#server.script, #server.requests)
        end)
      end
    end
  end
end)

describe("a redirect", function()
  before_each(helper.virtual_time)

  for _, status in ipairs{ 300, 301, 302, 307 } do
    it(("is followed within the origin, without the token: %d"):format(status), function()
      local server = scripted.start{ { nil, nil, status, headers = { Location = "/moved?x=1" } },
        { "GET", "/moved?x=1", 200, body = "{}" } }

      assert(scripted.client(server):get(path))

      server:assert_played()
      assert.is_string(server.requests[1].headers["authorization"])
      assert.is_nil(server.requests[2].headers["authorization"])
    end)
  end

  for _, status in ipairs{ 300, 301, 302, 303, 307, 308 } do
    it(("is not followed to another origin: %d"):format(status), function()
      local server, evil = both()
      server.script = { { nil, nil, status, headers = { Location = evil.url .. "/x" } } }

      local response, err = scripted.client(server):request{ path = path }

      assert.equal(0, #evil.requests)
      assert.equal(1, #server.requests)
      assert.equal(status, (response or err).status)
    end)
  end

  it("keeps method and body with 307", function()
    local server = scripted.start{ { nil, nil, 307, headers = { Location = "/moved" } }, { "PUT", "/moved", 200 } }

    assert(scripted.client(server):request{ method = "PUT", path = path, body = '{"a":1}' })

    assert.equal('{"a":1}', server.requests[2].body)
  end)

  it("makes a GET without a body of a POST with 303", function()
    local server = scripted.start{ { nil, nil, 303, headers = { Location = "/moved" } }, { "GET", "/moved", 200 } }

    assert(scripted.client(server):request{ method = "POST", path = path, body = '{"a":1}' })

    assert.equal("", server.requests[2].body)
    server:assert_played()
  end)

  for _, case in ipairs{ { "POST", 301 }, { "POST", 302 }, { "PUT", 303 }, { "GET", 308 }, { "PUT", 308 } } do
    it(("is not followed: %s with %d"):format(case[1], case[2]), function()
      local server = scripted.start{ { nil, nil, case[2], headers = { Location = "/moved" } }, { nil, nil, 200 } }

      scripted.client(server):request{ method = case[1], path = path, body = "{}" }

      assert.equal(1, #server.requests)
    end)
  end

  for _, case in ipairs{
    { "delete", 301 }, { "delete", 302 }, { "delete", 303 }, { "delete", 304 }, { "delete", 308 }, { "put", 301 },
    { "put", 303 }, { "put", 304 }, { "put", 308 }, { "patch", 302 }, { "post", 308 }, { "get", 303 }, { "get", 304 },
    { "get", 308 },
  } do
    local verb, status = table.unpack(case)
    it(("is no success where it is not followed: %s with %d"):format(verb, status), function()
      local server = scripted.start{ { nil, nil, status, headers = { Location = "https://login.evil/x" } } }

      local client = scripted.client(server)
      local result, err = client[verb](client, path)

      assert.is_nil(result)
      assert.equal("service", err.kind)
      assert.equal(status, err.status)
      assert.is_string(err.hint)
      assert.equal(1, #server.requests)
    end)
  end

  it("is no success of a list", function()
    local server = scripted.start{ { nil, nil, 308, headers = { Location = "/moved" } } }

    local item, err = scripted.client(server):list(path)()

    assert.is_false(item)
    assert.equal(308, err.status)
  end)

  it("is no success of an operation that is polled", function()
    for _, name in ipairs{ "Location", "Azure-AsyncOperation" } do
      local server = scripted.start{ { nil, nil, 202, headers = { [name] = "{arm}/poll" } },
        { "GET", "/poll", 308, headers = { Location = "https://login.evil/x" } } }

      local result, err = scripted.client(server):delete(path)

      assert.is_nil(result)
      assert.equal(308, err.status)
      assert.matches("may still be going on", err.hint)
    end
  end)

  it("is a result of client:request where it is not followed, as is a 304", function()
    local server = scripted.start{ { nil, nil, 308, headers = { Location = "/moved" } }, { nil, nil, 304 } }
    local client = scripted.client(server)

    assert.equal(308, client:request{ path = path }.status)
    assert.equal(304, client:request{ path = path, headers = { ["If-None-Match"] = "*" } }.status)
  end)

  for name, call in pairs{
    ["keys"] = function(client) return client:signalr(helper.signalr_id):keys() end,
    ["check_name"] = function(client) return client:signalr(helper.signalr_id):check_name("eastus") end,
    ["a connection's deletion"] = function(client)
      return client:private_endpoint_connections(helper.func_id):delete("c")
    end,
    ["client:request that asks for it"] = function(client) return client:request{ path = path, any_redirect = false } end,
    ["client:send that asks for it"] = function(client)
      return client:send{ path = path, any_redirect = false }:wait()
    end,
  } do
    it("is no success of what is built on client:request: " .. name, function()
      local server = scripted.start{ { nil, nil, 308, headers = { Location = "/moved" } } }

      local result, err = call(scripted.client(server))

      assert.is_nil(result)
      assert.equal(308, err.status)
    end)
  end

  it("carries no token that the caller gave", function()
    local server = scripted.start{ { nil, nil, 307, headers = { Location = "/moved" } }, { "PUT", "/moved", 200 } }
    local headers = { Authorization = "SharedKey abc", ["x-ms-authorization-auxiliary"] = "Bearer other", ["X-Mine"] = "1" }

    assert(scripted.client(server, { credential = false }):put(path, "{}", { headers = headers }))

    local first, second = server.requests[1].headers, server.requests[2].headers
    assert.equal("SharedKey abc", first["authorization"])
    assert.equal("Bearer other", first["x-ms-authorization-auxiliary"])
    assert.is_nil(second["authorization"])
    assert.is_nil(second["x-ms-authorization-auxiliary"])
    assert.equal("1", second["x-mine"])
  end)

  it("leaves behind what describes the body, with 303", function()
    local server = scripted.start{ { nil, nil, 303, headers = { Location = "/moved" } }, { "GET", "/moved", 200 } }
    local headers = { ["Content-Type"] = "text/plain", ["Content-Language"] = "en", ["content-md5"] = "x", ["X-Mine"] = "1" }

    assert(scripted.client(server):request{ method = "POST", path = path, body = "a", headers = headers })

    for name in pairs(server.requests[2].headers) do assert.is_nil(name:match("^content%-"), name) end
    assert.equal("1", server.requests[2].headers["x-mine"])
  end)

  it("is not followed for ever", function()
    local server = scripted.start{}
    server.handle = function() return { status = 307, headers = { { "Location", "/again" } }, body = "" } end

    local response, err = scripted.client(server):request{ path = path }

    assert.is_true((response or err).status == 307)
    assert.equal(21, #server.requests)
  end)
end)

-- Bytes that would begin a new header or a new request.
local breaks = { CR = "a\rb", LF = "a\nb", CRLF = "a\r\nX-Evil: 1", NUL = "a\0b" }

-- What each call does with such a text. Refusing means raising or failing.
local carriers = {
  ["a path"] = function(client, text) return client:get("/subscriptions/" .. text) end,
  ["a header's value"] = function(client, text) return client:get(path, { headers = { ["X-Good"] = text } }) end,
  ["a header's name"] = function(client, text) return client:get(path, { headers = { [text] = "1" } }) end,
  ["a method"] = function(client, text) return client:request{ method = text, path = path } end,
  ["the path of a list"] = function(client, text) return client:list("/subscriptions/" .. text)() end,
  ["the path of a PUT"] = function(client, text) return client:put("/subscriptions/" .. text, {}) end,
  ["a final state"] = function(client, text) return client:put(path, {}, { final_state_via = text }) end,
  ["a resume token"] = function(client, text)
    return client:resume(('{"v":1,"method":"PUT","mode":"async","final":"default","url":"%s/a","poll":"%s/%s"}')
      :format(client.endpoint, client.endpoint, text:gsub("\r", "\\r"):gsub("\n", "\\n"):gsub("%z", "\\u0000")))
  end,
  ["the name of a shared private link"] = function(client, text)
    return client:signalr(helper.signalr_id).shared_private_links:get(text)
  end,
  ["the id of a SignalR"] = function(client, text) return client:signalr(helper.signalr_id .. text):get() end,
  ["a connection's name"] = function(client, text)
    return client:private_endpoint_connections(helper.func_id):get(text)
  end,
}

describe("an argument with a line break in it", function()
  for carrier, call in pairs(carriers) do
    for name, text in pairs(breaks) do
      it(("is refused, and nothing is sent: %s in %s"):format(name, carrier), function()
        local server = scripted.start{}
        server.handle = function() return { status = 200, headers = json, body = "{}" } end
        local client = scripted.client(server)

        local ok, result, err = pcall(call, client, text)

        assert.is_true(not ok or (not result and err ~= nil), carrier)
        assert.equal(0, #server.requests)
      end)
    end
  end

  for name, text in pairs(breaks) do
    it("is escaped in a query: " .. name, function()
      local server = scripted.start{ { nil, nil, 200, body = "{}" }, { nil, nil, 200, body = "{}" } }
      local client = scripted.client(server)

      assert(client:get(path, { query = { filter = text } }))
      assert(client:get("/x", { api_version = text }))

      assert.matches("filter=a%%0", server.requests[1].path)
      assert.matches("api%-version=a%%0", server.requests[2].path)
      for _, request in ipairs(server.requests) do assert.is_nil(request.headers["x-evil"]) end
    end)

    it("is refused in a token: " .. name, function()
      local server = scripted.start{}
      server.handle = function() return { status = 200, headers = json, body = "{}" } end
      local credential = helper.closing(azure.identity.from_function(function()
        return { token = text, expires_on = 4e9 }
      end))

      local ok, result = pcall(function() return scripted.client(server, { credential = credential }):get(path) end)

      assert.is_false(ok and result ~= nil)
      assert.equal(0, #server.requests)
    end)

    it("is refused in a user agent: " .. name, function()
      local server = scripted.start{}
      server.handle = function() return { status = 200, headers = json, body = "{}" } end

      local ok, result = pcall(function() return scripted.client(server, { user_agent = text }):get(path) end)

      assert.is_false(ok and result ~= nil)
      assert.equal(0, #server.requests)
    end)
  end
end)

local function gzip(bytes, times)
  local command = ("head -c %d /dev/zero"):format(bytes) .. (" | gzip -9"):rep(times or 1)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  pipe:close()
  return text
end

local function answer_with(line, opts)
  local server = scripted.start{ line, line, line, line }
  return server, scripted.client(server, opts)
end

describe("an answer that is too large", function()
  before_each(helper.virtual_time)

  for name, line in pairs{
    ["a document"] = { nil, nil, 200, headers = json, body = '"' .. ("x"):rep(200000) .. '"' },
    ["an error"] = { nil, nil, 400, headers = json, body = '"' .. ("x"):rep(200000) .. '"' },
  } do
    it("is refused: " .. name, function()
      local server, client = answer_with(line, { max_response_bytes = 100000 })

      local response, err = client:request{ path = path }

      assert.is_nil(response)
      assert.equal("ResponseTooLarge", err.code)
      assert.equal(1, #server.requests)
    end)
  end

  it("is refused while polling", function()
    local server = scripted.start{ { nil, nil, 202, headers = { Location = "{arm}/poll" } },
      { nil, nil, 200, body = ("x"):rep(200000) } }
    local client = scripted.client(server, { max_response_bytes = 100000 })

    local _, err = client:post(path, "{}")

    assert.equal("ResponseTooLarge", err.code)
  end)

  it("is taken when it just fits", function()
    local _, client = answer_with({ nil, nil, 200, headers = json, body = '"' .. ("x"):rep(99998) .. '"' },
      { max_response_bytes = 100000 })

    assert.equal(99998, #assert(client:get(path)))
  end)

  -- Long fields, which this server cannot send: spec/c/test_http.c.
  it("is refused when its header is", function()
    local fields = {}
    for i = 1, 1100 do fields[i] = { "X-Field-" .. i, "x" } end
    local server, client = answer_with{ nil, nil, 200, headers = fields, body = "{}" }

    local response, err = client:request{ path = path }

    assert.is_nil(response)
    assert.equal("protocol", err.kind)
    assert.equal("HeaderTooLarge", err.code)
    assert.equal(1, #server.requests)
  end)

  for name, body in pairs{ ["gzip"] = { "gzip", 1 }, ["gzip in gzip"] = { "gzip, gzip", 2 } } do
    it("is refused when only its unpacked form is: " .. name, function()
      local packed = gzip(64 * 1024 * 1024, body[2])
      local server, client = answer_with{ nil, nil, 200, headers = { { "Content-Encoding", body[1] } }, body = packed }

      local response, err = client:request{ path = path }

      assert.is_true(#packed < 300000)
      assert.is_nil(response)
      assert.equal("ResponseTooLarge", err.code)
      assert.equal(1, #server.requests)
    end)
  end

  it("is unpacked when it is not", function()
    local pipe = assert(io.popen([[printf '{"a":1}' | gzip]]))
    local packed = pipe:read("a")
    pipe:close()
    local _, client = answer_with{ nil, nil, 200, headers = { { "Content-Encoding", "gzip" }, json[1] }, body = packed }

    assert.same({ a = 1 }, client:get(path))
  end)

  it("is an error when it is packed badly", function()
    local _, client = answer_with{ nil, nil, 200, headers = { { "Content-Encoding", "gzip" } }, body = "not packed" }

    local _, err = client:get(path)

    assert.equal("BadContentEncoding", err.code)
  end)

  it("is refused when it is all headers", function()
    local headers = {}
    for i = 1, 10 do headers[i] = { "X-Filler-" .. i, ("x"):rep(60000) } end
    local _, client = answer_with({ nil, nil, 200, headers = headers }, { retry = { max_retries = 0 } })

    local response, err = client:request{ path = path }

    assert.is_nil(response)
    assert.is_table(err)
  end)
end)

describe("a client", function()
  it("keeps no cookies", function()
    local server = scripted.start{ { nil, nil, 200, headers = { ["Set-Cookie"] = "a=b; Path=/" } }, { nil, nil, 200 } }
    local client = scripted.client(server)
    assert(client:request{ path = path })
    assert(client:request{ path = path })

    assert.is_nil(server.requests[2].headers["cookie"])
  end)

  it("does not talk to a server that nobody vouches for", function()
    local e = helper.emulator{ seed = "contoso", tls = true }
    local client = helper.closing(assert(azure.client{
      cloud = { arm = e.url, authority = e.url },
      credential = helper.closing(azure.identity.static{ token = "t", expires_on = 4e9 }),
    }))

    local _, err = client:get(helper.signalr_id)

    assert.equal("TlsNotTrusted", err.code)
    assert.equal(1, err.attempts) -- another try would not make it trusted
    assert.equal(0, #e:requests())
  end)

  it("does not talk to a server of another name", function()
    local e = helper.emulator{ seed = "contoso", tls = true }
    local other = "https://127.0.0.2:" .. e.url:match(":(%d+)$")
    local client = helper.closing(assert(azure.client{
      cloud = { arm = other, authority = other }, ca_file = e.ca_file, retry = { max_retries = 0 },
      credential = helper.closing(azure.identity.static{ token = "t", expires_on = 4e9 }),
    }))

    local _, err = client:get(helper.signalr_id)

    assert.equal("transport", err.kind)
    assert.equal(0, #e:requests())
  end)
end)

describe("a caller's header", function()
  before_each(helper.virtual_time)

  local function sent(headers, opts, verb)
    local server = scripted.start{ { nil, nil, 200 } }
    local client = scripted.client(server, opts)
    assert(client:request{ method = verb or "GET", path = path, headers = headers, body = verb == "PUT" and "{}" or nil })
    return server.requests[1].headers, server
  end

  for _, name in ipairs{ "Content-Length", "content-length", "Transfer-Encoding", "Host", "Connection", "Keep-Alive",
    "TE", "Upgrade" } do
    it("may not say how the request is framed: " .. name, function()
      local server = scripted.start{}
      local client = scripted.client(server)

      for _, call in ipairs{ "get", "list", "put", "delete" } do
        local arguments = { path, { headers = { [name] = "1" } } }
        if call == "put" or call == "delete" then table.insert(arguments, 2, "{}") end
        assert.error_matches(function()
          local result = client[call](client, table.unpack(arguments, 1, 3))
          if call == "list" then result() end
        end, "not the caller's to set")
      end
      assert.equal(0, #server.requests)
    end)
  end

  it("may not come twice in different cases", function()
    local client = scripted.client(scripted.start{})

    assert.error_matches(function() client:get(path, { headers = { ["X-A"] = "1", ["x-a"] = "2" } }) end, "given twice")
  end)

  it("takes the place of our Authorization", function()
    local raw
    local server = scripted.start{}
    server.handle = function(request) raw = request return { status = 200, headers = {}, body = "" } end
    local client = scripted.client(server)

    assert(client:request{ path = path, headers = { authorization = "SharedKey abc" } })

    local found = {}
    for _, pair in ipairs(raw.headers) do
      if pair[1]:lower() == "authorization" then found[#found + 1] = pair[2] end
    end
    assert.same({ "SharedKey abc" }, found)
  end)

  it("that is an Authorization is no reason to ask for a token, nor to answer a challenge", function()
    local asked = 0
    local credential = helper.closing(azure.identity.from_function(function()
      asked = asked + 1
      return { token = "ours", expires_on = 4e9 }
    end))
    local server = scripted.start{ { nil, nil, 401, headers = { ["WWW-Authenticate"] = 'Bearer '
      .. 'error="insufficient_claims", claims="eyJhIjoxfQ=="' } } }

    local _, err = scripted.client(server, { credential = credential }):get(path,
      { headers = { Authorization = "SharedKey abc" } })

    assert.equal(401, err.status)
    assert.equal(0, asked)
    server:assert_played()
  end)

  it("of an operation goes with each of its requests", function()
    local server = scripted.start{ { nil, nil, 202, headers = { Location = "{arm}/poll" } }, { "GET", "/poll", 204 } }

    assert(scripted.client(server):delete(path, nil, { headers = { Authorization = "SharedKey abc",
      ["x-ms-client-request-id"] = false } }))

    for _, request in ipairs(server.requests) do
      assert.equal("SharedKey abc", request.headers["authorization"])
      assert.is_nil(request.headers["x-ms-client-request-id"])
    end
  end)

  for name, value in pairs{
    ["x-ms-client-request-id"] = "%x+%-", ["User-Agent"] = "azure%-signalr", ["Accept"] = "json", ["Authorization"] = "Bearer",
    ["Accept-Encoding"] = "gzip", ["Content-Type"] = "json",
  } do
    it("that is false leaves ours out: " .. name, function()
      assert.matches(value, sent({}, nil, "PUT")[name:lower()])
      assert.is_nil(sent({ [name] = false }, nil, "PUT")[name:lower()])
      assert.is_nil(sent({ [name:upper()] = false }, { log_level = "verbose", log = function() end }, "PUT")[name:lower()])
    end)
  end

  it("that is false and none of ours is nothing", function()
    assert.is_nil(sent({ ["X-Mine"] = false })["x-mine"])
  end)

  it("that leaves out the request id leaves it out of the error too", function()
    local server = scripted.start{ { nil, nil, 404 } }

    local _, err = scripted.client(server):get(path, { headers = { ["x-ms-client-request-id"] = false } })

    assert.equal(404, err.status)
    assert.is_nil(err.client_request_id)
  end)

  it("is a string, a number or false", function()
    local client = scripted.client(scripted.start{})

    for _, value in ipairs{ true, {}, print } do
      assert.error_matches(function() client:get(path, { headers = { ["X-A"] = value } }) end, "must map names to strings")
    end
  end)
end)
