local support = require "spec.azure.emulator.support"

describe("azure.emulator.seeds", function()
  it("plants the article's resources under its ids", function()
    local e = support.start()

    assert.equal(support.signalr, e.ids.signalr)
    assert.equal(support.func, e.ids.func)
    assert.equal("EP1", e:resource(e.ids.plan).sku.name)
    assert.equal("functionapp", e:resource(e.ids.func).kind)
  end)

  it("brings subscription, tenant and group along", function()
    local e = support.start{ seed = false }
    local id = "/subscriptions/11111111-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.Web/sites/s"

    e:seed{ id = id, tenant_id = "22222222-0000-0000-0000-000000000000" }

    assert.truthy(e:resource("/subscriptions/11111111-0000-0000-0000-000000000000/resourceGroups/g"))
    assert.equal("22222222-0000-0000-0000-000000000000", e.tenants["22222222-0000-0000-0000-000000000000"])
  end)

  it("returns the records of a list in order", function()
    local e = support.start()

    local one, two = e:seed{ { id = support.func .. "-1" }, { id = support.signalr .. "-2" } }

    assert.same({ "contoso-func-1", "contoso-signalr-2" }, { one.name, two.name })
  end)

  it("raises for what cannot be seeded", function()
    local e = support.start()

    assert.has_error(function() e:seed("fabrikam") end, "emulator:seed: no seed is called 'fabrikam'")
    assert.error_matches(function() e:seed{ id = support.group .. "/providers/Microsoft.Odd/x/y" } end, "no type")
  end)
end)
