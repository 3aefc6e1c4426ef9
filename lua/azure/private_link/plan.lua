--- What establish would do, and what speaks against it. Reads only.

local checks = require "azure.private_link.checks"
local errors = require "azure.errors"
local facts_module = require "azure.private_link.facts"
local job_module = require "azure.private_link.job"
local reference = require "azure.private_link.reference"

local plan = {}

--- The findings of the preflight.
---@param job table
---@param depth string "short" (what would stop establish) or "deep"
---@return table[]? findings
---@return azure.Error? err
function plan.check(job, depth)
  job.facts = facts_module.new(job)
  return checks.run(job, job.facts, depth == "deep")
end

--- The one error of all findings that are errors; nil when there is none.
---@param findings table[]
---@return azure.Error?
function plan.refusal(findings)
  local texts, hints, first = {}, {}, nil
  for _, finding in ipairs(findings) do
    if finding.severity == "error" then
      first = first or finding
      texts[#texts + 1] = finding.message
      hints[#hints + 1] = finding.hint
    end
  end
  if not first then return nil end
  return errors.new{
    kind = "refused", code = first.code, target = first.target, message = table.concat(texts, "; "),
    hint = table.concat(hints, "; "), findings = findings,
  }
end

local function call(who, method, path, body, note)
  return { who = who, method = method, path = path, body = body, note = note }
end

local function link_body(job)
  return { properties = {
    privateLinkResourceId = job.target_id, groupId = job.group,
    requestMessage = reference.append(job.message, "AZL-<random>"),
  } }
end

local function approval_body(job)
  return { properties = { privateLinkServiceConnectionState = {
    status = "Approved", description = reference.append(job.message, "AZL-<random>"), actionsRequired = "None",
  } } }
end

local function add_waits(job, calls, link, approver)
  calls[#calls + 1] = call("creator", "GET", job:link_id(), nil, "until provisioningState is Succeeded")
  calls[#calls + 1] = call(approver, "GET", job.upstream.id .. "/privateEndpointConnections", nil,
    "until exactly one is ours: match by " .. job.match)
  if link and link.status == "Approved" then return end
  if not job.approve then
    calls[#calls + 1] = call("another team", "PUT", job.upstream.id .. "/privateEndpointConnections/<connection>",
      approval_body(job), "from the hand-off")
    return
  end
  calls[#calls + 1] = call(approver, "PUT", job.upstream.id .. "/privateEndpointConnections/<connection>",
    approval_body(job), "approves that one, once per replica")
  calls[#calls + 1] = call("creator", "GET", job:link_id(), nil, "until status is Approved")
end

--- The calls that establish would make, in order; reads that repeat stand once.
local function calls_of(job, ok)
  if not ok then return {} end
  local link = job.facts:get("link")
  local approver = job.own_approval and "creator" or "approver"
  local calls = {}
  if link and link.status == "Approved" and link.provisioning_state == "Succeeded" then return calls end
  if not link then
    calls[#calls + 1] = call(approver, "GET", job.upstream.id .. "/privateEndpointConnections", nil, "the baseline")
    calls[#calls + 1] = call("creator", "PUT", job:link_id(), link_body(job), "creates the link")
  end
  add_waits(job, calls, link, approver)
  return calls
end

local plan_mt = { __name = "azure.private_link.plan" }

local marks = { error = "x", warning = "!", info = "-" }

local function last_two(path)
  return "..." .. (path:match("(/[^/]+/[^/]+)$") or path)
end

function plan_mt.__tostring(self)
  local out = { ("plan for link '%s': %s"):format(self.name, self.ok and "nothing speaks against it"
    or "it cannot be established like this") }
  for _, finding in ipairs(self.findings) do
    out[#out + 1] = ("  %s %s  [%s]"):format(marks[finding.severity], finding.message, finding.code)
    if finding.hint then out[#out + 1] = "      " .. finding.hint end
  end
  if not self.ok then return table.concat(out, "\n") end
  if #self.calls == 0 then out[#out + 1] = "  nothing to do: it is established" end
  for i, item in ipairs(self.calls) do
    out[#out + 1] = ("  %d. %-8s %-4s %s  (%s)"):format(i, item.who, item.method, last_two(item.path), item.note)
  end
  return table.concat(out, "\n")
end

--- See `azure.private_link.plan`.
function plan.run(client, spec)
  local job = job_module.new(client, spec, "private_link.plan", { "signalr", "upstream", "name" })
  local findings, err = plan.check(job, "deep")
  if not findings then return nil, err end
  local ok = plan.refusal(findings) == nil
  return setmetatable({
    name = job.name, ok = ok, findings = findings, calls = calls_of(job, ok),
    signalr = job.signalr and job.signalr.id, upstream = job.upstream and job.upstream.id, group = job.group,
  }, plan_mt)
end

return plan
