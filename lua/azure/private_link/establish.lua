--- Creates the link, finds its connection, approves it, waits for both ends.
-- Convergent: it looks, decides (decide.lua), acts, and looks again, so that a
-- run that was killed anywhere is finished by the next one.

local bind = require "azure.private_link.bind"
local decide = require "azure.private_link.decide"
local errors = require "azure.errors"
local handoff = require "azure.private_link.handoff"
local job_module = require "azure.private_link.job"
local link_module = require "azure.private_link.link"
local plan = require "azure.private_link.plan"
local private_endpoint = require "azure.private_endpoint"
local reference = require "azure.private_link.reference"
local report = require "azure.private_link.report"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"

local establish = {}

-- A link that timed out is asked for again so many times.
local MAX_REPEATS = 3

-- Seconds for which a link may be missing right after it was there.
local MISSING_GRACE = 60

local function list_connections(job)
  local raw, err = job:list(job.approver, job.upstream.id .. "/privateEndpointConnections",
    { api_version = job.spec.api_version })
  if not raw then return nil, err end
  local connections = {}
  for i, item in ipairs(raw) do connections[i] = states.connection(item) end
  return connections
end

local function is_denied(err)
  return err.kind == "service" and (err.status == 403 or err.status == 404)
end

--- The set of connections before our request; nil when another team keeps them.
local function list_baseline(job)
  local connections, err = list_connections(job)
  if not connections then
    if job.approve or not is_denied(err) then return nil, err end
    job.blind = true
    return nil
  end
  local set = {}
  for _, connection in ipairs(connections) do set[resource_id.key(connection.id)] = true end
  job:emit("baseline", "done", ("the upstream has %d connections"):format(#connections),
    { count = #connections, who = job.own_approval and "creator" or "approver" })
  return set
end

local function read_links(job)
  local parent, err = link_module.read(job)
  if err then return nil, err end
  local links = { parent or { owner = "signalr", name = job.name, missing = true } }
  for _, replica in ipairs(job.replica_names) do
    local copy
    copy, err = link_module.read(job, replica)
    if err then return nil, err end
    links[#links + 1] = copy or { owner = replica, name = job.name, missing = true }
  end
  for _, link in ipairs(links) do link_module.learn(job, link) end
  return links
end

local function all_ready(links)
  for _, link in ipairs(links) do
    if link.missing or link.provisioning_state ~= "Succeeded" then return false end
  end
  return true
end

local function candidates_key(job, links, connections)
  local found = bind.sort(connections, job:want(links), job.match, job.explicit)
  local ids = {}
  for _, entry in ipairs(found.pending) do ids[#ids + 1] = resource_id.key(entry.id) end
  table.sort(ids)
  return table.concat(ids, "\n")
end

-- Keeps the two ages that the decision needs: since when the links are ready,
-- and since when the same connections match.
local function note_ages(job, links, connections)
  local now = job:now()
  if all_ready(links) then job.ready_at = job.ready_at or now else job.ready_at = nil end
  local key = candidates_key(job, links, connections)
  if key ~= job.candidates then job.candidates, job.stable_at = key, now end
end

-- ARM may for a moment not know what it has just made.
local function link_gone(job, parent)
  if not parent.missing then
    job.missing_since = nil
    return nil
  end
  job.missing_since = job.missing_since or job:now()
  if job:now() - job.missing_since < MISSING_GRACE then return nil end
  return errors.new{
    kind = "refused", code = "LinkGone", message = ("link '%s' was deleted meanwhile"):format(job.name),
    hint = "run it again to create it anew",
  }
end

local function observe(job)
  local links, err = read_links(job)
  if not links then return nil, err end
  err = link_gone(job, links[1])
  if err then return nil, err end
  job.links, job.link = links, links[1]
  job.reference = job.reference or reference.find(links[1].message)
  local connections = {}
  if not job.blind then
    connections, err = list_connections(job)
    if not connections then return nil, err end
  end
  note_ages(job, links, connections)
  return {
    links = links, connections = connections, want = job:want(links), match = job.match, explicit = job.explicit,
    ready_for = job.ready_at and job:now() - job.ready_at or 0, stable_for = job:now() - job.stable_at,
    grace = job.grace, settle = job.settle,
  }
end

local function approver_name(job)
  return job.own_approval and "creator" or "approver"
end

local function take_back(job)
  local undone = {}
  local target = private_endpoint.new(job.approver, job.upstream.id)
  for _, done in ipairs(job.approved) do
    local ok, err = target:reject(done.id, { api_version = job.spec.api_version, timeout = 600 })
    undone[#undone + 1] = { id = done.id, name = done.name, rejected = ok ~= nil, err = err }
    job:emit("undo", ok and "done" or "fail",
      ("%s '%s' again"):format(ok and "rejected" or "could not reject", done.name),
      { connection = done.id, who = approver_name(job) })
  end
  return undone
end

local function approved_but_not_linked(job, found)
  local entries = #job.approved > 0 and job.approved or found.approved
  local undone = job.undo and #job.approved > 0 and take_back(job) or nil
  local hint = undone and "it was rejected again; find out whose endpoint it is before you go on"
    or "treat it as an incident: find out whose endpoint it is, and reject it unless it is SignalR's"
  return errors.new{
    kind = "operation", code = "ApprovedButNotLinked", target = entries[1].id,
    message = ("the upstream approved '%s', but link '%s' is still %s: the wrong endpoint may have been approved")
      :format(entries[1].name, job.name, job.link.status),
    hint = hint, connections = entries, private_endpoint = entries[1].private_endpoint, undone = undone,
  }
end

local function at_deadline(job, reason, found)
  if #job.approved > 0 or (found and #found.approved > 0) then
    return approved_but_not_linked(job, found)
  end
  return job:too_late(reason)
end

local actions = {}

function actions.done()
  return "done"
end

function actions.wait(job, action)
  if job.blind and all_ready(job.links) then return "handoff" end
  if job:left() <= 0 then return nil, at_deadline(job, action.reason, action.found) end
  job:emit("wait", "wait", action.reason, { status = job.link.status })
  local ok, err = job:pause(job.round)
  if not ok then return nil, err end
  job.round = job.round + 1
  return "again"
end

function actions.fail(job, action)
  local err = errors.new(action.error)
  job:emit("bind", "fail", err.message, { code = err.code, candidates = err.candidates, hint = err.hint })
  return nil, err
end

function actions.put_again(job, action)
  if job.repeats >= MAX_REPEATS then
    return nil, errors.new{
      kind = "operation", code = "LinkTimeout", target = action.link.id,
      message = ("%s, %d times over"):format(action.reason, job.repeats + 1),
      hint = "the approval comes too late: approve sooner, or find out who must approve",
    }
  end
  job.repeats = job.repeats + 1
  job:emit("create", "start", action.reason .. "; asking again", { link = action.link.id })
  local replica = action.link.owner ~= "signalr" and action.link.owner or nil
  local ok, err = link_module.put_serial(job, link_module.fresh_message(job, action.link), replica)
  if not ok then return nil, err end
  job.ready_at, job.round = nil, 0
  return "again"
end

local function look_again(job, err)
  if not job_module.is_transient(err) or job:left() <= 0 then return nil, err end
  job:emit("wait", "wait", "a call failed and is tried again: " .. tostring(err.message), { code = err.code })
  local ok, cancelled = job:pause(job.round)
  if not ok then return nil, cancelled end
  job.round = job.round + 1
  return "again"
end

local function approve_one(job, target, entry)
  job:emit("approve", "start", ("approving '%s'"):format(entry.name), {
    connection = entry.id, evidence = entry.evidence, because = entry["for"], who = approver_name(job),
  })
  local connection, err, call = target:approve(entry.id, {
    description = entry.description ~= "" and entry.description or job.link_message,
    timeout = math.max(1, job:left()), api_version = job.spec.api_version, poll_interval = job.poll_interval,
  })
  if not connection then return nil, err end
  job.approved[#job.approved + 1] = entry
  job:remember("PUT", entry.id, call)
  job:emit("approve", "done", ("approved '%s'"):format(entry.name), {
    connection = entry.id, evidence = entry.evidence, private_endpoint = entry.private_endpoint,
    who = approver_name(job), request_id = call and call.request_id,
  })
  return true
end

function actions.approve(job, action)
  job.found = action.found
  if not job.bound_told then
    job.bound_told = true
    job:mark("bind")
    for _, entry in ipairs(action.connections) do
      job:emit("bind", "done", ("connection '%s' is ours: %s"):format(entry.name, table.concat(entry["for"], ", ")),
        { connection = entry.id, evidence = entry.evidence, because = entry["for"] })
    end
  end
  if not job.approve then return "handoff" end
  local target = private_endpoint.new(job.approver, job.upstream.id)
  for _, entry in ipairs(action.connections) do
    local ok, err = approve_one(job, target, entry)
    if not ok then return look_again(job, err) end
  end
  job:mark("approve")
  job.round = 0
  return "again"
end

local function turn(job)
  local obs, err = observe(job)
  if not obs then return look_again(job, err) end
  job.seen = obs
  local action = decide.next(obs)
  return actions[action.action](job, action)
end

local function converge(job)
  job.approved, job.repeats, job.round = {}, 0, 0
  local err
  job.replica_names, err = link_module.replicas(job)
  if err then return nil, err end
  while true do
    local outcome
    outcome, err = turn(job)
    if not outcome then return nil, err end
    if outcome ~= "again" then return outcome end
  end
end

local function preflight(job)
  job:emit("preflight", "start", "looking at what is there")
  local findings, err = plan.check(job, "short")
  if not findings then return nil, err end
  err = plan.refusal(findings)
  if err then
    job:emit("preflight", "fail", err.message, { code = err.code, findings = err.findings })
    return nil, err
  end
  for _, finding in ipairs(findings) do
    if finding.severity == "warning" then job:warn(finding.code, finding.message, finding.hint) end
  end
  job:mark("preflight")
  job:emit("preflight", "done", "nothing speaks against it")
  return true
end

local function run(job)
  local ok, err = preflight(job)
  if not ok then return nil, err end
  ok, err = link_module.ensure(job, list_baseline)
  if not ok then return nil, err end
  local outcome
  outcome, err = converge(job)
  if not outcome then return nil, err end
  if outcome == "handoff" then return handoff.offer(job) end
  return report.finish(job)
end

--- See `azure.private_link.establish`.
function establish.run(client, spec)
  local job = job_module.new(client, spec, "private_link.establish", { "signalr", "upstream", "name" })
  local result, err = run(job)
  if err then job:emit("establish", "fail", err.message, { code = err.code, hint = err.hint }) end
  return result, err
end

return establish
