-- HTTP/2 with a real server of it: nghttpx in front of the specs' own servers.
local azure = require "azure"
local child = require "spec.child"
local daemon = require "spec.daemon"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local have_nghttpx = child.have("nghttpx")

local function spec(name, fn)
  it(name, function()
    if not have_nghttpx then return pending("nghttpx is not installed: make test installs it") end
    fn()
  end)
end

-- HTTP/2 over TLS in front of a port that speaks HTTP/1.1.
local function start_front(backend_port)
  local front = daemon.new()
  local port = daemon.free_port()
  local certificate = require("azure.emulator.server").certificate()
  front.ca_file = front:file("ca", certificate.ca)
  local key, cert = front:file("key", certificate.key), front:file("cert", certificate.cert)
  front:run(("nghttpx --conf=/dev/null --single-process --workers=1 --no-ocsp --frontend=127.0.0.1,%d "
    .. "--backend=127.0.0.1,%d --accesslog-file=%s/log --accesslog-format='$remote_port $alpn $status' "
    .. "--backend-connections-per-host=100 %s %s"):format(port, backend_port, front.folder, key, cert), port, "https")
  front.url = ("https://127.0.0.1:%d"):format(port)
  return front
end

local function port_of(url)
  return tonumber(url:match(":(%d+)$"))
end

local path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"

-- A scripted server that calls itself by the front's name.
local function scripted_front(script)
  local server = scripted.start(script)
  local front = start_front(server.port)
  server.url = front.url
  return server, front, scripted.client(server, { ca_file = front.ca_file, max_connections = 64 })
end

-- Remote ports of the connections that brought requests, without the daemon's own.
local function connections(front)
  local ports, count = {}, 0
  for port, status in front:read("log"):gmatch("(%d+) h2 (%d+)") do
    if status ~= "404" and not ports[port] then ports[port], count = true, count + 1 end
  end
  return count
end

local function times(count)
  local list = {}
  for i = 1, count do list[i] = i end
  return list
end

describe("over HTTP/2", function()
  spec("a call tells the version", function()
    local server, front, client = scripted_front{ { "GET", path, 200, body = "{}" } }
    server.requests = {}

    local response = assert(client:request{ path = path })

    assert.equal("2", response.http_version)
    assert.matches("h2 200", front:read("log"))
  end)

  spec("HTTP/1.1 can be asked for", function()
    local server, front = scripted_front{ { "GET", path, 200, body = "{}" } }
    server.requests = {}
    local client = scripted.client(server, { ca_file = front.ca_file, http1_only = true })

    assert.equal("1.1", assert(client:request{ path = path }).http_version)
  end)

  spec("50 calls at once share one connection", function()
    local server, front, client = scripted_front{}
    server.handle = function()
      return { status = 200, headers = { { "Content-Type", "application/json" } }, body = "{}", delay = 0.5 }
    end
    assert(client:request{ path = path }) -- pacing lets 32 go before the first answer
    server.requests = {}

    local versions = azure.map(times(50), { concurrency = 50 }, function()
      return assert(client:request{ path = path }).http_version
    end)

    local first, last = server.requests[1].at, server.requests[50].at
    assert.equal(50, #server.requests)
    assert.is_true(last < first + 0.5, "they were not under way at once")
    for _, version in ipairs(versions) do assert.equal("2", version) end
    assert.equal(1, connections(front))
  end)

  spec("a recorded operation plays with its 6 KB of headers", function()
    helper.virtual_time()
    local recording = require("spec.azure.recorded.signalr")[2]
    local server, _, client = scripted_front(recording)
    server.requests = {}

    local result = assert(client:put(recording.call[2], recording.call[3]))

    server:assert_played()
    assert.equal("Succeeded", result.properties.provisioningState)
  end)

  spec("a refusal and a failure are waited out", function()
    helper.virtual_time()
    local server, _, client = scripted_front{ { nil, nil, 429, headers = { ["Retry-After"] = "7" } }, { nil, nil, 503 },
      { nil, nil, 200, body = "{}" } }
    server.requests = {}

    local response = assert(client:request{ path = path })

    assert.equal(3, response.attempts)
    assert.is_true(server:pauses()[1] >= 7)
  end)

  spec("a whole operation of the emulator comes to its end", function()
    helper.virtual_time()
    local e = helper.emulator{ seed = "contoso" }
    local front = start_front(port_of(e.url))
    e.url = front.url
    e:fault{ match = "operationStatuses", status = 429, retry_after = 3, times = 2 }
    local client = helper.client(e, { ca_file = front.ca_file })

    local link = assert(client:put(helper.signalr_id .. "/sharedPrivateLinkResources/func-pe", { properties = {
      groupId = "sites", privateLinkResourceId = helper.func_id, requestMessage = "hello" } }))

    assert.equal("Pending", link.properties.status)
    assert.matches("h2 429", front:read("log"))
    assert.is_nil(front:read("log"):find("http/1.1", 1, true))
  end)

  spec("a server that goes away is a failure of the transport", function()
    helper.virtual_time()
    local server, front, client = scripted_front{ { nil, nil, 200, body = "{}" } }
    server.requests = {}
    assert(client:request{ path = path })

    front:close()
    local _, err = client:request{ path = path, max_retries = 0 }

    assert.equal("transport", err.kind)
    assert.equal(1, #server.requests)
  end)
end)
