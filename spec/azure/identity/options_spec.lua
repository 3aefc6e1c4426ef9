local errors = require("azure.errors")
local options = require("azure.identity.options")

local function env_of(variables)
  return function(name) return variables[name] end
end

describe("azure.identity.options", function()
  it("knows network settings and env besides what it is told", function()
    local set = options.set_of({ "a" }, "b")

    for _, name in ipairs({ "a", "b", "env", "ca_file", "ca_path", "proxy", "no_proxy" }) do
      assert.is_true(set[name])
    end
    assert.is_nil(set.c)
  end)

  it("reads env instead of the process's environment, and nothing is not set", function()
    local _, getenv = options.read("f", { env = { A = "1", B = "" } }, options.set_of())

    assert.equal("1", getenv("A"))
    assert.is_nil(getenv("B"))
    assert.is_nil(getenv("PATH"))
  end)

  it("reads the process's environment without env", function()
    local _, getenv = options.read("f", {}, options.set_of())

    assert.equal(os.getenv("PATH"), getenv("PATH"))
  end)

  for text, expected in pairs({ ["true"] = true, ["True"] = true, ["1"] = true, ["0"] = false, ["yes"] = false }) do
    it(("takes %q for %s"):format(text, tostring(expected)), function()
      assert.equal(expected, options.truthy(text))
    end)
  end

  describe("app", function()
    local function authority(opts, variables)
      return options.app("f", opts, env_of(variables or {})).authority
    end

    it("finds the authority in options, cloud and environment, in this order", function()
      local variables = { AZURE_AUTHORITY_HOST = "https://c" }

      assert.equal("https://a", authority({ authority = "https://a", cloud = { authority = "https://b" } }, variables))
      assert.equal("https://b", authority({ cloud = { authority = "https://b" } }, variables))
      assert.equal("https://c", authority({}, variables))
      assert.is_nil(authority({}))
    end)

    it("adds the scheme to a bare host", function()
      local variables = { AZURE_AUTHORITY_HOST = "login.microsoftonline.us" }

      assert.equal("https://login.microsoftonline.us", authority({}, variables))
    end)

    it("takes additional tenants as a list or as text", function()
      local function tenants(value, variables)
        return options.app("f", { additionally_allowed_tenants = value }, env_of(variables or {}))
          .additionally_allowed_tenants
      end

      assert.equal("a;b", tenants({ "a", "b" }))
      assert.equal("*", tenants("*"))
      assert.equal("c;d", tenants(nil, { AZURE_ADDITIONALLY_ALLOWED_TENANTS = "c;d" }))
    end)

    it("lets the environment forbid other tenants", function()
      local args = options.app("f", {}, env_of({ AZURE_IDENTITY_DISABLE_MULTITENANTAUTH = "true" }))

      assert.is_true(args.disable_multitenant)
    end)

    it("takes the certificates of the cloud", function()
      assert.equal("ca.pem", options.app("f", { cloud = { ca_file = "ca.pem" } }, env_of({})).ca_file)
    end)
  end)

  it("names the region's endpoint for the public cloud only", function()
    local region = env_of({ AZURE_REGIONAL_AUTHORITY_NAME = "westeurope" })
    local expected = "https://westeurope.login.microsoft.com"

    assert.equal(expected, options.regional(nil, region))
    assert.equal(expected, options.regional("https://login.microsoftonline.com/", region))
    assert.equal("https://login.microsoftonline.us", options.regional("https://login.microsoftonline.us", region))
    assert.is_nil(options.regional(nil, env_of({})))
    assert.is_nil(options.regional(nil, env_of({ AZURE_REGIONAL_AUTHORITY_NAME = "a.evil.example/" })))
  end)

  it("makes a credential that says why it cannot be used", function()
    local cred <close> = options.unavailable("SomeCredential", "some reason")

    local _, err = cred:token("scope")

    assert.is_true(errors.is(err))
    assert.equal("CredentialUnavailable", err.code)
    assert.equal("SomeCredential: some reason", err.message)
  end)
end)
