--- The link on SignalR: reading it, asking for it, waiting for it.

local busy = require "azure.signalr.busy"
local errors = require "azure.errors"
local job_module = require "azure.private_link.job"
local lock = require "azure.private_link.lock"
local reference = require "azure.private_link.reference"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"

local link = {}

--- Reads the link: nil without an error when there is none.
---@param job table
---@param replica string?
---@return table? link of states.link
---@return azure.Error? err
function link.read(job, replica)
  local raw, err = job:get(job.client, job:link_id(replica))
  if raw then return states.link(raw, replica) end
  if err.status == 404 then return nil end
  return nil, err
end

--- Names of the replicas. SignalRs that cannot have any answer with an error.
---@param job table
---@return string[]
function link.replicas(job)
  if not job.replicas then return {} end
  local names = {}
  local items = job:list(job.client, job.signalr.id .. "/replicas") or {}
  for _, item in ipairs(items) do
    names[#names + 1] = type(item.name) == "string" and item.name or resource_id.last_segment(item.id)
  end
  return names
end

--- Waits until SignalR takes writes again.
---@param job table
---@return boolean? ok
---@return azure.Error? err
function link.wait_idle(job)
  local round = 0
  while true do
    local signalr, err = job:get(job.client, job.signalr.id)
    if not signalr and not job_module.is_transient(err) then return nil, err end
    local state = signalr and type(signalr.properties) == "table" and signalr.properties.provisioningState
    if signalr and states.is_idle(state) then return true end
    if job:left() <= 0 then return nil, job:too_late("SignalR is still " .. tostring(state or "not answering")) end
    job:emit("idle", "wait", "waiting until SignalR is no longer " .. states.canonical(state))
    local ok
    ok, err = job:pause(round)
    if not ok then return nil, err end
    round = round + 1
  end
end

-- What a write that failed allows: go on trying, or not.
local function may_try_again(job, err, tries)
  if busy.is(err) then return job:left() > 0 end
  return job_module.is_transient(err) and err.code ~= "WaitTimeout" and tries < 4 and job:left() > 0
end

--- A write to SignalR, tried again while SignalR is busy. `arrived` may tell
--- that an earlier try got through although its answer was lost.
---@param job table
---@param step string
---@param attempt fun(): boolean?, azure.Error?
---@param arrived (fun(): boolean)?
---@return boolean? ok
---@return azure.Error? err
function link.write(job, step, attempt, arrived)
  local tries = 0
  while true do
    local ok, err = attempt()
    if ok then return true end
    tries = tries + 1
    if not may_try_again(job, err, tries) then return nil, err end
    job:emit(step, "wait", busy.is(err) and "SignalR is busy with another write" or tostring(err.message),
      { code = err.code })
    ok, err = job:pause(tries)
    if not ok then return nil, err end
    ok, err = link.wait_idle(job)
    if not ok then return nil, err end
    if arrived and arrived() then return true end
  end
end

--- The message to ask again with: a new reference, so that the connection of
--- the request that died, should it still be there, is not taken for the new one.
---@param job table
---@param old table
---@return string
function link.fresh_message(job, old)
  local text, former = reference.strip(old.message), reference.find(old.message)
  if former then job.former[former] = true end
  return reference.append(text ~= "" and text or job.message, reference.new())
end

local function body_of(job, message)
  return { properties = {
    privateLinkResourceId = job.target_id, groupId = job.group, requestMessage = message,
  } }
end

--- Asks for the link (again).
---@param job table
---@param message string
---@param replica string?
---@return boolean? ok
---@return azure.Error? err
function link.put(job, message, replica)
  local path = job:link_id(replica)
  return link.write(job, "create", function()
    return job:write(job.client, "PUT", path, body_of(job, message), "azure-async-operation")
  end, function()
    local now = link.read(job, replica)
    return now ~= nil and now.message == message and now.status ~= "Timeout"
      and now.provisioning_state ~= "Failed" and now.provisioning_state ~= "Canceled"
  end)
end

--- `put`, when no other job of this process is writing to the SignalR.
---@param job table
---@param message string
---@param replica string?
---@return boolean? ok
---@return azure.Error? err
function link.put_serial(job, message, replica)
  local turn <close>, err = lock.acquire(job.signalr.id, job.deadline)
  if not turn then return nil, err end
  local ok
  ok, err = link.wait_idle(job)
  if not ok then return nil, err end
  ok, err = link.put(job, message, replica)
  return ok, err
end

--- An error when the link that exists is not the one of the spec.
---@param job table
---@param existing table
---@return azure.Error?
function link.mismatch(job, existing)
  if not resource_id.equal(existing.target, job.target_id) then
    return errors.new{
      kind = "refused", code = "LinkTargetsAnother", target = existing.id,
      message = ("link '%s' exists, and leads to %s"):format(job.name, tostring(existing.target)),
      hint = "choose another name=, or remove that link first",
    }
  end
  local group = existing.group or "?"
  if group:lower() ~= (job.group or ""):lower() then
    return errors.new{
      kind = "refused", code = "LinkHasAnotherGroup", target = existing.id,
      message = ("link '%s' exists with the group '%s', not '%s'"):format(job.name, group, job.group),
      hint = "choose another name=, or remove that link first",
    }
  end
  return nil
end

local function take_over(job, existing)
  job.link = existing
  job.link_message = existing.message
  job.reference = reference.find(existing.message)
  job.adopted = not job.created
end

local function create(job, baseline)
  local ref = reference.new()
  local message = reference.append(job.message, ref)
  job.baseline = baseline
  job:emit("create", "start", ("creating link '%s' to %s"):format(job.name, job.upstream.name),
    { reference = ref, request_message = message })
  local ok, err = link.put(job, message)
  if not ok then return nil, err end
  job.created = true
  return true
end

local function wait_gone(job)
  local round = 0
  while true do
    local now, err = link.read(job)
    if err and not job_module.is_transient(err) then return nil, err end
    if not now and not err then return true end
    if now and now.provisioning_state ~= "Deleting" then return true end
    if job:left() <= 0 then return nil, job:too_late("the old link is still being deleted") end
    job:emit("create", "wait", "waiting until the old link is deleted")
    local ok
    ok, err = job:pause(round)
    if not ok then return nil, err end
    round = round + 1
  end
end

local function adopt(job, existing)
  local err = link.mismatch(job, existing)
  if err then return nil, err end
  take_over(job, existing)
  local state = existing.provisioning_state
  if state ~= "Failed" and state ~= "Canceled" then
    job:emit("create", "done", ("link '%s' exists already"):format(job.name), { reference = job.reference })
    return true
  end
  job:emit("create", "start", ("link '%s' is %s; asking for it again"):format(job.name, state:lower()))
  job.repeated = true
  return link.put(job, existing.message)
end

local function ensure_once(job, list_baseline)
  local existing, err = link.read(job)
  if err then return nil, err end
  if existing and existing.provisioning_state == "Deleting" then
    local ok
    ok, err = wait_gone(job)
    if not ok then return nil, err end
    existing = link.read(job)
  end
  if existing then return adopt(job, existing) end
  local baseline
  baseline, err = list_baseline(job)
  if err then return nil, err end
  return create(job, baseline)
end

--- Makes sure that the link exists, with the target and group of the spec, and
--- learns its reference. Serial per SignalR.
---@param job table
---@param list_baseline fun(job: table): table?, azure.Error?
---@return boolean? ok
---@return azure.Error? err
function link.ensure(job, list_baseline)
  local turn <close>, err = lock.acquire(job.signalr.id, job.deadline)
  if not turn then return nil, err end
  local ok
  ok, err = link.wait_idle(job)
  if not ok then return nil, err end
  ok, err = ensure_once(job, list_baseline)
  if not ok then return nil, err end
  if job.created or job.repeated then
    -- Read it back: if another process was quicker, its reference counts.
    local now
    now, err = link.read(job)
    if err then return nil, err end
    if now then take_over(job, now) end
  end
  job:mark("link")
  return true
end

return link
