-- Every ```lua block of docs/emulator.md runs here. The first is a spec of its
-- own; the others find in `e`, `client` and `azure` what it makes. A ```text
-- block right after one is what it prints.
local azure = require "azure"
local helper = require "spec.helper"

local PAGE = "docs/emulator.md"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

-- { { line =, code =, output = | nil } ... }
local function blocks(text)
  local list, number, open, language = {}, 0, nil, nil
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    local name = line:match("^```(%a*)%s*$")
    if name and not open then
      open, language = {}, name
    elseif name then
      local code, last = table.concat(open, "\n"), list[#list]
      if language == "lua" then list[#list + 1] = { line = number - #open, code = code, stop = number } end
      if language == "text" and last and number - #open - 1 <= last.stop + 2 then last.output = code end
      open = nil
    elseif open then
      open[#open + 1] = line
    end
  end
  return list
end

local function environment(lines)
  local e = helper.emulator{ seed = "contoso" }
  return setmetatable({
    azure = azure, e = e, client = helper.client(e), emulator = require("azure.emulator"),
    print = function(...)
      local parts = table.pack(...)
      for i = 1, parts.n do parts[i] = tostring(parts[i]) end
      lines[#lines + 1] = table.concat(parts, "\t")
    end,
  }, { __index = _ENV })
end

describe(PAGE, function()
  local list = blocks(read(PAGE))
  local whole = table.remove(list, 1)

  describe("has a spec that runs as it is:", function()
    assert(load(whole.code, ("@%s:%d"):format(PAGE, whole.line), "t", _ENV))()
  end)

  it("has further examples", function()
    assert.is_true(#list >= 5)
  end)

  for _, block in ipairs(list) do
    it(("runs the example of line %d"):format(block.line), function()
      helper.virtual_time()
      local lines = {}

      assert(load(block.code, ("@%s:%d"):format(PAGE, block.line), "t", environment(lines)))()

      if block.output then assert.equal(block.output, table.concat(lines, "\n")) end
    end)
  end

  it("names every field of a logged request, and no other", function()
    helper.virtual_time()
    local e = helper.emulator{ seed = "contoso" }
    e:fault{ match = "GET" }
    assert(helper.client(e):get(e.ids.signalr))
    local has = {}
    for _, entry in ipairs(e:requests("GET")) do
      for name in pairs(entry) do has[name] = true end
    end

    local told = {}
    local section = read(PAGE):match("\n## What was asked\n(.-)\n## ")
    for names in section:gmatch("\n| (`[^|]-) |") do
      for name in names:gmatch("`([%w_]+)`") do told[name] = true end
    end

    assert.same(has, told)
  end)
end)
