local checks = require "azure.private_link.checks"

describe("checks.allows", function()
  local write = "Microsoft.Web/sites/privateEndpointConnections/write"
  local cases = {
    { { { actions = { "*" } } }, true },
    { { { actions = { "Microsoft.Web/*" } } }, true },
    { { { actions = { "microsoft.web/sites/*/WRITE" } } }, true },
    { { { actions = { "*/read" } } }, false },
    { { { actions = { "*" }, notActions = { "Microsoft.Web/sites/*" } } }, false },
    { { { actions = { "*" }, notActions = { "Microsoft.Web/*" } }, { actions = { write } } }, true },
    { { { actions = { "MicrosoftXWeb/*" } } }, false },
    { {}, false }, { { {} }, false }, { { { actions = { 7 } } }, false },
  }
  for i, case in ipairs(cases) do
    it("reads role definitions, case " .. i, function()
      assert.equal(case[2], checks.allows(case[1], write))
    end)
  end
end)

describe("checks.run", function()
  local function job(fields)
    local all = {
      bad_ids = {}, name = "func-pe", message = "m", group = "sites", approve = true, own_approval = true,
      signalr = { id = "/s", type = "Microsoft.SignalRService/signalR", subscription_id = "a" },
      upstream = { id = "/u", type = "Microsoft.Web/sites", subscription_id = "a", name = "u" },
      has_valid_name = function() return true end,
    }
    for key, value in pairs(fields or {}) do all[key] = value end
    return all
  end

  -- Facts that are given, not read.
  local function facts(known)
    local all = { known = known }
    function all:get(name) return self.known[name], not self.known[name] and { status = 404, message = "no" } or nil end
    function all:properties(name) return (self.known[name] or {}).properties or {} end
    all.is_web = function() return true end
    all.upstream_type = function() return "microsoft.web/sites" end
    return all
  end

  local function codes(findings)
    local list = {}
    for _, finding in ipairs(findings) do list[#list + 1] = finding.code end
    return table.concat(list, " ")
  end

  local signalr = { sku = { name = "Standard_S1" }, properties = { provisioningState = "Succeeded" } }
  local site = { properties = {} }
  local cases = {
    { "nothing", { signalr = signalr, upstream = site }, "" },
    { "a missing upstream", { signalr = signalr }, "UpstreamNotFound" },
    { "the free tier by its tier alone", { signalr = { sku = { tier = "FREE" } }, upstream = site }, "FreeTier" },
    { "a failed SignalR", { signalr = { properties = { provisioningState = "failed" } }, upstream = site },
      "SignalRFailed" },
    { "a shared plan", { signalr = signalr, upstream = site, server_farm = { sku = { tier = "Shared" } } },
      "PlanWithoutPrivateEndpoints" },
    { "an elastic plan", { signalr = signalr, upstream = site, server_farm = { sku = { tier = "ElasticPremium" } } },
      "" },
    { "a list of nothing shareable", { signalr = signalr, upstream = site, shareable = { { properties = 7 } } }, "" },
  }
  for _, case in ipairs(cases) do
    it("finds " .. case[1], function()
      assert.equal(case[3], codes(checks.run(job(), facts(case[2]), false)))
    end)
  end

  local THEIRS = { id = "/u", type = "Microsoft.Web/sites", subscription_id = "b", name = "u" }
  local tenants = {
    { "the same tenant", { "t", "T" }, {}, "" },
    { "different tenants", { "t", "u" }, {}, "ApproverNeeded" },
    { "different tenants, whatever was said", { "t", "u" }, { approver_named = true }, "ApproverNeeded" },
    { "an unknown tenant", { "t" }, {}, "ApproverNeeded" },
    { "an unknown tenant where the approver is named", { "t" }, { approver_named = true }, "" },
    { "an unknown tenant where another client approves", { "t" }, { own_approval = false }, "" },
  }
  for _, case in ipairs(tenants) do
    it("looks at who approves in " .. case[1], function()
      local fields = { upstream = THEIRS }
      for key, value in pairs(case[3]) do fields[key] = value end
      local known = { signalr = signalr, upstream = site, signalr_tenant = case[2][1], upstream_tenant = case[2][2] }

      assert.equal(case[4], codes(checks.run(job(fields), facts(known), false)))
    end)
  end

  for _, approves in ipairs{ true, false } do
    it("does not take another tenant's upstream for absent, approve=" .. tostring(approves), function()
      local known = facts{ signalr = signalr }
      function known:get(name)
        return self.known[name], { kind = "service", status = 404, code = "SubscriptionNotFound", message = "no" }
      end

      local findings = checks.run(job{ approve = approves }, known, false)

      assert.equal("UpstreamNotReadable", findings[1].code)
      assert.equal(approves and "error" or "warning", findings[1].severity)
    end)
  end

  it("only warns about an upstream that it may not see when another team approves", function()
    local known = facts{ signalr = signalr }
    function known:get(name) return self.known[name], { status = 403, code = "AuthorizationFailed", message = "no" } end

    local findings = checks.run(job{ approve = false }, known, false)

    assert.equal("UpstreamNotReadable", findings[1].code)
    assert.equal("warning", findings[1].severity)
  end)
end)
