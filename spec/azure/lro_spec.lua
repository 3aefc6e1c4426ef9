-- Long-running operations as services may tell them, through the public API.
-- Recorded ones are in recorded_spec; the decisions alone in spec/c/test_lro*.c.
local azure = require "azure"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local base = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/"
local thing = base .. "t?api-version=1"
local poll = "/subscriptions/s/providers/Microsoft.X/operations/1?api-version=9"
local result_url = "/subscriptions/s/providers/Microsoft.X/results/1?api-version=9"
local json = { { "Content-Type", "application/json" } }

local function answer(method, path, status, body, headers)
  local list = body and { json[1] } or {}
  for name, value in pairs(headers or {}) do list[#list + 1] = { name, value } end
  return { method, path, status, body = body, headers = list }
end

local function get(path, status, body, headers) return answer("GET", path, status, body, headers) end

local function async(url) return { ["Azure-AsyncOperation"] = "{arm}" .. (url or poll) } end
local function location(url) return { Location = "{arm}" .. (url or result_url) } end
local function both() return { ["Azure-AsyncOperation"] = "{arm}" .. poll, Location = "{arm}" .. result_url } end

local succeeded, running = get(poll, 200, '{"status":"Succeeded"}'), get(poll, 200, '{"status":"Running"}')
local good = '{"name":"good"}'

local function play(script, verb, opts, client_opts)
  local server = scripted.start(script)
  local client = scripted.client(server, client_opts)
  local result, err = client[verb](client, thing, verb ~= "delete" and "{}" or nil, opts)
  return server, result, err
end

local function ends_with(name, verb, script, want, opts)
  it(name, function()
    local server, result, err = play(script, verb, opts)

    server:assert_played()
    assert.is_nil(err)
    assert.same(want, result)
  end)
end

describe("an operation's status", function()
  before_each(helper.virtual_time)

  for _, word in ipairs{ "Running", "InProgress", "Accepted", "Updating", "Creating", "Whatever", "", "running" } do
    ends_with("goes on: " .. word, "put", { answer("PUT", thing, 201, "{}", async()),
      get(poll, 202, ('{"status":"%s"}'):format(word)), succeeded, get(thing, 200, good) }, { name = "good" })
  end

  for _, word in ipairs{ "Succeeded", "succeeded", "SUCCEEDED", "ProvisioningSucceeded" } do
    ends_with("is the end: " .. word, "put", { answer("PUT", thing, 201, "{}", async()),
      get(poll, 200, ('{"status":"%s"}'):format(word)), get(thing, 200, good) }, { name = "good" })
  end

  for word, code in pairs{ Failed = "OperationFailed", failed = "OperationFailed", PartiallyFailed = "OperationFailed",
    Canceled = "OperationCanceled", cancelled = "OperationCanceled" } do
    it("is a failure without a reason: " .. word, function()
      local server, _, err = play({ answer("PUT", thing, 201, "{}", async()),
        get(poll, 200, ('{"status":"%s"}'):format(word)) }, "put")

      server:assert_played()
      assert.equal("operation", err.kind)
      assert.equal(code, err.code)
    end)
  end

  it("is a failure in the service's own words", function()
    local said = [[{"status":"Failed","error":{"code":"NoQuota","message":"none left","target":"cores",
      "details":[{"code":"Inner","message":"really"}]}}]]
    local _, _, err = play({ answer("PUT", thing, 201, "{}", async()), get(poll, 200, said) }, "put")

    assert.equal("NoQuota", err.code)
    assert.equal("none left", err.message)
    assert.equal("cores", err.target)
    assert.equal("Inner", err.details[1].code)
    assert.equal("PUT", err.method)
    assert.matches("things/t", err.url)
  end)

  ends_with("may be missing: the HTTP status says it", "put", { answer("PUT", thing, 201, "{}", async()),
    get(poll, 202, "{}"), get(poll, 202), get(poll, 200, "{}"), get(thing, 200, good) }, { name = "good" })
  ends_with("may be missing with a resource that never changes", "put", { answer("PUT", thing, 201, "{}", async()),
    get(poll, 202), get(poll, 200, '{"properties":{"provisioningState":"Pending"}}'), get(thing, 200, good) },
    { name = "good" })

  it("is no failure of the operation when it cannot be understood", function()
    for _, body in ipairs{ "<html>", '{"status":7}', '{"status":' } do
      local _, _, err = play({ answer("PUT", thing, 201, "{}", async()), get(poll, 200, body) }, "put")

      assert.equal("protocol", err.kind)
      assert.matches("still be", err.hint)
    end
  end)
end)

describe("an operation's failure", function()
  before_each(helper.virtual_time)

  for name, case in pairs{
    ["beside the status"] = { '{"status":"Failed","code":"NoQuota","message":"none left"}', "NoQuota", "none left" },
    ["as a sentence"] = { '{"status":"Failed","error":"there is no quota left"}', "OperationFailed",
      "there is no quota left" },
    ["as a word"] = { '{"status":"Failed","error":"NoQuota"}', "NoQuota", "the operation failed: NoQuota" },
    ["in a list of the properties"] = { '{"status":"Failed","properties":{"errors":[{"code":"NoQuota",'
      .. '"message":"none left"}]}}', "NoQuota", "none left" },
  } do
    it("is found " .. name, function()
      local _, _, err = play({ answer("PUT", thing, 201, "{}", async()), get(poll, 200, case[1]) }, "put")

      assert.equal("operation", err.kind)
      assert.equal(case[2], err.code)
      assert.equal(case[3], err.message)
    end)
  end

  for _, status in ipairs{ 400, 404, 409, 412 } do
    it(("is the final answer of a Location: %d"):format(status), function()
      local server, _, err = play({ answer("POST", thing, 202, nil, location()), get(result_url, 202),
        get(result_url, status, '{"error":{"code":"NoQuota","message":"none left"}}') }, "post")

      server:assert_played()
      assert.equal("operation", err.kind)
      assert.equal("NoQuota", err.code)
      assert.equal("none left", err.message)
      assert.equal(status, err.status)
      assert.is_nil(err.hint:find("resume", 1, true))
    end)
  end

  for _, status in ipairs{ 401, 403 } do
    it(("is not what keeps us from asking a Location: %d"):format(status), function()
      local _, _, err = play({ answer("POST", thing, 202, nil, location()), get(result_url, status,
        '{"error":{"code":"Odd","message":"odd"}}') }, "post")

      assert.equal("service", err.kind)
      assert.matches("may still be going on", err.hint)
    end)
  end
end)

describe("an operation without URLs", function()
  before_each(helper.virtual_time)

  local function state(word) return ('{"properties":{"provisioningState":"%s"}}'):format(word) end

  ends_with("goes by provisioningState after 201", "put", { answer("PUT", thing, 201, state("Creating")),
    get(thing, 200, state("Creating")), get(thing, 200, state("Succeeded")) },
    { properties = { provisioningState = "Succeeded" } })
  ends_with("goes by provisioningState after 200", "put", { answer("PUT", thing, 200, state("Updating")),
    get(thing, 200, state("Succeeded")) }, { properties = { provisioningState = "Succeeded" } })
  ends_with("goes by provisioningState after 202, also where the resource is not there yet", "put",
    { answer("PUT", thing, 202, state("Creating")), get(thing, 404, '{"error":{"code":"NotFound","message":"no"}}'),
      get(thing, 200, state("Succeeded")) }, { properties = { provisioningState = "Succeeded" } })
  ends_with("is over with the first answer", "put", { answer("PUT", thing, 200, good) }, { name = "good" })
  ends_with("is over with an empty one", "put", { answer("PUT", thing, 204) }, true)
  ends_with("is over with a PATCH that succeeded", "patch",
    { answer("PATCH", thing, 200, state("Succeeded"), async()) }, { properties = { provisioningState = "Succeeded" } })
  ends_with("is over with a POST", "post", { answer("POST", thing, 200, '{"keys":[]}') }, { keys = azure.json.array{} })
  ends_with("is over with a DELETE", "delete", { answer("DELETE", thing, 200) }, true)

  it("fails with the resource", function()
    local _, _, err = play({ answer("PUT", thing, 201, state("Creating")), get(thing, 200, state("Failed")) }, "put")

    assert.equal("operation", err.kind)
  end)

  for _, verb in ipairs{ "post", "delete" } do
    it("is a mistake of the service after 202: " .. verb, function()
      local _, _, err = play({ answer(verb:upper(), thing, 202) }, verb)

      assert.equal("MissingPollingUrl", err.code)
    end)
  end
end)

describe("an operation's URLs", function()
  before_each(helper.virtual_time)

  ends_with("prefer Azure-AsyncOperation", "delete", { answer("DELETE", thing, 202, nil, both()), succeeded }, true)
  ends_with("prefer Operation-Location most", "delete", { answer("DELETE", thing, 202, nil,
    { ["Operation-Location"] = "{arm}" .. poll, ["Azure-AsyncOperation"] = "{arm}/wrong", Location = "{arm}/wrong" }),
    succeeded }, true)
  ends_with("move with the latest answer", "delete", { answer("DELETE", thing, 202, nil, async("/a?x=1")),
    get("/a?x=1", 200, '{"status":"Running"}', async("/b?x=2")),
    get("/b?x=2", 200, '{"status":"Running"}', async("/c?x=3")), get("/c?x=3", 200, '{"status":"Succeeded"}') }, true)
  ends_with("stay where an answer names none", "delete", { answer("DELETE", thing, 202, nil, location()),
    get(result_url, 202), get(result_url, 202), get(result_url, 204) }, true)
  ends_with("may be relative to the host", "delete", { answer("DELETE", thing, 202, nil, { Location = "/x/y?z=1" }),
    get("/x/y?z=1", 204) }, true)
  ends_with("may be relative to the resource", "delete", { answer("DELETE", thing, 202, nil, { Location = "../y?z=1" }),
    get("/subscriptions/s/resourceGroups/g/providers/Microsoft.X/y?z=1", 204) }, true)
  ends_with("are sent back byte for byte", "delete", { answer("DELETE", thing, 202, nil,
    location("/a%2fb/%7E;p/./..%2f?B=2&a=1&a=&s=%2B+/=&api-version=x")),
    get("/a%2fb/%7E;p/./..%2f?B=2&a=1&a=&s=%2B+/=&api-version=x", 204) }, true)
  ends_with("may have spaces, which are encoded", "delete", { answer("DELETE", thing, 202, nil,
    location("/a b/c?t=1/1/1970 12:00:00 AM +00:00&s=%2F")),
    get("/a%20b/c?t=1/1/1970%2012:00:00%20AM%20+00:00&s=%2F", 204) }, true)
  ends_with("may have a fragment, which goes", "delete", { answer("DELETE", thing, 202, nil, location("/x?s=1#y")),
    get("/x?s=1", 204) }, true)
  ends_with("may have 20 KB", "delete", { answer("DELETE", thing, 202, nil, location("/x?s=" .. ("s"):rep(20000))),
    get("/x?s=" .. ("s"):rep(20000), 204) }, true)
end)

describe("an operation's result", function()
  before_each(helper.virtual_time)

  local done = get(poll, 200, '{"status":"Succeeded","properties":{"name":"embedded"}}')
  local fetched, located = get(thing, 200, good), get(result_url, 200, '{"name":"located"}')

  -- With both URLs: method, final_state_via, what is asked after Succeeded, result.
  for _, case in ipairs{
    { "put", nil, fetched, "good" }, { "put", "azure-async-operation", fetched, "good" },
    { "put", "location", fetched, "good" }, { "put", "original-uri", fetched, "good" },
    { "patch", nil, located, "located" }, { "patch", "azure-async-operation", fetched, "good" },
    { "patch", "location", located, "located" }, { "patch", "original-uri", fetched, "good" },
    { "post", nil, located, "located" }, { "post", "azure-async-operation", nil, "embedded" },
    { "post", "operation-location", nil, "embedded" }, { "post", "location", located, "located" },
    { "post", "original-uri", fetched, "good" }, { "delete", nil, nil, nil }, { "delete", "location", nil, nil },
    { "delete", "original-uri", nil, nil },
  } do
    local verb, final, last, want = case[1], case[2], case[3], case[4]
    local script = { answer(verb:upper(), thing, 202, nil, both()), done }
    script[3] = last
    ends_with(("of %s is where it should be: %s"):format(verb, final or "default"), verb, script,
      want and { name = want } or true, { final_state_via = final })
  end

  ends_with("may be empty", "post", { answer("POST", thing, 202, nil, location()), get(result_url, 200) }, true)
  for _, verb in ipairs{ "put", "patch" } do
    for _, status in ipairs{ 200, 204 } do
      ends_with(("is the resource where the Location of a %s ends without one: %d"):format(verb, status), verb,
        { answer(verb:upper(), thing, 202, nil, location()), get(result_url, 202), get(result_url, status), fetched },
        { name = "good" })
    end
  end
  ends_with("is at the Location of a POST that created something", "post",
    { answer("POST", thing, 201, "{}", location()), get(result_url, 202), located }, { name = "located" })
  ends_with("is at the Location of a PUT that tells no state", "put",
    { answer("PUT", thing, 201, "{}", location()), get(result_url, 202), located }, { name = "located" })
  ends_with("is the resource where that tells its state, Location or not", "put",
    { answer("PUT", thing, 201, '{"properties":{"provisioningState":"Creating"}}', location()),
      get(thing, 200, '{"properties":{"provisioningState":"Succeeded"}}') },
    { properties = { provisioningState = "Succeeded" } })
  ends_with("may be named by resourceLocation", "put", { answer("PUT", thing, 201, "{}", async()),
    get(poll, 200, '{"status":"Succeeded","resourceLocation":"{arm}' .. base .. 'other?api-version=1"}'),
    get(base .. "other?api-version=1", 200, good) }, { name = "good" })
  ends_with("may take a moment longer", "patch", { answer("PATCH", thing, 202, nil, both()), done,
    get(result_url, 202), located }, { name = "located" })

  it("keeps integers and empty arrays as they are", function()
    local body = '{"status":"Succeeded","properties":{"n":9007199254740993,"list":[],"map":{},"none":null}}'
    local _, result = play({ answer("POST", thing, 202, nil, async()), get(poll, 200, body) }, "post")

    assert.equal('{"list":[],"map":{},"n":9007199254740993,"none":null}', azure.json.encode(result))
  end)
end)

describe("trouble while polling is not the operation's:", function()
  before_each(helper.virtual_time)

  local function line(fields)
    local all = { "GET", poll }
    for key, value in pairs(fields) do all[key] = value end
    return all
  end

  for name, trouble in pairs{
    ["408"] = line{ status = 408 }, ["429"] = line{ status = 429 }, ["500"] = line{ status = 500 },
    ["502 of a proxy"] = line{ status = 502, body = "<html>" }, ["503"] = line{ status = 503 },
    ["504"] = line{ status = 504 }, ["a hang-up"] = line{ close = "drop" }, ["a reset"] = line{ close = "reset" },
    ["half an answer"] = line{ status = 200, body = '{"status":"Failed"}', truncate = 10 },
  } do
    it(name, function()
      local server, result, err = play({ answer("PUT", thing, 201, "{}", async()), running, trouble, trouble, trouble,
        trouble, trouble, trouble, succeeded, get(thing, 200, good) }, "put")

      assert.is_nil(err)
      assert.equal("good", result.name)
      server:assert_played()
    end)
  end

  it("silence", function()
    local server, result = play({ answer("PUT", thing, 201, "{}", async()), line{ status = 200, delay = 60 }, succeeded,
      get(thing, 200, good) }, "put", nil, { timeout = 0.5 })

    assert.equal("good", result.name)
    server:assert_played()
  end)

  it("Retry-After of a 429", function()
    local server = play({ answer("PUT", thing, 201, "{}", async()),
      get(poll, 429, nil, { ["Retry-After"] = "120" }), succeeded, get(thing, 200, good) }, "put")

    assert.is_true(server:pauses()[2] >= 120)
  end)

  for _, status in ipairs{ 400, 401, 403, 404, 410 } do
    it(("%d ends the waiting, and says that the work may go on"):format(status), function()
      local _, _, err = play({ answer("PUT", thing, 201, "{}", async()), get(poll, status,
        '{"error":{"code":"Odd","message":"odd"}}') }, "put")

      assert.equal("service", err.kind)
      assert.equal(status, err.status)
      assert.matches("may still be going on", err.hint)
    end)
  end

  it("a failure to read the result", function()
    local _, _, err = play({ answer("PUT", thing, 201, "{}", async()), succeeded, get(thing, 403,
      '{"error":{"code":"AuthorizationFailed","message":"no"}}') }, "put")

    assert.equal(403, err.status)
    assert.matches("itself succeeded", err.hint)
  end)

  it("the deadline, which tells what the trouble was", function()
    local script = { answer("PUT", thing, 201, "{}", async()), running }
    for i = 3, 40 do script[i] = get(poll, 503, '{"error":{"code":"ServerBusy","message":"try later"}}') end

    local _, _, err = play(script, "put", { timeout = 100 })

    assert.equal("PollingTimeout", err.code)
    assert.matches("ServerBusy %(HTTP 503%)", err.message)
    assert.equal("ServerBusy", err.inner.code)
    assert.equal(503, err.inner.status)
    assert.equal("try later", err.inner.message)
    assert.matches("^%C+$", tostring(err))
  end)

  it("the deadline, without any after an answer", function()
    local script = { answer("PUT", thing, 201, "{}", async()), get(poll, 503) }
    for i = 3, 40 do script[i] = running end

    local _, _, err = play(script, "put", { timeout = 100 })

    assert.equal("PollingTimeout", err.code)
    assert.is_nil(err.inner)
    assert.is_nil(err.message:find("503", 1, true))
  end)

  for name, fault in pairs{ ["429"] = { status = 429 }, ["503"] = { status = 503 }, ["silence"] = { drop = true } } do
    for _, wrapped in ipairs{ false, true } do
      it("the sign-in's: " .. name .. (wrapped and ", told by a function" or ""), function()
        local e = helper.emulator{ token_lifetime = 2 }
        local credential = helper.closing(e:credential())
        local server = scripted.start{ answer("PUT", thing, 201, "{}", async()), running, succeeded, get(thing, 200, good) }
        local client = scripted.client(server, { credential = wrapped and helper.closing(azure.identity.from_function(
          function() return credential:token("https://management.azure.com/.default") end)) or credential })
        local op = client:begin{ method = "PUT", path = thing, body = "{}" }
        while #server.requests == 0 do azure.loop():step(1) end
        e:fault{ match = "oauth2", status = fault.status, drop = fault.drop, times = 12 }

        local result, err = op:wait()

        assert.is_nil(err)
        assert.equal("good", result.name)
        assert.is_true(#e:requests("oauth2") > 12)
      end)
    end
  end

  it("the sign-in's, when it will not get better", function()
    local tokens = 0
    local credential = helper.closing(azure.identity.from_function(function()
      tokens = tokens + 1
      if tokens > 1 then return nil, "the secret has expired" end
      return { token = "first", expires_on = azure.loop():wall() + 1 }
    end))
    local server, _, err = play({ answer("PUT", thing, 201, "{}", async()) }, "put", nil, { credential = credential })

    assert.equal("auth", err.kind)
    assert.equal(1, #server.requests)
    assert.matches("may still be going on", err.hint)
  end)

  it("the deadline, after which it can be resumed", function()
    local script = { answer("PUT", thing, 201, "{}", async()) }
    for i = 2, 20 do script[i] = get(poll, 200, '{"status":"Running"}', { ["Retry-After"] = "30" }) end
    local before = azure.loop():now()

    local server, _, err = play(script, "put", { timeout = 100 })

    local took = azure.loop():now() - before
    assert.equal("timeout", err.kind)
    assert.equal("PollingTimeout", err.code)
    assert.matches("resume", err.hint)
    assert.is_true(took >= 100 and took < 110, took)
    assert.equal(5, #server.requests)
  end)
end)

describe("a DELETE that is sent again", function()
  before_each(helper.virtual_time)

  local missing = answer("DELETE", thing, 404, '{"error":{"code":"ResourceNotFound","message":"no"}}')

  for name, first in pairs{
    ["a hang-up"] = { "DELETE", thing, close = "drop" }, ["a 500"] = answer("DELETE", thing, 500),
    ["a 504 of the gateway"] = answer("DELETE", thing, 504),
  } do
    ends_with("may find that the first one did it: after " .. name, "delete", { first, missing }, true)
  end

  for name, script in pairs{
    ["the first one"] = { missing }, ["one after a refusal at the door"] = { answer("DELETE", thing, 429), missing },
  } do
    it("is an error where nothing was there before: " .. name, function()
      local server, result, err = play(script, "delete")

      server:assert_played()
      assert.is_nil(result)
      assert.equal(404, err.status)
    end)
  end

  it("tells what it was told where the answers are wanted", function()
    local server = scripted.start{ { "DELETE", thing, close = "drop" }, missing }

    local _, err = scripted.client(server):request{ method = "DELETE", path = thing }

    assert.equal(404, err.status)
  end)
end)

describe("an operation that nobody waits for any longer", function()
  it("is not asked about again", function()
    helper.virtual_time()
    local server = scripted.start{ answer("PUT", thing, 201, "{}", async()), running }
    local client = scripted.client(server)
    local op = client:begin{ method = "PUT", path = thing, body = "{}" }
    while op:status().polls == 0 do azure.loop():step(1) end

    op:cancel()
    azure.sleep(3600)

    local _, err = op:wait()
    assert.equal("cancelled", err.kind)
    server:assert_played()
  end)

  it("ends with its client", function()
    helper.virtual_time()
    local server = scripted.start{ answer("PUT", thing, 201, "{}", async()) }
    local client = scripted.client(server)
    local op = client:begin{ method = "PUT", path = thing, body = "{}" }
    while not op:status().next_poll_in do azure.loop():step(1) end

    client:close()

    local _, err = op:wait()
    assert.equal("cancelled", err.kind)
  end)
end)
