-- azure.json with documents that nobody wrote. A failure names its seed;
-- JSON_SEED=n repeats it.
local json = require "azure.json"

local seed = tonumber(os.getenv("JSON_SEED")) or os.time() * 1000 + math.floor(os.clock() * 1e6) % 1000
local ROUNDS = 300

-- Generators ---------------------------------------------------------------

local integers = {
  0, 1, -1, 127, -128, 1 << 31, 1 << 32, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1, math.maxinteger,
  math.mininteger,
}

local floats = {
  -0.0, 0.5, 0.1, -1.5, 1e15, 1e16, 1e21, 1e22, 1e100, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308,
  3.141592653589793, 2.0 ^ 53, 2.0 ^ 63, -2.0 ^ 63, 2.0 ^ 64, 123456789.125,
}

local characters = {
  0, 1, 8, 9, 10, 13, 31, 32, 34, 47, 92, 97, 127, 128, 160, 223, 0x7FF, 0x800, 0x20AC, 0x2028, 0x2029, 0xD7FF,
  0xE000, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF,
}

local function one_of(list)
  return list[math.random(#list)]
end

local function any_integer()
  if math.random(2) == 1 then return one_of(integers) end
  return math.random(0) >> math.random(0, 63)
end

local function any_float()
  if math.random(2) == 1 then return one_of(floats) end
  return (math.random() - 0.5) * 10.0 ^ math.random(-300, 300)
end

local function any_string()
  local out = {}
  for i = 1, math.random(0, 12) do out[i] = utf8.char(one_of(characters)) end
  return table.concat(out)
end

local any_value

local function any_array(depth)
  local list = json.array{}
  for i = 1, math.random(0, 4) do list[i] = any_value(depth - 1) end
  return list
end

local function any_object(depth)
  local object = {}
  for _ = 1, math.random(0, 4) do object[any_string()] = any_value(depth - 1) end
  return object
end

local leaves = {
  any_integer, any_float, any_string, function() return true end, function() return false end,
  function() return json.null end,
}

function any_value(depth)
  local kind = math.random(depth > 0 and #leaves + 4 or #leaves)
  if kind <= #leaves then return leaves[kind]() end
  return (kind % 2 == 0 and any_array or any_object)(depth)
end

-- Comparing ----------------------------------------------------------------

local function same_number(a, b)
  if math.type(a) ~= math.type(b) then return false end
  return a == b and (a ~= 0 or math.type(a) == "integer" or 1 / a == 1 / b)
end

local same

local function same_table(a, b)
  if json.is_array(a) ~= json.is_array(b) then return false end
  for key, value in pairs(a) do
    if b[key] == nil or not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

function same(a, b)
  if type(a) ~= type(b) then return false end
  if type(a) == "number" then return same_number(a, b) end
  if type(a) == "table" then return same_table(a, b) end
  return a == b
end

local function for_all(check)
  for round = 1, ROUNDS do
    math.randomseed(seed, round)
    local value = any_value(math.random(0, 8))
    local ok, why = pcall(check, value)
    if not ok then error(("JSON_SEED=%d, round %d: %s\n%s"):format(seed, round, tostring(why), json.encode(value))) end
  end
end

-- Other writers ------------------------------------------------------------

-- Every character as \u escapes, with surrogates beyond the first plane.
local function escaped(text)
  local out = {}
  for _, code in utf8.codes(text) do
    if code < 0x10000 then
      out[#out + 1] = ("\\u%04X"):format(code)
    else
      local rest = code - 0x10000
      out[#out + 1] = ("\\u%04x\\u%04x"):format(0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF))
    end
  end
  return '"' .. table.concat(out) .. '"'
end

local spaces = { "", " ", "\n", "\r\n\t", "   " }

-- The same document as somebody else would write it.
local function write_otherwise(value)
  local function space() return one_of(spaces) end
  if type(value) == "string" then return space() .. escaped(value) .. space() end
  if type(value) ~= "table" then return space() .. json.encode(value) .. space() end
  local parts = {}
  if json.is_array(value) then
    for i, item in ipairs(value) do parts[i] = write_otherwise(item) end
    return space() .. "[" .. space() .. table.concat(parts, ",") .. "]" .. space()
  end
  for key, item in pairs(value) do
    parts[#parts + 1] = space() .. escaped(key) .. space() .. ":" .. write_otherwise(item)
  end
  return space() .. "{" .. space() .. table.concat(parts, ",") .. "}" .. space()
end

describe(("azure.json with %d generated documents"):format(ROUNDS), function()
  it("gives back what it was given", function()
    for_all(function(value)
      assert.is_true(same(value, json.decode(json.encode(value))))
    end)
  end)

  it("writes the same text for the same document", function()
    for_all(function(value)
      local text = json.encode(value)
      assert.equal(text, json.encode(json.decode(text)))
    end)
  end)

  it("reads other spellings of the same document", function()
    for_all(function(value)
      assert.is_true(same(value, json.decode(write_otherwise(value))))
    end)
  end)

  it("takes no part of a document for the whole", function()
    for_all(function(value)
      local text = json.encode({ value })
      for cut = 1, #text - 1, math.max(1, #text // 40) do
        local got, err = json.decode(text:sub(1, cut))
        assert.is_nil(got)
        assert.equal("InvalidJson", err.code)
      end
    end)
  end)

  it("survives any change of a byte, and understands what it accepts", function()
    for_all(function(value)
      local text = json.encode(value)
      for _ = 1, 20 do
        local at = math.random(#text)
        local changed = text:sub(1, at - 1) .. string.char(math.random(0, 255)) .. text:sub(at + 1)
        local got, err = json.decode(changed)
        if err == nil then
          assert.is_true(same(got, json.decode(json.encode(got))))
        else
          assert.equal("protocol", err.kind)
        end
      end
    end)
  end)
end)

local function nested(depth, open, close, middle)
  return open:rep(depth) .. middle .. close:rep(depth)
end

describe("azure.json's depth", function()
  for _, shape in ipairs{ { "arrays", "[", "]", "" }, { "objects", '{"a":', "}", "{}" } } do
    local name, open, close, middle = table.unpack(shape)
    it("is enough for any document of Azure: " .. name, function()
      local document = assert(json.decode(nested(900, open, close, middle)))

      assert.equal(nested(900, open, close, middle), json.encode(document))
    end)

    it("has an end: " .. name, function()
      for _, depth in ipairs{ 1100, 100000 } do
        local value, err = json.decode(nested(depth, open, close, middle))

        assert.is_nil(value)
        assert.equal("InvalidJson", err.code)
      end
    end)
  end

  it("has an end when writing too", function()
    local endless = {}
    endless.a = endless

    assert.error_matches(function() json.encode(endless) end, "too deeply")
  end)
end)

describe("azure.json and characters that are none", function()
  for name, text in pairs{
    ["a high surrogate alone"] = [["\ud83d"]], ["a low surrogate alone"] = [["\ude00"]],
    ["two high surrogates"] = [["\ud83d\ud83d"]], ["a surrogate in UTF-8"] = '"\xED\xA0\x80"',
    ["an overlong slash"] = '"\xC0\xAF"', ["a byte of no character"] = '"\xFF"',
    ["half a character"] = '"\xE2\x82"', ["a code point that is too high"] = '"\xF4\x90\x80\x80"',
  } do
    it("refuses or replaces, and hands on UTF-8 only: " .. name, function()
      local value, err = json.decode(text)

      assert.is_true(err ~= nil and err.code == "InvalidJson" or utf8.len(value) ~= nil)
    end)
  end
end)
