-- Servers whose TLS cannot be trusted get no byte of a request: real
-- certificates, made by openssl for each test.
local azure = require "azure"
local daemon = require "spec.daemon"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t?api-version=1"

local function read(file)
  local handle = assert(io.open(file))
  local text = handle:read("a")
  handle:close()
  return text
end

local function openssl(folder, arguments)
  assert(os.execute(("cd %s && openssl %s >out 2>&1"):format(folder, arguments)))
end

local KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"

-- An authority with a certificate for a server. { name =, days =, alone = }; one
-- of no days is over a second later (OpenSSL 3.5 makes none that ended before).
local function authority(opts)
  local d = daemon.new()
  d:file("ext", "subjectAltName=" .. (opts.name or "IP:127.0.0.1") .. "\n")
  openssl(d.folder, ("req -x509 %s -keyout ca.key -out ca.pem -days 2 -subj /CN=spec-authority"):format(KEY))
  if opts.alone then
    openssl(d.folder, ("req -x509 %s -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1 "):format(KEY)
      .. "-addext subjectAltName=IP:127.0.0.1")
  else
    openssl(d.folder, ("req %s -keyout key.pem -out csr.pem -subj /CN=127.0.0.1"):format(KEY))
    openssl(d.folder, ("x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days %d -extfile ext -out cert.pem")
      :format(opts.days or 2))
  end
  local ends = os.time() + 1
  while opts.days == 0 and os.time() <= ends do azure.sleep(0.1) end
  return d
end

local function serve(d)
  local server = scripted.start({}, { cert = read(d.folder .. "/cert.pem"), key = read(d.folder .. "/key.pem") })
  server.handle = function()
    return { status = 200, headers = { { "Content-Type", "application/json" } }, body = '{"name":"t"}' }
  end
  return server
end

local function ask(url, ca_file)
  local client = scripted.client({ url = url }, { ca_file = ca_file, retry = { max_retries = 0 }, timeout = 10 })
  return client:get(path)
end

describe("over TLS a server", function()
  it("with a good certificate is talked to", function()
    local d = authority{}
    local server = serve(d)

    local doc = assert(ask(server.url, d.folder .. "/ca.pem"))

    assert.equal("t", doc.name)
  end)

  for what, opts in pairs{
    ["whose certificate has expired"] = { days = 0 },
    ["of another address"] = { name = "IP:127.0.0.9" },
    ["of another name"] = { name = "DNS:management.azure.com" },
    ["with a certificate that it signed itself"] = { alone = true },
  } do
    it(what .. " gets nothing", function()
      local d = authority(opts)
      local server = serve(d)

      local doc, err = ask(server.url, d.folder .. "/ca.pem")

      assert.is_nil(doc)
      assert.equal("transport", err.kind)
      assert.equal("TlsNotTrusted", err.code)
      assert.is_string(err.hint)
      assert.equal(0, #server.requests)
    end)
  end

  it("of an authority that nobody named gets nothing", function()
    local d, other = authority{}, authority{}
    local server = serve(d)

    local doc, err = ask(server.url, other.folder .. "/ca.pem")

    assert.is_nil(doc)
    assert.equal("TlsNotTrusted", err.code)
    assert.equal(0, #server.requests)
  end)

  it("that speaks TLS 1.1 only gets nothing", function()
    local d = authority{}
    local port = daemon.free_port()
    d:run(("openssl s_server -accept %d -cert %s/cert.pem -key %s/key.pem -tls1_1 -cipher ALL:@SECLEVEL=0 -www"):format(
      port, d.folder, d.folder), port, "https")

    local doc, err = ask("https://127.0.0.1:" .. port, d.folder .. "/ca.pem")

    assert.is_nil(doc)
    assert.equal("TlsHandshakeFailed", err.code)
  end)

  it("that speaks plain HTTP on the port gets nothing that it could read", function()
    local d = authority{}
    local server = scripted.start{}

    local doc, err = ask("https://127.0.0.1:" .. server.port, d.folder .. "/ca.pem")

    assert.is_nil(doc)
    assert.equal("transport", err.kind)
    assert.equal(0, #server.requests)
  end)

  it("is not talked to where the file of authorities cannot be read", function()
    local server = serve(authority{})

    local doc, err = ask(server.url, "/nonexistent/ca.pem")

    assert.is_nil(doc)
    assert.equal("transport", err.kind)
    assert.equal(0, #server.requests)
  end)
end)

describe("a token for a server that cannot be trusted", function()
  it("is not asked for, and the secret stays here", function()
    local d, other = authority{}, authority{}
    local server = serve(d)
    local credential = helper.closing(assert(azure.identity.client_secret{
      tenant_id = "t", client_id = "c", client_secret = "s3cret", authority = server.url,
      ca_file = other.folder .. "/ca.pem",
    }))

    local token, err = credential:token("https://management.azure.com/.default")

    assert.is_nil(token)
    assert.equal("auth", err.kind)
    assert.equal(0, #server.requests)
  end)
end)
