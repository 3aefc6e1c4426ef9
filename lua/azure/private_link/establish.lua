--- Creates the link, finds its connection, approves it, waits for both ends.
-- Convergent: it looks, decides (decide.lua), acts, and looks again, so that a
-- run that was killed anywhere is finished by the next one.

local approval = require "azure.private_link.approval"
local bind = require "azure.private_link.bind"
local closing = require "azure.private_link.closing"
local decide = require "azure.private_link.decide"
local errors = require "azure.errors"
local handoff = require "azure.private_link.handoff"
local job_module = require "azure.private_link.job"
local link_module = require "azure.private_link.link"
local observe = require "azure.private_link.observe"
local plan = require "azure.private_link.plan"
local report = require "azure.private_link.report"
local resource_id = require "azure.resource_id"
local trouble = require "azure.private_link.trouble"

local establish = {}

-- A link that timed out is asked for again so many times.
local MAX_REPEATS = 3

-- No connection that is there before the link can be the link's.
local function refuse_early_choice(job, list)
  if not job.explicit then return nil end
  for _, connection in ipairs(list) do
    if bind.is_chosen(connection, job.explicit) then
      return errors.new{
        kind = "refused", code = "NotOurConnection", target = connection.id,
        message = ("connection '%s' cannot be this link's: it was there before our request"):format(connection.name),
        hint = "leave connection= away; choose when there is doubt",
      }
    end
  end
  return nil
end

--- The set of connections before our request; nil when another team keeps them.
local function list_baseline(job)
  local list, err = observe.connections(job)
  if not list then return nil, err end
  if job.blind then return nil end
  err = refuse_early_choice(job, list)
  if err then return nil, err end
  local set = {}
  for _, connection in ipairs(list) do set[resource_id.key(connection.id)] = true end
  job:emit("baseline", "done", ("the upstream has %d connection%s"):format(#list, #list == 1 and "" or "s"),
    { count = #list, role = job:approver_role() })
  return set
end

-- New ones that have the link's name and a reference that it never had: if the
-- link's own is lost, one of them may be its connection.
local function strays(job)
  local list = {}
  for _, connection in ipairs(job.seen and job.seen.connections or {}) do
    local clues = bind.evidence(connection, job.seen.want)
    if connection.status == "Pending" and clues.name and clues.other_reference and clues.new ~= false then
      list[#list + 1] = bind.candidate(connection, clues)
    end
  end
  return list
end

local function at_deadline(job, reason, found)
  local nothing = not found or #found.pending + #found.approved == 0
  local stray = nothing and strays(job) or {}
  return job:too_late(reason, {
    approved = #job.approved > 0 and job.approved or nil, candidates = #stray > 0 and stray or nil,
    hint = #stray > 0 and "a connection of the link's name carries another reference: if another tool asked for the "
      .. "link again, remove the link and establish it anew; else run it again with a longer timeout=" or nil,
  })
end

local actions = {}

function actions.done()
  return "done"
end

function actions.wait(job, action)
  if job.blind and observe.all_ready(job.links) then return "handoff" end
  local incident = closing.incident(job, job.seen, action.found)
  if incident then return nil, incident end
  if job:left() <= 0 then return nil, at_deadline(job, action.reason, action.found) end
  job:emit("wait", "wait", action.reason, { status = job.link.status })
  local ok, err = job:pause(job.round)
  if not ok then return nil, err end
  job.round = job.round + 1
  return "again"
end

local function names_of(records)
  local names = {}
  for i, record in ipairs(records) do names[i] = "'" .. record.name .. "'" end
  return table.concat(names, ", ")
end

-- What this run approved before it had to stop belongs to the error; what is
-- proven wrong is taken back where that was asked for.
local function tell_approved(job, action, fields)
  if #job.approved == 0 then return end
  fields.approved = job.approved
  fields.message = ("%s; this run approved %s"):format(fields.message, names_of(job.approved))
  if action.wrong and job.undo then fields.undone = approval.undo(job, closing.records_of(job, action.wrong)) end
end

function actions.fail(job, action)
  local fields = {}
  for key, value in pairs(action.error) do fields[key] = value end
  tell_approved(job, action, fields)
  local err = errors.new(fields)
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
  if not trouble.is_transient(err) then return nil, err end
  if job:left() <= 0 then return nil, job:out_of_time(err) end
  job:emit("wait", "wait", "a call failed and is tried again: " .. tostring(err.message), { code = err.code })
  local ok, cancelled = job:pause(job.round, err.retry_after)
  if not ok then return nil, cancelled end
  job.round = job.round + 1
  return "again"
end

local function tell_bound(job, entries)
  if not job.timings.bind then job:mark("bind") end
  for _, entry in ipairs(entries) do
    local key = resource_id.key(entry.id)
    if not job.bound[key] then
      job.bound[key] = true
      job:emit("bind", "done", ("connection '%s' is ours: %s"):format(entry.name, table.concat(entry["for"], ", ")),
        { connection = entry.id, evidence = entry.evidence, because = entry["for"] })
    end
  end
end

function actions.approve(job, action)
  if not job.approve and not action.complete then
    action.reason = "not every link's connection is there yet"
    return actions.wait(job, action)
  end
  tell_bound(job, job.approve and action.connections or action.bound)
  job.to_approve = action.bound
  if not job.approve then return "handoff" end
  for _, entry in ipairs(action.connections) do
    local linked_before = closing.linked_before(job.seen, action.found, entry.id)
    local record, err = approval.approve(job, entry)
    if not record then return look_again(job, err) end
    record.linked_before = linked_before
  end
  job:mark("approve")
  job.round = 0
  return "again"
end

local function turn(job)
  local obs, err = observe.now(job)
  if not obs then return look_again(job, err) end
  job.seen = obs
  local action = decide.next(obs)
  return actions[action.action](job, action)
end

local function read_surroundings(job)
  local err
  job.replica_names, err = link_module.replicas(job)
  if err then return nil, err end
  if job.explicit then
    job.other_links, err = link_module.others(job)
    if err then return nil, err end
  end
  return true
end

local function converge(job)
  job.repeats, job.round, job.bound = 0, 0, {}
  local outcome, err = read_surroundings(job)
  if not outcome then return nil, err end
  while true do
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
  job:identify()
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
  if outcome == "done" then return report.finish(job) end
  local offer
  offer, err = handoff.offer(job)
  return offer, err
end

--- See `azure.private_link.establish`.
function establish.run(client, spec)
  local job = job_module.new(client, spec, "private_link.establish", { "signalr", "upstream", "name" })
  local result, err = run(job)
  if err and job:left() <= 0 then err = job:out_of_time(err) end
  if err then job:emit("establish", "fail", err.message, { code = err.code, hint = err.hint }) end
  return result, err
end

return establish
