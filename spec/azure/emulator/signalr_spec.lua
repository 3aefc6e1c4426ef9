local json = require "azure.json"
local signalr = require "azure.emulator.signalr"
local support = require "spec.azure.emulator.support"

local ask = support.ask
local other = support.signalr .. "-2"

local function put(e, body, id)
  return ask(e, "PUT", id or other, body)
end

describe("azure.emulator.signalr", function()
  it("shows the seeded service as recorded", function()
    local resource = ask(support.start(), "GET", support.signalr).json

    assert.equal("Microsoft.SignalRService/SignalR", resource.type)
    assert.same({ "Standard_S1", "Standard" }, { resource.sku.name, resource.sku.tier })
    assert.equal("Succeeded", resource.properties.provisioningState)
    assert.equal("contoso-signalr.service.signalr.net", resource.properties.hostName)
    assert.equal("Serverless", resource.properties.features[1].value)
    assert.same({}, resource.properties.sharedPrivateLinkResources)
    assert.equal(json.null, resource.tags)
  end)

  it("answers a creation with 201 and both headers, ready after 69 seconds", function()
    local e = support.start()

    local answer = put(e, { location = "eastus", sku = { name = "Standard_S1", capacity = 1 } })
    local creating = ask(e, "GET", other).json.properties
    e:advance(70)
    local ready = ask(e, "GET", other).json.properties

    assert.equal(201, answer.status)
    assert.truthy(answer.header("location"))
    assert.same({ "Creating", json.null, "1.0-preview" },
      { creating.provisioningState, creating.externalIP, creating.version })
    assert.same({ "Succeeded", "1.0" }, { ready.provisioningState, ready.version })
    assert.truthy(ready.externalIP:find("^%d+%."))
  end)

  it("updates with PUT 200", function()
    local e = support.start()

    local answer = put(e, { location = "eastus", sku = { name = "Premium_P1", capacity = 2 } }, support.signalr)

    assert.equal(200, answer.status)
    assert.same({ "Premium_P1", 2 }, { answer.json.sku.name, answer.json.sku.capacity })
  end)

  it("patches with an empty 202 whose Location has the result", function()
    local e = support.start()

    local answer = ask(e, "PATCH", support.signalr, { tags = { a = "b" }, location = "" })
    e:advance(20)
    local result = support.follow(e, answer, "location")

    assert.same({ 202, "" }, { answer.status, answer.body })
    assert.same({ a = "b" }, result.json.tags)
  end)

  it("changes network rules and the upstream", function()
    local e = support.start()
    local templates = { { urlTemplate = "https://example.com/{hub}" } }

    ask(e, "PATCH", support.signalr, { properties = {
      upstream = { templates = templates }, publicNetworkAccess = "Disabled", hostName = "ignored",
    } })
    local properties = ask(e, "GET", support.signalr).json.properties

    assert.equal("https://example.com/{hub}", properties.upstream.templates[1].urlTemplate)
    assert.equal("Disabled", properties.publicNetworkAccess)
    assert.equal("contoso-signalr.service.signalr.net", properties.hostName)
  end)

  for name, case in pairs({
    ["no location"] = { {}, "LocationRequired" },
    ["an unknown sku"] = { { location = "eastus", sku = { name = "Standard_S9" } }, "BadRequest" },
    ["a capacity that there is not"] = {
      { location = "eastus", sku = { name = "Standard_S1", capacity = 11 } }, "BadRequest",
    },
    ["a template without URL"] = {
      { location = "eastus", properties = { upstream = { templates = { {} } } } }, "BadRequest",
    },
    ["properties that are no object"] = { { location = "eastus", properties = 1 }, "InvalidRequestContent" },
    ["public access that is neither"] = {
      { location = "eastus", properties = { publicNetworkAccess = "Maybe" } }, "BadRequest",
    },
  }) do
    it("refuses " .. name, function()
      local answer = put(support.start(), case[1])

      assert.same({ 400, case[2] }, { answer.status, answer.error.code })
    end)
  end

  it("refuses writes while it works", function()
    local e = support.start()
    put(e, { location = "eastus" })

    assert.equal(409, ask(e, "PATCH", other, {}).status)
    assert.equal(409, ask(e, "DELETE", other).status)
  end)

  it("deletes at once with 204, as recorded", function()
    local e = support.start()

    local answer = ask(e, "DELETE", support.signalr)

    assert.equal(204, answer.status)
    assert.is_nil(answer.header("location"))
    assert.equal("ResourceNotFound", ask(e, "GET", support.signalr).error.code)
    assert.equal(204, ask(e, "DELETE", support.signalr).status)
  end)

  it("takes its links' connections along when it goes", function()
    local e = support.start()
    support.create_link(e)
    ask(e, "DELETE", support.signalr)

    e:advance(31)

    assert.same({}, support.connections(e))
  end)

  it("lists by group and by subscription", function()
    local e = support.start()
    local subscription = support.group:match("^(/subscriptions/[^/]+)")

    assert.equal(1, #ask(e, "GET", support.group .. "/providers/Microsoft.SignalRService/signalR").json.value)
    assert.equal(1, #ask(e, "GET", subscription .. "/providers/Microsoft.SignalRService/signalR").json.value)
  end)

  for name, fits in pairs({ ["func-pe"] = true, ["abc"] = true, ["ab"] = false, ["-abc"] = false, ["a.bc"] = false }) do
    it(("says %s of the name %s"):format(tostring(fits), name), function()
      assert.equal(fits, signalr.is_name(name))
    end)
  end
end)
