-- A run that ends in the middle, at each request in turn: killed, or with an
-- answer that is lost or wrong. The very run goes on where that can be, and the
-- next one finishes the same job: one link, one approval, the right one, the
-- stranger's untouched. The same with replicas, two processes, hand-offs and
-- removals is in fault_matrix_spec.lua.
local azure = require "azure"
local helper = require "spec.helper"
local matrix = require "spec.azure.private_link.matrix"
local scene = require "spec.azure.private_link.scene"

local GOOD = "1 link, Approved; 1 approval; connections Approved Pending; stranger Pending"

describe("establish survives a request", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  for _, fault in ipairs(matrix.faults) do
    -- Without retries, so that each fault reaches the job itself.
    for name, retries in pairs{ ["with retries"] = 3, ["without retries"] = 0 } do
      it(("%s, %s"):format(fault[1], name), function()
        local client = matrix.client(s, retries)

        local struck, count = matrix.each(s, fault[2], {
          first = function(try) return try:establish(client) end,
        }, function(number, try, was_struck, first, why)
          if fault[3] or not was_struck then
            assert.equal("established", first and first.state, ("request %d: %s"):format(number, tostring(why)))
          else
            assert.is_true(first ~= nil or why.status == 401 or why.kind == "refused", tostring(why))
          end
          local report, err = try:establish(client)
          assert.is_not_nil(report, ("request %d: %s"):format(number, tostring(err)))
          assert.equal(GOOD, try:outcome(), "request " .. number)
        end)

        -- Polling is jittered: a run can be a few requests shorter than the first.
        assert.is_true(struck > count - 6, ("%d faults in %d requests"):format(struck, count))
      end)
    end
  end

  it("during which its task is cancelled", function()
    local calm = matrix.try(s, 0)
    s.e:clear_requests()
    assert(calm:establish(s.client))
    for number = 1, #s.e:requests(matrix.is_arm) do
      local try = matrix.try(s, number)
      local task, seen
      seen = 0
      s.e:clear_faults()
      s.e:fault{ times = 1, match = function(request)
        if not matrix.is_arm(request) then return false end
        seen = seen + 1
        if seen == number then task:cancel() end
        return false
      end }
      task = azure.spawn(function() return try:establish(s.client) end)
      local first, why = task:wait()
      s.e:clear_faults()
      assert.is_true(first ~= nil or why.kind == "cancelled", tostring(why))

      local report, err = try:establish(s.client)

      assert.is_not_nil(report, ("request %d: %s"):format(number, tostring(err)))
      assert.equal(GOOD, try:outcome(), "request " .. number)
    end
  end)
end)

describe("establish survives SIGKILL", function()
  local s, token, lua

  before_each(function()
    s = scene.new{ timings = 0.0005 }
    helper.loop():auto_advance(false)
    local credential = helper.closing(s.e:credential())
    token = assert(credential:token_op("https://management.azure.com/.default", {}):wait()).token
    lua = os.getenv("LUA") or "lua5.4"
  end)

  local function quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
  end

  -- Starts the child in the background: its process id and its end in files.
  local function start(try)
    local base = os.tmpname()
    local command = ("%s spec/azure/private_link/crash_child.lua %s %s %s %s"):format(lua, s.e.url, quote(token),
      quote(try.signalr), quote(try.upstream))
    assert(os.execute(("(sh -c 'echo $$ >%s.pid; exec %s' >%s 2>&1; echo $? >%s.end) &"):format(base,
      command:gsub("'", "'\\''"), base, base)))
    return base
  end

  local function read(path)
    local file <close> = io.open(path)
    return file and file:read("l")
  end

  local function finish(base)
    helper.until_true(function() return read(base .. ".end") ~= nil end, 30)
    local code, text = read(base .. ".end"), read(base)
    for _, suffix in ipairs{ "", ".pid", ".end" } do os.remove(base .. suffix) end
    return code, text
  end

  -- Kills the child while the service works at its request `number`.
  local function kill_at(number, base)
    local seen = 0
    s.e:clear_faults()
    s.e:fault{ match = function(request)
      if not matrix.is_arm(request) then return false end
      seen = seen + 1
      if seen == number then os.execute("kill -9 " .. read(base .. ".pid")) end
      return false
    end }
  end

  it("after each single request", function()
    local number, killed = 0, true
    while killed do
      number = number + 1
      local try = matrix.try(s, number)
      local first = start(try)
      kill_at(number, first)
      killed = finish(first) == "137"
      s.e:clear_faults()

      local code, text = finish(start(try))

      assert.equal("0", code, ("request %d: %s"):format(number, tostring(text)))
      assert.equal(GOOD, try:outcome(), "request " .. number)
    end
    assert.is_true(number > 15, ("only %d requests were seen"):format(number))
  end)
end)
