local azure = require "azure"
local core = require "azure.core"
local helper = require "spec.helper"

local function sleeper(seconds, value)
  return function()
    assert(azure.sleep(seconds))
    return value
  end
end

describe("azure.group", function()
  before_each(helper.virtual_time)

  it("gives results in the order of starting, not of ending", function()
    local group <close> = azure.group()
    for i = 1, 5 do group:spawn(sleeper(6 - i, i * 10)) end

    local results, errs = group:wait()

    assert.same({ 10, 20, 30, 40, 50, n = 5 }, results)
    assert.is_nil(errs)
  end)

  it("passes arguments and counts what returns nothing", function()
    local group <close> = azure.group()
    group:spawn(function() end)
    group:spawn(function(a, b) return a + b end, 1, 2)

    assert.same({ nil, 3, n = 2 }, (group:wait()))
  end)

  it("cancels the rest when one raises, and raises that", function()
    local seen, object = {}, {}
    local group <close> = azure.group()
    group:spawn(function()
      local _, err = azure.sleep(100)
      seen[1] = err.kind
    end)
    group:spawn(function() azure.sleep(1) error(object) end)
    local before = azure.loop():now()

    local ok, got = pcall(group.wait, group)

    assert.is_false(ok)
    assert.equal(object, got)
    assert.same({ "cancelled" }, seen)
    assert.is_true(azure.loop():now() - before < 50)
  end)

  it("lets nil and an error pass by index, unless they count as a failure", function()
    local lenient <close> = azure.group()
    lenient:spawn(function() return nil, "no" end)
    lenient:spawn(sleeper(1, "yes"))
    local results, errs = lenient:wait()
    assert.same({ nil, "yes", n = 2 }, results)
    assert.same({ "no" }, errs)

    local strict <close> = azure.group{ fail_on_err = true }
    local slow = strict:spawn(sleeper(100))
    strict:spawn(function() return nil, "no" end)
    local nothing, err = strict:wait()
    assert.is_nil(nothing)
    assert.equal("no", err)
    assert.equal("cancelled", slow:status().state)
  end)

  it("ends all of it at its deadline", function()
    local op = core.sleep(1000)
    local group <close> = azure.group{ timeout = 60 }
    group:spawn(function() return op:wait() end)
    group:spawn(sleeper(1, "in time"))

    local results, err = group:wait()

    assert.is_nil(results)
    assert.equal("timeout", err.kind)
    assert.equal("GroupTimeout", err.code)
    assert.equal("cancelled", op:status().state)
  end)

  it("keeps the deadline also while nobody waits", function()
    local group <close> = azure.group{ timeout = 60 }
    local task = group:spawn(sleeper(1000))

    azure.sleep(61)
    azure.loop():step(0)

    assert.is_true(task:done())
    assert.is_nil((group:wait()))
  end)

  it("ends at its deadline though its tasks go on after a cancelled wait", function()
    local started, ended = azure.loop():now(), {}
    local group <close> = azure.group{ timeout = 60 }
    group:spawn(function()
      for _ = 1, 50 do azure.sleep(10) end
      ended.counted = azure.loop():now()
    end)
    group:spawn(function() while true do azure.sleep(10) end end)

    local results, err = group:wait()

    assert.is_nil(results)
    assert.equal("GroupTimeout", err.code)
    assert.is_true(azure.loop():now() - started < 61)
    assert.is_true(ended.counted - started < 61)
    assert.is_true(azure.loop():idle())
  end)

  it("returns at its deadline though a task can not be stopped", function()
    local going = true
    azure.loop():auto_advance(false) -- for such tasks virtual time stands still
    do
      local group <close> = azure.group{ timeout = 0.02 }
      group:spawn(function() while going do pcall(azure.sleep, 10) end end)
      group:spawn(function() while going do coroutine.yield() end end)

      local _, err = group:wait()

      assert.equal("GroupTimeout", err.code)
      assert.equal("azure.group (2 of 2 tasks under way)", tostring(group))
    end
    going = false
    helper.until_true(function() return azure.loop():idle() end)
  end)

  it("begins nothing more in a task of a group that has failed", function()
    local e = helper.emulator{ seed = "contoso" }
    local client = helper.client(e)
    local group <close> = azure.group()
    local kinds = {}
    group:spawn(function()
      azure.sleep(100)
      for i = 1, 3 do
        local _, err = client:put(e.ids.signalr .. "/sharedPrivateLinkResources/func-pe", {
          properties = { privateLinkResourceId = e.ids.func, groupId = "sites" } })
        kinds[i] = err.kind
      end
    end)
    group:spawn(function() azure.sleep(1) error("first", 0) end)

    assert.error_matches(function() group:wait() end, "first")
    azure.sleep(10)

    assert.same({ "cancelled", "cancelled", "cancelled" }, kinds)
    assert.equal(0, #e:requests("PUT"))
  end)

  it("lets a task that has failed shield what it must still do", function()
    local group <close> = azure.group{ timeout = 60 }
    local seen = {}
    group:spawn(function()
      azure.sleep(100)
      seen.shielded = core.sleep(5):wait{ shield = true }
      seen.after = azure.sleep(5)
    end)
    group:spawn(function() azure.sleep(1) error("first", 0) end)

    pcall(group.wait, group)

    assert.same({ shielded = true }, seen)
  end)

  it("ends inner groups and tasks that a task waits for, for good", function()
    local group <close> = azure.group{ timeout = 60 }
    group:spawn(function()
      local inner <close> = azure.group()
      inner:spawn(function() while true do azure.sleep(10) end end)
      inner:wait()
    end)
    group:spawn(function() azure.run(function() while true do azure.sleep(10) end end) end)

    local _, err = group:wait()

    assert.equal("GroupTimeout", err.code)
    assert.is_true(azure.loop():idle())
  end)

  it("has no deadline left over when it ends in time", function()
    local group <close> = azure.group{ timeout = 3600 }
    group:spawn(sleeper(1))

    group:wait()

    assert.is_true(azure.loop():idle())
  end)

  it("waits for tasks that its tasks start", function()
    local group <close> = azure.group()
    group:spawn(function()
      azure.sleep(1)
      group:spawn(sleeper(1, "inner"))
      return "outer"
    end)

    assert.same({ "outer", "inner", n = 2 }, (group:wait()))
  end)

  it("ends its tasks with the block, and not before they have ended", function()
    local seen = {}
    do
      local group <close> = azure.group()
      group:spawn(function()
        local _, err = azure.sleep(100)
        azure.sleep(1)
        seen[1] = err.kind
      end)
      azure.sleep(1)
    end

    assert.same({ "cancelled" }, seen)
    assert.is_true(azure.loop():idle())
  end)

  it("raises at the end of the block what nobody has seen", function()
    assert.error_matches(function()
      local group <close> = azure.group()
      group:spawn(function() error("unseen", 0) end)
      azure.sleep(1)
    end, "unseen")
  end)

  it("does not hide an error of the block behind one of a task", function()
    assert.error_matches(function()
      local group <close> = azure.group()
      group:spawn(function() error("unseen", 0) end)
      azure.sleep(1)
      error("of the block", 0)
    end, "of the block")
  end)

  it("is cancelled with the task that waits for it, down to the operation", function()
    local op, seen = core.sleep(1000), {}
    local outer = azure.spawn(function()
      local group <close> = azure.group()
      group:spawn(function()
        local inner <close> = azure.group()
        inner:spawn(function() return op:wait() end)
        return inner:wait()
      end)
      local _, err = group:wait()
      seen[1] = err.kind
    end)
    azure.sleep(1)

    outer:cancel()
    outer:wait()

    assert.same({ "cancelled" }, seen)
    assert.equal("cancelled", op:status().state)
    assert.is_true(azure.loop():idle())
  end)

  it("can be cancelled as a whole", function()
    local group <close> = azure.group()
    group:spawn(sleeper(100))
    azure.loop():step(0)

    group:cancel()
    local results, err = group:wait()

    assert.is_nil(results)
    assert.equal("cancelled", err.kind)
  end)

  it("never starts a task after a failure", function()
    local group, started = azure.group(), false
    group:spawn(function() error("first", 0) end)
    pcall(group.wait, group)

    local late = group:spawn(function() started = true end)
    group:close()
    group:close()

    assert.is_false(started)
    assert.equal("cancelled", late:status().state)
    assert.error_matches(function() group:spawn(print) end, "the group is closed")
  end)

  it("waits for an empty group at once", function()
    local group <close> = azure.group()

    assert.same({ n = 0 }, (group:wait()))
  end)

  it("shows how much is under way", function()
    local group <close> = azure.group()
    group:spawn(sleeper(1))

    assert.equal("azure.group (1 of 1 tasks under way)", tostring(group))
  end)

  it("checks its arguments", function()
    assert.error_matches(function() azure.group{ timout = 1 } end, "did you mean 'timeout'")
    assert.error_matches(function() azure.group{ timeout = -1 } end, "seconds from 0 up")
    assert.error_matches(function() azure.group{ fail_on_err = 1 } end, "'fail_on_err' must be boolean")
    assert.error_matches(function() azure.group():spawn(1) end, "'fn' must be function")
  end)
end)
