--- Operations between two polls, each in a task of its own.
--   lua5.4 bench/parked.lua ORIGIN OPERATIONS SECONDS [POLL_INTERVAL]
-- After all are parked: bytes each, then for SECONDS the CPU of waiting (and
-- polling, if the server's Retry-After falls into it), then for as long how
-- late timers are.

local azure = require "azure"
local core = require "azure.core"
local probe = require "probe"

local origin, count, seconds, interval = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])
local group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
local link = group .. "/providers/Microsoft.SignalRService/SignalR/contoso/sharedPrivateLinkResources/spl-"
local body = { properties = { groupId = "sites", privateLinkResourceId = group, requestMessage = "please approve" } }

local client = assert(azure.client{
  cloud = { arm = origin }, poll_interval = interval,
  credential = azure.identity.static{ token = ("x"):rep(1200), expires_on = os.time() + 86400 },
})

local tasks = {}

local function follow(number)
  client:put(link .. number, body)
end

-- Parked: each has begun, and no transfer is under way any more.
local function park(first, amount)
  local loop = azure.loop()
  for i = first, first + amount - 1 do tasks[#tasks + 1] = azure.spawn(follow, i) end
  repeat azure.sleep(0.002) until loop:stats().transfers == 0
end

local function settled()
  collectgarbage()
  collectgarbage()
  return probe.heap()
end

park(1, 64)
local before = settled()
local begun = probe.now()
park(65, count)
local took = probe.now() - begun
local bytes = (settled() - before) / count

local http = core.http{ proxy = "" }
local function polls()
  local answer = assert(http:send{ method = "GET", url = origin .. "/bench/stats" }:wait())
  return tonumber(answer.body:match('"polls":(%d+)'))
end

local polled = polls()
local cpu, start = probe.cpu(), probe.now()
azure.sleep(seconds)
local used, wall = probe.cpu() - cpu, probe.now() - start
polled = polls() - polled

local lateness, worst = {}, 0
for _ = 1, seconds * 20 do
  local due = probe.now() + 0.050
  azure.sleep(0.050)
  local late = (probe.now() - due) * 1e3
  lateness[#lateness + 1] = late
  worst = math.max(worst, late)
end
table.sort(lateness)
local form = '{"count":%d,"bytes":%.1f,"start_s":%.3f,"cpu":%.6f,"polls":%d,"wall":%.3f,"late_ms":%.3f,"worst_ms":%.3f}'
print(form:format(count, bytes, took, used, polled, wall, lateness[#lateness // 2 + 1] or 0, worst))
os.exit(0, false)
