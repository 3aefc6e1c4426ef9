local cjson = require "cjson"
local errors = require "azure.errors"
local json = require "azure.json"

local function again(text)
  return json.encode(assert(json.decode(text)))
end

describe("json.decode", function()
  local integers = {
    { "0", 0 }, { "-1", -1 }, { "443", 443 },
    { "9007199254740993", 9007199254740993 },
    { "123456789012345678", 123456789012345678 },
    { "1234567890123456789", 1234567890123456789 },
    { "9223372036854775807", math.maxinteger },
    { "-9223372036854775808", math.mininteger },
  }
  for _, case in ipairs(integers) do
    it("keeps the integer " .. case[1], function()
      local value = json.decode(case[1])

      assert.equal("integer", math.type(value))
      assert.equal(case[2], value)
    end)
  end

  local floats = {
    { "1.0", 1.0 }, { "-2.5", -2.5 }, { "1e2", 100.0 }, { "1E+2", 100.0 }, { "5e-324", 5e-324 },
    { "9223372036854775808", 2.0 ^ 63 }, { "-9223372036854775809", -2.0 ^ 63 },
  }
  for _, case in ipairs(floats) do
    it("reads " .. case[1] .. " as a float", function()
      local value = json.decode(case[1])

      assert.equal("float", math.type(value))
      assert.equal(case[2], value)
    end)
  end

  local strings = {
    { [["a/b"]], "a/b" }, { [["\"\\\/\b\f\n\r\t"]], "\"\\/\b\f\n\r\t" },
    { [["\u0041\u00e9\u20AC"]], "Aé€" }, { [["\ud83d\ude00"]], "😀" }, { '"😀 é"', "😀 é" },
    { [["\u0000"]], "\0" }, { [["\u007f\uffff"]], "\127\u{FFFF}" }, { '""', "" },
    { [["x\u0041y\nz"]], "xAy\nz" },
  }
  for _, case in ipairs(strings) do
    it("reads the string " .. case[1], function()
      assert.equal(case[2], json.decode(case[1]))
    end)
  end

  for _, text in ipairs{ "-0", "-0.0", "-0e5" } do
    it("keeps the sign of " .. text, function()
      local value = json.decode(text)

      assert.equal("float", math.type(value))
      assert.equal(-math.huge, 1 / value)
      assert.equal("-0.0", json.encode(value))
    end)
  end

  for _, text in ipairs{ "1e400", "[1,-1e999]", '{"a":' .. ("9"):rep(400) .. "}" } do
    it("says what is wrong with " .. text:sub(1, 20), function()
      local value, err = json.decode(text)

      assert.is_nil(value)
      assert.matches("beyond what a double can hold at byte", err.message)
    end)
  end

  it("reads true, false and null", function()
    local doc = json.decode("[true, false, null]")

    assert.is_true(doc[1])
    assert.is_false(doc[2])
    assert.equal(cjson.null, doc[3])
  end)

  it("takes the last of duplicate keys", function()
    assert.same({ a = 2 }, json.decode('{"a":1,"a":2}'))
  end)

  it("skips a byte order mark and white space", function()
    assert.same({ a = 1 }, json.decode('\u{FEFF} \r\n\t{ "a" : 1 } \n'))
  end)

  it("goes 1000 levels deep and no deeper", function()
    local deep = ("["):rep(1000) .. ("]"):rep(1000)

    assert.is_table(json.decode(deep))
    local value, err = json.decode("[" .. deep .. "]")

    assert.is_nil(value)
    assert.matches("nested too deeply", err.message)
  end)

  local invalid = {
    "", " ", "{", "[", "}", "]", "[1,]", "{,}", '{"a":1,}', '{"a"}', '{"a":}', "{a:1}", "{'a':1}", "[1 2]", "[,1]",
    "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "NaN", "nan", "Infinity", "-Infinity", "1e400", "1_000",
    '"', '"a', '"\\', '"\\u', '"\\u12"', '"\\u12g4"', '"\\x41"', '"\\ud800"', '"\\ud800\\u0041"', '"\\udc00"',
    '"a\nb"', '"a\1b"', '"a\0b"', '"\xff"', '"\xc0\x80"', '"\xed\xa0\x80"', '"\xf5\x80\x80\x80"', '"\xe2\x82"',
    "tru", "nulll", "True", "[1] x", "{} {}", '{"a":1}\0', "1 // comment", "<html></html>", "[1\0]",
  }
  for _, text in ipairs(invalid) do
    it(("refuses %q"):format(text), function()
      local value, err = json.decode(text)

      assert.is_nil(value)
      assert.is_true(errors.is(err))
      assert.equal("protocol", err.kind)
      assert.equal("InvalidJson", err.code)
    end)
  end

  it("refuses a document cut off after any byte", function()
    local text = '{"a":[1,-2.5e3,"\\u0041\\n é",true,null,{"b":{}}]}'

    for length = 0, #text - 1 do
      assert.is_nil(json.decode(text:sub(1, length)), text:sub(1, length))
    end
  end)

  it("says when the answer is HTML", function()
    local _, err = json.decode("<!DOCTYPE html><title>Sign in</title>")

    assert.matches("HTML", err.hint)
  end)

  it("raises when the text is no string", function()
    assert.error_matches(function() json.decode(nil) end, "'text' must be a string")
  end)
end)

describe("json.encode", function()
  local same = {
    "[]", "{}", '{"a":[],"b":{}}', "[[],{}]", "[1,2.5,-3]", '{"n":9007199254740993}', "[9223372036854775807]",
    '{"a":null,"b":[null]}', "[1.0]", "[100.0]", "[0.1,1e+100]", '["\\u0001\\"\\\\\\u007f"]', '["a/b é 😀"]', "true",
    "[0.30000000000000004]", "[-9223372036854775808]", "null", '"text"',
  }
  for _, text in ipairs(same) do
    it("gives back " .. text, function()
      assert.equal(text, again(text))
    end)
  end

  it("sorts keys, so that equal tables are equal text", function()
    assert.equal('{"a":1,"b":2,"c":3}', json.encode{ c = 3, a = 1, b = 2 })
  end)

  it("takes an empty plain table for an object and json.array() for an array", function()
    assert.equal('{"allow":[],"tags":{}}', json.encode{ allow = json.array{}, tags = {} })
  end)

  it("keeps an array an array when its last item is removed", function()
    local doc = json.decode("[1]")

    table.remove(doc)

    assert.equal("[]", json.encode(doc))
  end)

  it("writes integers without a decimal point", function()
    assert.equal("[1,9007199254740992]", json.encode{ 1, 2 ^ 53 | 0 })
  end)

  local holds_itself = {}
  holds_itself.a = holds_itself
  local refused = {
    { "a function", { f = print }, "function has no form" },
    { "a coroutine", { coroutine.create(print) }, "thread has no form" },
    { "NaN", { 0 / 0 }, "no NaN" },
    { "infinity", { math.huge }, "no infinity" },
    { "mixed keys", { 1, a = 2 }, "beside its items" },
    { "a hole", { 1, nil, nil, 4 }, "a hole at 2" },
    { "a key that is no string", { [true] = 1 }, "keys must be strings" },
    { "a table in itself", holds_itself, "holds itself" },
    { "bytes that are not UTF-8", { "\xff" }, "not UTF%-8" },
  }
  for _, case in ipairs(refused) do
    it("raises for " .. case[1], function()
      assert.error_matches(function() json.encode(case[2]) end, case[3])
    end)
  end
end)

describe("json, with random documents", function()
  local make

  local makers = {
    function() return math.random(math.mininteger, math.maxinteger) end,
    function() return math.random(-1000, 1000) end,
    function() return math.random() * 10 ^ math.random(-300, 300) end,
    function() return math.random(2) == 1 end,
    function() return json.null end,
    function() return "" end,
    function()
      local out = {}
      for i = 1, math.random(0, 12) do out[i] = utf8.char(math.random(0, 0x2FFF)) end
      return table.concat(out)
    end,
    function(depth)
      local list = json.array()
      for i = 1, depth > 0 and math.random(0, 4) or 0 do list[i] = make(depth - 1) end
      return list
    end,
    function(depth)
      local object = {}
      for _ = 1, depth > 0 and math.random(0, 4) or 0 do object["k" .. math.random(99)] = make(depth - 1) end
      return object
    end,
  }

  function make(depth)
    return makers[math.random(#makers)](depth)
  end

  local function mutated(text)
    local at = math.random(#text)
    return text:sub(1, at - 1) .. string.char(math.random(0, 255)) .. text:sub(at + math.random(0, 1))
  end

  it("gives back each as it was", function()
    for seed = 1, 2000 do
      math.randomseed(seed)
      local text = json.encode(make(5))

      assert.equal(text, json.encode((json.decode(text))), "seed " .. seed)
    end
  end)

  it("answers what was damaged with a value or an error", function()
    for seed = 1, 5000 do
      math.randomseed(seed)
      local text = mutated(json.encode(make(4)))

      local value, err = json.decode(text)

      assert.is_true(value ~= nil or err.code == "InvalidJson", "seed " .. seed)
    end
  end)
end)

describe("json.is_array", function()
  it("knows arrays, marked or with items", function()
    assert.is_true(json.is_array(json.array()))
    assert.is_true(json.is_array{ 1 })
    assert.is_true(json.is_array(json.decode("[]")))
  end)

  it("knows what is no array", function()
    assert.is_false(json.is_array{})
    assert.is_false(json.is_array{ a = 1 })
    assert.is_false(json.is_array(json.decode("{}")))
    assert.is_false(json.is_array("x"))
  end)
end)

describe("json beside OpenResty's lua-cjson", function()
  local fork

  before_each(function()
    fork = { null = cjson.null, array_mt = {}, empty_array = io.stdout }
    package.loaded.cjson = fork
    package.loaded["azure.json"] = nil
  end)

  after_each(function()
    package.loaded.cjson = cjson
    package.loaded["azure.json"] = json
  end)

  it("shares the fork's marks for arrays", function()
    local shared = require "azure.json"

    assert.equal(fork.array_mt, getmetatable(shared.decode("[]")))
    assert.equal("[]", shared.encode(setmetatable({}, fork.array_mt)))
    assert.equal('{"a":[]}', shared.encode{ a = fork.empty_array })
    assert.is_true(shared.is_array(fork.empty_array))
  end)
end)

-- Tables are gathered in parts of 16.
describe("azure.json with tables of any length", function()
  for _, count in ipairs{ 0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 1000 } do
    it(("reads %d members and items"):format(count), function()
      local members, items, object, array = {}, {}, {}, {}
      for i = 1, count do
        members[i], object["k" .. i] = ('"k%d":%d'):format(i, i), i
        items[i], array[i] = ("[%d]"):format(i), { i }
      end

      assert.same(object, (json.decode("{" .. table.concat(members, ",") .. "}")))
      assert.same(array, (json.decode("[" .. table.concat(items, ",") .. "]")))
    end)

    it(("takes the last of %d members with one key"):format(count + 1), function()
      local members = {}
      for i = 1, count + 1 do members[i] = ('"k":%d'):format(i) end

      assert.same({ k = count + 1 }, (json.decode("{" .. table.concat(members, ",") .. "}")))
    end)
  end

  it("refuses what breaks off in any of its parts", function()
    for count = 1, 40 do
      assert.is_nil((json.decode("{" .. ('"a":1,'):rep(count))))
      assert.is_nil((json.decode("[" .. ("1,"):rep(count) .. "]")))
      assert.is_nil((json.decode("[" .. ("[1,"):rep(count))))
    end
  end)
end)

it("a document that ends in an escape is refused at its end", function()
  local value, err = json.decode('"u:\\')

  assert.is_nil(value)
  assert.matches("at byte 5 of 4", err.message)
end)

describe("azure.json without lua-cjson", function()
  it("says what to install", function()
    local loaded, own = package.loaded.cjson, package.loaded["azure.json"]
    package.loaded.cjson, package.loaded["azure.json"] = nil, nil
    package.preload.cjson = function() error("module 'cjson' not found", 0) end

    local ok, message = pcall(require, "azure.json")
    package.loaded.cjson, package.loaded["azure.json"], package.preload.cjson = loaded, own, nil

    assert.is_false(ok)
    assert.matches("luarocks %-%-lua%-version 5.4 install lua%-cjson", message)
    assert.matches("'cjson' not found", message)
  end)
end)
