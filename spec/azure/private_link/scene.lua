-- What the specs of the job share: an emulated contoso, a client, a spec, and
-- questions to the emulator about what really happened.
local azure = require "azure"
local helper = require "spec.helper"

local scene = {}

local Scene = {}
Scene.__index = Scene

--- A started emulator with a client and virtual time.
function scene.new(options)
  local all = { seed = "contoso" }
  for key, value in pairs(options or {}) do all[key] = value end
  helper.virtual_time()
  local self = setmetatable({ e = helper.emulator(all), events = {} }, Scene)
  self.client = self:new_client()
  return self
end

--- A client, of another principal when one is given.
function Scene:new_client(principal)
  local credential = helper.closing((principal or self.e):credential())
  return helper.client(self.e, { credential = credential, retry = { max_retries = 3, delay = 0.1, max_delay = 1 } })
end

--- A spec for func-pe, with the given fields on top.
function Scene:spec(fields)
  local all = {
    signalr = self.e.ids.signalr, upstream = self.e.ids.func, name = "func-pe",
    on_event = function(event) self.events[#self.events + 1] = event end,
  }
  for key, value in pairs(fields or {}) do all[key] = value end
  return all
end

function Scene:establish(fields)
  return azure.private_link.establish(self.client, self:spec(fields))
end

--- The connections of a target as the emulator keeps them.
function Scene:connections(target)
  local id = target or self.e.ids.func
  local list = {}
  for _, record in ipairs(self.e.state:children(id)) do
    if record.type:lower():find("privateendpointconnections$") then list[#list + 1] = record end
  end
  return list
end

--- Names of connections by status, for comparing.
function Scene:statuses(target)
  local list = {}
  for _, record in ipairs(self:connections(target)) do list[#list + 1] = record.status end
  table.sort(list)
  return table.concat(list, " ")
end

function Scene:link(name)
  return self.e:resource(self.e.ids.signalr .. "/sharedPrivateLinkResources/" .. (name or "func-pe"))
end

--- How many PUTs approved something.
function Scene:approvals()
  local count = 0
  for _, entry in ipairs(self.e:requests("PUT .*privateEndpointConnections")) do
    if entry.body and entry.body:find('"Approved"', 1, true) then count = count + 1 end
  end
  return count
end

--- How many PUTs of links the service took.
function Scene:puts()
  local count = 0
  for _, entry in ipairs(self.e:requests("PUT .*sharedPrivateLinkResources")) do
    if entry.status < 300 then count = count + 1 end
  end
  return count
end

--- Makes the SignalR a Premium one with a replica, which has links of its own.
function Scene:add_replica(name)
  self.e:resource(self.e.ids.signalr).sku = { name = "Premium_P1", tier = "Premium", capacity = 1 }
  assert(self.client:put(self.e.ids.signalr .. "/replicas/" .. (name or "eu-replica"),
    { location = "westeurope", sku = { name = "Premium_P1", capacity = 1 } }))
end

--- The link of a replica, as the emulator keeps it.
function Scene:replica_link(name)
  return self.e:resource(self.e.ids.signalr .. "/replicas/" .. (name or "eu-replica") .. "/sharedPrivateLinkResources/func-pe")
end

--- How long a kind of change takes: seconds, or a list of them for one after
--- the other, the last for all that follow.
function Scene:let_take(what, seconds)
  local others, count = self.e.options.timing, 0
  self.e.options.timing = function(name)
    if name ~= what then return others(name) end
    count = count + 1
    return type(seconds) == "table" and seconds[math.min(count, #seconds)] or seconds
  end
end

--- A copy of what the upstream shows of our first connection, as whoever may
--- list the connections can make it.
function Scene:steal(target)
  for _, record in ipairs(self:connections(target)) do
    if record.link_id then
      return self.e:stranger{ target = target or self.e.ids.func, name = "func-pe", message = record.description }
    end
  end
end

--- A function of another tenant: its id and a client of a principal there.
function Scene:other_tenant()
  local tenant = "11111111-2222-4333-8444-555555555555"
  local base = "/subscriptions/99999999-0000-4000-8000-000000000000/resourceGroups/theirs/providers/Microsoft.Web/"
  self.e:seed{
    { id = base .. "serverfarms/p", sku = { name = "EP1", tier = "ElasticPremium" }, tenant_id = tenant },
    { id = base .. "sites/their-func", plan = base .. "serverfarms/p", tenant_id = tenant },
  }
  return base .. "sites/their-func", self:new_client(self.e:principal{ tenant_id = tenant })
end

--- Calls `fn` once, `seconds` of the emulator's time from now.
function Scene:after(seconds, fn)
  self.e.state:after(seconds, fn)
end

function Scene:steps(state)
  local list = {}
  for _, event in ipairs(self.events) do
    if event.state == state then list[#list + 1] = event.step end
  end
  return table.concat(list, " ")
end

return scene
