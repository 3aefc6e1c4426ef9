local wire = require "azure.emulator.wire"

describe("azure.emulator.wire", function()
  it("reads path, query and headers of a request", function()
    local request = wire.request{
      method = "GET", path = "/a%20b/C?api-version=2024-03-01&Name=x%26y",
      headers = { { "X-One", "1" }, { "x-one", "2" } },
    }

    assert.same({ "a b", "C" }, request.segments)
    assert.equal("2024-03-01", request.query["api-version"])
    assert.equal("x&y", request.query.name)
    assert.equal("1, 2", request.headers["x-one"])
    assert.equal("/a%20b/C", request.path)
  end)

  it("reads forms with plus signs, first of a name counting", function()
    local form = wire.parameters("scope=a+b%2B&scope=second&empty=", true)

    assert.same({ scope = "a b+", empty = "" }, form)
  end)

  it("keeps the plus signs of a query", function()
    assert.equal("a+b", wire.parameters("x=a+b").x)
  end)

  it("takes only objects as JSON bodies", function()
    assert.same({}, wire.json_body{ body = "" })
    assert.is_nil((wire.json_body{ body = "[1]" }))
    assert.is_nil((wire.json_body{ body = "{" }))
    assert.equal(1, wire.json_body{ body = '{"a":1}' }.a)
  end)

  it("replaces a header whatever its casing", function()
    local answer = wire.empty(202, { { "Retry-After", "5" } })

    wire.set_header(answer, "retry-after", "7")

    assert.same({ { "Retry-After", "7" } }, answer.headers)
  end)

  it("writes ARM's errors", function()
    local answer = wire.error(409, "Conflict", "busy", { target = "x" })

    assert.equal(409, answer.status)
    assert.equal('{"error":{"code":"Conflict","message":"busy","target":"x"}}', answer.body)
  end)

  it("writes times as Azure does", function()
    assert.equal("2023-10-08T02:31:38.5000000Z", wire.timestamp(1696732298.5))
    assert.equal("Sun, 08 Oct 2023 02:31:38 GMT", wire.http_date(1696732298))
  end)

  for encoded, bytes in pairs({ [""] = "", ["Zg"] = "f", ["Zm8="] = "fo", ["Zm9v"] = "foo", ["-_8"] = "\xfb\xff" }) do
    it(("decodes base64 %q"):format(encoded), function()
      assert.equal(bytes, wire.base64_decode(encoded))
    end)
  end

  it("refuses what is no base64", function()
    assert.is_nil(wire.base64_decode("a"))
    assert.is_nil(wire.base64_decode("ab*d"))
  end)
end)
