local azure = require "azure"
local job_module = require "azure.private_link.job"
local observe = require "azure.private_link.observe"
local scene = require "spec.azure.private_link.scene"

describe("an observation", function()
  local s

  before_each(function()
    s = scene.new()
    assert(s:establish{ approve = false })
  end)

  local function new_job(fields, client)
    local job = job_module.new(client or s.client, s:spec(fields), "test", {})
    job.replica_names = {}
    return job
  end

  it("has the links, the connections and what is known", function()
    local job = new_job()

    local obs = assert(observe.now(job))

    assert.equal(1, #obs.links)
    assert.equal(1, #obs.connections)
    assert.is_not_nil(obs.want.references[job.reference])
    assert.is_true(obs.ready_for < 5)
  end)

  it("knows since when it is so", function()
    local job = new_job()
    observe.now(job)
    azure.sleep(10)

    local obs = observe.now(job)
    assert.is_true(obs.ready_for >= 10 and obs.stable_for >= 10)

    s:steal()
    assert.is_true(observe.now(job).stable_for < 5)
  end)

  it("remembers the references that the links had earlier", function()
    local job = new_job()
    local before = observe.now(job).links[1].message:match("AZL%-%x+")
    s:link().message = "please approve [ref:AZL-ffffffffffffffffffffffff]"

    local obs = observe.now(job)

    assert.is_not_nil(obs.want.references[before])
    assert.is_not_nil(obs.want.references["AZL-ffffffffffffffffffffffff"])
    assert.equal(1, #obs.want.shares)
  end)

  it("does not take an approval for a change", function()
    local job = new_job()
    observe.now(job)
    azure.sleep(10)
    s:connections()[1].status = "Approved"

    assert.is_true(observe.now(job).stable_for >= 10)
    assert.is_not_nil(next(job.seen_approved))
  end)

  it("bears with a link that is missing for a moment only", function()
    local job = new_job()
    observe.now(job)
    s.e:remove(s:link().id)

    assert.is_true(assert(observe.now(job)).links[1].missing)
    azure.sleep(61)
    assert.equal("LinkGone", select(2, observe.now(job)).code)
  end)

  it("is blind where another team keeps the connections, and only then", function()
    local creator = s:new_client(s.e:principal{ actions = { "Microsoft.SignalRService/*" } })
    local job = new_job({ approve = false }, creator)

    local obs = assert(observe.now(job))

    assert.is_true(obs.blind)
    assert.equal("UpstreamNotReadable", job.warnings[1].code)
    assert.equal(403, select(2, observe.now(new_job({}, creator))).status)
  end)
end)
