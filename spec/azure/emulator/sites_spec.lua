local json = require "azure.json"
local support = require "spec.azure.emulator.support"

local ask, func = support.ask, support.func
local plan = support.group .. "/providers/Microsoft.Web/serverfarms/contoso-plan"

describe("azure.emulator.sites", function()
  it("shows a function app with its plan and connections without groups", function()
    local e = support.start()
    e:stranger{ target = func }

    local site = ask(e, "GET", func).json

    assert.equal("functionapp", site.kind)
    assert.equal("contoso-func.azurewebsites.net", site.properties.defaultHostName)
    assert.equal(plan, site.properties.serverFarmId)
    assert.equal(json.null, site.properties.publicNetworkAccess)
    assert.equal(json.null, site.properties.privateEndpointConnections[1].properties.groupIds)
  end)

  it("has a publishing profile, as `az webapp show` wants to see it", function()
    local e = support.start()

    local answer = ask(e, "POST", func .. "/publishxml", { format = "WebDeploy" })

    assert.same({ 200, "application/xml" }, { answer.status, answer.header("content-type") })
    assert.truthy(answer.body:find('publishMethod="FTP" publishUrl="ftps://', 1, true))
    assert.equal(404, ask(e, "POST", func .. "-2/publishxml", {}).status)
  end)

  it("shows the plan's tier", function()
    assert.equal("ElasticPremium", ask(support.start(), "GET", plan).json.sku.tier)
  end)

  it("makes, changes and deletes sites", function()
    local e = support.start()
    local id = func .. "-2"

    local made = ask(e, "PUT", id, { location = "West US", kind = "app", properties = { serverFarmId = plan } })
    ask(e, "PATCH", id, { properties = { publicNetworkAccess = "Disabled" } })
    local changed = ask(e, "GET", id).json
    local deleted = ask(e, "DELETE", id)

    assert.equal(200, made.status)
    assert.equal("Disabled", changed.properties.publicNetworkAccess)
    assert.equal(200, deleted.status)
    assert.equal(404, ask(e, "GET", id).status)
  end)

  it("wants a location for a new site, and a site for a slot", function()
    local e = support.start()

    assert.equal("LocationRequired", ask(e, "PUT", func .. "-2", {}).error.code)
    assert.equal(404, ask(e, "PUT", func .. "-2/slots/x", { location = "West US" }).status)
  end)

  it("makes plans and needs their sku", function()
    local e = support.start()

    local made = ask(e, "PUT", plan .. "-2", { location = "West US", sku = { name = "P1v3" } })

    assert.equal("PremiumV3", made.json.sku.tier)
    assert.equal(400, ask(e, "PUT", plan .. "-3", { location = "West US" }).status)
  end)

  it("lists by group and by subscription", function()
    local e = support.start()
    local subscription = support.group:match("^(/subscriptions/[^/]+)")

    assert.equal(1, #ask(e, "GET", support.group .. "/providers/Microsoft.Web/sites").json.value)
    assert.equal(1, #ask(e, "GET", subscription .. "/providers/Microsoft.Web/sites").json.value)
    assert.equal(1, #ask(e, "GET", support.group .. "/providers/Microsoft.Web/serverfarms").json.value)
    assert.same({}, ask(e, "GET", func .. "/slots").json.value)
  end)

  it("keeps access restrictions in its configuration", function()
    local e = support.start()
    local config = func .. "/config/web"
    local rule = { ipAddress = "10.0.0.0/8", action = "Allow", priority = 100, name = "inside" }

    local before = ask(e, "GET", config).json.properties
    ask(e, "PATCH", config, { properties = { ipSecurityRestrictions = { rule }, publicNetworkAccess = "Enabled" } })
    local after = ask(e, "GET", config).json.properties

    assert.equal("Any", before.ipSecurityRestrictions[1].ipAddress)
    assert.equal("10.0.0.0/8", after.ipSecurityRestrictions[1].ipAddress)
    assert.equal("Enabled", ask(e, "GET", func).json.properties.publicNetworkAccess)
  end)
end)
