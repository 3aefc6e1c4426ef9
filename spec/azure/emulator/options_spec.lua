-- spec/options_spec.lua compares the fields with what the emulator takes; here
-- is what their texts promise and no other spec looks at.
local docstrings = require "azure.repl.docstrings"
local helper = require "spec.helper"

local options = docstrings.of_module("azure.emulator.options")

describe("azure.emulator.options", function()
  it("is marked as declarations, which nobody runs", function()
    assert.equal("---@meta azure.emulator.options", io.lines(options.path)())
    assert.same({}, options.functions)
  end)

  it("says of every rule of a fault whether the request has its effect", function()
    local e = helper.emulator{ listen = false, seed = "contoso" }
    local tags = helper.group:gsub("/resourceGroups.*$", "")
    local reached = {}
    for name, rule in pairs{
      status = { status = 500 }, reset = { reset = true }, drop = { drop = true }, before = { drop = "before" },
      after = { drop = "after" }, effect = { status = 500, effect = true }, headers = { headers = { A = "b" } },
      body = { body = "spoiled" }, delay = { delay = 1 },
    } do
      e:fault(rule)
      local answer = e:handle{ method = "GET", path = tags, headers = {} }
      reached[name] = answer.status == 401 -- ARM's own answer to who has no token
        or answer.close ~= nil and rule.drop == "after" or (rule.effect or false)
      e:clear_faults()
    end

    assert.same({
      status = false, reset = false, drop = false, before = false, after = true, effect = true, headers = true,
      body = true, delay = true,
    }, reached)
  end)
end)
