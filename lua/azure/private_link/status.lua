--- How it stands: SignalR -> links -> connections -> upstreams.

local bind = require "azure.private_link.bind"
local connections = require "azure.private_link.connections"
local core = require "azure.core"
local errors = require "azure.errors"
local job_module = require "azure.private_link.job"
local link_module = require "azure.private_link.link"
local reference = require "azure.private_link.reference"
local render = require "azure.private_link.render"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"

local status = {}

local function upstream_of(link)
  local slot = (link.group or ""):match("^sites%-(.+)$")
  if link.target and slot then return resource_id.child(link.target, "slots", slot) end
  return link.target
end

-- Connections of one upstream are read once, whoever links to it.
local function connections_of(job, cache, id)
  local key = resource_id.key(id)
  if not cache[key] then
    local list, err = connections.list(job, nil, id)
    cache[key] = { list = list or {}, err = err }
  end
  return cache[key].list, cache[key].err
end

local function want_of(link)
  return bind.want({ link }, { name = link.name, group = link.group or "" })
end

local function describe(connection, clues)
  local owner = "other"
  if clues.reference then owner = "ours" elseif clues.name and not clues.contradicted then owner = "maybe" end
  return {
    id = connection.id, name = connection.name, status = connection.status, owner = owner,
    private_endpoint = connection.private_endpoint, description = reference.strip(connection.description),
    because = clues["for"],
  }
end

local function look_at(job, cache, link)
  local upstream = upstream_of(link)
  local entry = {
    id = link.id, name = link.name, owner = link.owner, upstream = upstream, group = link.group, status = link.status,
    provisioning_state = link.provisioning_state, message = reference.strip(link.message), connections = {},
    functional = link.status == "Approved" and link.provisioning_state == "Succeeded",
  }
  if not upstream or not resource_id.is_valid(upstream) then return entry end
  local list, err = connections_of(job, cache, upstream)
  entry.error = err and tostring(err) or nil
  local want = want_of(link)
  for _, connection in ipairs(list) do
    if states.is_of_group(connection, want.group) then
      entry.connections[#entry.connections + 1] = describe(connection, bind.evidence(connection, want))
    end
  end
  return entry
end

local function read_links(job, replica)
  local owner = replica and resource_id.child(job.signalr.id, "replicas", replica) or job.signalr.id
  local raw, err = job:list(job.client, owner .. "/sharedPrivateLinkResources")
  if not raw then return nil, err end
  local links = {}
  for _, item in ipairs(raw) do
    local link = states.link(item, replica)
    local wanted = (not job.name or link.name:lower() == job.name:lower())
      and (not job.target_id or resource_id.equal(link.target, job.target_id))
    if wanted then links[#links + 1] = link end
  end
  return links
end

local function all_links(job)
  local links, err = read_links(job)
  if not links then return nil, err end
  local replicas
  replicas, err = link_module.replicas(job)
  if not replicas then return nil, err end
  for _, replica in ipairs(replicas) do
    local more
    more, err = read_links(job, replica)
    if not more then return nil, err end
    table.move(more, 1, #more, #links + 1, links)
  end
  return links
end

local function run(job)
  local ok, err = job:ids_ok()
  if not ok then return nil, err end
  local signalr
  signalr, err = job:get(job.client, job.signalr.id)
  if not signalr then return nil, err end
  local links
  links, err = all_links(job)
  if not links then return nil, err end
  local cache, entries = {}, {}
  for i, link in ipairs(links) do entries[i] = look_at(job, cache, link) end
  local properties = type(signalr.properties) == "table" and signalr.properties or {}
  local sku = type(signalr.sku) == "table" and signalr.sku or {}
  return {
    signalr = job.signalr.id, name = job.signalr.name, sku = sku.name,
    provisioning_state = states.canonical(properties.provisioningState), links = entries,
  }
end

-- Whoever asks for a tree is going to print it.
local function wants_color(chosen)
  if chosen ~= nil then return chosen end
  return core.terminal_width(io.stdout) ~= nil and (os.getenv("NO_COLOR") or "") == ""
end

--- See `azure.private_link.status`.
function status.run(client, spec)
  local job = job_module.new(client, spec, "private_link.status", { "signalr" })
  local format = spec.format or "table"
  if not render.formats[format] then
    local near = errors.nearest(format, render.formats)
    errors.raise(("private_link.status: 'format' must be table, tree, json or mermaid%s"):format(
      near and (", did you mean '%s'?"):format(near) or ""))
  end
  local tree, err = run(job)
  if not tree then return nil, err end
  return render.formats[format](tree, { color = wants_color(spec.color) })
end

return status
