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

local function is_server(file)
  return file:find("/emulator_") or file:find("/lua_emulator_")
end

-- What of the core the emulator's server is built with.
local server_base = { mem = true, buf = true }

local function c_module(name, sources, libraries)
  local out = { ('    ["%s"] = {\n      sources = {\n'):format(name) }
  for _, source in ipairs(sources) do out[#out + 1] = ('        "%s",\n'):format(source) end
  out[#out + 1] = "      },\n      defines = { \"_GNU_SOURCE\" },\n"
  local function line(key, form)
    local items = {}
    for i, library in ipairs(libraries) do items[i] = form:format(library:upper()) end
    out[#out + 1] = ("      %s = { %s },\n"):format(key, table.concat(items, ", "))
  end
  out[#out + 1] = ('      libraries = { "%s", "m" },\n'):format(table.concat(libraries, '", "'))
  line("incdirs", '"$(%s_INCDIR)"')
  line("libdirs", '"$(%s_LIBDIR)"')
  out[#out + 1] = "    },\n"
  return table.concat(out)
end

local function lua_modules(list)
  local out = {}
  for _, file in ipairs(list) do
    local name = file:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
    out[#out + 1] = ('    ["%s"] = "%s",\n'):format(name, file)
  end
  return table.concat(out)
end

local core, server, main_lua, emulator_lua = {}, {}, {}, {}
for _, file in ipairs(files("find csrc -name '*.c'")) do
  if not is_server(file) then core[#core + 1] = file end
  if is_server(file) or server_base[file:match("([^/]+)%.c$")] then server[#server + 1] = file end
end
for _, file in ipairs(files("find lua -name '*.lua'")) do
  local list = file:find("^lua/azure/emulator/") and emulator_lua or main_lua
  list[#list + 1] = file
end

local wanted = {
  ["rockspec/azure-signalr-scm-1.rockspec"] =
    c_module("azure.core", core, { "curl", "crypto", "jansson" }) .. lua_modules(main_lua),
  ["rockspec/azure-signalr-emulator-scm-1.rockspec"] =
    c_module("azure.emulator.server", server, { "microhttpd", "crypto" }) .. lua_modules(emulator_lua),
}

local stale = 0
for file, modules in pairs(wanted) do
  local handle = assert(io.open(file))
  local text = handle:read("a")
  handle:close()
  local head, tail = text:match("^(.-\n  modules = {\n).-(\n?  },\n}\n)$")
  assert(head, file .. " has no modules table")
  local now = head .. modules .. tail:gsub("^\n", "")
  if now ~= text then
    stale = stale + 1
    if write then
      local out = assert(io.open(file, "w"))
      out:write(now)
      out:close()
    else
      print(file .. ":1: its module list is not that of the tree: lua5.4 spec/check/rockspec.lua --write")
    end
  end
end
os.exit(write or stale == 0)
