-- Pacing, seen from the service: hardly anything is refused, and the buckets
-- are used up. bench/throttle.lua is the same with 200 jobs.
local azure = require "azure"
local helper = require "spec.helper"
local scripted = require "spec.scripted"
local throttle_bench = require "bench.throttle"

local function path(subscription, provider)
  return ("/subscriptions/%s/resourceGroups/g/providers/%s/things/t?api-version=1"):format(subscription or "s",
    provider or "Microsoft.X")
end

local function times(count)
  local list = {}
  for i = 1, count do list[i] = i end
  return list
end

-- Sends that many calls at once and waits for all of them.
local function at_once(client, count, request)
  return azure.map(times(count), { concurrency = count }, function()
    local response, err = client:request(request)
    return response and response.status or err.status or err.kind
  end)
end

local function refused(e)
  local count = 0
  for _, entry in ipairs(e:requests()) do
    if entry.status == 429 then count = count + 1 end
  end
  return count
end

describe("pacing against ARM's token buckets", function()
  before_each(helper.virtual_time)

  for _, case in ipairs{
    { "reads", 1500, { method = "GET", path = helper.signalr_id }, 250, 25 },
    { "writes", 400, { method = "POST", path = helper.signalr_id .. "/listKeys" }, 200, 10 },
  } do
    local kind, count, request, size, rate = table.unpack(case)
    it(("lets %d %s through in hardly more time than it takes"):format(count, kind), function()
      local e = helper.emulator{ seed = "contoso", throttle = true }
      local client = helper.client(e, { timeout = 3600 })
      local started = azure.loop():now()

      local answers = at_once(client, count, request)

      local took, ideal = azure.loop():now() - started, (count - size) / rate
      for _, status in ipairs(answers) do assert.equal(200, status) end
      assert.is_true(refused(e) <= count / 100, ("%d of %d were refused"):format(refused(e), count))
      assert.is_true(took <= ideal * 1.1 or os.getenv("SLOW") ~= nil, ("%.1f s instead of %.1f s"):format(took, ideal))
    end)
  end

  -- Fast resources and small buckets: without limits these jobs would take less
  -- than half of the time, so that it is the bucket that limits them.
  it("brings whole jobs to their end, in hardly more time than the bucket takes", function()
    local limits = { reads = { 50, 25 }, writes = { 20, 10 }, deletes = { 20, 10 } }

    local free = throttle_bench.run(40, { throttle = false, timings = 0.05, poll_interval = 0.5 })
    local paced = throttle_bench.run(40, { throttle = limits, timings = 0.05, poll_interval = 0.5 })

    local ideal = throttle_bench.bucket_seconds(paced, limits)
    assert.equal(0, paced.failed)
    -- A sanitizer takes longer for the jobs than the bucket does.
    local limited = ideal > 2 * free.seconds
    assert.is_true(limited or os.getenv("SLOW") ~= nil, ("%.1f s, %.1f s without limits"):format(ideal, free.seconds))
    assert.is_true(paced.refused <= paced.total / 100, ("%d of %d were refused"):format(paced.refused, paced.total))
    assert.is_true(not limited or paced.seconds <= ideal * 1.1, ("%.1f s instead of %.1f s"):format(paced.seconds, ideal))
  end)

  it("copes with a bucket that fills slower than ARM's", function()
    local e = helper.emulator{ seed = "contoso", throttle = { reads = { 50, 5 } } }
    local client = helper.client(e, { timeout = 3600 })

    local answers = at_once(client, 400, { path = helper.signalr_id })

    for _, status in ipairs(answers) do assert.equal(200, status) end
    assert.is_true(refused(e) <= 60, refused(e))
  end)
end)

local function remaining(count, name)
  return { ["x-ms-ratelimit-remaining-" .. (name or "subscription-reads")] = tostring(count) }
end

local function busy(seconds, more)
  local headers = { ["Retry-After"] = tostring(seconds) }
  for key, value in pairs(more or {}) do headers[key] = value end
  return { status = 429, headers = headers }
end

-- A server that answers 200 after the first lines.
local function server_with(lines, count)
  for i = #lines + 1, count do lines[i] = { status = 200 } end
  return scripted.start(lines)
end

describe("a 429", function()
  before_each(helper.virtual_time)

  it("holds back all others of its kind and subscription, instead of each trying", function()
    local server = server_with({ busy(30) }, 14)
    local client = scripted.client(server)
    local first = client:send{ path = path() }
    while #server.requests == 0 do azure.loop():step(1) end
    azure.loop():step(0.1)

    at_once(client, 12, { path = path() })
    first:wait()

    local pauses = server:pauses()
    assert.equal(14, #server.requests)
    assert.is_true(pauses[1] >= 30, pauses[1])
  end)

  for name, request in pairs{
    ["writes"] = { method = "PUT", path = path(), body = "{}" }, ["deletes"] = { method = "DELETE", path = path() },
    ["another subscription"] = { path = path("other") }, ["the tenant"] = { path = "/subscriptions?api-version=1" },
  } do
    it("does not hold back " .. name, function()
      local server = server_with({ busy(30) }, 3)
      local client = scripted.client(server)
      local first = client:send{ path = path() }
      while #server.requests == 0 do azure.loop():step(1) end

      assert(client:request(request))

      assert.is_true(server:pauses()[1] < 25)
      first:wait()
    end)
  end

  local function refuse_as_provider(count)
    local server = server_with({ busy(30, { ["x-ms-failure-cause"] = "service" }) }, count)
    local client = scripted.client(server)
    local first = client:send{ path = path() }
    while #server.requests == 0 do azure.loop():step(1) end
    azure.loop():step(0.1)
    return server, client, first
  end

  it("of a provider holds back all others of that provider, instead of each trying", function()
    local server, client, first = refuse_as_provider(14)

    at_once(client, 12, { path = path() })
    first:wait()

    assert.equal(14, #server.requests)
    assert.is_true(server:pauses()[1] >= 30)
  end)

  for name, request in pairs{
    ["another provider"] = { path = path(nil, "Microsoft.Y") }, ["no provider"] = { path = "/subscriptions/s?api-version=1" },
    ["another subscription"] = { path = path("other") }, ["writes"] = { method = "PUT", path = path(), body = "{}" },
  } do
    it("of a provider does not hold back " .. name, function()
      local server, client, first = refuse_as_provider(3)

      assert(client:request(request))

      assert.is_true(server:pauses()[1] < 25)
      first:wait()
    end)
  end

  it("holds back nobody when the client does not pace", function()
    local server = server_with({ busy(30) }, 3)
    local client = scripted.client(server, { throttle = false })
    local first = client:send{ path = path() }
    while #server.requests == 0 do azure.loop():step(1) end

    assert(client:request{ path = path() })

    assert.is_true(server:pauses()[1] < 25)
    first:wait()
  end)

  it("fails calls at once whose deadline is sooner than their turn", function()
    local server = server_with({ busy(300) }, 2)
    local client = scripted.client(server)
    client:request{ path = path(), timeout = 5 }

    local _, err = client:request{ path = path(), timeout = 5 }

    assert.equal("timeout", err.kind)
    assert.equal("Throttled", err.code)
    assert.is_true(err.retry_after > 200)
    assert.equal(1, #server.requests)
  end)
end)

describe("headers that say how much is left", function()
  before_each(helper.virtual_time)

  for _, name in ipairs{ "subscription-reads", "subscription-global-reads", "subscription-resource-requests",
    "subscription-resource-entities-read" } do
    it("slow down before a refusal: " .. name, function()
      local server = server_with({ { status = 200, headers = remaining(0, name) } }, 3)
      local client = scripted.client(server)
      assert(client:request{ path = path() })

      assert(client:request{ path = path() })

      assert.is_true(server:pauses()[1] > 0.03)
    end)
  end

  it("slow down a provider's calls by its own counts", function()
    local left = { ["x-ms-ratelimit-remaining-resource"] = "Microsoft.X/HighCostGet3Min;0,Microsoft.X/HighCostGet30Min;8" }
    local server = server_with({ { status = 200, headers = left } }, 4)
    local client = scripted.client(server)
    assert(client:request{ path = path() })

    assert(client:request{ path = path(nil, "Microsoft.Y") })
    assert(client:request{ path = path() })

    assert.is_true(server:pauses()[1] < 0.03)
    assert.is_true(server.requests[3].at - server.requests[1].at > 0.03)
  end)

  for _, headers in ipairs{ {}, remaining(11999), remaining("many"), remaining(0, "subscription-writes"),
    remaining(0, "tenant-deletes") } do
    it("do not slow down reads: " .. (next(headers) or "none") .. " " .. (select(2, next(headers)) or ""), function()
      local server = server_with({ { status = 200, headers = headers } }, 41)
      local client = scripted.client(server, { max_connections = 1 })
      assert(client:request{ path = path() })
      local before = azure.loop():now()

      at_once(client, 40, { path = path() })

      assert.is_true(azure.loop():now() - before < 1)
    end)
  end
end)
