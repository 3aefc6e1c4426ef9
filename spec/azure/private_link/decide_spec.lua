local decide = require "azure.private_link.decide"

local bind = require "azure.private_link.bind"

local REF = "AZL-0123456789abcdef01234567"
local MESSAGE = "please approve [ref:" .. REF .. "]"
local OTHER_MESSAGE = "please approve [ref:AZL-bbbbbbbbbbbbbbbbbbbbbbbb]"

local function link(fields)
  return {
    name = "func-pe", owner = fields.owner or "signalr", status = fields.status or "Pending",
    provisioning_state = fields.state or "Succeeded", missing = fields.missing, message = fields.message or MESSAGE,
  }
end

local function connection(fields)
  return {
    id = "/c/" .. fields.name, name = fields.name, status = fields.status or "Pending",
    description = fields.text or MESSAGE, endpoint_name = fields.endpoint or "func-pe",
  }
end

local function observe(case)
  local links, connections = {}, {}
  for i, fields in ipairs(case.links or { {} }) do links[i] = link(fields) end
  for i, fields in ipairs(case.connections or {}) do connections[i] = connection(fields) end
  return {
    links = links, connections = connections, match = case.match or "reference", explicit = case.explicit,
    want = bind.want(links, {
      name = "func-pe", group = "sites", baseline = case.baseline, known = case.known,
      former = { ["AZL-eeeeeeeeeeeeeeeeeeeeeeee"] = true }, others = { ["other-pe"] = true },
    }),
    ready_for = case.ready_for or 0, stable_for = case.stable_for or 0, grace = 180, settle = 20,
    replica_settle = 600, approved_now = case.approved_now, all_at_once = case.all_at_once, blind = case.blind,
  }
end

local function summary(action)
  if action.action == "fail" then return action.error.kind .. " " .. action.error.code end
  if action.action ~= "approve" then return action.action end
  local names = {}
  for _, entry in ipairs(action.connections) do names[#names + 1] = entry.name end
  return "approve " .. table.concat(names, " ")
end

local approved, rejected = { status = "Approved" }, { status = "Rejected" }
local PAIR = { {}, { owner = "r" } }
local HALF = { approved, { owner = "r" } }

describe("the decision", function()
  local cases = {
    { "is done when SignalR says Approved", { links = { approved } }, "done" },
    { "is done although no connection is ours", { links = { approved }, connections = { { name = "x", text = "" } } },
      "done" },
    { "waits for every replica", { links = { approved, { owner = "r", status = "Approved", state = "Creating" } } },
      "wait" },
    { "waits for a replica's copy to appear", { links = { approved, { owner = "r", missing = true } } }, "wait" },
    { "waits while the link is created", { links = { { state = "Creating" } }, connections = { { name = "a" } } },
      "wait" },
    { "never overrules a rejection", { links = { rejected } }, "refused LinkRejected" },
    { "reports a disconnected link", { links = { { status = "Disconnected" } } }, "refused LinkDisconnected" },
    { "asks again after a time-out", { links = { { status = "Timeout" } } }, "put_again" },
    { "asks again for a replica that timed out", { links = { approved, { owner = "r", status = "Timeout" } } },
      "put_again" },
    { "reports a failed link", { links = { { state = "Failed" } } }, "operation LinkFailed" },
    { "waits for an unknown status", { links = { { status = "Unknown" } } }, "wait" },

    { "waits when there is no connection", {}, "wait" },
    { "waits for ever when there is none", { ready_for = 1e6 }, "wait" },
    { "approves the one with the reference", { connections = { { name = "a" } } }, "approve a" },
    { "approves it at once beside look-alikes",
      { connections = { { name = "x", text = "please approve" }, { name = "a" } } }, "approve a" },
    { "waits while only a look-alike is there", { connections = { { name = "x", text = "please approve" } } }, "wait" },
    { "refuses the look-alike after the grace period",
      { connections = { { name = "x", text = "please approve" } }, ready_for = 180 }, "ambiguous AmbiguousConnection" },
    { "does not wait with several of our reference", { connections = { { name = "a" }, { name = "b" } } },
      "ambiguous AmbiguousConnection" },
    { "waits when ours is approved", { connections = { { name = "a", status = "Approved" } } }, "wait" },
    { "waits while ours is being approved", { connections = { { name = "a", status = "Approving" } } }, "wait" },
    { "does not approve a second one after ours",
      { connections = { { name = "a", status = "Approved" }, { name = "b" } } }, "wait" },
    { "reports that ours was rejected", { connections = { { name = "a", status = "Rejected" } } },
      "refused ConnectionRejected" },
    { "does not go around a rejection", { connections = { { name = "a", status = "Rejected" }, { name = "b" } } },
      "refused ConnectionRejected" },
    { "reports that ours was disconnected", { connections = { { name = "a", status = "Disconnected" } } },
      "refused ConnectionDisconnected" },
    { "goes on with the new one after a disconnected one",
      { connections = { { name = "a", status = "Disconnected" }, { name = "b" } } }, "approve b" },

    { "refuses when SignalR says Approved and the upstream says Rejected",
      { links = { approved }, connections = { { name = "a", status = "Rejected" } } }, "refused ConnectionRejected" },
    { "refuses when SignalR says Approved and the upstream says Disconnected",
      { links = { approved }, connections = { { name = "a", status = "Disconnected" } } },
      "refused ConnectionDisconnected" },
    { "refuses likewise when the approver changed the description",
      { links = { approved }, connections = { { name = "a", status = "Rejected", text = "no" } } },
      "refused ConnectionRejected" },
    { "is done when a copy of ours was rejected",
      { links = { approved }, connections = { { name = "a", status = "Approved" }, { name = "b", status = "Rejected" } } },
      "done" },
    { "is done when somebody else's was rejected", { links = { approved }, connections = {
      { name = "a", status = "Rejected", text = "[ref:AZL-ffffffffffffffffffffffff]" } } }, "done" },
    { "is done by the link alone when the upstream cannot be read", { links = { approved }, blind = true }, "done" },
    { "goes on although a copy of ours was rejected", { connections = { { name = "a", status = "Approved" },
      { name = "b", status = "Rejected" } } }, "wait" },

    { "waits for the connection of every replica", { links = PAIR, connections = { { name = "a" } }, ready_for = 900,
      stable_for = 900 }, "wait" },
    { "watches for copies when all are there", { links = PAIR, connections = { { name = "a" }, { name = "b" } },
      ready_for = 500, stable_for = 500 }, "wait" },
    { "approves one at a time when nothing changed for long", { links = PAIR,
      connections = { { name = "b" }, { name = "a" } }, ready_for = 600, stable_for = 600 }, "approve a" },
    { "approves all where nobody looks at the links", { links = PAIR, all_at_once = true,
      connections = { { name = "a" }, { name = "b" } }, ready_for = 600, stable_for = 600 }, "approve a b" },
    { "waits for SignalR before the next", { links = PAIR,
      connections = { { name = "a", status = "Approved" }, { name = "b" } }, ready_for = 900, stable_for = 900 }, "wait" },
    { "approves the next when SignalR followed", { links = HALF,
      connections = { { name = "a", status = "Approved" }, { name = "b" } }, ready_for = 600, stable_for = 600 },
      "approve b" },
    { "watches for copies before the next, too", { links = HALF,
      connections = { { name = "a", status = "Approved" }, { name = "b" } }, ready_for = 600, stable_for = 100 }, "wait" },
    { "refuses more than there are links at once", { links = PAIR,
      connections = { { name = "a" }, { name = "b" }, { name = "c" } } }, "ambiguous AmbiguousConnection" },
    { "refuses a copy that comes between two approvals", { links = HALF,
      connections = { { name = "a", status = "Approved" }, { name = "b" }, { name = "c" } } },
      "ambiguous AmbiguousConnection" },
    { "needs no patience where each link has a reference of its own",
      { links = { {}, { owner = "r", message = OTHER_MESSAGE } },
        connections = { { name = "a" }, { name = "b", text = OTHER_MESSAGE } } }, "approve a b" },
    { "refuses a copy where each has a reference of its own",
      { links = { {}, { owner = "r", message = OTHER_MESSAGE } },
        connections = { { name = "a" }, { name = "b", text = OTHER_MESSAGE }, { name = "c", text = OTHER_MESSAGE } } },
      "ambiguous AmbiguousConnection" },
    { "does not approve the rest around a rejection", { links = PAIR, ready_for = 900, stable_for = 900,
      connections = { { name = "a", status = "Rejected" }, { name = "b" } } }, "refused ConnectionRejected" },

    { "takes a reference that the link had earlier in this run", { connections = { { name = "a", text = OTHER_MESSAGE } },
      known = { signalr = { ["AZL-bbbbbbbbbbbbbbbbbbbbbbbb"] = true } } }, "approve a" },
    { "refuses when both are there", { connections = { { name = "a", text = OTHER_MESSAGE }, { name = "b" } },
      known = { signalr = { ["AZL-bbbbbbbbbbbbbbbbbbbbbbbb"] = true } } }, "ambiguous AmbiguousConnection" },

    { "prefers the new connection after a time-out",
      { connections = { { name = "a", text = "[ref:AZL-eeeeeeeeeeeeeeeeeeeeeeee]" }, { name = "b" } } }, "approve b" },
    { "waits for the new connection after a time-out",
      { connections = { { name = "a", text = "[ref:AZL-eeeeeeeeeeeeeeeeeeeeeeee]" } } }, "wait" },
    { "does not guess that the service kept the old connection", { ready_for = 180,
      connections = { { name = "a", text = "[ref:AZL-eeeeeeeeeeeeeeeeeeeeeeee]" } } }, "ambiguous AmbiguousConnection" },

    { "by name watches for the grace period, though it is alone",
      { match = "name", connections = { { name = "a", text = "" } }, ready_for = 179, stable_for = 179 }, "wait" },
    { "by name watches one that came late",
      { match = "name", connections = { { name = "a", text = "" } }, ready_for = 300, stable_for = 19 }, "wait" },
    { "by name approves what stayed alone",
      { match = "name", connections = { { name = "a", text = "" } }, ready_for = 180, stable_for = 20 }, "approve a" },
    { "by name does not take a rejection for ours before its time", { match = "name", ready_for = 179,
      connections = { { name = "a", status = "Rejected", text = "" } } }, "wait" },
    { "by name reports a rejection", { match = "name", ready_for = 180,
      connections = { { name = "a", status = "Rejected", text = "" } } }, "refused ConnectionRejected" },
    { "by name refuses two", { match = "name", stable_for = 20,
      connections = { { name = "a", text = "" }, { name = "b", text = "" } } }, "ambiguous AmbiguousConnection" },
    { "by name takes our reference where it is",
      { match = "name", connections = { { name = "a", text = "" }, { name = "b" } } }, "approve b" },
    { "by name waits when one is approved",
      { match = "name", connections = { { name = "a", status = "Approved", text = "ok" } } }, "wait" },
    { "by name refuses a second beside one that others approved", { match = "name", ready_for = 180, stable_for = 200,
      connections = { { name = "a", status = "Approved", text = "ok" }, { name = "b", text = "" } } },
      "ambiguous AmbiguousConnection" },
    { "by name gives what this run approved its time", { match = "name", ready_for = 300, stable_for = 0,
      approved_now = { ["/c/a"] = true },
      connections = { { name = "a", status = "Approved", text = "" }, { name = "b", text = "" } } }, "wait" },
    { "by name gives it that time though others approve one too", { match = "name", ready_for = 300, stable_for = 0,
      approved_now = { ["/c/a"] = true },
      connections = { { name = "a", status = "Approved", text = "" }, { name = "b", status = "Approved", text = "" },
        { name = "c", text = "" } } }, "wait" },
    { "by name knows that it was wrong when our reference comes", { match = "name", ready_for = 300, stable_for = 0,
      approved_now = { ["/c/a"] = true },
      connections = { { name = "a", status = "Approved", text = "" }, { name = "b" } } },
      "ambiguous AmbiguousConnection" },
    { "by name waits for every replica's", { match = "name", links = PAIR, ready_for = 900, stable_for = 900,
      connections = { { name = "a", text = "" } } }, "wait" },
    { "by name approves replicas' one at a time", { match = "name", links = PAIR, ready_for = 900, stable_for = 900,
      connections = { { name = "a", text = "" }, { name = "b", text = "" } } }, "approve a" },
    { "by baseline refuses when there is no baseline",
      { match = "baseline", connections = { { name = "a", text = "" } }, ready_for = 180, stable_for = 200 },
      "ambiguous AmbiguousConnection" },
    { "by baseline watches for the grace period",
      { match = "baseline", baseline = {}, connections = { { name = "a", text = "" } }, stable_for = 20 }, "wait" },
    { "by baseline approves the only new one", { match = "baseline", baseline = {}, ready_for = 180, stable_for = 20,
      connections = { { name = "a", text = "" } } }, "approve a" },

    { "approves what a person chose", { explicit = { "a" }, connections = { { name = "a", text = "" } } },
      "approve a" },
    { "refuses a choice from before our request",
      { explicit = { "a" }, baseline = { ["/c/a"] = true }, connections = { { name = "a", text = "" } } },
      "refused NotOurConnection" },
    { "refuses a choice with somebody else's reference",
      { explicit = { "a" }, connections = { { name = "a", text = "[ref:AZL-ffffffffffffffffffffffff]" } } },
      "refused NotOurConnection" },
    { "refuses a choice while another connection carries our reference",
      { explicit = { "a" }, connections = { { name = "a", text = "" }, { name = "b" } } }, "refused NotOurConnection" },
    { "lets a person choose among copies",
      { explicit = { "a" }, connections = { { name = "a" }, { name = "b" } } }, "approve a" },
    { "refuses a choice that is another link's, approved or not, whatever the links say",
      { explicit = { "a" }, links = { { state = "Creating" } },
        connections = { { name = "a", status = "Approved", text = "[ref:AZL-ffffffffffffffffffffffff]" } } },
      "refused NotOurConnection" },
    { "refuses a choice that has another link's name",
      { explicit = { "a" }, connections = { { name = "a", text = "", endpoint = "Other-PE" } } },
      "refused NotOurConnection" },
    { "reports a choice that is not there", { explicit = { "z" }, ready_for = 180 }, "refused ConnectionNotFound" },
    { "reports a choice that was rejected",
      { explicit = { "a" }, connections = { { name = "a", status = "Rejected", text = "" } } },
      "refused ConnectionRejected" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.equal(case[3], summary(decide.next(observe(case[2]))))
    end)
  end

  it("names the candidates and how to go on when it refuses", function()
    local action = decide.next(observe{ connections = { { name = "x", text = "please approve" } }, ready_for = 180 })

    assert.equal("x", action.error.candidates[1].name)
    assert.equal("the private endpoint has the link's name", action.error.candidates[1]["for"][1])
    assert.matches("connection=", action.error.hint)
  end)
end)
