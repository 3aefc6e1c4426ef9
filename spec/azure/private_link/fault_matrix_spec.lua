-- A fault at each request in turn, as in crash_spec.lua, of the jobs that are
-- more than one link and one process: replicas, two processes at once, a
-- hand-off and its approval, a removal. The very run ends well, and so does the
-- next one.
local azure = require "azure"
local lock = require "azure.private_link.lock"
local matrix = require "spec.azure.private_link.matrix"
local scene = require "spec.azure.private_link.scene"

describe("a fault at each request of", function()
  local s, acquire

  before_each(function()
    s = scene.new()
    acquire = lock.acquire
  end)

  after_each(function()
    lock.acquire = acquire
  end)

  -- Two processes at once: what another one holds, this one does not know of.
  local function start(run)
    return azure.spawn(run, s:new_client())
  end

  local function both(try)
    local one, other = start(function(client) return try:establish(client, { poll_interval = 30 }) end),
      start(function(client) return try:establish(client, { poll_interval = 30 }) end)
    local first, why = one:wait()
    local second, too = other:wait()
    return first and second, why or too
  end

  local function hand_off(try)
    local report, err = try:establish(s.client, { approve = false, poll_interval = 30 })
    if not report or not report.handoff then return report, err end
    local done
    done, err = azure.private_link.approve(s.approver, report.handoff, { poll_interval = 30 })
    if not done then return nil, err end
    s.e:advance(130)
    return try:establish(s.client, { approve = false, poll_interval = 30 })
  end

  local jobs = {
    { "an establish with a replica", opts = { replica = true },
      first = function(try) return try:establish(s.client, { poll_interval = 30 }) end,
      good = "1 link, Approved; 2 approval; connections Approved Approved Pending; stranger Pending" },
    { "two processes at once", first = both,
      set_up = function() lock.acquire = function() return setmetatable({}, { __close = function() end }) end end,
      good = "1 link, Approved; 1 approval; connections Approved Pending; stranger Pending" },
    { "a hand-off and its approval", first = hand_off,
      set_up = function() s.approver = s:new_client(s.e:principal{ actions = { "Microsoft.Web/*" } }) end,
      good = "1 link, Approved; 1 approval; connections Approved Pending; stranger Pending" },
    { "a removal",
      first = function(try) return azure.private_link.remove(s.client, try:spec()) end,
      prepare = function(number)
        local try = matrix.try(s, number)
        s.e:clear_faults()
        assert(try:establish(s.client))
        try.approvals = s.e.approvals
        s.e:clear_requests()
        return try
      end,
      good = "0 link, none; 0 approval; connections Pending; stranger Pending" },
  }
  -- One of each kind: lost before, lost after, refused, busy, nonsense.
  local kinds = { 1, 2, 4, 6, 7 }

  for _, job in ipairs(jobs) do
    for _, kind in ipairs(kinds) do
      local fault = matrix.faults[kind]
      it(("%s, %s"):format(job[1], fault[1]), function()
        if job.set_up then job.set_up() end

        local struck, count = matrix.each(s, fault[2], job, function(number, try, _, first, why)
          assert.is_truthy(first, ("request %d: %s"):format(number, tostring(why)))
          assert.equal(job.good, try:outcome(), ("the run with a fault at request %d"):format(number))
          local report, err = job.first(try)
          assert.is_truthy(report, ("request %d: %s"):format(number, tostring(err)))
          assert.equal(job.good, try:outcome(), ("the run after a fault at request %d"):format(number))
        end, job.opts)

        assert.is_true(struck > count * 0.8, ("%d faults in %d requests"):format(struck, count))
      end)
    end
  end
end)
