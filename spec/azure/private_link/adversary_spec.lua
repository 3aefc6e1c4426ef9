-- Strangers who know all that strangers can know: the upstream's id, our link's
-- name, our message, our group, and when we ask; and some who can list the
-- upstream's connections and copy our reference the moment it shows. Random
-- schedules on a virtual clock, by each way to match, with and without replicas;
-- a failure prints the seed that repeats it: AZL_SEED=n busted <this file>.
local azure = require "azure"
local bind = require "azure.private_link.bind"
local canary = require "spec.canary"
local decide = require "azure.private_link.decide"
local helper = require "spec.helper"

local SCHEDULES = tonumber(os.getenv("AZL_SCHEDULES") or 1000)
local SEED = tonumber(os.getenv("AZL_SEED") or os.time() % 1000000)
local MESSAGE = "please approve"
local GRACE = 180

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

-- How the run is asked to match, what Azure shows, when connections open, and
-- how thieves behave. Weaker proof is proof only if ours comes within the grace
-- period: that is what `late` tries, separately.
local function new_plan(fixed)
  local plan = {
    match = pick{ "reference", "reference", "name", "baseline" }, replica = math.random(4) == 1,
    undo = math.random(2) == 1, empty = math.random(3) == 1, late = math.random(6) == 1,
    theft = pick{ "none", "none", "bot", "bot", "random", "random" },
  }
  for key, value in pairs(fixed or {}) do plan[key] = value end
  local weak = plan.match ~= "reference"
  if not weak then plan.empty = false end
  if plan.empty then plan.theft = "none" end -- nothing to copy
  local delays = { 5, 25, 100, 150 }
  if plan.late or not weak then delays = { 5, 25, 100, 300, 550 } end
  plan.opens = plan.opens or { pick(delays), pick(delays) }
  return plan
end

-- Each schedule has a SignalR and a function of its own in one emulator.
local function new_schedule(e, number, fixed)
  local base = helper.group .. "/providers/"
  local self = setmetatable({
    e = e, strangers = {}, plan = new_plan(fixed),
    signalr = base .. "Microsoft.SignalRService/signalR/adversary-" .. number,
    upstream = base .. "Microsoft.Web/sites/adversary-" .. number,
  }, Schedule)
  local sku = self.plan.replica and "Premium_P1" or "Standard_S1"
  e:seed{
    { id = self.signalr, sku = { name = sku } }, { id = self.upstream, plan = e.ids.plan },
    { id = self.upstream .. "/slots/blue" },
  }
  return self
end

function Schedule:add(opts)
  local record = self.e:stranger(opts)
  table.insert(self.strangers, { record = record, status = record.status })
end

function Schedule:links()
  local list = { self.e:resource(self.signalr .. "/sharedPrivateLinkResources/func-pe") }
  if self.plan.replica then
    list[#list + 1] = self.e:resource(self.signalr .. "/replicas/r-eu/sharedPrivateLinkResources/func-pe")
  end
  return list
end

-- Our connections, as many as there are yet.
function Schedule:ours()
  local list = {}
  for _, link in ipairs(self:links()) do
    list[#list + 1] = link.connection_id and self.e:resource(link.connection_id) or nil
  end
  return list
end

-- Somebody who can read the upstream's connections copies ours, reference and all.
function Schedule:steal()
  local ours = self:ours()[1]
  if ours then self:add{ target = self.upstream, name = "func-pe", message = ours.description } end
end

local function at(self, seconds, fn)
  self.e.state:after(seconds, fn)
end

function Schedule:populate()
  for _ = 1, math.random(0, 3) do self:add(stranger(self.upstream)) end
  for _ = 1, math.random(0, 4) do
    at(self, math.random(0, 500), function() self:add(stranger(self.upstream)) end)
  end
  local first = math.min(self.plan.opens[1], self.plan.replica and self.plan.opens[2] or 1e9)
  if self.plan.theft == "bot" then at(self, first + math.random() * 8, function() self:steal() end) end
  if self.plan.theft == "random" then
    for _ = 1, math.random(1, 2) do at(self, math.random(5, 700), function() self:steal() end) end
  end
end

-- How long after the request each of our connections appears.
function Schedule:set_openings()
  local e, count = self.e, 0
  e.plain_timing = e.plain_timing or e.options.timing
  e.options.timing = function(name)
    if name ~= "connection_opens" then return e.plain_timing(name) end
    count = count + 1
    return self.plan.opens[math.min(count, 2)]
  end
  e.options.empty_description = self.plan.empty
end

function Schedule:run(client)
  if self.plan.replica then
    assert(client:put(self.signalr .. "/replicas/r-eu", { location = "westeurope", sku = { name = "Premium_P1", capacity = 1 } }))
  end
  self:set_openings()
  self:populate()
  return azure.private_link.establish(client, {
    signalr = self.signalr, upstream = self.upstream, name = "func-pe", request_message = MESSAGE,
    match = self.plan.match, undo = self.plan.undo, poll_interval = self.plan.replica and 30 or pick{ 5, 10, 20 },
    grace = self.plan.match == "reference" and pick{ 30, GRACE } or GRACE, timeout = 3600,
  })
end

-- So that the thousandth schedule is as fast as the first.
function Schedule:forget()
  self.e:remove(self.signalr)
  self.e:remove(self.upstream)
  self.e:clear_requests()
end

-- The strangers that this run approved, or that somebody overruled.
function Schedule:touched()
  local list = {}
  for _, one in ipairs(self.strangers) do
    if one.record.status ~= one.status then list[#list + 1] = one.record end
  end
  return list
end

local function names(list, record)
  for _, entry in ipairs(list or {}) do
    if entry.id:lower() == record.id:lower() then return true end
  end
  return false
end

-- A wrong approval is possible only by weaker proof when ours was late; then it
-- is told, and taken back where that was asked for.
function Schedule:wrong_approval(report, err)
  for _, record in ipairs(self:touched()) do
    local what = ("%s became %s"):format(record.name, record.status)
    if self.plan.match == "reference" or not self.plan.late then return what end
    if report then return what .. ", and the run calls itself a success" end
    if not names(err.approved, record) then return what .. ", and the error does not say so" end
    if self.plan.undo and err.kind ~= "timeout" and record.status ~= "Rejected" then return what .. ", and was not undone" end
  end
  return nil
end

local function all_approved(list, count)
  for _, record in ipairs(list) do
    if record.status ~= "Approved" then return false end
  end
  return #list == count
end

function Schedule:wrong_outcome(report, err)
  if report then
    local expected = self.plan.replica and 2 or 1
    return not all_approved(self:ours(), expected) and "established without our connections" or nil
  end
  if err.code == "ApprovedButNotLinked" or err.code == "JobTimeout" then return nil end
  -- By weaker proof a stranger's that was rejected may have been ours.
  if err.code == "ConnectionRejected" and self.plan.match ~= "reference" then return nil end
  if err.kind ~= "ambiguous" then return "failed: " .. tostring(err) end
  if not err.candidates or #err.candidates == 0 then return "refused without candidates" end
  for _, candidate in ipairs(err.candidates) do
    if not self.e:resource(candidate.id) then return "named a candidate that is not there" end
  end
  return nil
end

describe("strangers", function()
  local e, client, tally

  before_each(function()
    helper.virtual_time()
    e = helper.emulator{ seed = "contoso" }
    client = helper.client(e, { credential = helper.closing(e:credential()) })
    tally = {}
  end)

  local function count(plan, report)
    local key = plan.match .. (plan.replica and " with a replica" or "")
    tally[key] = tally[key] or { established = 0, refused = 0 }
    local outcome = report and "established" or "refused"
    tally[key][outcome] = tally[key][outcome] + 1
  end

  -- The first schedule that went wrong, and how; nil when none did.
  local function try(first, last, fixed, only_approvals)
    for number = first, last do
      math.randomseed(SEED, number)
      local schedule = new_schedule(e, number, fixed)
      local report, err = schedule:run(client)
      local wrong = schedule:wrong_approval(report, err)
        or not only_approvals and schedule:wrong_outcome(report, err)
      if wrong then
        return ("seed %d, schedule %d (%s): %s"):format(SEED, number, azure.json.encode(schedule.plan), wrong)
      end
      schedule:forget()
      if number % 100 == 0 then canary.turn() end
      count(schedule.plan, report)
    end
    return nil
  end

  it(("get nothing approved in %d random schedules (seed %d)"):format(SCHEDULES, SEED), function()
    assert.is_nil(try(1, SCHEDULES))

    if SCHEDULES < 500 then return end -- too few for each kind to end in both ways
    for key, one in pairs(tally) do
      assert.is_true(one.established > 0 and one.refused > 0, ("%s: %d established, %d refused"):format(key,
        one.established, one.refused))
    end
    local plain = tally.reference
    assert.is_true(plain.established > plain.refused / 2, ("%d established, %d refused"):format(plain.established,
      plain.refused))
  end)

  -- A test that cannot fail shows nothing: with any of the guards taken away the
  -- same strangers get something approved.
  local mutants = {
    { "a description like ours is proof", { match = "reference" }, function()
      local sort = bind.sort
      bind.sort = function(connections, want, match, explicit)
        local all = {}
        for i, one in ipairs(connections) do
          all[i] = setmetatable({ description = one.description:find("^" .. MESSAGE) and next(want.messages)
            or one.description }, { __index = one })
        end
        return sort(all, want, match, explicit)
      end
      return function() bind.sort = sort end
    end },
    { "several with our reference are no doubt", { match = "reference", replica = false, theft = "bot" }, function()
      local next_action = decide.next
      decide.next = function(obs)
        local action = next_action(obs)
        if action.action ~= "fail" or not action.found or #action.found.pending < 2 then return action end
        local one = { action.found.pending[1] }
        return { action = "approve", connections = one, bound = one, complete = true, found = action.found }
      end
      return function() decide.next = next_action end
    end },
    { "replicas' connections are approved as soon as there are enough", { match = "reference", replica = true, theft = "bot" },
      function()
        local next_action = decide.next
        decide.next = function(obs)
          obs.replica_settle = 0
          return next_action(obs)
        end
        return function() decide.next = next_action end
      end },
    { "replicas' connections are approved though one is missing", { match = "reference", replica = true, theft = "bot" },
      function()
        local next_action = decide.next
        decide.next = function(obs)
          local action = next_action(obs)
          local first = action.action == "wait" and action.found and action.found.pending[1]
          if not first then return action end
          return { action = "approve", connections = { first }, bound = { first }, complete = true, found = action.found }
        end
        return function() decide.next = next_action end
      end },
    { "weaker proof needs no patience", { match = "name", late = false, theft = "none", opens = { 150, 150 } },
      function()
        local next_action = decide.next
        decide.next = function(obs)
          obs.grace, obs.settle = 0, 0
          return next_action(obs)
        end
        return function() decide.next = next_action end
      end },
    { "the upstream's word is enough, and SignalR is not asked", { match = "name", late = true, theft = "none" }, function()
      local next_action = decide.next
      decide.next = function(obs)
        local action = next_action(obs)
        local is_approved = action.action == "wait" and action.found and #action.found.approved > 0
        return is_approved and { action = "done", found = action.found } or action
      end
      return function() decide.next = next_action end
    end },
    { "undo is forgotten", { match = "name", late = true, undo = true, theft = "none" }, function()
      local approval = require "azure.private_link.approval"
      local undo = approval.undo
      approval.undo = function() return {} end
      return function() approval.undo = undo end
    end },
  }
  for _, mutant in ipairs(mutants) do
    it("would get something approved if " .. mutant[1], function()
      local restore = mutant[3]()

      local ok, wrong = pcall(try, 100001, 100400, mutant[2], true)

      restore()
      assert.is_true(ok, tostring(wrong))
      assert.is_string(wrong)
    end)
  end
end)
