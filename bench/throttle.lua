-- How the pacing of a client does against Resource Manager's token buckets:
-- many establish jobs at once on an emulator that enforces ARM's limits
-- (reads 250 and 25/s, writes 200 and 10/s), on the virtual clock.
--
--     lua5.4 bench/throttle.lua [jobs]      default 200
--
-- Ideal: the slowest of the job itself without limits and of what the buckets
-- let through, with the number of calls that were made. `make bench` has bars
-- for it: at most 1 % answered 429, at most 10 % over the ideal.
local azure = require "azure"
local core = require "azure.core"
local emulator = require "azure.emulator"

local bench = {}

local group = emulator.seeds.contoso.group

local function resources(jobs)
  local plan = emulator.seeds.contoso.plan
  local list = { { id = plan, location = "West US", sku = { name = "EP1", tier = "ElasticPremium" } } }
  for i = 1, jobs do
    list[#list + 1] = { id = ("%s/providers/Microsoft.SignalRService/signalr/bench-%d"):format(group, i),
      location = "eastus", sku = { name = "Standard_S1", capacity = 1 } }
    list[#list + 1] = { id = ("%s/providers/Microsoft.Web/sites/bench-%d"):format(group, i), location = "West US",
      kind = "functionapp", plan = plan }
  end
  return list
end

local function spec(i, opts)
  return {
    signalr = ("%s/providers/Microsoft.SignalRService/signalr/bench-%d"):format(group, i),
    upstream = ("%s/providers/Microsoft.Web/sites/bench-%d"):format(group, i), name = "func-pe", timeout = 36000,
    poll_interval = opts.poll_interval,
  }
end

local function count(e)
  local found = { reads = 0, writes = 0, deletes = 0, refused = 0, total = 0 }
  local kinds = { GET = "reads", HEAD = "reads", DELETE = "deletes" }
  for _, entry in ipairs(e:requests()) do
    if entry.path:find("^/subscriptions") then
      local kind = kinds[entry.method] or "writes"
      found.total = found.total + 1
      if entry.status == 429 then found.refused = found.refused + 1 else found[kind] = found[kind] + 1 end
    end
  end
  return found
end

--- Runs the jobs once.
---@param jobs integer
---@param opts { throttle: any, paced: boolean?, timings: any, poll_interval: number? } the first and the third are the
---emulator's, the last one is each job's
---@return { seconds: number, failed: integer, reads: integer, writes: integer, refused: integer, total: integer }
function bench.run(jobs, opts)
  local loop = core.loop()
  local was = loop:auto_advance(true)
  local e <close> = assert(emulator.start{ seed = resources(jobs), throttle = opts.throttle,
    timings = opts.timings })
  local credential <close> = e:credential()
  local client <close> = azure.client{ cloud = e:cloud(), credential = credential, timeout = 3600,
    throttle = opts.paced ~= false }
  local started, failed = loop:now(), 0
  local list = {}
  for i = 1, jobs do list[i] = i end
  local ok, problem = pcall(azure.map, list, { concurrency = jobs }, function(i)
    local report, err = azure.private_link.establish(client, spec(i, opts))
    if not report then
      failed = failed + 1
      if os.getenv("BENCH_VERBOSE") then print(err) end
    end
    return true
  end)
  loop:auto_advance(was)
  if not ok then error(problem, 0) end
  local result = count(e)
  result.seconds, result.failed = loop:now() - started, failed
  return result
end

--- The time that buckets need to let so many calls through.
---@param result table of bench.run
---@param limits table? of the emulator; default ARM's
---@return number seconds
function bench.bucket_seconds(result, limits)
  limits = limits or require("azure.emulator.throttle").arm_limits
  return math.max(0, (result.reads - limits.reads[1]) / limits.reads[2],
    (result.writes - limits.writes[1]) / limits.writes[2])
end

local function row(name, result, ideal)
  print(("%-22s %8.1f s %7d %7d %7d %8.2f %% %9.1f s %7.1f %%  %d"):format(name, result.seconds, result.reads,
    result.writes, result.refused, 100 * result.refused / result.total, ideal,
    100 * (result.seconds / ideal - 1), result.failed))
end

local function main(jobs)
  print(("%d establish jobs, one subscription, one client"):format(jobs))
  print(("%-22s %10s %7s %7s %7s %10s %11s %9s  %s"):format("", "virtual", "reads", "writes", "429", "share", "ideal",
    "over", "failed"))
  local free = bench.run(jobs, { throttle = false })
  row("no limits", free, free.seconds)
  for _, case in ipairs{ { "ARM's limits, paced", true }, { "ARM's limits, unpaced", false } } do
    local result = bench.run(jobs, { throttle = true, paced = case[2] })
    row(case[1], result, math.max(free.seconds, bench.bucket_seconds(result)))
  end
end

if not ... or tonumber((...)) then main(tonumber((...)) or 200) end

return bench
