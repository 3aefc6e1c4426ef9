local doors = require "azure.private_link.doors"
local helper = require "spec.helper"
local job_module = require "azure.private_link.job"
local scene = require "spec.azure.private_link.scene"

local BASE = helper.group .. "/providers/"
local ANY = { { action = "Deny", ipAddress = "Any", name = "no" } }

describe("the doors", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  local function read(upstream)
    local job = job_module.new(s.client, s:spec{ upstream = upstream }, "test", {})
    return doors.read(job), job.warnings
  end

  -- what, access, restrictions, default action, open
  local sites = {
    { "that says nothing", nil, nil, nil, false },
    { "that is enabled", "Enabled", nil, nil, true },
    { "that is disabled", "Disabled", nil, nil, false },
    { "that is enabled, and denies by default", "Enabled", nil, "Deny", false },
    { "that is enabled, and denies everybody", "Enabled", ANY, nil, false },
  }
  for _, case in ipairs(sites) do
    it("of a site " .. case[1], function()
      local site = s.e:resource(s.e.ids.func)
      site.public_network_access, site.restrictions, site.restrictions_default = case[2], case[3], case[4]

      local result, warnings = read()

      assert.equal(case[5], result.open)
      assert.equal(case[2] or "not set", result.public_network_access)
      assert.equal(case[4], result.default_action)
      assert.equal(case[5] and "PublicAccessEnabled" or nil, warnings[1] and warnings[1].code)
    end)
  end

  local targets = {
    { "a vault that was never given rules", "KeyVault/vaults/kv", nil, "Allow", true },
    { "a vault that denies", "KeyVault/vaults/kv", { defaultAction = "Deny", ipRules = { { value = "20.1.2.3" } } },
      "Deny", false },
    { "an account that allows", "Storage/storageAccounts/acc", nil, "Allow", true },
    { "an account that denies", "Storage/storageAccounts/acc", { defaultAction = "Deny" }, "Deny", false },
  }
  for _, case in ipairs(targets) do
    it("of " .. case[1], function()
      local id = BASE .. "Microsoft." .. case[2]
      s.e:seed{ id = id, network_acls = case[3] }

      local result = read(id)

      assert.equal(case[4], result.default_action)
      assert.equal(case[5], result.open)
      assert.equal(case[3] and case[3].ipRules and "20.1.2.3" or nil, result.restrictions[1] and result.restrictions[1].address)
    end)
  end

  it("of a vault that is disabled", function()
    local id = BASE .. "Microsoft.KeyVault/vaults/kv"
    s.e:seed{ id = id, public_network_access = "Disabled" }

    assert.is_false(read(id).open)
  end)

  it("are unknown where nobody may look", function()
    s.e:fault{ match = "GET", status = 403, times = 9 }

    local result, warnings = read()

    assert.is_string(result.error)
    assert.is_nil(result.open)
    assert.same({}, warnings)
  end)
end)
