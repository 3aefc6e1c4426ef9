-- Runs 200 jobs at a time, again and again, and watches memory and descriptors.
-- Usage: soak.lua SECONDS. Each round starts an emulator, gives 200 SignalR
-- services a private path each, removes half of them and stops. Flat means:
-- the median of the last quarter of the rounds is at most a tenth above that of
-- the second. The curve is written to build/soak.svg.
local azure = require "azure"

local limit = tonumber(arg[1] or "60") or error("usage: soak.lua SECONDS")
local jobs = tonumber(os.getenv("SOAK_JOBS") or "200")
local loop = azure.loop()

local function resident_kib()
  local file = io.open("/proc/self/statm")
  if not file then return collectgarbage("count") end
  local _, pages = file:read("n", "n")
  file:close()
  return pages * 4
end

local function open_files()
  local pipe = io.popen("ls /proc/$PPID/fd 2>/dev/null | wc -l")
  local count = tonumber(pipe:read("l")) or 0
  pipe:close()
  return count
end

local function ids(number)
  local group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/soak"
  return ("%s/providers/Microsoft.SignalRService/signalr/signalr-%03d"):format(group, number),
    ("%s/providers/Microsoft.Web/sites/func-%03d"):format(group, number),
    group .. "/providers/Microsoft.Web/serverfarms/plan"
end

local function seed(e)
  local _, _, plan = ids(0)
  local list = { { id = plan, location = "eastus", sku = { name = "EP1", tier = "ElasticPremium" } } }
  for number = 1, jobs do
    local signalr, func = ids(number)
    list[#list + 1] = { id = signalr, location = "eastus", sku = { name = "Standard_S1", capacity = 1 } }
    list[#list + 1] = { id = func, location = "eastus", kind = "functionapp", plan = plan }
  end
  e:seed(list)
end

local function one_job(client, number)
  local signalr, func = ids(number)
  local spec = { signalr = signalr, upstream = func, name = "func-pe", approve = true }
  local report, err = azure.private_link.establish(client, spec)
  if not report then return nil, err end
  if number % 2 == 0 then
    local removed
    removed, err = azure.private_link.remove(client, spec)
    if not removed then return nil, err end
  end
  return report.link.status
end

local function round()
  local e <close> = assert(require("azure.emulator").start{})
  seed(e)
  local client <close> = azure.client{ cloud = e:cloud(), credential = e:credential() }
  local numbers = {}
  for number = 1, jobs do numbers[number] = number end
  local results, errs = azure.map(numbers, { concurrency = jobs }, function(number) return one_job(client, number) end)
  assert(results, errs)
  for number, err in pairs(errs or {}) do error(("job %d: %s"):format(number, err)) end
  assert(#results == jobs)
  return #e:requests()
end

local function median(list, from, to)
  local part = table.move(list, from, to, 1, {})
  table.sort(part)
  return part[(#part + 1) // 2]
end

local function curve(values, color)
  local top, points = 1, {}
  for _, value in ipairs(values) do top = math.max(top, value) end
  for i, value in ipairs(values) do
    points[i] = ("%.1f,%.1f"):format(40 + 700 * (i - 1) / math.max(1, #values - 1), 220 - 190 * value / top)
  end
  return ('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>'):format(color, table.concat(points, " "))
end

local function plot(path, memory, files)
  local out = assert(io.open(path, "w"))
  out:write('<svg xmlns="http://www.w3.org/2000/svg" width="760" height="250" font-family="sans-serif" ',
    'font-size="12">\n', '<rect width="760" height="250" fill="white"/>\n', curve(memory, "#0067b8"), "\n",
    curve(files, "#c04000"), "\n",
    ('<text x="40" y="16" fill="#0067b8">memory, %.1f MiB</text>\n'):format(memory[#memory] / 1024),
    ('<text x="400" y="16" fill="#c04000">open descriptors, %d</text>\n'):format(files[#files]),
    ('<text x="40" y="242">%d rounds of %d jobs</text>\n</svg>\n'):format(#memory, jobs))
  out:close()
end

loop:auto_advance(true)
local memory, files = {}, {}
-- The machine's clock: the loop's is virtual here.
local started = os.time()
repeat
  local begun = os.clock()
  local requests = round()
  collectgarbage()
  for _ = 1, 20 do loop:step(0) end
  memory[#memory + 1], files[#files + 1] = resident_kib(), open_files()
  print(("round %d: %d requests, %.2f s of processor, %.1f MiB resident, %.1f MiB of Lua, %d descriptors"):format(
    #memory, requests, os.clock() - begun, memory[#memory] / 1024, collectgarbage("count") / 1024, files[#files]))
until os.time() - started >= limit and #memory >= 8

os.execute("mkdir -p build")
plot("build/soak.svg", memory, files)
local quarter = #memory // 4
local early, late = median(memory, quarter + 1, 2 * quarter), median(memory, #memory - quarter + 1, #memory)
local files_early, files_late = median(files, quarter + 1, 2 * quarter), median(files, #files - quarter + 1, #files)
local flat = late <= early * 1.1 and files_late <= files_early
print(("memory %.1f -> %.1f MiB, descriptors %d -> %d: %s"):format(early / 1024, late / 1024, files_early,
  files_late, flat and "flat" or "it grows"))
print(flat and "1 passed, 0 failed" or "0 passed, 1 failed")
os.exit(flat, true)
