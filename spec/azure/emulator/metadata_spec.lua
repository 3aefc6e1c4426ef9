local support = require "spec.azure.emulator.support"

describe("azure.emulator.metadata", function()
  it("tells a client that knows the address alone where to sign in, and for what", function()
    local e = support.start()

    local known = support.send(e, "GET", "//metadata/endpoints?api-version=2015-01-01").json

    assert.equal(e.url .. "/", known.authentication.loginEndpoint)
    assert.equal(e:cloud().audience, known.authentication.audiences[1])
    assert.equal("https://graph.windows.net/", known.graphEndpoint)
  end)

  it("has no document of another version", function()
    local e = support.start()

    assert.equal(404, support.send(e, "GET", "/metadata/endpoints?api-version=2019-05-01").status)
    assert.equal(404, support.send(e, "POST", "/metadata/endpoints?api-version=2015-01-01").status)
  end)
end)
