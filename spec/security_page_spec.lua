-- SECURITY.md says which test shows each of its lines: a file, and words of the
-- title of a test in it that is run. Words in a comment show nothing.
local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

-- The literal parts of the titles of its `describe`s and `it`s, one to a line.
local function titles(text)
  local list = {}
  for call, rest in ("\n" .. text):gmatch("\n%s*([%w_]+)(%([^\n]*)") do
    local is_test = call == "describe" or call == "it" or call:find("^it_") or call == "pending"
    if is_test and call ~= "pending" then
      local title = rest:match("^(.*),%s*function%(") or rest
      for part in title:gmatch('"(.-)"') do list[#list + 1] = part end
    end
  end
  return list
end

local function is_title(text, words)
  for _, title in ipairs(titles(text)) do
    if title:find(words, 1, true) then return true end
  end
  return false
end

local function without_comments(text)
  return (text:gsub("/%*.-%*/", ""))
end

local function escaped(words)
  return (words:gsub("%p", "%%%0"))
end

-- By where a file stands: whether the words are a test in it.
local kinds = {
  { "_spec%.lua$", is_title },
  { "^spec/c/test_.*%.c$", function(text, name)
    return text:find("void " .. name .. " (void)", 1, true) and text:find("TEST(" .. name .. ")", 1, true)
  end },
  { "^spec/fuzz/fuzz_.*%.c$", function(text, words)
    for promise in text:gmatch("PROMISE(%b())") do
      if promise:find(words, 1, true) then return true end
    end
    return false
  end },
  -- A program of its own: the function that judges, and a call of it.
  { "^spec/trust/.*%.c$", function(text, name)
    local _, times = text:gsub("%f[%w_]" .. escaped(name) .. " ?%(", "")
    return text:find("\nstatic %w+ " .. escaped(name) .. " %(") and times > 1
  end },
}

local function shows(path, words)
  local text = read(path)
  if not text then return false, path .. " is not there" end
  if path:find("%.c$") then text = without_comments(text) end
  for _, kind in ipairs(kinds) do
    if path:find(kind[1]) then
      return kind[2](text, words) and true or false, ("%s has no test '%s'"):format(path, words)
    end
  end
  return false, path .. " is no file of tests"
end

local page = assert(read("SECURITY.md"))

describe("SECURITY.md", function()
  local rows, named = 0, 0

  for line in page:gmatch("[^\n]+") do
    local cell = line:match("^|.*| ([^|]*) |$")
    if cell and cell:find("`", 1, true) then
      rows = rows + 1
      local first = true
      for path, words in cell:gmatch('`([%w_/%.]+)` "(.-)"') do
        named, first = named + (first and 1 or 0), false
        it(("is right about %s: %s"):format(path, words), function()
          assert.is_true(shows(path, words))
        end)
      end
    end
  end

  it("names a test for each line of its tables", function()
    local _, lines = page:gsub("\n|[^\n]*", "")

    assert.equal(lines - 4, rows) -- two tables with two lines of heading each
    assert.equal(rows, named)
  end)
end)

describe("a test that is named", function()
  it("is not found in a comment", function()
    assert.is_false(shows("spec/security_page_spec.lua", "Words in a comment show nothing"))
    assert.is_false(shows("spec/trust/torture.c", "Fails every allocation in turn"))
    assert.is_false(shows("spec/fuzz/fuzz_lro.c", "azl_lro_new"))
  end)

  it("is not found in the text of a test", function()
    assert.is_false(shows("spec/security_page_spec.lua", "is not there"))
  end)

  it("is not found in C that is not run", function()
    assert.is_false(shows("spec/c/test_http_memory.c", "send_delete"))
  end)

  it("is found by its title", function()
    assert.is_true(shows("spec/security_page_spec.lua", "is found by its title"))
  end)
end)
