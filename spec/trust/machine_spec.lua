-- A machine that runs out of things, and what this library leaves on it.
local azure = require "azure"
local child = require "spec.child"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local function permissions(path)
  local pipe = assert(io.popen("ls -l " .. path))
  local line = pipe:read("l")
  pipe:close()
  return line:sub(1, 10)
end

local many = [[
  local azure = require "azure"
  local client = assert(azure.client{
    cloud = { arm = arg[1], authority = arg[1] }, retry = { max_retries = 0 }, timeout = 20, max_connections = 100,
    throttle = false, -- else only some begin before the first answer is there
    credential = azure.identity.static{ token = "t", expires_on = os.time() + 3600 },
  })
  local path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"
  local numbers = {}
  for i = 1, 60 do numbers[i] = i end
  local function ask() return client:get(path) end
  local results, errs = azure.map(numbers, { concurrency = 60 }, ask)
  local good, bad = 0, 0
  for i = 1, 60 do
    local err = errs and errs[i]
    if err then assert(err.kind == "transport" or err.kind == "timeout", tostring(err)) bad = bad + 1
    else good = good + 1 end
  end
  assert(client:get(path), "nothing works any more")
  print(good + bad, bad > 0)
]]

describe("a process without file descriptors", function()
  it("gets errors, and goes on when there are some again", function()
    local server = scripted.start{}
    server.handle = function() return { status = 200, headers = {}, body = '{"name":"t"}', delay = 0.5 } end
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(many)
    file:close()

    local result = child.shell(("ulimit -n 40; %s %s %s"):format(os.getenv("LUA") or "lua5.4", path, server.url))

    os.remove(path)
    assert.equal("", result.err)
    assert.equal("60\ttrue\n", result.out)
  end)
end)

describe("a name that nobody can resolve", function()
  it("is an error, and holds up nobody else", function()
    local server = scripted.start{}
    server.handle = function() return { status = 200, headers = {}, body = '{"name":"t"}' } end
    local lost = scripted.client({ url = "https://no-such-host.invalid" }, { retry = { max_retries = 0 }, timeout = 2 })
    local found = scripted.client(server)
    local path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"
    local never = lost:send{ path = path }

    local doc = assert(found:get(path))
    local none, err = never:wait()

    assert.equal("t", doc.name)
    assert.is_nil(none)
    assert.is_true(err.kind == "transport" or err.kind == "timeout", tostring(err))
  end)
end)

describe("an audit trail", function()
  local function establish(handle)
    helper.virtual_time()
    local e = helper.emulator{ seed = "contoso" }
    return azure.private_link.establish(helper.client(e), {
      signalr = e.ids.signalr, upstream = e.ids.func, name = "func-pe", on_event = azure.progress.json_lines(handle),
    })
  end

  it("on a full disk is told to be lost, and the job goes on", function()
    local full = io.open("/dev/full", "w")
    if not full then return pending("there is no /dev/full here") end
    local told = {}
    local stderr = io.stderr
    io.stderr = { write = function(_, ...) told[#told + 1] = table.concat{ ... } end } -- luacheck: ignore 122

    local report = establish(full)

    io.stderr = stderr -- luacheck: ignore 122
    full:close()
    assert.equal("Approved", report.connection.status)
    assert.equal(1, #told)
    assert.matches("No space left", told[1])
  end)

  it("in a file that may only be read is told to be lost, and the job goes on", function()
    local path = os.tmpname()
    local handle = assert(io.open(path, "r"))
    local told = {}
    local stderr = io.stderr
    io.stderr = { write = function(_, ...) told[#told + 1] = table.concat{ ... } end } -- luacheck: ignore 122

    local report = establish(handle)

    io.stderr = stderr -- luacheck: ignore 122
    handle:close()
    os.remove(path)
    assert.equal("Approved", report.connection.status)
    assert.equal(1, #told)
  end)
end)

describe("the emulator", function()
  it("writes its authority where only its owner can read it, and takes it away", function()
    local e = require("azure.emulator").start{ tls = true }
    local path = e.ca_file
    local mode = permissions(path)

    e:stop()

    assert.equal("-rw-------", mode)
    assert.is_nil(io.open(path))
  end)

  it("listens on the loopback unless it is told otherwise", function()
    local e = helper.emulator{}

    assert.matches("^http://127%.0%.0%.1:", e.url)
  end)

  it("warns on stderr where others than this machine can reach it", function()
    local result = child.lua([[
      require("azure.emulator").start{ address = "0.0.0.0" }:stop()
      require("azure.emulator").start{ address = "127.0.0.1" }:stop()
    ]], { LUA_PATH = os.getenv("LUA_PATH"), LUA_CPATH = os.getenv("LUA_CPATH") })

    assert.equal(0, result.code)
    local _, warnings = result.err:gsub("listening on 0%.0%.0%.0", "")
    assert.equal(1, warnings)
    assert.is_nil(result.err:find("127.0.0.1", 1, true))
  end)
end)
