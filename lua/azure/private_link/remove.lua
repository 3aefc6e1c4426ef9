--- Takes the link away again, and looks whether its connections are gone.
-- It deletes the link and nothing else: what it did not create it only lists.

local bind = require "azure.private_link.bind"
local connections = require "azure.private_link.connections"
local errors = require "azure.errors"
local job_module = require "azure.private_link.job"
local link_module = require "azure.private_link.link"
local lock = require "azure.private_link.lock"
local observe = require "azure.private_link.observe"
local reference = require "azure.private_link.reference"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"
local trouble = require "azure.private_link.trouble"

local remove = {}

-- Seconds for which connections that are surely ours are waited for.
local CLOSING_TIME = 600

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

-- The references of the link and of its replicas' copies: what tells our
-- connections once the link is gone.
local function learn_references(job, link)
  local names, err = link_module.replicas(job)
  if not names and not trouble.is_denied(err) then return nil, err end
  job.replica_names = names or {}
  job.links, err = observe.links(job)
  if not job.links then return nil, err end
  job.reference, job.link_message = reference.find(link.message), link.message
  if not job.reference then
    job:warn("ForeignLink", "the link carries no reference of this library: another tool may have made it",
      "which connection was its own can only be told by the name")
  end
  return true
end

-- Another team's connections are out of sight; then the report says so.
local function list_connections(job)
  if not job.upstream or job.unseen then return {} end
  local list, err = connections.list(job)
  if list then return list end
  if not (trouble.is_denied(err) or err.status == 404) then return nil, err end
  job.unseen = err
  job:warn("UpstreamNotReadable",
    ("the upstream's connections cannot be read (%s), so nobody looked whether they are gone"):format(
      err.code or err.message),
    "ask the upstream's owner, or give a client that may look: approve=client")
  return {}
end

-- What makes a connection the link's, for all that can be told; and whether it
-- is waited for. Another link's reference says that it is another link's.
local function claim(job, connection)
  local clues = bind.evidence(connection, job:want(job.links or {}))
  if clues.reference then return "it carries the link's reference", "sure" end
  if not clues.name then return nil end
  if job.links and clues.other_reference then return nil, "another's" end
  if not job.links then
    return "it has the link's name; the link is gone, so its reference cannot be compared",
      (clues.other_reference or connection.status == "Approved") and "likely" or nil
  end
  if clues.contradicted then return "it has the link's name, but not its message" end
  return "it has the link's name", "likely"
end

local function entry_of(connection, why)
  return { id = connection.id, name = connection.name, status = connection.status, why = why }
end

-- Those of the list that are the link's or may be, and those of its name that
-- are another link's.
local function sort(job, list)
  local sorted = { all = {}, sure = {}, likely = {}, others = {} }
  for _, connection in ipairs(list) do
    if states.is_of_group(connection, job.group or "") or not job.group then
      local why, weight = claim(job, connection)
      if why then sorted.all[#sorted.all + 1] = entry_of(connection, why) end
      if weight == "another's" then
        sorted.others[#sorted.others + 1] = entry_of(connection, "it carries the reference of another link")
      elseif weight then
        sorted[weight][#sorted[weight] + 1] = connection
      end
    end
  end
  return sorted
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
    local now, failure = link_module.find(job)
    return now == nil and failure == nil or nil, failure
  end)
  if not ok then return nil, err end
  local call = type(ok) == "table" and ok or {}
  job:emit("delete", "wait", ("link '%s' is deleted"):format(job.name),
    { request_id = call.request_id, correlation_id = call.correlation_id })
  -- The operation ends before SignalR takes the next write
  -- (azure-rest-api-specs#23068).
  ok, err = link_module.wait_idle(job)
  return ok, err
end

-- Waits until our connections are gone: for long where it is sure that they are
-- ours, for a while where only the name says so.
local function wait_connections(job)
  local started, round = job:now(), 0
  while true do
    local list, err = list_connections(job)
    if not list and not trouble.is_transient(err) then return nil, err end
    local sorted = list and sort(job, list)
    local patience = sorted and #sorted.sure == 0 and job.grace or CLOSING_TIME
    local is_over = job:now() - started >= patience or job:left() <= 0
    if sorted and (#sorted.sure + #sorted.likely == 0 or is_over) then return sorted end
    if is_over then return nil, job:out_of_time(err) end
    local count = sorted and #sorted.sure + #sorted.likely
    job:emit("delete", "wait", not count and "waiting until the upstream answers"
      or count == 1 and "waiting until the connection on the upstream is gone"
      or ("waiting until %d connections on the upstream are gone"):format(count))
    local ok
    ok, err = job:pause(round)
    if not ok then return nil, err end
    round = round + 1
  end
end

local report_mt = { __name = "azure.private_link.removal" }

function report_mt.__tostring(self)
  local out = { self.changed and ("link '%s' removed"):format(self.name)
    or ("link '%s' was not there; nothing changed"):format(self.name) }
  for _, orphan in ipairs(self.orphans) do
    out[#out + 1] = ("  left on the upstream: %s (%s: %s)"):format(orphan.name, orphan.status, orphan.why)
  end
  for _, warning in ipairs(self.warnings) do out[#out + 1] = "  warning: " .. warning.message end
  return table.concat(out, "\n")
end

local function finish(job, changed, sorted)
  job:mark("total")
  for _, orphan in ipairs(sorted.all) do
    job:emit("delete", "warn", ("connection '%s' is still on the upstream: %s"):format(orphan.name, orphan.why),
      { connection = orphan.id, status = orphan.status })
  end
  job:emit("delete", "done", changed and ("link '%s' is removed"):format(job.name)
    or ("link '%s' was not there"):format(job.name), { changed = changed, request_ids = job.request_ids })
  return setmetatable({
    name = job.name, link = job:link_id(), changed = changed, orphans = sorted.all, others = sorted.others,
    confirmed = job.upstream ~= nil and not job.unseen and #sorted.sure + #sorted.likely == 0,
    warnings = job.warnings, timings = job.timings, request_ids = job.request_ids,
  }, report_mt)
end

local function prepare(job, existing)
  local err = job.upstream and link_module.mismatch(job, existing)
  if err then return nil, err end
  local ok
  ok, err = learn_upstream(job, existing)
  if not ok then return nil, err end
  ok, err = learn_references(job, existing)
  if not ok then return nil, err end
  -- Whoever cannot look now could not confirm later either: know it before.
  ok, err = list_connections(job)
  return ok, err
end

local function run(job)
  local ok, err = job:ids_ok()
  if not ok then return nil, err end
  local existing
  existing, err = link_module.find(job)
  if err then return nil, err end
  job:identify()
  if existing then
    ok, err = prepare(job, existing)
    if not ok then return nil, err end
    job:emit("delete", "start", ("removing link '%s'"):format(job.name), { reference = job.reference })
    ok, err = delete_link(job)
    if not ok then return nil, err end
    job:mark("deleted")
  end
  local sorted
  sorted, err = wait_connections(job)
  if not sorted then return nil, err end
  return finish(job, existing ~= nil, sorted)
end

--- See `azure.private_link.remove`.
function remove.run(client, spec)
  local job = job_module.new(client, spec, "private_link.remove", { "signalr", "name" })
  local result, err = run(job)
  if err and job:left() <= 0 then err = job:out_of_time(err) end
  if err then job:emit("delete", "fail", err.message, { code = err.code, hint = err.hint }) end
  return result, err
end

local group_options = { confirm = true, timeout = true, on_event = true }

--- See `azure.private_link.remove_group`.
function remove.group(client, id, opts)
  opts = errors.check_options(opts, group_options, "private_link.remove_group")
  if type(client) ~= "table" or not client.core then
    errors.raise("private_link.remove_group: 'client' must be a client of azure.client")
  end
  local parsed, err = resource_id.parse(resource_id.text(id) or id)
  if not parsed then return nil, err end
  if parsed.type ~= "Microsoft.Resources/resourceGroups" then
    errors.raise("private_link.remove_group: 'id' must be the id of a resource group")
  end
  if opts.confirm ~= parsed.name then
    errors.raise(("private_link.remove_group: 'confirm' must be the group's name, '%s': all that is in it goes")
      :format(parsed.name))
  end
  local _
  _, err = client:delete(parsed.id, nil, { timeout = opts.timeout or 3600 })
  if err and err.status ~= 404 then return nil, err end
  return true
end

return remove
