--- What establish would do, and what speaks against it. Reads only.

local checks = require "azure.private_link.checks"
local errors = require "azure.errors"
local facts_module = require "azure.private_link.facts"
local job_module = require "azure.private_link.job"
local json = require "azure.json"
local plan_calls = require "azure.private_link.plan_calls"

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

local plan_mt = { __name = "azure.private_link.plan" }

local marks = { error = "x", warning = "!", info = "-" }

local function add_call(out, i, item)
  out[#out + 1] = ("  %d. %-8s %-4s %s  (%s)"):format(i, item.who, item.method, item.path, item.note)
  if item.body then out[#out + 1] = "      " .. json.encode(item.body) end
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
  for i, item in ipairs(self.calls) do add_call(out, i, item) end
  return table.concat(out, "\n")
end

--- See `azure.private_link.plan`.
function plan.run(client, spec)
  local job = job_module.new(client, spec, "private_link.plan", { "signalr", "upstream", "name" })
  local findings, err = plan.check(job, "deep")
  if not findings then return nil, err end
  local ok = plan.refusal(findings) == nil
  local calls = ok and plan_calls.of(job) or {}
  if job.facts.failure then return nil, job.facts.failure end
  return setmetatable({
    name = job.name, ok = ok, findings = findings, calls = calls,
    signalr = job.signalr and job.signalr.id, upstream = job.upstream and job.upstream.id, group = job.group,
  }, plan_mt)
end

return plan
