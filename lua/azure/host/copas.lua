--- Our loop inside of Copas: `require("azure.host.copas").attach()`.
--
-- Tasks of azure.spawn run on copas.loop(). A wait in a thread of Copas
-- suspends that thread, as Copas' own waits do. A wait on the main thread runs
-- copas.step. As long as something is under way copas.loop() goes on. Works
-- with Copas 1.1.7, which has no timers, and later.

local errors = require "azure.errors"
local shared = require "azure.host.shared"

local module = {}

local function find_copas(given)
  if given then return given end
  local ok, copas = pcall(require, "copas")
  if not ok then errors.raise("copas.attach: the module 'copas' is not there: " .. tostring(copas)) end
  return copas
end

-- Our descriptor in the clothes of a socket: `receive` says "timeout" once,
-- which makes Copas wait until it is readable, then that something came.
local function pseudo_socket(host)
  local socket = { asked = false }
  function socket.getfd() return host.fd end
  function socket.dirty() return not host.attached end
  function socket.settimeout() return 1 end
  function socket.close() return 1 end
  function socket:receive()
    self.asked = not self.asked
    if self.asked then return nil, "timeout" end
    return ""
  end
  return socket
end

local function wait_for_work(host, copas, socket)
  if host.fd then
    socket.asked = false
    copas.receive(socket, 1)
  else
    copas.sleep(shared.LOOK_EVERY)
  end
end

-- Copas before 2.0 knows no sleeping threads, but puts a thread into whatever
-- queue it yields: this one only forgets it.
local nowhere = shared.note{ insert = function() end, push = function() end }

local function suspension(copas)
  local co = coroutine.running()
  if not copas.wakeup then
    return shared.pair(function() coroutine.yield(nowhere, nowhere) end, function() copas.addthread(co) end)
  end
  local park = copas.pauseforever or function() copas.sleep(-1) end
  return shared.pair(park, function() copas.wakeup(co) end)
end

local function open(host, opts)
  local copas = find_copas(opts.copas)
  if not host.fd and not copas.sleep then
    error("copas.attach: this Copas has no timers, and with the poll backend there is no descriptor to watch; "
      .. "call azure.loop():step(0) every few milliseconds", 4)
  end
  local socket = pseudo_socket(host)
  local function turn()
    copas.step()
    return true
  end

  function host.way(_, yieldable)
    if yieldable then return suspension(copas) end
    local _, main = coroutine.running()
    if main and not copas.running then return turn end
    return host:refuse(yieldable)
  end

  function host.start(_, drive) copas.addthread(drive) end

  function host.look() wait_for_work(host, copas, socket) end

  -- The thread that waits for the descriptor finds it "dirty" and ends.
  function host.stop() end
end

---@class azure.CopasOptions: azure.HostOptions
---@field copas table? the module, default `require "copas"`

--- Lets Copas drive our loop.
---@param opts azure.CopasOptions?
---@return azure.Host host `host:detach()`, or `local host <close> = ...`
function module.attach(opts)
  local host = shared.attach("copas", opts, { copas = true }, open)
  return host
end

--- Ends it.
function module.detach()
  shared.detach("copas")
end

return module
