--- What to do next, from what was just read. Pure: the same observation gives
-- the same action, whatever happened before. That is what lets a run that was
-- killed at any point be run again.
--
-- observation = {
--   links = { parent's link, replicas' links... }   of states.link; a replica's may be missing = true
--   connections = { ... }   of states.connection
--   want, match, explicit   see bind.lua
--   ready_for = seconds since all links are provisioned
--   stable_for = seconds since the connections that match changed last
--   grace =, settle =   seconds
-- }

local bind = require "azure.private_link.bind"

local decide = {}

local function wait(reason, found)
  return { action = "wait", reason = reason, found = found }
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

local function ambiguous(message, obs, candidates)
  local hint = obs.explicit and "name exactly the connections of this link with connection="
    or how_to_go_on[obs.match]
  return fail("ambiguous", "AmbiguousConnection", message, hint, candidates)
end

local function concat(a, b)
  return table.move(b, 1, #b, #a + 1, table.move(a, 1, #a, 1, {}))
end

local function decided_by_somebody(found, obs)
  local strong = obs.explicit or obs.match == "reference"
  local rejected, gone = found.rejected[1], found.disconnected[1]
  if rejected and (strong or #found.pending == 0) then
    return fail("refused", "ConnectionRejected",
      ("connection '%s' was rejected"):format(rejected.name),
      "somebody decided; talk to the upstream's owner, then remove the link and establish it again", { rejected })
  end
  if gone and #found.pending == 0 and #found.approved == 0 then
    return fail("refused", "ConnectionDisconnected",
      ("connection '%s' is disconnected"):format(gone.name),
      "remove the link and establish it again", { gone })
  end
  return nil
end

local function refused_choice(found)
  for _, entry in ipairs(found.pending) do
    if entry.refused then
      return fail("refused", "NotOurConnection",
        ("connection '%s' cannot be this link's: %s"):format(entry.name, table.concat(entry.against, "; ")),
        "choose another connection", { entry })
    end
  end
  return nil
end

-- Strong evidence: as many as links still need one.
local function approve_strong(found, obs, needed)
  if needed <= 0 then return wait("the upstream approved; waiting for SignalR to notice", found) end
  if #found.pending > needed then
    return ambiguous(("%d pending connections match, but %d is expected"):format(#found.pending, needed), obs,
      found.pending)
  end
  if #found.pending > 0 then return { action = "approve", connections = found.pending, found = found } end
  return nil
end

-- Weaker evidence: an approved one that matches makes a pending one doubtful,
-- and what matches must have been alone for a while.
local function approve_weak(found, obs, needed)
  if #found.approved > 0 and #found.pending == 0 then
    return wait("the upstream approved; waiting for SignalR to notice", found)
  end
  if #found.pending > needed or (#found.approved > 0 and obs.ready_for >= obs.grace) then
    return ambiguous("several connections match", obs, concat(found.pending, found.approved))
  end
  if #found.pending == 0 then return nil end
  if #found.approved > 0 or obs.stable_for < obs.settle then
    return wait("a connection matches; watching for others", found)
  end
  return { action = "approve", connections = found.pending, found = found }
end

-- Asked again after a time-out, the service may have kept the old connection.
local function former_connections(found, obs)
  local missing = #obs.links - #found.approved
  local fit = #found.former > 0 and #found.former <= missing and obs.ready_for >= obs.grace
  if obs.match ~= "reference" or obs.explicit or not fit then return nil end
  return { action = "approve", connections = found.former, found = found }
end

local function nothing_matches(found, obs)
  local former = former_connections(found, obs)
  if former then return former end
  if #found.lacking > 0 and obs.ready_for >= obs.grace then
    local what = obs.explicit and "no connection is the chosen one"
      or "no new connection has the evidence: " .. bind.matches[obs.match]
    return ambiguous(what, obs, found.lacking)
  end
  if obs.explicit and obs.ready_for >= obs.grace then
    return fail("refused", "ConnectionNotFound", ("the upstream has no connection '%s'"):format(obs.explicit[1]),
      "list them with client:private_endpoint_connections(upstream):list()", found.lacking)
  end
  return wait("waiting for the connection to appear on the upstream", found)
end

--- What the connections decide.
---@param obs table
---@return table action
function decide.connections(obs)
  local found = bind.sort(obs.connections, obs.want, obs.match, obs.explicit)
  local ended = decided_by_somebody(found, obs) or refused_choice(found)
  if ended then return ended end
  local needed = #obs.links - #found.approved
  local strong = obs.explicit or obs.match == "reference"
  local action = (strong and approve_strong or approve_weak)(found, obs, needed)
  return action or nothing_matches(found, obs)
end

--- The next action: { action = "done" | "wait" | "approve" | "put_again" | "fail", ... }
---@param obs table
---@return table action
function decide.next(obs)
  return decide.links(obs.links) or decide.connections(obs)
end

return decide
