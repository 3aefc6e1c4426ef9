-- Whole jobs over a network and a service that fail at random: connections cut,
-- reset, half closed, delayed, spoiled (wire.c, under TLS), answers lost or
-- refused, the clock jumping, strangers asking. The first run ends in time with
-- a report or an error; the second, undisturbed, finishes the same job: one
-- link, one approval, the right one. A failure prints the seed that repeats it:
-- AZL_SEED=n busted <this file>. AZL_FAULT_SCHEDULES: 500, in a nightly run
-- 10000.
local azure = require "azure"
local canary = require "spec.canary"
local helper = require "spec.helper"
local wire = require "spec.wire"

local SCHEDULES = tonumber(os.getenv("AZL_FAULT_SCHEDULES") or 500)
local SEED = tonumber(os.getenv("AZL_SEED") or os.time() % 1000000)
local GOOD = "1 link, Approved; 1 approval; strangers untouched"

local function pick(list)
  return list[math.random(#list)]
end

-- A handshake takes some 2,000 bytes, an answer 500 to 4,000.
local function offset()
  return math.random(0, pick{ 100, 2500, 10000, 40000 })
end

local breaks = {
  function() return { cut = offset() } end,
  function() return { reset = offset() } end,
  function() return { half = offset() } end,
  function() return { corrupt = offset() } end,
  function() return { swap = offset() } end,
  function() return { twice = offset() } end,
  function() return { upload = offset() } end,
  function() return { delay = math.random() } end,
  function() return {} end,
}

local function is_arm(request)
  return request.url:find("/subscriptions/", 1, true) ~= nil
end

local answers = {
  function() return { drop = "before" } end,
  function() return { drop = "after" } end,
  function() return { status = 429, retry_after = math.random(0, 30) } end,
  function() return { status = pick{ 408, 409, 412, 500, 502, 503, 504 } } end,
  function() return { status = 403 } end,
  function() return { effect = true, status = pick{ 500, 503 } } end,
  function() return { effect = true, body = pick{ "<html>sign in</html>", "{}", "[]", "null", "{\"value\":" } } end,
  function() return { effect = true, truncate = math.random(1, 60) } end,
  function() return { delay = math.random() } end,
}

local Schedule = {}
Schedule.__index = Schedule

-- A SignalR and a function of its own for each, so that one emulator will do.
local function new_schedule(e, w, number)
  local base = helper.group .. "/providers/"
  local self = setmetatable({
    e = e, w = w, signalr = base .. "Microsoft.SignalRService/signalR/fault-" .. number,
    upstream = base .. "Microsoft.Web/sites/fault-" .. number, strangers = {},
  }, Schedule)
  e:seed{ { id = self.signalr, sku = { name = "Standard_S1" } }, { id = self.upstream, plan = e.ids.plan } }
  self.approvals = e.approvals
  return self
end

function Schedule:disturb()
  for _ = 1, math.random(0, 6) do self.w:plan(pick(breaks)()) end
  for _ = 1, math.random(0, 4) do
    local rule = pick(answers)()
    rule.match, rule.after = is_arm, math.random(0, 25)
    self.e:fault(rule)
  end
  if math.random(4) == 1 then
    self.e.state:after(math.random(0, 300), function()
      if not self.is_calm then helper.loop():advance(math.random(1, 4000)) end
    end)
  end
  for _ = 1, math.random(0, 2) do
    self.e.state:after(math.random(0, 200), function()
      table.insert(self.strangers, self.e:stranger{ target = self.upstream })
    end)
  end
end

function Schedule:run()
  local credential <close> = self.e:credential()
  local client <close> = azure.client{
    cloud = self.e:cloud(), credential = credential, timeout = self.is_calm and 30 or 0.1,
    retry = { max_retries = math.random(0, 3), delay = 0.01, max_delay = 0.1 },
  }
  return azure.private_link.establish(client, {
    signalr = self.signalr, upstream = self.upstream, name = "func-pe", poll_interval = pick{ 5, 10, 20 },
  })
end

function Schedule:calm()
  self.is_calm = true
  self.w:forget()
  self.e:clear_faults()
end

function Schedule:outcome()
  local links = self.e.state:children(self.signalr, "Microsoft.SignalRService/SignalR/sharedPrivateLinkResources")
  local link = self.e:resource(self.signalr .. "/sharedPrivateLinkResources/func-pe")
  local touched = 0
  for _, stranger in ipairs(self.strangers) do touched = touched + (stranger.status == "Pending" and 0 or 1) end
  return ("%d link, %s; %d approval; strangers %s"):format(#links, link and link.status or "none",
    self.e.approvals - self.approvals, touched == 0 and "untouched" or "touched")
end

-- So that the last schedule is as fast as the first.
function Schedule:forget()
  self.e:remove(self.signalr)
  self.e:remove(self.upstream)
  self.e:clear_requests()
end

describe("a job over a network and a service that fail at random", function()
  it(("is finished by its second run in %d schedules (seed %d)"):format(SCHEDULES, SEED), function()
    helper.virtual_time()
    local e = helper.emulator{ seed = "contoso", tls = true }
    local w = helper.closing(wire.open(e.server:port()))
    e.url = "https://127.0.0.1:" .. w:port()
    local hurt = 0

    for number = 1, SCHEDULES do
      math.randomseed(SEED, number)
      local schedule = new_schedule(e, w, number)
      local where = ("seed %d, schedule %d: "):format(SEED, number)

      schedule:disturb()
      local first, why = schedule:run()
      schedule:calm()
      local second, err = schedule:run()

      assert.is_true(first ~= nil or why.kind ~= nil, where .. tostring(why))
      assert.is_not_nil(second, where .. tostring(err))
      assert.equal(GOOD, schedule:outcome(), where)
      hurt = hurt + (first and 0 or 1)
      schedule:forget()
      if number % 100 == 0 then canary.turn() end
    end

    assert.is_true(hurt > SCHEDULES / 20, hurt .. " first runs failed")
  end)
end)
