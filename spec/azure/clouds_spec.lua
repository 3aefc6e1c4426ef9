local clouds = require "azure.clouds"

describe("azure.clouds", function()
  it("knows three clouds, all over https", function()
    for _, name in ipairs{ "public", "usgov", "china" } do
      local cloud = clouds.check(name, "test")
      assert.matches("^https://management%.", cloud.arm)
      assert.matches("^https://login%.", cloud.authority)
    end
  end)

  it("takes endpoints as they are", function()
    local own = { arm = "http://127.0.0.1:1", authority = "http://127.0.0.1:2" }

    assert.equal(own, clouds.check(own, "test"))
  end)

  it("asks for no Resource Manager where only signing in matters", function()
    local own = { authority = "http://127.0.0.1:2" }

    assert.equal(own, clouds.endpoints(own, "test"))
    assert.equal(clouds.known.china, clouds.endpoints("china", "test"))
  end)

  for _, case in ipairs{
    { "a name that is none", "publik", "did you mean 'public'" },
    { "a name that is like none", "mars", "known: china, public, usgov" },
    { "no table", 5, "'cloud' must be table" },
    { "an authority that is no text", { arm = "https://x", authority = 5 }, "'cloud.authority' must be string" },
    { "endpoints without Resource Manager", { authority = "https://x" }, "'cloud.arm' must be string" },
    { "an audience that is no text", { arm = "https://x", audience = 1 }, "'cloud.audience' must be string" },
    { "a field that is none", { arm = "https://x", authorty = "https://y" }, "did you mean 'authority'" },
    { "a path", { arm = "https://x/y" }, "without a path" },
    { "a query", { arm = "https://x?a=b" }, "without a path" },
  } do
    it("raises for " .. case[1], function()
      assert.error_matches(function() clouds.check(case[2], "test") end, case[3])
    end)
  end
end)
