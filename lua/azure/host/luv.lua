--- Our loop inside of luv's (libuv): `require("azure.host.luv").attach()`.
--
-- Tasks of azure.spawn run on uv.run. A wait in a coroutine of the script's own
-- yields to whoever resumed it, as luv scripts do, and luv's loop resumes it. A
-- wait on the main thread runs uv.run itself; inside a callback of luv, which
-- is no coroutine, that is impossible and raises an error that says so. As long
-- as something is under way it keeps uv.run from returning.

local errors = require "azure.errors"
local shared = require "azure.host.shared"

local module = {}

local note = shared.note{}

local function find_luv(given)
  if given then return given end
  local ok, uv = pcall(require, "luv")
  if not ok then errors.raise("luv.attach: the module 'luv' is not there: " .. tostring(uv)) end
  return uv
end

local function resume(co)
  local ok, err = coroutine.resume(co)
  if ok then return end
  error(type(err) == "string" and debug.traceback(co, err) or err, 0)
end

local function suspension()
  local co = coroutine.running()
  return shared.pair(function() coroutine.yield(note) end, function() resume(co) end)
end

-- One handle for each uv, stopped while detached and never closed: closing one
-- without another run of the loop crashes luv when the state is closed
-- (https://github.com/luvit/luv/issues/437).
local handles = setmetatable({}, { __mode = "k" })

local function get_handle(uv, fd)
  handles[uv] = handles[uv] or (fd and uv.new_poll(fd) or uv.new_timer())
  return handles[uv]
end

local function open(host, opts)
  local uv = find_luv(opts.uv)
  if not uv.loop_mode then errors.raise("luv.attach: this luv is too old: it has no loop_mode") end
  local handle = get_handle(uv, host.fd)
  local function step()
    if host.attached then host:step() end
  end
  if host.fd then handle:start("r", step) end

  local function turn()
    uv.run("once")
    return uv.loop_alive()
  end

  function host.way(_, yieldable)
    if yieldable then return suspension() end
    if not uv.loop_mode() then return turn end
    return host:refuse(yieldable)
  end

  function host:watch(busy)
    if self.fd then
      if busy then handle:ref() else handle:unref() end
    elseif busy then
      handle:start(math.ceil(shared.LOOK_EVERY * 1000), 0, step)
    else
      handle:stop()
    end
  end

  function host:stop()
    handle:stop()
    if self.fd then handle:unref() end
  end
end

---@class azure.LuvOptions: azure.HostOptions
---@field uv table? the luv module, default `require "luv"`

--- Lets luv's loop drive ours.
---@param opts azure.LuvOptions?
---@return azure.Host host `host:detach()`, or `local host <close> = ...`
function module.attach(opts)
  local host = shared.attach("luv", opts, { uv = true }, open)
  return host
end

--- Ends it.
function module.detach()
  shared.detach("luv")
end

return module
