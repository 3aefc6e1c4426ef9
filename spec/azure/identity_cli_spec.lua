local child = require("spec.child")
local helper = require("spec.helper")
local azure = require("azure")
local core = require("azure.core")

local identity = azure.identity
local SCOPE = "https://management.azure.com/.default"
local EXPIRES = 4102444800 -- 2100-01-01

-- Stubs: sh scripts in a folder that stands for PATH.

local function run(command)
  assert(os.execute(command))
end

local function new_folder()
  local folder = os.tmpname()
  os.remove(folder)
  run("mkdir '" .. folder .. "'")
  return folder
end

local function read_file(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

local answers = {
  az = ([[printf '{"accessToken":"secret-token","expires_on":%d,"tokenType":"Bearer"}']]):format(EXPIRES),
  azd = [[printf '{"token":"secret-token","expiresOn":"2100-01-01T00:00:00Z"}']],
  pwsh = [[printf 'WARNING: {old}\n{"Token":"secret-token","ExpiresOn":"2100-01-01T00:00:00.0000000+00:00"}\n']],
}
local tools = { azure_cli = "az", azure_developer_cli = "azd", azure_powershell = "pwsh" }

describe("azure.identity with command line tools", function()
  local folder

  before_each(function()
    folder = new_folder()
    helper.virtual_time()
  end)

  after_each(function()
    run("rm -rf '" .. folder .. "'")
  end)

  local function stub(name, script)
    local path = folder .. "/" .. name
    local file = assert(io.open(path, "w"))
    file:write("#!/bin/sh\ncd '", folder, "'\n", script, "\n")
    file:close()
    run("chmod +x '" .. path .. "'")
  end

  local function credential(kind, opts)
    local all = { search_path = folder, env = {} }
    for key, value in pairs(opts or {}) do all[key] = value end
    return helper.closing(assert(identity[kind](all)))
  end

  local function hanging(kind)
    stub(tools[kind], "trap '' TERM; : > ready; exec sleep 1000")
    local op = credential(kind):token_op(SCOPE)
    helper.until_true(function() return read_file(folder .. "/ready") end)
    return op
  end

  -- The tool is killed a moment after whoever asked gave up.
  local function reaped()
    core.loop():advance(10)
    helper.until_true(function() return core.loop():stats().ops == 0 end)
    return true
  end

  for kind, tool in pairs(tools) do
    describe(kind, function()
      it("gives the token of the tool", function()
        stub(tool, answers[tool])

        local token = assert(credential(kind):token(SCOPE))

        assert.equal("secret-token", token.token)
        assert.equal(EXPIRES, token.expires_on)
      end)

      it("asks the tool once for a thousand tasks", function()
        stub(tool, "echo run >> runs; " .. answers[tool])
        local cred = credential(kind)

        azure.run(function()
          local tasks = {}
          for i = 1, 1000 do tasks[i] = azure.spawn(function() return assert(cred:token(SCOPE)) end) end
          for i = 1, 1000 do assert(tasks[i]:wait()) end
        end)

        assert.equal("run\n", read_file(folder .. "/runs"))
      end)

      it("is unavailable when the tool is not installed", function()
        local token, err = credential(kind):token(SCOPE)

        assert.is_nil(token)
        assert.equal("auth", err.kind)
        assert.equal("CredentialUnavailable", err.code)
        assert.matches("install", err.hint)
      end)

      it("fails when the tool hangs, and kills it", function()
        local op = hanging(kind)

        core.loop():advance(13)
        local token, err = op:wait()

        assert.is_nil(token)
        assert.equal("Timeout", err.code)
        assert.is_true(reaped())
      end)

      it("kills the tool when the waiting is cancelled", function()
        local op = hanging(kind)

        op:cancel()

        assert.equal("cancelled", op:status().state)
        assert.is_true(reaped())
      end)

      it("kills the tool when the credential is closed", function()
        stub(tool, "trap '' TERM; : > ready; exec sleep 1000")
        local cred = credential(kind)
        local op = cred:token_op(SCOPE)
        helper.until_true(function() return read_file(folder .. "/ready") end)

        cred:close()

        assert.is_true(op:done())
        assert.is_true(reaped())
      end)
    end)
  end

  -- A moment of grace is over when the state is closed.
  for name, ending in pairs({
    ["at its end"] = "",
    ["with an error"] = "error('enough')",
    ["by os.exit(code, true)"] = "os.exit(1, true)",
  }) do
    it(("leaves no tool behind that ignores SIGTERM when the script ends %s"):format(name), function()
      core.loop():auto_advance(false)
      stub("az", "trap '' TERM; echo $$ > pid.new; mv pid.new pid; exec sleep 1000")

      local result = child.lua(([[
        local core = require "azure.core"
        local cred = require "azure.identity".azure_cli{ search_path = arg[1], process_timeout = 60 }
        local op = cred:token_op("https://management.azure.com/.default")
        while not io.open(arg[1] .. "/pid") do core.loop():step(0.01) end
        op:cancel()
        %s
      ]]):format(ending), nil, folder)

      local pid = assert(read_file(folder .. "/pid"), result.err):match("%d+")
      assert.is_nil((os.execute("kill -0 " .. pid .. " 2>/dev/null")))
    end)
  end

  it("blocks no other task while the tool hangs", function()
    stub("az", ": > ready; exec sleep 1000")
    local cred = credential("azure_cli")
    local seen = {}

    azure.run(function()
      local waiting = azure.spawn(function() return cred:token(SCOPE) end)
      helper.until_true(function() return read_file(folder .. "/ready") end)
      for i = 1, 3 do
        azure.sleep(0)
        seen[i] = waiting:done()
      end
      waiting:cancel()
    end)

    assert.same({ false, false, false }, seen)
  end)

  -- name, script, code of the error, part of its message
  local failures = {
    { "has nobody signed in", [[echo "ERROR: Please run 'az login' to setup account." >&2; exit 1]],
      "CredentialUnavailable", "nobody signed in" },
    { "was refused by Entra", [[echo "AADSTS700082: The refresh token has expired." >&2; exit 1]],
      "AADSTS700082", "refresh token has expired" },
    { "fails and says why", "echo 'ERROR: no network' >&2; exit 2", "ToolFailed", "code 2: ERROR: no network" },
    { "fails and says nothing", "exit 1", "ToolFailed", "no explanation" },
    { "is killed", "kill -9 $$", "ToolFailed", "signal 9" },
    { "answers garbage", "printf 'garbage \\001\\377'", "UnexpectedAnswer", "no token" },
    { "answers nothing", "exit 0", "UnexpectedAnswer", "no token" },
    { "answers without a time", [[echo '{"accessToken":"secret-token"}']], "UnexpectedAnswer", "expiry" },
    { "writes without end", "exec dd if=/dev/zero bs=1048576 count=100 2>/dev/null", "OutputTooLarge",
      "was stopped" },
    { "complains without end", "exec dd if=/dev/zero bs=1048576 count=100 >&2", "OutputTooLarge", "was stopped" },
  }

  for _, case in ipairs(failures) do
    it("fails when az " .. case[1], function()
      stub("az", case[2])

      local token, err = credential("azure_cli"):token(SCOPE)

      assert.is_nil(token)
      assert.equal("auth", err.kind)
      assert.equal(case[3], err.code)
      assert.truthy(err.message:find(case[4], 1, true), err.message)
    end)
  end

  it("keeps tokens that a tool prints out of the error", function()
    stub("az", [[echo "cannot save eyJ]] .. ("hbGciOiJSUzI1NiJ9."):rep(8) .. [[ to disk" >&2; exit 1]])

    local _, err = credential("azure_cli"):token(SCOPE)

    assert.is_nil(tostring(err):find("eyJ", 1, true))
    assert.matches("cannot save REDACTED to disk", err.message)
  end)

  it("reads the local time of an az before 2.54", function()
    local at = EXPIRES - 1234
    stub("az", ([[echo '{"accessToken":"t","expiresOn":"%s"}']]):format(os.date("%Y-%m-%d %H:%M:%S.000000", at)))

    local token = assert(credential("azure_cli"):token(SCOPE))

    assert.equal(at, token.expires_on)
  end)

  -- kind, options, scope, command line
  local lines = {
    { "azure_cli", {}, SCOPE, "account get-access-token --output json --resource https://management.azure.com" },
    { "azure_cli", { tenant_id = "contoso.com", subscription = "My Sub" }, "https://vault.azure.net/.default",
      "account get-access-token --output json --resource https://vault.azure.net --tenant contoso.com "
        .. "--subscription My Sub" },
    { "azure_developer_cli", { tenant_id = "contoso.com" }, SCOPE,
      "auth token --output json --no-prompt --scope " .. SCOPE .. " --tenant-id contoso.com" },
  }

  for i, case in ipairs(lines) do
    it(("runs %s with the right arguments (%d)"):format(tools[case[1]], i), function()
      stub(tools[case[1]], "echo \"$*\" > args; " .. answers[tools[case[1]]])

      assert(credential(case[1], case[2]):token(case[3]))

      assert.equal(case[4] .. "\n", read_file(folder .. "/args"))
    end)
  end

  it("runs the tool with env alone, and a PATH", function()
    stub("az", "env > environment; " .. answers.az)

    assert(credential("azure_cli", { env = { HOME = "/nowhere", AZURE_CLIENT_SECRET = "s3cr3t" } }):token(SCOPE))

    local seen = "\n" .. read_file(folder .. "/environment")
    assert.truthy(seen:find("\nHOME=/nowhere\n", 1, true))
    assert.truthy(seen:find("\nPATH=" .. os.getenv("PATH") .. "\n", 1, true))
    assert.is_nil(seen:find("s3cr3t", 1, true))
    assert.is_nil(seen:find("\nLUA_PATH=", 1, true))
  end)

  it("finds the tool on the PATH of env", function()
    stub("az", "echo \"$PATH\" > path; " .. answers.az)
    local cred = helper.closing(assert(identity.azure_cli({ env = { PATH = folder .. ":/usr/bin:/bin" } })))

    assert(cred:token(SCOPE))

    assert.equal(folder .. ":/usr/bin:/bin\n", read_file(folder .. "/path"))
  end)

  it("hands the process's environment on where no env is given", function()
    stub("az", "env > environment; " .. answers.az)
    local cred = helper.closing(assert(identity.azure_cli({ search_path = folder })))

    assert(cred:token(SCOPE))

    assert.truthy(read_file(folder .. "/environment"):find("LUA_PATH=", 1, true))
  end)

  it("answers a claims challenge with the command that helps", function()
    stub("az", ": > started; " .. answers.az)

    local token, err = credential("azure_cli"):token(SCOPE, { claims = [[{"a":1}]] })

    assert.is_nil(token)
    assert.equal("az login --claims-challenge eyJhIjoxfQ== --scope " .. SCOPE, err.hint)
    assert.is_nil(read_file(folder .. "/started"))
  end)

  it("hands a claims challenge on to azd", function()
    stub("azd", "echo \"$*\" > args; " .. answers.azd)

    assert(credential("azure_developer_cli"):token(SCOPE, { claims = [[{"a":1}]] }))

    assert.matches("%-%-claims eyJhIjoxfQ==", read_file(folder .. "/args"))
  end)

  for _, scope in ipairs({ "$(id)", "a b", "--help", "https://a'b" }) do
    it("starts nothing for the scope " .. scope, function()
      stub("az", ": > started; " .. answers.az)

      local token, err = credential("azure_cli"):token(scope)

      assert.is_nil(token)
      assert.equal("InvalidArgument", err.code)
      assert.is_nil(read_file(folder .. "/started"))
    end)
  end

  describe("in the default chain", function()
    local function default()
      return helper.closing(assert(identity.default({
        search_path = folder, env = { AZURE_TOKEN_CREDENTIALS = "dev" },
      })))
    end

    -- As in DefaultAzureCredential of JavaScript and Go: whatever one tool
    -- says, another may have somebody signed in.
    for _, case in ipairs(failures) do
      it("goes on to the next tool when az " .. case[1], function()
        stub("az", case[2])
        stub("azd", answers.azd)

        local token = assert(default():token(SCOPE))

        assert.equal("secret-token", token.token)
      end)
    end

    it("goes on when az hangs", function()
      stub("az", ": > ready; exec sleep 1000")
      stub("azd", answers.azd)
      local op = default():token_op(SCOPE)
      helper.until_true(function() return read_file(folder .. "/ready") end)

      core.loop():advance(13)

      assert.equal("secret-token", assert(op:wait()).token)
      assert.is_true(reaped())
    end)

    it("keeps what each tool said", function()
      stub("az", [[echo "AADSTS50076: multi-factor needed. az login --scope x" >&2; exit 1]])
      stub("azd", "printf garbage")

      local token, err = default():token(SCOPE)

      assert.is_nil(token)
      assert.equal("CredentialUnavailable", err.code)
      assert.matches("AzureCliCredential: .*AADSTS50076.*AzureDeveloperCliCredential: .*no token", err.message)
    end)

    it("stops at a claims challenge, with the command that answers it", function()
      stub("az", answers.az)
      stub("azd", answers.azd)

      local token, err = default():token(SCOPE, { claims = [[{"a":1}]] })

      assert.is_nil(token)
      assert.equal("ClaimsChallenge", err.code)
      assert.matches("az login %-%-claims%-challenge", err.hint)
    end)

    it("stays with a tool that gave a token, and tells when that breaks", function()
      stub("az", answers.az)
      stub("azd", answers.azd)
      local cred = default()
      assert(cred:token(SCOPE))
      stub("az", "echo 'ERROR: no network' >&2; exit 2")

      local token, err = cred:token("https://vault.azure.net/.default")

      assert.is_nil(token)
      assert.equal("ToolFailed", err.code)
    end)
  end)

  it("stops a chain of one's own at a tool whose user was refused", function()
    stub("az", [[echo "AADSTS50076: multi-factor needed. az login --scope x" >&2; exit 1]])
    stub("azd", answers.azd)
    local cred = helper.closing(assert(identity.chain({ credential("azure_cli"), credential("azure_developer_cli") })))

    local token, err = cred:token(SCOPE)

    assert.is_nil(token)
    assert.equal("AADSTS50076", err.code)
  end)
end)
