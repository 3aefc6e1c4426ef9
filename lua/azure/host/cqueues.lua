--- Our loop inside of a cqueues controller:
-- `require("azure.host.cqueues").attach{ controller = cq }`.
--
-- Tasks of azure.spawn run on cq:loop(). A wait in a coroutine of the
-- controller waits on a condition, as cqueues' own waits do; a coroutine nested
-- in one must therefore be made by cqueues.auxlib.wrap. A wait on the main
-- thread steps the controller. As long as something is under way cq:loop()
-- goes on.

local errors = require "azure.errors"
local shared = require "azure.host.shared"

local module = {}

local function load_cqueues()
  local ok, cqueues = pcall(require, "cqueues")
  if not ok then errors.raise("cqueues.attach: the module 'cqueues' is not there: " .. tostring(cqueues)) end
  return cqueues, require "cqueues.condition"
end

local function choose_controller(cqueues, given)
  if given == nil then return cqueues.running() or cqueues.new() end
  if cqueues.type(given) ~= "controller" then
    errors.raise("cqueues.attach: 'controller' must be a cqueues controller, not a " .. type(given))
  end
  return given
end

local function open(host, opts)
  local cqueues, condition = load_cqueues()
  local controller = choose_controller(cqueues, opts.controller)
  local detached = condition.new()
  local pollable = {
    pollfd = function() return host.fd end,
    events = function() return "r" end,
  }
  host.controller = controller

  local function turn()
    local ok, err = controller:step()
    if not ok then error(err, 0) end
    return not controller:empty()
  end

  function host.way(_, yieldable)
    if not cqueues.running() then return turn end
    if not yieldable then return host:refuse(yieldable) end
    local ready = condition.new()
    return shared.pair(function() ready:wait() end, function() ready:signal() end)
  end

  function host.start(_, drive) controller:wrap(drive) end

  function host:look()
    cqueues.poll(self.fd and pollable or shared.LOOK_EVERY, detached)
  end

  function host.stop() detached:signal() end
end

---@class azure.CqueuesOptions: azure.HostOptions
---@field controller table? default the one that is running, or a new one in `host.controller`

--- Lets a controller of cqueues drive our loop.
---@param opts azure.CqueuesOptions?
---@return azure.Host host `host:detach()`, or `local host <close> = ...`
function module.attach(opts)
  local host = shared.attach("cqueues", opts, { controller = true }, open)
  return host
end

--- Ends it.
function module.detach()
  shared.detach("cqueues")
end

return module
