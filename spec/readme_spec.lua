-- Every ```lua block of README.md runs here, against the emulator. A ```text
-- block right after one is what it prints; "..." in it stands for anything.
local helper = require("spec.helper")
pcall(require, "luv") -- its loop opens descriptors when it is loaded, and keeps them

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

-- { {line=, code=, output=|nil, heading=} ... }
local function blocks(text)
  local list, number, heading = {}, 0, ""
  local open, language, first
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if not open and line:find("^#+ ") then heading = line:gsub("^#+ ", "") end
    local fence, name = line:match("^(```+)(%a*)%s*$")
    if fence and not open then
      open, language, first = {}, name, number
    elseif fence then
      local code, last = table.concat(open, "\n"), list[#list]
      if language == "lua" then
        list[#list + 1] = { line = first, code = code, heading = heading, stop = number }
      elseif language == "text" and last and first <= last.stop + 2 then
        last.output = code
      end
      open = nil
    elseif open then
      open[#open + 1] = line
    end
  end
  return list
end

-- The library as a script sees it, but its clients talk to emulator `e`.
local function at_emulator(e, azure)
  local function client(opts)
    local all = {}
    for key, value in pairs(opts or {}) do all[key] = value end
    all.cloud, all.credential, all.ca_file = e:cloud(), e:credential(), e.ca_file
    return helper.closing(azure.client(all))
  end
  return setmetatable({ client = client }, { __index = azure })
end

local function environment(e, lines)
  local azure = at_emulator(e, require("azure"))
  local progress = require("azure.progress")
  azure.progress = setmetatable({
    new = function() return progress.new{ handle = helper.sink() } end,
  }, { __index = progress })
  local env = setmetatable({ azure = azure, e = e }, { __index = _G })
  env.require = function(name)
    return name == "azure" and azure or require(name)
  end
  env.print = function(...)
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = tostring(parts[i]) end
    lines[#lines + 1] = table.concat(parts, "\t")
  end
  env.io = setmetatable({ write = function(...) lines[#lines + 1] = table.concat({ ... }) end }, { __index = io })
  env.client = azure.client {}
  env.signalr_id, env.func_id = helper.signalr_id, helper.func_id
  env.spec = { signalr = helper.signalr_id, upstream = helper.func_id, name = "func-pe" }
  return env
end

local function pattern_of(text)
  local escaped = text:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0")
  return "^" .. escaped:gsub("%%%.%%%.%%%.", ".-") .. "$"
end

describe("README.md", function()
  local list = blocks(read("README.md"))

  it("has examples", function()
    assert.is_true(#list >= 8)
  end)

  for _, block in ipairs(list) do
    it(("runs the example of line %d (%s)"):format(block.line, block.heading), function()
      local e = helper.emulator { seed = "contoso" }
      helper.virtual_time()
      local lines = {}
      local env = environment(e, lines)

      local chunk = assert(load(block.code, "@README.md:" .. block.line, "t", env))
      chunk()

      if block.output then
        local printed = table.concat(lines, "\n")
        assert(printed:find(pattern_of(block.output)), "it printed:\n" .. printed)
      end
    end)
  end
end)
