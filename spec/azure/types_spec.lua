-- The declarations for editors against the compiled module itself.
local core = require "azure.core"
local docstrings = require "azure.repl.docstrings"
local helper = require "spec.helper"

local types = docstrings.of_module("azure.types")

local function declared(var)
  local names = {}
  for _, fn in ipairs(types.functions) do
    if fn.owner == var then names[#names + 1] = fn.name end
  end
  table.sort(names)
  return names
end

local function functions_in(t)
  local names = {}
  for name, value in pairs(t) do
    if type(value) == "function" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function methods(object)
  return functions_in(getmetatable(object).__index)
end

describe("azure.types", function()
  it("declares the functions of azure.core, no more and no fewer", function()
    assert.same(functions_in(core), declared("core"))
  end)

  local objects = {
    Loop = function() return core.loop() end,
    Op = function() return core.sleep(0):cancel() end,
    Http = function() return helper.closing(core.http{}) end,
    CoreClient = function() return helper.closing(core.client{ endpoint = "https://management.azure.com" }) end,
    Credential = function()
      return helper.closing(core.credential("static", { token = "t", expires_on = os.time() + 3600 }))
    end,
  }
  for var, make in pairs(objects) do
    it("declares the methods of " .. var, function()
      assert.same(methods(make()), declared(var))
    end)

    it("knows the class " .. var .. " by its metatable", function()
      assert.equal(var, docstrings.class_of(make()).var)
    end)
  end

  for var, name in pairs{ Terminal = "azure.terminal", Foreground = "azure.foreground" } do
    it("declares the methods of " .. var, function()
      assert.same(functions_in(debug.getregistry()[name].__index), declared(var))
    end)
  end

  it("is marked as declarations, which nobody runs", function()
    local first = io.lines(types.path)()

    assert.equal("---@meta azure.core", first)
  end)
end)
