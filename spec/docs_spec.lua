-- What is public is documented, once, in the comments that editors, help() and
-- `make docs` read: every function has one, its parameters are those that it
-- has, its types exist. What C registers is described in lua/azure/types.lua.
local docstrings = require "azure.repl.docstrings"

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

-- Modules that only other modules use.
local internal = {
  ["azure.answer"] = true, ["azure.paging"] = true, ["azure.url"] = true, ["azure.host.collector"] = true,
  ["azure.text"] = true,
}

-- Names in the luaL_Reg tables and lua_setfield calls of one C file, metamethods left out.
local function registered(text)
  local names = {}
  for body in text:gmatch("luaL_Reg%s+[%w_]+%[%]%s*=%s*(%b{})") do
    for name in body:gmatch('{%s*"([%w_]+)"%s*,') do
      if not name:find("^__") then names[#names + 1] = name end
    end
  end
  for name in text:gmatch('lua_pushcfunction%(L, [%w_]+%);%s*lua_setfield%(L, %-2, "([%w_]+)"%)') do
    if not name:find("^__") then names[#names + 1] = name end
  end
  return names
end

local function described()
  local names = {}
  for _, module in ipairs{ "azure.types", "azure.emulator.types" } do
    for _, fn in ipairs(docstrings.of_module(module).functions) do
      if fn.documented then names[fn.name] = true end
    end
  end
  return names
end

-- Functions of a module that scripts can reach: its table's and its classes'.
local function public_functions(module)
  local owners = { [module.returned or ""] = true, core = true }
  for _, class in ipairs(module.classes) do owners[class.var or ""] = true end
  local found = {}
  for _, fn in ipairs(module.functions) do
    if owners[fn.owner] and not fn.name:find("^_") then found[#found + 1] = fn end
  end
  return found
end

local function names_of(tags)
  local names = {}
  for i, tag in ipairs(tags) do names[i] = tag.name:gsub("%?$", "") end
  return table.concat(names, ", ")
end

-- The lines of a function, without those of functions inside it.
local function returns_something(lines, first)
  for number = first, #lines do
    local line = lines[number]
    if number > first and line:find("^end") then return false end
    if line:find("^  return %S") then return line ~= "  return nil" end
    if number == first and line:find(" return .* end$") then return true end
    if number == first and line:find(" end$") then return false end
  end
  return false
end

local function each_type(module, visit)
  for _, fn in ipairs(module.functions) do
    for _, tags in ipairs{ fn.tags, fn.returns } do
      for _, tag in ipairs(tags) do visit(tag.type, docstrings.signature(fn)) end
    end
  end
  for _, class in ipairs(module.classes) do
    for _, field in ipairs(class.fields) do visit(field.type, class.name .. "." .. field.name) end
    if class.parent then visit(class.parent, class.name) end
  end
end

local function modules()
  local found = {}
  for _, name in ipairs(docstrings.modules) do found[#found + 1] = docstrings.of_module(name) end
  return found
end

describe("documentation", function()
  for _, path in ipairs(list("ls csrc/lua_*.c")) do
    it("describes what " .. path .. " registers", function()
      local missing, known = {}, described()
      for _, name in ipairs(registered(read(path))) do
        if not known[name] then missing[#missing + 1] = name end
      end

      assert.same({}, missing)
    end)
  end

  it("knows every module that scripts may require", function()
    local public, missing = {}, {}
    for _, name in ipairs(docstrings.modules) do public[name] = true end

    for _, path in ipairs(list("ls lua/azure/*.lua lua/azure/emulator/init.lua lua/azure/host/*.lua 2>/dev/null")) do
      local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
      if not public[name] and not internal[name] then missing[#missing + 1] = name end
    end

    assert.same({}, missing)
  end)

  for _, module in ipairs(modules()) do
    it("says what " .. module.name .. " is for", function()
      assert.is_true(#module.text > 20)
    end)

    it("describes every function of " .. module.name, function()
      local missing = {}
      for _, fn in ipairs(public_functions(module)) do
        if not fn.documented or fn.text == "" then missing[#missing + 1] = fn.name end
      end

      assert.same({}, missing)
    end)

    it("names the parameters of " .. module.name .. " as they are", function()
      local wrong = {}
      for _, fn in ipairs(public_functions(module)) do
        local has, says = table.concat(fn.params, ", "), names_of(fn.tags)
        if has ~= says then wrong[#wrong + 1] = ("%s: %s"):format(docstrings.signature(fn), says) end
      end

      assert.same({}, wrong)
    end)

    it("says what the functions of " .. module.name .. " give", function()
      local lines, silent = {}, {}
      for line in io.lines(module.path) do lines[#lines + 1] = line end
      for _, fn in ipairs(public_functions(module)) do
        local gives = returns_something(lines, fn.line)
        if gives and #fn.returns == 0 then silent[#silent + 1] = docstrings.signature(fn) end
      end

      assert.same({}, silent)
    end)
  end

  it("uses no type that is not declared", function()
    local declared, unknown = {}, {}
    for _, path in ipairs(list("find lua -name '*.lua'")) do
      for _, class in ipairs(docstrings.parse(read(path)).classes) do declared[class.name] = true end
    end

    for _, module in ipairs(modules()) do
      each_type(module, function(kind, where)
        for name in kind:gmatch("azure%.[%w_%.]+") do
          if not declared[name] then unknown[#unknown + 1] = where .. ": " .. name end
        end
      end)
    end

    assert.same({}, unknown)
  end)

  it("gives every public function a place in the pages", function()
    local folder = os.tmpname()
    os.remove(folder)
    local missing = {}
    local lua = os.getenv("LUA") or "lua5.4"
    assert(os.execute(("mkdir %s && %s spec/check/docs.lua %s >%s/log"):format(folder, lua, folder, folder)))

    for _, module in ipairs(modules()) do
      local page = read(("%s/%s.md"):format(folder, module.name))
      for _, fn in ipairs(public_functions(module)) do
        if not page:find("### `" .. docstrings.signature(fn) .. "`", 1, true) then missing[#missing + 1] = fn.name end
      end
    end

    os.execute("rm -r " .. folder)
    assert.same({}, missing)
  end)
end)
