--- Proves it: both ends Approved, what doors stay open, what the upstream saw.

local bind = require "azure.private_link.bind"
local core = require "azure.core"
local errors = require "azure.errors"
local job_module = require "azure.private_link.job"
local link_module = require "azure.private_link.link"
local probe = require "azure.private_link.probe"
local reference = require "azure.private_link.reference"
local states = require "azure.private_link.states"

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
    job.links[#job.links + 1] = link
    local status = link and link.status or "missing"
    checks[#checks + 1] = check("replica " .. replica, status == "Approved",
      ("the link of replica '%s' is %s"):format(replica, status))
  end
  return true
end

-- The match of the spec, but what is already approved needs no more proof than
-- there is: without a reference the name has to do.
local function look_at_connections(job, checks)
  if not job.link then return true end
  local raw, err = job:list(job.approver, job.upstream.id .. "/privateEndpointConnections",
    { api_version = job.spec.api_version })
  if not raw then return nil, err end
  local connections = {}
  for i, item in ipairs(raw) do connections[i] = states.connection(item) end
  local match = job.reference and job.match or "name"
  local found = bind.sort(connections, job:want(job.links), match == "baseline" and "name" or match, job.explicit)
  local ours = found.approved[1] or found.pending[1] or found.rejected[1] or found.disconnected[1]
  if not ours then
    checks[#checks + 1] = check("connection", false, "no connection on the upstream has the link's evidence")
    return true
  end
  checks[#checks + 1] = check("connection", ours.status == "Approved",
    ("connection '%s' is %s"):format(ours.name, ours.status))
  job.connection = ours
  return true
end

local function restrictions(config)
  local properties = type(config.properties) == "table" and config.properties or {}
  local list, out = properties.ipSecurityRestrictions, {}
  for _, rule in ipairs(type(list) == "table" and list or {}) do
    if type(rule) == "table" then
      out[#out + 1] = { name = rule.name, action = rule.action, address = rule.ipAddress, priority = rule.priority }
    end
  end
  return out
end

-- What else may come in. Not every credential may see it, and that is no
-- failure of the path.
local function look_at_doors(job, result)
  local upstream, err = job:get(job.approver, job.upstream.id)
  if not upstream then
    result.doors = { error = tostring(err) }
    return
  end
  local properties = type(upstream.properties) == "table" and upstream.properties or {}
  local access = properties.publicNetworkAccess
  result.doors = { public_network_access = type(access) == "string" and access or "not set" }
  if job.upstream.provider:lower() == "microsoft.web" then
    local config = job:get(job.approver, job.upstream.id .. "/config/web")
    result.doors.restrictions = config and restrictions(config) or nil
  end
  if result.doors.public_network_access:lower() == "enabled" then
    job:warn("PublicAccessEnabled", "the upstream still takes calls from the public network",
      "approval alone does not close the public door: set publicNetworkAccess to Disabled")
  end
end

local function asker(job)
  local given = job.spec.probe
  if type(given) == "function" then return given end
  return probe.http(given, job.spec.probe_headers, job.client.cloud)
end

-- Asks until there is a verdict. A probe that does not answer is not yet one.
local function ask_upstream(job, result)
  local ask, since = asker(job), job.spec.since or core.loop():wall()
  local deadline, round = job:now() + (job.spec.probe_timeout or 120), 0
  while true do
    local calls, err = ask()
    if calls then
      result.probe = probe.judge(calls, since)
    elseif not (errors.is(err) and job_module.is_transient(err)) then
      return nil, err
    end
    local verdict = result.probe and result.probe.verdict
    if verdict == "private" or verdict == "public" then return true end
    if job:now() >= deadline then break end
    job:emit("probe", "wait", "waiting until the upstream sees a call")
    local ok
    ok, err = job:pause(round)
    if not ok then return nil, err end
    round = round + 1
  end
  result.probe = result.probe or { verdict = "not yet seen", evidence = {}, ignored = 0 }
  return true
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
  ok, err = look_at_replicas(job, checks)
  if not ok then return nil, err end
  ok, err = look_at_connections(job, checks)
  if not ok then return nil, err end
  local result = {
    name = job.name, checks = checks, warnings = job.warnings, link = job.link, connection = job.connection,
  }
  look_at_doors(job, result)
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
  return run(job)
end

return verify
