local azure = require "azure"
local helper = require "spec.helper"

local ID = helper.group .. "/providers/Microsoft.SignalRService/signalR/new-signalr"

describe("a SignalR's handle", function()
  local e, client, signalr

  before_each(function()
    helper.virtual_time()
    e = helper.emulator{ seed = "contoso" }
    client = helper.client(e, { credential = helper.closing(e:credential()) })
    signalr = client:signalr(e.ids.signalr)
  end)

  local function last_body(match)
    local requests = e:requests(match)
    return azure.json.decode(requests[#requests].body)
  end

  it("makes no call by itself", function()
    assert.equal(0, #e:requests())
    assert.equal(e.ids.signalr, signalr.id)
  end)

  it("reads the resource", function()
    local resource = assert(signalr:get())

    assert.equal("contoso-signalr", resource.name)
  end)

  it("tells whether it exists", function()
    assert.is_true(signalr:exists())
    assert.is_false(client:signalr(ID):exists())
  end)

  it("does not take a failure for absence", function()
    e:fault{ match = "GET", status = 403 }

    local exists, err = signalr:exists()

    assert.is_nil(exists)
    assert.equal(403, err.status)
  end)

  it("is created, with settings in their form on the wire", function()
    local new = client:signalr(ID)

    local resource = assert(new:create{
      location = "eastus", sku = "Standard_S1", capacity = 2, service_mode = "Serverless", tags = {},
      upstream = { { url_template = "https://example.com/api", hub_pattern = "chat" } },
      network_acls = { defaultAction = "Deny", publicNetwork = { allow = { "ServerConnection" } } },
      public_network_access = "Enabled", cors = { "https://example.com" }, disable_local_auth = false,
    })

    assert.equal("Succeeded", resource.properties.provisioningState)
    local body = last_body("PUT .*new%-signalr")
    assert.same({ name = "Standard_S1", capacity = 2 }, body.sku)
    assert.same({ { flag = "ServiceMode", value = "Serverless" } }, body.properties.features)
    assert.same({ { urlTemplate = "https://example.com/api", hubPattern = "chat" } },
      body.properties.upstream.templates)
    assert.is_false(body.properties.disableLocalAuth)
    assert.same({ "https://example.com" }, body.properties.cors.allowedOrigins)
  end)

  it("is changed", function()
    local resource = assert(signalr:update{ tags = { team = "a" } })

    assert.equal("a", resource.tags.team)
    assert.equal("PATCH", e:requests("PATCH")[1].method)
  end)

  it("can be changed without waiting", function()
    local op <close> = signalr:begin_update{ tags = { team = "a" } }
    assert.is_false(op:done())

    assert.is_table(op:wait())
  end)

  it("is deleted, and deleting what is not there is fine", function()
    assert.is_true(signalr:delete())
    assert.is_false(signalr:exists())
    assert.is_true(signalr:delete())
  end)

  it("gives its keys and makes new ones", function()
    local before = assert(signalr:keys())
    assert(signalr:regenerate_key("Primary"))
    local after = assert(signalr:keys())

    assert.are_not.equal(before.primaryKey, after.primaryKey)
    assert.equal(before.secondaryKey, after.secondaryKey)
  end)

  it("restarts", function()
    assert.is_true(signalr:restart())
  end)

  it("lists SKUs, usages and free names", function()
    assert.is_table(signalr:skus())
    assert.is_table(signalr:usages())
    assert.is_table(signalr:usages("East US"))
    assert.is_false(assert(signalr:check_name("eastus")).nameAvailable)
    assert.is_true(assert(client:signalr(ID):check_name("East US")).nameAvailable)
  end)

  it("has network ACLs and upstream templates with setters", function()
    assert(signalr:set_network_acls{ defaultAction = "Deny", publicNetwork = { allow = { "Trace" } } })
    assert(signalr:set_upstream{ { url_template = "https://example.com/{hub}" } })

    assert.equal("Deny", assert(signalr:network_acls()).defaultAction)
    assert.equal("https://example.com/{hub}", assert(signalr:upstream())[1].urlTemplate)
  end)

  it("can take all upstream templates away", function()
    assert(signalr:set_upstream{})

    assert.same({}, assert(signalr:upstream()))
    assert.matches('"templates":[]', e:requests("PATCH")[1].body, 1, true)
  end)

  it("has private link resources and private endpoint connections", function()
    local names = {}
    for item in signalr.private_link_resources:list() do names[#names + 1] = item.name end
    for _, err in signalr.private_endpoint_connections:list() do error(err) end

    assert.same({ "signalr" }, names)
    assert.equal(e.ids.signalr, signalr.private_endpoint_connections.id)
  end)

  local wrong = {
    { "a missing location", { sku = "Standard_S1" }, "'location' is missing" },
    { "a missing SKU", { location = "x" }, "'sku' is missing" },
    { "an unknown SKU", { location = "x", sku = "Standard_S2" }, "'sku' must be one of .*did you mean 'Standard_S1'" },
    { "an impossible capacity", { location = "x", sku = "Standard_S1", capacity = 11 }, "'capacity' of Standard_S1" },
    { "two units of Free", { location = "x", sku = "Free_F1", capacity = 2 }, "'capacity' of Free_F1" },
    { "half a unit", { location = "x", sku = "Standard_S1", capacity = 1.5 }, "'capacity'" },
    { "few units of P2", { location = "x", sku = "Premium_P2", capacity = 10 }, "'capacity' of Premium_P2" },
    { "an unknown mode", { location = "x", sku = "Standard_S1", service_mode = "serverless" }, "'service_mode'" },
    { "an unknown setting", { location = "x", sku = "Standard_S1", network_acl = {} }, "did you mean 'network_acls'" },
    { "a template without URL", { location = "x", sku = "Standard_S1", upstream = { {} } }, "'upstream%[1%]' needs" },
    { "a template with an unknown field", { location = "x", sku = "Standard_S1",
      upstream = { { url_templat = "https://x" } } }, "unknown field 'url_templat', did you mean" },
    { "an ACL with an unknown request", { location = "x", sku = "Standard_S1",
      network_acls = { publicNetwork = { allow = { "Trac" } } } }, "did you mean 'Trace'" },
    { "a switch in lower case", { location = "x", sku = "Standard_S1", public_network_access = "enabled" },
      "did you mean 'Enabled'" },
  }
  for _, case in ipairs(wrong) do
    it("raises for " .. case[1] .. ", before any call", function()
      assert.error_matches(function() client:signalr(ID):create(case[2]) end, case[3])
      assert.equal(0, #e:requests())
    end)
  end

  it("raises for wrong keys, ids and options", function()
    assert.error_matches(function() signalr:regenerate_key("primary") end, "did you mean 'Primary'")
    assert.error_matches(function() client:signalr("contoso-signalr") end, "'id'")
    assert.error_matches(function() client:signalr(e.ids.func) end, "must be of Microsoft.SignalRService/signalR")
    assert.error_matches(function() client:signalr(nil) end, "'id'")
    assert.error_matches(function() signalr:get{ timout = 1 } end, "did you mean 'timeout'")
    assert.error_matches(function() signalr:create() end, "'settings' must be a table")
  end)
end)

describe("shared private links", function()
  local e, client, links

  before_each(function()
    helper.virtual_time()
    e = helper.emulator{ seed = "contoso" }
    client = helper.client(e, { credential = helper.closing(e:credential()) })
    links = client:signalr(e.ids.signalr).shared_private_links
  end)

  it("are created, read, listed and deleted", function()
    local link = assert(links:create("func-pe",
      { target = e.ids.func, group = "sites", request_message = "please approve" }))
    local names = {}
    for item in links:list() do names[#names + 1] = item.name end

    assert.equal("Pending", link.properties.status)
    assert.equal("please approve", assert(links:get("func-pe")).properties.requestMessage)
    assert.same({ "func-pe" }, names)
    assert.is_true(links:delete("func-pe"))
    assert.equal(404, select(2, links:get("func-pe")).status)
    assert.is_true(links:delete("func-pe"))
  end)

  it("can be created without waiting", function()
    local op <close> = links:begin_create("func-pe", { target = e.ids.func, group = "sites" })

    assert.is_false(op:done())
    assert.equal("Succeeded", assert(op:wait()).properties.provisioningState)
  end)

  it("take the handle of a resource as target", function()
    local target = client:private_endpoint_connections(e.ids.func)

    assert.is_table(links:create("func-pe", { target = target, group = "sites" }))
  end)

  local wrong = {
    { "no options", nil, "'options' must be table" },
    { "no target", { group = "sites" }, "'target'" },
    { "a malformed target", { target = "func", group = "sites" }, "'target'" },
    { "no group", { target = helper.func_id }, "'group' must be" },
    { "an oversized message", { target = helper.func_id, group = "sites", request_message = ("x"):rep(141) },
      "at most 140" },
    { "an unknown option", { target = helper.func_id, group_id = "sites" }, "did you mean 'group'" },
  }
  for _, case in ipairs(wrong) do
    it("raise for " .. case[1], function()
      assert.error_matches(function() links:create("func-pe", case[2]) end, case[3])
      assert.equal(0, #e:requests())
    end)
  end

  it("raise for names that would leave the path", function()
    assert.error_matches(function() links:get("a/../b") end, "'name'")
    assert.error_matches(function() links:get(7) end, "'name' must be string")
  end)

  it("raise on the caller's line", function()
    local _, message = pcall(function() links:create("func-pe", { target = "func", group = "sites" }) end)

    assert.matches("signalr_spec%.lua", message)
  end)
end)

describe("what belongs to a SignalR", function()
  local e, client, signalr

  before_each(function()
    helper.virtual_time()
    e = helper.emulator{ seed = "contoso" }
    client = helper.client(e, { credential = helper.closing(e:credential()) })
    signalr = client:signalr(e.ids.signalr)
    e:resource(e.ids.signalr).sku = { name = "Premium_P1", tier = "Premium", capacity = 1 }
  end)

  it("has replicas with links of their own", function()
    assert(signalr.replicas:create("eu-replica", { location = "westeurope", sku = "Premium_P1", capacity = 1 }))
    local names = {}
    for item in signalr.replicas:list() do names[#names + 1] = item.name end
    for _, err in signalr:replica("eu-replica").shared_private_links:list() do error(err) end

    assert.same({ "eu-replica" }, names)
    assert.is_true(signalr.replicas:delete("eu-replica"))
  end)

  it("has custom certificates and domains", function()
    local certificate = assert(signalr.custom_certificates:create("cert",
      { key_vault_uri = "https://contoso.vault.azure.net", secret_name = "tls" }))
    assert(signalr.custom_domains:create("domain",
      { domain_name = "signalr.contoso.com", certificate = certificate.id }))

    assert.equal("signalr.contoso.com", assert(signalr.custom_domains:get("domain")).properties.domainName)
    assert.is_true(signalr.custom_domains:delete("domain"))
    assert.is_true(signalr.custom_certificates:delete("cert"))
  end)

  it("raises for wrong values before any call", function()
    assert.error_matches(function() signalr.custom_certificates:create("c",
      { key_vault_uri = "http://x", secret_name = "s" }) end, "https")
    assert.error_matches(function() signalr.custom_domains:create("d", { domain_name = "x" }) end, "'certificate'")
    assert.error_matches(function() signalr.replicas:create("r", { location = "x", sku = "P1" }) end, "'sku'")
    assert.equal(0, #e:requests())
  end)
end)

describe("a SignalR's deadlines", function()
  local client, links, signalr
  before_each(function()
    helper.virtual_time()
    local e = helper.emulator{ seed = "contoso" }
    client = helper.client(e)
    signalr = client:signalr(helper.signalr_id)
    links = signalr.shared_private_links
    assert(links:begin_create("first", { target = helper.func_id, group = "sites" })):wait{ timeout = 1 }
  end)

  local link = { target = helper.func_id, group = "sites", timeout = 60 }
  local writes = {
    { "a link", function() return links:create("second", link) end },
    { "an update", function() return signalr:update({ tags = { a = "b" } }, { timeout = 60 }) end },
    { "a restart", function() return signalr:restart{ timeout = 60 } end },
    { "a deletion", function() return links:delete("first", { timeout = 60 }) end },
  }
  for _, case in ipairs(writes) do
    it(case[1] .. " is over by then, also while SignalR is busy", function()
      local started = helper.loop():now()

      case[2]()

      assert.is_true(helper.loop():now() - started <= 61)
    end)
  end

  it("that begin_ was given end the operation", function()
    helper.loop():advance(200)
    local started = helper.loop():now()

    local op <close> = links:begin_create("second", { target = helper.func_id, group = "sites", timeout = 5 })
    local result, err = op:wait()

    assert.is_nil(result)
    assert.equal("timeout", err.kind)
    assert.is_true(helper.loop():now() - started <= 6)
  end)
end)
