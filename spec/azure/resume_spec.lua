-- Operations that one process begins and another one ends.
local azure = require "azure"
local child = require "spec.child"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"
local status_url = "/subscriptions/s/providers/Microsoft.X/locations/West%20US/operationStatuses/1?api-version=2&s=a%2F"
local moved_url = status_url .. "&h=moved"
local done = '{"name":"t","properties":{"provisioningState":"Succeeded"}}'
local creating = '{"properties":{"provisioningState":"Creating"}}'
local json = { { "Content-Type", "application/json" } }

local function async(url)
  return { { "Azure-AsyncOperation", "{arm}" .. url } }
end

-- Goes on from the token in a file and prints what came of it.
local resume_script = [[
local azure = require "azure"
local url, path = arg[1], arg[2]
azure.loop():auto_advance(true)
local file = assert(io.open(path))
local token = file:read("a")
file:close()
local client <close> = azure.client{ cloud = { arm = url, authority = url }, credential = azure.identity.static{
  token = "t0ken-of-the-child", expires_on = 4e9 } }
local op, err = client:resume(token)
if not op then
  io.write(err.kind, " ", err.code)
  os.exit(0)
end
local result
result, err = op:wait()
if result == nil then
  io.write(err.kind, " ", err.code, " ", err.message)
elseif result == true then
  io.write("true")
else
  io.write(azure.json.encode(result))
end
]]

local function resume_elsewhere(server_url, token)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(token)
  file:close()
  local result = child.lua(resume_script, { HTTP_PROXY = false, http_proxy = false }, server_url, path)
  os.remove(path)
  assert.equal("", result.err)
  assert.equal(0, result.code)
  return result.out
end

-- Plays the script until `state` of the operation holds, takes the token and
-- ends the client, as a process does that is killed.
local function token_of(server, request, state)
  local client = scripted.client(server)
  local op = client:begin(request)
  azure.loop():auto_advance(true)
  while not state(op, server) do azure.loop():step(1) end
  azure.loop():auto_advance(false)
  local token = assert(op:resume_token())
  client:close()
  return token
end

local function at_once() return true end
local function parked(op) return op:status().next_poll_in ~= nil end
local function polled(op) return op:status().next_poll_in ~= nil and op:status().polls > 0 end
local function ended(op) return op:done() end
local function fetching(_, server) return #server.requests == 3 end

local put = { method = "PUT", path = resource, body = "{}" }
local delete = { method = "DELETE", path = resource }
local post = { method = "POST", path = resource, body = "{}" }

local running = { "GET", status_url, 200, headers = json, body = '{"status":"Running"}' }
local succeeded = { "GET", status_url, 200, headers = json, body = '{"status":"Succeeded"}' }
local failed = { "GET", status_url, 200, headers = json,
  body = '{"status":"Failed","error":{"code":"NoQuota","message":"there is no quota left"}}' }
local read_back = { "GET", resource, 200, headers = json, body = done }
local accepted = { "PUT", resource, 201, headers = async(status_url), body = "{}" }

local cases = {
  { "a GET that nobody answered yet", { method = "GET", path = resource }, at_once, {}, { read_back }, done },
  { "a PUT that was accepted", put, parked, { accepted }, { running, succeeded, read_back }, done },
  { "a PUT that was polled", put, polled, { accepted, running }, { succeeded, read_back }, done },
  { "a PUT whose status URL moved", put, polled,
    { accepted, { "GET", status_url, 200, headers = async(moved_url), body = '{"status":"Running"}' } },
    { { "GET", moved_url, 200, body = '{"status":"Succeeded"}' }, read_back }, done },
  { "a PUT whose result was being fetched", put, fetching,
    { accepted, succeeded, { "GET", resource, 200, body = done, delay = 600 } }, { succeeded, read_back }, done },
  { "a PUT by the resource's provisioningState", put, parked,
    { { "PUT", resource, 201, headers = json, body = creating } },
    { { "GET", resource, 200, headers = json, body = creating }, read_back }, done },
  { "a DELETE by its Location", delete, parked,
    { { "DELETE", resource, 202, headers = { Location = "{arm}" .. status_url } } },
    { { "GET", status_url, 202 }, { "GET", status_url, 200 } }, "true" },
  { "a POST by its Location, with a result", post, polled,
    { { "POST", resource, 202, headers = { Location = "{arm}" .. status_url } }, { "GET", status_url, 202 } },
    { { "GET", status_url, 200, headers = json, body = '{"keys":[1]}' } }, '{"keys":[1]}' },
  { "a PUT that ended", put, ended, { { "PUT", resource, 200, headers = json, body = done } }, { read_back }, done },
  { "a DELETE that ended", delete, ended, { { "DELETE", resource, 204 } }, {}, "true" },
  { "a POST that ended with nothing", post, ended, { { "POST", resource, 204 } }, {}, "true" },
  { "a POST that ended at its Location", post, ended,
    { { "POST", resource, 202, headers = { Location = "{arm}" .. status_url } },
      { "GET", status_url, 200, headers = json, body = '{"keys":[1]}' } },
    { { "GET", status_url, 200, headers = json, body = '{"keys":[1]}' } }, '{"keys":[1]}' },
  { "a PUT that failed", put, ended, { accepted, failed }, { failed }, "operation NoQuota there is no quota left" },
}

describe("a resume token in another process", function()
  for _, case in ipairs(cases) do
    local name, request, state, before, after, want = table.unpack(case)
    it("goes on with " .. name, function()
      local first = scripted.start(before)
      local token = token_of(first, request, state)
      local second = scripted.start(after)
      token = token:gsub(first.url:gsub("%p", "%%%0"), second.url)

      local got = resume_elsewhere(second.url, token)

      second:assert_played()
      assert.equal(want, got)
      assert.is_nil(token:find("t0ken", 1, true))
    end)
  end

  for _, request in ipairs{ put, delete, post, { method = "PATCH", path = resource, body = "{}" } } do
    it("is refused where nobody knows whether it was sent: " .. request.method, function()
      local server = scripted.start{}
      local token = token_of(server, request, at_once)

      assert.equal("refused NotResumable", resume_elsewhere(server.url, token))
      assert.same({}, server:lines())
    end)
  end

  it("is refused where the result of a POST went to somebody else", function()
    local server = scripted.start{ { "POST", resource, 200, headers = json, body = '{"keys":[1]}' } }
    local token = token_of(server, post, ended)

    assert.equal("refused NotResumable", resume_elsewhere(server.url, token))
    server:assert_played()
    assert.is_nil(token:find("keys", 1, true))
  end)

  it("is refused by a client of another cloud, and asks nobody", function()
    local server, other = scripted.start{ accepted }, scripted.start{}
    local token = token_of(server, put, parked)

    assert.equal("refused ForeignResumeToken", resume_elsewhere(other.url, token))
    assert.same({}, other:lines())
    assert.equal(1, #server.requests)
  end)

  it("is refused when somebody changed where it leads to", function()
    local server, other = scripted.start{ accepted }, scripted.start{}
    local token = token_of(server, put, parked):gsub('"poll":"' .. server.url, '"poll":"' .. other.url)

    assert.equal("refused ForeignResumeToken", resume_elsewhere(server.url, token))
    assert.same({}, other:lines())
  end)

  it("is there while the process that made it still waits", function()
    helper.virtual_time()
    local server = scripted.start{ accepted, running, succeeded, read_back }
    local client = scripted.client(server)
    local op = client:begin(put)
    while op:status().polls == 0 do azure.loop():step(1) end
    local token = op:resume_token()

    assert(op:wait())

    assert.matches("operationStatuses", token)
    server:assert_played()
  end)
end)
