local json = require "azure.json"
local values = require "azure.signalr.values"

describe("settings of a SignalR", function()
  local capacities = {
    { "Free_F1", 1, true }, { "Free_F1", 2, false }, { "Standard_S1", 1, true }, { "Standard_S1", 10, true },
    { "Standard_S1", 15, false }, { "Standard_S1", 20, true }, { "Standard_S1", 100, true },
    { "Standard_S1", 110, false }, { "Standard_S1", 0, false }, { "Premium_P1", 50, true },
    { "Premium_P2", 100, true }, { "Premium_P2", 150, false }, { "Premium_P2", 1000, true },
    { "Premium_P2", 1100, false }, { "Standard_S1", "1", false },
  }
  for _, case in ipairs(capacities) do
    it(("%s %s units of %s"):format(case[3] and "take" or "refuse", tostring(case[2]), case[1]), function()
      local ok = pcall(values.resource, { location = "x", sku = case[1], capacity = case[2] }, "f", true)

      assert.equal(case[3], ok)
    end)
  end

  it("leave out what was not given", function()
    assert.equal("{}", json.encode(values.resource({}, "f", false)))
    assert.equal('{"tags":{}}', json.encode(values.resource({ tags = {} }, "f", false)))
  end)

  it("take raw properties along", function()
    local body = values.resource({ properties = { tls = { clientCertEnabled = true } }, disable_aad_auth = true }, "f")

    assert.same({ tls = { clientCertEnabled = true }, disableAadAuth = true }, body.properties)
  end)

  it("take a SKU as a table", function()
    assert.same({ name = "Premium_P1", capacity = 2 },
      values.resource({ sku = { name = "Premium_P1", capacity = 2 } }, "f").sku)
  end)

  it("take an identity by its name", function()
    assert.same({ type = "SystemAssigned" }, values.resource({ identity = "SystemAssigned" }, "f").identity)
    assert.error_matches(function() values.resource({ identity = "System" }, "f") end, "'identity' must be one of")
  end)

  local acls = {
    { { defaultAction = "Deny" }, nil },
    { { publicNetwork = { allow = json.null } }, nil },
    { { privateEndpoints = { { name = "a", allow = { "RESTAPI" } } } }, nil },
    { { defaultAction = "deny" }, "did you mean 'Deny'" },
    { { default_action = "Deny" }, "'network_acls' must be one of" },
    { { publicNetwork = { deny = { "Rest" } } }, "'publicNetwork.deny'" },
    { { privateEndpoints = { { allow = { "x" } } } }, "'privateEndpoints%[1%].allow'" },
    { { ipRules = { { value = "0.0.0.0/0", action = "allow" } } }, "'ipRules.action'" },
    { { ipRules = { { action = "Allow" } } }, "'ipRules.value'" },
    { "Deny", "'network_acls' must be a table" },
  }
  for i, case in ipairs(acls) do
    it("check network ACLs, case " .. i, function()
      local ok, message = pcall(values.network_acls, case[1], "f")

      assert.equal(case[2] == nil, ok)
      if case[2] then assert.matches(case[2], message) end
    end)
  end

  it("refuse more than 30 rules", function()
    local rules = {}
    for i = 1, 31 do rules[i] = { value = "10.0.0." .. i, action = "Allow" } end

    assert.error_matches(function() values.network_acls({ ipRules = rules }, "f") end, "30 rules")
  end)

  it("write templates in their form on the wire", function()
    assert.same({ { urlTemplate = "https://x/{hub}", hubPattern = "*" } },
      values.templates({ { url_template = "https://x/{hub}", hub_pattern = "*" } }, "f"))
    assert.same({ { urlTemplate = "https://x" } }, values.templates({ { urlTemplate = "https://x" } }, "f"))
    assert.is_true(json.is_array(values.templates({}, "f")))
    assert.error_matches(function() values.templates({ url_template = "https://x" }, "f") end, "list of templates")
  end)
end)
