--- One look at everything that decide.lua needs, and since when it is so.

local bind = require "azure.private_link.bind"
local connections = require "azure.private_link.connections"
local errors = require "azure.errors"
local link_module = require "azure.private_link.link"
local reference = require "azure.private_link.reference"
local resource_id = require "azure.resource_id"
local trouble = require "azure.private_link.trouble"

local observe = {}

-- Seconds for which a link may be missing right after it was there.
local MISSING_GRACE = 60

--- The links: SignalR's own and the copies of its replicas.
---@param job table
---@return table[]? links
---@return azure.Error? err
function observe.links(job)
  local parent, err = link_module.read(job)
  if err then return nil, err end
  local links = { parent or { owner = "signalr", name = job.name, missing = true } }
  for _, replica in ipairs(job.replica_names or {}) do
    local copy
    copy, err = link_module.read(job, replica)
    if err then return nil, err end
    links[#links + 1] = copy or { owner = replica, name = job.name, missing = true }
  end
  for _, link in ipairs(links) do link_module.learn(job, link) end
  return links
end

--- True when all links are provisioned.
---@param links table[]
---@return boolean
function observe.all_ready(links)
  for _, link in ipairs(links) do
    if link.missing or link.provisioning_state ~= "Succeeded" then return false end
  end
  return true
end

-- The connections that match, whatever was decided on them: approving one is
-- no change.
local function candidates_key(found)
  local ids = {}
  for _, list in ipairs{ found.pending, found.approved } do
    for _, entry in ipairs(list) do ids[#ids + 1] = resource_id.key(entry.id) end
  end
  table.sort(ids)
  return table.concat(ids, "\n")
end

-- Keeps the ages that decisions need: since when the links are ready, since
-- when the same connections match, since when each of them is Approved.
local function note_ages(job, links, found)
  local now = job:now()
  if observe.all_ready(links) then job.ready_at = job.ready_at or now else job.ready_at = nil end
  local key = candidates_key(found)
  if key ~= job.candidates then job.candidates, job.stable_at = key, now end
  for _, entry in ipairs(found.approved) do
    local id = resource_id.key(entry.id)
    if entry.status == "Approved" then job.seen_approved[id] = job.seen_approved[id] or now end
  end
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

--- The connections; none, and `job.blind`, when another team keeps them.
---@param job table
---@return table[]? list
---@return azure.Error? err
function observe.connections(job)
  if job.blind then return {} end
  local list, err = connections.list(job)
  if list then return list end
  if job.approve or not (trouble.is_denied(err) or err.status == 404) then return nil, err end
  job.blind = true
  job:warn("UpstreamNotReadable", "the upstream's connections cannot be read: " .. tostring(err.code or err.message),
    "whoever approves sees them; SignalR's own link tells when that is done")
  return {}
end

local function approved_now(job)
  local set = {}
  for _, record in ipairs(job.approved) do set[resource_id.key(record.id)] = true end
  return set
end

--- The observation for decide.next.
---@param job table
---@return table? obs
---@return azure.Error? err
function observe.now(job)
  local links, err = observe.links(job)
  if not links then return nil, err end
  err = link_gone(job, links[1])
  if err then return nil, err end
  job.links, job.link = links, links[1]
  job.reference = reference.find(links[1].message) or job.reference
  local list
  list, err = observe.connections(job)
  if not list then return nil, err end
  local want = job:want(links)
  note_ages(job, links, bind.sort(list, want, job.match, job.explicit))
  return {
    links = links, connections = list, want = want, match = job.match, explicit = job.explicit,
    ready_for = job.ready_at and job:now() - job.ready_at or 0, stable_for = job:now() - job.stable_at,
    grace = job.grace, settle = job.settle, replica_settle = job.replica_settle, approved_now = approved_now(job),
    blind = job.blind,
  }
end

return observe
