local resource_id = require "azure.resource_id"

local GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
local SITE = GROUP .. "/providers/Microsoft.Web/sites/contoso-func"

describe("resource_id.parse", function()
  it("takes a resource apart", function()
    local id = assert(resource_id.parse(SITE))

    assert.equal("00000000-0000-0000-0000-000000000000", id.subscription_id)
    assert.equal("contoso", id.resource_group)
    assert.equal("Microsoft.Web", id.provider)
    assert.equal("Microsoft.Web/sites", id.type)
    assert.equal("contoso-func", id.name)
    assert.same({ "contoso-func" }, id.names)
    assert.equal(GROUP, id.parent)
    assert.equal(SITE, tostring(id))
  end)

  it("takes a nested resource apart", function()
    local id = assert(resource_id.parse(SITE .. "/slots/blue/privateEndpointConnections/a.b-c"))

    assert.equal("Microsoft.Web/sites/slots/privateEndpointConnections", id.type)
    assert.same({ "contoso-func", "blue", "a.b-c" }, id.names)
    assert.equal(SITE .. "/slots/blue", id.parent)
  end)

  it("reads an extension resource by its last provider", function()
    local id = assert(resource_id.parse(SITE .. "/providers/Microsoft.Authorization/locks/keep"))

    assert.equal("Microsoft.Authorization/locks", id.type)
    assert.equal(SITE, id.parent)
  end)

  it("does not mind the case of the fixed words", function()
    local id = assert(resource_id.parse("/Subscriptions/a-1/resourcegroups/g/Providers/Microsoft.Web/sites/s"))

    assert.equal("a-1", id.subscription_id)
    assert.equal("g", id.resource_group)
  end)

  local containers = {
    { GROUP, "Microsoft.Resources/resourceGroups", "contoso" },
    { "/subscriptions/a-1", "Microsoft.Resources/subscriptions", "a-1" },
    { "/subscriptions/a-1/providers/Microsoft.Web/locations/westus2", "Microsoft.Web/locations", "westus2" },
    { "/providers/Microsoft.Management/managementGroups/m", "Microsoft.Management/managementGroups", "m" },
    { SITE .. "/", "Microsoft.Web/sites", "contoso-func" },
  }
  for _, case in ipairs(containers) do
    it("understands " .. case[1], function()
      local id = assert(resource_id.parse(case[1]))

      assert.equal(case[2], id.type)
      assert.equal(case[3], id.name)
    end)
  end

  local malformed = {
    "", "/", "//", "contoso", "subscriptions/a", "/subscriptions", "/subscriptions/",
    "/subscriptions//resourceGroups/g",
    "/subscriptions/a b", "/subscriptions/a/resourceGroups", "/subscriptions/a/resourceGroups/g/x",
    GROUP .. "/providers", GROUP .. "/providers/Microsoft.Web", GROUP .. "/providers/Microsoft.Web/sites",
    SITE .. "/slots", SITE .. "//", GROUP .. "/providers/Microsoft.Web/sites/..", SITE .. "?x=1", SITE .. "#x",
    SITE .. "%2e", SITE .. "\n", SITE .. "\\x", SITE .. " ", "https://management.azure.com" .. SITE,
    "/subscriptions/a/resourceGroups/" .. ("g"):rep(91), SITE .. ("x"):rep(3000), "/else/a/b",
  }
  for _, text in ipairs(malformed) do
    it(("refuses %q"):format(text:sub(1, 120)), function()
      local id, err = resource_id.parse(text)

      assert.is_nil(id)
      assert.equal("protocol", err.kind)
      assert.equal("InvalidResourceId", err.code)
    end)
  end

  for _, value in ipairs{ 7, true, {} } do
    it("refuses a " .. type(value), function()
      local id, err = resource_id.parse(value)

      assert.is_nil(id)
      assert.equal("InvalidResourceId", err.code)
    end)
  end
end)

describe("resource_id.format", function()
  it("puts together what parse took apart", function()
    local slot = SITE .. "/slots/blue"

    assert.equal(SITE, resource_id.format(resource_id.parse(SITE)))
    assert.equal(slot, resource_id.format(resource_id.parse(slot)))
  end)

  it("needs a name for each segment", function()
    local id, err = resource_id.format{ type = "Microsoft.Web/sites/slots", names = { "a" } }

    assert.is_nil(id)
    assert.equal("InvalidResourceId", err.code)
  end)
end)

describe("resource_id.equal", function()
  it("does not mind case, a trailing slash, or handles", function()
    assert.is_true(resource_id.equal(SITE, SITE:upper() .. "/"))
    assert.is_true(resource_id.equal({ id = SITE }, resource_id.parse(SITE:lower())))
    assert.equal(resource_id.key(SITE), resource_id.key(SITE:upper()))
  end)

  it("tells different ids apart", function()
    assert.is_false(resource_id.equal(SITE, SITE .. "2"))
    assert.is_false(resource_id.equal(SITE, nil))
    assert.is_false(resource_id.equal(nil, nil))
  end)
end)

describe("resource_id.child", function()
  it("appends a type and a name", function()
    assert.equal(SITE .. "/slots/blue", resource_id.child(SITE, "slots", "blue"))
    assert.equal(SITE .. "/slots/blue", resource_id.child({ id = SITE .. "/" }, "slots", "blue"))
  end)

  for _, name in ipairs{ "", "..", "a/b", "a?b", "a\nb", "a%2fb" } do
    it(("refuses the name %q"):format(name), function()
      assert.error_matches(function() resource_id.child(SITE, "slots", name) end, "'name' cannot be used")
    end)
  end
end)

describe("resource_id.is_valid", function()
  it("can ask for a type", function()
    assert.is_true(resource_id.is_valid(SITE))
    assert.is_true(resource_id.is_valid(SITE, "microsoft.web/SITES"))
    assert.is_false(resource_id.is_valid(SITE, "Microsoft.KeyVault/vaults"))
    assert.is_false(resource_id.is_valid("x"))
  end)
end)
