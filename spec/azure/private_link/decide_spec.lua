local decide = require "azure.private_link.decide"

local REF = "AZL-0123456789abcdef01234567"
local MESSAGE = "please approve [ref:" .. REF .. "]"

local function link(fields)
  return {
    name = "func-pe", owner = fields.owner or "signalr", status = fields.status or "Pending",
    provisioning_state = fields.state or "Succeeded", missing = fields.missing,
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
    want = {
      references = { [REF] = true }, messages = { [MESSAGE] = true }, name = "func-pe", group = "sites",
      baseline = case.baseline, former = { ["AZL-eeeeeeeeeeeeeeeeeeeeeeee"] = true },
    },
    ready_for = case.ready_for or 0, stable_for = case.stable_for or 0, grace = 180, settle = 20,
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

    { "approves one for each replica",
      { links = { {}, { owner = "r" } }, connections = { { name = "a" }, { name = "b" } } }, "approve a b" },
    { "approves what is there while a replica's is missing",
      { links = { {}, { owner = "r" } }, connections = { { name = "a" } } }, "approve a" },
    { "approves the rest", { links = { {}, { owner = "r" } },
      connections = { { name = "a", status = "Approved" }, { name = "b" } } }, "approve b" },
    { "refuses more than there are replicas", { links = { {}, { owner = "r" } },
      connections = { { name = "a" }, { name = "b" }, { name = "c" } } }, "ambiguous AmbiguousConnection" },

    { "prefers the new connection after a time-out",
      { connections = { { name = "a", text = "[ref:AZL-eeeeeeeeeeeeeeeeeeeeeeee]" }, { name = "b" } } }, "approve b" },
    { "waits for the new connection after a time-out",
      { connections = { { name = "a", text = "[ref:AZL-eeeeeeeeeeeeeeeeeeeeeeee]" } } }, "wait" },
    { "takes the old connection when the service kept it", { ready_for = 180,
      connections = { { name = "a", text = "[ref:AZL-eeeeeeeeeeeeeeeeeeeeeeee]" } } }, "approve a" },

    { "by name watches for a while", { match = "name", connections = { { name = "a", text = "" } } }, "wait" },
    { "by name approves what stayed alone",
      { match = "name", connections = { { name = "a", text = "" } }, stable_for = 20 }, "approve a" },
    { "by name refuses two", { match = "name", stable_for = 20,
      connections = { { name = "a", text = "" }, { name = "b", text = "" } } }, "ambiguous AmbiguousConnection" },
    { "by name waits when one is approved",
      { match = "name", connections = { { name = "a", status = "Approved", text = "ok" } } }, "wait" },
    { "by name refuses a second beside an approved one", { match = "name", ready_for = 180, stable_for = 200,
      connections = { { name = "a", status = "Approved", text = "ok" }, { name = "b", text = "" } } },
      "ambiguous AmbiguousConnection" },
    { "by baseline refuses when there is no baseline",
      { match = "baseline", connections = { { name = "a", text = "" } }, ready_for = 180, stable_for = 200 },
      "ambiguous AmbiguousConnection" },
    { "by baseline approves the only new one",
      { match = "baseline", baseline = {}, connections = { { name = "a", text = "" } }, stable_for = 20 },
      "approve a" },

    { "approves what a person chose", { explicit = { "a" }, connections = { { name = "a", text = "" } } },
      "approve a" },
    { "refuses a choice from before our request",
      { explicit = { "a" }, baseline = { ["/c/a"] = true }, connections = { { name = "a", text = "" } } },
      "refused NotOurConnection" },
    { "refuses a choice with somebody else's reference",
      { explicit = { "a" }, connections = { { name = "a", text = "[ref:AZL-ffffffffffffffffffffffff]" } } },
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
