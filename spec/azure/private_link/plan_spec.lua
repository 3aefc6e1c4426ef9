local azure = require "azure"
local helper = require "spec.helper"
local scene = require "spec.azure.private_link.scene"

local BASE = helper.group .. "/providers/"

local function codes(plan, severity)
  local list = {}
  for _, finding in ipairs(plan.findings) do
    if finding.severity == severity then list[#list + 1] = finding.code end
  end
  table.sort(list)
  return table.concat(list, " ")
end

describe("plan", function()
  local s

  local function plan(fields, client)
    return assert(azure.private_link.plan(client or s.client, s:spec(fields)))
  end

  before_each(function()
    s = scene.new()
  end)

  it("finds nothing against the article's resources, and names every call", function()
    local result = plan()

    assert.is_true(result.ok)
    assert.equal("", codes(result, "error"))
    assert.equal("", codes(result, "warning"))
    local writes = {}
    for _, call in ipairs(result.calls) do
      if call.method ~= "GET" then writes[#writes + 1] = call.method .. " " .. call.path end
    end
    assert.same({ "PUT " .. s.e.ids.signalr .. "/sharedPrivateLinkResources/func-pe",
      "PUT " .. s.e.ids.func .. "/privateEndpointConnections/<connection>" }, writes)
    assert.matches("nothing speaks against it", tostring(result))
  end)

  it("prints whole paths and bodies", function()
    local text = tostring(plan())

    assert.matches("PUT  " .. s.e.ids.signalr .. "/sharedPrivateLinkResources/func-pe", text, 1, true)
    assert.matches('"requestMessage":"please approve [ref:AZL-<random>]"', text, 1, true)
    assert.matches('"status":"Approved"', text, 1, true)
  end)

  -- What a run really calls, each thing once; random parts as the plan has them.
  local function real_calls(fields)
    s.e:clear_requests()
    assert(s:establish(fields))
    local seen = {}
    for _, request in ipairs(s.e:requests("/subscriptions/")) do
      local path = request.path:gsub("(/privateEndpointConnections/).*$", "%1<connection>")
      local body = request.method == "PUT" and request.body:gsub("AZL%-%x+", "AZL-<random>") or ""
      if not path:find("/operation", 1, true) then seen[(request.method .. " " .. path .. " " .. body):lower()] = true end
    end
    return seen
  end

  local function planned_calls(fields)
    local seen = {}
    for _, call in ipairs(plan(fields).calls) do
      local body = call.body and azure.json.encode(call.body):gsub("AZL%-%x+", "AZL-<random>") or ""
      seen[(call.method .. " " .. call.path .. " " .. body):lower()] = true
    end
    return seen
  end

  local exact = {
    { "from nothing", {} },
    { "of a link that waits", {}, function() assert(s:establish{ approve = false }) end },
    { "of a link that failed", {}, function()
      assert(s:establish{ approve = false })
      s:link().provisioning_state = "Failed"
    end },
    { "of another tool's link that timed out", {}, function()
      assert(s.client:signalr(s.e.ids.signalr).shared_private_links:create("func-pe",
        { target = s.e.ids.func, group = "sites", request_message = ("x"):rep(140) }))
      s.e:remove(s:connections()[1].id)
      s:link().status = "Timeout"
    end },
    { "with a replica", {}, function() s:add_replica() end },
    { "of a new replica", {}, function()
      assert(s:establish())
      s:add_replica()
    end },
    { "without replicas", { replicas = false } },
    { "of a Key Vault", { upstream = BASE .. "Microsoft.KeyVault/vaults/kv" },
      function() s.e:seed{ id = BASE .. "Microsoft.KeyVault/vaults/kv" } end },
  }
  for _, case in ipairs(exact) do
    it("names exactly the calls that are made: " .. case[1], function()
      if case[3] then case[3]() end

      local planned = planned_calls(case[2])

      assert.same(real_calls(case[2]), planned)
    end)
  end

  local states = {
    { "rejected", "Rejected", "LinkRejected", false }, { "disconnected", "Disconnected", "LinkDisconnected", false },
    { "timed out", "Timeout", "LinkTimedOut", true },
  }
  for _, case in ipairs(states) do
    it("says what comes of a link that is " .. case[1], function()
      assert(s:establish{ approve = false })
      s:link().status = case[2]

      local result = plan()

      assert.equal(case[4], result.ok)
      assert.equal(case[3], codes(result, case[4] and "warning" or "error"))
    end)
  end

  it("warns of a link without a reference, unless something else tells its connection", function()
    assert(s.client:signalr(s.e.ids.signalr).shared_private_links:create("func-pe",
      { target = s.e.ids.func, group = "sites", request_message = "tf" }))

    assert.equal("LinkWithoutReference", codes(plan(), "warning"))
    assert.equal("", codes(plan{ match = "name" }, "warning"))
  end)

  it("says what comes of a replica's link", function()
    s:add_replica()
    assert(s:establish{ approve = false })
    s:replica_link().status = "Rejected"

    local result = plan()

    assert.is_false(result.ok)
    assert.matches("of replica 'eu%-replica' was rejected", tostring(result))
  end)

  it("finds that replicas cannot be read", function()
    s.e:fault{ match = "GET .*/replicas%?", status = 403, times = 9 }

    assert.equal("ReplicasNotReadable", codes(plan(), "error"))
    assert.equal("", codes(plan{ replicas = false }, "error"))
  end)

  it("makes no write", function()
    plan()

    for _, request in ipairs(s.e:requests()) do
      local is_read = request.method == "GET" or request.path:find("/oauth2/") ~= nil
      assert.is_true(is_read, request.method .. " " .. request.path)
    end
  end)

  it("plans nothing when all is done", function()
    assert(s:establish())

    local result = plan()

    assert.same({}, result.calls)
    assert.equal("LinkExists", codes(result, "info"))
  end)

  it("leaves the approval to another team when approve is false", function()
    local result = plan{ approve = false }

    assert.equal("another team", result.calls[#result.calls].who)
  end)

  it("collects all findings, not only the first", function()
    s.e:resource(s.e.ids.signalr).sku = { name = "Free_F1", tier = "Free", capacity = 1 }
    s.e:resource(s.e.ids.plan).sku = { name = "Y1", tier = "Dynamic" }

    local result = plan{ name = "9", request_message = ("x"):rep(141), group = "Sites" }

    assert.is_false(result.ok)
    assert.equal("FreeTier InvalidLinkName MessageTooLong PlanWithoutPrivateEndpoints WrongGroup",
      codes(result, "error"))
  end)

  it("has a sentence and a hint for each", function()
    s.e:resource(s.e.ids.signalr).sku = { name = "Free_F1", tier = "Free", capacity = 1 }

    for _, finding in ipairs(plan{ name = "9", group = "Sites" }.findings) do
      assert.is_string(finding.message)
      assert.is_string(finding.hint)
      assert.matches(finding.message, tostring(plan{ name = "9", group = "Sites" }), 1, true)
    end
  end)

  local single = {
    { "a SignalR that is not there", { signalr = BASE .. "Microsoft.SignalRService/signalR/none" }, "SignalRNotFound" },
    { "an upstream that is not there", { upstream = BASE .. "Microsoft.Web/sites/none" }, "UpstreamNotFound" },
    { "a malformed id", { upstream = "contoso-func" }, "InvalidResourceId" },
    { "an id that is no SignalR", { signalr = BASE .. "Microsoft.Web/sites/contoso-func" }, "NotASignalR" },
    { "a name with a dot", { name = "func.pe" }, "InvalidLinkName" },
    { "a name of two letters", { name = "pe" }, "InvalidLinkName" },
    { "a name that ends with a hyphen", { name = "func-" }, "InvalidLinkName" },
    { "an oversized name", { name = ("n"):rep(5000) }, "InvalidLinkName" },
    { "an empty name", { name = "" }, "InvalidLinkName" },
    { "a message without room for the reference", { request_message = ("x"):rep(120) }, "MessageTooLong" },
    { "a message that is not UTF-8", { request_message = "\xff" }, "InvalidMessage" },
    { "a message of several lines", { request_message = "a\nb" }, "InvalidMessage" },
    { "the group's letters in another case", { group = "SITES" }, "WrongGroup" },
    { "a singular group", { group = "site" }, "WrongGroup" },
  }
  for _, case in ipairs(single) do
    it("finds " .. case[1], function()
      assert.matches(case[3], codes(plan(case[2]), "error"), 1, true)
    end)
  end

  it("finds that SignalR cannot link to this type", function()
    s.e:seed{ id = BASE .. "Microsoft.Web/serverfarms/other" }

    local result = plan{ upstream = BASE .. "Microsoft.Web/serverfarms/other", group = "sites" }

    assert.equal("NotShareable", codes(result, "error"))
  end)

  it("finds a link of that name that leads elsewhere", function()
    s.e:seed{ id = BASE .. "Microsoft.Web/sites/other-func", plan = s.e.ids.plan }
    assert(s:establish{ approve = false, upstream = BASE .. "Microsoft.Web/sites/other-func" })

    assert.equal("LinkTargetsAnother", codes(plan(), "error"))
  end)

  it("warns when SignalR will call no upstream", function()
    local properties = s.e:resource(s.e.ids.signalr).properties
    properties.features, properties.upstream = { { flag = "ServiceMode", value = "Default" } }, nil

    assert.equal("NoUpstreamTemplate ServiceModeWithoutUpstream", codes(plan(), "warning"))
  end)

  it("finds that there are 100 connections already", function()
    for _ = 1, 100 do s.e:stranger{ target = s.e.ids.func } end

    assert.equal("TooManyConnections", codes(plan(), "error"))
  end)

  it("tells that SignalR is being updated", function()
    local op <close> = s.client:signalr(s.e.ids.signalr):begin_update{ tags = { a = "b" } }
    azure.sleep(2)

    assert.matches("SignalRUpdating", codes(plan(), "info"))
    assert.is_not_nil(op)
  end)

  it("tells that a provider is not registered", function()
    s.e:register("Microsoft.Web", "NotRegistered")

    assert.matches("ProviderNotRegistered", codes(plan(), "warning"))
  end)

  it("finds missing permissions before the first write", function()
    local reader = s:new_client(s.e:principal{ actions = { "*/read" } })

    assert.equal("MissingPermission MissingPermission", codes(plan({}, reader), "error"))
  end)

  it("asks who approves when the tenants differ", function()
    local other = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/other/providers/"
    s.e:seed{ id = other .. "Microsoft.Web/sites/their-func", tenant_id = "99999999-0000-4000-8000-2d7cd011db47" }
    s.e:resource("/subscriptions/11111111-1111-1111-1111-111111111111").tenant_id =
      "99999999-0000-4000-8000-2d7cd011db47"

    local result = azure.private_link.plan(s.client, s:spec{ upstream = other .. "Microsoft.Web/sites/their-func" })

    assert.is_not_nil(result)
    assert.is_false(result.ok)
  end)

  it("is an error only when reading itself fails", function()
    s.e:fault{ match = "GET .*contoso%-signalr", status = 503, times = 100 }

    local result, err = azure.private_link.plan(s.client, s:spec())

    assert.is_nil(result)
    assert.equal("service", err.kind)
  end)
end)

describe("establish's preflight", function()
  local s

  before_each(function()
    s = scene.new()
  end)

  it("refuses with all findings before it writes", function()
    s.e:resource(s.e.ids.signalr).sku = { name = "Free_F1", tier = "Free", capacity = 1 }

    local report, err = s:establish{ name = "9" }

    assert.is_nil(report)
    assert.equal("refused", err.kind)
    assert.equal(2, #err.findings)
    assert.equal(0, #s.e:requests("PUT"))
  end)

  for _, name in ipairs{ "", "..", "a/b", ("n"):rep(5000) } do
    it(("refuses the name '%s'"):format(name:sub(1, 10)), function()
      local report, err = s:establish{ name = name }

      assert.is_nil(report)
      assert.equal("InvalidLinkName", err.code)
      assert.equal("InvalidLinkName", select(2, azure.private_link.remove(s.client, s:spec{ name = name })).code)
      assert.equal(0, #s.e:requests("PUT"))
    end)
  end

  it("refuses malformed ids without any request", function()
    local report, err = s:establish{ signalr = "contoso-signalr", upstream = "" }

    assert.is_nil(report)
    assert.equal("refused", err.kind)
    assert.equal("InvalidResourceId", err.code)
    assert.equal(0, #s.e:requests())
  end)
end)
