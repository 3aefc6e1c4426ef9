local helper = require("spec.helper")
local azure = require("azure")

local identity = azure.identity
local SCOPE = "https://management.azure.com/.default"

local function copy(env)
  local out = {}
  for key, value in pairs(env) do out[key] = value end
  return out
end

describe("azure.identity.default", function()
  local e

  before_each(function()
    e = helper.emulator()
    helper.virtual_time()
  end)

  -- Nothing of the machine that runs the specs shows through.
  local function bare(more)
    local env = { PATH = "/nonexistent", AZURE_POD_IDENTITY_AUTHORITY_HOST = "http://127.0.0.1:9" }
    for key, value in pairs(more or {}) do env[key] = value end
    return env
  end

  local function application(more)
    local env = bare({ AZURE_TENANT_ID = e.owner.tenant_id, AZURE_CLIENT_ID = e.owner.client_id,
      AZURE_CLIENT_SECRET = e.owner.secret })
    for key, value in pairs(more or {}) do env[key] = value end
    return env
  end

  local function default(env, opts)
    local all = copy(opts or {})
    all.env, all.authority = env, e.url
    return helper.closing(assert(identity.default(all)))
  end

  it("has its name", function()
    assert.equal("DefaultAzureCredential", tostring(default(bare())))
  end)

  it("takes the application of the environment first", function()
    assert(default(application()):token(SCOPE))

    assert.equal(1, #e:requests())
  end)

  it("lists each member and its reason in order", function()
    local _, err = default(bare()):token(SCOPE)

    assert.equal("auth", err.kind)
    assert.equal("CredentialUnavailable", err.code)
    assert.truthy(err.message:find("EnvironmentCredential: .*WorkloadIdentityCredential: .*ManagedIdentityCredential"
      .. ".*AzureCliCredential.*AzurePowerShellCredential.*AzureDeveloperCliCredential"))
    assert.truthy(err.message:find("AZURE_TENANT_ID", 1, true))
  end)

  it("hints at az login only where the tools are asked", function()
    local _, all = default(bare()):token(SCOPE)
    local _, deployed = default(bare({ AZURE_TOKEN_CREDENTIALS = "prod" })):token(SCOPE)

    assert.matches("AzureCliCredential: install it .* and run 'az login'", all.hint)
    assert.is_nil((deployed.hint or ""):find("az login", 1, true))
  end)

  it("stops at an application that is refused", function()
    local _, err = default(application({ AZURE_CLIENT_SECRET = "wrong-one" })):token(SCOPE)

    assert.equal("AADSTS7000215", err.code)
  end)

  it("falls through to the managed identity", function()
    local env = bare(e:environment("app_service"))

    assert(default(env):token(SCOPE))
  end)

  it("passes by a proxy that answers for the machine's service", function()
    e:fault({ match = "/metadata/", status = 403, body = "<html>Access denied</html>", times = 9 })

    local _, err = default(bare(e:environment("imds"))):token(SCOPE)

    assert.equal("CredentialUnavailable", err.code)
    assert.matches("ManagedIdentityCredential: .*HTTP 403.*AzureCliCredential", err.message)
  end)

  describe("AZURE_CLIENT_ID", function()
    local function asked(opts)
      local env = bare(e:environment("app_service"))
      env.AZURE_CLIENT_ID = "11111111-2222-0000-0000-000000000000"
      default(env, opts):token(SCOPE)
      return e:requests()[1].query
    end

    it("says which managed identity is meant, too", function()
      assert.equal("11111111-2222-0000-0000-000000000000", asked().client_id)
    end)

    it("gives way to the option", function()
      assert.equal("another", asked({ managed_identity_client_id = "another" }).client_id)
    end)

    for option, name in pairs({ managed_identity_object_id = "object_id", managed_identity_resource_id = "mi_res_id" }) do
      it("gives way to " .. option, function()
        local query = asked({ [option] = "another" })

        assert.equal("another", query[name])
        assert.is_nil(query.client_id)
      end)
    end
  end)

  describe("AZURE_TOKEN_CREDENTIALS", function()
    local function reasons(value)
      local _, err = default(bare({ AZURE_TOKEN_CREDENTIALS = value })):token(SCOPE)
      return err.message
    end

    it("narrows it to the tools of developers", function()
      local text = reasons("dev")

      assert.truthy(text:find("AzureCliCredential", 1, true))
      assert.is_nil(text:find("EnvironmentCredential", 1, true))
    end)

    it("narrows it to what is deployed, whatever the case and blanks", function()
      local text = reasons("  Prod ")

      assert.truthy(text:find("EnvironmentCredential", 1, true))
      assert.is_nil(text:find("AzureCliCredential", 1, true))
    end)

    it("narrows it to one by name", function()
      local text = reasons("AzureDeveloperCliCredential")

      assert.truthy(text:find("Azure Developer CLI", 1, true))
      assert.is_nil(text:find("AzureCliCredential", 1, true))
    end)

    it("fails when it names nothing, with the choices", function()
      local cred, err = identity.default({ env = { AZURE_TOKEN_CREDENTIALS = "everything" } })

      assert.is_nil(cred)
      assert.equal("InvalidConfiguration", err.code)
      assert.truthy(err.hint:find("dev, prod, environmentcredential", 1, true))
    end)

    it("says that the one of Visual Studio Code cannot be used", function()
      local cred, err = identity.default({ env = { AZURE_TOKEN_CREDENTIALS = "VisualStudioCodeCredential" } })

      assert.is_nil(cred)
      assert.truthy(err.message:find("VisualStudioCodeCredential", 1, true))
    end)

    it("asks a managed identity that was named without a probe", function()
      local env = bare(e:environment("imds"))
      env.AZURE_TOKEN_CREDENTIALS = "managedidentitycredential"

      assert(default(env):token(SCOPE))

      assert.equal(1, #e:requests())
    end)
  end)

  it("fails without the variables that are required, and names them", function()
    local cred, err = identity.default({ env = { A = "1", C = "" }, required_variables = { "A", "B", "C" } })

    assert.is_nil(cred)
    assert.equal("InvalidConfiguration", err.code)
    assert.truthy(err.message:find("B, C", 1, true))
  end)

  it("keeps the place of a member that could not be made", function()
    local env = bare({ AZURE_TENANT_ID = "bad tenant", AZURE_CLIENT_ID = "c", AZURE_CLIENT_SECRET = "s" })

    local _, err = default(env):token(SCOPE)

    assert.truthy(err.message:find("EnvironmentCredential: [^;]*tenant"))
  end)

  it("raises on options that it does not know", function()
    assert.has_error(function() identity.default({ tenant = "x" }) end)
  end)

  -- Or the next credential would sign in: as somebody else.
  for name, case in pairs({
    ["a cloud"] = { { cloud = "usgow" }, "no cloud is called 'usgow'" },
    ["an authority"] = { { authority = 5 }, "'authority' must be string" },
    ["a tenant"] = { { tenant_id = "bad tenant" }, "'tenant_id' may hold letters" },
    ["an additional tenant"] = { { additionally_allowed_tenants = { true } }, "'additionally_allowed_tenants[1]'" },
    ["an id"] = { { managed_identity_client_id = "" }, "'managed_identity_client_id' is empty" },
    ["two ids"] = { { managed_identity_client_id = "a", managed_identity_object_id = "b" },
      "give at most one of 'managed_identity_client_id'" },
    ["a time"] = { { process_timeout = "soon" }, "'process_timeout' must be number" },
  }) do
    it("raises when it is given a wrong option: " .. name, function()
      case[1].env = application()

      local ok, message = pcall(identity.default, case[1])

      assert.is_false(ok)
      assert.truthy(message:find("identity.default: " .. case[2], 1, true), message)
    end)
  end

  it("fails when it is given an authority without TLS", function()
    local cred, err = identity.default({ env = application(), authority = "http://login.example" })

    assert.is_nil(cred)
    assert.equal("InvalidAuthority", err.code)
  end)

  it("hands enable_cae on", function()
    assert(default(application(), { enable_cae = false }):token(SCOPE))

    assert.is_nil(e:requests()[1].body:find("CP1", 1, true))
  end)

  it("takes clouds by name", function()
    local cred = identity.default({ env = application(), cloud = "usgov" })

    assert(cred):close()
  end)
end)

describe("azure.identity.environment", function()
  local e

  before_each(function()
    e = helper.emulator()
    helper.virtual_time()
  end)

  local function from(env)
    return helper.closing(assert(identity.environment({ env = env, authority = e.url })))
  end

  local function reason(env)
    local _, err = from(env):token(SCOPE)
    return err
  end

  it("is unavailable while something is missing", function()
    local err = reason({ AZURE_TENANT_ID = "t", AZURE_CLIENT_ID = "" , AZURE_CLIENT_SECRET = "s" })

    assert.equal("CredentialUnavailable", err.code)
    assert.truthy(err.message:find("AZURE_CLIENT_ID", 1, true))
  end)

  it("says that passwords of users are of no use", function()
    local err = reason({ AZURE_TENANT_ID = "t", AZURE_CLIENT_ID = "c", AZURE_USERNAME = "u", AZURE_PASSWORD = "p" })

    assert.truthy(err.message:find("AZURE_USERNAME", 1, true))
  end)

  it("prefers the secret to the certificate", function()
    local env = { AZURE_TENANT_ID = e.owner.tenant_id, AZURE_CLIENT_ID = e.owner.client_id,
      AZURE_CLIENT_SECRET = e.owner.secret, AZURE_CLIENT_CERTIFICATE_PATH = "/nonexistent" }

    assert(from(env):token(SCOPE))
  end)

  it("uses the certificate, its password and its chain", function()
    local file = assert(io.open("spec/fixtures/client_certificate.pem"))
    local cert = file:read("a"):match("%-%-%-%-%-BEGIN CERTIFICATE.*$")
    file:close()
    local principal = e:principal({ certificates = { cert } })

    local cred = from({ AZURE_TENANT_ID = principal.tenant_id, AZURE_CLIENT_ID = principal.client_id,
      AZURE_CLIENT_CERTIFICATE_PATH = "spec/fixtures/client_certificate.pfx",
      AZURE_CLIENT_CERTIFICATE_PASSWORD = "p4ssword", AZURE_CLIENT_SEND_CERTIFICATE_CHAIN = "True" })

    assert.equal("EnvironmentCredential", tostring(cred))
    assert(cred:token(SCOPE))
  end)

  it("takes the authority from AZURE_AUTHORITY_HOST", function()
    local cred = helper.closing(assert(identity.environment({ env = {
      AZURE_TENANT_ID = e.owner.tenant_id, AZURE_CLIENT_ID = e.owner.client_id, AZURE_CLIENT_SECRET = e.owner.secret,
      AZURE_AUTHORITY_HOST = e.url .. "/",
    } })))

    assert(cred:token(SCOPE))
  end)

  it("does not take an authority without TLS", function()
    local cred, err = identity.environment({ env = { AZURE_TENANT_ID = "t", AZURE_CLIENT_ID = "c",
      AZURE_CLIENT_SECRET = "s", AZURE_AUTHORITY_HOST = "http://login.example" } })

    assert.is_nil(cred)
    assert.equal("InvalidAuthority", err.code)
  end)
end)
