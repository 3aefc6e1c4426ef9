-- Misuse of every public entry point: it raises in words, and blames the line
-- of the script, however deep in the library it was noticed.
local azure = require "azure"
local helper = require "spec.helper"

local S, F = helper.signalr_id, helper.func_id
local BIG = ("x"):rep(1 << 20)

describe("misuse", function()
  local things = {}
  setup(function()
    local e = helper.emulator{ seed = "contoso" }
    local c = azure.client{ cloud = e:cloud(), credential = false }
    local closed = azure.client{ cloud = e:cloud(), credential = false }
    closed:close()
    local s = c:signalr(S)
    things = { e = e, c = c, s = s, azure = azure, S = S, F = F, BIG = BIG, links = s.shared_private_links,
      closed = closed, cred = azure.identity.static{ token = "t", expires_on = 4e9 },
      start = require("azure.emulator").start, pec = c:private_endpoint_connections(F), plan = e.ids.plan,
      spec = { signalr = S, upstream = F, name = "func-pe" } }
    setmetatable(things, { __index = _G })
  end)
  teardown(function()
    things.c:close()
    things.e:stop()
  end)

  -- The call stands on line 3 of a script, in a function that was called by another.
  local function script(call)
    return assert(load("local function outer()\n  local result =\n    " .. call
      .. "\n  return result\nend\nreturn (outer())", "=script", "t", things))
  end

  local cases = {
    { [[c:signalr("x")]], "'id'" }, { [[c:signalr()]], "'id'" }, { [[c:signalr(F)]], "SignalRService" },
    { [[c:private_endpoint_connections("x")]], "'target_id'" }, { [[c:private_endpoint_connections()]], "'target_id'" },
    { [[c:get()]], "path must be" }, { [[c:get("")]], "path must be" }, { [[c:get("x")]], "must start with" },
    { [[c:get("/a\0b")]], "control character" }, { [[c:get("/a\r\nb")]], "control character" },
    { [[c:get(S, { tiemout = 1 })]], "did you mean 'timeout'" }, { [[c:get(S, 5)]], "options must be a table" },
    { [[c:get(S, { timeout = "x" })]], "client:get: 'timeout'" }, { [[c:get(S, { timeout = -1 })]], "'timeout'" },
    { [[c:get(S, { timeout = 0/0 })]], "'timeout'" }, { [[c:get(S, { query = "x" })]], "'query'" },
    { [[c:get(S, { query = { a = print } })]], "query: 'a' must be" }, { [[c:get(S, { query = { "a" } })]], "query: names must be" },
    { [[c:get(S, { headers = "x" })]], "headers must be" }, { [[c:get(S, { headers = { ["a b"] = "x" } })]], "header" },
    { [[c:get(S, { headers = { a = "x\r\ny: z" } })]], "header" }, { [[c:get(S, { headers = { [""] = "x" } })]], "header" },
    { [[c:get(S, { headers = { a = "x\0y" } })]], "header" }, { [[c:get(S, { api_version = 5 })]], "api_version" },
    { [[c:get(S, { max_retries = 1.5 })]], "max_retries" },
    { [[c:put(nil)]], "path must be" }, { [[c:put(S, print)]], "JSON" }, { [[c:put(S, { a = 0/0 })]], "JSON" },
    { [[c:put(S, {}, { on_progress = 5 })]], "'on_progress'" },
    { [[c:put(S, {}, { final_state_via = "x" })]], "final_state_via" },
    { [[c:put(S, {}, { timeout = "x" })]], "client:put: 'timeout'" }, { [[c:patch(S, { timeout = 5 })]], "options come behind" },
    { [[c:delete(S, { timeout = 5 })]], "options come behind" }, { [[c:post(S, { api_version = "x" })]], "options come behind" },
    { [[c:request()]], "'request' must be table" }, { [[c:send()]], "'request' must be" }, { [[c:begin()]], "'request' must be" },
    { [[c:request{}]], "path must be" }, { [[c:request{ path = S, method = "" }]], "HTTP method" },
    { [[c:request{ path = S, method = 5 }]], "method" }, { [[c:request{ path = S, method = "A B" }]], "HTTP method" },
    { [[c:begin{ path = S }]], "'method'" }, { [[c:begin{ method = "PUT", path = S, timeout = {} }]], "'timeout'" },
    { [[c:list()]], "path must be" }, { [[c:list(S, { items = 1 })]], "'items'" }, { [[c:list(S, { next_link = 1 })]], "'next_link'" },
    { [[c:resume()]], "'token'" }, { [[c:resume("x", { timeout = "y" })]], "'timeout'" },
    { [[c.get(S)]], "use ':'" }, { [[c.get()]], "use ':'" }, { [[c.close()]], "use ':'" }, { [[c.put(S, {})]], "use ':'" },
    { [[c.list(S)]], "use ':'" }, { [[c.request{ path = S }]], "use ':'" }, { [[c.send{ path = S }]], "use ':'" },
    { [[c.begin{ path = S }]], "use ':'" }, { [[c.resume("x")]], "use ':'" }, { [[c.signalr(S)]], "use ':'" },
    { [[closed:get(S)]], "closed" }, { [[closed:put(S, {})]], "closed" }, { [[closed:request{ path = S }]], "closed" },
    { [[azure.client{ timeout = "x" }]], "client: 'timeout'" }, { [[azure.client{ retry = { delay = "x" } }]], "'retry.delay'" },
    { [[azure.client{ retry = { max_retries = "x" } }]], "'retry.max_retries'" }, { [[azure.client{ retry = 5 }]], "retry" },
    { [[azure.client{ max_connections = 1.5 }]], "max_connections" }, { [[azure.client{ poll_interval = -1 }]], "'poll_interval'" },
    { [[azure.client{ proxy = 5 }]], "'proxy'" }, { [[azure.client{ ca_file = {} }]], "'ca_file'" },
    { [[azure.client{ proxy = "a\0b", credential = false }]], "zero byte" }, { [[azure.client{ on_event = {} }]], "'on_event'" },
    { [[azure.client{ log = 5 }]], "'log'" }, { [[azure.client{ log_level = "loud" }]], "'log_level'" },
    { [[azure.client{ log_level = {} }]], "'log_level'" }, { [[azure.client{ user_agent = "a\r\nb" }]], "'user_agent'" },
    { [[azure.client{ user_agent = BIG }]], "'user_agent'" }, { [[azure.client{ user_agent = 5 }]], "'user_agent'" },
    { [[azure.client{ credential = io.stderr }]], "'credential'" }, { [[azure.client{ credential = { token = 5 } }]], "'credential'" },
    { [[azure.client{ credential = "x" }]], "'credential'" }, { [[azure.client{ api_versions = { "a" } }]], "'api_versions'" },
    { [[azure.client{ cloud = { arm = e.url, audience = 1 } }]], "'cloud.audience'" }, { [[azure.client{ cloud = 5 }]], "'cloud'" },
    { [[azure.client{ cloud = { arm = e.url, aduience = "x" } }]], "did you mean 'audience'" },
    { [[azure.client{ cloud = { arm = e.url .. "/a?b" } }]], "without a path" }, { [[azure.client{ cloud = "mars" }]], "known:" },
    { [[azure.client{ auto_register = "x" }]], "'auto_register'" }, { [[azure.client{ subscription_id = {} }]], "'subscription_id'" },
    { [[azure.client("x")]], "options must be" }, { [[azure.clinet]], "did you mean 'client'" },
    { [[azure.identity.default{ cloud = "usgow" }]], "identity.default: no cloud is called" },
    { [[azure.identity.default{ required_variables = { 5 } }]], "'required_variables%[1%]'" },
    { [[azure.identity.default{ env = { A = 5 } }]], "'env.A'" }, { [[azure.identity.default{ sticky = 1 }]], "'sticky'" },
    { [[azure.identity.environment{ tenant_id = "t" }]], "unknown option" },
    { [[azure.identity.managed_identity{ client_id = "" }]], "'client_id' is empty" },
    { [[azure.identity.managed_identity{ client_id = "a", object_id = "b" }]], "at most one" },
    { [[azure.identity.azure_cli{ process_timeout = "x" }]], "'process_timeout'" },
    { [[azure.identity.client_secret{ tenant_id = "t" }]], "'client_id'" },
    { [[azure.identity.client_certificate{ tenant_id = "t", client_id = "c" }]], "either" },
    { [[azure.identity.client_assertion{ tenant_id = "t", client_id = "c", assertion = 5 }]], "'assertion'" },
    { [[azure.identity.azure_pipelines{ tenant_id = "a/b" }]], "'tenant_id'" },
    { [[azure.identity.github_actions{ tenant = "t" }]], "did you mean 'tenant_id'" },
    { [[azure.identity.device_code{ prompt = 5 }]], "'prompt'" }, { [[azure.identity.from_function(5)]], "'fn'" },
    { [[azure.identity.static{ token = "t", expires_on = -1 }]], "'expires_on'" },
    { [[azure.identity.chain{}]], "at least one" }, { [[azure.identity.chain{ 5 }]], "%[1%]" },
    { [[cred:token("a", { tennat_id = "t" })]], "unknown option 'tennat_id'" }, { [[cred:token("a\0b")]], "zero byte" },
    { [[s:create{ location = "eastus", sku = "X" }]], "'sku'" }, { [[s:create()]], "'settings'" },
    { [[s:create({ location = "x", sku = "Free_F1" }, { tmeout = 1 })]], "did you mean 'timeout'" },
    { [[s:update{ sku_ = 1 }]], "did you mean 'sku'" }, { [[s:update({}, { timeout = {} })]], "'timeout'" },
    { [[s:get{ x = 1 }]], "unknown option" }, { [[s:exists{ x = 1 }]], "unknown option" }, { [[s:delete{ x = 1 }]], "unknown option" },
    { [[s:keys{ x = 1 }]], "unknown option" }, { [[s:restart{ x = 1 }]], "unknown option" }, { [[s:skus{ x = 1 }]], "unknown option" },
    { [[s:network_acls{ x = 1 }]], "unknown option" }, { [[s:upstream{ x = 1 }]], "unknown option" },
    { [[s:begin_create({ location = "x", sku = "Free_F1" }, { x = 1 })]], "unknown option" },
    { [[s:regenerate_key("Third")]], "'which'" }, { [[s:set_network_acls(5)]], "'network_acls'" },
    { [[s:set_upstream{ { url_template = "x" } }]], "url_template" }, { [[s:replica()]], "'name'" }, { [[s:replica("a/b")]], "slash" },
    { [[s:check_name()]], "'location'" }, { [[s:usages(5)]], "'location'" },
    { [[s.get()]], "use ':'" }, { [[s.get(S)]], "use ':'" }, { [[s.keys()]], "use ':'" }, { [[s.create{}]], "use ':'" },
    { [[s.replica("x")]], "use ':'" }, { [[s.network_acls()]], "use ':'" }, { [[s.delete()]], "use ':'" },
    { [[links:get("a/b")]], "slash" }, { [[links:get()]], "'name'" }, { [[links:get("")]], "name" }, { [[links:get("a\0b")]], "name" },
    { [[links:create("x")]], "'options'" }, { [[links:create("x", { target = "y", group = "sites" })]], "'target'" },
    { [[links:create("x", { target = F, group = "" })]], "'group'" },
    { [[links:create("x", { target = F, gruop = "x" })]], "did you mean" },
    { [[links:create("x", { target = F, group = "sites", request_message = BIG })]], "'request_message'" },
    { [[links:create("x", { target = F, group = "sites", timeout = "x" })]], "'timeout'" },
    { [[links:delete("x", { x = 1 })]], "unknown option" }, { [[links:list{ x = 1 }]], "unknown option" },
    { [[links.get("x")]], "use ':'" }, { [[links.create("x", {})]], "use ':'" }, { [[links.list()]], "use ':'" },
    { [[s.private_link_resources:create("x", {})]], "can only be read" },
    { [[s.private_link_resources:begin_create("x", {})]], "can only be read" },
    { [[s.private_link_resources:delete("x")]], "can only be read" },
    { [[pec:get("/subscriptions/x")]], "another resource" },
    { [[pec.get("x")]], "use ':'" }, { [[pec:approve("x", { y = 1 })]], "unknown option" },
    { [[azure.private_link.remove_group(nil, "x", { confirm = "x" })]], "'client'" },
    { [[azure.forwarded.client_ip{ ["x-forwarded-for"] = { {} } }]], "x%-forwarded%-for" },
    { [[azure.forwarded.client_ip(5)]], "'headers'" },
    { [[azure.forwarded.client_ip({}, { trust = 0 })]], "'trust'" },
    { [[azure.resource_id.format{ type = 1 }]], "'type'" }, { [[azure.resource_id.format()]], "'parts'" },
    { [[azure.progress.new{ tty = true, width = "x" }]], "'width'" }, { [[azure.progress.new{ handle = 5 }]], "'handle'" },
    { [[azure.json.encode(print)]], "JSON" }, { [[azure.json.decode(5)]], "'text'" }, { [[azure.json.array(5)]], "'t'" },
    { [[e:fault()]], "'options'" }, { [[e:fault{ stauts = 1 }]], "did you mean 'status'" }, { [[e:fault{ status = 9999 }]], "'status'" },
    { [[e:fault{ times = "1" }]], "'times'" }, { [[e:fault{ times = -1 }]], "'times'" },
    { [[e:fault{ match = 5 }]], "'match'" }, { [[e:fault{ match = { path = 5 } }]], "path" },
    { [[e:fault{ body = 5 }]], "'body'" }, { [[e:fault{ body = { print } }]], "JSON" }, { [[e:fault{ delay = "x" }]], "'delay'" },
    { [[e:fault{ headers = { a = "x\r\ny" } }]], "'headers'" }, { [[e:fault{ headers = { 5 } }]], "'headers'" },
    { [[e:stranger()]], "'options'" }, { [[e:stranger{}]], "'target'" }, { [[e:stranger{ target = plan }]], "'target'" },
    { [[e:stranger{ target = F, status = "approved" }]], "'status'" }, { [[e:stranger{ target = F, name = 5 }]], "'name'" },
    { [[e:resource()]], "'id'" }, { [[e:remove()]], "'id'" }, { [[e:requests(5)]], "'match'" }, { [[e:advance("x")]], "'seconds'" },
    { [[e:advance(-1)]], "'seconds'" }, { [[e:seed("foo")]], "no seed is called" }, { [[e:seed()]], "no seed is called" },
    { [[e:seed{ id = 1 }]], "'id'" }, { [[e:seed{ id = F, skuu = {} }]], "did you mean 'sku'" },
    { [[e:seed{ sku = {} }]], "'id' is missing" },
    { [[e:seed{ { id = "/x" } }]], "can be seeded" }, { [[e:seed{ id = F, sku = "x" }]], "'sku'" }, { [[e:seed{ 5 }]], "'resource'" },
    { [[e:principal{ action = 1 }]], "did you mean 'actions'" }, { [[e:principal{ actions = "x" }]], "'actions'" },
    { [[e:send_upstream{ ulr = 1 }]], "did you mean 'url'" }, { [[e:send_upstream{ url = 1 }]], "'url'" },
    { [[e:register()]], "'namespace'" }, { [[e:environment("x")]], "unknown kind" }, { [[e.fault{}]], "use ':'" },
    { [[e.seed("contoso")]], "use ':'" }, { [[start{ latency = "x" }]], "'latency'" }, { [[start{ timings = -1 }]], "'timings'" },
    { [[start{ timings = { link_create = "x" } }]], "'timings.link_create'" }, { [[start{ tls = "yes" }]], "'tls'" },
    { [[start{ timings = { link = 1 } }]], "timings" }, { [[start{ port = 99999 }]], "'port'" }, { [[start{ port = 1.5 }]], "'port'" },
    { [[start{ throttle = { reads = 5 } }]], "'throttle.reads'" }, { [[start{ seeds = "contoso" }]], "did you mean 'seed'" },
    { [[start{ seed = "foo" }]], "no seed is called" }, { [[start{ seed = 5 }]], "'seed'" }, { [[start{ address = 5 }]], "'address'" },
    { [[azure.errors.new{ kind = "odd" }]], "kind" },
    { [[azure.sleep(-1)]], "'seconds'" }, { [[azure.sleep("x")]], "'seconds'" }, { [[azure.spawn(5)]], "spawn: 'fn'" },
    { [[azure.run()]], "run: 'fn'" }, { [[azure.map(5)]], "'list'" }, { [[azure.map({}, {}, 5)]], "map: 'fn'" },
    { [[azure.map({}, { concurrency = 0 }, print)]], "'concurrency'" }, { [[azure.map({}, 5, print)]], "options must be" },
    { [[azure.group{ timeout = -1 }]], "'timeout'" }, { [[azure.group{ tiemout = 1 }]], "did you mean 'timeout'" },
    { [[azure.group():spawn(5)]], "'fn'" }, { [[c:list(S, { max_pages = 0 })]], "'max_pages'" },
    { [[require("azure.host.luv").attach{ slice = "x" }]], "'slice'" },
    { [[require("azure.host.cqueues").attach{ controller = 5 }]], "'controller'" },
  }
  for _, case in ipairs(cases) do
    it("is told for " .. case[1], function()
      local ok, message = pcall(script(case[1]))

      assert.is_false(ok)
      assert.is_string(message)
      assert.matches("^script:3: ", message)
      assert.matches(case[2], message)
      assert.is_true(#message < 1000)
    end)
  end

  it("blames the place as the debugger sees it", function()
    local here = debug.getinfo(1, "l").currentline
    local _, message = pcall(function()
      local result = things.c:get(S, { tiemout = 1 })
      return result
    end)

    assert.matches("misuse_spec%.lua:" .. here + 2 .. ": ", message)
  end)

  it("of a job blames the line as well", function()
    local _, message = pcall(script[[azure.private_link.establish(c, { signalr = S, upstream = F, name = "x", on_event = {} })]])

    assert.matches("^script:3: .*'on_event'", message)
  end)

  it("lets a body pass that looks like options, when it is said to be one", function()
    rawset(things, "fresh", helper.client(helper.emulator{ seed = "contoso" }, { credential = false }))

    for _, call in ipairs{ [[fresh:post(S, { query = "x" })]], [[fresh:post(S, { timeout = 5 }, {})]] } do
      assert.is_true((pcall(script(call))))
    end
  end)
end)
