-- Every example runs, as a process of its own, as its reader would run it.
local lua = os.getenv("LUA") or "lua5.4"

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1 </dev/null"))
  local output = pipe:read("a")
  local ok, how, code = pipe:close()
  return ok and how == "exit" and code == 0, output
end

local function exit_of(command)
  local pipe = assert(io.popen(command .. " 2>&1 </dev/null"))
  local output = pipe:read("a")
  local ok, _, code = pipe:close()
  return ok and 0 or code, output
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
      assert.matches("Pending +func%-pe%S* +\"[^\n]*<%- ours.*Approved +func%-pe[^\n]*<%- ours", output)
    end)
  end

  for _, arguments in ipairs {
    "emulator.lua --port 1.5", "emulator.lua --port 99999", "emulator.lua --port", "emulator.lua --port x",
    "emulator.lua --seed foo", "emulator.lua --timings -1", "emulator.lua --latency nan", "emulator.lua --sed contoso",
    "upstream.lua --port x", "upstream.lua --port 99999", "upstream.lua --port", "upstream.lua 5",
    "demo.lua --speed 0", "demo.lua --speed", "demo.lua --sped 5", "demo.lua 5",
  } do
    it("refuses " .. arguments, function()
      local code, output = exit_of(("%s examples/%s"):format(lua, arguments))

      assert.equal(2, code)
      assert.is_nil(output:find("traceback", 1, true))
    end)
  end

  for _, name in ipairs { "emulator.lua", "upstream.lua", "demo.lua" } do
    it("explains " .. name, function()
      local code, output = exit_of(("%s examples/%s --help"):format(lua, name))

      assert.equal(0, code)
      assert.matches("^usage: " .. name, output)
    end)
  end

  it("keeps the quickstart short", function()
    local count = 0
    for _ in io.lines("examples/01_quickstart.lua") do count = count + 1 end

    assert.is_true(count <= 25)
  end)
end)
