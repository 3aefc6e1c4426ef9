--- Operations between two polls, each in a task of its own.
--   lua5.4 bench/parked.lua ORIGIN OPERATIONS SECONDS [POLL_INTERVAL]
-- After all are parked: bytes each, then for SECONDS the CPU of waiting (and
-- polling, if the server's Retry-After falls into it) and how late timers are.

local azure = require "azure"
local probe = require "probe"

local origin, count, seconds, interval = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])
local group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
local link = group .. "/providers/Microsoft.SignalRService/SignalR/contoso/sharedPrivateLinkResources/spl-"
local body = { properties = { groupId = "sites", privateLinkResourceId = group, requestMessage = "please approve" } }

local client = assert(azure.client{
  cloud = { arm = origin }, poll_interval = interval,
  credential = azure.identity.static{ token = ("x"):rep(1200), expires_on = os.time() + 86400 },
})

local parked, tasks = 0, {}

-- The wait is told of each poll: the first tells that the operation is parked.
local function follow(number)
  local seen = false
  client:put(link .. number, body, { timeout = 86400, on_progress = function()
    if not seen then parked, seen = parked + 1, true end
  end })
end

local function park(first, amount)
  local goal = parked + amount
  for i = first, first + amount - 1 do tasks[#tasks + 1] = azure.spawn(follow, i) end
  while parked < goal do azure.sleep(0.001) end
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

local lateness, worst = {}, 0
local cpu, start = probe.cpu(), probe.now()
while probe.now() - start < seconds do
  local due = probe.now() + 0.050
  azure.sleep(0.050)
  local late = (probe.now() - due) * 1e3
  lateness[#lateness + 1] = late
  worst = math.max(worst, late)
end
local used, wall = probe.cpu() - cpu, probe.now() - start
table.sort(lateness)
print(('{"count":%d,"bytes":%.1f,"start_s":%.3f,"cpu":%.6f,"wall":%.3f,"late_ms":%.3f,"worst_ms":%.3f}'):format(count,
  bytes, took, used, wall, lateness[#lateness // 2 + 1] or 0, worst))
os.exit(0, false)
