local support = require "spec.azure.emulator.support"

local ask, signalr = support.ask, support.signalr
local location = support.group:match("^(/subscriptions/[^/]+)")
  .. "/providers/Microsoft.SignalRService/locations/eastus"

describe("azure.emulator.signalr_actions", function()
  it("shows keys and connection strings", function()
    local keys = ask(support.start(), "POST", signalr .. "/listKeys").json

    assert.equal(("Endpoint=https://contoso-signalr.service.signalr.net;AccessKey=%s;Version=1.0;"):format(
      keys.primaryKey), keys.primaryConnectionString)
    assert.not_equal(keys.primaryKey, keys.secondaryKey)
  end)

  it("makes a new key of the kind asked for", function()
    local e = support.start()
    local before = ask(e, "POST", signalr .. "/listKeys").json

    local answer = ask(e, "POST", signalr .. "/regenerateKey", { keyType = "Secondary" })
    e:advance(6)
    local final = support.follow(e, answer, "location").json

    assert.equal(202, answer.status)
    assert.equal(before.primaryKey, final.primaryKey)
    assert.not_equal(before.secondaryKey, final.secondaryKey)
  end)

  it("takes the kind in the casing of az", function()
    local e = support.start()
    local before = ask(e, "POST", signalr .. "/listKeys").json

    local answer = ask(e, "POST", signalr .. "/regenerateKey", { keyType = "primary" })

    assert.equal(202, answer.status)
    assert.not_equal(before.primaryKey, answer.json.primaryKey)
    assert.equal(before.secondaryKey, answer.json.secondaryKey)
  end)

  it("refuses keys of no known kind", function()
    assert.equal(400, ask(support.start(), "POST", signalr .. "/regenerateKey", { keyType = "Third" }).status)
  end)

  it("restarts with 202 and ends in 204", function()
    local e = support.start()

    local answer = ask(e, "POST", signalr .. "/restart")
    e:advance(21)

    assert.equal(202, answer.status)
    assert.equal(204, support.follow(e, answer, "location").status)
  end)

  it("lists what it can be scaled to", function()
    local skus = ask(support.start(), "GET", signalr .. "/skus").json.value

    assert.equal("Free_F1", skus[1].sku.name)
    assert.same({ 100, 1000 }, { skus[4].capacity.minimum, skus[4].capacity.maximum })
  end)

  it("counts what is used in a location", function()
    local usages = ask(support.start(), "GET", location .. "/usages").json.value

    assert.same({ "SignalRTotalUnits", 1 }, { usages[2].name.value, usages[2].currentValue })
  end)

  for name, case in pairs({ ["contoso-signalr"] = "AlreadyExists", ["x"] = "Invalid" }) do
    it(("says %s of the name %s"):format(case, name), function()
      local answer = ask(support.start(), "POST", location .. "/checkNameAvailability",
        { name = name, type = "Microsoft.SignalRService/SignalR" }).json

      assert.same({ false, case }, { answer.nameAvailable, answer.reason })
    end)
  end

  it("says which names are free, and wants both fields", function()
    local e = support.start()
    local path = location .. "/checkNameAvailability"

    local free = ask(e, "POST", path, { name = "free-name", type = "Microsoft.SignalRService/SignalR" })

    assert.is_true(free.json.nameAvailable)
    assert.equal(400, ask(e, "POST", path, { name = "free-name" }).status)
  end)

  it("lists the provider's operations without a subscription", function()
    assert.equal(200, ask(support.start(), "GET", "/providers/Microsoft.SignalRService/operations").status)
  end)
end)
