--- The preflight's checks. Each looks at facts and gives findings:
-- { code=, severity="error"|"warning"|"info", message=, hint=, target= }.
-- `deep` ones are for `plan` alone: in `establish` the write itself would tell.

local errors = require "azure.errors"
local facts_module = require "azure.private_link.facts"
local link_module = require "azure.private_link.link"
local reference = require "azure.private_link.reference"
local states = require "azure.private_link.states"
local trouble = require "azure.private_link.trouble"

local checks = {}

local MAX_CONNECTIONS = 100
local SIGNALR = "microsoft.signalrservice/signalr"

local function finding(severity, code, message, hint, target)
  return { severity = severity, code = code, message = message, hint = hint, target = target }
end

local function reason(err)
  return err.code and ("%s: %s"):format(err.code, err.message) or err.message
end

local function link_name(job)
  if job:has_valid_name() then return end
  return finding("error", "InvalidLinkName", ("'%s' cannot be the name of a link"):format(job.name:sub(1, 80)),
    "3 to 63 letters, digits and hyphens; first a letter, last no hyphen")
end

local function message(job)
  local length = utf8.len(job.message)
  if not length then return finding("error", "InvalidMessage", "the request message is not UTF-8") end
  if job.message:find("%c") then
    return finding("error", "InvalidMessage", "the request message has control characters", "use one line of text")
  end
  if length + reference.LENGTH <= reference.MAX_MESSAGE then return end
  return finding("error", "MessageTooLong",
    ("the request message has %d characters"):format(length),
    ("%d characters fit: Azure takes %d, and the reference needs the rest")
      :format(reference.MAX_MESSAGE - reference.LENGTH, reference.MAX_MESSAGE))
end

local function signalr_type(job)
  if job.signalr.type:lower() == SIGNALR then return end
  return finding("error", "NotASignalR", ("'signalr' is of the type %s"):format(job.signalr.type),
    "give the id of a Microsoft.SignalRService/signalR", job.signalr.id)
end

local function signalr_exists(job, facts)
  local signalr, err = facts:get("signalr")
  if signalr then return end
  if err.status == 404 then
    return finding("error", "SignalRNotFound", "the SignalR does not exist: " .. reason(err),
      "check the id, and that the credential's tenant is the right one", job.signalr.id)
  end
  return finding("error", "SignalRNotReadable", "the SignalR cannot be read: " .. reason(err), err.hint, job.signalr.id)
end

local function tier(_, facts)
  local signalr = facts:get("signalr")
  local sku = signalr and type(signalr.sku) == "table" and signalr.sku or {}
  local name = tostring(sku.name or sku.tier or ""):lower()
  if not name:find("^free") then return end
  return finding("error", "FreeTier", "a SignalR of the Free tier cannot have shared private links",
    "change it to Standard_S1 or Premium_P1: signalr:update{ sku = \"Standard_S1\" }")
end

local function updating(_, facts)
  if not facts:get("signalr") then return end
  local state = states.canonical(facts:properties("signalr").provisioningState)
  if state == "Failed" or state == "Canceled" then
    return finding("warning", "SignalR" .. state, "SignalR's last change did not succeed", "a write may repair it")
  end
  if states.is_idle(state) then return end
  return finding("info", "SignalRUpdating", ("SignalR is %s; that is waited out"):format(state))
end

local function service_mode(properties)
  for _, feature in ipairs(type(properties.features) == "table" and properties.features or {}) do
    if feature.flag == "ServiceMode" then return feature.value end
  end
  return nil
end

local function upstream_use(_, facts)
  if not facts:get("signalr") or not facts:is_web() then return end
  local found = {}
  local properties = facts:properties("signalr")
  local mode = service_mode(properties)
  if type(mode) == "string" and mode ~= "Serverless" and mode ~= "Classic" then
    found[#found + 1] = finding("warning", "ServiceModeWithoutUpstream",
      ("in the service mode %s SignalR calls no upstream"):format(mode),
      "signalr:update{ service_mode = \"Serverless\" }")
  end
  local upstream = type(properties.upstream) == "table" and properties.upstream or {}
  if type(upstream.templates) ~= "table" or #upstream.templates == 0 then
    found[#found + 1] = finding("warning", "NoUpstreamTemplate", "SignalR has no upstream template, so it calls nobody",
      "signalr:set_upstream{ { url_template = \"https://...\" } }")
  end
  return found
end

local function upstream_exists(job, facts)
  local upstream, err = facts:get("upstream")
  if upstream then return end
  if err.status == 404 and not trouble.is_denied(err) then
    return finding("error", "UpstreamNotFound", "the upstream does not exist: " .. reason(err),
      "check the id, and whose credential can see it", job.upstream.id)
  end
  local severity = job.approve and "error" or "warning"
  return finding(severity, "UpstreamNotReadable", "the upstream cannot be read: " .. reason(err),
    "let another team approve (approve=false), or give a client that may: approve=client", job.upstream.id)
end

-- { type in lower case = { type=, group= } } of what can be shared.
local function shareable_types(list)
  local types, count = {}, 0
  for _, resource in ipairs(list) do
    local properties = type(resource.properties) == "table" and resource.properties or {}
    for _, item in ipairs(type(properties.shareablePrivateLinkResourceTypes) == "table"
      and properties.shareablePrivateLinkResourceTypes or {}) do
      local p = type(item.properties) == "table" and item.properties or {}
      if type(p.type) == "string" then types[p.type:lower()], count = p, count + 1 end
    end
  end
  return types, count
end

local function wrong_group(job, known)
  local near = known.groupId:lower() == (job.group or ""):lower()
  return finding("error", "WrongGroup", ("the group of %s is '%s', not '%s'"):format(known.type, known.groupId,
    tostring(job.group)), near and "upper and lower case matter here" or "leave group= away to get the right one")
end

local function group_fits(job, known, slot)
  if slot then return job.group == "sites-" .. slot end
  return job.group == known.groupId
end

local function shareable(job, facts)
  local list = facts:get("shareable")
  if not list then return end
  local types, count = shareable_types(list)
  if count == 0 then return end
  local kind = facts:upstream_type()
  local slot = kind == "microsoft.web/sites/slots" and (job.slot or job.upstream.name) or nil
  local known = types[slot and "microsoft.web/sites" or kind]
  if not known then
    local names = {}
    for _, item in pairs(types) do names[#names + 1] = item.type end
    table.sort(names)
    return finding("error", "NotShareable", ("SignalR has no shared private links to %s"):format(job.upstream.type),
      "it can have them to " .. table.concat(names, ", "))
  end
  if group_fits(job, known, slot) then return end
  if slot then known = { type = job.upstream.type, groupId = "sites-" .. slot } end
  return wrong_group(job, known)
end

local function group_known(job)
  if job.group then return end
  return finding("error", "GroupNeeded", ("the group of %s is not known"):format(job.upstream.type),
    "say which sub-resource with group=; the upstream's privateLinkResources lists them")
end

-- azure-docs, app-service/networking/private-endpoint.md.
local unfit_plans = {
  free = "Free", shared = "Shared", dynamic = "Consumption", isolated = "Isolated (v1)",
  f1 = "Free", d1 = "Shared", y1 = "Consumption",
}

local function app_plan(_, facts)
  if not facts:is_web() or not facts:get("upstream") then return end
  local farm = facts:get("server_farm")
  local sku = farm and type(farm.sku) == "table" and farm.sku or {}
  local unfit = unfit_plans[tostring(sku.tier or ""):lower()] or unfit_plans[tostring(sku.name or ""):lower()]
  if not unfit then return end
  return finding("error", "PlanWithoutPrivateEndpoints",
    ("an App Service plan of the tier %s has no private endpoints"):format(unfit),
    "Basic, Standard, PremiumV2, PremiumV3, IsolatedV2 and Functions Premium have them", farm.id)
end

local function count_limit(_, facts)
  if facts:get("link") then return end
  local connections = facts:get("connections")
  if not connections or #connections < MAX_CONNECTIONS then return end
  return finding("error", "TooManyConnections",
    ("the upstream has %d private endpoint connections already"):format(#connections),
    ("%d is the most; delete some that are not in use"):format(MAX_CONNECTIONS))
end

local TALK = "talk to the upstream's owner, then remove the link and establish it again"

-- What establish would do with a link as it is.
local link_states = {
  Rejected = { "error", "LinkRejected", "was rejected on the upstream", TALK },
  Disconnected = { "error", "LinkDisconnected", "was disconnected on the upstream",
    "the connection was removed there; remove the link and establish it again" },
  Timeout = { "warning", "LinkTimedOut", "waited too long for approval",
    "it is asked for again; see that it is approved sooner" },
  Failed = { "warning", "LinkFailed", "failed", "it is asked for again" },
  Canceled = { "warning", "LinkCanceled", "was canceled", "it is asked for again" },
}

local function state_of_link(link, whose)
  local known = link_states[link.status] or link_states[link.provisioning_state]
  if not known then return nil end
  return finding(known[1], known[2], ("link '%s'%s %s"):format(link.name, whose, known[3]), known[4], link.id)
end

local function without_reference(job, link)
  local needs_one = job.match == "reference" and not job.explicit and link.status ~= "Approved"
  if not needs_one or reference.find(link.message) or link_states[link.status] then return nil end
  return finding("warning", "LinkWithoutReference",
    ("link '%s' carries no reference, so its connection cannot be told for sure"):format(link.name),
    "choose it with connection=, accept weaker proof with match=\"name\", or remove the link and establish it anew",
    link.id)
end

local function existing_link(job, facts)
  local link = facts:get("link")
  if not link then return end
  local err = link_module.mismatch(job, link)
  if err then return finding("error", err.code, err.message, err.hint, link.id) end
  local found = { finding("info", "LinkExists", ("link '%s' exists: %s, %s"):format(job.name, link.status,
    link.provisioning_state)) }
  found[#found + 1] = state_of_link(link, "")
  found[#found + 1] = without_reference(job, link)
  return found
end

local function replica_links(job, facts)
  if not job.replicas then return end
  local _, unread = facts:get("replica_names")
  if unread then
    return finding("error", "ReplicasNotReadable", "the replicas cannot be read: " .. reason(unread), unread.hint)
  end
  local found = {}
  for _, link in ipairs(facts:get("replica_links") or {}) do
    found[#found + 1] = state_of_link(link, (" of replica '%s'"):format(link.owner))
  end
  return found
end

local function registered(facts, name, subscription, client)
  local provider = facts:get(name)
  local state = provider and provider.registrationState
  if type(state) ~= "string" or state:lower() == "registered" then return nil end
  local automatic = client.auto_register
  return finding(automatic and "warning" or "error", "ProviderNotRegistered",
    ("%s is %s in subscription %s"):format(provider.namespace or "the provider", state, subscription),
    automatic and "it is registered with the first write that needs it"
      or ("az provider register --namespace %s --subscription %s"):format(provider.namespace or "?", subscription))
end

local function providers(job, facts)
  return {
    registered(facts, "signalr_provider", job.signalr.subscription_id, job.client),
    registered(facts, "upstream_provider", job.upstream.subscription_id, job.approver),
  }
end

-- "Microsoft.Web/*/read" and "*" as role definitions write actions.
local function action_matches(pattern, action)
  local escaped = pattern:lower():gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*", ".*")
  return action:lower():find("^" .. escaped .. "$") ~= nil
end

local function any_matches(patterns, action)
  for _, pattern in ipairs(type(patterns) == "table" and patterns or {}) do
    if type(pattern) == "string" and action_matches(pattern, action) then return true end
  end
  return false
end

--- Whether a list of permissions (ARM's, of one scope) allows an action.
---@param permissions table[]
---@param action string
---@return boolean
function checks.allows(permissions, action)
  for _, permission in ipairs(permissions) do
    if any_matches(permission.actions, action) and not any_matches(permission.notActions, action) then return true end
  end
  return false
end

local function missing_permissions(found, facts, name, actions, whose)
  local permissions = facts:get(name)
  if not permissions then return end
  for _, action in ipairs(actions) do
    if not checks.allows(permissions, action) then
      found[#found + 1] = finding("error", "MissingPermission", ("%s credential may not %s"):format(whose, action),
        "have a role with this action assigned, or let somebody else do that part")
    end
  end
end

local function permissions(job, facts)
  local found = {}
  missing_permissions(found, facts, "signalr_permissions",
    { "Microsoft.SignalRService/SignalR/sharedPrivateLinkResources/write" }, "the creator's")
  if job.approve then
    local prefix = job.upstream.type .. "/privateEndpointConnections/"
    missing_permissions(found, facts, "upstream_permissions", { prefix .. "read", prefix .. "write" },
      job.own_approval and "the creator's" or "the approver's")
  end
  return found
end

-- One credential for both only where that was said, or is sure to be meant.
local function tenants(job, facts)
  if not job.own_approval then return end
  local same = facts_module.same_tenant(job, facts)
  if same or (same == nil and job.approver_named) then return end
  return finding("error", "ApproverNeeded", same == false and "SignalR and the upstream belong to different tenants"
    or "whether SignalR and the upstream belong to the same tenant cannot be read",
    ("say who approves: approve=client_of_the_other_tenant, approve=false for a hand-off%s"):format(
      same == nil and ", or approve=true for the same credential" or ""))
end

local function public_access(_, facts)
  local access = facts:properties("upstream").publicNetworkAccess
  if type(access) ~= "string" or access:lower() ~= "enabled" then return end
  return finding("info", "PublicAccessEnabled", "the upstream takes calls from the public network too",
    "approval alone does not close the public door: set publicNetworkAccess to Disabled")
end

-- In the order in which people want to read them.
local list = {
  { run = signalr_type }, { run = link_name }, { run = message }, { run = group_known },
  { run = signalr_exists }, { run = tier }, { run = updating }, { run = upstream_exists }, { run = tenants },
  { run = existing_link }, { run = shareable }, { run = app_plan },
  { run = replica_links, deep = true },
  { run = count_limit, deep = true }, { run = upstream_use, deep = true }, { run = providers, deep = true },
  { run = permissions, deep = true }, { run = public_access, deep = true },
}

local function add_all(out, result)
  if not result then return end
  if result.code then
    out[#out + 1] = result
    return
  end
  for _, item in pairs(result) do out[#out + 1] = item end
end

local function bad_ids(job, out)
  for _, key in ipairs{ "signalr", "upstream" } do
    local err = job.bad_ids[key]
    if err then
      out[#out + 1] = finding("error", err.code, ("'%s': %s"):format(key, err.message), err.hint, key)
    end
  end
end

--- All findings.
---@param job table
---@param facts table
---@param deep boolean
---@return table[]? findings
---@return azure.Error? err when something could not be read for a reason that may pass
function checks.run(job, facts, deep)
  local out = {}
  bad_ids(job, out)
  if #out > 0 then
    add_all(out, link_name(job))
    add_all(out, message(job))
    return out
  end
  for _, check in ipairs(list) do
    if deep or not check.deep then add_all(out, check.run(job, facts)) end
    if facts.failure then return nil, errors.is(facts.failure) and facts.failure or nil end
  end
  return out
end

return checks
