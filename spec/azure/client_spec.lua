local azure = require "azure"
local helper = require "spec.helper"

local signalr = helper.signalr_id
local group = helper.group

local function fixture(opts)
  local e = helper.emulator{ seed = "contoso" }
  return e, helper.client(e, opts)
end

describe("azure.client reading", function()
  local e, client
  before_each(function() helper.virtual_time() e, client = fixture() end)

  it("gets a document", function()
    local document = assert(client:get(signalr))

    assert.equal("contoso-signalr", document.name)
  end)

  it("takes a handle for an id", function()
    assert.equal("contoso-signalr", assert(client:get{ id = signalr }).name)
  end)

  it("gives status, headers, body and ids of a request", function()
    local response = assert(client:request{ path = signalr })

    assert.equal(200, response.status)
    assert.matches("json", response.headers["Content-TYPE"])
    assert.is_string(response.request_id)
    assert.equal("contoso-signalr", response.json.name)
    assert.equal(1, response.attempts)
  end)

  for _, case in ipairs{
    { "application/json; charset=utf-8", true }, { "application/problem+json", true }, { "text/JSON ;a=b", true },
    { "application/jsonl", false }, { "application/json-seq", false }, { "text/plain", false },
  } do
    it((case[2] and "decodes " or "does not decode ") .. case[1], function()
      e:fault{ match = "/odd", status = 200, body = "{}", headers = { ["Content-Type"] = case[1] } }

      local response = assert(client:request{ path = "/odd" })

      assert.equal(case[2], response.json ~= nil)
      assert.equal("{}", response.body)
    end)
  end

  it("waits inside a task as well as outside", function()
    local a = azure.spawn(function() return client:get(signalr) end)
    local b = azure.spawn(function() return client:get(group) end)

    assert.equal("contoso-signalr", a:wait().name)
    assert.equal("contoso", b:wait().name)
  end)

  it("asks for one token, however many calls there are", function()
    azure.map({ 1, 2, 3, 4, 5, 6, 7, 8 }, { concurrency = 8 }, function() return client:get(signalr) end)

    assert.equal(1, #e:requests("oauth2/v2.0/token"))
  end)

  it("takes standard methods in any case", function()
    local response = assert(client:request{ method = "get", path = signalr })
    local _, err = client:request{ method = "Brew", path = signalr }

    assert.equal(200, response.status)
    assert.equal("GET", e:requests{ path = signalr }[1].method)
    assert.equal("Brew", err.method)
  end)

  it("sends without waiting and hands over an operation", function()
    local op = client:send{ path = signalr }

    assert.is_false(op:done())
    assert.equal(200, op:wait().status)
  end)

  it("reads the status of an error answer when asked to", function()
    local response = assert(client:request{ path = signalr .. "x", any_status = true })

    assert.equal(404, response.status)
    assert.equal("ResourceNotFound", response.json.error.code)
  end)
end)

describe("azure.client and bad answers", function()
  local e, client
  before_each(function()
    helper.virtual_time()
    e, client = fixture{ retry = { max_retries = 1, delay = 0.01 } }
    assert(client:get(group)) -- signed in: faults hit Resource Manager only
  end)

  for _, case in ipairs{
    { "a hang-up", { drop = true, times = 9 }, "transport" },
    { "a hang-up in the body", { truncate = 20, times = 9 }, "transport" },
    { "truncated JSON", { status = 200, body = '{"a":' }, "protocol", "InvalidJson" },
    { "HTML instead of JSON", { status = 200, body = "<html><title>Proxy</title></html>" }, "protocol", "InvalidJson" },
    { "HTML with an error status", { status = 502, body = "<html><title>Bad gateway</title></html>", times = 2 },
      "service" },
    { "400", { status = 400 }, "service", "BadRequest" },
    { "401", { status = 401 }, "service", "InvalidAuthenticationToken" },
    { "403", { status = 403 }, "service", "AuthorizationFailed" },
    { "404", { status = 404 }, "service", "NotFound" },
    { "409", { status = 409 }, "service", "Conflict" },
    { "429 again and again", { status = 429, retry_after = 1, times = 2 }, "service", "TooManyRequests" },
    { "429 for longer than the call may take", { status = 429, retry_after = 372 }, "service", "TooManyRequests" },
  } do
    it("tells of " .. case[1], function()
      case[2].match = "contoso-signalr"
      e:fault(case[2])

      local document, err = client:get(signalr)

      assert.is_nil(document)
      assert.equal(case[3], err.kind)
      if case[4] then assert.equal(case[4], err.code) end
      assert.matches("^%C+$", tostring(err))
      assert.equal(case[3] == "service" and case[2].status or nil, err.kind == "service" and err.status or nil)
    end)
  end

  it("takes an empty 200 for what it is", function()
    e:fault{ match = "contoso-signalr", status = 200, body = "" }

    assert.is_true(client:get(signalr))
  end)

  it("tells how long to wait, and what to do", function()
    e:fault{ match = "contoso-signalr", status = 429, retry_after = 372 }

    local _, err = client:get(signalr)

    assert.equal(372, err.retry_after)
    assert.is_string(err.hint)
  end)

  it("tries again what may be tried again", function()
    e:fault{ match = "contoso-signalr", status = 503 }

    local response = assert(client:request{ path = signalr })

    assert.equal(2, response.attempts)
  end)

  it("fails at its deadline", function()
    e:fault{ match = "contoso-signalr", delay = 10 }

    local _, err = client:get(signalr, { timeout = 0.2 })

    assert.equal("timeout", err.kind)
  end)
end)

describe("azure.client and bad arguments", function()
  local client
  before_each(function()
    client = helper.closing(assert(azure.client{ credential = false }))
  end)

  for _, case in ipairs{
    { "an unknown option of the client", function() azure.client{ credental = 1 } end, "did you mean 'credential'" },
    { "a cloud that is none", function() azure.client{ cloud = "publik" } end, "did you mean 'public'" },
    { "a credential that is none", function() azure.client{ credential = 7 } end, "'credential' must be a credential" },
    { "an event handler that is a text", function() azure.client{ on_event = "print" } end, "'on_event' must be" },
    { "retry settings of another kind", function() azure.client{ credential = false, retry = { maxretries = 1 } } end,
      "did you mean 'max_retries'" },
    { "a bound on answers that is none", function() azure.client{ credential = false, max_response_bytes = -1 } end,
      "max_response_bytes must be a whole number from 1 to" },
    { "half a connection", function() azure.client{ credential = false, max_connections = 1.5 } end,
      "max_connections must be a whole number" },
    { "retries without number", function() azure.client{ credential = false, retry = { max_retries = 0 / 0 } } end,
      "max_retries must be a whole number from 0 to" },
    { "a timeout that is no number", function() azure.client{ credential = false, timeout = "5" } end,
      "'timeout' must be a number" },
    { "a path with a line break", function() client:get("/x\r\nHost: evil") end, "control character" },
    { "a path with a '#'", function() client:delete("/subscriptions/s/resourceGroups/rg#old?api-version=1") end,
      "%%23" },
    { "a handle with a '#'", function() client:get{ id = "/subscriptions/s/resourceGroups/rg#old" } end, "%%23" },
    { "a parameter that is null", function() client:get("/x", { query = { a = azure.json.null } }) end, "'a' must be" },
    { "a path without a slash", function() client:get("x") end, "must start with" },
    { "no path", function() client:get() end, "the path must be" },
    { "an unknown option", function() client:get("/x", { tiemout = 1 }) end, "did you mean 'timeout'" },
    { "a header with a line break", function() client:request{ path = "/x", headers = { A = "b\r\nC: d" } } end,
      "bytes that no header may have" },
    { "a header name with a colon", function() client:request{ path = "/x", headers = { ["A:"] = "b" } } end,
      "bytes that no header may have" },
    { "a method that is none", function() client:request{ path = "/x", method = "GET /y" } end, "not an HTTP method" },
    { "a body with a function in it", function() client:request{ path = "/x", body = { f = print } } end, "JSON" },
    { "a final state that is none", function() client:begin{ method = "PUT", path = "/x", final_state_via = "x" } end,
      "final_state_via must be" },
    { "no method", function() client:begin{ path = "/x" } end, "method" },
  } do
    it("raises for " .. case[1], function()
      assert.error_matches(case[2], case[3])
    end)
  end

  it("refuses another host before anything is sent", function()
    local _, err = client:get("https://evil.example/subscriptions/x")

    assert.equal("refused", err.kind)
    assert.equal("ForeignOrigin", err.code)
  end)

  it("refuses http for a token", function()
    local credential = azure.identity.static{ token = "t", expires_on = 4e9 }

    local made, err = azure.client{ credential = credential, cloud = { arm = "http://management.azure.com" } }

    assert.is_nil(made)
    assert.equal("InsecureEndpoint", err.code)
  end)

  it("says that it is closed", function()
    client:close()
    client:close()

    assert.error_matches(function() client:get("/x") end, "closed")
  end)
end)

local link = signalr .. "/sharedPrivateLinkResources/func-pe"
local body = { properties = { groupId = "sites", privateLinkResourceId = helper.func_id, requestMessage = "hello" } }

describe("azure.client writing", function()
  local e, client
  before_each(function() helper.virtual_time() e, client = fixture() end)

  it("puts and waits for the end", function()
    local seen = {}

    local document = assert(client:put(link, body, { on_progress = function(status) seen[#seen + 1] = status.status end }))

    assert.equal("Succeeded", document.properties.provisioningState)
    assert.is_true(#seen > 0)
  end)

  it("begins, hands over a token, and resumes from it", function()
    local op = client:begin{ method = "PUT", path = link, body = body }
    while op:status().polls == 0 do azure.loop():step(0.1) end
    local token = assert(op:resume_token())
    op:cancel()

    local resumed <close> = assert(client:resume(token))
    local document = assert(resumed:wait())

    assert.equal("Pending", document.properties.status)
    assert.is_nil(token:find("eyJ", 1, true)) -- no bearer token
    assert.equal(1, #e:requests{ method = "PUT" })
  end)

  it("deletes and takes both forms of arguments", function()
    assert(client:put(link, body))
    azure.sleep(300) -- SignalR is busy for a while after a write

    assert.is_true(client:delete(link, nil, { timeout = 600 }))

    local _, err = client:get(link)
    assert.equal(404, err.status)
  end)

  it("deletes a resource group and waits for it", function()
    assert.is_true(client:delete(group))

    local _, err = client:get(group)
    assert.equal("ResourceGroupNotFound", err.code)
  end)

  it("does not understand resume tokens of others", function()
    for _, text in ipairs{ "", "{}", "x", "[]", '{"v":1}' } do
      local op, err = client:resume(text)
      assert.is_nil(op)
      assert.equal("protocol", err.kind)
    end
  end)
end)

describe("azure.client and resource providers", function()
  local e, client
  before_each(function() helper.virtual_time() e, client = fixture() end)

  it("registers a provider that is missing, then goes on", function()
    e:register("Microsoft.SignalRService", "NotRegistered")

    assert(client:put(link, body))

    assert.equal(1, #e:requests("/register"))
  end)

  it("leaves it alone when told to", function()
    e:register("Microsoft.SignalRService", "NotRegistered")
    local careful = helper.client(e, { auto_register = false })

    local _, err = careful:put(link, body)

    assert.equal("MissingSubscriptionRegistration", err.code)
    assert.equal(0, #e:requests("/register"))
  end)
end)

describe("an operation's close", function()
  it("stops it, once or twice, and says that it was cancelled", function()
    local _, client = fixture()
    local op = client:send{ path = signalr }

    op:close()
    op:close()

    local result, err = op:wait()
    assert.is_nil(result)
    assert.equal("cancelled", err.kind)
  end)
end)

describe("azure.client and requests that are too large", function()
  local e, client
  before_each(function() e, client = fixture() end)

  local big = ("x"):rep(1 << 20)
  local cases = {
    { "path", function() return client:get("/subscriptions/" .. big) end },
    { "query", function() return client:get(signalr, { query = { filter = big } }) end },
    { "header", function() return client:get(signalr, { headers = { ["x-note"] = big } }) end },
    { "headers together", function()
      local headers = {}
      for i = 1, 20 do headers["x-note-" .. i] = big:sub(1, 16000) end
      return client:get(signalr, { headers = headers })
    end },
  }
  for _, case in ipairs(cases) do
    it("refuses a " .. case[1] .. ", and works on", function()
      local result, err = case[2]()

      assert.is_nil(result)
      assert.equal("refused", err.kind)
      assert.equal("RequestTooLarge", err.code)
      assert.is_true(#tostring(err) < 4096)
      assert.equal("contoso-signalr", assert(client:get(signalr, { timeout = 5 })).name)
    end)
  end

  it("lets bodies, long poll URLs and long headers pass", function()
    local query, headers = { t = big:sub(1, 8000) }, { ["x-note"] = big:sub(1, 8000) }

    assert(client:get(signalr, { query = query, headers = headers }))
    local _, err = client:put(signalr .. "-big", { tags = { note = big } })

    assert.not_equal("RequestTooLarge", err.code)
    assert.is_truthy(err.status)
    assert.is_truthy(e)
  end)
end)

describe("azure.client's log", function()
  it("gets lines without secrets, and cannot break a call", function()
    helper.virtual_time()
    local e = helper.emulator{ seed = "contoso" }
    local lines = {}
    local client = helper.client(e, { log_level = "verbose", log = function(level, text)
      lines[#lines + 1] = level .. " " .. text
      if #lines == 3 then error("the logger is broken") end
    end })

    assert(client:get(signalr, { query = { sig = "c4n4ry" } }))
    assert(client:get(signalr))
    client:close()

    local text = table.concat(lines, "\n")
    assert.matches("GET http://127.0.0.1:%d+/subscriptions", text)
    assert.matches("Authorization: REDACTED", text)
    assert.is_nil(text:find("c4n4ry", 1, true))
    assert.is_nil(text:find("eyJ", 1, true))
  end)
end)
