-- The core's userdata know their own kind, whatever is handed to their methods.
local core = require "azure.core"

local kinds = {
  ["azure.op"] = function() return core.sleep(0) end,
  ["azure.core.client"] = function() return core.client{ endpoint = "http://127.0.0.1:1" } end,
}

local strangers = {
  { "a file", io.stdout }, { "a table", {} }, { "a string", "op" }, { "nil", nil }, { "a thread", coroutine.create(print) },
  { "the loop", core.loop() },
}

-- What is no userdata of that kind: the strangers, and one of each other kind.
local function others(name)
  local list = table.move(strangers, 1, #strangers, 1, {})
  for other, make in pairs(kinds) do
    if other ~= name then list[#list + 1] = { other, assert(make()) } end
  end
  return list
end

describe("a method of the core", function()
  for name, make in pairs(kinds) do
    for method, fn in pairs(getmetatable(assert(make())).__index) do
      for _, other in ipairs(others(name)) do
        it(("%s.%s refuses %s"):format(name, method, other[1]), function()
          local ok, err = pcall(fn, other[2])

          assert.is_false(ok)
          assert.matches(name:gsub("%p", "%%%0") .. " expected", tostring(err))
        end)
      end
    end
  end
end)
