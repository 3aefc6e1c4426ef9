local ok, cqueues = pcall(require, "cqueues")
local azure = require "azure"
local core = require "azure.core"
local behaves = require "spec.azure.host.behaviour"
local adapter = require "azure.host.cqueues"

local controller = ok and cqueues.new()
local h = { name = "cqueues", module = adapter }

function h.attach(opts)
  opts = opts or {}
  opts.controller = controller
  return adapter.attach(opts)
end

function h.go(fn)
  controller:wrap(fn)
end

function h.run(done)
  repeat assert(controller:step(0.001)) until done()
end

function h.every(seconds, fn)
  local going = true
  controller:wrap(function()
    while going do cqueues.sleep(seconds) fn() end
  end)
  return function()
    going = false
    assert(controller:loop())
  end
end

describe("azure.host.cqueues", function()
  if not ok then
    pending("cqueues is not installed")
    return
  end

  -- The controller has its own descriptors from the first poll on.
  controller:wrap(function() cqueues.sleep(0) end)
  assert(controller:loop())

  behaves(h)

  it("keeps cq:loop() going as long as something is under way", function()
    local _ <close> = h.attach()
    local seen = {}
    azure.spawn(function() seen[1] = azure.sleep(0.01) end)

    assert(controller:loop())

    assert.same({ true }, seen)
    assert.is_true(controller:empty())
  end)

  it("makes a controller where none was given", function()
    local host <close> = adapter.attach()
    local seen = {}
    host.controller:wrap(function() seen[1] = azure.sleep(0.001) end)

    assert(host.controller:loop())

    assert.same({ true }, seen)
    host.controller:close()
  end)

  it("takes the controller that is running", function()
    local seen = {}
    controller:wrap(function()
      local host <close> = adapter.attach()
      seen[1] = host.controller == controller
      seen[2] = azure.sleep(0.001)
    end)

    assert(controller:loop())

    assert.same({ true, true }, seen)
  end)

  it("waits in coroutines that pass the waits of cqueues on", function()
    local auxlib = require "cqueues.auxlib"
    local _ <close> = h.attach()
    local seen = {}
    controller:wrap(function()
      for value in auxlib.wrap(function()
        for i = 1, 3 do azure.sleep(0.001) coroutine.yield(i) end
      end) do seen[#seen + 1] = value end
    end)

    assert(controller:loop())

    assert.same({ 1, 2, 3 }, seen)
  end)

  it("gives an uncaught error to cq:loop() and goes on", function()
    local _ <close> = h.attach()
    local seen = {}
    controller:wrap(function() azure.sleep(0.001) error("nobody catches this", 0) end)
    controller:wrap(function() azure.sleep(0.005) seen[1] = true end)

    local good, err = controller:loop()
    assert(controller:loop())

    assert.is_falsy(good)
    assert.equal("nobody catches this", err)
    assert.same({ true }, seen)
  end)

  it("refuses what is no controller", function()
    assert.error_matches(function() adapter.attach{ controller = {} } end, "must be a cqueues controller")
  end)

  it("is left behind with operations in flight", function()
    local own, op = cqueues.new(), core.sleep(100)
    local host = adapter.attach{ controller = own }
    own:wrap(function() op:wait() end)
    assert(own:step(0))
    assert(own:step(0))

    host:detach()
    own:close()
    op:cancel()
    azure.loop():step(0)

    assert.is_true(azure.loop():idle())
  end)
end)
