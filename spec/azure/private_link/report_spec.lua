local job_module = require "azure.private_link.job"
local report = require "azure.private_link.report"
local scene = require "spec.azure.private_link.scene"
local states = require "azure.private_link.states"

describe("a report", function()
  local s, job

  before_each(function()
    s = scene.new()
    job = job_module.new(s.client, s:spec(), "test", {})
    job.link = states.link{ name = "func-pe", properties = {
      groupId = "sites", status = "Approved", provisioningState = "Succeeded",
      requestMessage = "m [ref:AZL-0123456789abcdef01234567]",
    } }
    job.links, job.approved = { job.link }, {}
    local connection = states.connection{ id = "/c/c1", properties = { privateLinkServiceConnectionState = {
      status = "Approved", description = job.link.message,
    } } }
    job.seen = { connections = { connection }, want = job:want(job.links), match = "reference" }
  end)

  it("says that nothing had to be changed", function()
    local result = report.finish(job)

    assert.is_false(result.changed)
    assert.equal("c1", result.connection.name)
    assert.is_false(result.connection.approved_now)
    assert.matches("nothing had to be changed", tostring(result))
  end)

  it("says what this run approved", function()
    job.approved = { { id = "/C/c1", name = "c1" } }

    local result = report.finish(job)

    assert.is_true(result.changed)
    assert.is_true(result.connection.approved_now)
    assert.matches("approved by the creator's credential", tostring(result))
  end)

  it("names no connection without evidence", function()
    job.seen.connections[1].description = "Auto-Approved"

    local result = report.finish(job)

    assert.is_nil(result.connection)
    assert.equal("ConnectionNotIdentified", result.warnings[1].code)
  end)

  it("names nothing beside what carries our reference", function()
    job.seen.match = "name"
    job.seen.connections[2] = states.connection{ id = "/c/c2", properties = {
      privateEndpoint = { id = "/x/func-pe" }, privateLinkServiceConnectionState = { status = "Approved" },
    } }

    assert.equal(1, #report.finish(job).connections)
    assert.equal("c1", report.finish(job).connection.name)
  end)

  it("warns that the public door is open", function()
    job.facts = { upstream = { properties = { publicNetworkAccess = "Enabled" } } }

    assert.equal("PublicAccessEnabled", report.finish(job).warnings[1].code)
  end)

  it("tells what to do with a hand-off", function()
    local result = report.make(job, "awaiting-approval")
    result.handoff = {}

    assert.matches("azure.private_link.approve", tostring(result), 1, true)
  end)
end)
