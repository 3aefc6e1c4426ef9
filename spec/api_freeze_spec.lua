-- The public names. Until 1.0 a minor version may change them, from then on
-- only a major one (CHANGELOG.md); either way not by accident: a name that
-- goes, or changes its kind, breaks scripts. New names are added here.
local azure = require "azure"
local helper = require "spec.helper"

local modules = {
  identity = "azure_cli azure_developer_cli azure_pipelines azure_powershell chain client_assertion client_certificate "
    .. "client_secret default device_code environment from_function github_actions managed_identity static "
    .. "workload_identity",
  private_link = "approve establish plan remove remove_group status verify",
  forwarded = "client_ip parse",
  json = "array decode encode is_array",
  errors = "is nearest",
  resource_id = "child equal format is_valid parse",
  progress = "json_lines new scrub tee",
}

local function assert_functions(thing, names, what)
  for name in names:gmatch("%S+") do
    assert.is_function(thing[name], ("%s has no function '%s'"):format(what, name))
  end
end

describe("the public names of", function()
  for module, names in pairs(modules) do
    it("azure." .. module, function()
      assert_functions(azure[module], names, "azure." .. module)
    end)
  end

  it("azure", function()
    assert_functions(azure, "client run spawn sleep map group loop", "azure")
    for _, cloud in ipairs{ "public", "usgov", "china" } do assert.is_string(azure.clouds[cloud].arm) end
    assert.matches("^%d+%.%d+%.%d+$", azure._VERSION)
    assert.is_not_nil(azure.json.null)
  end)

  it("clients, resources and operations", function()
    local e = helper.emulator{ seed = "contoso" }
    local client = helper.client(e)
    local signalr = client:signalr(e.ids.signalr)
    local op = azure.spawn(function() return true end)

    assert_functions(client, "begin close delete get list patch post private_endpoint_connections put request resume "
      .. "send signalr", "a client")
    assert_functions(signalr, "get exists create update delete keys regenerate_key restart skus network_acls "
      .. "set_network_acls upstream set_upstream replica check_name usages begin_create begin_update begin_delete",
      "a SignalR")
    for _, name in ipairs{ "shared_private_links", "replicas", "custom_domains", "custom_certificates" } do
      assert_functions(signalr[name], "begin_create begin_delete create delete get list", name)
    end
    assert_functions(signalr.private_link_resources, "list", "private_link_resources")
    for _, connections in ipairs{ signalr.private_endpoint_connections, client:private_endpoint_connections(e.ids.func) } do
      assert_functions(connections, "approve delete get list reject", "connections")
    end
    assert_functions(op, "cancel close done map resume_token status wait", "an operation")
    assert(op:wait())
  end)

  it("the loop", function()
    assert_functions(azure.loop(), "advance auto_advance events idle now on_wake pollfd stats step timeout wall", "the loop")
  end)

  it("the emulator", function()
    local e = helper.emulator{ seed = "contoso" }

    assert_functions(e, "advance clear_faults clear_requests close cloud credential environment fault handle principal "
      .. "register remove requests resource revoke seed send_upstream sign_in stop stranger", "the emulator")
    assert.is_string(e.url)
  end)

  it("the adapters of host loops", function()
    for _, host in ipairs{ "luv", "cqueues", "copas" } do
      assert.is_truthy(package.searchpath("azure.host." .. host, package.path), host)
    end
  end)
end)

-- An option that nobody has: the error for it lists all that there are.
local UNKNOWN = ("q"):rep(40)

local function known(fn, ...)
  local ok, why = pcall(fn, ...)
  assert(not ok, "an unknown option is taken")
  local set = {}
  for name in why:gsub("^.*known: ", ""):gmatch("[%w_]+") do set[name] = true end
  return set
end

local function assert_options(names, what, fn, ...)
  local set = known(fn, ...)
  for name in names:gmatch("%S+") do
    assert.is_true(set[name], ("%s has no option '%s'"):format(what, name))
  end
end

local network = "ca_file ca_path no_proxy proxy env "
local tenant = network .. "authority cloud additionally_allowed_tenants disable_multitenant enable_cae "
local app = tenant .. "tenant_id client_id "
local tool = network .. "tenant_id process_timeout search_path additionally_allowed_tenants disable_multitenant "

local credentials = {
  static = network .. "token expires_on",
  client_secret = app .. "client_secret",
  client_certificate = app .. "path pem password send_chain",
  workload_identity = app .. "token_file_path",
  client_assertion = app .. "assertion",
  azure_pipelines = app .. "service_connection_id system_access_token",
  github_actions = app .. "audience",
  device_code = app .. "prompt",
  managed_identity = tenant .. "client_id object_id resource_id",
  azure_cli = tool .. "subscription",
  azure_developer_cli = tool,
  azure_powershell = tool,
  environment = tenant,
  default = tenant .. "tenant_id managed_identity_client_id managed_identity_object_id managed_identity_resource_id "
    .. "workload_identity_client_id process_timeout required_variables sticky",
}

describe("the options of", function()
  it("azure.client", function()
    assert_options("api_versions auto_register ca_file ca_path cloud connect_timeout credential http1_only log log_level "
      .. "max_connections max_response_bytes no_proxy on_event poll_interval proxy retry subscription_id throttle timeout "
      .. "user_agent", "azure.client", azure.client, { [UNKNOWN] = 1 })
    assert_options("delay max_delay max_retries", "retry", azure.client, { retry = { [UNKNOWN] = 1 } })
  end)

  for kind, names in pairs(credentials) do
    it("azure.identity." .. kind, function()
      assert_options(names, kind, azure.identity[kind], { [UNKNOWN] = 1 })
    end)
  end

  it("azure.identity.from_function and chain", function()
    local member = azure.identity.static{ token = "t", expires_on = 1 }

    assert_options(network, "from_function", azure.identity.from_function, function() end, { [UNKNOWN] = 1 })
    assert.is_truthy(azure.identity.chain{ member, sticky = false })
  end)

  it("a client's calls", function()
    local client = helper.closing(assert(azure.client{ credential = false }))
    local opts = { [UNKNOWN] = 1 }

    assert_options("api_version headers query timeout", "get", client.get, client, "/x", opts)
    assert_options("api_version headers query timeout body items method next_link", "list", client.list, client, "/x", opts)
    assert_options("method path query headers body api_version timeout", "request", client.request, client, opts)
    assert_options("method path query headers body api_version timeout final_state_via", "begin", client.begin, client, opts)
    assert_options("api_version headers query timeout final_state_via on_progress", "put", client.put, client, "/x", {}, opts)
  end)

  it("azure.private_link", function()
    local client = helper.closing(assert(azure.client{ credential = false }))
    local link = azure.private_link

    for _, name in ipairs{ "plan", "establish", "status", "verify", "remove" } do
      assert_options("signalr upstream name group request_message approve connection match undo replicas timeout on_event "
        .. "grace settle poll_interval format color probe probe_headers probe_timeout since api_version", name,
        link[name], client, { [UNKNOWN] = 1 })
    end
    assert_options("api_version on_event poll_interval timeout", "approve", link.approve, client, {}, { [UNKNOWN] = 1 })
    assert_options("confirm timeout", "remove_group", link.remove_group, client, "/subscriptions/s/resourceGroups/g",
      { [UNKNOWN] = 1 })
  end)

  it("the emulator", function()
    assert_options("address port tls seed latency timings throttle token_lifetime empty_description auto_approve sign_urls "
      .. "device_slow_down listen", "the emulator", require("azure.emulator").start, { [UNKNOWN] = 1 })
  end)
end)

describe("errors", function()
  it("keep their kinds", function()
    local kinds = {}
    for kind in pairs(azure.errors.kinds) do kinds[#kinds + 1] = kind end
    table.sort(kinds)

    assert.equal("ambiguous auth cancelled operation protocol refused service timeout transport", table.concat(kinds, " "))
  end)

  it("keep their fields", function()
    local e = helper.emulator{ seed = "contoso" }
    local client = helper.client(e, { retry = { max_retries = 0 } })
    e:fault{ match = "GET .*", status = 429, retry_after = 7, headers = {
      ["x-ms-request-id"] = "r-1", ["x-ms-correlation-request-id"] = "c-1" },
      body = azure.json.encode{ error = { code = "TooMany", message = "slow down", target = "reads",
        details = { { code = "A", message = "a" } }, innererror = { code = "B" } } } }

    local _, err = client:get(e.ids.signalr)

    assert.equal("service", err.kind)
    for _, name in ipairs{ "code", "message", "hint", "method", "url", "request_id", "correlation_id", "client_request_id",
      "target" } do
      assert.is_string(err[name], name)
    end
    for _, name in ipairs{ "status", "attempts", "retry_after" } do assert.is_number(err[name], name) end
    assert.equal("A", err.details[1].code)
    assert.equal("B", err.inner.code)
  end)
end)

describe("azure.rpc", function()
  local methods = "ping version configure get request list put patch delete post finish private_link.plan "
    .. "private_link.establish private_link.status private_link.verify private_link.remove"

  for method in methods:gmatch("%S+") do
    it("keeps its method " .. method, function()
      local out = { text = "" }
      function out:write(...)
        self.text = self.text .. table.concat{ ... }
        return self
      end
      function out.flush() return true end
      local server = require("azure.rpc").new{ output = out }

      server:handle{ id = 1, method = method, params = {} }
      helper.until_true(function() return out.text ~= "" end)

      if server.client then server.client:close() end
      assert.is_nil(out.text:find("UnknownMethod", 1, true), out.text)
      assert.is_truthy(out.text:find('"id":1', 1, true), out.text)
    end)
  end
end)
