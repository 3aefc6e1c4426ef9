-- The emulator and the upstream as programs of their own.
local core = require "azure.core"
local json = require "azure.json"
local upstream = require "azure.emulator.upstream"
local helper = require "spec.helper"
local support = require "spec.azure.emulator.support"

local lua = os.getenv("LUA") or "lua5.4"

local function read_file(path)
  local file = io.open(path)
  if not file then return "" end
  local text = file:read("a")
  file:close()
  return text
end

-- Starts a program whose standard input we hold open, and waits for a line of
-- its output to fit `pattern`.
local function start(command, pattern)
  local program = { output = os.tmpname() }
  program.input = assert(io.popen(("%s >%s 2>&1"):format(command:gsub("^LUA", lua), program.output), "w"))
  helper.until_true(function()
    program.said = read_file(program.output)
    return program.said:find(pattern) ~= nil
  end)
  function program.stop()
    local ok, how, code = program.input:close()
    os.remove(program.output)
    return ok and how == "exit" and code
  end
  return program
end

describe("the programs", function()
  it("serves the emulator alone until its standard input is closed", function()
    local program = start("LUA examples/emulator.lua --seed contoso --timings 0.001", "client%-secret %S+\n")
    local url = program.said:match("listening on (http://127%.0%.0%.1:%d+)\n")
    local tenant, id, secret = program.said:match("tenant (%S+) client%-id (%S+) client%-secret (%S+)")
    local credential = require("azure.identity").client_secret{
      tenant_id = tenant, client_id = id, client_secret = secret, authority = url,
    }
    local client = helper.closing(require("azure").client{
      cloud = { arm = url, authority = url, audience = "https://management.azure.com" }, credential = credential,
      poll_interval = 0.05,
    })

    local link, err = client:put(support.link, support.link_body())

    local code = program.stop()
    assert.equal("Succeeded", link and link.properties.provisioningState, tostring(err))
    assert.equal(0, code)
  end)

  it("serves over TLS with a certificate to copy", function()
    local ca_file = os.tmpname()
    local program = start("LUA examples/emulator.lua --tls --ca-out " .. ca_file, "ca%-file %S+\n")
    local url = program.said:match("listening on (https://127%.0%.0%.1:%d+)\n")
    helper.until_true(function() return read_file(ca_file):find("END CERTIFICATE", 1, true) ~= nil end)

    local answer = assert(helper.closing(core.http{ ca_file = ca_file }):send{ method = "GET", url = url }:wait())

    program.stop()
    os.remove(ca_file)
    assert.equal(404, answer.status)
  end)

  it("says what is wrong with its arguments", function()
    local pipe = assert(io.popen(lua .. " examples/emulator.lua --prot 1 2>&1"))
    local said = pipe:read("a")
    local _, _, code = pipe:close()

    assert.truthy(said:find("unknown argument '--prot'", 1, true))
    assert.equal(2, code)
  end)

  it("serves the upstream alone, which checks signatures and tells what it saw", function()
    local program = start("SIGNALR_KEYS=one,two " .. lua .. " examples/upstream.lua", "listening on %S+\n")
    local url = program.said:match("listening on (%S+)")
    local http = helper.closing(core.http({}))
    local headers = {
      ["X-Forwarded-For"] = "10.0.0.5:50000", ["X-ASRS-Connection-Id"] = "c", ["X-ASRS-Hub"] = "chat",
      ["X-ASRS-Signature"] = upstream.sign({ "two" }, "c"),
    }

    local call = assert(http:send{ method = "POST", url = url, headers = headers, body = "{}" }:wait())
    local answer = assert(http:send{ method = "GET", url = url }:wait())

    program.stop()
    local seen = json.decode(answer.body).seen[1]
    assert.equal(200, call.status)
    assert.same({ "10.0.0.5", true, "chat", "valid" }, { seen.ip, seen.private, seen.hub, seen.signature })
  end)
end)
