local support = require "spec.azure.emulator.support"

local ask, group = support.ask, support.group
local subscription = group:match("^(/subscriptions/[^/]+)")

describe("azure.emulator.groups", function()
  it("makes groups with 201 and changes them with 200", function()
    local e = support.start()

    local made = ask(e, "PUT", subscription .. "/resourceGroups/new", { location = "eastus" })
    local again = ask(e, "PUT", subscription .. "/resourceGroups/NEW", { location = "EastUS", tags = { a = "b" } })

    assert.same({ 201, 200 }, { made.status, again.status })
    assert.same({ a = "b" }, ask(e, "GET", subscription .. "/resourceGroups/new").json.tags)
    assert.equal(204, ask(e, "HEAD", subscription .. "/resourceGroups/new").status)
  end)

  it("lists the resources of a subscription, by group, type and name", function()
    local e = support.start()
    ask(e, "PUT", subscription .. "/resourceGroups/new", { location = "eastus" })

    local function list(filter)
      local names = {}
      local path = subscription .. "/resources?$filter=" .. filter:gsub(" ", "%%20")
      for _, item in ipairs(ask(e, "GET", path).json.value) do names[#names + 1] = item.name end
      return names
    end

    assert.same({ "contoso-signalr", "contoso-plan", "contoso-func" }, list("resourceGroup eq 'Contoso'"))
    assert.same({}, list("resourceGroup eq 'new'"))
    assert.same({ "contoso-func" }, list("resourceGroup eq 'contoso' and resourceType eq 'microsoft.web/sites'"))
    assert.same({ "contoso-plan" }, list("name eq 'contoso-plan'"))
  end)

  it("keeps groups where they are", function()
    local e = support.start()

    local answer = ask(e, "PUT", group, { location = "westeurope" })

    assert.same({ 409, "InvalidResourceGroupLocation" }, { answer.status, answer.error.code })
    assert.equal(400, ask(e, "PUT", group .. "2", {}).status)
  end)

  it("deletes with Location and Retry-After alone, ending in an empty 200", function()
    local e = support.start()

    local answer = ask(e, "DELETE", group)
    local running = support.follow(e, answer, "location")
    e:advance(61)
    local done = support.follow(e, answer, "location")

    assert.equal(202, answer.status)
    assert.equal("15", answer.header("retry-after"))
    assert.is_nil(answer.header("azure-asyncoperation"))
    assert.truthy(answer.header("location"):find("/operationresults/[%w_-]+", 1))
    assert.same({ 202, "15" }, { running.status, running.header("retry-after") })
    assert.same({ 200, "" }, { done.status, done.body })
    assert.is_nil(done.header("content-type"))
  end)

  it("takes everything in the group along", function()
    local e = support.start()
    support.create_link(e)
    ask(e, "DELETE", group)
    local deleting = ask(e, "GET", group).json.properties.provisioningState

    e:advance(61)

    assert.equal("Deleting", deleting)
    assert.equal("ResourceGroupNotFound", ask(e, "GET", support.signalr).error.code)
    assert.is_nil(e:resource(support.link))
    assert.equal(404, ask(e, "DELETE", group).status)
  end)

  it("takes nothing new while it is being deleted", function()
    local e = support.start()
    ask(e, "DELETE", group)

    local answer = ask(e, "PUT", support.link, support.link_body())

    assert.same({ 409, "ResourceGroupBeingDeleted" }, { answer.status, answer.error.code })
  end)

  it("lists groups, resources, subscriptions and providers", function()
    local e = support.start()

    assert.equal(1, #ask(e, "GET", subscription .. "/resourceGroups").json.value)
    assert.equal(3, #ask(e, "GET", group .. "/resources").json.value)
    assert.equal(1, #ask(e, "GET", "/subscriptions").json.value)
    assert.equal("Enabled", ask(e, "GET", subscription).json.state)
    assert.equal(5, #ask(e, "GET", subscription .. "/providers").json.value)
  end)

  it("shows subscriptions to their own tenant only", function()
    local e = support.start()
    local stranger = e:principal{ tenant_id = "11111111-2222-3333-4444-555555555555" }

    assert.same({}, ask(e, "GET", "/subscriptions", nil, { principal = stranger }).json.value)
  end)

  it("registers providers in half a minute", function()
    local e = support.start()
    local provider = subscription .. "/providers/Microsoft.SignalRService"
    e:register("Microsoft.SignalRService", "NotRegistered")

    local before = ask(e, "GET", provider).json.registrationState
    local during = ask(e, "POST", provider .. "/register").json.registrationState
    e:advance(31)

    assert.same({ "NotRegistered", "Registering" }, { before, during })
    assert.equal("Registered", ask(e, "GET", provider).json.registrationState)
    assert.equal("Unregistered", ask(e, "POST", provider .. "/unregister").json.registrationState)
  end)

  it("knows no other providers", function()
    assert.equal(404, ask(support.start(), "GET", subscription .. "/providers/Microsoft.Nothing").status)
  end)
end)
