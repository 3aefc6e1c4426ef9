-- The options that functions take are the fields of the classes that editors,
-- help and the pages show: none is missing there, none is only there.
local azure = require "azure"
local docstrings = require "azure.repl.docstrings"
local helper = require "spec.helper"

-- An option that nobody has: the error for it lists all that there are.
local UNKNOWN = { [("q"):rep(40)] = 1 }

-- What is there for specs alone.
local hidden = { arc_folder = true, probe = true }

local function known(fn, ...)
  local _, why = pcall(fn, ...)
  local names = {}
  for name in tostring(why):match("known: (.*)$"):gmatch("[%w_]+") do
    if not hidden[name] or why:find("private_link", 1, true) then names[#names + 1] = name end
  end
  table.sort(names)
  return table.concat(names, " ")
end

local function declared(class)
  local names = {}
  for _, field in ipairs(docstrings.fields(class)) do names[#names + 1] = field.name end
  table.sort(names)
  return table.concat(names, " ")
end

-- class -> how to give an unknown option to what takes it
local takers = {
  ["azure.ClientOptions"] = function() azure.client(UNKNOWN) end,
  ["azure.RetryOptions"] = function() azure.client{ retry = UNKNOWN } end,
  ["azure.CallOptions"] = function(client) client:get("/x", UNKNOWN) end,
  ["azure.ListOptions"] = function(client) client:list("/x", UNKNOWN) end,
  ["azure.WriteOptions"] = function(client) client:put("/x", {}, UNKNOWN) end,
  ["azure.Request"] = function(client) client:request(UNKNOWN) end,
  ["azure.OperationRequest"] = function(client) client:begin(UNKNOWN) end,
  ["azure.ResumeOptions"] = function(client) client:resume("x", UNKNOWN) end,
  ["azure.GroupOptions"] = function() azure.group(UNKNOWN) end,
  ["azure.MapOptions"] = function() azure.map({}, UNKNOWN, print) end,
  ["azure.WaitOptions"] = function() require("azure.core").sleep(0):wait(UNKNOWN) end,
  ["azure.ProgressOptions"] = function() azure.progress.new(UNKNOWN) end,
  ["azure.ForwardedOptions"] = function() azure.forwarded.client_ip("1.2.3.4", UNKNOWN) end,
  ["azure.Cloud"] = function() azure.client{ cloud = UNKNOWN } end,
  ["azure.private_link.Spec"] = function(client) azure.private_link.establish(client, UNKNOWN) end,
  ["azure.private_link.AnySpec"] = function(client) azure.private_link.status(client, UNKNOWN) end,
  ["azure.private_link.ApproveOptions"] = function(client) azure.private_link.approve(client, {}, UNKNOWN) end,
  ["azure.private_link.RemoveGroupOptions"] = function(client)
    azure.private_link.remove_group(client, helper.group, UNKNOWN)
  end,
  ["azure.ResourceOptions"] = function(client) client:signalr(helper.signalr_id):get(UNKNOWN) end,
  ["azure.SignalRSettings"] = function(client) client:signalr(helper.signalr_id):create(UNKNOWN) end,
  ["azure.DecisionOptions"] = function(client)
    client:private_endpoint_connections(helper.func_id):approve("x", UNKNOWN)
  end,
  ["azure.ConnectionDeleteOptions"] = function(client)
    client:private_endpoint_connections(helper.func_id):delete("x", UNKNOWN)
  end,
  ["azure.SecretOptions"] = function() azure.identity.client_secret(UNKNOWN) end,
  ["azure.CertificateOptions"] = function() azure.identity.client_certificate(UNKNOWN) end,
  ["azure.WorkloadOptions"] = function() azure.identity.workload_identity(UNKNOWN) end,
  ["azure.ClientAssertionOptions"] = function() azure.identity.client_assertion(UNKNOWN) end,
  ["azure.AzurePipelinesOptions"] = function() azure.identity.azure_pipelines(UNKNOWN) end,
  ["azure.GitHubActionsOptions"] = function() azure.identity.github_actions(UNKNOWN) end,
  ["azure.DeviceCodeOptions"] = function() azure.identity.device_code(UNKNOWN) end,
  ["azure.ToolOptions"] = function() azure.identity.azure_cli(UNKNOWN) end,
  ["azure.ManagedIdentityOptions"] = function() azure.identity.managed_identity(UNKNOWN) end,
  ["azure.DefaultOptions"] = function() azure.identity.default(UNKNOWN) end,
  ["azure.AuthorityOptions"] = function() azure.identity.environment(UNKNOWN) end,
  ["azure.CredentialOptions"] = function() azure.identity.from_function(print, UNKNOWN) end,
  ["azure.LuvOptions"] = function() require("azure.host.luv").attach(UNKNOWN) end,
  ["azure.CqueuesOptions"] = function() require("azure.host.cqueues").attach(UNKNOWN) end,
  ["azure.CopasOptions"] = function() require("azure.host.copas").attach(UNKNOWN) end,
  ["azure.ReplOptions"] = function() require("azure.repl").start(UNKNOWN) end,
  ["azure.rpc.ServerOptions"] = function() require("azure.rpc").new(UNKNOWN) end,
  ["azure.emulator.Options"] = function() require("azure.emulator").start(UNKNOWN) end,
  ["azure.emulator.Fault"] = function(_, e) e:fault(UNKNOWN) end,
  ["azure.emulator.PrincipalOptions"] = function(_, e) e:principal(UNKNOWN) end,
  ["azure.emulator.StrangerOptions"] = function(_, e) e:stranger(UNKNOWN) end,
  ["azure.emulator.UpstreamCall"] = function(_, e) e:send_upstream(UNKNOWN) end,
  ["azure.emulator.Seed"] = function(_, e) e:seed{ UNKNOWN } end,
  ["azure.emulator.ListenOptions"] = function() require("azure.emulator.upstream").listen(UNKNOWN) end,
}

local items = {
  shared_private_links = "LinkOptions", replicas = "ReplicaOptions", custom_domains = "DomainOptions",
  custom_certificates = "KeyVaultCertificateOptions",
}
for name, class in pairs(items) do
  takers["azure." .. class] = function(client)
    local opts = {}
    for key, value in pairs(UNKNOWN) do opts[key] = value end
    client:signalr(helper.signalr_id)[name]:create("x", opts)
  end
end

-- Which classes are options: by their names, and those that are not called so.
local function is_options(name)
  return name:find("Options$") ~= nil or takers[name] ~= nil
end

-- Base classes alone; what another table is of; what C checks (lua_http.c).
local no_takers = {
  ["azure.HostOptions"] = true, ["azure.TokenOptions"] = true, ["azure.HttpOptions"] = true,
  ["azure.emulator.ServerOptions"] = true,
}

describe("the options of", function()
  for class, take in pairs(takers) do
    it(class .. " are its fields", function()
      local e = helper.emulator{ listen = false }
      local client = helper.closing(assert(azure.client{ credential = false }))

      assert.equal(known(take, client, e), declared(class))
    end)
  end

  it("no class are left out here", function()
    local missing = {}
    for _, name in ipairs(docstrings.modules) do
      for _, class in ipairs(docstrings.of_module(name).classes) do
        local wanted = is_options(class.name) and not takers[class.name] and not no_takers[class.name]
        if wanted then missing[#missing + 1] = class.name end
      end
    end

    assert.same({}, missing)
  end)
end)
