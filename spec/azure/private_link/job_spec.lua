local azure = require "azure"
local helper = require "spec.helper"

describe("a spec of the job", function()
  local client, good

  before_each(function()
    client = helper.closing(azure.client{ credential = false, cloud = { arm = "http://127.0.0.1:9" } })
    good = { signalr = helper.signalr_id, upstream = helper.func_id, name = "func-pe" }
  end)

  local misuse = {
    { "a missing signalr", { signalr = 0 }, "'signalr' is missing" },
    { "a missing upstream", { upstream = 0 }, "'upstream' is missing" },
    { "a missing name", { name = 0 }, "'name' is missing" },
    { "an unknown option", { nmae = "x" }, "unknown option 'nmae'; did you mean 'name'" },
    { "a near option", { time_out = 5 }, "did you mean 'timeout'" },
    { "a number for a name", { name = 7 }, "'name' must be string, not a number" },
    { "a text for a time", { timeout = "5" }, "'timeout' must be number" },
    { "a negative time", { timeout = -1 }, "'timeout' must be a number of seconds" },
    { "no time at all", { timeout = 0 / 0 }, "'timeout' must be a number of seconds" },
    { "a time without end", { timeout = math.huge }, "'timeout' must be a number of seconds" },
    { "an unknown match", { match = "refrence" }, "'match' must be .*did you mean \"reference\"" },
    { "an approver that is no client", { approve = {} }, "'approve' must be true, false or a client" },
    { "an approver that is a text", { approve = "yes" }, "'approve' must be boolean or table" },
    { "an empty choice", { connection = "" }, "'connection' must be the id or name" },
    { "an empty list of choices", { connection = {} }, "'connection' names no connection" },
    { "an event handler that is a text", { on_event = "print" }, "'on_event' must be function or table" },
  }
  for _, case in ipairs(misuse) do
    it("raises for " .. case[1], function()
      for key, value in pairs(case[2]) do
        if value == 0 then good[key] = nil else good[key] = value end
      end

      assert.error_matches(function() azure.private_link.establish(client, good) end, case[3])
    end)
  end

  it("raises without a client or a spec, and blames the caller's line", function()
    assert.error_matches(function() azure.private_link.establish(nil, good) end, "'client' must be a client")
    assert.error_matches(function() azure.private_link.establish(client) end, "'spec' must be table, not absent")
    local _, message = pcall(function() azure.private_link.establish(client, { nmae = 1 }) end)
    assert.matches("job_spec%.lua", message)
  end)

  it("serves every function", function()
    for _, name in ipairs{ "plan", "status", "verify", "remove" } do
      local spec = { signalr = "x", upstream = "y", name = "z", nmae = 1 }

      local ok, message = pcall(azure.private_link[name], client, spec)

      assert.is_false(ok)
      assert.matches("private_link." .. name .. ": unknown option 'nmae'", message, 1, true)
    end
  end)

  it("tells its steps to the client's on_event where the spec has none", function()
    local heard, own = {}, {}
    local watched = helper.client(helper.emulator{ seed = "contoso" }, {
      on_event = function(event) heard[#heard + 1] = event.step end,
    })
    helper.virtual_time()

    assert(azure.private_link.establish(watched, good))
    local count = #heard
    good.on_event = function(event) own[#own + 1] = event.step end
    assert(azure.private_link.establish(watched, good))

    assert.is_true(count > 0)
    assert.equal(count, #heard)
    assert.is_true(#own > 0)
  end)

  for _, name in ipairs{ "status", "verify", "remove" } do
    it("refuses a 'signalr' that is none: " .. name, function()
      helper.virtual_time()

      local result, err = azure.private_link[name](client, { signalr = good.upstream, upstream = good.upstream,
        name = "func-pe" })

      assert.is_nil(result)
      assert.equal("NotASignalR", err.code)
    end)
  end

  for _, probe in ipairs{ "", "nonsense", "ftp://host/", "http://", "http://host/\r\nX: y" } do
    it(("raises for a probe that is no URL: %q"):format(probe), function()
      good.probe = probe

      assert.error_matches(function() azure.private_link.verify(client, good) end, "'probe' must be an http%(s%) URL")
    end)
  end

  it("raises for an unknown format of status", function()
    assert.error_matches(function() azure.private_link.status(client, { signalr = good.signalr, format = "treee" }) end,
      "did you mean 'tree'")
  end)
end)
