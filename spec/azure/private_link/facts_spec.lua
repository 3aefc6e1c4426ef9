local facts_module = require "azure.private_link.facts"
local job_module = require "azure.private_link.job"
local scene = require "spec.azure.private_link.scene"

describe("facts", function()
  local s, facts

  before_each(function()
    s = scene.new()
    facts = facts_module.new(job_module.new(s.client, s:spec(), "test", {}))
  end)

  it("are read when they are asked for, and once", function()
    assert.equal(0, #s.e:requests("GET"))

    local first = facts:get("signalr")

    assert.equal(first, facts:get("signalr"))
    assert.equal(1, #s.e:requests("GET"))
    assert.equal(first, facts.signalr)
  end)

  it("remember what is not there", function()
    local link, err = facts:get("link")
    facts:get("link")

    assert.is_nil(link)
    assert.equal(404, err.status)
    assert.equal(1, #s.e:requests("GET"))
    assert.is_nil(facts.failure)
  end)

  it("keep a failure that may be gone at the next try", function()
    s.e:fault{ match = "GET", status = 503, times = 10 }

    facts:get("signalr")

    assert.equal("service", facts.failure.kind)
  end)

  it("keep a cancellation, so that nothing goes on as if it had been a fact", function()
    local task = require("azure").spawn(function() facts:get("upstream_permissions") end)
    require("azure").loop():step(0)

    task:cancel():wait()

    assert.equal("cancelled", facts.failure.kind)
  end)

  it("find the plan of a site", function()
    assert.equal("EP1", facts:get("server_farm").sku.name)
  end)

  it("give no properties of what is not there", function()
    assert.same({}, facts:properties("link"))
  end)

  it("compare tenants only when the subscriptions differ", function()
    assert.is_true(facts_module.same_tenant(facts.job, facts))
    assert.equal(0, #s.e:requests("GET"))
  end)

  local tenants = {
    { "A", "a", true }, { "a", "b", false }, { "a", nil, nil },
  }
  for _, case in ipairs(tenants) do
    it(("take %s and %s for what they are"):format(case[1], tostring(case[2])), function()
      facts.known.signalr_tenant, facts.known.upstream_tenant = { value = case[1] }, { value = case[2] }
      facts.job.upstream.subscription_id = "other"

      assert.equal(case[3], facts_module.same_tenant(facts.job, facts))
    end)
  end
end)
