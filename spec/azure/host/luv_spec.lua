local ok, uv = pcall(require, "luv")
local azure = require "azure"
local behaves = require "spec.azure.host.behaviour"
local luv = require "azure.host.luv"

-- luv's loop has descriptors of its own from the first handle on, and the
-- adapter keeps one.
if ok then
  luv.attach():detach()
  uv.run("nowait")
end

local h = { name = "luv", module = luv, attach = luv.attach }

function h.go(fn)
  coroutine.wrap(fn)()
end

function h.run(done)
  repeat uv.run("nowait") until done()
end

function h.every(seconds, fn)
  local timer = uv.new_timer()
  timer:start(math.ceil(seconds * 1000), math.ceil(seconds * 1000), fn)
  return function()
    timer:close()
    uv.run("nowait")
  end
end

local function lua(script)
  local program = ("%s -e '%s' 2>&1"):format(os.getenv("LUA") or "lua5.4", script)
  local pipe = assert(io.popen(program))
  local text = pipe:read("a")
  local _, how, code = pipe:close()
  return text, how, code
end

describe("azure.host.luv", function()
  if not ok then
    pending("luv is not installed")
    return
  end

  behaves(h)

  it("says why a wait in a callback is impossible", function()
    local _ <close> = luv.attach()
    local seen = {}
    local timer = uv.new_timer()
    timer:start(1, 0, function()
      seen[1] = select(2, pcall(azure.sleep, 0.001))
      timer:close()
    end)

    h.run(function() return seen[1] end)
    uv.run("nowait")

    assert.matches("a callback of the host", seen[1])
  end)

  it("keeps uv.run from returning as long as something is under way", function()
    local _ <close> = luv.attach()
    local seen = {}
    h.go(function() seen[1] = azure.sleep(0.01) end)

    uv.run()

    assert.same({ true }, seen)
  end)

  it("ends the wait of a coroutine that a stranger resumes, with an error there", function()
    local _ <close> = luv.attach()
    local seen = {}
    local co = coroutine.create(function() seen[1] = azure.sleep(0.005) end)
    coroutine.resume(co)

    local fine, err = coroutine.resume(co)
    azure.sleep(0.01)

    assert.is_false(fine)
    assert.matches("not resumed by the host's loop", err)
    assert.equal("dead", coroutine.status(co))
    assert.same({}, seen)
  end)

  it("ends well when the host exits with everything in flight", function()
    local text, how, code = lua([[
      local azure, uv = require "azure", require "luv"
      require("azure.host.luv").attach()
      local core = require "azure.core"
      local http = core.http{}
      coroutine.wrap(function() http:send{ url = "http://127.0.0.1:9/" }:wait() azure.sleep(100) end)()
      azure.spawn(function() azure.sleep(100) end)
      local timer = uv.new_timer()
      timer:start(5, 0, function() uv.stop() end)
      uv.run()
      print("out")
    ]])

    assert.same({ "out\n", "exit", 0 }, { text, how, code })
  end)

  it("lets an error in a woken coroutine be luv's uncaught error", function()
    local text, _, code = lua([[
      local azure, uv = require "azure", require "luv"
      require("azure.host.luv").attach()
      coroutine.wrap(function() azure.sleep(0.001) error("nobody catches this") end)()
      uv.run()
    ]])

    assert.matches("Uncaught Error.*nobody catches this.*stack traceback", text)
    assert.not_equal(0, code)
  end)
end)
