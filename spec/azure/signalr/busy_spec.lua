local busy = require "azure.signalr.busy"
local errors = require "azure.errors"
local helper = require "spec.helper"

describe("busy", function()
  local function conflict(code)
    return errors.new{ kind = "service", status = 409, code = code, message = "no" }
  end

  before_each(function()
    helper.virtual_time()
  end)

  local cases = {
    { conflict("Conflict"), true }, { conflict(nil), true }, { conflict("AnotherOperationInProgress"), true },
    { conflict("ScopeLocked"), false }, { conflict("MissingSubscriptionRegistration"), false },
    { errors.new{ kind = "service", status = 400, message = "no" }, false },
  }
  for i, case in ipairs(cases) do
    it("knows what waiting helps against, case " .. i, function()
      assert.equal(case[2], busy.is(case[1]))
    end)
  end

  it("tries again until it is taken", function()
    local tries = 0
    local result = busy.wait_out(function()
      tries = tries + 1
      if tries < 4 then return nil, conflict("Conflict") end
      return "done"
    end)

    assert.equal("done", result)
    assert.equal(4, tries)
  end)

  it("gives up with the conflict", function()
    local result, err = busy.wait_out(function() return nil, conflict("Conflict") end, 60)

    assert.is_nil(result)
    assert.equal("Conflict", err.code)
  end)

  it("tells how much time is left, and ends within it", function()
    local started, told = helper.loop():now(), {}

    busy.wait_out(function(left)
      told[#told + 1] = left
      require("azure.core").sleep(20):wait()
      return nil, conflict("Conflict")
    end, 60)

    assert.equal(60, told[1])
    assert.is_true(told[2] < 40 and told[2] > 0)
    assert.is_true(helper.loop():now() - started < 81)
  end)

  it("leaves a try without a timeout its own", function()
    local left = "none yet"

    busy.wait_out(function(given) left = given return true end)

    assert.is_nil(left)
  end)

  it("does not repeat what failed otherwise", function()
    local tries = 0
    local _, err = busy.wait_out(function()
      tries = tries + 1
      return nil, conflict("ScopeLocked")
    end)

    assert.equal(1, tries)
    assert.equal("ScopeLocked", err.code)
  end)
end)
