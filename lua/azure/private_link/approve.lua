--- The other half of a hand-off: another identity, tenant or machine approves,
-- after it has looked at all evidence itself.

local approval = require "azure.private_link.approval"
local bind = require "azure.private_link.bind"
local connections = require "azure.private_link.connections"
local decide = require "azure.private_link.decide"
local errors = require "azure.errors"
local handoff = require "azure.private_link.handoff"
local job_module = require "azure.private_link.job"
local link_module = require "azure.private_link.link"
local reference = require "azure.private_link.reference"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"
local trouble = require "azure.private_link.trouble"

local approve = {}

local function contradicts(job, offer, link)
  local same = not link_module.mismatch(job, link)
  if offer.reference then
    same = same and reference.carries(link.message, offer.reference)
  else
    same = same and link.message == offer.message
  end
  if same then return nil end
  return errors.new{
    kind = "refused", code = "HandoffContradictsLink", target = offer.link,
    message = "the link leads elsewhere or carries another reference than the hand-off says",
    hint = "ask the creator for a new hand-off",
  }
end

local function missing(offer)
  return errors.new{
    kind = "refused", code = "HandoffLinkNotFound", target = offer.link,
    message = "the link of the hand-off does not exist", hint = "ask the creator for a new hand-off",
  }
end

-- How many connections there may be is for the replicas to say, not for the letter.
local function read_replicas(job, links)
  local names, err = link_module.replicas(job)
  if not names then
    if not trouble.is_denied(err) then return nil, err end
    job:warn("ReplicasNotReadable", "the replicas of the SignalR cannot be read with this credential",
      "one connection is taken for all; choose with connection= where there are more")
    return links
  end
  for _, name in ipairs(names) do
    local copy
    copy, err = link_module.read(job, name)
    if err then return nil, err end
    if copy then links[#links + 1] = copy end
  end
  return links
end

-- Where the approver may read the link, it must say the same as the letter;
-- where not, the evidence on the upstream has to do.
local function read_links(job, offer)
  local raw, err = job:get(job.client, offer.link)
  if raw then
    local link = states.link(raw)
    err = contradicts(job, offer, link)
    if err then return nil, err end
    return read_replicas(job, { link })
  end
  if trouble.is_denied(err) or err.kind == "auth" then
    job:warn("LinkNotReadable", "the link itself cannot be read with this credential",
      "the evidence on the upstream has to do")
    return { { owner = "signalr", name = offer.name, message = offer.message, status = "Pending",
      provisioning_state = "Succeeded" } }
  end
  return nil, err.status == 404 and missing(offer) or err
end

-- A person's choice and a name are looked for by the name, a baseline as the
-- only pending one: the approver knows none.
local function match_of(offer)
  if offer.match == "baseline" then return "baseline" end
  return (offer.match == "name" or offer.match == "explicit") and "name" or "reference"
end

local function note_age(job, found)
  local ids = {}
  for _, list in ipairs{ found.pending, found.approved } do
    for _, entry in ipairs(list) do ids[#ids + 1] = resource_id.key(entry.id) end
  end
  table.sort(ids)
  local key = table.concat(ids, "\n")
  if key ~= job.candidates then job.candidates, job.stable_at = key, job:now() end
end

local function observe(job, offer)
  local list, err = connections.list(job)
  if not list then return nil, err end
  local want, match = job:want(job.links), match_of(offer)
  if match == "baseline" then want.baseline = {} end
  note_age(job, bind.sort(list, want, match, job.explicit))
  local pretend = {}
  for i, link in ipairs(job.links) do
    -- What the upstream says counts here; SignalR follows later.
    pretend[i] = setmetatable({ status = "Pending", provisioning_state = "Succeeded" }, { __index = link })
  end
  return {
    links = pretend, connections = list, want = want, match = match, explicit = job.explicit,
    ready_for = job:now() - job.started, stable_for = job:now() - job.stable_at, grace = job.grace,
    settle = job.settle, replica_settle = job.replica_settle, all_at_once = true,
  }
end

local function is_listed(offer, id)
  if type(offer.connections) ~= "table" or #offer.connections == 0 then return true end
  for _, listed in ipairs(offer.connections) do
    if resource_id.equal(listed, id) then return true end
  end
  return false
end

local function ambiguous(code, entry, candidates, message, hint)
  return errors.new{ kind = "ambiguous", code = code, target = entry.id, candidates = candidates, message = message,
    hint = hint }
end

local function not_listed(offer, entries)
  for _, entry in ipairs(entries) do
    if not is_listed(offer, entry.id) then
      return ambiguous("NotInHandoff", entry, entries,
        ("connection '%s' matches, but the hand-off names another one"):format(entry.name),
        "ask the creator for a new hand-off")
    end
  end
  return nil
end

local function contains(entries, id)
  for _, entry in ipairs(entries) do
    if resource_id.equal(entry.id, id) then return true end
  end
  return false
end

-- A letter that says "by its name" may be one whose reference was cut out: then
-- ours is the one that carries a reference which nobody here knows.
local function rival(obs, entries)
  if entries[1].evidence == "reference" then return nil end
  for _, connection in ipairs(obs.connections) do
    local clues = bind.evidence(connection, obs.want)
    local could_be = connection.status == "Pending" and clues.name and states.is_of_group(connection, obs.want.group)
    if could_be and not contains(entries, connection.id) then
      return ambiguous("AmbiguousConnection", connection, table.move(entries, 1, #entries, 2, { connection }),
        ("connection '%s' has the link's name too"):format(connection.name),
        "ask the creator which one it is, and choose it with connection=")
    end
  end
  return nil
end

local function choose(job, offer, obs)
  local action = decide.connections(obs)
  if action.action == "fail" then return nil, errors.new(action.error) end
  if action.action == "approve" and not job.explicit then
    local err = not_listed(offer, action.bound) or rival(obs, action.bound)
    if err then return nil, err end
  end
  return action
end

local function finish(job, entries)
  local done = {}
  for i, entry in ipairs(entries) do
    done[i] = { id = entry.id, name = entry.name, status = entry.status, description = entry.description,
      private_endpoint = entry.private_endpoint, evidence = entry.evidence, because = entry["for"] }
  end
  return {
    state = "approved", changed = #job.approved > 0, connections = done, connection = done[1],
    reference = job.reference, upstream = job.upstream.id, evidence = done[1].evidence, warnings = job.warnings,
    request_ids = job.request_ids,
  }
end

-- Those that are Approved, not only about to be; nil while one is missing.
local function all_approved(job, offer, found)
  local list = {}
  for _, entry in ipairs(found.approved) do
    local counts = entry.evidence ~= "name" and entry.evidence ~= "baseline" or is_listed(offer, entry.id)
    if entry.status == "Approved" and counts then list[#list + 1] = entry end
  end
  local needed = job.explicit and math.min(#job.explicit, #job.links) or #job.links
  return #list >= needed and list or nil
end

local function wait(job, reason, err)
  if job:left() <= 0 then return nil, err and job:out_of_time(err) or job:too_late(reason) end
  job:emit("wait", "wait", reason, { code = err and err.code })
  local ok, cancelled = job:pause(job.round, err and err.retry_after)
  job.round = job.round + 1
  return ok, cancelled
end

-- One look, and what follows from it: the result, or nothing to look again.
local function turn(job, offer)
  local obs, err = observe(job, offer)
  if not obs then return nil, err end
  local action
  action, err = choose(job, offer, obs)
  if not action then return nil, err end
  if action.action == "approve" then
    for _, entry in ipairs(action.connections) do
      local record
      record, err = approval.approve(job, entry)
      if not record then return nil, err end
    end
    return "again"
  end
  local done = all_approved(job, offer, action.found)
  if done then return finish(job, done) end
  return nil, nil, action.reason
end

local function run(job, offer)
  local err
  job.links, err = read_links(job, offer)
  if not job.links then return nil, err end
  job:identify()
  job.reference, job.link_message, job.round = offer.reference, offer.message, 0
  while true do
    local result, reason
    result, err, reason = turn(job, offer)
    if result and result ~= "again" then return result end
    if err and not trouble.is_transient(err) then return nil, err end
    if not result then
      local ok, ended = wait(job, reason or "a call failed and is tried again: " .. tostring(err.message), err)
      if not ok then return nil, ended end
    end
  end
end

local allowed = {
  timeout = true, on_event = true, poll_interval = true, api_version = true, connection = true, grace = true,
  settle = true, replica_settle = true,
}

--- See `azure.private_link.approve`.
function approve.run(client, offer, opts)
  opts = errors.check_options(opts, allowed, "private_link.approve")
  local checked, err = handoff.check(offer)
  if not checked then return nil, err end
  local spec = { signalr = checked.signalr, upstream = checked.upstream, name = checked.name, group = checked.group }
  for key, value in pairs(opts) do spec[key] = value end
  local job = job_module.new(client, spec, "private_link.approve", {})
  job.own_approval, job.role = false, "approver"
  local ok
  ok, err = job:ids_ok()
  if not ok then return nil, err end
  local result
  result, err = run(job, checked)
  if err and job:left() <= 0 then err = job:out_of_time(err) end
  if err then job:emit("approve", "fail", err.message, { code = err.code, hint = err.hint }) end
  return result, err
end

return approve
