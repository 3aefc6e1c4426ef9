-- Every example runs, as a process of its own, as its reader would run it.
local lua = os.getenv("LUA") or "lua5.4"

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1 </dev/null"))
  local output = pipe:read("a")
  local ok, how, code = pipe:close()
  return ok and how == "exit" and code == 0, output
end

local function examples()
  local list = {}
  for name in io.popen("ls examples"):lines() do
    if name:find("^%d%d_.*%.lua$") then list[#list + 1] = name end
  end
  return list
end

describe("examples", function()
  it("are numbered scripts", function()
    assert.is_true(#examples() >= 1)
  end)

  for _, name in ipairs(examples()) do
    it(("runs examples/%s"):format(name), function()
      local ok, output = run(("%s examples/%s"):format(lua, name))

      assert.is_true(ok, output)
    end)
  end

  for _, arguments in ipairs { "", "--tls" } do
    it(("tells the whole story: demo.lua %s"):format(arguments), function()
      local ok, output = run(("NO_COLOR=1 %s examples/demo.lua --speed 200 %s"):format(lua, arguments))

      assert.is_true(ok, output)
      assert.truthy(output:find("a second run changes nothing", 1, true), output)
    end)
  end

  it("keeps the quickstart short", function()
    local count = 0
    for _ in io.lines("examples/01_quickstart.lua") do count = count + 1 end

    assert.is_true(count <= 25)
  end)
end)
