--- What a job gives back: a table for code whose tostring is for people.

local bind = require "azure.private_link.bind"
local resource_id = require "azure.resource_id"

local report = {}

local function line(out, label, text)
  out[#out + 1] = ("  %-12s %s"):format(label, text)
end

local function seconds(value)
  return ("%.1f s"):format(value)
end

local function show_connections(self, out)
  for _, connection in ipairs(self.connections) do
    line(out, "connection", ("%s  %s, evidence: %s%s"):format(connection.name, connection.status,
      connection.evidence, connection.approved_now and ", approved now" or ""))
  end
end

local headlines = {
  established = "private path established",
  ["awaiting-approval"] = "link created, waiting for approval by the upstream's owner",
}

local report_mt = { __name = "azure.private_link.report" }

function report_mt.__tostring(self)
  local out = { headlines[self.state] .. (self.changed and "" or " (nothing had to be changed)") }
  line(out, "link", ("%s  %s, %s"):format(self.link.name, self.link.status, self.link.provisioning_state))
  line(out, "from", self.signalr)
  line(out, "to", ("%s (%s)"):format(self.upstream, self.link.group))
  show_connections(self, out)
  line(out, "who", self.approved_by and ("%s: %s"):format(self.who, self.approved_by) or self.who)
  line(out, "took", seconds(self.timings.total))
  for _, warning in ipairs(self.warnings) do line(out, "warning", warning.message) end
  if self.handoff then
    line(out, "next", "give the hand-off to the upstream's owner: azure.private_link.approve(client, handoff)")
  end
  return table.concat(out, "\n")
end

local function was_approved_now(job, entry)
  for _, done in ipairs(job.approved) do
    if resource_id.equal(done.id, entry.id) then return true end
  end
  return false
end

local function connection_entry(job, entry)
  return {
    id = entry.id, name = entry.name, status = entry.status, description = entry.description,
    private_endpoint = entry.private_endpoint, evidence = entry.evidence, because = entry["for"],
    approved_now = was_approved_now(job, entry),
  }
end

-- Where our reference is, nothing else is evidence.
local function only_proven(list)
  local proven = {}
  for _, entry in ipairs(list) do
    if entry.evidence == "reference" then proven[#proven + 1] = entry end
  end
  return #proven > 0 and proven or list
end

-- The entries that were bound. A link that SignalR calls Approved needs no proof
-- any more; a connection is named only when the evidence does.
local function connections_of(job)
  local obs = job.seen
  local found = bind.sort(obs.connections, obs.want, obs.match, obs.explicit)
  local list = {}
  for _, entries in ipairs{ found.approved, found.pending } do
    for _, entry in ipairs(entries) do list[#list + 1] = connection_entry(job, entry) end
  end
  return only_proven(list)
end

local function public_access(job)
  local site = job.facts and job.facts.upstream
  local properties = site and type(site.properties) == "table" and site.properties or {}
  local access = properties.publicNetworkAccess
  if type(access) == "string" and access:lower() == "enabled" then
    job:warn("PublicAccessEnabled", "the upstream still takes calls from the public network",
      "approval alone does not close the public door: set publicNetworkAccess to Disabled")
  end
end

local function who(job, state)
  if #job.approved == 0 then
    return state == "established" and "approved before this run" or "approved by nobody yet"
  end
  return "approved by the " .. (job.own_approval and "creator's credential" or "approver's credential")
end

--- The report of a job that ended in `state`.
---@param job table
---@param state string
---@return table
function report.make(job, state)
  job:mark("total")
  local connections = connections_of(job)
  return setmetatable({
    state = state, changed = job.created == true or job.repeated == true or #job.approved > 0
      or (job.repeats or 0) > 0,
    signalr = job.signalr.id, upstream = job.upstream.id, link = job.link, links = job.links,
    connections = connections, connection = connections[1], reference = job.reference,
    evidence = connections[1] and connections[1].evidence, who = who(job, state),
    approved_by = #job.approved > 0 and job:identity(job:approver_role()) or nil, timings = job.timings,
    request_ids = job.request_ids, warnings = job.warnings,
  }, report_mt)
end

--- The report of a job that reached its goal.
---@param job table
---@return table
function report.finish(job)
  public_access(job)
  local result = report.make(job, "established")
  if not result.connection and not job.blind then
    job:warn("ConnectionNotIdentified",
      "SignalR calls the link Approved, but no connection on the upstream carries its evidence",
      "it may have been approved automatically; private_link.status shows the connections")
  end
  job:emit("establish", "done", result.changed and ("'%s' is approved on both ends"):format(job.name)
    or ("'%s' was approved on both ends already; nothing changed"):format(job.name),
    { outcome = result.state, changed = result.changed, connection = result.connection and result.connection.id,
      request_ids = job.request_ids })
  return result
end

return report
