-- Writes the reference pages: one Markdown file per module, out of the same
-- comments that editors and the prompt's help() read. Usage: docs.lua FOLDER
--
-- Why not ldoc, which Debian has: these are LuaCATS annotations, and ldoc 1.4.6
-- says of such a file that it "contains no items". Its own tags would mean to
-- write every comment twice, once for editors and once for it.
local docstrings = require "azure.repl.docstrings"

local folder = arg[1] or error("docs.lua: give a folder to write to")

-- Where each class is described: name -> page.
local class_pages = {}

local function page_of(name)
  return name .. ".md"
end

local function each_module()
  local list = {}
  for _, name in ipairs(docstrings.modules) do list[#list + 1] = docstrings.of_module(name) end
  return list
end

local function title_of(module)
  local compiled = { ["azure.types"] = "azure.core", ["azure.emulator.types"] = "azure.emulator.server" }
  return compiled[module.name] or module.name
end

-- Types as code; the classes among them lead to their descriptions.
local function type_text(text)
  local shown = "`" .. text .. "`"
  local links = {}
  for name in text:gmatch("azure[%w_%.]*%.%u[%w_]*") do
    if class_pages[name] and not links[name] then
      links[name] = true
      shown = ("%s [↗](%s#%s)"):format(shown, class_pages[name], name:lower():gsub("[^%w_]", ""))
    end
  end
  return shown
end

local function cell(text)
  return (text:gsub("|", "\\|"):gsub("%s*\n%s*", " "))
end

-- Text that is indented by four is code already; the rest is Markdown as it is.
local function prose(out, text)
  if text == "" then return end
  out[#out + 1] = (text:gsub("\n%s*\n(    [^\n]+)", "\n\n%1"))
  out[#out + 1] = ""
end

local function add_table(out, heading, rows)
  if #rows == 0 then return end
  out[#out + 1] = ("| %s | | |"):format(heading)
  out[#out + 1] = "|---|---|---|"
  for _, row in ipairs(rows) do out[#out + 1] = ("| %s | %s | %s |"):format(row[1], cell(row[2]), cell(row[3])) end
  out[#out + 1] = ""
end

local function tag_rows(tags)
  local rows = {}
  for _, tag in ipairs(tags) do
    rows[#rows + 1] = { tag.name and tag.name ~= "" and "`" .. tag.name .. "`" or "", type_text(tag.type), tag.text }
  end
  return rows
end

local function add_function(out, fn)
  out[#out + 1] = ("### `%s`"):format(docstrings.signature(fn))
  out[#out + 1] = ""
  prose(out, fn.text)
  add_table(out, "argument", tag_rows(fn.tags))
  add_table(out, "gives", tag_rows(fn.returns))
end

local function add_class(out, class)
  out[#out + 1] = "## " .. class.name
  out[#out + 1] = ""
  prose(out, class.text)
  if class.parent then
    out[#out + 1] = "Extends " .. type_text(class.parent) .. "."
    out[#out + 1] = ""
  end
  add_table(out, "field", tag_rows(class.fields))
  for _, fn in ipairs(class.functions) do
    if fn.documented then add_function(out, fn) end
  end
end

-- Functions of the table that the module returns, if no class has them.
local function add_own(out, module)
  local of_class = {}
  for _, class in ipairs(module.classes) do of_class[class.var or ""] = true end
  for _, fn in ipairs(module.functions) do
    if fn.owner == module.returned and fn.documented and not of_class[fn.owner] then add_function(out, fn) end
  end
end

local function page(module)
  local out = { "# " .. title_of(module), "" }
  prose(out, module.text)
  add_own(out, module)
  for _, class in ipairs(module.classes) do add_class(out, class) end
  if #module.values > 0 then
    out[#out + 1] = "## Values"
    out[#out + 1] = ""
    add_table(out, "name", tag_rows(module.values))
  end
  return table.concat(out, "\n")
end

local function index(modules)
  local out = {
    "# Reference", "",
    "Made from the comments in the source by `make docs`. The README tells the story; here is every name.", "",
  }
  for _, module in ipairs(modules) do
    local summary = docstrings.first_sentence(module.text):gsub("%s+", " ")
    out[#out + 1] = ("- [%s](%s) %s"):format(title_of(module), page_of(module.name), summary)
  end
  return table.concat(out, "\n") .. "\n"
end

local function write(name, text)
  local path = folder .. "/" .. name
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local modules = each_module()
for _, module in ipairs(modules) do
  for _, class in ipairs(module.classes) do class_pages[class.name] = page_of(module.name) end
end
for _, module in ipairs(modules) do write(page_of(module.name), page(module)) end
write("index.md", index(modules))
print(("%d pages in %s"):format(#modules + 1, folder))
