--- The benchmark: ours, Microsoft's SDK and raw libcurl in turns, against one
-- server. Everything is told as a ratio within the same run.
--   bench/run.lua BUILD_FOLDER [--write] [flows|cold|start|first|parked|polling|waiting|host|throttle|growth]...

package.path = "bench/?.lua;" .. package.path
local chart = require "chart"
local lab = require "lab"

local out = table.remove(arg, 1)
local flows = tonumber(os.getenv("FLOWS")) or 2000
local rounds = tonumber(os.getenv("ROUNDS")) or 3
local lua, sdk = os.getenv("LUA") or "lua5.4", os.getenv("SDK")
local tls_options = ("cert=%s/server.pem key=%s/server.key"):format(out, out)
local ca = out .. "/ca.pem"

local bars, notes, tables = {}, {}, {}

local function say(...)
  io.stderr:write(table.concat({ ... }), "\n")
end

-- A bar of the plan: what is at least (or at most) wanted, and what came out.
local function bar(name, value, wanted, at_most, format)
  local met
  if at_most then met = value <= wanted else met = value >= wanted end
  bars[#bars + 1] = { name = name, value = (format or "%.2f"):format(value),
    wanted = (at_most and "<= " or ">= ") .. (format or "%.2f"):format(wanted), met = met }
  say(met and "met    " or "MISSED ", name, ": ", bars[#bars].value, " (", bars[#bars].wanted, ")")
end

-- Medians decide; between them and the quartiles lies half of the rounds.
local function paired_bar(name, ratio, wanted, at_most)
  bar(name, ratio.median, wanted, at_most)
  bars[#bars].value = ("%.2f (%.2f to %.2f)"):format(ratio.median, ratio.lower, ratio.upper)
end

local function note(format, ...)
  notes[#notes + 1] = format:format(...)
  say("       ", notes[#notes])
end

local function command(peer, url, count, width, warm, runner)
  local program, tls = runner or "", url:find("^https")
  if peer == "raw" then
    return lab.on(1, ("%s/raw %s %d %d %d %s"):format(out, url, count, width, warm, tls and ca or ""))
  elseif peer == "ours" or peer == "wide" then
    program = program .. ("%s bench/flow.lua %s %d %d %d %s"):format(lua, url, count, width, warm, tls and ca or "")
    return (peer == "wide" and ("CONNECTIONS=%d "):format(width) or "") .. lab.on(1, program)
  end
  program = program .. ("node bench/flow.mjs %s %d %d %d"):format(url, count, width, warm)
  return ("NODE_EXTRA_CA_CERTS=%s SDK=%s "):format(ca, sdk) .. lab.on(1, program)
end

-- "ours" opens as many connections as the client does of itself, which are 32
-- at most; "wide" is the same with one for each flow, as the others have it.
local names = { wide = "ours, 256 connections" }

-- Interleaved: each round has each of them once, in turns forwards and backwards;
-- the SDK, which takes five times as long, only each `sdk_every`th.
local function race(url, width, count, warm, times, sdk_every)
  local found, peers = { rounds = {} }, { "raw", "ours", "sdk" }
  if width == 256 then table.insert(peers, 3, "wide") end
  for _, peer in ipairs(peers) do found[peer] = { rate = {}, cpu = {}, rss = {} } end
  for round = 1, times do
    local seen = {}
    for place = 1, #peers do
      local peer = peers[round % 2 == 1 and place or #peers + 1 - place]
      if peer ~= "sdk" or round % sdk_every == 1 % sdk_every then
        local n, w = count, warm
        if peer == "sdk" and warm > 0 then n, w = math.max(count // 5, width), math.max(warm // 2, width) end
        local got = lab.json(command(peer, url, n, width, w))
        assert(got.failed == 0, peer .. " had failures")
        seen[peer] = { rate = got.flows / got.seconds, cpu = got.cpu / got.flows * 1e6, rss = got.rss_kb / 1024 }
        for key, value in pairs(seen[peer]) do table.insert(found[peer][key], value) end
      end
    end
    found.rounds[round] = seen
  end
  for _, peer in ipairs(peers) do
    for key, list in pairs(found[peer]) do found[peer][key] = lab.summary(list) end
  end
  found.peers = peers
  return found
end

-- Ours against another of the same round, round by round: what slows the
-- machine down for a while slows both.
local function against(found, peer, key)
  local list = {}
  for _, seen in ipairs(found.rounds) do
    if seen[peer] then list[#list + 1] = seen.ours[key] / seen[peer][key] end
  end
  return lab.summary(list)
end

local function ranged(summary, format)
  format = format or "%.0f"
  return (format .. " (" .. format .. " to " .. format .. ")"):format(summary.median, summary.least, summary.most)
end

local function row(list, name, found)
  for _, peer in ipairs(found.peers) do
    local one = found[peer]
    list[#list + 1] = ("| %s | %s | %s | %s | %s |"):format(name, names[peer] or peer, ranged(one.rate),
      ranged(one.cpu), ranged(one.rss, "%.1f"))
  end
end

local flow_bars = {
  [1] = { raw = 0.90 }, [16] = { raw = 0.90, sdk = 4.2 }, [256] = { raw = 0.88, sdk = 5.5 },
}

local function judge_flows(scheme, width, found)
  local name = ("%s, %d at once: "):format(scheme, width)
  paired_bar(name .. "throughput / raw libcurl", against(found, "raw", "rate"), flow_bars[width].raw)
  if flow_bars[width].sdk then
    paired_bar(name .. "throughput / SDK", against(found, "sdk", "rate"), flow_bars[width].sdk)
  end
  paired_bar(name .. "CPU per flow / raw libcurl", against(found, "raw", "cpu"), 1.12, true)
  if width == 256 then paired_bar(name .. "peak memory / SDK", against(found, "sdk", "rss"), 0.10, true) end
end

local parts = {}

-- Many short rounds where the figures are close to each other; longer ones at
-- 256, where memory is looked at too.
local races = {
  [1] = { share = 0.5, rounds = 10, sdk_every = 10 },
  [16] = { share = 1, rounds = 5, sdk_every = 5 },
  [256] = { share = 5, rounds = 1, sdk_every = 1 },
}

function parts.flows()
  local list = { "| case | client | flows/s | CPU us/flow | peak MiB |", "|---|---|---|---|---|" }
  for _, scheme in ipairs{ "plain", "TLS" } do
    local server <close> = setmetatable(lab.server(out, scheme == "TLS" and tls_options or ""),
      { __close = function(self) self.stop() end })
    for _, width in ipairs{ 1, 16, 256 } do
      local plan = races[width]
      local count = math.ceil(flows * plan.share)
      local found = race(server.url, width, count, math.max(count // 4, width), rounds * plan.rounds, plan.sdk_every)
      row(list, ("%s, %d at once"):format(scheme, width), found)
      judge_flows(scheme, width, found)
    end
  end
  tables.flows = list
end

function parts.cold()
  local server = lab.server(out, tls_options)
  local found = race(server.url, 256, 256, 0, rounds, 1)
  server.stop()
  tables.cold = { "| case | client | flows/s | CPU us/flow | peak MiB |", "|---|---|---|---|---|" }
  row(tables.cold, "256 cold TLS flows", found)
  paired_bar("256 cold TLS flows in a fresh process / SDK", against(found, "sdk", "rate"), 7)
  note("256 cold TLS flows against raw libcurl: %.2f", against(found, "raw", "rate").median)
end

local function whole_process(times, peer, url)
  return lab.summary(lab.json(command(peer, url, 1, 1, 0, ("%s/spawn %d "):format(out, times)))).median
end

-- In turns as well: what counts is the ratio within a round.
function parts.start()
  local server = lab.server(out, "")
  local ours, other, ratios = {}, {}, {}
  for round = 1, rounds * 5 do
    ours[round], other[round] = whole_process(5, "ours", server.url), whole_process(1, "sdk", server.url)
    ratios[round] = other[round] / ours[round]
  end
  server.stop()
  note("one flow, whole process: ours %s ms, SDK %s ms", ranged(lab.summary(ours), "%.1f"),
    ranged(lab.summary(other), "%.0f"))
  paired_bar("one flow, whole process: SDK / ours", lab.summary(ratios), 20)
end

function parts.first()
  if not io.open(out .. "/bundle.pem") then return end
  local server = lab.server(out, tls_options)
  local times = { file = {}, path = {} }
  for _ = 1, 11 do
    for kind, where in pairs{ file = out .. "/bundle.pem", path = out .. "/ca" } do
      local text = lab.read(lab.on(1, ("%s bench/first.lua %s/bench/stats ca_%s %s"):format(lua, server.url, kind,
        where)))
      table.insert(times[kind], tonumber(text))
    end
  end
  server.stop()
  local folder, bundle = lab.summary(times.path), lab.summary(times.file)
  note("first TLS request of a process: %s ms with a hashed folder (the default where the system has one), %s ms with "
    .. "the bundle", ranged(folder, "%.1f"), ranged(bundle, "%.1f"))
  bar("first TLS request: hashed folder / bundle", folder.median / bundle.median, 0.5, true)
end

local function parked(url, count, seconds, interval)
  return lab.json(lab.on(1, ("%s bench/parked.lua %s %d %g %s"):format(lua, url, count, seconds, interval or "")))
end

function parts.parked()
  local still = lab.server(out, "polls=1000000 retry_after=3600")
  local core = lab.json(lab.on(1, ("%s/parked %s 10000"):format(out, still.url)))
  local ours = parked(still.url, 10000, 5)
  local other = lab.json(("SDK=%s "):format(sdk)
    .. lab.on(1, ("node --expose-gc bench/flow.mjs %s parked 10000"):format(still.url)))
  still.stop()
  bar("10,000 parked: bytes each in the core", core.bytes, 1024, true, "%.0f")
  bar("10,000 parked: bytes each with a Lua task", ours.bytes, 4096, true, "%.0f")
  note("10,000 parked in the SDK: %.0f bytes of heap each, %.0f of memory", other.heap_bytes, other.rss_bytes)
  bar("10,000 parked: idle CPU %", ours.cpu / ours.wall * 100, 0.1, true, "%.3f")
  note("a timer of 50 ms was %.2f ms late (median), with 10,000 parked", ours.late_ms)
  bar("10,000 parked: worst lateness of a timer, ms", ours.worst_ms, 10, true)
end

-- 10,000 operations every 30 s are 333 polls a second; every 3 s there are
-- more polls to measure, for both.
function parts.polling()
  local server = lab.server(out, "polls=1000000 retry_after=3")
  local raw = lab.json(lab.on(1, ("%s/raw_poll %s 10000 3 9"):format(out, server.url)))
  local ours = parked(server.url, 10000, 9)
  server.stop()
  local ours_us, raw_us = ours.cpu / ours.polls * 1e6, raw.cpu / raw.polls * 1e6
  note("10,000 polled every 3 s: %.1f us of CPU a poll, raw C %.1f", ours_us, raw_us)
  bar("polling 10,000: CPU / raw C", ours_us / raw_us, 1.5, true)
  note("worst lateness of a timer meanwhile: %.1f ms", ours.worst_ms)
end

local function watch(name, options, count, seconds, interval)
  local server = lab.server(out, options)
  parked(server.url, count, seconds, interval)
  local seen = lab.json("curl -s " .. server.url .. "/bench/stats")
  server.stop()
  note("%s: %d polls seen by the server, %d early, %d while another was under way", name, seen.polls, seen.early,
    seen.overlapping)
  bar(name .. ": early or overlapping polls", seen.early + seen.overlapping, 0, true, "%d")
end

function parts.waiting()
  watch("Retry-After of 1 s, answers that take 20 ms", "polls=1000000 retry_after=1 min_gap_ms=1000 delay_ms=20", 1000,
    4)
  watch("interval of 0.25 s without Retry-After", "polls=1000000 retry_after=-1 min_gap_ms=250 delay_ms=20", 200, 3,
    0.25)
end

-- No peer: the SDKs do not pace. The clock is virtual, so that the machine has
-- no say in it.
function parts.throttle()
  local throttle = require "throttle"
  local jobs = 200
  local free = throttle.run(jobs, { throttle = false })
  local paced = throttle.run(jobs, { throttle = true })
  local unpaced = throttle.run(jobs, { throttle = true, paced = false })
  local ideal = math.max(free.seconds, throttle.bucket_seconds(paced))
  local name = ("%d establish jobs within Resource Manager's token buckets: "):format(jobs)
  assert(paced.failed == 0, "jobs failed")
  bar(name .. "% of calls answered 429", 100 * paced.refused / paced.total, 1, true)
  bar(name .. "time / what the buckets allow", paced.seconds / ideal, 1.10, true)
  note("%d establish jobs: %.0f s without limits, %.0f s paced (the buckets allow %.0f s); unpaced %.0f %% of calls "
    .. "are answered 429 and %d jobs fail", jobs, free.seconds, paced.seconds, ideal,
    100 * unpaced.refused / unpaced.total, unpaced.failed)
end

-- An emulator in a process of its own, 200 times as fast as Azure.
local function start_emulator(jobs)
  local file, url, tenant, id, secret = os.tmpname(), nil, nil, nil, nil
  local line = lab.on(0, ("%s examples/emulator.lua --port 0 --seed contoso --pairs %d --timings 0.005"):format(lua,
    jobs))
  local pid = lab.read(("%s >%s 2>&1 </dev/null & echo $!"):format(line, file)):match("%d+")
  for _ = 1, 100 do
    local text = lab.read("cat " .. file)
    url = text:match("listening on (%S+)")
    tenant, id, secret = text:match("tenant (%S+) client%-id (%S+) client%-secret (%S+)")
    if secret then break end
    os.execute("sleep 0.05")
  end
  os.remove(file)
  return assert(url):match("%d+$"), ("%s %s %s"):format(tenant, id, assert(secret)), pid
end

function parts.host()
  if not pcall(require, "luv") then return note("luv is not here: nothing measured inside a host's loop") end
  local jobs = 200
  local port, login, pid = start_emulator(jobs)
  local got = lab.json(lab.on(1, ("%s bench/host.lua %s %s %d"):format(lua, port, login, jobs)))
  os.execute("kill " .. pid)
  bar(("a libuv timer while %d establish jobs run: late by, 99th percentile, ms"):format(jobs), got.p99, 5, true)
  note("it is late by %.2f ms in the median, %.1f ms at worst, of %d", got.median, got.worst, got.ticks)
end

local function write_file(name, text)
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
end

function parts.growth()
  local server, still = lab.server(out, ""), lab.server(out, "polls=1000000 retry_after=3600")
  local cpu, memory, start = {}, {}, {}
  for _, count in ipairs{ 1, 10, 100, 1000, 10000 } do
    local total = math.max(count, 1000)
    local ran = lab.json(command("ours", server.url, total, count, math.min(total, 500)))
    local kept = parked(still.url, count, 0)
    cpu[#cpu + 1] = { count, ran.cpu / ran.flows * 1e6 }
    memory[#memory + 1] = { count, math.max(kept.bytes, 1) }
    start[#start + 1] = { count, kept.start_s / count * 1e6 }
    note("%d flows: %.0f us of CPU each while running, %.0f bytes each while parked", count, cpu[#cpu][2], kept.bytes)
  end
  server.stop()
  still.stop()
  local svg = chart.draw("What one operation costs, by how many there are", "operations at once", {
    { name = "CPU of a whole flow, us", points = cpu },
    { name = "heap of a parked operation, bytes", points = memory },
    { name = "time to start and park one, us", points = start },
  })
  write_file(out .. "/growth.svg", svg)
  bar("CPU per flow, 10,000 at once / 100 at once", cpu[5][2] / cpu[3][2], 2, true)
  tables.svg = svg
end

local order = {
  "flows", "cold", "start", "first", "parked", "polling", "waiting", "host", "throttle", "growth",
}

local function report()
  local list = {
    ("Measured %s on %s. %s. FLOWS=%d, ROUNDS=%d; medians, in brackets the quartiles of ratios and the ranges of "
      .. "figures."):format(os.date("!%Y-%m-%d"), lab.machine(), lab.versions(), flows, rounds), "",
    "| bar | wanted | measured | |", "|---|---|---|---|" }
  local missed = 0
  for _, one in ipairs(bars) do
    if not one.met then missed = missed + 1 end
    list[#list + 1] = ("| %s | %s | %s | %s |"):format(one.name, one.wanted, one.value,
      one.met and "met" or "**missed**")
  end
  for _, name in ipairs{ "flows", "cold" } do
    if tables[name] then list[#list + 1] = "\n" .. table.concat(tables[name], "\n") end
  end
  list[#list + 1] = ""
  for _, text in ipairs(notes) do list[#list + 1] = "- " .. text end
  return table.concat(list, "\n") .. "\n", missed
end

local function write_docs(text)
  local file = assert(io.open("bench/README.md"))
  local whole = file:read("a")
  file:close()
  local first, last = "<!-- results -->\n", "<!-- end of results -->"
  local from, to = select(2, whole:find(first, 1, true)), whole:find(last, 1, true)
  write_file("bench/README.md", whole:sub(1, from) .. text .. whole:sub(to))
  if tables.svg then write_file("bench/growth.svg", tables.svg) end
end

local wanted, write = {}, false
for _, word in ipairs(arg) do
  if word == "--write" then write = true else wanted[word] = true end
end
for _, name in ipairs(order) do
  if next(wanted) == nil or wanted[name] then parts[name]() end
end
local text, missed = report()
print(text)
write_file(out .. "/results.md", text)
if write then write_docs(text) end
print(("%d passed, %d failed"):format(#bars - missed, missed))
