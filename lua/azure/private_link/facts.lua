--- What the preflight reads, each thing once and only when a check asks for it.
-- `facts:get(name)` gives value, err; a thing that is not there is nil, err.

local job_module = require "azure.private_link.job"
local link_module = require "azure.private_link.link"
local states = require "azure.private_link.states"

local facts = {}

local Facts = {}

local PROVIDERS_VERSION = "2021-04-01"
local SUBSCRIPTIONS_VERSION = "2021-04-01"
local PERMISSIONS_VERSION = "2022-04-01"

local readers = {}

function readers.signalr(job) return job:get(job.client, job.signalr.id) end

function readers.upstream(job)
  local upstream, err = job:get(job.approver, job.upstream.id)
  if upstream then job:learn_slot(upstream) end
  return upstream, err
end

function readers.shareable(job) return job:list(job.client, job.signalr.id .. "/privateLinkResources") end

function readers.link(job)
  if not job:has_valid_name() then return nil end
  local raw, err = job:get(job.client, job:link_id())
  return raw and states.link(raw), err
end

function readers.connections(job)
  return job:list(job.approver, job.upstream.id .. "/privateEndpointConnections")
end

function readers.replica_names(job) return link_module.replicas(job) end

-- The copies that replicas have of the link.
function readers.replica_links(job, all)
  local names = all:get("link") and all:get("replica_names") or {}
  local links = {}
  for _, name in ipairs(names) do
    local copy, err = link_module.read(job, name)
    if err then return nil, err end
    links[#links + 1] = copy
  end
  return links
end

function readers.server_farm(job, all)
  local site = all:get("upstream")
  local id = site and type(site.properties) == "table" and site.properties.serverFarmId
  if type(id) ~= "string" then return nil end
  return job:get(job.approver, id)
end

local function provider(job, client, subscription, namespace)
  return job:get(client, ("/subscriptions/%s/providers/%s"):format(subscription, namespace),
    { api_version = PROVIDERS_VERSION })
end

function readers.signalr_provider(job)
  return provider(job, job.client, job.signalr.subscription_id, job.signalr.provider)
end

function readers.upstream_provider(job)
  return provider(job, job.approver, job.upstream.subscription_id, job.upstream.provider)
end

local function permissions(job, client, id)
  return job:list(client, id .. "/providers/Microsoft.Authorization/permissions",
    { api_version = PERMISSIONS_VERSION })
end

function readers.signalr_permissions(job) return permissions(job, job.client, job.signalr.id) end

function readers.upstream_permissions(job) return permissions(job, job.approver, job.upstream.id) end

local function tenant(job, client, subscription)
  local answer, err = job:get(client, "/subscriptions/" .. subscription, { api_version = SUBSCRIPTIONS_VERSION })
  return answer and answer.tenantId, err
end

function readers.signalr_tenant(job) return tenant(job, job.client, job.signalr.subscription_id) end

function readers.upstream_tenant(job) return tenant(job, job.approver, job.upstream.subscription_id) end

--- A fact, read at most once. A failure that may be gone at the next try is
--- an error of the whole preflight and is kept in `self.failure`.
---@param name string
---@return any value
---@return azure.Error? err
function Facts:get(name)
  local known = self.known[name]
  if not known then
    local value, err = readers[name](self.job, self)
    known = { value = value, err = err }
    self.known[name] = known
    local ends_it = err and (err.kind == "cancelled" or job_module.is_transient(err))
    if ends_it then self.failure = self.failure or err end
  end
  return known.value, known.err
end

function Facts:properties(name)
  local value = self:get(name)
  return value and type(value.properties) == "table" and value.properties or {}
end

--- The upstream's type, in lower case.
function Facts:upstream_type()
  return self.job.upstream.type:lower()
end

function Facts:is_web()
  local kind = self:upstream_type()
  return kind == "microsoft.web/sites" or kind == "microsoft.web/sites/slots"
end

Facts.__index = function(self, key)
  if Facts[key] then return Facts[key] end
  local known = rawget(self, "known")[key]
  return known and known.value
end

---@param job table
---@return table
function facts.new(job)
  return setmetatable({ job = job, known = {} }, Facts)
end

--- Whether two subscriptions belong to the same tenant; nil when unknown.
---@param job table
---@param all table
---@return boolean?
function facts.same_tenant(job, all)
  if job.signalr.subscription_id:lower() == job.upstream.subscription_id:lower() then return true end
  local one, other = all:get("signalr_tenant"), all:get("upstream_tenant")
  if type(one) ~= "string" or type(other) ~= "string" then return nil end
  return one:lower() == other:lower()
end

return facts
