-- Strangers who know all that strangers can know: the upstream's id, our link's
-- name, our message, our group, and when we ask. Random schedules on a virtual
-- clock; a failure prints the seed that repeats it: AZL_SEED=n busted <this file>.
local azure = require "azure"
local helper = require "spec.helper"

local SCHEDULES = tonumber(os.getenv("AZL_SCHEDULES") or 1000)
local SEED = tonumber(os.getenv("AZL_SEED") or os.time() % 1000000)
local MESSAGE = "please approve"

local function pick(list)
  return list[math.random(#list)]
end

local function fake_reference()
  return MESSAGE .. (" [ref:AZL-%012x%012x]"):format(math.random(0, 1 << 47), math.random(0, 1 << 47))
end

local function stranger(target)
  return {
    target = target, name = pick{ "func-pe", "func-pe", "other-pe" }, link_name = pick{ "func-pe", "FUNC-PE", "x-pe" },
    message = pick{ MESSAGE, MESSAGE, "", fake_reference(), MESSAGE .. " [ref:AZL-]", "PLEASE APPROVE" },
    group = pick{ "sites", "sites", "sites", "sites-blue" },
    status = pick{ "Pending", "Pending", "Pending", "Approved", "Rejected" },
  }
end

local Schedule = {}
Schedule.__index = Schedule

-- Each schedule has a SignalR and a function of its own in one emulator.
local function new_schedule(e, number)
  local base = helper.group .. "/providers/"
  local self = setmetatable({
    e = e, strangers = {}, thefts = 0,
    signalr = base .. "Microsoft.SignalRService/signalR/adversary-" .. number,
    upstream = base .. "Microsoft.Web/sites/adversary-" .. number,
  }, Schedule)
  e:seed{
    { id = self.signalr, sku = { name = "Standard_S1" } }, { id = self.upstream, plan = e.ids.plan },
    { id = self.upstream .. "/slots/blue" },
  }
  return self
end

function Schedule:add(opts)
  local record = self.e:stranger(opts)
  table.insert(self.strangers, { record = record, status = record.status })
end

function Schedule:ours()
  local link = self.e:resource(self.signalr .. "/sharedPrivateLinkResources/func-pe")
  return link and link.connection_id and self.e:resource(link.connection_id)
end

-- Somebody who can read the upstream's connections copies ours, reference and all.
function Schedule:steal()
  local ours = self:ours()
  if not ours then return end
  self.thefts = self.thefts + 1
  self:add{ target = self.upstream, name = "func-pe", message = ours.description }
end

function Schedule:populate()
  for _ = 1, math.random(0, 3) do self:add(stranger(self.upstream)) end
  for _ = 1, math.random(0, 4) do
    self.e.state:after(math.random(0, 500), function() self:add(stranger(self.upstream)) end)
  end
  if math.random(8) == 1 then
    self.e.state:after(math.random(30, 400), function() self:steal() end)
  end
end

function Schedule:run(client)
  self:populate()
  return azure.private_link.establish(client, {
    signalr = self.signalr, upstream = self.upstream, name = "func-pe", request_message = MESSAGE,
    poll_interval = pick{ 5, 10, 20 }, grace = pick{ 30, 180 },
  })
end

-- So that the thousandth schedule is as fast as the first.
function Schedule:forget()
  self.e:remove(self.signalr)
  self.e:remove(self.upstream)
  self.e:clear_requests()
end

-- What went wrong, or nil.
function Schedule:wrong_approval()
  for _, one in ipairs(self.strangers) do
    if one.record.status ~= one.status then
      return ("%s became %s"):format(one.record.name, one.record.status)
    end
  end
  return nil
end

function Schedule:wrong_outcome(report, err)
  if report then
    local ours = self:ours()
    if not ours or ours.status ~= "Approved" then return "established without our connection" end
    return nil
  end
  if err.kind ~= "ambiguous" then return "failed: " .. tostring(err) end
  if not err.candidates or #err.candidates == 0 then return "refused without candidates" end
  for _, candidate in ipairs(err.candidates) do
    if not self.e:resource(candidate.id) then return "named a candidate that is not there" end
  end
  return nil
end

-- How long after the request our connection appears.
local function vary_opening(e, seconds)
  local timing = e.plain_timing or e.options.timing
  e.plain_timing = timing
  e.options.timing = function(name) return name == "connection_opens" and seconds or timing(name) end
end

describe("strangers", function()
  local e, client

  before_each(function()
    helper.virtual_time()
    e = helper.emulator{ seed = "contoso" }
    client = helper.client(e, { credential = helper.closing(e:credential()) })
  end)

  it("get nothing approved by copying our reference", function()
    local schedule = new_schedule(e, 0)
    e.state:after(45, function() schedule:steal() end) -- ours has opened, and the link is not done yet

    local report, err = azure.private_link.establish(client, {
      signalr = schedule.signalr, upstream = schedule.upstream, name = "func-pe", request_message = MESSAGE,
    })

    assert.equal(1, schedule.thefts)
    assert.is_nil(report)
    assert.equal("ambiguous", err.kind)
    assert.equal(2, #err.candidates)
    assert.equal(0, e.approvals)
  end)

  it(("get nothing approved in %d random schedules (seed %d)"):format(SCHEDULES, SEED), function()
    local established, refused = 0, 0
    for number = 1, SCHEDULES do
      math.randomseed(SEED, number)
      vary_opening(e, pick{ 5, 25, 100, 300 })
      local schedule = new_schedule(e, number)

      local report, err = schedule:run(client)

      local wrong = schedule:wrong_approval() or schedule:wrong_outcome(report, err)
      assert.is_nil(wrong, ("seed %d, schedule %d: %s"):format(SEED, number, tostring(wrong)))
      schedule:forget()
      established, refused = established + (report and 1 or 0), refused + (report and 0 or 1)
    end

    assert.is_true(established > refused, ("%d established, %d refused"):format(established, refused))
  end)
end)
