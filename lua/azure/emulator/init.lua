--- An Azure to test against: Entra ID, IMDS and Resource Manager with SignalR,
-- Web, Key Vault, Storage and resource groups, on this process's event loop.
--
--     local e <close> = require("azure.emulator").start{ seed = "contoso" }
--     local client <close> = azure.client{ cloud = e:cloud(), credential = e:credential() }
--     e:fault{ match = "PUT .*sharedPrivateLink", status = 429, retry_after = 7 }
--     e:advance(3600)              -- an hour of Azure in no time
--
-- All waiting is on the loop's clock: with `azure.loop():auto_advance(true)` a
-- script that only waits does not wait.

local core = require "azure.core"
local errors = require "azure.errors"
local json = require "azure.json"
local arm = require "azure.emulator.arm"
local assertion = require "azure.emulator.assertion"
local device = require "azure.emulator.device"
local entra = require "azure.emulator.entra"
local faults = require "azure.emulator.faults"
local imds = require "azure.emulator.imds"
local links = require "azure.emulator.links"
local lro = require "azure.emulator.lro"
local metadata = require "azure.emulator.metadata"
local network = require "azure.emulator.network"
local principals = require "azure.emulator.principals"
local seeds = require "azure.emulator.seeds"
local settings = require "azure.emulator.settings"
local state = require "azure.emulator.state"
local transport = require "azure.emulator.transport"
local upstream = require "azure.emulator.upstream"
local wire = require "azure.emulator.wire"
require "azure.emulator.signalr_actions"
require "azure.emulator.signalr_connections"
require "azure.emulator.signalr_parts"

local DEFAULT_TENANT = "72f988bf-0000-4000-8000-2d7cd011db47"

---@class azure.Emulator
---@field url string
---@field tenant_id string
---@field ca_file string? PEM of the CA that vouches for it, with `tls`
---@field ids table the ids of seed "contoso": signalr, func, plan, group
local Emulator = {}
Emulator.__index = Emulator
Emulator.__name = "azure.emulator"

--- Makes an emulator without a socket, for `handle`.
---@param options table from settings.read
---@return azure.Emulator
local function new_emulator(options)
  local loop = core.loop()
  local self = setmetatable({
    options = options, state = state.new(options.clock or function() return loop:wall() end),
    url = "http://127.0.0.1", tenant_id = DEFAULT_TENANT, token_key = core.random(32),
    audiences = { "https://management.azure.com", "https://management.core.windows.net" },
    principals = {},
    -- "adfs" stands where AD FS has it: Microsoft's libraries trust an authority of that name without asking about it.
    tenants = { common = DEFAULT_TENANT, organizations = DEFAULT_TENANT, adfs = DEFAULT_TENANT },
    operation_urls = {}, started_operations = 0, faults = {}, buckets = {}, throttled = 0, log = {},
    device_flows = {}, tokens_issued = 0, opened_tokens = setmetatable({}, { __mode = "v" }),
    approvals = 0, identity = imds.new(),
    array = json.array, null = json.null, ids = seeds.contoso,
  }, Emulator)
  self.owner = principals.add(self, {})
  links.attach(self)
  network.attach(self)
  return self
end

-- What may be echoed into JSON must be text.
local function is_text(request)
  for _, value in pairs(request.headers) do
    if not utf8.len(value) then return false end
  end
  local is_arm = request.path:lower():find("^/+subscriptions/") -- everybody else reads forms
  local body = is_arm and request.body or wire.unescape(request.body, true)
  return utf8.len(wire.unescape(request.url, true)) and utf8.len(body) and utf8.len(request.method)
end

-- Paths of the instance metadata service and its relatives come first: they
-- are no tenants.
local function route(self, request)
  if not is_text(request) then return wire.error(400, "BadRequest", "The request is not text in UTF-8.") end
  local first = (request.segments[1] or ""):lower()
  if first == "subscriptions" or first == "providers" then return arm.handle(self, request) end
  return imds.handle(self, request) or metadata.handle(self, request) or entra.handle(self, request)
    or wire.json(404, { error = { code = "NotFound", message = "There is nothing at this address." } })
end

local function log_request(self, request, answer, rule)
  local log = self.log
  log[#log + 1] = {
    method = request.method, url = request.url, path = request.path, query = request.query,
    headers = request.headers, body = request.body, remote = request.remote, at = self.state:now(),
    status = answer.close and 0 or answer.status, response_body = answer.body, response_headers = answer.headers,
    fault = rule,
  }
  if #log > self.options.log_limit then table.remove(log, 1) end
end

--- Answers one request: `{ method =, path =, headers =, body = }`. What the
--- socket does, without the socket.
---@param raw table
---@return table answer { status =, headers = list of pairs, body =, close =, delay =, truncate = }
function Emulator:handle(raw)
  self.state:settle()
  local request = wire.request(raw)
  local rule = faults.find(self, request)
  local answer
  if not rule or not faults.prevents(rule) then answer = route(self, request) end
  if rule then answer = faults.apply(rule, answer) end
  if self.options.latency > 0 then answer.delay = (answer.delay or 0) + self.options.latency end
  wire.set_header(answer, "Date", wire.http_date(self.state:now()))
  log_request(self, request, answer, rule)
  return answer
end

--- For `azure.client{ cloud = }`.
---@return azure.Cloud cloud
function Emulator:cloud()
  errors.check_self(self, "options", "emulator:cloud")
  return {
    name = "emulator", arm = self.url, authority = self.url, audience = self.audiences[1], ca_file = self.ca_file,
  }
end

--- A credential that signs in with a real client secret; it may do anything.
---@param opts table? further options of azure.identity.client_secret
---@return azure.Credential credential
function Emulator:credential(opts)
  errors.check_self(self, "options", "emulator:credential")
  return self.owner:credential(opts)
end

--- Registers another application, with its own permissions.
---@param opts azure.emulator.PrincipalOptions?
---@return table principal with `credential()`
function Emulator:principal(opts)
  errors.check_self(self, "options", "emulator:principal")
  return principals.add(self, opts)
end

--- Adds a fault rule: what goes wrong, at which requests, how often. Rules are
--- tried in the order in which they were added; one strikes.
---@param opts azure.emulator.Fault
---@return table rule with `hits`, `remove()` and `spent()`
function Emulator:fault(opts)
  errors.check_self(self, "options", "emulator:fault")
  return faults.add(self, opts)
end

--- Takes all fault rules away.
function Emulator:clear_faults()
  self.faults = {}
end

--- The requests so far, oldest first; only those that a fault rule's `match`
--- would match when one is given.
---@param match string|table|function?
---@return table[]
function Emulator:requests(match)
  errors.check_self(self, "options", "emulator:requests")
  if match == nil then return { table.unpack(self.log) } end
  faults.check_match(match, "emulator:requests")
  local list = {}
  for _, entry in ipairs(self.log) do
    if faults.matches(match, entry) then list[#list + 1] = entry end
  end
  return list
end

--- Forgets the requests so far.
function Emulator:clear_requests()
  self.log = {}
end

--- Moves the loop's clock forward: everything due by then has happened.
---@param seconds number
function Emulator:advance(seconds)
  errors.check_self(self, "options", "emulator:advance")
  errors.check_type(seconds, "number", "seconds", "emulator:advance")
  errors.check_number(seconds, "seconds", "emulator:advance")
  core.loop():advance(seconds)
  self.state:settle()
end

--- Adds resources: "contoso", or `{ id =, sku =, kind =, plan =, properties = }`
--- or a list of such. Subscription and group come along.
---@param what string|azure.emulator.Seed|azure.emulator.Seed[]
---@return table ... records
function Emulator:seed(what)
  errors.check_self(self, "options", "emulator:seed")
  return seeds.plant(self, what)
end

--- The record of a resource, to look at or to change behind everybody's back.
---@param id string
---@return table?
function Emulator:resource(id)
  errors.check_self(self, "options", "emulator:resource")
  errors.check_type(id, "string", "id", "emulator:resource")
  self.state:settle()
  return self.state:get(id)
end

--- Removes a resource at once.
---@param id string
---@return boolean existed
function Emulator:remove(id)
  errors.check_self(self, "options", "emulator:remove")
  errors.check_type(id, "string", "id", "emulator:remove")
  return self.state:remove(id)
end

local statuses = { Pending = true, Approved = true, Rejected = true, Disconnected = true, Timeout = true }
local stranger_options = {
  target = true, name = true, message = true, group = true, status = true, link_name = true,
  connection_name = true, endpoint_id = true, provisioning_state = true,
}

--- Opens a connection on a target that no link of ours asked for. Everything
--- that others see of it can be chosen; the default is a look-alike.
---@param opts azure.emulator.StrangerOptions
---@return table connection
function Emulator:stranger(opts)
  errors.check_self(self, "options", "emulator:stranger")
  errors.check_type(opts, "table", "options", "emulator:stranger")
  errors.check_options(opts, stranger_options, "emulator:stranger")
  for name in pairs(stranger_options) do errors.check_type(opts[name], "string|nil", name, "emulator:stranger") end
  local target = self.state:get(opts.target or "")
  if not target or not network.profile(target) then
    errors.raise("emulator:stranger: 'target' must be the id of a resource that exists and can have connections")
  end
  if opts.status and not statuses[opts.status] then
    errors.raise("emulator:stranger: 'status' must be Pending, Approved, Rejected or Disconnected")
  end
  local slot = (opts.group or ""):match("^sites%-(.+)$")
  if slot then target = self.state:get(target.id .. "/slots/" .. slot) or target end
  return network.open(self, target, {
    name = opts.name or opts.link_name or "func-pe", connection_name = opts.connection_name,
    endpoint_name = opts.link_name or opts.name or "func-pe", endpoint_id = opts.endpoint_id, group = opts.group,
    message = opts.message or "please approve", status = opts.status, provisioning_state = opts.provisioning_state,
  })
end

--- Makes the SignalR call its upstream, as it would for an event of a client.
--- The address that the upstream sees is private once the link is approved.
---@param opts azure.emulator.UpstreamCall?
---@return azure.Op op of { status =, headers =, body = }
function Emulator:send_upstream(opts)
  errors.check_self(self, "options", "emulator:send_upstream")
  return upstream.send(self, opts)
end

--- Lets a person approve or decline a device code flow.
---@param outcome string? "approved" (default) or "declined"
---@param user_code string? default: the latest flow
---@return boolean found
function Emulator:sign_in(outcome, user_code)
  return device.decide(self, outcome or "approved", user_code)
end

--- An assertion of a foreign issuer that `principal`'s federation accepts.
---@param principal table
---@param opts table?
---@return string
function Emulator:federated_token(principal, opts)
  return assertion.federated(self, principal, opts)
end

--- Continuous access evaluation: tokens issued before now are refused with a
--- claims challenge.
---@param principal table? default: the owner
function Emulator:revoke(principal)
  principal = principal or self.owner
  local not_before = math.floor(self.state:now()) + 1
  local claims = json.encode({ access_token = { nbf = { essential = true, value = tostring(not_before) } } })
  principal.revoked = { not_before = not_before, claims = core.base64url(claims) }
end

--- The managed identity endpoints: settings to change (`gone_until`,
--- `mode`, ...) and the environment that makes a client use one of them.
---@param kind string "imds", "app_service", "arc", ...
---@return table environment
function Emulator:environment(kind)
  return imds.environment(self, kind)
end

--- Sets a provider's registration in a subscription: "Registered",
--- "NotRegistered", "Unregistered".
---@param namespace string
---@param registration string
---@param subscription_id string? default: the contoso one
function Emulator:register(namespace, registration, subscription_id)
  errors.check_type(namespace, "string", "namespace", "emulator:register")
  errors.check_type(registration, "string", "registration", "emulator:register")
  errors.check_type(subscription_id, "string|nil", "subscription_id", "emulator:register")
  local id = "/subscriptions/" .. (subscription_id or seeds.contoso.subscription_id)
  local subscription = self.state:get(id)
  if not subscription then errors.raise(("emulator:register: there is no %s"):format(id)) end
  subscription.registrations[namespace:lower()] = registration
end

--- Who wrote a resource, as systemData says it.
---@param ctx table
---@return table
function Emulator.system_data(ctx)
  local now = wire.timestamp(ctx.state:now())
  return {
    createdBy = ctx.principal.client_id, createdByType = "Application", createdAt = now,
    lastModifiedBy = ctx.principal.client_id, lastModifiedByType = "Application", lastModifiedAt = now,
  }
end

--- Stops listening, closes every connection and removes the files that it
--- wrote. Calling it again does nothing.
function Emulator:stop()
  local server, ca_file, http = self.server, self.ca_file, self.http
  self.server, self.ca_file, self.http = nil, nil, nil
  if server then server:close() end
  if http then http:close() end
  if ca_file then os.remove(ca_file) end
  imds.close(self.identity)
end

Emulator.close = Emulator.stop
Emulator.__close = Emulator.stop
Emulator.__gc = Emulator.stop

function Emulator:__tostring()
  return ("azure.emulator at %s"):format(self.url)
end

-- os.tmpname makes the file, readable by its owner alone.
local function write_ca(pem)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(pem)
  file:close()
  return path
end

local function listen(self)
  local options = self.options
  local opts = { address = options.address, port = options.port }
  local scheme = "http"
  if options.tls then
    local certificate = require("azure.emulator.server").certificate()
    opts.cert, opts.key, scheme = certificate.cert, certificate.key, "https"
    self.ca_file = write_ca(certificate.ca)
  end
  if not options.address:find("^127%.") and options.address ~= "::1" then
    -- Not warn(): scripts have that off unless they turn it on.
    io.stderr:write("azure.emulator: listening on ", options.address, ": whoever reaches it can sign in\n")
  end
  local server, why = transport.listen(opts, function(raw) return self:handle(raw) end)
  if not server then return nil, why end
  self.server = server
  local host = options.address:find(":") and "[" .. options.address .. "]" or options.address
  self.url = ("%s://%s:%d"):format(scheme, host, server:port())
  return self
end

local emulator = {}

emulator.seeds = seeds
emulator.timings = settings.timings
emulator.lro = lro

--- Starts an emulator.
---@param opts azure.emulator.Options?
---@return azure.Emulator? e
---@return azure.Error? err
function emulator.start(opts)
  local self = new_emulator(settings.read(opts))
  if self.options.seed then self:seed(self.options.seed) end
  if self.options.listen == false then return self end
  local ok, why = listen(self)
  if ok then return self end
  self:stop()
  return nil, errors.new{
    kind = "transport", message = ("the emulator cannot start on %s port %d: %s"):format(
      self.options.address, self.options.port, why),
    hint = "port = 0 takes any free port",
  }
end

return emulator
