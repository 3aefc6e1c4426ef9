local url = require "azure.url"
local versions = require("azure.client").api_versions

local function build(request)
  return url.build("https://arm.example", request, versions, "test")
end

describe("azure.url", function()
  local signalr = "/subscriptions/s/resourceGroups/g/providers/Microsoft.SignalRService/signalR/x"

  for _, case in ipairs{
    { "adds the known api-version", { path = signalr }, signalr .. "?api-version=2024-03-01" },
    { "finds the provider of a child", { path = signalr .. "/replicas/r" }, signalr .. "/replicas/r?api-version=2024-03-01" },
    { "finds the innermost provider", { path = signalr .. "/providers/Microsoft.Web/sites/y" },
      signalr .. "/providers/Microsoft.Web/sites/y?api-version=2023-12-01" },
    { "takes an explicit one", { path = signalr, api_version = "1" }, signalr .. "?api-version=1" },
    { "leaves one that is there", { path = signalr .. "?API-Version=7" }, signalr .. "?API-Version=7" },
    { "adds none where none is known", { path = "/providers/Contoso.X/y" }, "/providers/Contoso.X/y" },
    { "adds none when told so", { path = signalr, api_version = false }, signalr },
    { "groups are Microsoft.Resources", { path = "/subscriptions/s/resourceGroups/g" },
      "/subscriptions/s/resourceGroups/g?api-version=2021-04-01" },
    { "adds none to a path that is not Resource Manager's", { path = "/paging/single" }, "/paging/single" },
    { "encodes query values once", { path = "/x", api_version = false, query = { ["$filter"] = "a eq 'b&c'", n = 1 } },
      "/x?%24filter=a%20eq%20%27b%26c%27&n=1" },
    { "repeats a name for a list", { path = "/x", api_version = false, query = { a = { "1", "2" } } }, "/x?a=1&a=2" },
    { "adds to a query that is there", { path = "/x?y=1", api_version = "2" }, "/x?y=1&api-version=2" },
    { "encodes what no URL may have", { path = "/a b/\xc3\xa9", api_version = false }, "/a%20b/%C3%A9" },
    { "keeps what is encoded", { path = "/a%20b%2Fc", api_version = false }, "/a%20b%2Fc" },
    { "keeps a '#' of a name that is encoded", { path = "/a%23b", api_version = "1" }, "/a%23b?api-version=1" },
    { "leaves out a name with an empty list", { path = "/x", api_version = false, query = { a = {} } }, "/x" },
  } do
    it(case[1], function()
      assert.equal("https://arm.example" .. case[3], build(case[2]))
    end)
  end

  -- Most paths take a short way, which must lead to the same place.
  it("builds the same URL by the short way and the long one", function()
    local core = require "azure.core"
    local short, seed, taken = core.plain_url, os.time(), 0
    finally(function() core.plain_url = short end)
    math.randomseed(seed)
    local parts = { "/subscriptions/s", "/resourceGroups/g", "/providers/Microsoft.Web", "/sites/a", "/providers/", "/", "?",
      "&", "api-version=1", "API-Version=", "#", "x y", "\xff", "\\", "\0", "%20", "/providers/Contoso.X/y", "//", "\n" }
    for _ = 1, 5000 do
      local path = "/"
      for _ = 1, math.random(0, 6) do path = path .. parts[math.random(#parts)] end
      core.plain_url = function(...)
        local found = short(...)
        taken = taken + (found and 1 or 0)
        return found
      end
      local _, one = pcall(build, { path = path })
      core.plain_url = function() end
      local _, other = pcall(build, { path = path })
      assert.equal((other:gsub("^.-:%d+: ", "")), (one:gsub("^.-:%d+: ", "")), ("seed %d, path %q"):format(seed, path))
    end
    assert.is_true(taken > 500)
  end)

  for _, case in ipairs{
    { "sets a parameter", "/x", { a = 1 }, "/x?a=1" },
    { "replaces one of the same name in any case", "/x?API-Version=old&b=2", { ["api-version"] = "new" },
      "/x?b=2&api-version=new" },
    { "keeps the others byte for byte", "/x?t=1/1%2F70%20%2B00:00&a", { b = "c" }, "/x?t=1/1%2F70%20%2B00:00&a&b=c" },
    { "puts it before a fragment, which goes", "/x?a=1#top", { b = 2 }, "/x?a=1&b=2" },
    { "leaves a URL alone when there is nothing to set", "/x?a=1", {}, "/x?a=1" },
  } do
    it(case[1], function()
      assert.equal(case[4], url.set_query(case[2], case[3]))
    end)
  end

  it("takes a handle and an absolute URL", function()
    assert.equal("https://arm.example/x", build{ path = { id = "/x" }, api_version = false })
    assert.equal("https://other.example/x?y=1", build{ path = "https://other.example/x?y=1", api_version = false })
    assert.equal("HTTPS://other.example/x", build{ path = "HTTPS://other.example/x", api_version = false })
  end)

  for name, path in pairs{
    ["in a name"] = "/subscriptions/s/resourceGroups/rg#old?api-version=1", ["in a query"] = "/x?a=b#c",
    ["in a whole URL"] = "https://arm.example/x#y", ["at the end"] = "/x#",
  } do
    it("refuses a '#', behind which the rest would be lost: " .. name, function()
      assert.error_matches(function() build{ path = path } end, "test: the path has a '#'.*%%23")
    end)
  end

  for name, case in pairs{
    ["null"] = { require("azure.json").null, "null" }, ["a function"] = { print, "a function" },
    ["a table with names"] = { { x = 1 }, "a table with names" }, ["a list with names"] = { { 1, x = 1 }, "with names" },
    ["a list with holes"] = { { 1, nil, 3, n = nil }, "holes" }, ["a list of lists"] = { { { 1 } }, "a table" },
    ["a list with null"] = { { "a", require("azure.json").null }, "null" },
  } do
    it("refuses a parameter that is " .. name, function()
      assert.error_matches(function() build{ path = "/x", query = { filter = case[1] } } end,
        "query: 'filter' must be a string, a number, a boolean or a list of them, not .*" .. case[2])
    end)
  end

  for _, bad in ipairs{ "/a\r\nHost: x", "/a\0", "/a\\b", "x", "", 5, {} } do
    it("refuses " .. ("%q"):format(tostring(bad)):gsub("table: %S+", "{}"), function()
      assert.has_error(function() build{ path = bad } end)
    end)
  end
end)
