local azure = require "azure"
local helper = require "spec.helper"
local json = require "azure.json"
local rpc = require "azure.rpc"

local SECRET = "s3cret-never-shown"

local function collector()
  local out = { lines = {}, text = "" }
  function out:write(...)
    self.text = self.text .. table.concat{ ... }
    return self
  end
  function out.flush() return true end
  function out:take()
    local messages = {}
    for line in self.text:gmatch("[^\n]+") do messages[#messages + 1] = assert(json.decode(line)) end
    return messages
  end
  return out
end

-- What a collector, or a text, holds for one request: its answer, its events.
local function find(messages, id)
  local answer, events = nil, {}
  for _, message in ipairs(messages) do
    if message.id == id and message.event then events[#events + 1] = message.event end
    if message.id == id and not message.event then answer = message end
  end
  return answer, events
end

local function configuration(e)
  local principal = e:principal{}
  return {
    cloud = { arm = e.url, authority = e.url, audience = "https://management.azure.com" },
    credential = {
      kind = "client_secret", tenant_id = principal.tenant_id, client_id = principal.client_id,
      client_secret = principal.secret,
    },
    subscription_id = helper.subscription,
  }
end

describe("azure.rpc", function()
  local e, out, server

  local function send(message)
    server:feed(json.encode(message) .. "\n")
  end

  local function ask(method, params, more)
    local request = { id = 1, method = method, params = params }
    for key, value in pairs(more or {}) do request[key] = value end
    out.text = ""
    send(request)
    helper.until_true(function() return (find(out:take(), 1)) end, 1e5) -- of virtual time
    return find(out:take(), 1)
  end

  before_each(function()
    helper.virtual_time()
    e = helper.emulator{ seed = "contoso" }
    out = collector()
    server = rpc.new{ output = out }
    send{ id = 0, method = "configure", params = configuration(e) }
    assert.is_true(find(out:take(), 0).result)
    helper.closing(server.client)
    helper.closing(server.credential)
  end)

  it("answers ping and version", function()
    assert.is_true(ask("ping").result)
    assert.equal(azure._VERSION, ask("version").result.version)
  end)

  it("reads one resource and a list", function()
    assert.equal("contoso-func", ask("get", { id = e.ids.func }).result.name)

    local list = ask("list", { path = e.ids.signalr .. "/sharedPrivateLinkResources" }).result
    assert.is_true(json.is_array(list))
    assert.equal(0, #list)
  end)

  it("writes resources, with progress where it was asked for", function()
    local answer, events = ask("put", {
      id = e.ids.signalr .. "/sharedPrivateLinkResources/func-pe",
      body = { properties = { privateLinkResourceId = e.ids.func, groupId = "sites", requestMessage = "please" } },
    }, { progress = true })

    assert.equal("func-pe", answer.result.name)
    assert.is_true(#events > 0)
    assert.equal("pending", events[1].state)
    azure.sleep(60) -- the parent is busy for a while
    answer, events = ask("patch", { id = e.ids.signalr, body = { tags = { a = "b" } } })
    assert.equal("b", answer.result.tags.a)
    assert.same({}, events)
    azure.sleep(60)
    assert.is_true(ask("delete", { id = e.ids.signalr .. "/sharedPrivateLinkResources/func-pe" }).result)
    assert.is_string(ask("post", { id = e.ids.signalr .. "/listKeys" }).result.primaryKey)
  end)

  it("gives a whole response to request", function()
    local result = ask("request", { path = e.ids.func, method = "GET", body = json.null }).result

    assert.equal(200, result.status)
    assert.equal("contoso-func", result.json.name)
    assert.is_string(result.headers["content-type"])
  end)

  it("does the whole job", function()
    local spec = { signalr = e.ids.signalr, upstream = e.ids.func, name = "func-pe" }
    assert.is_true(ask("private_link.plan", spec).result.ok)

    local answer, events = ask("private_link.establish", spec, { progress = true })
    assert.equal("established", answer.result.state)
    assert.equal("preflight", events[1].step)

    assert.is_table(ask("private_link.status", spec).result)
    assert.is_true(ask("private_link.verify", spec).result.ok)
    assert.is_true(ask("private_link.remove", spec).result.changed)
  end)

  it("writes empty lists of the job as arrays, and false as false", function()
    local spec = { signalr = e.ids.signalr, upstream = e.ids.func, name = "func-pe" }
    local plan = ask("private_link.plan", spec).result
    assert.is_true(json.is_array(plan.findings))

    local _, events = ask("private_link.establish", spec, { progress = true })
    assert.is_true(json.is_array(events[#events].request_ids))
    assert.matches('"calls":%[%]', (ask("private_link.plan", spec) and out.text))

    assert.is_false(ask("private_link.establish", spec).result.changed)
    local status = ask("private_link.status", spec).result
    assert.is_true(json.is_array(status.links[1].connections))
    assert.matches('"warnings":%[%]', (ask("private_link.verify", spec) and out.text))
    assert.is_true(json.is_array(ask("private_link.remove", spec).result.orphans))
    assert.is_true(json.is_array(ask("private_link.status", spec).result.links))
  end)

  it("approves what another team asked for", function()
    local spec = { signalr = e.ids.signalr, upstream = e.ids.func, name = "func-pe", approve = false }
    local handoff = ask("private_link.establish", spec).result.handoff

    assert.equal("InvalidRequest", ask("private_link.approve").error.code)
    assert.equal("InvalidHandoff", ask("private_link.approve", { handoff = "x" }).error.code)
    local answer, events = ask("private_link.approve", { handoff = handoff, timeout = json.null }, { progress = true })

    assert.equal("approved", answer.result.state)
    assert.equal("approve", events[1].step)
  end)

  it("deletes a resource group only when its name confirms it", function()
    local refused = ask("private_link.remove_group", { id = helper.group, confirm = "contosso" }).error
    assert.matches("must be the group's name", refused.message)

    assert.is_true(ask("private_link.remove_group", { id = helper.group, confirm = "contoso" }).result)
  end)

  it("begins an operation and takes it up again, from another server too", function()
    local begun, events = ask("begin", {
      method = "PUT", path = e.ids.signalr .. "/sharedPrivateLinkResources/func-pe",
      body = { properties = { privateLinkResourceId = e.ids.func, groupId = "sites", requestMessage = "please" } },
    }, { progress = true })
    assert.is_false(begun.result.done)
    assert.equal("pending", events[1].state)

    local token = begun.result.resume_token
    assert.equal("func-pe", ask("resume", { token = token }).result.name)
    assert.equal("InvalidResumeToken", ask("resume", { token = "x" }).error.code)
    assert.matches("no 'token'", ask("resume").error.message)
  end)

  it("begins what ends at once", function()
    local begun = ask("begin", { method = "GET", id = e.ids.func }).result

    assert.is_true(begun.done)
    assert.equal("contoso-func", begun.result.name)
    assert.equal(404, ask("begin", { method = "GET", path = e.ids.func .. "-not" }).error.status)
  end)

  it("takes null for what is not given", function()
    assert.is_true(ask("ping", json.null).result)
    assert.is_true(ask("ping", nil, { cancel = json.null, progress = json.null }).result)
  end)

  it("takes a last line that has no end", function()
    out.text = ""
    server:feed('{"id":1,"method":"ping"}')
    server:feed_end()
    server:feed_end()
    helper.until_true(function() return (find(out:take(), 1)) end)

    assert.equal(1, #out:take())
  end)

  it("gives the world's failures and mistakes as errors", function()
    local missing = ask("get", { id = e.ids.func .. "-not" }).error
    assert.equal("service", missing.kind)
    assert.equal(404, missing.status)
    assert.is_nil(missing.body)

    local unknown_option = ask("get", { id = e.ids.func, api_verson = "x" }).error
    assert.equal("InvalidRequest", unknown_option.code)
    assert.matches("did you mean 'api_version'", unknown_option.message)
    assert.not_matches("%.lua:", unknown_option.message)

    assert.equal("UnknownMethod", ask("gett").error.code)
    assert.matches("'get'", ask("gett").error.hint)
    assert.matches("no 'id'", ask("get", {}).error.message)
  end)

  it("tells what is wrong with a line and goes on", function()
    out.text = ""
    server:feed('{"secret": "' .. SECRET .. '"\n[1]\n\n  \n{"method": "ping"}\n{"id": {}, "method": "ping"}\n')
    server:feed('{"id": 5, "params": 1, "method": "ping"}\n{"id": 6}\n')

    local codes = {}
    for i, message in ipairs(out:take()) do codes[i] = message.error.code end
    assert.same({ "InvalidJson", "InvalidJson", "InvalidRequest", "InvalidRequest", "InvalidRequest",
      "InvalidRequest" }, codes)
    assert.is_nil(out.text:find(SECRET, 1, true))
    assert.is_true(ask("ping").result)
  end)

  it("bounds the length of a line and the number of requests", function()
    out.text = ""
    local chunk = ("x"):rep(rpc.MAX_LINE // 4 + 1)
    for _ = 1, 8 do server:feed(chunk) end
    server:feed('still\n{"id":1,"method":"ping"}\n')
    helper.until_true(function() return (find(out:take(), 1)) end)
    assert.equal("LineTooLong", out:take()[1].error.code)
    assert.equal(2, #out:take())

    for i = 1, rpc.MAX_REQUESTS + 1 do send{ id = "n" .. i, method = "ping" } end
    local last = find(out:take(), "n" .. rpc.MAX_REQUESTS + 1)
    assert.equal("TooManyRequests", last.error.code)
    server:stop()
  end)

  it("takes lines in pieces", function()
    out.text = ""
    for byte in ('{"id":1,"method":"ping"}\n'):gmatch(".") do server:feed(byte) end
    helper.until_true(function() return (find(out:take(), 1)) end)

    assert.is_true(find(out:take(), 1).result)
  end)

  it("runs requests side by side and refuses an id that is taken", function()
    out.text = ""
    send{ id = "slow", method = "put", params = {
      id = e.ids.signalr .. "/sharedPrivateLinkResources/func-pe",
      body = { properties = { privateLinkResourceId = e.ids.func, groupId = "sites" } } } }
    send{ id = "slow", method = "ping" }
    send{ id = "quick", method = "get", params = { id = e.ids.func } }
    helper.until_true(function() return (find(out:take(), "quick")) end)

    assert.equal("DuplicateId", find(out:take(), "slow").error.code)
    assert.is_not_nil(find(out:take(), "quick").result)
    assert.equal(1, server.running)
    server:stop()
    helper.until_true(function() return server.running == 0 end)
  end)

  it("cancels a request, begun or not, and ignores what is over", function()
    out.text = ""
    send{ id = 7, method = "private_link.establish", params = {
      signalr = e.ids.signalr, upstream = e.ids.func, name = "func-pe" } }
    send{ id = 8, method = "get", params = { id = e.ids.func } }
    send{ cancel = 8 }
    azure.sleep(1)
    send{ cancel = 7 }
    send{ cancel = 7 }
    send{ cancel = "never was" }
    helper.until_true(function() return (find(out:take(), 7)) end)

    assert.equal("cancelled", find(out:take(), 7).error.kind)
    assert.equal("cancelled", find(out:take(), 8).error.kind)
    assert.equal(2, #out:take())
  end)

  it("keeps secrets out of errors and events", function()
    out.text = ""
    send{ id = 1, method = "configure", params = { credential = {
      kind = "client_secret", tenant_id = "t", client_id = "c", client_secrt = SECRET } } }
    send{ id = 2, method = "configure", params = { credential = { kind = SECRET } } }
    send{ id = 3, method = "configure", params = { credential = SECRET } }

    assert.equal(3, #out:take())
    assert.matches("client_secret", out:take()[1].error.message)
    assert.is_nil(out.text:find(SECRET, 1, true))
  end)

  it("refuses to configure in the middle of requests", function()
    out.text = ""
    send{ id = 1, method = "get", params = { id = e.ids.func } }
    send{ id = 2, method = "configure", params = configuration(e) }

    assert.equal("Busy", find(out:take(), 2).error.code)
    helper.until_true(function() return (find(out:take(), 1)) end)
  end)

  it("says so where an answer has no form in JSON", function()
    server:write{ id = 9, result = 0 / 0 }

    assert.equal("NotJson", find(out:take(), 9).error.code)
  end)

  it("stops when nobody reads its answers", function()
    function out.write() return nil, "gone" end
    send{ id = 1, method = "ping" }
    helper.until_true(function() return server.stopped end)

    assert.is_true(server.stopped)
  end)
end)

local function has(program)
  return os.execute("command -v " .. program .. " >/dev/null 2>&1") == true
end

-- The real thing: a process that reads a named pipe.
describe("lua5.4 -l azure.rpc", function()
  local dir, e

  local function read(name)
    local file = io.open(dir .. "/" .. name)
    if not file then return "" end
    local text = file:read("a")
    file:close()
    return text
  end

  local function start_process()
    os.execute(("cd %s && mkfifo in && { { %s -l azure.rpc < in > out 2> err; echo $? > code; } > log 2>&1 & }"):format(
      dir, os.getenv("LUA") or "lua5.4"))
    return assert(io.open(dir .. "/in", "w"))
  end

  local function messages()
    local list = {}
    for line in read("out"):gmatch("([^\n]+)\n") do list[#list + 1] = assert(json.decode(line)) end
    return list
  end

  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
    os.execute("mkdir " .. dir)
    e = helper.emulator{ seed = "contoso" }
  end)
  after_each(function() os.execute("rm -rf " .. dir) end)

  local function send(input, message)
    input:write(json.encode(message), "\n")
    input:flush()
  end

  it("serves until the input ends, then cancels what is under way", function()
    local input = start_process()
    send(input, { id = 1, method = "configure", params = configuration(e) })
    send(input, { id = 2, method = "get", params = { id = e.ids.func } })
    helper.until_true(function() return (find(messages(), 2)) end)
    send(input, { id = 3, method = "private_link.establish", progress = true, params = {
      signalr = e.ids.signalr, upstream = e.ids.func, name = "func-pe" } })
    helper.until_true(function() return #select(2, find(messages(), 3)) > 0 end)

    input:close()
    helper.until_true(function() return read("code") ~= "" end)

    assert.equal("0\n", read("code"))
    assert.equal("contoso-func", find(messages(), 2).result.name)
    assert.equal("cancelled", find(messages(), 3).error.kind)
    assert.equal("", read("err"))
  end)

  local function example(command)
    local file = assert(io.open(dir .. "/config", "w"))
    file:write(json.encode(configuration(e)))
    file:close()
    os.execute(([[
      here=$PWD; cd %s && export AZURE_RPC_CONFIG="$(cat config)" FUNC_ID=%s HERE=$here
      { %s > out 2> err < /dev/null; echo $? > code; } > log 2>&1 &]]):format(dir, e.ids.func, command))
    helper.until_true(function() return read("code") ~= "" end)
    assert.equal("", read("err"))
    return read("out")
  end

  it("serves the example for LuaJIT", function()
    local lua = has("luajit") and "luajit" or os.getenv("LUA") or "lua5.4"

    local output = example(lua .. [[ $HERE/examples/rpc_luajit.lua get '{"id":"'$FUNC_ID'"}']])

    assert.equal("contoso-func", json.decode(output).name)
  end)

  it("serves the example for Neovim", function()
    if not has("nvim") then return pending("nvim is not installed") end
    local file = assert(io.open(dir .. "/try.lua", "w"))
    file:write([[
      local azure = dofile(os.getenv("HERE") .. "/examples/rpc_neovim.lua")(
        vim.json.decode(os.getenv("AZURE_RPC_CONFIG")))
      local answer
      azure.call("get", { id = os.getenv("FUNC_ID") }, function(result, err) answer = result or err end)
      vim.wait(10000, function() return answer ~= nil end, 5)
      io.stdout:write(vim.json.encode(answer))
      azure.stop()
    ]])
    file:close()

    -- Neovim leaks memory of its own at its end: that is not what is tested.
    local output = example("ASAN_OPTIONS=detect_leaks=0 nvim --headless --clean -c 'luafile try.lua' -c 'qa!'")

    assert.equal("contoso-func", json.decode(output).name)
  end)

  it("says so when it has no input or no output", function()
    for _, closed in ipairs{ "<&-", ">&-" } do
      local command = ("%s -l azure.rpc </dev/null >/dev/null 2>%s/err %s"):format(
        os.getenv("LUA") or "lua5.4", dir, closed)
      local ended, _, code = os.execute(command)

      assert.is_falsy(ended)
      assert.equal(1, code)
      assert.matches("input and output must be open", read("err"))
    end
  end)

  it("lets everything end after finish", function()
    local input = start_process()
    send(input, { id = 1, method = "configure", params = configuration(e) })
    for i = 2, 20 do send(input, { id = i, method = "get", params = { id = e.ids.func } }) end
    send(input, { id = 21, method = "finish" })

    input:close()
    helper.until_true(function() return read("code") ~= "" end)

    assert.equal(21, #messages())
    for i = 2, 20 do assert.equal("contoso-func", find(messages(), i).result.name) end
  end)
end)
