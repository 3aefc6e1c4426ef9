--- The flow in Lua: one shared private link created, approved, read again.
--   lua5.4 bench/flow.lua ORIGIN FLOWS CONCURRENCY WARM_UP_FLOWS [CA.pem]
-- CONNECTIONS in the environment is how many connections the client may open;
-- without it, as many as it opens of itself.

local azure = require "azure"

local origin, ca_file = arg[1], arg[5]
local flows, concurrency, warm_up = tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])
local group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
local signalr = group .. "/providers/Microsoft.SignalRService/SignalR/contoso"
local site = group .. "/providers/Microsoft.Web/sites/contoso-func"

local begun_s, begun_cpu_s = azure.loop():now(), os.clock()
local client <close> = azure.client{
  cloud = { arm = origin }, ca_file = ca_file, max_connections = tonumber(os.getenv("CONNECTIONS")),
  credential = azure.identity.static{ token = ("x"):rep(1200), expires_on = os.time() + 86400 },
}

local link_body = { properties = {
  groupId = "sites", privateLinkResourceId = site, requestMessage = "please approve",
} }
local approval = { properties = { privateLinkServiceConnectionState = { status = "Approved",
  description = "please approve" } } }

local function flow(number)
  local link = signalr .. "/sharedPrivateLinkResources/spl-" .. number
  assert(client:put(link, link_body))
  local found
  for connection, err in client:list(site .. "/privateEndpointConnections") do
    assert(connection, err)
    found = connection
  end
  assert(found.properties.privateLinkServiceConnectionState.status == "Pending")
  local own = site .. "/privateEndpointConnections/spl-" .. number .. "-0001"
  assert(client:put(own, approval))
  assert(client:get(own).properties.privateLinkServiceConnectionState.status == "Approved")
  assert(client:get(link).properties.status == "Approved")
end

-- As flow.mjs does it: so many workers, which count together.
local function run(count)
  local number, workers = 0, azure.group()
  for _ = 1, math.min(concurrency, count) do
    workers:spawn(function()
      while number < count do
        number = number + 1
        flow(number)
      end
    end)
  end
  assert(workers:wait())
end

if warm_up > 0 then
  run(warm_up)
  begun_s, begun_cpu_s = azure.loop():now(), os.clock()
end
run(flows)
local seconds, cpu = azure.loop():now() - begun_s, os.clock() - begun_cpu_s

local rss = 0
local status = io.open("/proc/self/status")
if status then rss = tonumber(status:read("a"):match("VmHWM:%s+(%d+)")) or 0 end
print(('{"flows":%d,"failed":0,"seconds":%.6f,"cpu":%.6f,"rss_kb":%d}'):format(flows, seconds, cpu, rss))
