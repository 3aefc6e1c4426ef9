-- Answers that say they are JSON and are none: the error tells all there is to
-- tell, whichever call got them.
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local thing = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1&sig=s3cret"
local poll = "/subscriptions/s/providers/Microsoft.X/operations/1?api-version=9"
local json = { { "Content-Type", "application/json" }, { "x-ms-request-id", "r1" } }

local function broken(method, path)
  return { method, path or thing, 200, headers = json, body = '{"a":' }
end

local accepted = { "PUT", thing, 201, headers = { { "Azure-AsyncOperation", "{arm}" .. poll } } }
local succeeded = { "GET", poll, 200, body = '{"status":"Succeeded"}' }

local calls = {
  ["get"] = { { broken("GET") }, "GET", function(client) return client:get(thing) end },
  ["get with options"] = { { broken("GET") }, "GET", function(client) return client:get(thing, { timeout = 5 }) end },
  ["request"] = { { broken("POST") }, "POST", function(client)
    return client:request{ method = "post", path = thing }
  end },
  ["send"] = { { broken("GET") }, "GET", function(client) return client:send{ path = thing }:wait() end },
  ["list"] = { { broken("GET") }, "GET", function(client)
    local item, err = client:list(thing)()
    return item or nil, err
  end },
  ["put"] = { { accepted, succeeded, broken("GET") }, "PUT", function(client) return client:put(thing, {}) end },
  ["begin"] = { { accepted, succeeded, broken("GET") }, "PUT", function(client)
    return client:begin{ method = "put", path = thing, body = {} }:wait()
  end },
  ["post"] = { { broken("POST") }, "POST", function(client) return client:post(thing) end },
  ["resume"] = { { accepted, succeeded, broken("GET") }, "PUT", function(client, server)
    local op = client:begin{ method = "PUT", path = thing, body = {} }
    while #server.requests == 0 or not op:status().next_poll_in do helper.loop():step(1) end
    local token = op:resume_token()
    op:cancel()
    return client:resume(token):wait()
  end },
}

describe("an answer that is not the JSON that it says it is", function()
  before_each(helper.virtual_time)

  for name, case in pairs(calls) do
    it("is an error that names the call: " .. name, function()
      local server = scripted.start(case[1])

      local value, err = case[3](scripted.client(server), server)

      server:assert_played()
      assert.is_nil(value)
      assert.equal("InvalidJson", err.code)
      assert.equal(200, err.status)
      assert.equal("r1", err.request_id)
      assert.equal(case[2], err.method)
      assert.equal(server.url .. thing:gsub("s3cret", "REDACTED"), err.url)
      assert.matches("^%x+%-%x+%-", err.client_request_id)
      assert.equal(1, err.attempts)
    end)
  end
end)

describe("an answer's document", function()
  before_each(helper.virtual_time)

  local function answers(method, body)
    return scripted.client(scripted.start{ { method, thing, body == "" and 204 or 200, headers = json, body = body } })
  end

  for _, case in ipairs{
    { "false", false }, { "0", 0 }, { '"x"', "x" }, { "", true }, { "[1,[]]", { 1, {} } }, { '{"a":{"b":"c"}}', { a = { b = "c" } } },
    { "\xef\xbb\xbf{}", {} },
  } do
    it(("is its value, whichever call gets it: %q"):format(case[1]), function()
      assert.same(case[2], (answers("GET", case[1]):get(thing)))
      assert.same(case[2], (answers("PUT", case[1]):put(thing, {})))
      assert.same(case[2], (answers("PUT", case[1]):begin{ method = "PUT", path = thing, body = {} }:wait()))
    end)
  end

  it("is azure.json's null where it is null", function()
    local null = require("azure.json").null

    assert.equal(null, (answers("GET", "null"):get(thing)))
    assert.equal(null, (answers("PUT", "null"):put(thing, {})))
  end)

  it("has azure.json's mark on its arrays", function()
    assert.is_true(require("azure.json").is_array(answers("GET", '{"a":[]}'):get(thing).a))
  end)

  it("is there again for who waits twice", function()
    local op = answers("PUT", '{"a":1}'):begin{ method = "PUT", path = thing, body = {} }

    assert.same({ a = 1 }, (op:wait()))
    assert.same({ a = 1 }, (op:wait()))
  end)

  it("is whole though finalizers close everything while it is read", function()
    local body = '{"a":[' .. ('{"b":"0123456789012345678901234567890123456789012345"},'):rep(5000) .. "1]}"
    local client = answers("PUT", body)
    local op, closed = client:begin{ method = "PUT", path = thing, body = {} }, 0
    while not op:done() do helper.loop():step(1) end
    local function litter()
      setmetatable({}, { __gc = function()
        op:close()
        client:close()
        closed = closed + 1
        if closed < 1000 then litter() end
      end })
    end
    litter()

    local document = op:wait()

    assert.is_true(closed > 0)
    assert.equal(5001, #document.a)
    assert.equal("0123456789012345678901234567890123456789012345", document.a[5000].b)
  end)

  it("is read in a task however deep it is, and refused beyond that", function()
    local azure = require "azure"
    local function nested(depth) return ("[" .. ("1,"):rep(15)):rep(depth) .. "1" .. ("]"):rep(depth) end

    assert.equal(16, #azure.run(function() return assert(answers("GET", nested(1000)):get(thing)) end))
    local value, err = answers("GET", nested(1001)):get(thing)

    assert.is_nil(value)
    assert.matches("nested too deeply", err.message)
  end)

  it("that breaks off at any byte is an error, and no crash", function()
    local whole = '{"a":["\\u0041\xc3\xa9",-1.5e3,{"b":null}],"a":true}'
    for len = 1, #whole - 1 do
      local value, err = answers("GET", whole:sub(1, len)):get(thing)
      assert.is_nil(value)
      assert.equal("InvalidJson", err.code)
    end
  end)
end)
