--- The calls that establish would make, in order, from what the plan has read.
-- Reads that repeat stand once; polls of an operation have URLs that only its
-- answer knows.

local link_module = require "azure.private_link.link"
local reference = require "azure.private_link.reference"

local plan_calls = {}

local UNKNOWN = "AZL-<random>"

local Calls = {}
Calls.__index = Calls

function Calls:add(who, method, path, body, note)
  self.list[#self.list + 1] = { who = who, method = method, path = path, body = body, note = note }
end

local function connections_path(job)
  return job.upstream.id .. "/privateEndpointConnections"
end

local function link_path(job, link)
  return job:link_id(link and link.owner ~= "signalr" and link.owner or nil)
end

local function put_body(job, message)
  return { properties = {
    privateLinkResourceId = job.target_id, groupId = job.group, requestMessage = message,
  } }
end

local function add_preflight(calls, job)
  local approver = calls.approver
  calls:add("creator", "GET", job.signalr.id, nil, "SignalR, and whether it takes writes")
  calls:add(approver, "GET", job.upstream.id, nil, "the upstream")
  if job.own_approval and job.signalr.subscription_id:lower() ~= job.upstream.subscription_id:lower() then
    calls:add("creator", "GET", "/subscriptions/" .. job.signalr.subscription_id, nil, "SignalR's tenant")
    calls:add(approver, "GET", "/subscriptions/" .. job.upstream.subscription_id, nil, "the upstream's tenant")
  end
  calls:add("creator", "GET", job:link_id(), nil, "the link, if there is one")
  calls:add("creator", "GET", job.signalr.id .. "/privateLinkResources", nil, "what can be linked to")
  local farm = job.facts:get("server_farm")
  if not farm then return end
  calls:add(approver, "GET", job.facts:properties("upstream").serverFarmId, nil, "the App Service plan")
end

local function add_creation(calls, job)
  calls:add("creator", "GET", job.signalr.id .. "/sharedPrivateLinkResources", nil, "whether there is none indeed")
  calls:add(calls.approver, "GET", connections_path(job), nil, "the baseline")
  calls:add("creator", "PUT", job:link_id(), put_body(job, calls.message), "creates the link; polled to its end")
end

local ended = { Failed = true, Canceled = true }

-- A link that failed or timed out is asked for again.
local function add_repetitions(calls, job, links)
  for _, link in ipairs(links) do
    local again = link.status == "Timeout" or ended[link.provisioning_state]
    if again then
      local kept = link.status ~= "Timeout" and reference.find(link.message) and link.message
      local message = kept or reference.append(link_module.words(job, link), UNKNOWN)
      calls.message = link.owner == "signalr" and message or calls.message
      calls:add("creator", "PUT", link_path(job, link), put_body(job, message),
        ("asks again: the link is %s"):format((link.status == "Timeout" and link.status
          or link.provisioning_state):lower()))
    end
  end
end

local function add_waits(calls, job, links)
  if job.replicas then
    calls:add("creator", "GET", job.signalr.id .. "/replicas", nil, "replicas have links of their own")
  end
  calls:add("creator", "GET", job:link_id(), nil, "until provisioningState is Succeeded")
  for _, link in ipairs(links) do
    if link.owner ~= "signalr" then
      calls:add("creator", "GET", link_path(job, link), nil, ("the link of replica '%s'"):format(link.owner))
    end
  end
  if job.explicit then
    calls:add("creator", "GET", job.signalr.id .. "/sharedPrivateLinkResources", nil,
      "whether the choice is another link's")
  end
  calls:add(calls.approver, "GET", connections_path(job), nil, job.explicit and "until the chosen one is there"
    or ("until exactly one is ours: match by %s"):format(job.match))
end

local function add_approval(calls, job, links)
  local path = connections_path(job) .. "/<connection>"
  local body = { properties = { privateLinkServiceConnectionState = {
    status = "Approved", description = calls.message, actionsRequired = "None",
  } } }
  if not job.approve then
    calls:add("another team", "PUT", path, body, "from the hand-off")
    return
  end
  local each = #links > 1 and (", for each of the %d links"):format(#links) or ""
  calls:add(calls.approver, "GET", path, nil, "how it stands before and after the approval")
  calls:add(calls.approver, "PUT", path, body, "approves that one" .. each)
  calls:add("creator", "GET", job:link_id(), nil, "until status is Approved" .. each)
end

local function is_done(links)
  for _, link in ipairs(links) do
    if link.status ~= "Approved" or link.provisioning_state ~= "Succeeded" then return false end
  end
  return #links > 0
end

local function links_of(job)
  local first = job.facts:get("link")
  local links = { first }
  for _, copy in ipairs(job.facts:get("replica_links") or {}) do links[#links + 1] = copy end
  return links
end

-- Every replica will have a link once the first exists.
local function expected_links(job, links)
  local list = { links[1] or { owner = "signalr" } }
  local copies = {}
  for _, link in ipairs(links) do copies[link.owner] = link end
  for _, name in ipairs(job.facts:get("replica_names") or {}) do list[#list + 1] = copies[name] or { owner = name } end
  return list
end

--- The calls. None when all links are approved.
---@param job table with its facts
---@return table[] calls { who =, method =, path =, body =, note = }
function plan_calls.of(job)
  local links = links_of(job)
  if is_done(links) then return {} end
  local first = job.facts:get("link")
  local calls = setmetatable({
    list = {}, approver = job:approver_role(),
    message = first and first.message or reference.append(job.message, UNKNOWN),
  }, Calls)
  add_preflight(calls, job)
  if not first then add_creation(calls, job) end
  add_repetitions(calls, job, links)
  local expected = expected_links(job, links)
  add_waits(calls, job, expected)
  if not first or first.status ~= "Approved" or #expected > 1 then add_approval(calls, job, expected) end
  return calls.list
end

return plan_calls
