-- Which proxy is used when, with a real one (tinyproxy). The rules are those of
-- the Azure SDKs (core-rest-pipeline, proxyPolicy.js), not those of libcurl.
local azure = require "azure"
local child = require "spec.child"
local daemon = require "spec.daemon"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local have_tinyproxy = child.have("tinyproxy")

local function spec(name, fn)
  it(name, function()
    if not have_tinyproxy then return pending("tinyproxy is not installed: make test installs it") end
    fn()
  end)
end

local function start_proxy(more)
  local proxy = daemon.new()
  local port = daemon.free_port()
  local config = proxy:file("conf", ([[
Port %d
Listen 127.0.0.1
Timeout 60
Allow 127.0.0.1
MaxClients 50
LogLevel Connect
LogFile "%s/log"
%s]]):format(port, proxy.folder, more or ""))
  proxy:run("tinyproxy -d -c " .. config, port)
  proxy.url = ("http://127.0.0.1:%d"):format(port)
  return proxy
end

-- Asks a server once, in a process with such an environment.
local script = [[
local azure = require "azure"
local options = { cloud = { arm = arg[1], authority = arg[1] }, credential = false, retry = { max_retries = 0 },
  ca_file = arg[2] ~= "" and arg[2] or nil, proxy = arg[3], no_proxy = arg[4] }
local client <close> = azure.client(options)
local response, err = client:request{ path = "/subscriptions/x?api-version=1", any_status = true }
print(response and response.status or err.kind .. " " .. err.code)
]]

local names = {
  "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy",
}

local function ask(url, env, ...)
  local all = {}
  for _, name in ipairs(names) do all[name] = false end
  for name, value in pairs(env) do all[name] = value end
  local result = child.lua(script, all, url, ...)
  assert.equal("", result.err)
  return result.out:gsub("\n$", "")
end

local dead = "http://127.0.0.1:1"

-- "P": the proxy. What the environment says, and whether it is used.
local cases = {
  { "HTTPS_PROXY, also for http", { HTTPS_PROXY = "P" }, true },
  { "https_proxy", { https_proxy = "P" }, true },
  { "ALL_PROXY", { ALL_PROXY = "P" }, true },
  { "all_proxy", { all_proxy = "P" }, true },
  { "HTTP_PROXY, in upper case too", { HTTP_PROXY = "P" }, true },
  { "http_proxy", { http_proxy = "P" }, true },
  { "none without any", {}, false },
  { "none for an empty one", { HTTPS_PROXY = "" }, false },
  { "HTTPS_PROXY before the others", { HTTPS_PROXY = "P", ALL_PROXY = dead, HTTP_PROXY = dead }, true },
  { "upper case before lower case", { HTTPS_PROXY = "P", https_proxy = dead }, true },
  { "ALL_PROXY before HTTP_PROXY", { ALL_PROXY = "P", HTTP_PROXY = dead }, true },
  { "the next one after an empty one", { HTTPS_PROXY = "", ALL_PROXY = "P" }, true },
  { "none for a host of NO_PROXY", { HTTPS_PROXY = "P", NO_PROXY = "127.0.0.1" }, false },
  { "none for a host of no_proxy", { HTTPS_PROXY = "P", no_proxy = "127.0.0.1" }, false },
  { "none for one of several", { HTTPS_PROXY = "P", NO_PROXY = "a.example, 127.0.0.1,b.example" }, false },
  { "none for any host", { HTTPS_PROXY = "P", NO_PROXY = "*" }, false },
  { "one for hosts that are not listed", { HTTPS_PROXY = "P", NO_PROXY = "127.0.0.2,localhost,.0.0.1.example" }, true },
}

describe("a proxy of the environment", function()
  for _, case in ipairs(cases) do
    local name, env, used = table.unpack(case)
    spec("is used by the rules: " .. name, function()
      local proxy = start_proxy()
      local server = scripted.start{ { nil, nil, 200, body = "{}" } }
      local all = {}
      for key, value in pairs(env) do all[key] = value == "P" and proxy.url or value end

      local status = ask(server.url, all)

      assert.equal("200", status)
      assert.equal(used, server.requests[1].headers["via"] ~= nil)
    end)
  end

  for _, case in ipairs{
    { "a name for its own host alone", "localhost", "foo.localhost", true },
    { "a name in any case", "FOO.Localhost", "foo.localhost", false },
    { "a dot for all below", ".localhost", "foo.localhost", false },
    { "a dot for the domain itself", ".localhost", "localhost", false },
    { "a dot for whole labels only", ".ocalhost", "localhost", true },
  } do
    local name, list, host, used = table.unpack(case)
    spec("takes an entry of NO_PROXY for " .. name, function()
      local proxy = start_proxy()
      local server = scripted.start{ { nil, nil, 200, body = "{}" } }

      local status = ask(("http://%s:%d"):format(host, server.port), { HTTPS_PROXY = proxy.url, NO_PROXY = list })

      -- Not every resolver knows foo.localhost; libcurl does since 7.85.
      if status ~= "200" and (used or status:find("HostNotFound", 1, true)) then
        assert.equal(used, proxy:read("log"):find(host, 1, true) ~= nil)
      else
        assert.equal("200", status)
        assert.equal(used, server.requests[1].headers["via"] ~= nil)
      end
    end)
  end

  it("sees no token or secret that goes to this machine in clear", function()
    local e = helper.emulator{ seed = "contoso" }
    local who = e:principal()

    local result = child.lua([[
local azure = require "azure"
local credential = azure.identity.client_secret{ tenant_id = arg[2], client_id = arg[3], client_secret = arg[4],
  authority = arg[1] }
local client <close> = azure.client{ cloud = { arm = arg[1], authority = arg[1] }, credential = credential }
print((assert(client:get(arg[5]))).name)
]], { HTTPS_PROXY = dead }, e.url, who.tenant_id, who.client_id, who.secret, helper.signalr_id)

    assert.equal("contoso-signalr\n", result.out .. result.err)
  end)

  spec("is asked for a tunnel by https", function()
    local proxy = start_proxy()
    local e = helper.emulator{ tls = true }

    local status = ask(e.url, { HTTPS_PROXY = proxy.url }, e.ca_file)

    assert.equal("401", status)
    assert.matches("CONNECT 127.0.0.1:" .. e.url:match("%d+$"), proxy:read("log"))
    assert.is_nil(e:requests()[1].headers["via"])
  end)

  spec("gives way to the option of the client", function()
    local proxy = start_proxy()
    local server = scripted.start{ { nil, nil, 200, body = "{}" }, { nil, nil, 200, body = "{}" } }

    assert.equal("200", ask(server.url, { HTTPS_PROXY = dead }, "", proxy.url))
    assert.equal("200", ask(server.url, { HTTPS_PROXY = dead }, "", ""))

    assert.is_string(server.requests[1].headers["via"])
    assert.is_nil(server.requests[2].headers["via"])
  end)

  spec("gives way to the option no_proxy", function()
    local server = scripted.start{ { nil, nil, 200, body = "{}" } }

    assert.equal("200", ask(server.url, { HTTPS_PROXY = dead }, "", dead, "127.0.0.1"))
  end)
end)

describe("a proxy", function()
  spec("carries the sign-in as well", function()
    helper.virtual_time()
    local proxy = start_proxy()
    local e = helper.emulator{ seed = "contoso" }
    local client = helper.client(e, { proxy = proxy.url })

    assert(client:get(helper.signalr_id))

    assert.is_true(#e:requests("oauth2/v2.0/token") > 0)
    for _, request in ipairs(e:requests()) do assert.is_string(request.headers["via"]) end
  end)

  spec("gets its user and password", function()
    local proxy = start_proxy("BasicAuth someone p4ss\n")
    local server = scripted.start{ { nil, nil, 200, body = "{}" } }
    local client = scripted.client(server, { proxy = ("http://someone:p4ss@127.0.0.1:%d"):format(proxy.port) })

    assert(client:get("/subscriptions/x?api-version=1"))

    assert.is_nil(server.requests[1].headers["proxy-authorization"])
  end)

  spec("that refuses is named, and what to do about it", function()
    local proxy = start_proxy("BasicAuth someone p4ss\n")
    local server = scripted.start{}
    local client = scripted.client(server, { proxy = proxy.url })

    local _, err = client:get("/subscriptions/x?api-version=1")

    assert.equal(407, err.status)
    assert.matches("proxy", err.hint)
    assert.equal(0, #server.requests)
  end)

  for _, case in ipairs{
    { "a login", "BasicAuth someone p4ss\n", "ProxyAuthenticationRequired", 407, "user and password" },
    { "another port", "ConnectPort 443\n", "ProxyRefused", 403, "no_proxy" },
  } do
    local name, config, code, status, hint = table.unpack(case)
    spec("that gives no tunnel without " .. name .. " is named, and not asked again", function()
      helper.virtual_time()
      local proxy = start_proxy(config)
      local e = helper.emulator{ tls = true }
      local client = helper.client(e, { proxy = proxy.url, credential = false })

      local response, err = client:request{ path = "/subscriptions/x?api-version=1", method = "POST", body = "{}" }

      assert.is_nil(response)
      assert.equal("transport", err.kind)
      assert.equal(code, err.code)
      assert.equal(status, err.status)
      assert.equal(1, err.attempts)
      assert.matches(hint, err.hint)
      assert.equal(0, #e:requests())
    end)
  end

  spec("that cannot reach the server is asked again, since nothing arrived", function()
    helper.virtual_time()
    local proxy = start_proxy()
    local url = "https://127.0.0.1:" .. daemon.free_port()
    local client = helper.closing(azure.client{ cloud = { arm = url, authority = url }, credential = false,
      proxy = proxy.url })

    local _, err = client:request{ path = "/subscriptions/x?api-version=1", method = "POST", body = "{}" }

    assert.equal("ProxyRefused", err.code)
    assert.is_true(err.status >= 500)
    assert.equal(4, err.attempts)
  end)

  it("that is not there is a failure of the transport", function()
    helper.virtual_time()
    local server = scripted.start{}
    local client = scripted.client(server, { proxy = dead, retry = { max_retries = 0 } })

    local _, err = client:get("/subscriptions/x?api-version=1")

    assert.equal("transport", err.kind)
    assert.equal(0, #server.requests)
  end)

  it("is left alone by the instance metadata service", function()
    helper.virtual_time()
    local e = helper.emulator()
    local credential = helper.closing(assert(azure.identity.managed_identity{ env = e:environment("imds"),
      proxy = dead }))

    assert(credential:token("https://management.azure.com/.default"))
  end)
end)
