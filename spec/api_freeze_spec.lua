-- The public names. Until 1.0 a minor version may change them, from then on
-- only a major one (CHANGELOG.md); either way not by accident: a name that
-- goes, or changes its kind, breaks scripts. New names are added here.
local azure = require "azure"
local helper = require "spec.helper"

local modules = {
  identity = "azure_cli azure_developer_cli azure_powershell chain client_certificate client_secret default "
    .. "device_code environment from_function managed_identity static workload_identity",
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
    assert_functions(op, "cancel done map resume_token status wait", "an operation")
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

it("errors keep their kinds and fields", function()
  local e = helper.emulator{ seed = "contoso" }
  local _, err = helper.client(e):get(e.ids.signalr .. "x")

  assert.equal("service", err.kind)
  for _, name in ipairs{ "code", "message", "method", "url", "request_id", "client_request_id" } do
    assert.is_string(err[name], name)
  end
  assert.equal(404, err.status)
  assert.equal(1, err.attempts)
end)
