-- The rockspecs name every file they install. This compares those lists with
-- the tree, or writes them anew.  Usage: rockspec.lua [--write]
local write = arg[1] == "--write"

local function files(command)
  local list = {}
  local pipe = assert(io.popen(command .. " | LC_ALL=C sort"))
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function entries(list)
  local out = {}
  for _, file in ipairs(list) do
    local name = file:gsub("^lua/", ""):gsub("^build/rock/", ""):gsub("%.%a+$", ""):gsub("/init$", ""):gsub("/", ".")
    out[#out + 1] = ('      ["%s"] = "%s",\n'):format(name, file)
  end
  return table.concat(out)
end

local main_lua, emulator_lua = {}, {}
for _, file in ipairs(files("find lua -name '*.lua'")) do
  local list = file:find("^lua/azure/emulator/") and emulator_lua or main_lua
  list[#list + 1] = file
end

local function install(module, lua)
  return "  install = {\n    lib = {\n" .. entries{ module } .. "    },\n    lua = {\n" .. entries(lua) .. "    },\n  },\n"
end

local wanted = {
  ["rockspec/azure-signalr-scm-1.rockspec"] = install("build/rock/azure/core.so", main_lua),
  ["rockspec/azure-signalr-emulator-scm-1.rockspec"] = install("build/rock/azure/emulator/server.so", emulator_lua),
}

local stale = 0
for file, modules in pairs(wanted) do
  local handle = assert(io.open(file))
  local text = handle:read("a")
  handle:close()
  local head, tail = text:match("^(.-\n)  install = {\n.-\n  },\n(}\n)$")
  assert(head, file .. " has no install table")
  local now = head .. modules .. tail
  if now ~= text then
    stale = stale + 1
    if write then
      local out = assert(io.open(file, "w"))
      out:write(now)
      out:close()
    else
      print(file .. ":1: its list of files is not that of the tree: lua5.4 spec/check/rockspec.lua --write")
    end
  end
end
os.exit(write or stale == 0)
