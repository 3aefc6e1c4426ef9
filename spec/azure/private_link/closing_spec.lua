local bind = require "azure.private_link.bind"
local closing = require "azure.private_link.closing"
local decide = require "azure.private_link.decide"
local job_module = require "azure.private_link.job"
local observe = require "azure.private_link.observe"
local scene = require "spec.azure.private_link.scene"
local states = require "azure.private_link.states"

local MESSAGE = "please approve [ref:AZL-0123456789abcdef01234567]"

local function link(owner, status)
  return states.link({ name = "func-pe", properties = {
    status = status, provisioningState = "Succeeded", requestMessage = MESSAGE,
  } }, owner)
end

describe("closing the loop", function()
  local s, job, read_links

  before_each(function()
    s = scene.new()
    job = job_module.new(s.client, s:spec{ undo = true }, "test", {})
    read_links = observe.links
  end)

  after_each(function()
    observe.links = read_links
  end)

  local function connection(name)
    return states.connection{ id = s.e.ids.func .. "/privateEndpointConnections/" .. name, properties = {
      privateLinkServiceConnectionState = { status = "Approved", description = MESSAGE } } }
  end

  -- What was seen, with connections a, b, ... Approved for so many seconds.
  local function look(links, ages)
    local list = {}
    for i, age in ipairs(ages) do
      list[i] = connection(string.char(96 + i))
      job.seen_approved[list[i].id:lower()] = job:now() - age
    end
    local obs = { links = links, connections = list, want = job:want(links), match = "reference" }
    return obs, bind.sort(list, obs.want, "reference")
  end

  local function names(list)
    local out = {}
    for i, entry in ipairs(list) do out[i] = entry.name end
    return table.concat(out, " ")
  end

  local cases = {
    { "has nothing to say while SignalR has time", { { "signalr", "Pending" } }, { 899 }, "" },
    { "names what SignalR did not follow", { { "signalr", "Pending" } }, { 900 }, "a" },
    { "has nothing to say when SignalR followed", { { "signalr", "Approved" } }, { 5000 }, "" },
    { "has nothing to say when all links followed", { { "signalr", "Approved" }, { "r", "Approved" } }, { 999, 999 }, "" },
    { "names all where it cannot tell which", { { "signalr", "Approved" }, { "r", "Pending" } }, { 999, 999 }, "a b" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local links = {}
      for i, fields in ipairs(case[2]) do links[i] = link(fields[1], fields[2]) end

      assert.equal(case[4], names(closing.overdue(job, look(links, case[3]))))
    end)
  end

  it("names of several only the one that no link followed", function()
    local obs, found = look({ link("signalr", "Approved"), link("r", "Pending") }, { 2000, 999 })
    job.approved = {
      { id = obs.connections[1].id, linked_before = 0 }, { id = obs.connections[2].id, linked_before = 1 },
    }

    assert.equal("b", names(closing.overdue(job, obs, found)))
  end)

  it("counts the links that had followed before an approval", function()
    local obs, found = look({ link("signalr", "Approved"), link("r", "Pending") }, { 1 })

    assert.equal(1, closing.linked_before(obs, found, obs.connections[1].id))
    assert.equal(1, #decide.views(found, obs))
  end)

  it("reads the links once more, and takes nothing back when they have followed", function()
    local obs, found = look({ link("signalr", "Pending") }, { 2000 })
    job.approved = { { id = obs.connections[1].id, name = "a", linked_before = 0 } }
    observe.links = function() return { link("signalr", "Approved") } end

    assert.is_nil(closing.incident(job, obs, found))
    assert.equal(0, #s.e:requests("PUT"))
  end)

  it("claims nothing while the links cannot be read", function()
    local obs, found = look({ link("signalr", "Pending") }, { 2000 })
    observe.links = function() return nil, "no" end

    assert.is_nil(closing.incident(job, obs, found))
  end)

  it("does not take back what somebody else may have approved", function()
    local obs, found = look({ link("signalr", "Pending") }, { 2000 })
    job.approved = { { id = obs.connections[1].id, name = "a", uncertain = true } }
    observe.links = function() return obs.links end

    local err = closing.incident(job, obs, found)

    assert.equal("ApprovedButNotLinked", err.code)
    assert.same({}, err.undone)
    assert.equal(0, #s.e:requests("PUT"))
  end)
end)
