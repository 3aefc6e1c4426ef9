-- The canary of all specs must hear, and must not only seem to: each way that
-- it listens on is leaked through here on purpose.
local azure = require "azure"
local canary = require "spec.canary"
local child = require "spec.child"
local core = require "azure.core"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"

local function secret()
  return canary.plant("S3CRET-" .. core.uuid(), "a planted secret")
end

-- An answer whose error document has the secret: `body` keeps it.
local function refused_with(text)
  local server = scripted.start{ { nil, nil, 400, headers = { ["Content-Type"] = "application/json" },
    body = ('{"error":{"code":"Odd","message":"%s"}}'):format(text) } }
  return scripted.client(server)
end

local leaks = {
  ["an error made in Lua"] = function(text) azure.errors.new{ kind = "refused", message = text } end,
  ["an error made in the core"] = function(text) refused_with(text):get(path) end,
  ["an error of an operation in a task"] = function(text)
    local client = refused_with(text)
    azure.spawn(function() return client:send{ path = path }:wait() end):wait()
  end,
  ["an error inside of another one"] = function(text)
    helper.virtual_time()
    local server = scripted.start{}
    server.handle = function(raw)
      if raw.method == "PUT" then
        return { status = 202, headers = { { "Azure-AsyncOperation", server.url .. "/poll" } }, body = "" }
      end
      return { status = 500, headers = {}, body = ('{"error":{"code":"Odd","message":"%s"}}'):format(text) }
    end
    scripted.client(server):put(path, {}, { timeout = 5 })
  end,
  ["the log of a client without one"] = function(text)
    local server = scripted.start{ { nil, nil, 200, headers = { ["x-ms-request-id"] = text } } }
    local client = scripted.client(server)
    assert(client:get(path))
    client:close()
  end,
  ["the log of a client with one"] = function(text)
    local server = scripted.start{ { nil, nil, 200, headers = { ["x-ms-request-id"] = text } } }
    local client = scripted.client(server, { log_level = "info", log = function() end })
    assert(client:get(path))
    client:close()
  end,
  ["standard error of a child"] = function(text) child.shell("echo " .. text .. " >&2") end,
}

describe("the canary of all specs", function()
  for name, leak in pairs(leaks) do
    it("hears " .. name, function()
      local text = secret()

      leak(text)

      local findings = canary.findings()
      assert.is_true(#findings > 0)
      assert.matches("a planted secret was said in", findings[1])
      assert.is_nil(table.concat(findings):find(text, 1, true))
    end)
  end

  it("knows what the emulator's own secrets are", function()
    local e = helper.emulator{ seed = "contoso" }
    local client = helper.client(e)
    local before = canary.planted()
    assert(client:get(helper.signalr_id))

    azure.errors.new{ kind = "refused", message = "it is " .. e:principal().secret }
    azure.errors.new{ kind = "refused", message = "it is " .. e.identity.secret }

    assert.equal(2, #canary.findings())
    assert.is_true(canary.planted() > before) -- by a token
  end)

  it("is silent when nothing is said", function()
    secret()

    azure.errors.new{ kind = "refused", message = "nothing" }

    assert.same({}, canary.findings())
  end)

  it("tells when it does not hear logs", function()
    local client, state = core.client, package.loaded["spec.canary.state"]
    local silent = setmetatable({ flush_log = function() end }, { __close = function() end })
    function silent.send() return { wait = function() end } end
    core.client, state.log_heard = function() return silent end, false
    state.wrapped[core.client] = true

    local heard, problem = pcall(canary.begin)
    core.client = client
    canary.begin()

    assert.is_false(heard)
    assert.equal("the canary does not hear logs of clients", problem)
  end)

  it("tells when it does not hear errors", function()
    local mt = debug.getregistry()["azure.error"]
    canary.findings() -- its own two of this test
    package.loaded["spec.canary.state"].heard = {}
    mt.__gc = nil
    azure.errors.new{ kind = "refused", message = "nobody hears this" }
    collectgarbage()

    local heard, problem = pcall(canary.finish)
    canary.begin()

    assert.is_false(heard)
    assert.matches("does not hear errors made in Lua", problem)
    assert.matches("does not hear errors made in the core", problem)
  end)

  it("looks in the middle of a test, and keeps all secrets but old tokens", function()
    local text, token = secret(), canary.plant("S3CRET-" .. core.uuid(), "the signature of a token")
    local function turn(said)
      if said then azure.errors.new{ kind = "refused", message = said } end
      collectgarbage()
      return pcall(canary.turn)
    end

    assert.is_true(turn())
    local heard, problem = turn(token)
    assert.is_false(heard)
    assert.matches("the signature of a token was said in", problem)
    assert.is_true(turn(token))
    assert.is_false(turn(text))
    assert.is_true(turn())
  end)

  it("remembers the secrets of the test before", function()
    local text = secret()
    collectgarbage()
    canary.finish()

    azure.errors.new{ kind = "refused", message = text }

    assert.equal(1, #canary.findings())
    canary.begin()
  end)
end)
