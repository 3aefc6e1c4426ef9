local azure = require "azure"
local core = require "azure.core"
local helper = require "spec.helper"
local scene = require "spec.azure.private_link.scene"
local who = require "azure.private_link.who"

local function jwt(claims)
  return ("e30.%s.c2ln"):format(core.base64url(azure.json.encode(claims)))
end

describe("who", function()
  local tokens = {
    { "an application", { appid = "a1", oid = "o1", tid = "t1" }, "appid a1, oid o1, tenant t1" },
    { "a person", { upn = "ann@contoso.com", appid = "a1", oid = "o1" }, "ann@contoso.com, oid o1" },
    { "a guest", { unique_name = "live.com#ann", oid = "o1" }, "live.com#ann, oid o1" },
    { "an application of v2", { azp = "a2" }, "appid a2" },
    { "a managed identity without an application", { oid = "o1" }, "oid o1" },
    { "nobody", { aud = "x" }, nil },
    { "control characters", { upn = "a\27[2Jb" }, "a?[2Jb" },
    { "other types", { upn = { "x" }, oid = 7 }, nil },
  }
  for _, case in ipairs(tokens) do
    it("reads " .. case[1], function()
      assert.equal(case[3], who.read(jwt(case[2])))
    end)
  end

  for _, token in ipairs{ "", "opaque", "a.b", "a.!.c", "e30.e30.", "e30." .. core.base64url("[1]") .. ".x" } do
    it(("reads nothing out of '%s'"):format(token), function()
      assert.is_nil(who.read(token))
    end)
  end

  it("asks the client's credential, out of its cache", function()
    local s = scene.new()
    assert(s.client:get(s.e.ids.signalr))
    s.e:clear_requests()

    assert.matches("^appid " .. s.e.owner.client_id:gsub("%-", "%%-") .. ", oid ", who.of(s.client))
    assert.equal(0, #s.e:requests())
  end)

  it("falls back on the credential's name", function()
    local s = scene.new()
    local opaque = helper.client(s.e, {
      credential = helper.closing(azure.identity.static{ token = "opaque", expires_on = os.time() + 3600 }),
    })
    local anonymous = helper.closing(azure.client{ credential = false, cloud = s.e:cloud() })

    assert.equal("StaticTokenCredential", who.of(opaque))
    assert.equal("no credential", who.of(anonymous))
  end)

  it("keeps no token", function()
    local s = scene.new()
    local token = assert(s.client.credential:token("https://management.azure.com/.default")).token

    assert(s:establish())

    for _, event in ipairs(s.events) do
      assert.is_nil(azure.json.encode(event):find(token, 1, true))
      assert.is_nil(azure.json.encode(event):find(token:match("%.([%w_-]+)%."), 1, true))
    end
  end)
end)
