--- `help(x)` of the prompt: what the source says about a function or an object,
-- in lines that fit the screen.

local docstrings = require "azure.repl.docstrings"
local errors = require "azure.errors"

local help = {}

local DEFAULT_WIDTH, WIDEST_PROSE = 100, 96

-- Where the next line is to begin: behind the last word that fits, or behind
-- the first one where none does.
local function break_at(text, width, least)
  for at = width + 1, least, -1 do
    if text:sub(at, at) == " " then return at end
  end
  return text:find(" ", width + 1, true)
end

-- Breaks a line between words; what follows is indented by `hang`.
local function add_wrapped(out, text, hang)
  local width = out.width
  if hang > width // 2 then hang = 4 end
  while #text > width do
    local at = break_at(text, width, hang + 2)
    if not at then break end
    out[#out + 1] = text:sub(1, at - 1):gsub("%s+$", "")
    text = (" "):rep(hang) .. text:sub(at):gsub("^%s+", "")
  end
  out[#out + 1] = text:gsub("%s+$", "")
end

-- Paragraphs are filled anew; what is indented in the source stays as it is.
local function add_prose(out, text)
  local filled = {}
  local function flush()
    if #filled == 0 then return end
    local narrow = { width = math.min(out.width, WIDEST_PROSE) }
    add_wrapped(narrow, "  " .. table.concat(filled, " "), 2)
    table.move(narrow, 1, #narrow, #out + 1, out)
    filled = {}
  end
  for line in (text .. "\n"):gmatch("(.-)\n") do
    if line:find("^%s%s") or line == "" then
      flush()
      add_wrapped(out, "  " .. line, #line:match("^%s*") + 6)
    else
      filled[#filled + 1] = line
    end
  end
  flush()
end

local function add_tags(out, title, tags)
  for _, tag in ipairs(tags) do
    local name = tag.name and tag.name ~= "" and tag.name .. "  " or ""
    add_wrapped(out, ("  %-9s %s%s  %s"):format(title, name, tag.type, tag.text), 14)
    title = ""
  end
end

local function add_fields(out, fields)
  local width = 0
  for _, field in ipairs(fields) do width = math.max(width, math.min(#field.name, 30)) end
  for _, field in ipairs(fields) do
    local gap = (" "):rep(width - #field.name + 2)
    add_wrapped(out, ("  .%s%s%s  %s"):format(field.name, gap, field.type, field.text), width + 5)
  end
end

-- Options have classes of their own: their fields are what one looks for.
local function add_options(out, tags)
  for _, tag in ipairs(tags) do
    for name in tag.type:gmatch("azure%.[%w_%.]+") do
      local wanted = name:find("Options$") or name:find("Settings$") or name:find("%.Spec$") or name:find("%.Request$")
        or name:find("%.Fault$")
      if wanted then
        local class = docstrings.class(name)
        out[#out + 1] = ("  %s: %s"):format(tag.name, name)
        if class and class.text ~= "" then add_prose(out, class.text) end
        add_fields(out, docstrings.fields(name))
      end
    end
  end
end

local function about_function(out, fn)
  out[#out + 1] = docstrings.signature(fn)
  if fn.text ~= "" then add_prose(out, fn.text) end
  add_tags(out, "arguments", fn.tags)
  add_tags(out, "gives", fn.returns)
  add_options(out, fn.tags)
end

local function add_summaries(out, functions)
  local width = 0
  local shown = {}
  for _, fn in ipairs(functions) do
    if fn.documented and not fn.name:find("^_") then shown[#shown + 1] = fn end
  end
  for _, fn in ipairs(shown) do width = math.max(width, math.min(#docstrings.signature(fn), 44)) end
  for _, fn in ipairs(shown) do
    local signature = docstrings.signature(fn)
    local gap = (" "):rep(width - #signature)
    add_wrapped(out, ("  %s%s  %s"):format(signature, gap, docstrings.first_sentence(fn.text)), width + 4)
  end
end

local function about_class(out, class, value)
  out[#out + 1] = ("%s  %s"):format(class.name, value and tostring(value) or ""):gsub("%s+$", "")
  if class.text ~= "" then add_prose(out, class.text) end
  add_fields(out, docstrings.fields(class.name))
  add_summaries(out, class.functions)
end

-- A module's own functions are those of the table that it returns.
local function own_functions(module)
  local list = {}
  for _, fn in ipairs(module.functions) do
    if fn.owner == module.returned then list[#list + 1] = fn end
  end
  return list
end

local function about_module(out, module)
  out[#out + 1] = module.name
  if module.text ~= "" then add_prose(out, module.text) end
  for _, class in ipairs(module.classes) do
    if class.name == module.name then add_fields(out, class.fields) end
  end
  add_summaries(out, own_functions(module))
end

local function sorted_keys(value)
  local names = {}
  for key in pairs(value) do names[#names + 1] = tostring(key) end
  table.sort(names)
  return table.concat(names, ", ")
end

-- A documented value of a module, such as azure.clouds.
local function about_field(out, field, value)
  out[#out + 1] = ("%s  %s"):format(field.name, field.type):gsub("%s+$", "")
  add_prose(out, field.text)
  if type(value) == "table" and next(value) ~= nil then add_wrapped(out, "  it has " .. sorted_keys(value), 4) end
  for name in field.type:gmatch("azure%.[%w_%.]+") do
    out[#out + 1] = "  each: " .. name
    add_fields(out, docstrings.fields(name))
  end
end

local function module_of(value)
  for _, name in ipairs(docstrings.modules) do
    if rawequal(package.loaded[name], value) then return docstrings.of_module(name) end
  end
  return nil
end

local function about_word(out, word)
  local functions, fields = docstrings.search(word)
  if #functions + #fields == 0 then
    out[#out + 1] = ("nothing is known about '%s'"):format(word)
    return
  end
  out[#out + 1] = ("%d that say '%s':"):format(#functions + #fields, word)
  add_summaries(out, functions)
  for _, field in ipairs(fields) do add_wrapped(out, ("  %s  %s  %s"):format(field.name, field.type, field.text), 6) end
end

local function value_at(path, env)
  if not path:find("^[%a_][%w_%.:]*$") then return nil end
  local value = env
  for name in path:gmatch("[^%.:]+") do
    local ok, found = pcall(function() return value[name] end)
    if not ok or found == nil then return nil end
    value = found
  end
  return value
end

local function about_value(out, value)
  if type(value) == "function" then
    local fn = docstrings.of_function(value)
    if fn then return about_function(out, fn) end
    out[#out + 1] = "this function has no comment above it"
    return
  end
  local module = type(value) == "table" and module_of(value)
  if module then return about_module(out, module) end
  local class = errors.is(value) and docstrings.class("azure.Error") or docstrings.class_of(value)
  if class then return about_class(out, class, value) end
  local field = type(value) == "table" and docstrings.of_value(value)
  if field then return about_field(out, field, value) end
  out[#out + 1] = ("there is no documentation for a %s"):format(type(value))
end

local function find(out, value, env)
  if type(value) ~= "string" then return about_value(out, value) end
  local named = env and value_at(value, env)
  if named ~= nil and type(named) ~= "string" then return about_value(out, named) end
  local class = docstrings.class(value)
  if class then return about_class(out, class) end
  about_word(out, value)
end

--- The text about a value; of a string: about what it names ("client.get",
--- "azure.Error"), or a search for it in all documentation.
---@param value any
---@param env table? where names are looked up
---@param width integer? columns of the screen, default 100
---@return string
function help.text(value, env, width)
  local out = { width = math.max(width or DEFAULT_WIDTH, 20) }
  find(out, value, env)
  return table.concat(out, "\n")
end

return help
