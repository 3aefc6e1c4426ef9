local support = require "spec.azure.emulator.support"

local ask = support.ask

local function get(e)
  return ask(e, "GET", support.signalr)
end

describe("azure.emulator.faults", function()
  it("strikes once, with ARM's error for the status", function()
    local e = support.start()
    local rule = e:fault{ match = "GET .*/signalr/", status = 503, retry_after = 7 }

    local first, second = get(e), get(e)

    assert.same({ 503, "ServiceUnavailable", "7" }, { first.status, first.error.code, first.header("retry-after") })
    assert.equal(200, second.status)
    assert.same({ 1, true }, { rule.hits, rule:spent() })
  end)

  it("strikes as often as asked, after letting some pass", function()
    local e = support.start()
    e:fault{ status = 500, after = 1, times = 2 }

    assert.same({ 200, 500, 500, 200 }, { get(e).status, get(e).status, get(e).status, get(e).status })
  end)

  it("matches text as it is, patterns, tables and functions", function()
    local e = support.start()
    for _, match in ipairs({
      "/providers/Microsoft.SignalRService/signalr/contoso-signalr?", "get .*contoso%-signalr",
      "GET %S+/contoso%-signalr%?", { method = "get", path = "/signalr/" },
      function(request) return request.query["api-version"] == "2024-03-01" end,
    }) do
      e:fault{ match = match, status = 418 }

      assert.equal(418, get(e).status)
    end
  end)

  it("leaves other requests alone", function()
    local e = support.start()
    e:fault{ match = "/signalr/[", status = 500 }
    e:fault{ match = { method = "PUT" }, status = 500 }
    e:fault{ match = "/nowhere/", status = 500 }

    assert.equal(200, get(e).status)
  end)

  it("takes a method alone for the method, whatever the URL", function()
    local e = support.start()
    e:fault{ match = "put", status = 500 }

    local answer = ask(e, "GET", support.signalr .. "?t=aPUTb")

    assert.equal(200, answer.status)
    assert.same({}, e:requests("PUT"))
    assert.equal(1, #e:requests("GET"))
  end)

  it("keeps the request from having an effect", function()
    local e = support.start()
    e:fault{ match = "PUT", status = 500 }

    ask(e, "PUT", support.link, support.link_body())

    assert.is_nil(e:resource(support.link))
  end)

  it("lets it have one where that is asked for", function()
    local e = support.start()
    e:fault{ match = "PUT", status = 500, effect = true }

    local answer = ask(e, "PUT", support.link, support.link_body())

    assert.equal(500, answer.status)
    assert.truthy(e:resource(support.link))
  end)

  for drop, created in pairs({ before = false, after = true }) do
    it(("drops the connection %s the effect"):format(drop), function()
      local e = support.start()
      e:fault{ match = "PUT", drop = drop }

      local answer = ask(e, "PUT", support.link, support.link_body())

      assert.equal("drop", answer.raw.close)
      assert.equal(created, e:resource(support.link) ~= nil)
    end)
  end

  it("replaces bodies, adds headers, delays and truncates", function()
    local e = support.start()
    e:fault{ match = "GET", body = "<html>", headers = { ["X-Odd"] = "yes" }, delay = 3, truncate = 4 }

    local answer = e:handle({ method = "GET", path = "/subscriptions" })

    assert.equal("<html>", answer.body)
    assert.same({ 3, 4 }, { answer.delay, answer.truncate })
  end)

  it("answers an empty success", function()
    local e = support.start()
    e:fault{ status = 200 }

    assert.same({ 200, "" }, { get(e).status, "" })
  end)

  it("can be taken away", function()
    local e = support.start()
    local rule = e:fault{ status = 500, times = math.huge }
    get(e)

    rule:remove()
    local after = get(e).status
    e:fault{ status = 500 }
    e:clear_faults()

    assert.same({ 200, 200 }, { after, get(e).status })
  end)

  it("raises for rules that cannot be", function()
    local e = support.start()

    assert.error_matches(function() e:fault{ stauts = 500 } end, "did you mean 'status'")
    assert.error_matches(function() e:fault{ match = { pth = "x" } } end, "did you mean 'path'")
    assert.error_matches(function() e:fault{ drop = "later" } end, "'drop' must be")
    assert.error_matches(function() e:fault{ status = "500" } end, "'status' must be integer or nil")
  end)
end)

describe("a fault with a table for a body", function()
  it("answers it as JSON", function()
    local helper = require "spec.helper"
    local e = helper.emulator{ seed = "contoso" }
    local client = helper.client(e, { credential = false })
    e:fault{ match = "/odd", status = 200, body = { value = { 1, 2 } } }

    assert.same({ value = { 1, 2 } }, client:get("/odd"))
  end)
end)
