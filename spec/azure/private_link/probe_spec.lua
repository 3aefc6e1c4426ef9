local helper = require "spec.helper"
local probe = require "azure.private_link.probe"
local scene = require "spec.azure.private_link.scene"

describe("probe.judge", function()
  local function call(at, address, signature)
    return { at = at, forwarded_for = address, signature = signature or "valid" }
  end
  local cases = {
    { "sees nothing", {}, "not yet seen" },
    { "sees a private address", { call(10, "10.0.0.4:51000") }, "private" },
    { "sees a public address", { call(10, "20.1.2.3:51000") }, "public" },
    { "lets one public call deny it", { call(10, "10.0.0.4"), call(11, "20.1.2.3") }, "public" },
    { "ignores calls from before", { call(1, "20.1.2.3"), call(10, "10.0.0.4") }, "private" },
    { "ignores calls that SignalR did not sign", { call(10, "20.1.2.3", "invalid"), call(10, "10.0.0.4") }, "private" },
    { "takes no unsigned call for proof", { call(10, "10.0.0.4", "missing") }, "not yet seen" },
    { "takes no call for proof that says nothing of a signature", { { at = 10, forwarded_for = "10.0.0.4" } },
      "not yet seen" },
    { "takes no unsigned call for the contrary either", { call(10, "20.1.2.3", "missing") }, "not yet seen" },
    { "takes the machine itself for no proof", { call(10, "127.0.0.1"), call(10, "[::1]:80") }, "not yet seen" },
    { "takes a neighbour for no proof", { call(10, "169.254.1.1"), call(10, "fe80::1") }, "not yet seen" },
    { "takes a unique local address for proof", { call(10, "fd40::1") }, "private" },
    { "is not deceived by what the caller sent", { call(10, "10.0.0.4, 20.1.2.3:1") }, "public" },
    { "counts the second in which the looking began", { call(5, "10.0.0.4") }, "private" },
    { "survives nonsense", { 7, {}, { at = "x" }, call(10, "<script>") }, "not yet seen" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.equal(case[3], probe.judge(case[2], 5.7).verdict)
    end)
  end
end)

describe("probe.http", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  local function ask(fault)
    fault.match = "GET .*probe"
    s.e:fault(fault)
    return probe.http(s.e.url .. "/probe?code=s3cret", { ["X-Test"] = "1" })()
  end

  it("gives what the upstream saw", function()
    local seen = assert(ask{ status = 200, body = '{"seen":[{"at":1}]}' })

    assert.equal(1, seen[1].at)
    assert.equal("1", s.e:requests("probe")[1].headers["x-test"])
  end)

  local failures = {
    { "a closed door", { status = 403 }, "ProbeFailed" },
    { "something else", { status = 200, body = "{}" }, "NotAProbe" },
    { "a page of HTML", { status = 200, body = "<html>" }, "InvalidJson" },
  }
  for _, case in ipairs(failures) do
    it("reports " .. case[1] .. ", without the key in the URL", function()
      local seen, err = ask(case[2])

      assert.is_nil(seen)
      assert.equal(case[3], err.code)
      assert.is_nil(tostring(err):find("s3cret", 1, true))
    end)
  end

  it("reports an upstream that hangs up", function()
    local seen, err = ask{ drop = true, times = 10 }

    assert.is_nil(seen)
    assert.equal("transport", err.kind)
    assert.is_true(helper.loop() ~= nil)
  end)
end)
