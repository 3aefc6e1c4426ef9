-- A resolver that does not answer, or says something else than before. It
-- stands in front of the C library's in a child of this process (dns.c).
local child = require "spec.child"
local core = require "azure.core"

local HANGS_S = 30
local resolver = package.searchpath("spec.dns", package.cpath)
local can_load = resolver and io.open("/proc/self/maps") -- elsewhere libraries are put in front differently
if can_load then can_load:close() end

-- What a script prints, how long it ran, and how.
local function run(script, env)
  local preload = os.getenv("LD_PRELOAD")
  local all = {
    LD_PRELOAD = preload and preload .. ":" .. resolver or resolver, AZL_DNS_SECONDS = tostring(HANGS_S),
    LUA_PATH = package.path, LUA_CPATH = package.cpath,
  }
  for name, value in pairs(env or {}) do all[name] = value end
  local started = core.loop():now()
  local result = child.lua(script, all)
  result.seconds = core.loop():now() - started
  return result
end

local prelude = [[
  local azure = require "azure"
  local path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"
  local loop = azure.loop()
  local client = assert(azure.client{
    cloud = { arm = "https://slow.test", authority = "https://slow.test" }, timeout = 1, retry = { max_retries = 0 },
    credential = azure.identity.static{ token = "t", expires_on = os.time() + 3600 },
  })
  local function clocked(fn, ...)
    local started = loop:now()
    local results = table.pack(fn(...))
    return loop:now() - started, table.unpack(results, 1, results.n)
  end
]]

local it_where_possible = can_load and it or pending

-- Before 7.87 libcurl waits for its resolver when a transfer is taken from it.
local major, minor = core.libcurl:match("^libcurl/(%d+)%.(%d+)")
local lets_go = tonumber(major) * 100 + tonumber(minor) >= 787
local it_where_let_go = lets_go and it_where_possible or pending

describe("a name that is not resolved in time", function()
  it_where_let_go("is an error at the deadline", function()
    local result = run(prelude .. [[
      local seconds, doc, err = clocked(client.get, client, path)
      print(doc, err.kind, seconds >= 1 and seconds < 5)
    ]])

    assert.equal("", result.err)
    assert.equal("nil\ttimeout\ttrue\n", result.out)
  end)

  it_where_possible("holds up nobody else", function()
    local result = run(prelude .. [[
      local scripted = require("azure.emulator.transport")
      local server = assert(scripted.listen({ address = "127.0.0.1", port = 0 }, function()
        return { status = 200, headers = {}, body = "hello" }
      end))
      local never = client:send{ path = path }
      local http = require("azure.core").http{}
      azure.sleep(0.1)
      local seconds, answer = clocked(function()
        return http:send{ method = "GET", url = ("http://127.0.0.1:%d/"):format(server:port()) }:wait()
      end)
      print(answer.body, seconds < 0.9, never:done())
      never:cancel()
      server:close()
    ]])

    assert.equal("", result.err)
    assert.equal("hello\ttrue\tfalse\n", result.out)
  end)

  it_where_let_go("can be cancelled at once", function()
    local result = run(prelude .. [[
      local op = client:send{ path = path }
      azure.sleep(0.1)
      local seconds = clocked(op.cancel, op)
      print(op:status().state, seconds < 0.5)
    ]])

    assert.equal("", result.err)
    assert.equal("cancelled\ttrue\n", result.out)
  end)

  it_where_let_go("does not hold up the client that is closed", function()
    local result = run(prelude .. [[
      local op = client:send{ path = path }
      azure.sleep(0.1)
      local seconds = clocked(client.close, client)
      print(op:status().state, seconds < 0.5)
    ]])

    assert.equal("", result.err)
    assert.equal("cancelled\ttrue\n", result.out)
  end)

  it_where_let_go("does not hold up the end of the process", function()
    local result = run(prelude .. [[
      client:send{ path = path }
      azure.sleep(0.1)
      print("over")
    ]])

    assert.equal("", result.err)
    assert.equal("over\n", result.out)
    assert.equal(0, result.code)
    assert.is_true(result.seconds < HANGS_S / 2, result.seconds .. " s")
  end)
end)

describe("a name whose address changes", function()
  it_where_possible("is followed once the old address answers no more", function()
    local file = os.tmpname()

    local result = run([[
      local azure = require "azure"
      local core = require "azure.core"
      local transport = require "azure.emulator.transport"
      local function listen(address, port, name)
        return assert(transport.listen({ address = address, port = port }, function()
          return { status = 200, headers = {}, body = name }
        end))
      end
      local old = listen("127.0.0.1", 0, "old")
      local new = listen("127.0.0.2", old:port(), "new")
      local http = core.http{}
      local url = ("http://moving.test:%d/"):format(old:port())
      local function moves_to(address)
        local file = assert(io.open(os.getenv("AZL_DNS_FILE"), "w"))
        file:write(address, "\n")
        file:close()
      end
      local function ask()
        local answer, err = http:send{ method = "GET", url = url, timeout = 10 }:wait()
        print(answer and answer.body or err.code)
      end

      moves_to("127.0.0.1")
      ask()
      moves_to("127.0.0.2")
      ask()         -- the connection is kept
      old:close()
      ask()         -- its address is known, and nobody is there
      ask()
      ask()
      http:close()
      new:close()
    ]], { AZL_DNS_FILE = file })

    os.remove(file)
    assert.equal("", result.err)
    assert.equal("old\nold\nConnectFailed\nnew\nnew\n", result.out)
  end)
end)

describe("a name with several addresses", function()
  local file

  before_each(function() file = os.tmpname() end)
  after_each(function() os.remove(file) end)

  local function with_addresses(addresses, script)
    local written = assert(io.open(file, "w"))
    written:write(addresses:gsub(" ", "\n"), "\n")
    written:close()
    return run([[
      local core = require "azure.core"
      local transport = require "azure.emulator.transport"
      local server = assert(transport.listen({ address = "127.0.0.2", port = 0 }, function()
        return { status = 200, headers = {}, body = "there" }
      end))
      local url = ("http://moving.test:%d/"):format(server:port())
      local http = core.http{}
      local function ask() return http:send{ method = "GET", url = url, timeout = 5 } end
      local function tell(answer, err) print(answer and answer.body or err.code) end
    ]] .. script .. " http:close() server:close()", { AZL_DNS_FILE = file })
  end

  it_where_possible("is reached at the first that somebody listens at", function()
    local result = with_addresses("127.0.0.5 127.0.0.4 127.0.0.3 127.0.0.2", "for _ = 1, 3 do tell(ask():wait()) end")

    assert.equal("", result.err)
    assert.equal("there\nthere\nthere\n", result.out)
  end)

  it_where_possible("is given up when nobody listens at any, and not at the deadline", function()
    local result = with_addresses("127.0.0.5 127.0.0.4 127.0.0.3", "for _ = 1, 2 do tell(ask():wait()) end")

    assert.equal("", result.err)
    assert.equal("ConnectFailed\nConnectFailed\n", result.out)
  end)

  it_where_possible("may be cancelled after any step, beside others that go on", function()
    local result = with_addresses("127.0.0.5 127.0.0.4 127.0.0.3 127.0.0.2", [[
      local loop, bad = core.loop(), 0
      for steps = 0, 15 do
        local left, kept = ask(), ask()
        for _ = 1, steps do loop:step(0.005) end
        left:cancel()
        local answer = kept:wait()
        if not (answer and answer.body == "there") then bad = bad + 1 end
        http:close()
        http = core.http{}
      end
      print(bad, loop:stats().transfers)
    ]])

    assert.equal("", result.err)
    assert.equal("0\t0\n", result.out)
  end)
end)
