-- Resource providers that are not registered, in detail. client_spec has the
-- whole of it against the emulator, spec/c/test_arm_register.c its parts.
local azure = require "azure"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local subscription = "/subscriptions/11111111-1111-1111-1111-111111111111"
local thing = subscription .. "/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"
local provider = subscription .. "/providers/Microsoft.X?api-version=2021-04-01"
local register = subscription .. "/providers/Microsoft.X/register?api-version=2021-04-01"
local json = { { "Content-Type", "application/json" } }

local function missing(more)
  local body = { code = "MissingSubscriptionRegistration", message = "The subscription is not registered to use "
    .. "namespace 'Microsoft.X'. See https://aka.ms/rps-not-found for how to register subscriptions.",
    details = { { code = "MissingSubscriptionRegistration", target = "Microsoft.X", message = "same" } } }
  for key, value in pairs(more or {}) do body[key] = value ~= "none" and value or nil end
  return { nil, nil, 409, headers = json, body = azure.json.encode{ error = body } }
end

local function state(word)
  return { "GET", provider, 200, headers = json, body = ('{"registrationState":"%s"}'):format(word) }
end

local asked = { "POST", register, 200, headers = json, body = '{"registrationState":"Registering"}' }
local good = { "GET", thing, 200, headers = json, body = '{"name":"t"}' }

local function play(script, opts, call_opts)
  local server = scripted.start(script)
  local client = scripted.client(server, opts)
  local result, err = client:get(thing, call_opts)
  return server, result, err
end

describe("a provider that is not registered", function()
  before_each(helper.virtual_time)

  it("asks for it, waits until it is there, and calls again", function()
    local server, result = play{ missing(), asked, state("Registering"), state("Registered"), good }

    server:assert_played()
    assert.equal("t", result.name)
  end)

  it("waits 15 seconds between its looks", function()
    local server = play{ missing(), asked, state("Registering"), state("Odd"), state("Registered"), good }

    local pauses = server:pauses()
    assert.is_true(pauses[3] >= 15)
    assert.is_true(pauses[4] >= 15)
  end)

  for name, body in pairs{
    ["the older code"] = { code = "SubscriptionNotRegistered" },
    ["no details, but a message with the namespace"] = { details = "none" },
    ["the other message"] = { details = "none", message = "The subscription registration is in 'Unregistered' state. "
      .. "The subscription must be registered to use namespace 'Microsoft.X'. See https://aka.ms/rps-not-found" },
    ["a target that is no namespace"] = { details = { { target = "Microsoft.X/../../evil" } } },
    ["details of another form"] = { details = { "Microsoft.X" } },
  } do
    it("understands " .. name, function()
      local server, result = play{ missing(body), asked, state("Registered"), good }

      server:assert_played()
      assert.equal("t", result.name)
    end)
  end

  for name, body in pairs{
    ["an error that names no namespace"] = { details = "none", message = "register it" },
    ["another conflict"] = { code = "Conflict" },
  } do
    it("leaves alone " .. name, function()
      local server, _, err = play{ missing(body) }

      server:assert_played()
      assert.equal(409, err.status)
    end)
  end

  it("gives the first error when it may not register", function()
    local server, _, err = play{ missing(), { "POST", register, 403, headers = json,
      body = '{"error":{"code":"AuthorizationFailed","message":"no"}}' } }

    server:assert_played()
    assert.equal("MissingSubscriptionRegistration", err.code)
    assert.matches("az provider register", err.hint)
  end)

  it("gives the first error when it cannot look", function()
    local server, _, err = play{ missing(), asked, { "GET", provider, 404, headers = json,
      body = '{"error":{"code":"NotFound","message":"no"}}' } }

    server:assert_played()
    assert.equal("MissingSubscriptionRegistration", err.code)
  end)

  it("gives up after five minutes", function()
    local script = { missing(), asked }
    for i = 3, 60 do script[i] = state("Registering") end
    local before = azure.loop():now()

    local server, _, err = play(script, nil, { timeout = 900 })

    local took = azure.loop():now() - before
    assert.equal("MissingSubscriptionRegistration", err.code)
    assert.is_true(#server.requests <= 23, #server.requests)
    assert.is_true(took >= 285 and took < 310, took)
  end)

  it("is waited for within the deadline of the call", function()
    local script = { missing(), asked }
    for i = 3, 60 do script[i] = state("Registering") end
    local before = azure.loop():now()

    local server, _, err = play(script, nil, { timeout = 40 })

    assert.equal("MissingSubscriptionRegistration", err.code)
    assert.is_true(azure.loop():now() - before <= 40)
    assert.equal(5, #server.requests) -- the last look 30 s after the first
  end)

  it("is waited for within the deadline of the client's calls", function()
    local script = { missing(), asked }
    for i = 3, 60 do script[i] = state("Registering") end
    local before = azure.loop():now()

    local _, _, err = play(script, { timeout = 20 })

    assert.equal("MissingSubscriptionRegistration", err.code)
    assert.is_true(azure.loop():now() - before <= 20)
  end)

  it("is waited for as long as an operation may take, not only its first call", function()
    local server = scripted.start{ missing(), asked, state("Registering"), state("Registering"), state("Registered"),
      { "PUT", thing, 200, headers = json, body = '{"name":"t"}', delay = 8 } }
    local client = scripted.client(server, { timeout = 10 })

    assert.equal("t", assert(client:put(thing, {})).name)

    server:assert_played()
  end)

  for name, begin in pairs{
    ["client:send"] = function(client) return client:send{ path = thing } end,
    ["client:begin"] = function(client) return client:begin{ method = "GET", path = thing } end,
  } do
    it("is registered by " .. name, function()
      local server = scripted.start{ missing(), asked, state("Registering"), state("Registered"), good }

      local result, err = begin(scripted.client(server)):wait()

      assert.is_nil(err)
      assert.equal("t", (result.json or result).name)
      server:assert_played()
    end)
  end

  it("is registered by operations of resources", function()
    local e = helper.emulator{ seed = "contoso" }
    e:register("Microsoft.SignalRService", "NotRegistered")

    local links = helper.client(e):signalr(e.ids.signalr).shared_private_links
    local op = links:begin_create("func-pe", { target = e.ids.func, group = "sites" })

    assert.equal("func-pe", assert(op:wait()).name)
    assert.equal(1, #e:requests("/register"))
  end)

  it("is not registered any further once nobody waits", function()
    local server = scripted.start{ missing(), asked, state("Registering") }
    local op = scripted.client(server):begin{ method = "PUT", path = thing, body = "{}" }
    while #server.requests < 3 do azure.loop():step(1) end

    op:cancel()
    azure.sleep(60)

    local _, err = op:wait()
    assert.equal("cancelled", err.kind)
    server:assert_played()
  end)

  it("is not registered any further by a client that is closed", function()
    local server = scripted.start{ missing(), asked, state("Registering") }
    local client = scripted.client(server)
    local op = client:send{ path = thing }
    while #server.requests < 3 do azure.loop():step(1) end

    client:close()

    local _, err = op:wait()
    assert.equal("cancelled", err.kind)
  end)

  it("is not looked for where any status is a result", function()
    local server = scripted.start{ missing() }

    local response = assert(scripted.client(server):request{ path = thing, any_status = true })

    assert.equal(409, response.status)
    server:assert_played()
  end)

  it("gives up when the service never believes it", function()
    local script = { missing() }
    for _ = 1, 3 do
      for _, line in ipairs{ asked, state("Registered"), missing() } do script[#script + 1] = line end
    end

    local server, _, err = play(script)

    server:assert_played()
    assert.equal("MissingSubscriptionRegistration", err.code)
  end)

  it("survives a service that is busy meanwhile", function()
    local server, result = play{ missing(), { "POST", register, 503 }, asked,
      { "GET", provider, 429, headers = { ["Retry-After"] = "5" } }, state("Registered"), good }

    server:assert_played()
    assert.equal("t", result.name)
  end)

  it("does nothing when it is told not to", function()
    local server, _, err = play({ missing() }, { auto_register = false })

    server:assert_played()
    assert.equal("MissingSubscriptionRegistration", err.code)
  end)

  it("sends a write again with its body", function()
    local server = scripted.start{ missing(), asked, state("Registered"), { "PUT", thing, 200, headers = json,
      body = '{"name":"t"}' } }
    local client = scripted.client(server)

    assert(client:put(thing, { a = 1 }))

    server:assert_played()
    assert.equal('{"a":1}', server.requests[1].body)
    assert.equal('{"a":1}', server.requests[4].body)
  end)

  it("sends a POST again, since the first did nothing", function()
    local server = scripted.start{ missing(), asked, state("Registered"), { "POST", thing, 200 } }

    assert(scripted.client(server):post(thing, "{}"))

    server:assert_played()
  end)

  it("works in lists", function()
    local server = scripted.start{ missing(), asked, state("Registered"), { "GET", thing, 200, headers = json,
      body = '{"value":[1,2]}' } }
    local count = 0

    for item, err in scripted.client(server):list(thing) do
      assert.is_nil(err)
      count = count + item
    end

    assert.equal(3, count)
    server:assert_played()
  end)

  it("takes the client's subscription where the path has none", function()
    local path = "/providers/Microsoft.X/things/t?api-version=1"
    local server = scripted.start{ missing(), asked, state("Registered"), { "GET", path, 200, body = "{}" } }
    local client = scripted.client(server, { subscription_id = subscription:match("[^/]+$") })

    assert(client:get(path))

    server:assert_played()
  end)

  it("is not looked for in a document that is false", function()
    local server = scripted.start{ { nil, nil, 200, headers = json, body = "false" },
      { nil, nil, 200, headers = json, body = "false" } }
    local client = scripted.client(server)

    assert.same({ false, nil }, { client:get(thing) })
    assert.same({ false, nil }, { client:put(thing, {}) })
  end)

  it("is one registration for each caller, in tasks too", function()
    local server = scripted.start{ missing(), asked, state("Registered"), good }
    local client = scripted.client(server)

    local task = azure.spawn(function() return client:get(thing) end)

    assert.equal("t", task:wait().name)
    server:assert_played()
  end)
end)
