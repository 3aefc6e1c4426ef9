local azure = require "azure"
local core = require "azure.core"
local helper = require "spec.helper"
local shared = require "azure.host.shared"

-- A host that is this spec: it calls `step` itself.
local function attach(opts)
  local calls = { busy = {}, stopped = 0 }
  local host = shared.attach("spec", opts, { own = true }, function(host)
    function host.way() return nil end
    function host.watch(_, busy) calls.busy[#calls.busy + 1] = busy end
    function host.stop() calls.stopped = calls.stopped + 1 end
  end)
  return host, calls
end

describe("azure.host.shared", function()
  it("tells the host when something is under way, from outside and from inside of a step", function()
    local host <close>, calls = attach()
    assert.same({ false }, calls.busy)

    local op = core.sleep(0)
    assert.is_true(calls.busy[#calls.busy])

    helper.until_true(function()
      host:step()
      return op:done()
    end)
    assert.is_false(calls.busy[#calls.busy])
  end)

  it("makes the descriptor readable when a timer is due", function()
    local host <close> = attach()
    if not host.fd then return end
    assert.is_true(azure.loop():alarm(0))
    local op = core.sleep(0.001)
    assert.is_number(azure.loop():timeout())

    helper.until_true(function()
      host:step()
      return op:done()
    end)
    assert.is_nil(azure.loop():timeout())
  end)

  it("jumps over waits in virtual time", function()
    helper.virtual_time()
    local host <close> = attach()
    local op = core.sleep(3600)

    host:step()

    assert.is_true(op:done())
  end)

  it("goes on after an error in a step", function()
    local host <close>, calls = attach()
    host.way = function()
      return function() coroutine.yield() end, function() error("woken badly", 0) end
    end
    local co = coroutine.create(function() azure.sleep(0) end)
    assert(coroutine.resume(co))
    local before = #calls.busy

    assert.error_matches(function()
      for _ = 1, 3 do host:step() end
    end, "woken badly")

    assert.is_true(#calls.busy > before)
    coroutine.close(co)
  end)

  it("lets Lua run for a slice only, and then the rest", function()
    local host <close> = attach{ slice = 0 }
    local ran = 0
    for _ = 1, 5 do azure.spawn(function() ran = ran + 1 end) end

    host:step()
    assert.equal(1, ran)
    assert.equal(0, azure.loop():timeout())

    for _ = 1, 4 do host:step() end
    assert.equal(5, ran)
  end)

  it("wakes only what still waits", function()
    local log = {}
    local suspend, wake = shared.pair(
      function() log[#log + 1] = "suspended" coroutine.yield() end,
      function() log[#log + 1] = "woken" end)
    wake()
    local co = coroutine.create(suspend)
    coroutine.resume(co)
    wake()
    coroutine.resume(co)
    wake()

    assert.same({ "suspended", "woken" }, log)
  end)

  it("lets go once, and the loop is on its own again", function()
    local host, calls = attach()
    host:detach()
    host:detach()
    shared.detach("spec")

    assert.equal(1, calls.stopped)
    assert.is_true(azure.sleep(0))
    assert.equal("azure.host (spec, detached)", tostring(host))
  end)

  it("leaves another adapter alone", function()
    local host <close> = attach()

    shared.detach("another")

    assert.is_true(host.attached)
  end)

  it("checks its options", function()
    assert.error_matches(function() attach{ slice = "x" } end, "'slice' must be number")
    assert.error_matches(function() attach{ oven = true } end, "did you mean 'own'")
  end)

  it("wants functions", function()
    assert.error_matches(function() azure.loop():on_wait(1) end, "function expected")
    assert.error_matches(function() azure.loop():step(0, -1) end, "must not be negative")
  end)
end)
