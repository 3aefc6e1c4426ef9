--- Documentation out of the source: the comments above functions and classes.
-- The prompt's `help`, tab completion and the pages of `make docs` all read the
-- same LuaCATS comments (`---@param`, `---@return`, `---@class`, `---@field`)
-- that editors read. Files are found as `require` finds them.

local docstrings = {}

---@class azure.repl.Tag
---@field name string? of a result too, where it has one
---@field type string
---@field text string

---@class azure.repl.Function
---@field owner string the variable before the dot or colon
---@field separator string "." or ":"
---@field name string
---@field params string[] as the definition has them
---@field text string
---@field tags azure.repl.Tag[] of ---@param
---@field returns azure.repl.Tag[]
---@field line integer where it is defined
---@field spoken string? what scripts write before the arguments, when it came from `of_module`

---@class azure.repl.Class
---@field name string "azure.Client"
---@field parent string? the class that it extends
---@field text string
---@field fields azure.repl.Tag[]
---@field var string? the variable that holds the methods
---@field type_name string? what metatables call it (`__name`)
---@field functions azure.repl.Function[]

---@class azure.repl.Module
---@field text string
---@field classes azure.repl.Class[]
---@field functions azure.repl.Function[] all that have a name with an owner
---@field values azure.repl.Tag[] documented fields: "owner.name"
---@field returned string? the variable that the file returns
---@field name string?
---@field path string?

--- Modules that scripts use, in the order of the pages. The rest is internal.
docstrings.modules = {
  "azure", "azure.client", "azure.clouds", "azure.identity", "azure.signalr", "azure.signalr.collections",
  "azure.private_endpoint", "azure.private_link", "azure.private_link.types", "azure.task", "azure.group",
  "azure.progress", "azure.forwarded", "azure.resource_id", "azure.json", "azure.errors", "azure.host.luv",
  "azure.host.cqueues", "azure.host.copas", "azure.host.shared", "azure.emulator", "azure.emulator.options",
  "azure.emulator.upstream", "azure.emulator.types", "azure.repl", "azure.rpc", "azure.types",
}

local openers = { ["("] = ")", ["{"] = "}", ["["] = "]", ["<"] = ">" }
local closers = { [")"] = true, ["}"] = true, ["]"] = true, [">"] = true }

-- Whether a type goes on behind a space: "fun(): any", "string | nil", "a, b".
local function goes_on(text, at)
  return text:sub(1, at - 1):find("[:|,]$") ~= nil or text:find("^%s*|", at) ~= nil
end

-- Splits "table<string, any>? what it is" into the type and the rest.
local function split_type(text)
  local depth = 0
  for at = 1, #text do
    local char = text:sub(at, at)
    if openers[char] then depth = depth + 1 end
    if closers[char] then depth = depth - 1 end
    if depth == 0 and char:find("%s") and not goes_on(text, at) then
      return text:sub(1, at - 1), (text:sub(at):gsub("^%s+", ""))
    end
  end
  return text, ""
end

local function named_tag(text)
  local name, rest = text:match("^(%S+)%s*(.*)$")
  local kind, words = split_type(rest or "")
  return { name = name or "", type = kind, text = words }
end

-- A result's type may be followed by its name, and that by words.
local function return_tag(text)
  local kind, words = split_type(text)
  local name, rest = words:match("^([%a_][%w_]*)%s*(.*)$")
  if not name then name, rest = words:match("^(%.%.%.)%s*(.*)$") end
  return { type = kind, name = name, text = rest or words }
end

-- A block under construction: where the text of further lines goes to.
local function new_block(line)
  return { lines = {}, params = {}, returns = {}, fields = {}, line = line }
end

local readers = {
  param = function(block, rest)
    block.last = named_tag(rest)
    table.insert(block.params, block.last)
  end,
  ["return"] = function(block, rest)
    block.last = return_tag(rest)
    table.insert(block.returns, block.last)
  end,
  field = function(block, rest)
    block.last = named_tag(rest)
    table.insert(block.fields, block.last)
  end,
  type = function(block, rest) block.type = rest end,
  class = function(block, rest)
    block.class, block.parent = rest:match("^([%w_%.]+)%s*:?%s*([%w_%.]*)")
  end,
}

local function add_line(block, line)
  local tag, rest = line:match("^%-%-%-%s*@(%a+)%s*(.*)$")
  if tag then
    block.last = nil
    if readers[tag] then readers[tag](block, rest) else block.ignored = true end
    return
  end
  local text = line:gsub("^%-%-%-?%s?", "")
  if block.last then
    block.last.text = (block.last.text .. " " .. text:gsub("^%s+", "")):gsub("^%s+", "")
  else
    table.insert(block.lines, text)
  end
end

local function text_of(block)
  return (table.concat(block.lines, "\n"):gsub("^%s+", ""):gsub("%s+$", ""))
end

local function parameters(list)
  local names = {}
  for name in list:gmatch("[%w_%.]+") do names[#names + 1] = name end
  return names
end

-- "function A.b:c(d)" and "A.b = function(d)".
local function definition(line)
  local path, list = line:match("^function%s+([%w_%.:]+)%s*(%b())")
  if not path then path, list = line:match("^([%w_%.]+)%s*=%s*function%s*(%b())") end
  if not path then return nil end
  local owner, separator, name = path:match("^(.-)([%.:])([%w_]+)$")
  if not owner then return nil end
  return { owner = owner, separator = separator, name = name, params = parameters(list) }
end

local function add_function(module, line, number, block)
  local found = definition(line)
  if not found then return false end
  found.text = block and text_of(block) or ""
  found.tags, found.returns = block and block.params or {}, block and block.returns or {}
  found.line, found.documented = number, block ~= nil
  table.insert(module.functions, found)
  return true
end

local function add_class(module, line, block)
  if not block or not block.class then return false end
  table.insert(module.classes, {
    name = block.class, parent = block.parent ~= "" and block.parent or nil, text = text_of(block),
    fields = block.fields, functions = {},
    var = line:match("^local%s+([%w_]+)%s*=") or line:match("^([%w_]+)%s*="),
  })
  return true
end

local function add_value(module, line, block)
  local name = block and line:match("^([%a_][%w_]*%.[%w_]+)%s*=")
  if name then table.insert(module.values, { name = name, type = block.type or "", text = text_of(block) }) end
end

-- What a line that is no comment says, with the block right above it.
local function take(module, line, number, block)
  local var, type_name = line:match('^([%w_]+)%.__name%s*=%s*"([^"]+)"')
  if var then module.type_names[var] = type_name end
  module.returned = line:match("^return%s+([%w_]+)%s*$") or module.returned
  if add_function(module, line, number, block) or add_class(module, line, block) then return end
  if block and block.line == 1 then module.text = text_of(block) end
  add_value(module, line, block)
end

local function link_classes(module)
  for _, class in ipairs(module.classes) do
    class.type_name = module.type_names[class.var or ""]
    for _, fn in ipairs(module.functions) do
      if fn.owner == class.var then table.insert(class.functions, fn) end
    end
  end
end

--- Reads a source file.
---@param text string
---@return azure.repl.Module
function docstrings.parse(text)
  local module = { text = "", classes = {}, functions = {}, values = {}, type_names = {} }
  local block, number = nil, 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if line:find("^%-%-%-") or (block and line:find("^%-%-")) then
      block = block or new_block(number)
      add_line(block, line)
    else
      take(module, line, number, block)
      block = nil
    end
  end
  link_classes(module)
  return module
end

local function read(path)
  local file = path and io.open(path)
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

-- Sources do not change under a session: path -> what was read, false: nothing.
local parsed = {}

local function parse_file(path)
  if parsed[path] == nil then
    local text = read(path)
    parsed[path] = text and docstrings.parse(text) or false
  end
  return parsed[path] or nil
end

-- What scripts write for what other modules have: azure's own names, and those
-- of the modules that it loads by name.
local facade = {
  ["azure.client.new"] = "azure.client", ["azure.client.clouds"] = "azure.clouds", ["azure.group.new"] = "azure.group",
  ["azure.clouds.known"] = "azure.clouds",
}
for _, name in ipairs{ "run", "spawn", "sleep", "map", "loop" } do facade["azure.task." .. name] = "azure." .. name end
local loaded_by_name = {}
for _, name in ipairs{ "identity", "private_link", "forwarded", "json", "errors", "resource_id", "progress" } do
  loaded_by_name["azure." .. name] = true
end

-- `owner`: the variable that stands before the name in the source.
local function spoken(module, owner, name)
  if owner ~= module.returned then return nil end
  local whole = module.name .. "." .. name
  if facade[whole] or loaded_by_name[module.name] then return facade[whole] or whole end
  return (owner == "module" and module.name:match("[^%.]+$") or owner) .. "." .. name
end

--- What a module's source says; nil when it cannot be found.
---@param name string "azure.client"
---@return azure.repl.Module?
function docstrings.of_module(name)
  local path = package.searchpath(name, package.path)
  local module = path and parse_file(path)
  if not module then return nil end
  module.name, module.path = name, path
  for _, fn in ipairs(module.functions) do fn.spoken = spoken(module, fn.owner, fn.name) end
  return module
end

local function each_module()
  local index = 0
  return function()
    local module
    repeat
      index = index + 1
      local name = docstrings.modules[index]
      if not name then return nil end
      module = docstrings.of_module(name)
    until module
    return module
  end
end

local function find_class(field, wanted)
  for module in each_module() do
    for _, class in ipairs(module.classes) do
      if class[field] == wanted then return class end
    end
  end
  return nil
end

--- The class with a name ("azure.Client").
---@param name string
---@return azure.repl.Class?
function docstrings.class(name)
  return find_class("name", name)
end

--- The fields of a class and of those that it extends.
---@param name string
---@return azure.repl.Tag[]
function docstrings.fields(name)
  local class = docstrings.class(name)
  if not class then return {} end
  local list, seen = {}, {}
  for _, field in ipairs(class.fields) do
    list[#list + 1] = field
    seen[field.name] = true
  end
  for _, field in ipairs(class.parent and docstrings.fields(class.parent) or {}) do
    if not seen[field.name] then list[#list + 1] = field end
  end
  return list
end

--- The class of a value, by what its metatable calls itself.
---@param value any
---@return azure.repl.Class?
function docstrings.class_of(value)
  local mt = debug.getmetatable(value)
  local name = type(mt) == "table" and rawget(mt, "__name")
  return type(name) == "string" and find_class("type_name", name) or nil
end

local function defined_at(module, line)
  for _, fn in ipairs(module and module.functions or {}) do
    if fn.line == line then return fn end
  end
  return nil
end

-- Functions of the C core have no lines: they are known by where they are kept.
local function of_c_function(fn)
  local types = docstrings.of_module("azure.types")
  for _, found in ipairs(types and types.functions or {}) do
    local class
    for _, candidate in ipairs(types.classes) do
      if candidate.var == found.owner then class = candidate end
    end
    local mt = class and debug.getregistry()[class.type_name or ""]
    local methods = type(mt) == "table" and rawget(mt, "__index")
    if found.owner == "core" then methods = package.loaded["azure.core"] end
    if type(methods) == "table" and rawget(methods, found.name) == fn then return found end
  end
  return nil
end

--- The comment of a function.
---@param fn function
---@return azure.repl.Function?
function docstrings.of_function(fn)
  local info = debug.getinfo(fn, "S")
  if info.what == "C" then return of_c_function(fn) end
  local path = info.source:match("^@(.+)$")
  local found = path and defined_at(parse_file(path), info.linedefined)
  if found and not found.spoken then
    for _ in each_module() do end -- which names the functions of each
  end
  return found
end

--- The documented field of a module that a value is.
---@param value any
---@return azure.repl.Tag? field its name is what scripts write
function docstrings.of_value(value)
  for module in each_module() do
    local loaded = package.loaded[module.name]
    for _, field in ipairs(type(loaded) == "table" and module.values or {}) do
      local owner, name = field.name:match("^(.-)%.(.+)$")
      if owner == module.returned and rawequal(rawget(loaded, name), value) then
        return { name = spoken(module, owner, name), type = field.type, text = field.text }
      end
    end
  end
  return nil
end

local function says(word, ...)
  return table.concat({ ... }, " "):lower():find(word:lower(), 1, true) ~= nil
end

local function function_says(fn, word)
  if says(word, fn.name, fn.text) then return true end
  for _, tag in ipairs(fn.tags) do
    if says(word, tag.name, tag.text) then return true end
  end
  return false
end

--- Every documented function and field whose name or text has the word.
---@param word string
---@return azure.repl.Function[] functions
---@return azure.repl.Tag[] fields their names have the class in front
function docstrings.search(word)
  local functions, fields = {}, {}
  for module in each_module() do
    for _, fn in ipairs(module.functions) do
      if fn.documented and function_says(fn, word) then functions[#functions + 1] = fn end
    end
    for _, class in ipairs(module.classes) do
      for _, field in ipairs(class.fields) do
        local name = class.name .. "." .. field.name
        local found = says(word, field.name, field.text)
        if found then fields[#fields + 1] = { name = name, type = field.type, text = field.text } end
      end
    end
  end
  return functions, fields
end

--- How a function is written: "client:get(id, opts)", "azure.group{...}".
---@param fn azure.repl.Function
---@return string
function docstrings.signature(fn)
  local owner = fn.owner
  if owner:find("^%u") then owner = owner:lower() end
  local name = fn.spoken or owner .. fn.separator .. fn.name
  if fn.separator == "." and #fn.params == 1 and fn.params[1] == "opts" then return name .. "{...}" end
  return ("%s(%s)"):format(name, table.concat(fn.params, ", "))
end

--- The first sentence of a text.
---@param text string
---@return string
function docstrings.first_sentence(text)
  local paragraph = (text:match("^(.-)\n%s*\n") or text):gsub("%s+", " ")
  return paragraph:match("^(.-%.)%s") or paragraph
end

return docstrings
