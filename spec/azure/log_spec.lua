-- What is logged, where to, and what never is.
local azure = require "azure"
local child = require "spec.child"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t"

-- A script of users: one call that works, one that does not.
local script = [[
local azure = require "azure"
azure.loop():auto_advance(true)
local client <close> = azure.client{ cloud = { arm = arg[1], authority = arg[1] }, retry = { max_retries = 0 },
  log = arg[2] == "function" and function(level, text) print(level, text) end or nil,
  log_level = arg[3], credential = azure.identity.static{ token = "t0ken", expires_on = 4e9 } }
client:get("/good?api-version=1&sig=s1gnature")
client:get("/bad?api-version=1&sig=s1gnature")
]]

local function run(level, ...)
  local server = scripted.start{
    { nil, nil, 200, body = '{"a":"b0dy"}', headers = { Server = "here", ["X-Odd"] = "0ddity" } },
    { nil, nil, 404, body = '{"error":{"code":"NotThere","message":"it is not there"}}' } }
  return child.lua(script, { AZURE_LOG_LEVEL = level }, server.url, ...)
end

describe("AZURE_LOG_LEVEL", function()
  it("logs nothing when it is not set", function()
    local result = run(false)

    assert.same({ code = 0, out = "", err = "" }, result)
  end)

  it("logs nothing when it is empty", function()
    assert.equal("", run("").err)
  end)

  it("warning logs failures, to stderr", function()
    local result = run("warning")

    assert.equal("", result.out)
    assert.matches("^azure warning: ! GET http://[^\n]*/bad%?[^\n]* failed: NotThere: it is not there\n$", result.err)
  end)

  it("error logs nothing of that", function()
    assert.equal("", run("error").err)
  end)

  it("info logs requests and answers too", function()
    local err = run("info").err

    assert.matches("azure info: > GET http://[^\n]*/good%?api%-version=1&sig=REDACTED %(attempt 1%)\n", err)
    assert.matches("azure info: < 200 after %d+ ms", err)
    assert.is_nil(err:find("User-Agent", 1, true))
  end)

  for _, level in ipairs{ "verbose", "VERBOSE", "Verbose" } do
    it("logs headers too, by the allow-list: " .. level, function()
      local err = run(level).err

      assert.matches("azure verbose: > User%-Agent: azure%-signalr%-lua", err)
      assert.matches("azure verbose: > Authorization: REDACTED\n", err)
      assert.matches("azure verbose: < Server: here\n", err)
      assert.matches("azure verbose: < X%-Odd: REDACTED\n", err)
      for _, secret in ipairs{ "t0ken", "s1gnature", "b0dy", "0ddity" } do
        assert.is_nil(err:find(secret, 1, true), secret)
      end
    end)
  end

  for _, level in ipairs{ "debug", "1", "verbose " } do
    it("is told and ignored when nobody knows it: " .. level, function()
      local result = run(level)

      assert.equal(0, result.code)
      assert.equal("azure: AZURE_LOG_LEVEL must be verbose, info, warning or error\n", result.err)
    end)
  end

  it("gives way to the option of the client", function()
    local result = run("verbose", "stderr", "warning")

    assert.matches("^azure warning: [^\n]*\n$", result.err)
  end)

  it("leads to the function of the client where it has one", function()
    local result = run("warning", "function")

    assert.equal("", result.err)
    assert.matches("^warning\t! GET [^\n]*\n$", result.out)
  end)
end)

local function logged(level, lines, request)
  helper.virtual_time()
  local seen = {}
  local server = scripted.start(lines)
  local client = scripted.client(server, { log_level = level, log = function(kind, text)
    seen[#seen + 1] = kind .. " " .. text
  end })
  client:request(request or { path = path })
  client:close()
  return seen
end

describe("a log function", function()
  it("gets info and worse when it says nothing else", function()
    local seen = logged(nil, { { nil, nil, 200 } })

    assert.equal(2, #seen)
    for _, line in ipairs(seen) do assert.matches("^info ", line) end
  end)

  it("gets each try", function()
    local text = table.concat(logged("info", { { nil, nil, 503 }, { nil, nil, 200 } }), "\n")

    assert.matches("attempt 1", text)
    assert.matches("attempt 2", text)
  end)

  it("gets one line per message, whatever a service writes", function()
    local forged = "a\r\ninfo > GET https://forged (attempt 1)\27[31m\nb\u{9B}31m"

    local seen = logged("verbose", { { nil, nil, 400, headers = { ["Content-Type"] = "application/json" },
      body = azure.json.encode{ error = { code = "A\nB", message = forged } } } })

    for _, line in ipairs(seen) do assert.is_nil(line:find("[%c\x9B]"), line) end
    assert.matches("failed", seen[#seen])
  end)

  it("may raise: the call goes on", function()
    helper.virtual_time()
    local server = scripted.start{ { nil, nil, 200, body = "{}" } }
    local client = scripted.client(server, { log = function() error("the logger is broken") end })

    assert(client:get(path))
  end)

  it("may close the client", function()
    helper.virtual_time()
    local server = scripted.start{ { nil, nil, 200, body = "{}" } }
    for _ = 1, 20 do
      local client
      client = scripted.client(server, { log_level = "verbose", log = function() client:close() end })

      client:get(path)

      assert.error_matches(function() client:get(path) end, "client is closed")
    end
  end)

  it("may make calls of its own", function()
    helper.virtual_time()
    local server = scripted.start{ { nil, nil, 200, body = "{}" }, { nil, nil, 200, body = "{}" } }
    local other, calls = scripted.client(server), 0
    local client = scripted.client(server, { log = function()
      calls = calls + 1
      if calls == 1 then assert(other:get(path)) end
    end })

    assert(client:get(path))

    assert.equal(2, #server.requests)
  end)
end)
