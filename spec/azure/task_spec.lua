local azure = require "azure"
local core = require "azure.core"
local helper = require "spec.helper"

describe("azure.task", function()
  before_each(helper.virtual_time)

  it("runs a function and gives what it returns", function()
    assert.same({ 1, nil, 3, n = 3 }, table.pack(azure.run(function(...) return ... end, 1, nil, 3)))
  end)

  it("raises what the function raises, as it is", function()
    local object = {}

    local ok, got = pcall(azure.run, function() error(object) end)

    assert.is_false(ok)
    assert.equal(object, got)
  end)

  it("lets other tasks go on while one waits", function()
    local order = {}
    local slow = azure.spawn(function() azure.sleep(2) order[#order + 1] = "slow" end)
    local fast = azure.spawn(function() azure.sleep(1) order[#order + 1] = "fast" end)

    slow:wait()
    fast:wait()

    assert.same({ "fast", "slow" }, order)
  end)

  it("waits on the main thread without any task", function()
    local before = azure.loop():now()

    assert.is_true(azure.sleep(3600))

    assert.is_true(azure.loop():now() - before > 3599.9)
  end)

  it("gives way at a plain yield", function()
    local order = {}
    local function worker(name)
      for _ = 1, 2 do order[#order + 1] = name coroutine.yield() end
    end
    local a, b = azure.spawn(worker, "a"), azure.spawn(worker, "b")

    a:wait()
    b:wait()

    assert.same({ "a", "b", "a", "b" }, order)
  end)

  it("is not hurried by who resumes its coroutine from outside", function()
    local co, got
    local task = azure.spawn(function()
      co = coroutine.running()
      coroutine.yield()
      local before = azure.loop():now()
      got = table.pack(azure.sleep(60))
      return azure.loop():now() - before
    end)
    azure.sleep(0)
    for _ = 1, 3 do
      coroutine.resume(co, "a stranger's value")
      azure.loop():step(0)
    end

    assert.is_true(task:wait() > 59.9)
    assert.same({ true, n = 1 }, got)
  end)

  describe("whose coroutine somebody closes", function()
    local function closed()
      local op, co = core.sleep(3600), nil
      local task = azure.spawn(function()
        co = coroutine.running()
        op:wait()
      end)
      azure.sleep(0)
      coroutine.close(co)
      return task, op
    end

    it("ends when what it waited for does", function()
      local task, _ <close> = closed() -- its end comes sooner where the wait is collected first

      assert.error_matches(function() task:wait() end, "dead coroutine")
    end)

    it("ends when its wait is collected", function()
      local task, op <close> = closed()
      collectgarbage()
      collectgarbage()

      assert.error_matches(function() task:wait{ timeout = 60 } end, "dead coroutine")
      assert.is_false(op:done())
    end)

    it("can be cancelled", function()
      local task, op <close> = closed()

      local result, err = task:cancel():wait()

      assert.is_nil(result)
      assert.equal("cancelled", err.kind)
      assert.is_false(op:done())
    end)
  end)

  it("waits inside pcall, metamethods, iterators and close handlers", function()
    local seen = {}
    azure.run(function()
      assert(pcall(azure.sleep, 1))
      local t = setmetatable({}, { __index = function(_, key) azure.sleep(1) return key end })
      seen.index = t.name
      local function each() azure.sleep(1) return nil end
      for _ in each do seen.never = true end
      do local _ <close> = setmetatable({}, { __close = function() seen.closed = azure.sleep(1) end }) end
    end)

    assert.same({ index = "name", closed = true }, seen)
  end)

  it("runs the loop in place where the coroutine cannot be suspended", function()
    local other = 0
    local result = azure.run(function()
      local counter = azure.spawn(function() azure.sleep(0.5) other = other + 1 end)
      local list = { 3, 1, 2 }
      table.sort(list, function(a, b) azure.sleep(1) return a < b end)
      counter:wait()
      return list
    end)

    assert.same({ 1, 2, 3 }, result)
    assert.equal(1, other)
  end)

  it("waits in a coroutine of the script's own without disturbing it", function()
    local values = azure.run(function()
      local generator = coroutine.wrap(function()
        for i = 1, 3 do azure.sleep(1) coroutine.yield(i) end
      end)
      return { generator(), generator(), generator() }
    end)

    assert.same({ 1, 2, 3 }, values)
  end)

  it("says so when a wait can never end", function()
    local own
    own = azure.spawn(function() return own:wait() end)

    assert.error_matches(function() own:wait() end, "cannot wait for itself")
  end)

  it("ends a wait at its timeout and leaves the operation alone", function()
    local op = core.sleep(10)

    local ok, err = op:wait{ timeout = 1 }

    assert.is_nil(ok)
    assert.equal("timeout", err.kind)
    assert.is_false(op:done())
    assert.is_true(op:wait())
  end)

  it("checks the options of a wait", function()
    local op <close> = core.sleep(1)

    assert.error_matches(function() op:wait{ timout = 1 } end, "unknown option 'timout'")
    assert.error_matches(function() op:wait{ timeout = -1 } end, "timeout must be a number of seconds")
    assert.error_matches(function() op:wait{ on_progress = 1 } end, "on_progress must be a function")
  end)

  it("cancels a task at its wait, once, and what it waits for", function()
    local seen, op = {}, core.sleep(100)
    local task = azure.spawn(function()
      local _, err = op:wait()
      seen.first = err.kind
      seen.second = azure.sleep(1)
    end)
    azure.loop():step(0)

    task:cancel()
    local _, err = task:wait()

    assert.equal("cancelled", err.kind)
    assert.same({ first = "cancelled", second = true }, seen)
    assert.equal("cancelled", op:status().state)
  end)

  it("cancels a task for good: each wait from then on, and what takes no notice", function()
    local waits = 0
    local task = azure.spawn(function()
      while true do
        azure.sleep(1)
        waits = waits + 1
      end
    end)
    local other = azure.spawn(function() return azure.sleep(0) end)
    azure.loop():step(0)

    local result, err = task:cancel(true):wait()

    assert.is_nil(result)
    assert.equal("cancelled", err.kind)
    assert.matches("cancelled for good", err.raised)
    assert.is_true(waits <= 101)
    assert.is_true(other:wait())
  end)

  it("cancels waits where the coroutine cannot be suspended too", function()
    local seen = {}
    local function waiting(name)
      return function()
        local before = azure.loop():now()
        local _, err = azure.sleep(1000)
        seen[name] = err.kind .. (azure.loop():now() - before < 10 and ", at once" or "")
      end
    end
    local inside = azure.spawn(function() string.gsub("x", "x", waiting("gsub")) end)
    local nested = azure.spawn(function() coroutine.wrap(waiting("generator"))() end)
    azure.spawn(function()
      azure.sleep(1)
      inside:cancel()
      nested:cancel()
    end)

    inside:wait()
    nested:wait()

    assert.same({ gsub = "cancelled, at once", generator = "cancelled, at once" }, seen)
  end)

  it("shields a wait from a cancellation, which the next one gets", function()
    local seen = {}
    local task = azure.spawn(function()
      seen[1] = core.sleep(10):wait{ shield = true }
      seen[2] = select(2, azure.sleep(10)).kind
    end)
    azure.loop():step(0)

    task:cancel():wait()

    assert.same({ true, "cancelled" }, seen)
  end)

  it("gives what a cancelled task raised with the cancellation, and takes it as told", function()
    local program = [[
      local azure = require "azure"
      local task = azure.spawn(function() azure.sleep(1) error("at clean-up", 0) end)
      azure.loop():step(0)
      local _, err = task:cancel():wait()
      print(err.kind, err.raised)]]
    local pipe = assert(io.popen(("%s -e '%s' 2>&1"):format(os.getenv("LUA") or "lua5.4", program)))
    local text = pipe:read("a")
    pipe:close()

    assert.equal("cancelled\tat clean-up\n", text)
  end)

  it("never starts a task that is cancelled first", function()
    local started = false
    local task = azure.spawn(function() started = true end)

    task:cancel()
    local _, err = task:wait()

    assert.equal("cancelled", err.kind)
    assert.is_false(started)
  end)

  it("closes an operation at the end of its block", function()
    local op
    do local scoped <close> = core.sleep(100) op = scoped end

    assert.equal("cancelled", op:status().state)
  end)

  it("has words for what has no resume token", function()
    local op <close> = core.sleep(1)

    local token, err = op:resume_token()

    assert.is_nil(token)
    assert.equal("NotResumable", err.code)
  end)

  it("maps a result and refuses a second map", function()
    local op = core.sleep(0):map(function(ok) return ok, "mapped" end)

    assert.same({ true, "mapped" }, { op:wait() })
    assert.error_matches(function() op:map(print) end, "map function already")
  end)

  it("checks its arguments", function()
    assert.error_matches(function() azure.run() end, "'fn' must be a function")
    assert.error_matches(function() azure.spawn(1) end, "'fn' must be a function")
    assert.error_matches(function() azure.sleep(-1) end, "from 0 up")
    assert.error_matches(function() azure.sleep("x") end, "from 0 up")
  end)

  it("is steady under garbage collection", function()
    for _ = 1, 50 do
      azure.spawn(function() azure.sleep(1) end)
      core.sleep(0.5)
      collectgarbage()
    end

    azure.sleep(2)

    assert.is_true(azure.loop():idle())
  end)
end)

describe("azure.map", function()
  before_each(helper.virtual_time)

  it("keeps the order and bounds the concurrency", function()
    local running, most = 0, 0

    local results, errs = azure.map({ 5, 4, 3, 2, 1 }, { concurrency = 2 }, function(x, i)
      running = running + 1
      most = math.max(most, running)
      azure.sleep(x)
      running = running - 1
      return x * 10 + i
    end)

    assert.same({ 51, 42, 33, 24, 15 }, results)
    assert.is_nil(errs)
    assert.equal(2, most)
  end)

  it("collects failures by index", function()
    local results, errs = azure.map({ "a", "b" }, nil, function(x)
      if x == "a" then return nil, "no" end
      return x
    end)

    assert.is_nil(results[1])
    assert.equal("b", results[2])
    assert.same({ "no" }, errs)
  end)

  it("cancels the others when an item raises, and starts no more", function()
    local seen, before = {}, azure.loop():now()
    assert.error_matches(function()
      azure.map({ 1, 2, 3, 4 }, { concurrency = 2 }, function(x)
        if x == 2 then azure.sleep(1) error("at two") end
        local slept, err = azure.sleep(1000)
        seen[#seen + 1] = { x, slept == nil and err.kind }
      end)
    end, "at two")

    assert.same({ { 1, "cancelled" } }, seen)
    assert.is_true(azure.loop():now() - before < 10)
    assert.is_true(azure.loop():idle())
  end)

  it("ends with the task that waits for it", function()
    local seen, result = {}, nil
    local task = azure.spawn(function()
      result = table.pack(azure.map({ 1, 2, 3 }, { concurrency = 2 }, function(x)
        seen[#seen + 1] = x
        return azure.sleep(1000)
      end))
    end)
    azure.sleep(1)

    task:cancel():wait()

    assert.is_nil(result[1])
    assert.equal("cancelled", result[2].kind)
    assert.same({ 1, 2 }, seen)
    assert.is_true(azure.loop():idle())
  end)

  it("ends with an error out of its wait, as Ctrl-C is one", function()
    local loop = azure.loop()
    local host = { n = 0 }
    loop:on_wait(function()
      return function()
        host.n = host.n + 1
        loop:step(0)
        if host.n == 3 then error("interrupted!", 0) end
        return true
      end
    end)
    local ok, err = pcall(azure.map, { 1, 2, 3 }, nil, function() return azure.sleep(1000) end)
    loop:on_wait(nil)

    assert.same({ false, "interrupted!" }, { ok, err })
    loop:step(0)
    assert.is_true(loop:idle())
  end)

  it("raises what an item raises", function()
    assert.error_matches(function()
      azure.map({ 1, 2, 3 }, { concurrency = 1 }, function(x) if x == 2 then error("at two") end return x end)
    end, "at two")
  end)

  it("takes an empty list and refuses bad arguments", function()
    assert.same({}, (azure.map({}, {}, print)))
    assert.error_matches(function() azure.map({}, { concurency = 2 }, print) end, "did you mean 'concurrency'")
    assert.error_matches(function() azure.map({}, { concurrency = 0 }, print) end, "integer from 1 up")
    assert.error_matches(function() azure.map(1, nil, print) end, "'list' must be a table")
  end)
end)
