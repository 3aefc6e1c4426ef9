--- The link on SignalR: reading it, asking for it, waiting for it.

local busy = require "azure.signalr.busy"
local errors = require "azure.errors"
local lock = require "azure.private_link.lock"
local reference = require "azure.private_link.reference"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"
local trouble = require "azure.private_link.trouble"

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

-- ARM may answer 404 for what it has only just made, or forgets for a moment.
-- To ask for a link that is there would replace its reference: the list has to
-- say the same.
local function read_from_list(job)
  local items, err = job:list(job.client, job.signalr.id .. "/sharedPrivateLinkResources")
  if not items then return nil, err end
  for _, item in ipairs(items) do
    local listed = states.link(item)
    if listed.name and listed.name:lower() == job.name:lower() then return listed end
  end
  return nil
end

--- Reads the link, and believes that there is none only when the list has none.
---@param job table
---@return table? link of states.link
---@return azure.Error? err
function link.find(job)
  local found, err = link.read(job)
  if found or err then return found, err end
  found, err = read_from_list(job)
  return found, err
end

--- Names of further links of this SignalR to the same sub-resource, in lower case.
---@param job table
---@return table<string, true>? names
---@return azure.Error? err
function link.others(job)
  local items, err = job:list(job.client, job.signalr.id .. "/sharedPrivateLinkResources")
  if not items then return nil, err end
  local names = {}
  for _, item in ipairs(items) do
    local other = states.link(item)
    local is_other = other.name and other.name:lower() ~= job.name:lower()
    if is_other and not link.mismatch(job, other) then names[other.name:lower()] = true end
  end
  return names
end

local function replica_name(item)
  local name = type(item) == "table" and (item.name or resource_id.last_segment(item.id))
  return type(name) == "string" and name or nil
end

--- Names of the replicas; none where SignalR does not know such a thing.
---@param job table
---@return string[]? names
---@return azure.Error? err
function link.replicas(job)
  if not job.replicas then return {} end
  local items, err = job:list(job.client, job.signalr.id .. "/replicas")
  if not items then
    if trouble.is_unsupported(err) then return {} end
    err.hint = trouble.is_denied(err) and "let the credential read replicas, or leave them alone with replicas=false"
      or err.hint
    return nil, err
  end
  local names = {}
  for i, item in ipairs(items) do
    names[i] = replica_name(item)
    if not names[i] then
      return nil, errors.new{
        kind = "protocol", code = "NotAReplica", message = "the list of replicas has something else in it",
      }
    end
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
    if not signalr and not trouble.is_transient(err) then return nil, err end
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
  return trouble.is_transient(err) and err.code ~= "WaitTimeout" and tries < 4 and job:left() > 0
end

local final_kinds = { cancelled = true, operation = true, timeout = true }

-- Before giving up: perhaps it is there all the same, ours or another's.
local function last_look(err, arrived)
  local there = arrived and not final_kinds[err.kind] and arrived()
  if there then return true, nil, there end
  return nil, err
end

-- Waits until a write may be sent again, and looks whether that is needed.
local function wait_and_look(job, tries, err, arrived)
  local ok, failure = job:pause(tries, err.retry_after)
  if not ok then return nil, failure end
  ok, failure = link.wait_idle(job)
  if not ok then return nil, failure end
  if not arrived then return nil end
  local there, why = arrived()
  return there, why
end

--- A write to SignalR, tried again while SignalR is busy. After each failed try
--- `arrived` looks whether there is what was asked for: an answer may have been
--- lost, or somebody else been quicker. Nothing is sent again on a guess.
---@param job table
---@param step string
---@param attempt fun(): any, azure.Error?
---@param arrived (fun(): any, azure.Error?)?
---@return any ok what `attempt` gave, or true
---@return azure.Error? err
---@return any there what `arrived` gave, when that ended it
function link.write(job, step, attempt, arrived)
  local tries = 0
  while true do
    local ok, err = attempt()
    if ok then return ok end
    while err do
      tries = tries + 1
      if not may_try_again(job, err, tries) then return last_look(err, arrived) end
      job:emit(step, "wait", busy.is(err) and "SignalR is busy with another write" or tostring(err.message),
        { code = err.code })
      local there
      there, err = wait_and_look(job, tries, err, arrived)
      if there then return true, nil, there end
    end
  end
end

-- What of a text fits beside a reference; some of our own where it is no text.
local function shorten(text, otherwise)
  local room = reference.MAX_MESSAGE - reference.LENGTH
  if not utf8.len(text) then return otherwise end
  if utf8.len(text) <= room then return text end
  return (text:sub(1, utf8.offset(text, room + 1) - 1):gsub("%s+$", ""))
end

--- The words to ask again with: those of the old message as far as they fit.
---@param job table
---@param old table
---@return string
function link.words(job, old)
  local text = reference.strip(old.message)
  return shorten(text ~= "" and text or job.message, job.message)
end

--- The message to ask again with: a new reference, so that the connection of
--- the request that died, should it still be there, is not taken for the new one.
---@param job table
---@param old table
---@return string
function link.fresh_message(job, old)
  local owner = old.owner or "signalr"
  for former in pairs(job.known[owner] or {}) do job.former[former] = true end
  job.known[owner] = {}
  local former = reference.find(old.message)
  if former then job.former[former] = true end
  return reference.append(link.words(job, old), reference.new())
end

local function body_of(job, message)
  return { properties = {
    privateLinkResourceId = job.target_id, groupId = job.group, requestMessage = message,
  } }
end

local function send(job, message, replica)
  return job:write(job.client, "PUT", job:link_id(replica), body_of(job, message), "azure-async-operation")
end

local ended = { Failed = true, Canceled = true }

--- Asks for a link again that failed or timed out.
---@param job table
---@param message string
---@param replica string?
---@return any ok
---@return azure.Error? err
function link.put(job, message, replica)
  local ok, err = link.write(job, "create", function() return send(job, message, replica) end, function()
    local now, err = link.read(job, replica)
    return now and now.status ~= "Timeout" and not ended[now.provisioning_state] and now or nil, err
  end)
  return ok, err
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

--- Remembers a link's reference. Who else asks for the link meanwhile replaces
--- its message; the connection goes on carrying the one that it was opened with.
---@param job table
---@param seen table
function link.learn(job, seen)
  local ref = reference.find(seen.message)
  if not ref then return end
  job.known[seen.owner] = job.known[seen.owner] or {}
  job.known[seen.owner][ref] = true
end

local function take_over(job, existing)
  job.link = existing
  job.link_message = existing.message
  job.reference = reference.find(existing.message)
  job.adopted = not job.created
  link.learn(job, existing)
end

local function wait_gone(job)
  local round = 0
  while true do
    local now, err = link.find(job)
    if err and not trouble.is_transient(err) then return nil, err end
    if not err and (not now or now.provisioning_state ~= "Deleting") then return true, nil, now end
    if job:left() <= 0 then return nil, job:too_late("the old link is still being deleted") end
    job:emit("create", "wait", "waiting until the old link is deleted")
    local ok
    ok, err = job:pause(round)
    if not ok then return nil, err end
    round = round + 1
  end
end

local function ask_again(job, existing)
  local state = existing.provisioning_state:lower()
  job:emit("create", "start", ("link '%s' is %s; asking for it again"):format(job.name, state))
  local message = reference.find(existing.message) and existing.message or link.fresh_message(job, existing)
  local ok, err = link.put(job, message)
  if not ok then return nil, err end
  job.repeated = true
  local now
  now, err = link.read(job)
  if err then return nil, err end
  if now then take_over(job, now) end
  return true
end

local function adopt(job, existing)
  local err = link.mismatch(job, existing)
  if err then return nil, err end
  take_over(job, existing)
  job:emit("create", "done", ("link '%s' exists already"):format(job.name), { reference = job.reference })
  if ended[existing.provisioning_state] then return ask_again(job, existing) end
  return true
end

-- Our PUT went through. If the link has another message now, somebody asked for
-- it at the same time: its connection may carry either reference, and may have
-- been there before our request.
local function created(job, call, message, baseline)
  job.created = true
  link.learn(job, { owner = "signalr", message = message })
  job.reference, job.link_message = reference.find(message), message
  local now, err = link.find(job)
  if err then return nil, err end
  err = now and link.mismatch(job, now)
  if err then return nil, err end
  if not now or now.message == message then job.baseline = baseline end
  if now then take_over(job, now) end
  job:emit("create", "done", ("link '%s' is created"):format(job.name), {
    reference = job.reference, request_id = call.request_id, correlation_id = call.correlation_id,
  })
  return true
end

local function create(job, list_baseline)
  local baseline, err = list_baseline(job)
  if err then return nil, err end
  local ref = reference.new()
  local message = reference.append(job.message, ref)
  job:emit("create", "start", ("creating link '%s' to %s"):format(job.name, job.upstream.name),
    { reference = ref, request_message = message })
  local call, there
  call, err, there = link.write(job, "create", function() return send(job, message) end,
    function() return link.find(job) end)
  if not call then return nil, err end
  if not there then return created(job, call, message, baseline) end
  if there.message == message then return created(job, {}, message, baseline) end
  return adopt(job, there)
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
  local ok, existing
  ok, err = link.wait_idle(job)
  if not ok then return nil, err end
  ok, err, existing = wait_gone(job)
  if not ok then return nil, err end
  if existing then
    ok, err = adopt(job, existing)
  else
    ok, err = create(job, list_baseline)
  end
  if not ok then return nil, err end
  job:mark("link")
  return true
end

return link
