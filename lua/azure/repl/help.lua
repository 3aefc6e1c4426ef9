--- `help(x)` of the prompt: what the source says about a function or an object.

local docstrings = require "azure.repl.docstrings"
local errors = require "azure.errors"

local help = {}

local function add(out, form, ...)
  out[#out + 1] = form:format(...)
end

local function add_tags(out, title, tags)
  for _, tag in ipairs(tags) do
    local name = tag.name and tag.name ~= "" and tag.name .. "  " or ""
    local text = tag.text ~= "" and "  " .. tag.text or ""
    add(out, "  %-9s %s%s%s", title, name, tag.type, text)
    title = ""
  end
end

local function indented(text)
  return "  " .. text:gsub("\n", "\n  ")
end

local function add_fields(out, fields)
  local width = 0
  for _, field in ipairs(fields) do width = math.max(width, math.min(#field.name, 30)) end
  for _, field in ipairs(fields) do
    local gap = (" "):rep(width - #field.name + 2)
    add(out, "%s", ("  .%s%s%s  %s"):format(field.name, gap, field.type, field.text):gsub("%s+$", ""))
  end
end

-- Options have classes of their own: their fields are what one looks for.
local function add_options(out, tags)
  for _, tag in ipairs(tags) do
    for name in tag.type:gmatch("azure%.[%w_%.]+") do
      local fields = name:find("Options$") or name:find("%.Spec$") or name:find("%.Request$")
      if fields then
        add(out, "  %s: %s", tag.name, name)
        add_fields(out, docstrings.fields(name))
      end
    end
  end
end

local function about_function(fn)
  local out = { docstrings.signature(fn) }
  if fn.text ~= "" then add(out, "%s", indented(fn.text)) end
  add_tags(out, "arguments", fn.tags)
  add_tags(out, "gives", fn.returns)
  add_options(out, fn.tags)
  return table.concat(out, "\n")
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
    add(out, "  %s%s  %s", signature, (" "):rep(width - #signature), docstrings.first_sentence(fn.text))
  end
end

local function about_class(class, value)
  local out = { ("%s  %s"):format(class.name, value and tostring(value) or "") }
  if class.text ~= "" then add(out, "%s", indented(class.text)) end
  add_fields(out, docstrings.fields(class.name))
  add_summaries(out, class.functions)
  return (table.concat(out, "\n"):gsub("%s+\n", "\n"))
end

-- A module's own functions are those of the table that it returns.
local function own_functions(module)
  local list = {}
  for _, fn in ipairs(module.functions) do
    if fn.owner == module.returned then list[#list + 1] = fn end
  end
  return list
end

local function about_module(module)
  local out = { module.name }
  if module.text ~= "" then add(out, "%s", indented(module.text)) end
  for _, class in ipairs(module.classes) do
    if class.name == module.name then add_fields(out, class.fields) end
  end
  add_summaries(out, own_functions(module))
  return table.concat(out, "\n")
end

local function module_of(value)
  for _, name in ipairs(docstrings.modules) do
    if rawequal(package.loaded[name], value) then return docstrings.of_module(name) end
  end
  return nil
end

local function about_word(word)
  local functions, fields = docstrings.search(word)
  if #functions + #fields == 0 then return ("nothing is known about '%s'"):format(word) end
  local out = { ("%d that say '%s':"):format(#functions + #fields, word) }
  add_summaries(out, functions)
  for _, field in ipairs(fields) do add(out, "  %s  %s  %s", field.name, field.type, field.text) end
  return table.concat(out, "\n")
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

local function about_value(value)
  if type(value) == "function" then
    local fn = docstrings.of_function(value)
    return fn and about_function(fn) or "this function has no comment above it"
  end
  local module = type(value) == "table" and module_of(value)
  if module then return about_module(module) end
  local class = errors.is(value) and docstrings.class("azure.Error") or docstrings.class_of(value)
  if class then return about_class(class, value) end
  return ("there is no documentation for a %s"):format(type(value))
end

--- The text about a value; of a string: about what it names ("client.get",
--- "azure.Error"), or a search for it in all documentation.
---@param value any
---@param env table? where names are looked up
---@return string
function help.text(value, env)
  if type(value) ~= "string" then return about_value(value) end
  local named = env and value_at(value, env)
  if named ~= nil and type(named) ~= "string" then return about_value(named) end
  local class = docstrings.class(value)
  if class then return about_class(class) end
  return about_word(value)
end

return help
