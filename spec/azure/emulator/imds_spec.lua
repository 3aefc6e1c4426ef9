local child = require "spec.child"
local daemon = require "spec.daemon"
local support = require "spec.azure.emulator.support"

local IMDS = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F"
local ARC = IMDS:gsub("2018%-02%-01", "2020-06-01")

local function get(e, path, headers)
  return support.send(e, "GET", path, headers or { Metadata = "true" })
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

local function works(e, answer)
  return support.ask(e, "GET", support.signalr, nil, { token = answer.json.access_token }).status
end

describe("azure.emulator.imds", function()
  it("gives machines a token with its times as strings", function()
    local e = support.start()

    local answer = get(e, IMDS)

    assert.equal(200, works(e, answer))
    assert.equal("string", type(answer.json.expires_on))
    assert.equal("3599", answer.json.expires_in)
  end)

  it("wants the Metadata header and no proxy in between", function()
    local e = support.start()

    assert.equal(400, get(e, IMDS, {}).status)
    assert.equal(400, get(e, IMDS, { Metadata = "true", ["X-Forwarded-For"] = "1.2.3.4" }).status)
  end)

  it("finds user-assigned identities by each of their ids", function()
    local e = support.start()
    local principal = e:principal()
    table.insert(e.identity.identities, {
      client_id = principal.client_id, object_id = principal.object_id, tenant_id = principal.tenant_id,
      resource_id = "/subscriptions/s/id",
    })

    for _, selector in ipairs({ "client_id=" .. principal.client_id, "object_id=" .. principal.object_id,
      "msi_res_id=/subscriptions/S/ID" }) do
      local answer = get(e, IMDS .. "&" .. selector)
      assert.equal(principal.client_id, answer.json.client_id)
    end
    assert.equal("Identity not found", get(e, IMDS .. "&client_id=nobody").json.error_description)
  end)

  it("has no identity where none is assigned", function()
    local e = support.start()
    e.identity.has_system = false

    assert.equal(400, get(e, IMDS).status)
  end)

  it("is gone for seventy seconds", function()
    local e = support.start()
    e.identity.gone_until = e.state:now() + 70

    local during = get(e, IMDS)
    e:advance(71)

    assert.equal(410, during.status)
    assert.equal(200, get(e, IMDS).status)
  end)

  for mode, status in pairs({ not_found = 404, throttled = 429, unreachable = 403 }) do
    it(("answers %d in mode %s"):format(status, mode), function()
      local e = support.start()
      e.identity.mode = mode

      assert.equal(status, get(e, IMDS).status)
    end)
  end

  it("asks App Service's clients for the secret", function()
    local e = support.start()
    local environment = e:environment("app_service")
    local path = "/msi/token?api-version=2019-08-01&resource=https://management.azure.com"

    local answer = get(e, path, { ["X-IDENTITY-HEADER"] = environment.IDENTITY_HEADER })

    assert.equal(200, works(e, answer))
    assert.equal(401, get(e, path, {}).status)
  end)

  describe("as Arc's agent", function()
    -- An emulator whose keys go to a folder of the test's own.
    local function start()
      local e, d = support.start(), daemon.new()
      e.identity.arc_directory = d.folder
      return e, d.folder
    end

    local function challenged(e)
      local answer = get(e, ARC)
      assert.equal(401, answer.status)
      return answer.header("WWW-Authenticate"):match("^Basic realm=(.+)$")
    end

    local function answered(e, key)
      return get(e, ARC, { Metadata = "true", Authorization = "Basic " .. key })
    end

    local function keys_in(folder)
      local pipe = assert(io.popen("ls -l " .. folder .. " | grep '[.]key$'"))
      local list = {}
      for line in pipe:lines() do list[#list + 1] = line end
      pipe:close()
      return list
    end

    it("wants the key from a file that its challenge names", function()
      local e = start()
      local path = challenged(e)
      local key = read(path)

      local answer, replayed = answered(e, key), answered(e, key)

      assert.matches("%.key$", path)
      assert.equal(200, works(e, answer))
      assert.equal(401, replayed.status)
    end)

    it("lets nobody but its owner read the key, whatever the umask", function()
      local d = daemon.new()

      local script = d:file("arc.lua", [[
        local e = require("azure.emulator").start{ listen = false }
        e.identity.arc_directory = arg[1]
        e:handle{ method = "GET", path = arg[2], headers = { Metadata = "true" } }
        os.execute("ls -l " .. arg[1])
        e:stop()
      ]])

      local result = child.shell(("umask 000; %s %s %s '%s'"):format(os.getenv("LUA") or "lua5.4", script, d.folder, ARC))

      assert.equal("", result.err)
      assert.matches("\n%-rw%-%-%-%-%-%-%-%.? [^\n]*%.key\n", result.out)
    end)

    it("takes the file away when it was answered", function()
      local e, folder = start()
      local key = read(challenged(e))

      answered(e, key)

      assert.same({}, keys_in(folder))
    end)

    it("has one file at a time, however often it is asked in vain", function()
      local e, folder = start()

      for _ = 1, 20 do challenged(e) end

      assert.equal(1, #keys_in(folder))
    end)

    it("leaves no file when it stops", function()
      local e, folder = start()
      challenged(e)

      e:stop()

      assert.same({}, keys_in(folder))
    end)

    it("writes nothing, in the real agent's folder least of all, unless the test chose a folder", function()
      local e = support.start()
      local writing = spy.on(require("azure.emulator.server"), "write_secret")

      local path = challenged(e)

      writing:revert()
      assert.spy(writing).called(0)
      assert.is_nil(io.open(path))
    end)

    it("says why it cannot write", function()
      local e, folder = start()
      e.identity.arc_directory = folder .. "/absent"

      local answer = get(e, ARC)

      assert.equal(500, answer.status)
      assert.matches("cannot write .*: No such file", answer.json.error_description)
    end)

    it("does not write through a link or over a file", function()
      local _, folder = start()
      local write = require("azure.emulator.server").write_secret
      assert(os.execute(("cd %s && ln -s target link.key && echo old >there.key"):format(folder)))

      local through, why = write(folder .. "/link.key", "secret")
      local over = write(folder .. "/there.key", "secret")

      assert.is_nil(through)
      assert.equal("File exists", why)
      assert.is_nil(over)
      assert.equal("old\n", read(folder .. "/there.key"))
      assert.is_nil(io.open(folder .. "/target"))
    end)
  end)

  it("serves Cloud Shell by POST", function()
    local e = support.start()

    local answer = support.send(e, "POST", "/cloudshell/token", { Metadata = "true" },
      "resource=https%3A%2F%2Fmanagement.azure.com%2F")

    assert.equal(200, works(e, answer))
  end)

  it("serves Azure ML and Service Fabric by their secret", function()
    local e = support.start()
    local secret = { secret = e:environment("azure_ml").MSI_SECRET }

    assert.equal(200, works(e, get(e, "/ml/token?resource=https://management.azure.com", secret)))
    assert.equal(200, works(e, get(e, "/fabric/token?resource=https://management.azure.com", secret)))
  end)

  it("raises for an environment that it does not know", function()
    local e = support.start()

    assert.has_error(function() e:environment("toaster") end, "emulator:environment: unknown kind 'toaster'")
  end)
end)
