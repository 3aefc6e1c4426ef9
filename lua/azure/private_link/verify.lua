--- Proves it: both ends Approved, what doors stay open, what the upstream saw.

local bind = require "azure.private_link.bind"
local connections = require "azure.private_link.connections"
local core = require "azure.core"
local doors = require "azure.private_link.doors"
local errors = require "azure.errors"
local job_module = require "azure.private_link.job"
local link_module = require "azure.private_link.link"
local probe = require "azure.private_link.probe"
local reference = require "azure.private_link.reference"
local trouble = require "azure.private_link.trouble"

local verify = {}

local function check(name, ok, text)
  return { name = name, ok = ok, message = text }
end

local function look_at_link(job)
  local link, err = link_module.read(job)
  if err then return nil, err end
  if not link then return { check("link", false, ("there is no link '%s'"):format(job.name)) } end
  err = link_module.mismatch(job, link)
  if err then return { check("link", false, err.message) } end
  job.link, job.link_message, job.reference = link, link.message, reference.find(link.message)
  local ok = link.status == "Approved" and link.provisioning_state == "Succeeded"
  return { check("link", ok, ("SignalR's link is %s, %s"):format(link.status, link.provisioning_state)) }
end

local function look_at_replicas(job, checks)
  job.links = { job.link }
  local replicas, err = link_module.replicas(job)
  if not replicas then return nil, err end
  for _, replica in ipairs(replicas) do
    local link
    link, err = link_module.read(job, replica)
    if err then return nil, err end
    job.links[#job.links + 1] = link or { owner = replica, name = job.name, missing = true }
    local status = link and link.status or "missing"
    checks[#checks + 1] = check("replica " .. replica, status == "Approved",
      ("the link of replica '%s' is %s"):format(replica, status))
  end
  return true
end

-- The match of the spec; but what is already approved needs no more proof than
-- there is: where no description has the reference, the name has to do.
local function find_ours(job, list)
  local want = job:want(job.links)
  local match = job.match == "baseline" and "name" or job.match
  local found = bind.sort(list, want, match, job.explicit)
  local count = #found.approved + #found.pending + #found.rejected + #found.disconnected + #found.other
  if count > 0 or job.explicit or match == "name" then return found end
  return bind.sort(list, want, "name")
end

local how = { name = " (known by its name)", explicit = " (chosen)" }

local function tell_status(checks, entry)
  checks[#checks + 1] = check("connection", entry.status == "Approved",
    ("connection '%s' is %s%s"):format(entry.name, entry.status, how[entry.evidence] or ""))
end

-- Among those that only their name tells, a look-alike is no finding.
local function tell_all(found, checks)
  for _, entry in ipairs(found.approved) do tell_status(checks, entry) end
  for _, list in ipairs{ found.rejected, found.disconnected, found.pending, found.other } do
    for _, entry in ipairs(list) do
      if entry.evidence ~= "name" or #found.approved == 0 then tell_status(checks, entry) end
    end
  end
end

local function tell_count(job, found, checks)
  local approved, expected = #found.approved, #job.links
  if job.explicit then expected = math.min(expected, #job.explicit) end
  if approved == expected or #checks == 0 then return end
  checks[#checks + 1] = check("connections", false,
    ("approved connections: %d, expected: %d"):format(approved, expected))
end

local function look_at_connections(job, checks)
  if not job.link then return true end
  local list, err = connections.list(job)
  if not list then
    if not trouble.is_denied(err) then return nil, err end
    checks[#checks + 1] = check("connection", false,
      ("the upstream's connections cannot be read: %s"):format(err.code or err.message))
    job:warn("UpstreamNotReadable", "the upstream's end is not verified", "give a client that may look: approve=client")
    return true
  end
  local found, own = find_ours(job, list), {}
  tell_all(found, own)
  if #own == 0 then
    own[1] = check("connection", false, "no connection on the upstream has the link's evidence")
  else
    tell_count(job, found, own)
  end
  table.move(own, 1, #own, #checks + 1, checks)
  job.connection = found.approved[1] or found.pending[1] or found.rejected[1] or found.disconnected[1]
  job.connections = found.approved
  return true
end

local function not_a_list()
  return errors.new{
    kind = "protocol", code = "NotAProbe", message = "the probe gave no list of calls",
    hint = "probe= must give { { at =, forwarded_for =, signature = }, ... }, or nil and an error",
  }
end

local function asker(job)
  local given = job.spec.probe
  if type(given) ~= "function" then return probe.http(given, job.spec.probe_headers, job.client.cloud) end
  return function(seconds)
    local calls, err = given(seconds)
    if type(calls) ~= "table" and err == nil then return nil, not_a_list() end
    return calls, err
  end
end

local UNSEEN = "not yet seen"

-- After the approval the public door is shut, for us too: that is no verdict
-- about the path, and what was checked so far stands.
local function closed(job, result, err)
  result.probe = { verdict = UNSEEN, evidence = {}, ignored = 0, error = err }
  job:warn("ProbeClosed", "the probe answered with 403: the upstream is closed to the public",
    "ask it from inside its network, or from its own log, with probe=function")
  return true
end

-- Asks until there is a verdict. A probe that does not answer is not yet one.
local function ask_upstream(job, result)
  local ask, since = asker(job), job.spec.since or core.loop():wall()
  local deadline, round = math.min(job.deadline, job:now() + (job.spec.probe_timeout or 120)), 0
  result.probe = { verdict = UNSEEN, evidence = {}, ignored = 0 }
  while true do
    local calls, err = ask(deadline - job:now())
    if calls then
      result.probe = probe.judge(calls, since)
    elseif errors.is(err) and err.status == 403 then
      return closed(job, result, err)
    elseif not (errors.is(err) and trouble.is_transient(err)) or err.code == "NotAProbe" then
      return nil, err
    else
      result.probe.error = err
    end
    if result.probe.verdict ~= UNSEEN or job:now() >= deadline then return true end
    job:emit("probe", "wait", "waiting until the upstream sees a call")
    local ok
    ok, err = job:pause(round)
    if not ok then return nil, err end
    round = round + 1
  end
end

local report_mt = { __name = "azure.private_link.verification" }

function report_mt.__tostring(self)
  local out = { ("path '%s': %s"):format(self.name, self.ok and "verified" or "NOT verified") }
  for _, item in ipairs(self.checks) do
    out[#out + 1] = ("  %s %s"):format(item.ok and "+" or "x", item.message)
  end
  local seen = self.probe and self.probe.evidence[1]
  if self.probe then
    out[#out + 1] = ("  %s traffic: %s%s"):format(self.probe.verdict == "private" and "+" or "x", self.probe.verdict,
      seen and (" (%s, %s)"):format(seen.ip, seen.range) or "")
  end
  for _, warning in ipairs(self.warnings) do out[#out + 1] = "  ! " .. warning.message end
  return table.concat(out, "\n")
end

local function all_ok(checks)
  for _, item in ipairs(checks) do
    if not item.ok then return false end
  end
  return true
end

local function run(job)
  local ok, err = job:ids_ok()
  if not ok then return nil, err end
  local checks
  checks, err = look_at_link(job)
  if not checks then return nil, err end
  job:identify()
  ok, err = look_at_replicas(job, checks)
  if not ok then return nil, err end
  ok, err = look_at_connections(job, checks)
  if not ok then return nil, err end
  local result = {
    name = job.name, checks = checks, warnings = job.warnings, link = job.link, links = job.links,
    connection = job.connection, connections = job.connections or {}, doors = doors.read(job),
  }
  if job.spec.probe then
    ok, err = ask_upstream(job, result)
    if not ok then return nil, err end
    result.verdict = result.probe.verdict
  end
  result.ok = all_ok(checks) and (result.verdict == nil or result.verdict == "private")
  job:emit("verify", result.ok and "done" or "fail", ("verified: %s"):format(result.verdict or tostring(result.ok)),
    { checks = checks, verdict = result.verdict })
  return setmetatable(result, report_mt)
end

--- See `azure.private_link.verify`.
function verify.run(client, spec)
  local job = job_module.new(client, spec, "private_link.verify", { "signalr", "upstream", "name" })
  local result, err = run(job)
  if err and job:left() <= 0 then err = job:out_of_time(err) end
  return result, err
end

return verify
