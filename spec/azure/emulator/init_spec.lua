local azure = require "azure"
local emulator = require "azure.emulator"
local helper = require "spec.helper"
local support = require "spec.azure.emulator.support"

local function read_file(path)
  local file = io.open(path)
  return file and file:read("a")
end

describe("azure.emulator", function()
  for _, tls in ipairs({ false, true }) do
    it(("serves the module's own client, tls = %s"):format(tls), function()
      helper.virtual_time()
      local e = helper.emulator{ seed = "contoso", tls = tls }
      local client = helper.client(e)

      local link = assert(client:put(support.link, support.link_body()))

      assert.equal("Succeeded", link.properties.provisioningState)
      assert.truthy(e.url:find(tls and "^https://127%.0%.0%.1:%d+$" or "^http://127%.0%.0%.1:%d+$"))
    end)
  end

  it("keeps its authority's certificate for itself and removes it in the end", function()
    local e = helper.emulator{ tls = true }
    local path = e.ca_file

    local pem = read_file(path)
    local mode = io.popen("stat -c %a " .. path .. " 2>/dev/null || stat -f %Lp " .. path):read("l")
    e:stop()

    assert.truthy(pem:find("^%-%-%-%-%-BEGIN CERTIFICATE"))
    assert.equal("600", mode)
    assert.is_nil(read_file(path))
  end)

  it("is not trusted without it", function()
    local e = helper.emulator{ tls = true }
    local http = helper.closing(require("azure.core").http({}))

    local answer, err = http:send{ method = "GET", url = e.url }:wait()

    assert.is_nil(answer)
    assert.equal("transport", err.kind)
  end)

  it("describes its cloud", function()
    local e = support.start()

    local cloud = e:cloud()

    assert.same({ e.url, e.url, "https://management.azure.com" }, { cloud.arm, cloud.authority, cloud.audience })
  end)

  it("signs principals in with what they may do", function()
    local e = helper.emulator{ seed = "contoso" }
    local reader = e:principal{ actions = { "*/read" } }
    local client = helper.client(e, { credential = reader:credential() })

    assert(client:get(support.signalr))
    local link, err = client:put(support.link, support.link_body())

    assert.is_nil(link)
    assert.equal("AuthorizationFailed", err.code)
  end)

  it("answers 400 to what is no text in UTF-8", function()
    local e = helper.emulator{ seed = "contoso", listen = false }

    for _, request in ipairs{
      { method = "GET", path = "/subscriptions/%FF?api-version=2021-04-01" },
      { method = "PUT", path = "/subscriptions/x?api-version=2021-04-01", body = '{"a":"\xFF"}' },
      { method = "POST", path = "/t/oauth2/v2.0/token", body = "grant_type=%FF" },
      { method = "GET", path = "/", headers = { { "Authorization", "Bearer \xFF" } } },
    } do
      assert.equal(400, e:handle(request).status)
    end
  end)

  it("keeps a log of requests that can be searched and cleared", function()
    local e = support.start()
    support.ask(e, "GET", support.signalr)
    support.ask(e, "PUT", support.link, support.link_body())

    local puts = e:requests("PUT .*sharedPrivateLink")
    local all = e:requests()
    e:clear_requests()

    assert.equal(2, #all)
    assert.same({ 1, 201, "PUT" }, { #puts, puts[1].status, puts[1].method })
    assert.truthy(puts[1].body:find("please approve", 1, true))
    assert.same({}, e:requests())
  end)

  it("lets hours pass in no time", function()
    local e = support.start()
    support.ask(e, "PUT", support.link, support.link_body())

    e:advance(3600)

    assert.equal("Succeeded", e:resource(support.link).provisioning_state)
    assert.is_nil(e.state:next_change())
  end)

  it("answers late where there is latency", function()
    local e = support.start{ latency = 0.25 }

    assert.equal(0.25, e:handle({ method = "GET", path = "/" }).delay)
  end)

  it("keeps two clouds apart", function()
    local one, two = helper.emulator{ seed = "contoso" }, helper.emulator{ seed = "contoso" }
    one:remove(support.signalr)

    assert.is_nil((helper.client(one):get(support.signalr)))
    assert(helper.client(two):get(support.signalr))
  end)

  it("stops twice, and as a to-be-closed value", function()
    local url
    do
      local e <close> = assert(emulator.start())
      url = e.url
      e:stop()
      e:close()
    end
    local http = helper.closing(require("azure.core").http({}))

    assert.is_nil((http:send{ method = "GET", url = url }:wait()))
  end)

  it("ends when nobody holds it any more", function()
    local loop = require("azure.core").loop()
    local before = loop:stats().fds
    assert(emulator.start())
    collectgarbage()
    collectgarbage()

    assert.equal(before, loop:stats().fds)
  end)

  it("says why it cannot start", function()
    local e = helper.emulator()

    local other, err = emulator.start{ port = math.tointeger(tonumber(e.url:match("%d+$"))) }

    assert.is_nil(other)
    assert.equal("transport", err.kind)
  end)

  it("raises for unknown options, strangers' targets and providers' subscriptions", function()
    local e = support.start()

    assert.error_matches(function() emulator.start{ seeds = "contoso" } end, "did you mean 'seed'")
    assert.error_matches(function() e:stranger{ target = "/none" } end, "'target' must be")
    assert.error_matches(function() e:register("Microsoft.Web", "Registered", "none") end, "there is no")
    assert.equal("function", type(azure.client))
  end)
end)
