--- What to do next, from what was just read. Pure: the same observation gives
-- the same action, whatever happened before. That is what lets a run that was
-- killed at any point be run again.
--
-- observation = {
--   links = { parent's link, replicas' links... }   of states.link; a replica's may be missing = true
--   connections = { ... }   of states.connection; blind = true when they cannot be read
--   want, match, explicit   see bind.lua
--   ready_for = seconds since all links are provisioned
--   stable_for = seconds since the connections that match changed last
--   grace =, settle =, replica_settle =   seconds
--   approved_now = set of keys of ids that this run approved
--   all_at_once = true: nobody looks at the links between two approvals
-- }
--
-- Whoever may list the upstream's connections can copy a reference as soon as
-- the first connection shows it. Where one link has a reference, a copy makes
-- two, which is ambiguous. Where a link and its replicas' copies share one, a
-- copy could take the place of a connection that is late: so all of them must
-- be there, no more, for long; and one is approved at a time, the next when
-- SignalR has followed, so that a wrong one is known for what it is.

local bind = require "azure.private_link.bind"
local resource_id = require "azure.resource_id"

local decide = {}

local function wait(reason)
  return { action = "wait", reason = reason }
end

local function fail(kind, code, message, hint, candidates)
  return {
    action = "fail",
    error = { kind = kind, code = code, message = message, hint = hint, candidates = candidates },
  }
end

local function label(link)
  if link.owner == "signalr" then return ("link '%s'"):format(link.name) end
  return ("link '%s' of replica '%s'"):format(link.name, link.owner)
end

local link_ends = {
  Rejected = function(link)
    return fail("refused", "LinkRejected", label(link) .. " was rejected on the upstream",
      "somebody decided against it; talk to the upstream's owner, then remove the link and establish it again")
  end,
  Disconnected = function(link)
    return fail("refused", "LinkDisconnected", label(link) .. " was disconnected on the upstream",
      "the connection was removed there; remove the link and establish it again")
  end,
  Timeout = function(link)
    return { action = "put_again", link = link, reason = label(link) .. " waited too long for approval" }
  end,
}

local function look_at_link(link)
  if link.missing then return wait(label(link) .. " is not there yet") end
  if link.provisioning_state == "Failed" or link.provisioning_state == "Canceled" then
    return fail("operation", "Link" .. link.provisioning_state,
      ("%s is %s"):format(label(link), link.provisioning_state:lower()),
      "run it again: a failed link is asked for again; remove it first if that fails too")
  end
  if link_ends[link.status] then return link_ends[link.status](link) end
  if link.provisioning_state ~= "Succeeded" then
    return wait(("%s is %s"):format(label(link), link.provisioning_state))
  end
  return nil
end

--- What the links alone decide: nil when the connections must be looked at.
---@param links table[]
---@return table?
function decide.links(links)
  local approved, waiting = 0, nil
  for _, link in ipairs(links) do
    local action = look_at_link(link)
    if action and action.action ~= "wait" then return action end
    waiting = waiting or action
    if link.status == "Approved" then approved = approved + 1 end
  end
  if waiting then return waiting end
  return approved == #links and { action = "done" } or nil
end

local CHOOSE = "choose one with connection=, or ask the upstream's owner"

local how_to_go_on = {
  reference = "choose one with connection=, or accept weaker proof with match=\"name\" or match=\"baseline\"",
  name = CHOOSE,
  baseline = CHOOSE,
}

local NOTICE = "the upstream approved; waiting for SignalR to notice"

local function ambiguous(message, obs, candidates, hint)
  hint = hint or obs.explicit and "name exactly the connections of this link with connection="
    or how_to_go_on[obs.match]
  return fail("ambiguous", "AmbiguousConnection", message, hint, candidates)
end

local function concat(a, b)
  return table.move(b, 1, #b, #a + 1, table.move(a, 1, #a, 1, {}))
end

local function rejected(entry)
  return fail("refused", "ConnectionRejected", ("connection '%s' was rejected"):format(entry.name),
    "somebody decided; talk to the upstream's owner, then remove the link and establish it again", { entry })
end

local function disconnected(entry)
  return fail("refused", "ConnectionDisconnected", ("connection '%s' is disconnected"):format(entry.name),
    "remove the link and establish it again", { entry })
end

local function count_approved(links)
  local count = 0
  for _, link in ipairs(links) do
    if link.status == "Approved" then count = count + 1 end
  end
  return count
end

local statuses = { "pending", "approved", "rejected", "disconnected" }

local function new_view(links)
  local view = { links = links, size = #links, linked = count_approved(links) }
  for _, status in ipairs(statuses) do view[status] = {} end
  return view
end

-- The current links of a share: `want` may be older than the links.
local function links_of(share, links)
  local list = {}
  for _, link in ipairs(links) do
    for _, member in ipairs(share.links) do
      if (member.owner or "signalr") == link.owner then list[#list + 1] = link end
    end
  end
  return list
end

local function has_reference(found)
  for _, status in ipairs(statuses) do
    for _, entry in ipairs(found[status]) do
      if entry.evidence == "reference" then return true end
    end
  end
  return false
end

local function views_of_shares(found, obs)
  local views, view_of = {}, {}
  for i, share in ipairs(obs.want.shares) do
    views[i] = new_view(links_of(share, obs.links))
    view_of[share] = views[i]
  end
  for _, status in ipairs(statuses) do
    for _, entry in ipairs(found[status]) do
      local view = view_of[found.share_of[entry]]
      if view then table.insert(view[status], entry) end
    end
  end
  return views
end

--- The links with what was found for them: a view for each reference that links
--- have; one for all where something else is the evidence.
---@param found table of bind.sort
---@param obs table
---@return table[] views links, size, linked (how many of them are Approved), and the connections by status
function decide.views(found, obs)
  if not obs.explicit and obs.want.shares and has_reference(found) then return views_of_shares(found, obs) end
  local whole = new_view(obs.links)
  for _, status in ipairs(statuses) do whole[status] = found[status] end
  return { whole }
end

local function refused_choice(found)
  for _, entry in ipairs(found.chosen) do
    if entry.refused then
      return fail("refused", "NotOurConnection",
        ("connection '%s' cannot be this link's: %s"):format(entry.name, table.concat(entry.against, "; ")),
        "choose another connection", { entry })
    end
    local rival = not entry.carries and found.rivals[1]
    if rival then
      return fail("refused", "NotOurConnection",
        ("connection '%s' cannot be this link's: '%s' carries our reference"):format(entry.name, rival.name),
        "choose that one, or leave connection= away", { entry, rival })
    end
  end
  return nil
end

local function decided_by_somebody(view)
  local pending, approved = #view.pending, #view.approved
  if view.rejected[1] and approved < view.size then return rejected(view.rejected[1]) end
  if view.disconnected[1] and pending == 0 and approved == 0 then return disconnected(view.disconnected[1]) end
  return nil
end

local function too_many(view, obs)
  local one = view.size == 1
  return ambiguous(("%d connections match, but %d %s expected"):format(#view.pending + #view.approved, view.size,
    one and "is" or "are"), obs, concat(view.pending, view.approved), not obs.explicit and how_to_go_on.name or nil)
end

-- `bound` is all that is ours, `connections` what may be approved now.
local function approve(connections, bound, complete)
  return { action = "approve", connections = connections, bound = bound, complete = complete }
end

-- All that is expected is there; what is missing yet is time.
local function approve_shared(view, obs)
  local settle = obs.replica_settle
  if obs.stable_for < settle or obs.ready_for < settle then
    return wait(("all %d connections are there; watching for copies of their reference"):format(view.size))
  end
  return approve(obs.all_at_once and view.pending or { view.pending[1] }, view.pending)
end

-- What the connections of one reference decide; nil when there is none yet, or
-- when all of it is done.
local function look_at_view(view, obs)
  local pending, approved = #view.pending, #view.approved
  if view.linked >= view.size then return nil end
  local ended = decided_by_somebody(view)
  if ended then return ended end
  if approved >= view.size or approved > view.linked then return wait(NOTICE) end
  if pending == 0 and approved == 0 then return nil end
  if pending + approved > view.size then return too_many(view, obs) end
  if pending + approved < view.size then
    return wait(("%d of %d connections are there"):format(pending + approved, view.size))
  end
  return view.size == 1 and approve(view.pending, view.pending) or approve_shared(view, obs)
end

local function is_complete(views)
  for _, view in ipairs(views) do
    if view.linked < view.size and #view.pending + #view.approved ~= view.size then return false end
  end
  return true
end

-- Refusals come first, then approvals, then waits.
local function approve_strong(views, obs)
  local ready, bound, waiting = {}, {}, nil
  for _, view in ipairs(views) do
    local action = look_at_view(view, obs)
    if action and action.action == "fail" then return action end
    if action and action.action == "approve" then
      ready, bound = concat(ready, action.connections), concat(bound, action.bound)
    end
    waiting = waiting or action and action.action == "wait" and action or nil
  end
  if #ready == 0 then return waiting end
  return approve(ready, bound, is_complete(views))
end

-- A person chose: each of the chosen, at once.
local function approve_chosen(view, obs)
  local ended = decided_by_somebody(view)
  if ended then return ended end
  local needed = view.size - #view.approved
  if needed <= 0 then return wait(NOTICE) end
  if #view.pending > needed then return too_many(view, obs) end
  if #view.pending == 0 then return nil end
  return approve(view.pending, view.pending, #view.pending == needed)
end

local function any_of_this_run(entries, obs)
  for _, entry in ipairs(entries) do
    if obs.approved_now and obs.approved_now[resource_id.key(entry.id)] then return true end
  end
  return false
end

-- Something that matches by weak evidence is approved, and SignalR has not
-- followed. What this run approved gets its time, whatever comes meanwhile; what
-- others approved makes a pending one doubtful.
local function wait_for_notice(view, obs)
  if #view.pending == 0 or any_of_this_run(view.approved, obs) then return wait(NOTICE) end
  if #view.pending + #view.approved > view.size or obs.ready_for >= obs.grace then
    return ambiguous("several connections match", obs, concat(view.pending, view.approved))
  end
  return wait("a connection matches; watching for others")
end

-- Weaker evidence: what matches must have been alone, and for long: ours may
-- be late, and a stranger's early.
local function approve_weak(view, obs)
  local pending, approved = #view.pending, #view.approved
  -- Ours may be late, and the one that somebody decided on a stranger's.
  if pending == 0 and approved == 0 and obs.ready_for >= obs.grace then
    if view.rejected[1] then return rejected(view.rejected[1]) end
    if view.disconnected[1] then return disconnected(view.disconnected[1]) end
  end
  if approved > view.linked then return wait_for_notice(view, obs) end
  if pending == 0 then return nil end
  if pending + approved > view.size then
    return ambiguous("several connections match", obs, concat(view.pending, view.approved))
  end
  if pending + approved < view.size then
    return wait(("%d of %d connections are there"):format(pending + approved, view.size))
  end
  if obs.ready_for < obs.grace or obs.stable_for < obs.settle then
    return wait("a connection matches; watching for others")
  end
  local now = (obs.all_at_once or view.size == 1) and view.pending or { view.pending[1] }
  return approve(now, view.pending, true)
end

-- A connection with our reference came, and this run has approved another by
-- weaker evidence: that one is proven wrong.
local function proven_wrong(found, obs)
  local wrong, ours = {}, {}
  for _, entry in ipairs(concat(found.pending, found.approved)) do
    local list = entry.evidence == "reference" and ours or wrong
    if list == ours or (entry.status ~= "Pending" and any_of_this_run({ entry }, obs)) then list[#list + 1] = entry end
  end
  if #wrong == 0 or #ours == 0 then return nil end
  local action = ambiguous(("connection '%s' carries our reference, '%s' does not"):format(ours[1].name, wrong[1].name),
    obs, concat(ours, wrong), "choose with connection=, after the other one is rejected")
  action.wrong = wrong
  return action
end

local function nothing_matches(found, obs)
  if #found.lacking > 0 and obs.ready_for >= obs.grace then
    local what = obs.explicit and "no connection is the chosen one"
      or "no new connection has the evidence: " .. bind.matches[obs.match]
    return ambiguous(what, obs, found.lacking)
  end
  if obs.explicit and obs.ready_for >= obs.grace then
    return fail("refused", "ConnectionNotFound", ("the upstream has no connection '%s'"):format(obs.explicit[1]),
      "list them with client:private_endpoint_connections(upstream):list()", found.lacking)
  end
  return wait("waiting for the connection to appear on the upstream")
end

local function choose(found, obs)
  local views = decide.views(found, obs)
  if obs.explicit then return approve_chosen(views[1], obs) end
  if has_reference(found) then return proven_wrong(found, obs) or approve_strong(views, obs) end
  return obs.match ~= "reference" and approve_weak(views[1], obs) or nil
end

--- What the connections decide.
---@param obs table
---@param found table? of bind.sort
---@return table action
function decide.connections(obs, found)
  found = found or bind.sort(obs.connections, obs.want, obs.match, obs.explicit)
  local action = refused_choice(found) or choose(found, obs) or nothing_matches(found, obs)
  action.found = found
  return action
end

-- SignalR says Approved; the upstream may know better already.
local function contradicted(found, obs)
  local strong = has_reference(found) or obs.explicit
  if not strong then found = bind.sort(obs.connections, obs.want, "name") end
  for _, view in ipairs(decide.views(found, obs)) do
    local alive = #view.approved >= view.size or (#view.approved > 0 and not strong)
    if view.rejected[1] and not alive then return rejected(view.rejected[1]) end
    if view.disconnected[1] and not alive and #view.pending == 0 then return disconnected(view.disconnected[1]) end
  end
  return nil
end

--- The next action: { action = "done" | "wait" | "approve" | "put_again" | "fail", ... }
---@param obs table
---@return table action
function decide.next(obs)
  local found = bind.sort(obs.connections, obs.want, obs.match, obs.explicit)
  local action = refused_choice(found) or decide.links(obs.links)
  if action and action.action == "done" and not obs.blind then action = contradicted(found, obs) or action end
  if not action then return decide.connections(obs, found) end
  action.found = found
  return action
end

return decide
