local lro = require "azure.emulator.lro"
local support = require "spec.azure.emulator.support"

local function start_link(e)
  return support.ask(e, "PUT", support.link, support.link_body())
end

describe("azure.emulator.lro", function()
  it("signs URLs: more than 3 KB, both under the resource", function()
    local e = support.start()

    local answer = start_link(e)

    local status, result = answer.header("azure-asyncoperation"), answer.header("location")
    assert.truthy(status:find("/Microsoft.SignalRService/SignalR/contoso-signalr/operationStatuses/", 1, true))
    assert.truthy(result:find("/SignalR/contoso-signalr/operationResults/", 1, true))
    assert.is_true(#status > 3000 and #status < 4096)
    assert.truthy(status:find("&t=%d+&c=[%w_-]+&s=[%w_-]+&h=[%w_-]+$"))
    assert.is_nil(answer.header("retry-after"))
  end)

  it("wants its URLs back byte for byte", function()
    local e = support.start()
    local path = support.path_of(e, start_link(e).header("azure-asyncoperation"))

    local changed = support.ask(e, "GET", path .. "&more=1", nil, { version = false })

    assert.equal(400, changed.status)
    assert.equal("InvalidAsyncOperationUrl", changed.error.code)
  end)

  it("says Running, then Succeeded with an end time", function()
    local e = support.start()
    local answer = start_link(e)

    local running = support.follow(e, answer, "azure-asyncoperation")
    e:advance(61)
    local done = support.follow(e, answer, "azure-asyncoperation")

    assert.equal("Running", running.json.status)
    assert.is_nil(running.json.endTime)
    assert.equal("Succeeded", done.json.status)
    assert.truthy(done.json.endTime)
    assert.equal(running.json.name, done.json.name)
  end)

  it("answers 202 at Location until the result is there", function()
    local e = support.start()
    local answer = start_link(e)

    local running = support.follow(e, answer, "location")
    e:advance(61)
    local done = support.follow(e, answer, "location")

    assert.equal(202, running.status)
    assert.equal(200, done.status)
    assert.equal("Succeeded", done.json.properties.provisioningState)
  end)

  it("gives a failure as status and, at Location, as an error", function()
    local e = support.start()
    local failed
    local operation = lro.start(e, { timing = "restart", failure = lro.failure("Broken", "it broke"),
      on_failure = function(failure) failed = failure.code end })
    e:advance(25)

    assert.equal("Failed", operation.status)
    assert.equal("Broken", failed)
    assert.equal("Broken", lro.status_body(operation, "/x").error.code)
    assert.equal(409, lro.location_answer(operation, "/x").status)
  end)

  it("leaves URLs unsigned where that is asked for", function()
    local e = support.start{ sign_urls = false }

    assert.truthy(start_link(e).header("location"):find("%?api%-version=2024%-03%-01$"))
  end)
end)
