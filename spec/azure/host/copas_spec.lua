local azure = require "azure"
local behaves = require "spec.azure.host.behaviour"
local adapter = require "azure.host.copas"
local shared = require "azure.host.shared"

-- Debian has Copas for Lua 5.1 and 5.2 only, though it runs on 5.4.
local function load_copas()
  local before = package.path
  package.path = before .. ";/usr/share/lua/5.1/?.lua;/usr/share/lua/5.2/?.lua"
  local ok, copas = pcall(require, "copas")
  package.path = before
  return ok and copas or nil
end

local copas = load_copas()
local h = { name = "copas", module = adapter }

function h.attach(opts)
  opts = opts or {}
  opts.copas = copas
  return adapter.attach(opts)
end

function h.go(fn)
  copas.addthread(fn)
end

function h.run(done)
  repeat copas.step(0.001) until done()
end

describe("azure.host.copas", function()
  if not copas then
    pending("copas is not installed")
    return
  elseif not copas.sleep and not azure.loop():pollfd() then
    pending("this Copas has no timers and the poll backend no descriptor")
    return
  end

  behaves(h)

  it("suspends the handler of a connection while it waits", function()
    local socket = require "socket"
    local _ <close> = h.attach()
    local server <close> = setmetatable({ socket = assert(socket.bind("127.0.0.1", 0)) }, {
      __close = function(self) self.socket:close() end })
    local _, port = server.socket:getsockname()
    local seen = {}
    copas.addserver(server.socket, function(connection)
      azure.sleep(0.001)
      copas.send(connection, "slept\n")
      connection:close()
    end)
    copas.addthread(function()
      local connection = socket.tcp()
      assert(copas.connect(connection, "127.0.0.1", port))
      seen[1] = copas.receive(connection)
      connection:close()
    end)

    h.run(function() return seen[1] end)

    assert.same({ "slept" }, seen)
    if copas.removeserver then copas.removeserver(server.socket) end
  end)
end)

-- A stand-in with the functions that later versions have, to see that the
-- adapter uses them.
local function later_copas()
  local later = { running = false, sleeping = {}, threads = {} }
  local function resume(co, ...) assert(coroutine.resume(co, ...)) end
  function later.addthread(fn) resume(coroutine.create(fn)) end
  function later.pauseforever()
    later.sleeping[coroutine.running()] = true
    coroutine.yield()
  end
  function later.sleep(seconds)
    assert(seconds > 0)
    later.threads[#later.threads + 1] = coroutine.running()
    coroutine.yield()
  end
  function later.wakeup(co)
    if later.sleeping[co] then later.threads[#later.threads + 1] = co end
    later.sleeping[co] = nil
  end
  function later.receive(socket)
    while not socket:receive(1) do later.sleep(1) end
  end
  function later.step()
    local ready = later.threads
    later.threads = {}
    for _, co in ipairs(ready) do resume(co) end
  end
  return later
end

describe("azure.host.copas with a later Copas", function()
  it("pauses and wakes up threads by its own functions", function()
    local later = later_copas()
    local host <close> = adapter.attach{ copas = later }
    local seen = {}
    later.addthread(function() seen[1] = azure.sleep(0.001) end)
    assert.is_truthy(next(later.sleeping))

    while not seen[1] do later.step() end
    later.step()

    assert.same({ true }, seen)
    assert.equal("copas", host.name)
  end)

  it("looks every few milliseconds where there is no descriptor", function()
    local later = later_copas()
    local host <close> = adapter.attach{ copas = later }
    host.fd = nil
    local seen = {}
    later.addthread(function() seen[1] = azure.sleep(0.001) end)

    while not seen[1] do later.step() end
    later.step()

    assert.is_true(shared.LOOK_EVERY > 0)
  end)

  it("says so where there is neither a timer nor a descriptor", function()
    local old = { addthread = function() end }
    local loop = azure.loop()
    local pollfd = getmetatable(loop).__index.pollfd
    getmetatable(loop).__index.pollfd = function() return nil end
    local ok, err = pcall(adapter.attach, { copas = old })
    getmetatable(loop).__index.pollfd = pollfd

    assert.is_false(ok)
    assert.matches("has no timers", err)
  end)
end)
