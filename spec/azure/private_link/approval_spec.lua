local approval = require "azure.private_link.approval"
local job_module = require "azure.private_link.job"
local scene = require "spec.azure.private_link.scene"

describe("an approval", function()
  local s, job, pending

  before_each(function()
    s = scene.new()
    job = job_module.new(s.client, s:spec(), "test", {})
    job.link_message = "please approve [ref:AZL-0123456789abcdef01234567]"
    pending = s.e:stranger{ target = s.e.ids.func, message = "" }
  end)

  local function entry(fields)
    local all = { id = pending.id, name = pending.name, description = "", evidence = "name", ["for"] = { "x" } }
    for key, value in pairs(fields or {}) do all[key] = value end
    return all
  end

  it("is kept with the ids of its call", function()
    local record = assert(approval.approve(job, entry()))

    assert.equal(record, job.approved[1])
    assert.is_string(record.request_id)
    assert.equal(record.request_id, s.events[#s.events].request_id)
    assert.equal("Approved", pending.status)
  end)

  it("does not forge the proof: an empty description gets the words without the reference", function()
    assert(approval.approve(job, entry()))

    assert.equal("please approve", pending.description)
  end)

  it("keeps the description that is there", function()
    assert(approval.approve(job, entry{ description = "theirs" }))

    assert.equal("theirs", pending.description)
  end)

  it("is not this run's when it was there already", function()
    pending.status = "Approved"

    assert(approval.approve(job, entry()))

    assert.same({}, job.approved)
  end)

  it("is kept, too, when its end was not seen, and only once", function()
    job = job_module.new(s.client, s:spec{ timeout = 10 }, "test", {})
    job.link_message = "x"

    for _ = 1, 2 do assert.equal("DecisionTimeout", select(2, approval.approve(job, entry())).code) end

    assert.equal(1, #job.approved)
    assert.equal("Approving", job.approved[1].status)
  end)

  it("is refused for a connection of another resource", function()
    local _, err = approval.approve(job, entry{ id = s.e.ids.signalr .. "/privateEndpointConnections/x" })

    assert.equal("ForeignConnection", err.code)
    assert.equal(0, #s.e:requests("PUT"))
  end)

  it("is taken back, with the ids of that call", function()
    local record = assert(approval.approve(job, entry()))

    local undone = approval.undo(job, { record })

    assert.is_true(undone[1].rejected)
    assert.equal("Rejected", pending.status)
    assert.equal("undo", s.events[#s.events].step)
    assert.is_string(s.events[#s.events].request_id)
  end)

  it("is not taken back when it may be somebody else's", function()
    local record = assert(approval.approve(job, entry()))
    record.uncertain = true

    assert.same({}, approval.undo(job, { record }))
    assert.equal("Approved", pending.status)
  end)
end)
