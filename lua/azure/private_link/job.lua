--- One job: its spec, checked; its deadline; its events; its calls.

local bind = require "azure.private_link.bind"
local calls = require "azure.private_link.calls"
local core = require "azure.core"
local errors = require "azure.errors"
local resource_id = require "azure.resource_id"
local trouble = require "azure.private_link.trouble"
local who = require "azure.private_link.who"

local job = {}

local Job = {}
Job.__index = Job
Job.__name = "azure.private_link.job"
for name, method in pairs(calls) do Job[name] = method end

--- The keys of a spec. One spec serves all functions of the module.
job.allowed = {
  signalr = "string|table", upstream = "string|table", name = "string", group = "string",
  request_message = "string", approve = "boolean|table", connection = "string|table", match = "string",
  undo = "boolean", replicas = "boolean", timeout = "number", on_event = "function|table",
  grace = "number", settle = "number", replica_settle = "number", linked_within = "number", poll_interval = "number",
  format = "string", color = "boolean", probe = "string|function", probe_headers = "table",
  probe_timeout = "number", since = "number", api_version = "string",
}

local DEFAULT_TIMEOUT = 1800
local DEFAULT_MESSAGE = "please approve"

local default_groups = {
  ["microsoft.web/sites"] = "sites",
  ["microsoft.keyvault/vaults"] = "vault",
  ["microsoft.storage/storageaccounts"] = "table",
}

-- The group of a slot is "sites-<slot>", of the site that has it (azure-docs,
-- app-service/networking/private-endpoint.md).
local function default_group(upstream)
  if not upstream then return nil end
  local kind = upstream.type:lower()
  if kind == "microsoft.web/sites/slots" then return "sites-" .. upstream.name end
  return default_groups[kind]
end

local function link_target(upstream)
  if not upstream then return nil end
  if upstream.type:lower() == "microsoft.web/sites/slots" then return upstream.parent end
  return upstream.id
end

local times = { "timeout", "grace", "settle", "replica_settle", "linked_within", "poll_interval", "probe_timeout" }

local function check_fields(spec, fname)
  for key, types in pairs(job.allowed) do
    if spec[key] ~= nil then errors.check_type(spec[key], types, key, fname) end
  end
  for _, key in ipairs(times) do
    local value = spec[key]
    if value and not (value >= 0 and value < 1e9) then
      errors.raise(("%s: '%s' must be a number of seconds, 0 or more"):format(fname, key))
    end
  end
end

local matches = { reference = true, name = true, baseline = true }

local function check_match(spec, fname)
  local match = spec.match or "reference"
  if matches[match] then return match end
  local near = errors.nearest(match, matches)
  errors.raise(("%s: 'match' must be \"reference\", \"name\" or \"baseline\"%s"):format(fname,
    near and (", did you mean \"%s\"?"):format(near) or ""))
end

local function check_explicit(spec, fname)
  local chosen = spec.connection
  if chosen == nil then return nil end
  if type(chosen) == "string" then chosen = { chosen } end
  if #chosen == 0 then errors.raise(fname .. ": 'connection' names no connection") end
  for _, name in ipairs(chosen) do
    if type(name) ~= "string" or name == "" then
      errors.raise(fname .. ": 'connection' must be the id or name of a connection, or a list of them")
    end
  end
  return chosen
end

local function check_probe(spec, fname)
  local probe = spec.probe
  if type(probe) ~= "string" then return end
  if probe:find("^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]") and not probe:find("[%c%s]") then return end
  errors.raise(fname .. ": 'probe' must be an http(s) URL, or a function that gives the calls that the upstream saw")
end

local function check_approve(spec, fname)
  local approve = spec.approve
  if type(approve) == "table" and type(approve.request) ~= "function" then
    errors.raise(fname .. ": 'approve' must be true, false or a client")
  end
  return approve
end

local function check_required(spec, required, fname)
  for _, key in ipairs(required) do
    if spec[key] == nil then errors.raise(("%s: '%s' is missing"):format(fname, key)) end
  end
end

-- A malformed id is a finding of the preflight, not misuse: ids are data.
local function parse(self, key, value)
  if value == nil then return nil end
  local text = resource_id.text(value)
  local parsed, err = resource_id.parse(text or value)
  if not parsed then self.bad_ids[key] = err end
  return parsed
end

local function set_ids(self, spec)
  self.bad_ids = {}
  self.signalr = parse(self, "signalr", spec.signalr)
  self.upstream = parse(self, "upstream", spec.upstream)
  self.target_id = link_target(self.upstream)
  self.group = spec.group or default_group(self.upstream)
end

local function set_approver(self, approve)
  self.own_approval = approve == nil or approve == true
  self.approve = approve ~= false
  self.approver_named = approve ~= nil
  self.approver = type(approve) == "table" and approve or self.client
end

local function set_times(self, spec)
  self.started = core.loop():now()
  self.deadline = self.started + (spec.timeout or DEFAULT_TIMEOUT)
  self.grace = spec.grace or 180
  self.settle = spec.settle or 20
  self.replica_settle = spec.replica_settle or 600
  self.linked_within = spec.linked_within or 900
  self.poll_interval = spec.poll_interval or 5
end

--- Checks a spec. Raises for misuse, blaming the caller of the public function
--- (which calls a `run`, which calls this).
---@param client table
---@param spec table
---@param fname string
---@param required string[]
---@return table job
function job.new(client, spec, fname, required)
  if type(client) ~= "table" or type(client.request) ~= "function" then
    errors.raise(fname .. ": 'client' must be a client of azure.client")
  end
  errors.check_type(spec, "table", "spec", fname)
  errors.check_options(spec, job.allowed, fname)
  check_fields(spec, fname)
  check_required(spec, required, fname)
  check_probe(spec, fname)
  local self = setmetatable({ client = client, spec = spec, fname = fname }, Job)
  self.match = check_match(spec, fname)
  self.explicit = check_explicit(spec, fname)
  set_ids(self, spec)
  set_approver(self, check_approve(spec, fname))
  set_times(self, spec)
  self.name = spec.name
  self.message = spec.request_message or DEFAULT_MESSAGE
  self.undo = spec.undo or false
  self.replicas = spec.replicas ~= false
  errors.check_callable(spec.on_event, "on_event", fname)
  self.on_event = spec.on_event or client.on_event
  self.former, self.known = {}, {}
  self.approved, self.seen_approved, self.identities = {}, {}, {}
  self.request_ids, self.timings, self.warnings = {}, {}, {}
  return self
end

--- Whether the link can be called so (Microsoft.SignalRService 2024-03-01, signalr.json).
---@return boolean
function Job:has_valid_name()
  local name = self.name
  return #name >= 3 and #name <= 63 and name:find("^%a[%w-]*%w$") ~= nil
end

--- A group's letters matter to the service, those of an id do not: the slot
--- itself says how it is written.
---@param upstream table as ARM answers it
function Job:learn_slot(upstream)
  if self.upstream.type:lower() ~= "microsoft.web/sites/slots" then return end
  local name = resource_id.last_segment(upstream.id)
  if not name or name:lower() ~= self.upstream.name:lower() then return end
  self.slot = name
  if not self.spec.group then self.group = "sites-" .. name end
end

--- Refuses at once when an id is malformed, or the name.
---@return boolean? ok
---@return azure.Error? err
function Job:ids_ok()
  for _, key in ipairs{ "signalr", "upstream" } do
    local err = self.bad_ids[key]
    if err then
      return nil, errors.new{ kind = "refused", code = err.code, target = key, message = err.message, hint = err.hint }
    end
  end
  if self.signalr.type:lower() ~= "microsoft.signalrservice/signalr" then
    return nil, errors.new{
      kind = "refused", code = "NotASignalR", target = "signalr",
      message = ("'signalr' is of the type %s"):format(self.signalr.type),
      hint = "give the id of a Microsoft.SignalRService/signalR",
    }
  end
  if self.name and not self:has_valid_name() then
    return nil, errors.new{
      kind = "refused", code = "InvalidLinkName", target = "name",
      message = ("'%s' cannot be the name of a link"):format(self.name:sub(1, 80)),
    }
  end
  return true
end

--- The id of the link, or of the copy that a replica has.
---@param replica string?
---@return string
function Job:link_id(replica)
  local owner = self.signalr.id
  if replica then owner = resource_id.child(owner, "replicas", replica) end
  return resource_id.child(owner, "sharedPrivateLinkResources", self.name)
end

--- Whose credential acts on the upstream.
---@return string
function Job:approver_role()
  return self.own_approval and "creator" or "approver"
end

function Job.now() return core.loop():now() end

function Job:left() return self.deadline - self:now() end

local function client_of(self, role)
  return role == "approver" and self.approver or self.client
end

--- Who acts in a role: an identity once it is known, till then the credential's name.
---@param role string "creator" or "approver"
---@return string
function Job:identity(role)
  return self.identities[role] or who.name(client_of(self, role))
end

--- Learns who acts, from the tokens that the first calls have used.
function Job:identify()
  for _, role in ipairs{ self.role or "creator", self:approver_role() } do
    self.identities[role] = self.identities[role] or who.of(client_of(self, role))
  end
end

--- Tells `on_event` what happens.
---@param step string
---@param state string
---@param message string
---@param fields table?
function Job:emit(step, state, message, fields)
  if not self.on_event then return end
  local event = {
    step = step, state = state, message = message, name = self.name,
    at = core.loop():wall(), elapsed = self:now() - self.started,
    role = self.role or "creator",
    link = self.signalr and self.name and self:has_valid_name() and self:link_id() or nil,
  }
  for key, value in pairs(fields or {}) do event[key] = value end
  event.who = self:identity(event.role)
  self.on_event(event)
end

--- What is known about our connection from its links; see bind.lua.
---@param links table[]
---@return table
function Job:want(links)
  return bind.want(links, {
    name = self.name, group = self.group, baseline = self.baseline, former = self.former, known = self.known,
    others = self.other_links,
  })
end

--- Remembers how long a step took, in seconds since the job began.
function Job:mark(name)
  self.timings[name] = self:now() - self.started
end

function Job:warn(code, message, hint)
  for _, warning in ipairs(self.warnings) do
    if warning.code == code then return end
  end
  self.warnings[#self.warnings + 1] = { code = code, message = message, hint = hint }
  self:emit("warning", "warn", message, { code = code, hint = hint })
end

--- The error of a deadline.
---@param what string
---@param fields table? further ones of the error
---@return azure.Error
function Job:too_late(what, fields)
  local seconds = math.floor(self:now() - self.started + 0.5)
  local err = {
    kind = "timeout", code = "JobTimeout",
    message = ("gave up after %d s: %s"):format(seconds, what),
    hint = "run it again to go on where it stopped, with a longer timeout= if need be",
  }
  for key, value in pairs(fields or {}) do err[key] = value end
  return errors.new(err)
end

--- What a job ends with when a call failed and no time is left: the deadline's
--- error where the call had no answer in time, else the call's own.
---@param err azure.Error
---@return azure.Error
function Job:out_of_time(err)
  if err.kind ~= "timeout" or err.code == "JobTimeout" then return err end
  return self:too_late(err.message or err.code, { inner = err })
end

-- For Microsoft's support: which calls made the changes.
---@param method string
---@param path string
---@param response table?
function Job:remember(method, path, response)
  if not response or not response.request_id then return end
  self.request_ids[#self.request_ids + 1] = {
    method = method, path = path, request_id = response.request_id, correlation_id = response.correlation_id,
  }
end

--- True for failures that may be gone at the next try.
job.is_transient = trouble.is_transient

return job
