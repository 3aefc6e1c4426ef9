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

describe("a method of the core", function()
  for name, make in pairs(kinds) do
    local mine = assert(make())
    for method, fn in pairs(getmetatable(mine).__index) do
      for _, stranger in ipairs(strangers) do
        it(("%s.%s refuses %s"):format(name, method, stranger[1]), function()
          local ok, err = pcall(fn, stranger[2])

          assert.is_false(ok)
          assert.matches(name:gsub("%p", "%%%0") .. " expected", tostring(err))
        end)
      end
      for other_name, other_make in pairs(kinds) do
        if other_name ~= name then
          it(("%s.%s refuses %s"):format(name, method, other_name), function()
            local ok, err = pcall(fn, (other_make()))

            assert.is_false(ok)
            assert.matches(name:gsub("%p", "%%%0") .. " expected", tostring(err))
          end)
        end
      end
    end
  end
end)
