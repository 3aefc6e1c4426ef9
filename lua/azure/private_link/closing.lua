--- Whether SignalR follows what the upstream approved. What it does not follow
-- for long may be somebody else's endpoint.

local approval = require "azure.private_link.approval"
local decide = require "azure.private_link.decide"
local errors = require "azure.errors"
local observe = require "azure.private_link.observe"
local resource_id = require "azure.resource_id"

local closing = {}

local function view_with(views, id)
  for _, view in ipairs(views) do
    for _, list in ipairs{ view.pending, view.approved } do
      for _, entry in ipairs(list) do
        if resource_id.equal(entry.id, id) then return view end
      end
    end
  end
  return nil
end

local function record_for(job, id)
  for _, record in ipairs(job.approved) do
    if resource_id.equal(record.id, id) then return record end
  end
  return nil
end

--- How many links had followed before an approval: if there is one more later,
--- it was this connection's.
---@param obs table
---@param found table
---@param id string
---@return integer
function closing.linked_before(obs, found, id)
  local view = view_with(decide.views(found, obs), id)
  return view and view.linked or 0
end

-- Where several links have their evidence in common, only those that this run
-- approved and no link followed; all when none of them is known to be.
local function suspects(job, view)
  if view.size == 1 then return view.approved end
  local list = {}
  for _, entry in ipairs(view.approved) do
    local record = record_for(job, entry.id)
    if record and view.linked <= (record.linked_before or 0) then list[#list + 1] = entry end
  end
  return #list > 0 and list or view.approved
end

local function seen_for(job, entry)
  local since = job.seen_approved[resource_id.key(entry.id)]
  return since and job:now() - since or 0
end

--- The connections that are Approved for so long that SignalR should have followed.
---@param job table
---@param obs table
---@param found table
---@return table[] overdue
function closing.overdue(job, obs, found)
  local list = {}
  for _, view in ipairs(decide.views(found, obs)) do
    if #view.approved > view.linked then
      for _, entry in ipairs(suspects(job, view)) do
        if seen_for(job, entry) >= job.linked_within then list[#list + 1] = entry end
      end
    end
  end
  return list
end

--- This run's own approvals among some connections.
---@param job table
---@param entries table[]
---@return table[] records
function closing.records_of(job, entries)
  local records = {}
  for _, entry in ipairs(entries) do records[#records + 1] = record_for(job, entry.id) end
  return records
end

local function not_approved(links)
  local names = {}
  for _, link in ipairs(links) do
    if link.status ~= "Approved" then
      names[#names + 1] = ("%s (%s)"):format(link.owner == "signalr" and link.name or "replica " .. link.owner,
        link.status or "missing")
    end
  end
  return table.concat(names, ", ")
end

local function hint_for(job, undone)
  if not job.undo then
    return "treat it as an incident: find out whose endpoint it is, and reject it unless it is SignalR's"
  end
  if #undone == 0 then
    return "this run did not approve it, so it was not taken back: find out whose endpoint it is, and who approved it"
  end
  return "what this run approved was rejected again; find out whose endpoint it is before you go on"
end

--- The error for what is overdue, when the links say so once more; nil when
--- SignalR has followed meanwhile, or cannot be read just now.
---@param job table
---@param obs table
---@param found table
---@return azure.Error?
function closing.incident(job, obs, found)
  local links = #closing.overdue(job, obs, found) > 0 and observe.links(job)
  if not links then return nil end
  local again = setmetatable({ links = links }, { __index = obs })
  local entries = closing.overdue(job, again, found)
  if #entries == 0 then return nil end
  local undone = job.undo and approval.undo(job, closing.records_of(job, entries)) or nil
  return errors.new{
    kind = "operation", code = "ApprovedButNotLinked", target = entries[1].id,
    message = ("the upstream approved '%s' more than %d s ago, but SignalR has not followed: %s; "
      .. "the wrong endpoint may have been approved"):format(entries[1].name, job.linked_within, not_approved(links)),
    hint = hint_for(job, undone or {}), connections = entries, private_endpoint = entries[1].private_endpoint,
    undone = undone, approved = job.approved, candidates = #found.pending > 0 and found.pending or nil,
  }
end

return closing
