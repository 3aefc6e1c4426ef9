--- Approves a connection for a job, and takes an approval back, with the events
-- that the audit trail needs.

local connections = require "azure.private_link.connections"
local private_endpoint = require "azure.private_endpoint"
local reference = require "azure.private_link.reference"

local approval = {}

-- However little of the job is left: a decision on the way is sent.
local LEAST_TIME = 10

-- What proves nothing is not given the look of proof: an empty description gets
-- our words without the reference.
local function description_of(job, entry)
  if entry.description and entry.description ~= "" then return entry.description end
  local words = reference.strip(job.link_message)
  return words ~= "" and words or nil
end

local function record_of(job, entry, call)
  return {
    id = entry.id, name = entry.name, status = "Approved", evidence = entry.evidence, description = entry.description,
    private_endpoint = entry.private_endpoint, at = job:now(), uncertain = call and call.uncertain or nil,
    request_id = call and call.request_id, correlation_id = call and call.correlation_id,
  }
end

-- One record for each connection, also when its PUT had to be sent again.
local function keep(job, record, call)
  job:remember("PUT", record.id, call)
  for i, known in ipairs(job.approved) do
    if known.id == record.id then
      job.approved[i] = record
      return
    end
  end
  job.approved[#job.approved + 1] = record
end

-- The PUT was taken, but nobody saw the end of it.
local function keep_unfinished(job, entry, call)
  local record = record_of(job, entry, call)
  record.status = "Approving"
  keep(job, record, call)
  job:emit("approve", "wait", ("the approval of '%s' is on its way"):format(entry.name), {
    connection = entry.id, role = job:approver_role(), request_id = call.request_id,
    correlation_id = call.correlation_id,
  })
end

--- Approves one connection and waits until it is. What this run approved is
--- kept in `job.approved`.
---@param job table
---@param entry table a candidate of bind.sort
---@return table? record
---@return azure.Error? err
function approval.approve(job, entry)
  local err = connections.foreign(job, entry)
  if err then return nil, err end
  job:emit("approve", "start", ("approving '%s'"):format(entry.name), {
    connection = entry.id, evidence = entry.evidence, because = entry["for"], role = job:approver_role(),
  })
  local connection, call
  connection, err, call = private_endpoint.new(job.approver, job.upstream.id):approve(entry.id, {
    description = description_of(job, entry), timeout = math.max(1, job:left()), api_version = job.spec.api_version,
    poll_interval = job.poll_interval,
  })
  if not connection then
    if call and err.kind ~= "refused" then keep_unfinished(job, entry, call) end
    return nil, err
  end
  local record = record_of(job, entry, call)
  if call then keep(job, record, call) end
  job:emit("approve", "done", (call and "approved '%s'" or "'%s' is approved already"):format(entry.name), {
    connection = entry.id, evidence = entry.evidence, private_endpoint = entry.private_endpoint,
    role = job:approver_role(), request_id = record.request_id, correlation_id = record.correlation_id,
    uncertain = record.uncertain,
  })
  return record
end

local function undo_one(job, record)
  local target = private_endpoint.new(job.approver, job.upstream.id)
  local ok, err, call = target:reject(record.id, {
    api_version = job.spec.api_version, timeout = math.max(LEAST_TIME, job:left()), poll_interval = job.poll_interval,
  })
  if call then job:remember("PUT", record.id, call) end
  job:emit("undo", ok and "done" or "fail",
    ("%s '%s' again"):format(ok and "rejected" or "could not reject", record.name), {
      connection = record.id, role = job:approver_role(), code = err and err.code,
      request_id = call and call.request_id or err and err.request_id,
    })
  return { id = record.id, name = record.name, rejected = ok ~= nil, err = err }
end

--- Rejects again what this run approved. What somebody else may have approved at
--- the same time is left as it is.
---@param job table
---@param records table[] of `job.approved`
---@return table[] undone { id =, name =, rejected =, err = }
function approval.undo(job, records)
  local undone = {}
  for _, record in ipairs(records) do
    if not record.uncertain then undone[#undone + 1] = undo_one(job, record) end
  end
  return undone
end

return approval
