local forwarded = require "azure.forwarded"

describe("forwarded.parse", function()
  local cases = {
    -- entry, ip, port, range
    { "10.0.0.4", "10.0.0.4", nil, "RFC 1918" },
    { "10.0.0.4:51234", "10.0.0.4", 51234, "RFC 1918" },
    { " 172.16.0.1 ", "172.16.0.1", nil, "RFC 1918" },
    { "172.31.255.255", "172.31.255.255", nil, "RFC 1918" },
    { "172.15.0.1", "172.15.0.1", nil, "public" },
    { "172.32.0.1", "172.32.0.1", nil, "public" },
    { "192.168.1.1:80", "192.168.1.1", 80, "RFC 1918" },
    { "192.169.0.1", "192.169.0.1", nil, "public" },
    { "100.64.0.1", "100.64.0.1", nil, "RFC 6598" },
    { "100.127.255.255", "100.127.255.255", nil, "RFC 6598" },
    { "100.63.0.1", "100.63.0.1", nil, "public" },
    { "100.128.0.1", "100.128.0.1", nil, "public" },
    { "169.254.169.254", "169.254.169.254", nil, "link-local" },
    { "127.0.0.1", "127.0.0.1", nil, "loopback" },
    { "20.88.155.1:443", "20.88.155.1", 443, "public" },
    { "::1", "::1", nil, "loopback" },
    { "[::1]:8080", "::1", 8080, "loopback" },
    { "fd12:3456::1", "fd12:3456::1", nil, "RFC 4193" },
    { "[FC00::A]", "fc00::a", nil, "RFC 4193" },
    { "fe80::1%eth0", "fe80::1", nil, "link-local" },
    { "[fe80::1%25eth0]:80", "fe80::1", 80, "link-local" },
    { "febf::1", "febf::1", nil, "link-local" },
    { "fec0::1", "fec0::1", nil, "public" },
    { "2001:db8::1", "2001:db8::1", nil, "public" },
    { "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", nil, "public" },
    { "::", "::", nil, "public" },
    { "::ffff:10.1.2.3", "::ffff:10.1.2.3", nil, "RFC 1918" },
    { "[::FFFF:20.1.2.3]:99", "::ffff:20.1.2.3", 99, "public" },
    { "::ffff:a01:203", "::ffff:a01:203", nil, "RFC 1918" },
    { '"[2001:db8::1]:443"', "2001:db8::1", 443, "public" },
  }
  for _, case in ipairs(cases) do
    it(("reads %s"):format(case[1]), function()
      local caller = assert(forwarded.parse(case[1]))

      assert.equal(case[2], caller.ip)
      assert.equal(case[3], caller.port)
      assert.equal(case[4], caller.range)
      assert.equal(case[4] ~= "public", caller.private)
    end)
  end

  local invalid = {
    "", " ", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.04", "010.0.0.1", "1.2.3.4:", "1.2.3.4:0",
    "1.2.3.4:65536", "1.2.3.4:x", "1.2.3.4:123456", "[::1", "::1]", "[::1]x", "[::1]:", "1::2::3", "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9", "::12345", ":1", "1:", "::ffff:256.1.1.1", "::1.2.3.4:5", "10.0.0.4 evil", "<script>",
    "0x7f.1",    "1:2:3:4:5:6:7::8",
  }
  for _, entry in ipairs(invalid) do
    it(("refuses %q"):format(entry), function()
      local caller, err = forwarded.parse(entry)

      assert.is_nil(caller)
      assert.equal("protocol", err.kind)
    end)
  end
end)

describe("forwarded.client_ip", function()
  it("takes the last entry, which the front end wrote itself", function()
    local caller = forwarded.client_ip("10.9.9.9, 20.1.2.3:4711")

    assert.equal("20.1.2.3", caller.ip)
    assert.is_false(caller.private)
  end)

  it("is not deceived by a private address that the caller sent himself", function()
    assert.is_false(forwarded.client_ip("10.0.0.4,10.0.0.5,20.1.2.3").private)
  end)

  it("skips as many entries as trusted proxies appended", function()
    assert.equal("10.0.0.4", forwarded.client_ip("1.1.1.1, 10.0.0.4, 20.1.2.3", { trust = 2 }).ip)
  end)

  it("does not guess when there are fewer entries than trusted proxies", function()
    local caller, err = forwarded.client_ip("10.0.0.4", { trust = 2 })

    assert.is_nil(caller)
    assert.equal("TooFewProxies", err.code)
  end)

  it("finds the header in any case", function()
    assert.equal("10.0.0.4", forwarded.client_ip{ ["x-FORWARDED-for"] = "10.0.0.4:1" }.ip)
  end)

  it("joins a header that came several times, in order", function()
    assert.equal("10.0.0.5", forwarded.client_ip{ ["X-Forwarded-For"] = { "10.0.0.4", "10.0.0.5" } }.ip)
  end)

  it("asks tables whose lookup ignores case", function()
    local headers = setmetatable({}, { __index = function(_, name)
      return name:lower() == "x-forwarded-for" and "10.0.0.4" or nil
    end })

    assert.equal("10.0.0.4", forwarded.client_ip(headers).ip)
  end)

  local without = {
    none = {}, empty = "", blank = { ["X-Forwarded-For"] = " , " }, odd = { ["x-forwarded-for"] = 7 },
  }
  for name, headers in pairs(without) do
    it("reports a missing header: " .. name, function()
      local caller, err = forwarded.client_ip(headers)

      assert.is_nil(caller)
      assert.equal("NoForwardedFor", err.code)
    end)
  end

  it("refuses a header beyond 8 KB", function()
    local _, err = forwarded.client_ip(("1.2.3.4,"):rep(2000))

    assert.equal("HeaderTooLong", err.code)
  end)

  it("raises for misuse", function()
    assert.error_matches(function() forwarded.client_ip(nil) end, "'headers' must be table or string")
    assert.error_matches(function() forwarded.client_ip("1.2.3.4", { trust = 0 }) end, "'trust' must be")
    assert.error_matches(function() forwarded.client_ip("1.2.3.4", { thrust = 1 }) end, "did you mean 'trust'")
  end)
end)
