--- What could come next at the prompt: names of variables, fields and methods,
-- and between quotes the ids and names of resources that the session has seen.
-- Nothing is called and nothing is asked of Azure to find out.

local docstrings = require "azure.repl.docstrings"

local complete = {}

---@class azure.repl.Candidates
---@field from integer the byte from which the words replace what is there
---@field words string[]
---@field suffixes table<string, string>? what goes behind a word that is the only one

local MAX_DEPTH = 5

local function is_name(key)
  return type(key) == "string" and key:find("^[%a_][%w_]*$") ~= nil
end

local function index(value, name)
  local ok, found = pcall(function() return value[name] end)
  if ok then return found end
  return nil
end

-- Names that a lazy table would make on demand are known from its class only.
local function add_documented(names, value)
  local class = docstrings.class_of(value)
  if not class and value == package.loaded["azure"] then class = docstrings.class("azure") end
  if not class then return end
  for _, field in ipairs(class.fields) do
    local name = field.name:gsub("%?$", "")
    if is_name(name) then names[name] = field.type:find("^fun") and "function" or "field" end
  end
  for _, fn in ipairs(class.functions) do names[fn.name] = "function" end
end

local function add_keys(names, t, as)
  for key, value in next, t do
    if is_name(key) and not key:find("^__") then
      names[key] = names[key] or (type(value) == "function" and as or "field")
    end
  end
end

-- name -> "function" or "field". A function that an object itself keeps is a
-- callback; its methods are one table below.
local function members(value)
  local names = {}
  add_documented(names, value)
  local at, as = value, "function"
  for _ = 1, MAX_DEPTH do
    local mt = debug.getmetatable(at)
    local below = type(mt) == "table" and rawget(mt, "__index")
    if below and at == value then as = "field" end
    if type(at) == "table" then add_keys(names, at, as) end
    as = "function"
    if type(below) == "function" and rawget(mt, "__name") then add_keys(names, mt, as) end
    if type(below) ~= "table" then break end
    at = below
  end
  return names
end

-- The value of "a.b.c"; nil when a name is unknown on the way.
local function value_of(path, env)
  local value = env
  for name in path:gmatch("[^%.:]+") do
    if value == nil then return nil end
    value = index(value, name)
  end
  return value
end

local function sorted(words)
  table.sort(words)
  return words
end

local function by_member(base, separator, partial, from, env)
  local value = value_of(base, env)
  if value == nil then return nil end
  local words, suffixes = {}, {}
  for name, kind in pairs(members(value)) do
    local wanted = name:sub(1, #partial) == partial and (separator == "." or kind == "function")
    if wanted and (name:sub(1, 1) ~= "_" or partial ~= "") then
      words[#words + 1] = name
      if kind == "function" then suffixes[name] = "(" end
    end
  end
  return { from = from, words = sorted(words), suffixes = suffixes }
end

local keywords = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
  "or", "repeat", "return", "then", "true", "until", "while",
}

local function by_global(partial, from, env)
  local seen, words, suffixes = {}, {}, {}
  local function add(name, value)
    if not is_name(name) or seen[name] or name:sub(1, #partial) ~= partial then return end
    seen[name] = true
    words[#words + 1] = name
    if type(value) == "function" then suffixes[name] = "(" end
  end
  for name, value in next, env do add(name, value) end
  local mt = getmetatable(env)
  local globals = type(mt) == "table" and rawget(mt, "__index")
  if type(globals) == "table" then
    for name, value in next, globals do add(name, value) end
  end
  if partial ~= "" then
    for _, word in ipairs(keywords) do add(word) end
  end
  return { from = from, words = sorted(words), suffixes = suffixes }
end

-- Where the string begins that the text ends in, or nil.
local function open_string(text)
  local quote, from
  local at = 1
  while at <= #text do
    local char = text:sub(at, at)
    if quote and char == "\\" then
      at = at + 1
    elseif quote then
      if char == quote then quote = nil end
    elseif char == '"' or char == "'" then
      quote, from = char, at + 1
    end
    at = at + 1
  end
  return quote and from
end

local function by_resource(partial, from, ids)
  local seen, words = {}, {}
  for _, id in ipairs(ids) do
    local word = partial:sub(1, 1) == "/" and id or id:match("[^/]+$")
    local matches = word and word:sub(1, #partial):lower() == partial:lower()
    if matches and not seen[word:lower()] then
      seen[word:lower()] = true
      words[#words + 1] = word
    end
  end
  return { from = from, words = sorted(words) }
end

--- The candidates for what ends a text; nil when nothing can be known.
---@param text string the line up to the cursor
---@param env table the variables
---@param ids string[] ids of resources
---@return azure.repl.Candidates?
function complete.candidates(text, env, ids)
  local from = open_string(text)
  if from then return by_resource(text:sub(from), from, ids) end
  local base, separator, partial = text:match("([%a_][%w_%.:]*)([%.:])([%w_]*)$")
  local before = base and text:sub(1, #text - #base - #separator - #partial)
  if base and not before:find("[%.:%)%]]%s*$") then
    return by_member(base, separator, partial, #text - #partial + 1, env)
  end
  partial = text:match("[%w_]*$")
  if text:sub(1, #text - #partial):find("[%.:]%s*$") or partial:find("^%d") then return nil end
  return by_global(partial, #text - #partial + 1, env)
end

return complete
