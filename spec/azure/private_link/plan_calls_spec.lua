local facts_module = require "azure.private_link.facts"
local job_module = require "azure.private_link.job"
local plan_calls = require "azure.private_link.plan_calls"
local scene = require "spec.azure.private_link.scene"

-- That these are the calls that are made is plan_spec's business.
describe("planned calls", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  local function calls(fields)
    local job = job_module.new(s.client, s:spec(fields), "test", {})
    job.facts = facts_module.new(job)
    return plan_calls.of(job)
  end

  local function last(list)
    return list[#list]
  end

  it("are none when all is approved, replicas included", function()
    s:add_replica()
    assert(s:establish())
    assert.same({}, calls())

    s:replica_link().status = "Pending"
    assert.is_true(#calls() > 0)
  end)

  it("leave the approval to another team", function()
    assert.equal("another team", last(calls{ approve = false }).who)
  end)

  it("say whose credential is used", function()
    local whose = {}
    for _, call in ipairs(calls{ approve = s:new_client() }) do whose[call.who] = true end

    assert.same({ creator = true, approver = true }, whose)
  end)

  it("say for how many links an approval is needed", function()
    s:add_replica()

    assert.matches("for each of the 2 links", last(calls()).note)
  end)

  it("ask for both tenants where the subscriptions differ", function()
    local func, approver = s:other_tenant()
    local function tenants(list)
      local count = 0
      for _, call in ipairs(list) do count = count + (call.path:find("^/subscriptions/[^/]+$") and 1 or 0) end
      return count
    end

    assert.equal(2, tenants(calls{ upstream = func }))
    assert.equal(0, tenants(calls{ upstream = func, approve = approver }))
  end)

  it("look for other links where a person chose", function()
    local notes = {}
    for _, call in ipairs(calls{ connection = "x" }) do notes[#notes + 1] = call.note end

    assert.matches("another link's", table.concat(notes, "; "))
  end)
end)
