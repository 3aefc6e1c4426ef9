local azure = require "azure"
local helper = require "spec.helper"
local lock = require "azure.private_link.lock"

describe("the turn of a SignalR", function()
  local function hold(id, seconds, log, name)
    local turn <close> = assert(lock.acquire(id, math.huge))
    log[#log + 1] = "+" .. name
    azure.sleep(seconds)
    log[#log + 1] = "-" .. name
    return turn ~= nil
  end

  before_each(function()
    helper.virtual_time()
  end)

  it("is given in order, whatever the case of the id", function()
    local log = {}

    local a, b = azure.spawn(hold, "/S/One", 5, log, "a"), azure.spawn(hold, "/s/one/", 1, log, "b")
    a:wait()
    b:wait()

    assert.equal("+a -a +b -b", table.concat(log, " "))
    assert.equal(0, lock.count())
  end)

  it("does not hold up other SignalRs", function()
    local log = {}

    local a, b = azure.spawn(hold, "/s/one", 5, log, "a"), azure.spawn(hold, "/s/two", 1, log, "b")
    a:wait()
    b:wait()

    assert.equal("+a +b -b -a", table.concat(log, " "))
  end)

  it("is waited for until the deadline only", function()
    local log = {}
    local a = azure.spawn(hold, "/s/one", 50, log, "a")
    azure.sleep(1)

    local turn, err = lock.acquire("/s/one", helper.loop():now() + 5)
    a:wait()

    assert.is_nil(turn)
    assert.equal("LockTimeout", err.code)
    assert.equal(0, lock.count())
  end)

  it("comes back when its holder raises", function()
    local task = azure.spawn(function()
      local turn <close> = assert(lock.acquire("/s/one", math.huge))
      error("oh no " .. tostring(turn ~= nil))
    end)

    assert.error_matches(function() task:wait() end, "oh no")

    assert.equal(0, lock.count())
  end)

  it("comes back when one who waits is cancelled", function()
    local log = {}
    local a, b = azure.spawn(hold, "/s/one", 5, log, "a"), azure.spawn(lock.acquire, "/s/one", math.huge)
    azure.sleep(1)

    b:cancel()
    a:wait()

    assert.equal(0, lock.count())
  end)
end)
