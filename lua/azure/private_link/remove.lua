--- Takes the link away again, and looks whether its connections are gone.
-- It deletes the link and nothing else: what it did not create it only lists.

local bind = require "azure.private_link.bind"
local errors = require "azure.errors"
local job_module = require "azure.private_link.job"
local link_module = require "azure.private_link.link"
local lock = require "azure.private_link.lock"
local reference = require "azure.private_link.reference"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"

local remove = {}

local function list_connections(job)
  if not job.upstream then return {} end
  local raw, err = job:list(job.approver, job.upstream.id .. "/privateEndpointConnections",
    { api_version = job.spec.api_version })
  if not raw then return nil, err end
  local connections = {}
  for i, item in ipairs(raw) do connections[i] = states.connection(item) end
  return connections
end

-- Where the spec names no upstream, the link does; a slot is in its group.
local function learn_upstream(job, link)
  if job.upstream then return true end
  local target = link.target
  local slot = (link.group or ""):match("^sites%-(.+)$")
  if target and slot then target = resource_id.child(target, "slots", slot) end
  local parsed, err = resource_id.parse(target or "")
  if not parsed then return nil, err end
  job.upstream, job.target_id, job.group = parsed, link.target, link.group
  return true
end

-- Ours for sure: with the reference of the link that we delete. Without one
-- nobody can tell, and then nothing is waited for.
local function ours_among(job, connections)
  local ours = {}
  for _, connection in ipairs(connections) do
    if reference.carries(connection.description, job.reference) then ours[#ours + 1] = connection end
  end
  return ours
end

local function delete_link(job)
  local turn <close>, err = lock.acquire(job.signalr.id, job.deadline)
  if not turn then return nil, err end
  local ok
  ok, err = link_module.wait_idle(job)
  if not ok then return nil, err end
  ok, err = link_module.write(job, "delete", function()
    local done, failure = job:write(job.client, "DELETE", job:link_id(), nil, "location")
    if not done and failure.status == 404 then return true end
    return done, failure
  end, function()
    local now, failure = link_module.read(job)
    return now == nil and failure == nil
  end)
  if not ok then return nil, err end
  -- The operation ends before SignalR takes the next write
  -- (azure-rest-api-specs#23068).
  ok, err = link_module.wait_idle(job)
  return ok, err
end

local function key_set(connections)
  local set = {}
  for _, connection in ipairs(connections) do set[resource_id.key(connection.id)] = true end
  return set
end

local function still_there(before, now)
  local left = {}
  for _, connection in ipairs(now) do
    if before[resource_id.key(connection.id)] then left[#left + 1] = connection end
  end
  return left
end

-- Waits until our connections are gone; what stays is an orphan.
local function wait_connections(job, ours)
  local before, round = key_set(ours), 0
  local until_time = math.min(job.deadline, job:now() + 600)
  while true do
    local now, err = list_connections(job)
    if not now and not job_module.is_transient(err) then return nil, err end
    local left = still_there(before, now or ours)
    if #left == 0 then return {} end
    if job:now() >= until_time then return left end
    job:emit("delete", "wait", #left == 1
      and "waiting until the connection on the upstream is gone"
      or ("waiting until %d connections on the upstream are gone"):format(#left))
    local ok
    ok, err = job:pause(round)
    if not ok then return nil, err end
    round = round + 1
  end
end

-- Disconnected ones of the link's name are likely leftovers of earlier links.
local function leftovers(job, left)
  local seen, orphans = key_set(left), {}
  for _, connection in ipairs(left) do
    orphans[#orphans + 1] = { id = connection.id, name = connection.name, status = connection.status,
      why = "it carries the link's reference" }
  end
  for _, connection in ipairs(list_connections(job) or {}) do
    local clues = bind.evidence(connection, job:want{ { message = job.link_message } })
    if connection.status == "Disconnected" and clues.name and not seen[resource_id.key(connection.id)] then
      orphans[#orphans + 1] = { id = connection.id, name = connection.name, status = connection.status,
        why = "it is disconnected and has the link's name" }
    end
  end
  return orphans
end

local report_mt = { __name = "azure.private_link.removal" }

function report_mt.__tostring(self)
  local out = { self.changed and ("link '%s' removed"):format(self.name)
    or ("link '%s' was not there; nothing changed"):format(self.name) }
  for _, orphan in ipairs(self.orphans) do
    out[#out + 1] = ("  left on the upstream: %s (%s: %s)"):format(orphan.name, orphan.status, orphan.why)
  end
  return table.concat(out, "\n")
end

local function finish(job, changed, orphans)
  job:mark("total")
  for _, orphan in ipairs(orphans) do
    job:emit("delete", "warn", ("connection '%s' is still on the upstream"):format(orphan.name),
      { connection = orphan.id })
  end
  job:emit("delete", "done", changed and ("link '%s' is removed"):format(job.name)
    or ("link '%s' was not there"):format(job.name), { changed = changed })
  return setmetatable({
    name = job.name, link = job:link_id(), changed = changed, orphans = orphans, timings = job.timings,
    request_ids = job.request_ids,
  }, report_mt)
end

local function run(job)
  local ok, err = job:ids_ok()
  if not ok then return nil, err end
  local existing
  existing, err = link_module.read(job)
  if err then return nil, err end
  if not existing then return finish(job, false, job.upstream and leftovers(job, {}) or {}) end
  err = job.upstream and link_module.mismatch(job, existing)
  if err then return nil, err end
  ok, err = learn_upstream(job, existing)
  if not ok then return nil, err end
  job.reference, job.link_message = reference.find(existing.message), existing.message
  local connections = list_connections(job) or {}
  job:emit("delete", "start", ("removing link '%s'"):format(job.name))
  ok, err = delete_link(job)
  if not ok then return nil, err end
  job:mark("deleted")
  local left
  left, err = wait_connections(job, ours_among(job, connections))
  if not left then return nil, err end
  return finish(job, true, leftovers(job, left))
end

--- See `azure.private_link.remove`.
function remove.run(client, spec)
  local job = job_module.new(client, spec, "private_link.remove", { "signalr", "name" })
  local result, err = run(job)
  if err then job:emit("delete", "fail", err.message, { code = err.code, hint = err.hint }) end
  return result, err
end

local group_options = { confirm = true, timeout = true, on_event = true }

--- See `azure.private_link.remove_group`.
function remove.group(client, id, opts)
  opts = errors.check_options(opts, group_options, "private_link.remove_group", 3)
  if type(client) ~= "table" or not client.core then
    errors.raise("private_link.remove_group: 'client' must be a client of azure.client")
  end
  local parsed, err = resource_id.parse(resource_id.text(id) or id)
  if not parsed then return nil, err end
  if parsed.type ~= "Microsoft.Resources/resourceGroups" then
    error("private_link.remove_group: 'id' must be the id of a resource group", 3)
  end
  if opts.confirm ~= parsed.name then
    error(("private_link.remove_group: 'confirm' must be the group's name, '%s': all that is in it goes")
      :format(parsed.name), 3)
  end
  local _
  _, err = client:delete(parsed.id, nil, { timeout = opts.timeout or 3600 })
  if err and err.status ~= 404 then return nil, err end
  return true
end

return remove
