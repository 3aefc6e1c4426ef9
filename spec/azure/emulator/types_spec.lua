-- The declarations for editors against the compiled module itself.
local docstrings = require "azure.repl.docstrings"
local server = require "azure.emulator.server"

local function declared(var)
  local names = {}
  for _, fn in ipairs(docstrings.of_module("azure.emulator.types").functions) do
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

describe("azure.emulator.types", function()
  it("declares the functions of azure.emulator.server", function()
    assert.same(functions_in(server), declared("server"))
  end)

  it("declares the methods of a server", function()
    assert.same(functions_in(debug.getregistry()["azure.emulator.server"].__index), declared("Server"))
  end)
end)
