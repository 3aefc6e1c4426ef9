--- Upstream calls of a serverless SignalR: how it makes them, and a small
-- upstream that remembers where they came from. Headers and signature are
-- those of learn.microsoft.com, "Upstream endpoints", and of
-- azure-sdk-for-net's SignalRRequestResolver: `sha256=<hex>` per access key,
-- the key being the text as it is shown, not what it decodes to.

local core = require "azure.core"
local errors = require "azure.errors"
local forwarded = require "azure.forwarded"
local json = require "azure.json"
local wire = require "azure.emulator.wire"

local upstream = {}

--- The value of X-ASRS-Signature.
---@param keys string[]
---@param connection_id string
---@return string
function upstream.sign(keys, connection_id)
  local parts = {}
  for _, key in ipairs(keys) do parts[#parts + 1] = "sha256=" .. core.hmac_sha256(key, connection_id) end
  return table.concat(parts, ",")
end

--- Checks X-ASRS-Signature: one of the keys must have made one of its parts.
---@param signature string?
---@param keys string[]
---@param connection_id string?
---@return string verdict "valid", "invalid" or "missing"
function upstream.check(signature, keys, connection_id)
  if not signature or signature == "" or not connection_id then return "missing" end
  for part in signature:lower():gmatch("[^,%s]+") do
    for _, key in ipairs(keys) do
      if part == "sha256=" .. core.hmac_sha256(key, connection_id) then return "valid" end
    end
  end
  return "invalid"
end

local send_options = {
  signalr = true, target = true, url = true, hub = true, category = true, event = true, connection_id = true,
  user_id = true, body = true, forwarded_for = true, timeout = true, claims = true, client_query = true,
}

-- The first template whose patterns fit wins.
local function fits(pattern, word)
  for part in (pattern or "*"):gmatch("[^,%s]+") do
    if part == "*" or part == word then return true end
  end
  return false
end

local function template_url(signalr, call)
  local templates = type(signalr.properties.upstream) == "table" and signalr.properties.upstream.templates
  for _, template in ipairs(type(templates) == "table" and templates or {}) do
    if fits(template.hubPattern, call.hub) and fits(template.categoryPattern, call.category)
      and fits(template.eventPattern, call.event) then
      return (template.urlTemplate:gsub("{(%a+)}", { hub = call.hub, category = call.category, event = call.event }))
    end
  end
  return nil
end

local function find_link(cloud, signalr, target)
  local approved
  for _, link in ipairs(cloud.state:children(signalr.id, signalr.type .. "/sharedPrivateLinkResources")) do
    if not target or link.target_id:lower() == target:lower() then
      approved = link.status == "Approved" and link or approved
    end
  end
  return approved
end

-- Where the target sees the call come from: its private address once the link
-- is approved, the service's public one before.
local function source_address(cloud, signalr, target)
  local link = find_link(cloud, signalr, target)
  local connection = link and link.connection_id and cloud.state:get(link.connection_id)
  local private = connection and connection.ip_addresses[1]
  return (private or signalr.external_ip) .. ":" .. tostring(49152 + #cloud.log % 16000), private ~= nil
end

-- A site with an approved private endpoint refuses the public door unless it
-- says that it is open (learn.microsoft.com, "Use private endpoints for apps").
local function is_refused(cloud, target, private)
  local site = target and cloud.state:get(target)
  if private or not site or site.public_network_access == "Enabled" then return false end
  if site.public_network_access == "Disabled" then return true end
  for _, connection in ipairs(cloud.state:children(site.id, site.type .. "/privateEndpointConnections")) do
    if connection.status == "Approved" then return true end
  end
  return false
end

local function call_headers(signalr, call, address)
  return {
    ["Content-Type"] = "application/json", ["X-Forwarded-For"] = address,
    ["X-ASRS-Connection-Id"] = call.connection_id, ["X-ASRS-Hub"] = call.hub,
    ["X-ASRS-Category"] = call.category, ["X-ASRS-Event"] = call.event,
    ["X-ASRS-Signature"] = upstream.sign({ signalr.keys.Primary, signalr.keys.Secondary }, call.connection_id),
    ["X-ASRS-User-Id"] = call.user_id, ["X-ASRS-User-Claims"] = call.claims,
    ["X-ASRS-Client-Query"] = call.client_query,
  }
end

local function read_call(opts)
  return {
    hub = opts.hub or "chat", category = opts.category or "connections", event = opts.event or "connected",
    connection_id = opts.connection_id or core.base64url(core.random(16)), user_id = opts.user_id,
    claims = opts.claims, client_query = opts.client_query,
  }
end

local function forbidden()
  return core.sleep(0):map(function()
    return { status = 403, headers = {}, body = "Error 403 - This web app is stopped or not reachable from here." }
  end)
end

--- Makes the call; see emulator:send_upstream.
---@param cloud table
---@param opts table?
---@return table op
function upstream.send(cloud, opts)
  opts = errors.check_options(opts, send_options, "emulator:send_upstream")
  for name in pairs(send_options) do
    if name ~= "timeout" then errors.check_type(opts[name], "string|nil", name, "emulator:send_upstream") end
  end
  errors.check_number(opts.timeout, "timeout", "emulator:send_upstream")
  cloud.state:settle()
  local signalr = cloud.state:get(opts.signalr or cloud.ids.signalr)
  if not signalr then errors.raise("emulator:send_upstream: 'signalr' must be the id of a SignalR that exists") end
  local call = read_call(opts)
  local url = opts.url or template_url(signalr, call)
  if not url then errors.raise("emulator:send_upstream: no 'url' given and no upstream template fits") end
  local address, private = source_address(cloud, signalr, opts.target)
  if not opts.forwarded_for and is_refused(cloud, opts.target, private) then return forbidden() end
  cloud.http = cloud.http or core.http({ ca_file = cloud.ca_file })
  return cloud.http:send({
    method = "POST", url = url, body = opts.body or "{}", timeout = opts.timeout or 30,
    headers = call_headers(signalr, call, opts.forwarded_for or address),
  })
end

--- A small upstream ---------------------------------------------------------

--- An upstream that remembers who called, for demonstrations and specs.
---@class azure.emulator.Upstream
---@field url string? where it listens
---@field seen table[] the calls, oldest first: at, ip, private, forwarded_for, hub, category, event, signature
local Upstream = {}
Upstream.__index = Upstream
Upstream.__name = "azure.emulator.upstream"

local MAX_SEEN = 1000

local function keys_of(self)
  if type(self.keys) == "function" then return self.keys() end
  return self.keys
end

local function note(self, request)
  local headers = request.headers
  local client = forwarded.client_ip(headers) or {}
  local entry = {
    at = math.floor(self.clock()), forwarded_for = headers["x-forwarded-for"], ip = client.ip,
    private = client.private or false, hub = headers["x-asrs-hub"], category = headers["x-asrs-category"],
    event = headers["x-asrs-event"],
    signature = upstream.check(headers["x-asrs-signature"], keys_of(self), headers["x-asrs-connection-id"]),
  }
  self.seen[#self.seen + 1] = entry
  if #self.seen > MAX_SEEN then table.remove(self.seen, 1) end
  return entry
end

--- Answers a request: POST is a call of SignalR, GET asks what came so far.
---@param raw table
---@return table answer
function Upstream:handle(raw)
  local request = wire.request(raw)
  if request.method == "GET" then return wire.json(200, { seen = json.array({ table.unpack(self.seen) }) }) end
  if request.method ~= "POST" then return wire.empty(405, { Allow = "GET, POST" }) end
  local entry = note(self, request)
  if self.on_call then self.on_call(entry) end
  return wire.empty(entry.signature == "valid" and 200 or 401)
end

--- Stops listening. Calling it again does nothing.
function Upstream:stop()
  local server = self.server
  self.server = nil
  if server then server:close() end
end

Upstream.close = Upstream.stop
Upstream.__close = Upstream.stop
Upstream.__gc = Upstream.stop

local listen_options = { port = true, address = true, keys = true, on_call = true, clock = true, listen = true }

--- Starts an upstream. `keys`: the SignalR's access keys, or a function giving
--- them; `on_call(entry)` hears of each call.
---@param opts azure.emulator.ListenOptions
---@return azure.emulator.Upstream? upstream
---@return azure.Error? err
function upstream.listen(opts)
  opts = errors.check_options(opts, listen_options, "upstream.listen")
  errors.check_type(opts.keys, "table|function", "keys", "upstream.listen")
  local loop = core.loop()
  local self = setmetatable({
    keys = opts.keys, seen = {}, on_call = opts.on_call, clock = opts.clock or function() return loop:wall() end,
  }, Upstream)
  if opts.listen == false then return self end
  local address = opts.address or "127.0.0.1"
  local server, why = require("azure.emulator.transport").listen({ address = address, port = opts.port },
    function(raw) return self:handle(raw) end)
  if not server then return nil, errors.new{ kind = "transport", message = "the upstream cannot start: " .. why } end
  self.server = server
  self.url = ("http://%s:%d/"):format(address, server:port())
  return self
end

return upstream
