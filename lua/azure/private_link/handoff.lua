--- Separation of duties: one team creates the link, another approves it.
-- The hand-off is plain data without secrets that survives JSON. Whoever
-- approves looks at all evidence again: the hand-off is a claim, not a proof.

local bind = require "azure.private_link.bind"
local decide = require "azure.private_link.decide"
local errors = require "azure.errors"
local job_module = require "azure.private_link.job"
local private_endpoint = require "azure.private_endpoint"
local reference = require "azure.private_link.reference"
local report = require "azure.private_link.report"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"

local handoff = {}

local VERSION = 1
local KIND = "azure-signalr.handoff"

local function connection_ids(job)
  local ids = {}
  for _, entry in ipairs(job.to_approve or {}) do ids[#ids + 1] = entry.id end
  return ids
end

--- The report of a job that stops before the approval.
---@param job table
---@return table report with the field `handoff`
function handoff.offer(job)
  local ids = connection_ids(job)
  local result = report.make(job, "awaiting-approval")
  result.handoff = {
    version = VERSION, kind = KIND,
    signalr = job.signalr.id, upstream = job.upstream.id, link = job:link_id(), name = job.name, group = job.group,
    connections = ids, connection = ids[1], reference = job.reference, message = job.link_message,
    match = job.match, expected = #job.links,
  }
  job:emit("handoff", "done", "the upstream's owner can approve now", { handoff = result.handoff })
  return result
end

local function malformed(reason)
  return nil, errors.new{
    kind = "refused", code = "InvalidHandoff", message = "this is not a hand-off: " .. reason,
    hint = "ask the creator for the table that establish{ approve = false } gave as report.handoff",
  }
end

local text_fields = { "signalr", "upstream", "link", "name", "group", "message" }

local function check_texts(offer)
  for _, field in ipairs(text_fields) do
    if type(offer[field]) ~= "string" or #offer[field] > 2048 then return malformed(field .. " is missing") end
  end
  for _, field in ipairs{ "signalr", "upstream", "link" } do
    if not resource_id.parse(offer[field]) then return malformed(field .. " is not a resource id") end
  end
  return true
end

local function check_ids(offer)
  if offer.connections == nil then return true end
  if type(offer.connections) ~= "table" then return malformed("connections is not a list") end
  for _, id in ipairs(offer.connections) do
    local parsed = resource_id.parse(id)
    if not parsed or not resource_id.equal(parsed.parent, offer.upstream) then
      return malformed("a connection is not the upstream's")
    end
  end
  return true
end

-- It came through other hands: nothing in it is taken on trust.
local function check(offer)
  if type(offer) ~= "table" then return malformed("it is a " .. type(offer)) end
  offer = type(offer.handoff) == "table" and offer.handoff or offer
  if offer.kind ~= KIND then return malformed("its kind is " .. tostring(offer.kind)) end
  if offer.version ~= VERSION then return malformed("its version is " .. tostring(offer.version)) end
  local ok, err = check_texts(offer)
  if not ok then return nil, err end
  ok, err = check_ids(offer)
  if not ok then return nil, err end
  if not offer.reference or not reference.carries(offer.message, offer.reference) then
    return malformed("its message does not carry its reference")
  end
  return offer
end

-- Where the approver may read the link, it must say the same.
local function check_link(job, offer)
  local raw, err = job:get(job.client, offer.link)
  if not raw then
    if err.status == 403 or err.status == 404 or err.kind == "auth" then
      job:warn("LinkNotReadable", "the link itself cannot be read with this credential",
        "the evidence on the upstream has to do")
      return true
    end
    return nil, err
  end
  local link = states.link(raw)
  local same = resource_id.equal(link.target, job.target_id) and reference.carries(link.message, offer.reference)
    and (link.group or ""):lower() == offer.group:lower()
  if same then return true end
  return nil, errors.new{
    kind = "refused", code = "HandoffContradictsLink", target = offer.link,
    message = "the link leads elsewhere or carries another reference than the hand-off says",
    hint = "ask the creator for a new hand-off",
  }
end

local function list(job)
  local raw, err = job:list(job.client, job.upstream.id .. "/privateEndpointConnections",
    { api_version = job.spec.api_version })
  if not raw then return nil, err end
  local connections = {}
  for i, item in ipairs(raw) do connections[i] = states.connection(item) end
  return connections
end

local function is_listed(offer, id)
  if type(offer.connections) ~= "table" or #offer.connections == 0 then return true end
  for _, listed in ipairs(offer.connections) do
    if resource_id.equal(listed, id) then return true end
  end
  return false
end

local function choose(job, offer, connections)
  local pretend = { status = "Pending", provisioning_state = "Succeeded", owner = "signalr", name = offer.name }
  local links = {}
  local expected = math.type(offer.expected) == "integer" and offer.expected or 1
  for i = 1, math.max(1, math.min(expected, 32)) do links[i] = pretend end
  local action = decide.connections{
    links = links, connections = connections, want = job:want{ offer }, match = "reference",
    ready_for = math.huge, stable_for = math.huge, grace = job.grace, settle = job.settle,
    replica_settle = job.replica_settle, all_at_once = true,
  }
  for _, entry in ipairs(action.connections or {}) do
    if not is_listed(offer, entry.id) then
      return nil, errors.new{
        kind = "ambiguous", code = "NotInHandoff", target = entry.id, candidates = action.connections,
        message = ("connection '%s' carries the reference, but the hand-off names another one"):format(entry.name),
        hint = "ask the creator for a new hand-off",
      }
    end
  end
  return action
end

local function approve_all(job, entries)
  local target = private_endpoint.new(job.client, job.upstream.id)
  local done = {}
  for _, entry in ipairs(entries) do
    job:emit("approve", "start", ("approving '%s'"):format(entry.name),
      { connection = entry.id, evidence = entry.evidence, because = entry["for"], who = "approver" })
    local connection, err = target:approve(entry.id, {
      description = entry.description, timeout = math.max(1, job:left()), poll_interval = job.poll_interval,
      api_version = job.spec.api_version,
    })
    if not connection then return nil, err end
    done[#done + 1] = states.connection(connection)
    job:emit("approve", "done", ("approved '%s'"):format(entry.name), { connection = entry.id, who = "approver" })
  end
  return done
end

local function finish(job, connections, changed)
  return {
    state = "approved", changed = changed, connections = connections, connection = connections[1],
    reference = job.reference, upstream = job.upstream.id, evidence = "reference", warnings = job.warnings,
  }
end

local function already(job, offer, connections)
  local found = bind.sort(connections, job:want{ offer }, "reference")
  if #found.approved == 0 then return nil end
  return finish(job, found.approved, false)
end

local function run(job, offer)
  job.reference, job.link_message = offer.reference, offer.message
  local ok, err = check_link(job, offer)
  if not ok then return nil, err end
  local round = 0
  while true do
    local connections
    connections, err = list(job)
    if not connections then return nil, err end
    local action
    action, err = choose(job, offer, connections)
    if not action then return nil, err end
    if action.action == "fail" then return nil, errors.new(action.error) end
    if action.action == "approve" then
      local done
      done, err = approve_all(job, action.connections)
      return done and finish(job, done, true), err
    end
    local result = already(job, offer, connections)
    if result then return result end
    if job:left() <= 0 then return nil, job:too_late(action.reason) end
    job:emit("wait", "wait", action.reason, { who = "approver" })
    ok, err = job:pause(round)
    if not ok then return nil, err end
    round = round + 1
  end
end

local allowed = { timeout = true, on_event = true, poll_interval = true, api_version = true }

--- See `azure.private_link.approve`.
function handoff.approve(client, offer, opts)
  opts = errors.check_options(opts, allowed, "private_link.approve", 3)
  local checked, err = check(offer)
  if not checked then return nil, err end
  local job = job_module.new(client, {
    signalr = checked.signalr, upstream = checked.upstream, name = checked.name, group = checked.group,
    timeout = opts.timeout or 600, on_event = opts.on_event, poll_interval = opts.poll_interval,
    api_version = opts.api_version,
  }, "private_link.approve", {})
  local ok
  ok, err = job:ids_ok()
  if not ok then return nil, err end
  return run(job, checked)
end

return handoff
