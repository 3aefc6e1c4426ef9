-- What is public is documented: every function that C registers is named in
-- README.md, every public Lua function carries a comment for editors.
local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

local function list(command)
  local found = {}
  for line in io.popen(command):lines() do found[#found + 1] = line end
  return found
end

-- Names in the luaL_Reg tables of one C file, metamethods left out.
local function registered(text)
  local names = {}
  for body in text:gmatch("luaL_Reg%s+[%w_]+%[%]%s*=%s*(%b{})") do
    for name in body:gmatch('{%s*"([%w_]+)"%s*,') do
      if not name:find("^__") then names[#names + 1] = name end
    end
  end
  return names
end

-- Tables whose functions are public: the module's own, and these classes.
local classes = {
  ["lua/azure/client.lua"] = "Client", ["lua/azure/signalr.lua"] = "Signalr",
  ["lua/azure/private_endpoint.lua"] = "Connections", ["lua/azure/emulator/init.lua"] = "Emulator",
}

-- Public functions without a "---" or "--" comment right above.
local function undocumented(path)
  local module = path:match("([%w_]+)/init%.lua$") or path:match("([%w_]+)%.lua$")
  local found, above, number = {}, "", 0
  for line in io.lines(path) do
    number = number + 1
    local owner, name = line:match("^function ([%w_]+)[%.:]([%w_]+)")
    local is_public = owner and (owner == module or owner == classes[path]) and not name:find("^_")
    if is_public and not above:find("^%-%-") then
      found[#found + 1] = ("%s:%d %s"):format(path, number, name)
    end
    above = line
  end
  return found
end

describe("documentation", function()
  for _, path in ipairs(list("ls csrc/lua_*.c")) do
    it("names what " .. path .. " registers", function()
      local readme = read("README.md")

      local missing = {}
      for _, name in ipairs(registered(read(path))) do
        if not readme:find("%f[%w_]" .. name .. "%f[^%w_]") then missing[#missing + 1] = name end
      end

      assert.same({}, missing)
    end)
  end

  for _, path in ipairs(list("ls lua/azure/*.lua lua/azure/emulator/init.lua lua/azure/host/*.lua 2>/dev/null")) do
    it("comments the public functions of " .. path, function()
      assert.same({}, undocumented(path))
    end)
  end
end)
