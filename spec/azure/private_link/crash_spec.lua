-- A run that ends in the middle, at each request in turn: killed, or with an
-- answer that is lost or wrong. The next run finishes the same job: one link,
-- one approval, the right one, the stranger's untouched.
local azure = require "azure"
local helper = require "spec.helper"
local scene = require "spec.azure.private_link.scene"

local function is_arm(request)
  return request.url:find("/subscriptions/", 1, true) ~= nil
end

-- A SignalR and a function of its own for each try, so that one emulator will do.
local function new_try(e, number)
  local base = helper.group .. "/providers/"
  local try = {
    signalr = ("%sMicrosoft.SignalRService/signalR/crash-%d"):format(base, number),
    upstream = ("%sMicrosoft.Web/sites/crash-%d"):format(base, number),
  }
  e:seed{ { id = try.signalr, sku = { name = "Standard_S1" } }, { id = try.upstream, plan = e.ids.plan } }
  try.stranger = e:stranger{ target = try.upstream }
  try.approvals = e.approvals
  return try
end

-- Everything that must hold in the end, as one line.
local function outcome(s, try)
  local statuses = s:statuses(try.upstream)
  local links = #s.e.state:children(try.signalr, "Microsoft.SignalRService/SignalR/sharedPrivateLinkResources")
  local link = s.e:resource(try.signalr .. "/sharedPrivateLinkResources/func-pe")
  return ("%d link, %s; %d approval; connections %s; stranger %s"):format(links, link and link.status or "none",
    s.e.approvals - try.approvals, statuses, try.stranger.status)
end

local GOOD = "1 link, Approved; 1 approval; connections Approved Pending; stranger Pending"

local faults = {
  { "dropped before it arrives", { drop = "before" } },
  { "whose answer is dropped", { drop = "after" } },
  { "answered with 429", { status = 429, retry_after = 3 } },
  { "answered with 500", { status = 500 } },
  { "answered with 409", { status = 409 } },
  { "answered with a page of HTML", { effect = true, body = "<html>sign in</html>" } },
  { "whose answer is cut off", { effect = true, truncate = 10 } },
}

describe("establish survives a request", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  local function establish(client, try)
    return azure.private_link.establish(client, {
      signalr = try.signalr, upstream = try.upstream, name = "func-pe", poll_interval = 10,
    })
  end

  local function count_requests()
    local try = new_try(s.e, 0)
    s.e:clear_requests()
    assert(establish(s.client, try))
    assert.equal(GOOD, outcome(s, try))
    return #s.e:requests(is_arm)
  end

  for _, fault in ipairs(faults) do
    -- Without retries, so that each fault reaches the job itself.
    for name, retries in pairs{ ["with retries"] = 3, ["without retries"] = 0 } do
      it(("%s, %s"):format(fault[1], name), function()
        local client = helper.client(s.e, {
          credential = helper.closing(s.e:credential()), retry = { max_retries = retries, delay = 0.1, max_delay = 1 },
        })
        local count, struck = count_requests(), 0
        for number = 1, count do
          local try = new_try(s.e, number)
          local rule = { match = is_arm, after = number - 1 }
          for key, value in pairs(fault[2]) do rule[key] = value end
          s.e:clear_faults()
          rule = s.e:fault(rule)

          establish(client, try)
          struck = struck + rule.hits
          rule:remove() -- a first run that was shorter leaves it unspent
          local report, err = establish(client, try)

          assert.is_not_nil(report, ("request %d: %s"):format(number, tostring(err)))
          assert.equal(GOOD, outcome(s, try), "request " .. number)
        end
        -- Polling is jittered: a run can be a few requests shorter than the first.
        assert.is_true(struck > count - 6, ("%d faults in %d requests"):format(struck, count))
      end)
    end
  end

  it("during which its task is cancelled", function()
    for number = 1, count_requests() do
      local try = new_try(s.e, number)
      local task, seen
      seen = 0
      s.e:clear_faults()
      s.e:fault{ times = 1, match = function(request)
        if not is_arm(request) then return false end
        seen = seen + 1
        if seen == number then task:cancel() end
        return false
      end }
      task = azure.spawn(establish, s.client, try)
      task:wait()
      s.e:clear_faults()

      local report, err = establish(s.client, try)

      assert.is_not_nil(report, ("request %d: %s"):format(number, tostring(err)))
      assert.equal(GOOD, outcome(s, try), "request " .. number)
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
      if not is_arm(request) then return false end
      seen = seen + 1
      if seen == number then os.execute("kill -9 " .. read(base .. ".pid")) end
      return false
    end }
  end

  it("after each single request", function()
    local number, killed = 0, true
    while killed do
      number = number + 1
      local try = new_try(s.e, number)
      local first = start(try)
      kill_at(number, first)
      killed = finish(first) == "137"
      s.e:clear_faults()

      local code, text = finish(start(try))

      assert.equal("0", code, ("request %d: %s"):format(number, tostring(text)))
      assert.equal(GOOD, outcome(s, try), "request " .. number)
    end
    assert.is_true(number > 15, ("only %d requests were seen"):format(number))
  end)
end)
