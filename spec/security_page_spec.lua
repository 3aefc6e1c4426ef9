-- SECURITY.md says which test shows each of its lines: the file and words in it.
local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

local page = assert(read("SECURITY.md"))

describe("SECURITY.md", function()
  local lines = 0

  for line in page:gmatch("[^\n]+") do
    local path, words = line:match("`([%w_/%.]+)` \"(.-)\" |$")
    if path then
      lines = lines + 1
      it(("is right about %s: %s"):format(path, words), function()
        local text = read(path)

        assert.is_string(text, path .. " is not there")
        assert.is_truthy(text:find(words, 1, true), ("%s does not say '%s'"):format(path, words))
      end)
    end
  end

  it("names a test for each line of its tables", function()
    local _, rows = page:gsub("\n|[^\n]*", "")

    assert.equal(rows - 4, lines) -- two tables with two lines of heading each
  end)
end)
