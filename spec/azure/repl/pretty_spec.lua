local errors = require "azure.errors"
local json = require "azure.json"
local pretty = require "azure.repl.pretty"

describe("pretty.format", function()
  local rows = {
    { "a string", 'say "hi"\n', '"say \\"hi\\"\\n"' },
    { "a control character", "a\1", '"a\\001"' },
    { "a control character of C1", "a\u{9B}31m \x9B \u{E9}", '"a\\194\\15531m \\155 \u{E9}"' },
    { "an integer", 3, "3" },
    { "nil", nil, "nil" },
    { "null", json.null, "null" },
    { "a short table on one line", { b = 1, a = "x", 7 }, '{ 7, a = "x", b = 1 }' },
    { "keys that are no names", { ["a-b"] = 1, [true] = 2 }, '{ ["a-b"] = 1, [true] = 2 }' },
    { "an empty array", json.array{}, "[]" },
    { "an empty table", {}, "{}" },
    { "null in a table", { json.null }, "{ null }" },
  }
  for _, row in ipairs(rows) do
    it("shows " .. row[1], function()
      assert.equal(row[3], pretty.format(row[2]))
    end)
  end

  it("breaks what is wider than the screen", function()
    assert.equal('{\n  a = "0123456789",\n  b = { 1, 2 },\n}', pretty.format({ a = "0123456789", b = { 1, 2 } }, { width = 24 }))
  end)

  it("folds what ARM adds to everything, and says so", function()
    local document = { name = "x", etag = "1", systemData = { a = 1 }, tags = {}, managedBy = json.null }

    assert.equal('{ name = "x" }\n-- folded: etag, managedBy, systemData, tags', pretty.format(document))
    assert.equal('{ etag = "1", managedBy = null, name = "x", systemData = { a = 1 }, tags = {} }',
      pretty.format(document, { raw = true }))
  end)

  it("stars secrets unless they are asked for", function()
    local keys = { primaryKey = "cGFzc3dvcmQ=", url = "https://h/p?sig=abc" }

    assert.is_nil(pretty.format(keys):find("cGFz", 1, true))
    assert.is_nil(pretty.format(keys):find("abc", 1, true))
    assert.is_nil(pretty.format(keys, { raw = true }):find("cGFz", 1, true))
    assert.truthy(pretty.format(keys, { secrets = true }):find("cGFz", 1, true))
  end)

  it("lists resources as rows with their states", function()
    local list = {
      { id = "/a/one", name = "one", type = "N/links", properties = { provisioningState = "Succeeded", status = "Pending" } },
      { id = "/a/three", name = "three", type = "N/links", properties = { privateLinkServiceConnectionState = { status = "Approved" } } },
    }

    assert.equal("[1] one    links  Pending   Succeeded\n[2] three  links  Approved", pretty.format(list))
  end)

  it("leaves it to objects how they look", function()
    local handle = setmetatable({}, { __tostring = function() return "a handle" end })

    assert.equal("a handle", pretty.format(handle))
    assert.equal("{ h = a handle }", pretty.format({ h = handle }))
  end)

  it("shows a table that holds itself, and one that is too deep", function()
    local loop = {}
    loop.again = loop
    local deep = {}
    local at = deep
    for _ = 1, 20 do
      at.a = {}
      at = at.a
    end
    at.b = 1

    assert.truthy(pretty.format(loop):find("again", 1, true))
    assert.truthy(pretty.format(deep):find("{ ... }", 1, true))
  end)

  it("cuts long lists", function()
    local list = {}
    for i = 1, 100 do list[i] = i end

    assert.truthy(pretty.format(list):find("... 60 more", 1, true))
  end)

  it("shows an error with what helps, one thing a line", function()
    local err = errors.new{
      kind = "service", code = "Denied", status = 403, message = "no role", hint = "ask for one", request_id = "r-1",
      method = "GET", url = "https://h/p",
    }

    local text = pretty.format(err)

    assert.equal("service error Denied (HTTP 403)\n  no role", text:match("^.-\n.-\n"):gsub("\n$", ""))
    for _, part in ipairs{ "what to do   ask for one", "request      GET https://h/p", "request id   r-1" } do
      assert.truthy(text:find(part, 1, true), text)
    end
  end)

  it("names the candidates of an ambiguous error", function()
    local err = errors.new{ kind = "ambiguous", message = "several", candidates = { { name = "pe-1" }, { name = "pe-2" } } }

    assert.truthy(pretty.format(err):find("candidate    pe-2", 1, true))
  end)

  it("raises for unknown options", function()
    assert.error_matches(function() pretty.format(1, { with = 3 }) end, "unknown option 'with'; did you mean 'width'")
  end)
end)
