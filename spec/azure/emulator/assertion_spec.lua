local core = require "azure.core"
local json = require "azure.json"
local support = require "spec.azure.emulator.support"

local ISSUER, SUBJECT = "https://token.actions.githubusercontent.com", "repo:contoso/app:ref:refs/heads/main"

-- A throw-away key pair, by openssl's command.
local function make_pair()
  local base = os.tmpname()
  assert(os.execute(("openssl req -x509 -newkey rsa:2048 -nodes -keyout %s.key -out %s.crt -days 2 -subj /CN=spec "
    .. "2>/dev/null"):format(base, base)))
  local pem = assert(io.open(base .. ".crt")):read("a")
  return { key = base .. ".key", crt = base .. ".crt", pem = pem, remove = function()
    for _, end_ in ipairs({ "", ".key", ".crt" }) do os.remove(base .. end_) end
  end }
end

local function sign(pair, text, pss)
  local input = os.tmpname()
  local file = assert(io.open(input, "w"))
  file:write(text)
  file:close()
  local options = pss and "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32" or ""
  local pipe = assert(io.popen(("openssl dgst -sha256 %s -sign %s %s"):format(options, pair.key, input)))
  local signature = pipe:read("a")
  pipe:close()
  os.remove(input)
  return core.base64url(signature)
end

local function make_assertion(e, principal, pair, changes)
  local sha1, sha256 = require("azure.emulator.server").certificate_digests(pair.pem)
  local now = math.floor(e.state:now())
  local header = { typ = "JWT", alg = changes.alg or "PS256" }
  if header.alg == "PS256" then header["x5t#S256"] = core.base64url(sha256) else header.x5t = core.base64url(sha1) end
  local claims = {
    aud = e.url .. "/" .. e.tenant_id .. "/v2.0", iss = principal.client_id, sub = principal.client_id,
    jti = core.uuid(), nbf = now, exp = now + 600,
  }
  for name, value in pairs(changes.claims or {}) do claims[name] = value end
  local text = core.base64url(json.encode(header)) .. "." .. core.base64url(json.encode(claims))
  return text .. "." .. (changes.signature or sign(pair, text, header.alg == "PS256"))
end

local function sign_in(e, principal, assertion)
  return support.form(e, "/" .. e.tenant_id .. "/oauth2/v2.0/token", {
    grant_type = "client_credentials", client_id = principal.client_id, client_assertion = assertion,
    scope = "https://management.azure.com/.default",
    client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  })
end

describe("azure.emulator.assertion", function()
  local pair

  setup(function() pair = make_pair() end)
  teardown(function() pair.remove() end)

  for _, alg in ipairs({ "PS256", "RS256" }) do
    it("takes assertions signed by the registered certificate with " .. alg, function()
      local e = support.start()
      local principal = e:principal{ certificates = { pair.pem } }

      local answer = sign_in(e, principal, make_assertion(e, principal, pair, { alg = alg }))

      assert.equal(200, answer.status, answer.body)
    end)
  end

  for name, case in pairs({
    ["a signature that does not fit"] = { { signature = core.base64url(("x"):rep(256)) }, 700027 },
    ["another audience"] = { { claims = { aud = "https://elsewhere" } }, 700023 },
    ["another subject"] = { { claims = { sub = "somebody" } }, 700025 },
    ["an assertion that has expired"] = { { claims = { exp = 1000 } }, 700024 },
  }) do
    it("refuses " .. name, function()
      local e = support.start()
      local principal = e:principal{ certificates = { pair.pem } }

      local answer = sign_in(e, principal, make_assertion(e, principal, pair, case[1]))

      assert.equal(401, answer.status)
      assert.same({ case[2] }, answer.json.error_codes)
    end)
  end

  it("refuses certificates that are not registered", function()
    local e = support.start()
    local principal = e:principal()

    assert.same({ 700027 }, sign_in(e, principal, make_assertion(e, principal, pair, {})).json.error_codes)
  end)

  it("refuses what is no JWT", function()
    local e = support.start()

    assert.same({ 50027 }, sign_in(e, e.owner, "nonsense").json.error_codes)
  end)

  it("takes assertions of a federated issuer", function()
    local e = support.start()
    local principal = e:principal{ federations = { { issuer = ISSUER, subject = SUBJECT } } }

    assert.equal(200, sign_in(e, principal, e:federated_token(principal)).status)
    assert.same({ 70021 }, sign_in(e, principal, e:federated_token(principal, { subject = "x" })).json.error_codes)
    assert.same({ 700024 }, sign_in(e, principal, e:federated_token(principal, { lifetime = -600 })).json.error_codes)
  end)

  it("does not take a federated assertion that somebody else signed", function()
    local e, other = support.start(), support.start()
    local principal = e:principal{ federations = { { issuer = ISSUER, subject = SUBJECT } } }

    assert.same({ 70021 }, sign_in(e, principal, other:federated_token(principal)).json.error_codes)
  end)
end)
