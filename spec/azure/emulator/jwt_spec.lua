local jwt = require "azure.emulator.jwt"

describe("azure.emulator.jwt", function()
  it("opens what it made, with the same key only", function()
    local token = jwt.make({ sub = "me" }, "key")

    assert.equal("me", jwt.open(token, "key").sub)
    assert.is_nil(jwt.open(token, "other"))
  end)

  it("does not open a token whose claims were changed", function()
    local one, two = jwt.make({ sub = "me" }, "key"), jwt.make({ sub = "you" }, "key")
    local mixed = one:match("^[^.]+") .. two:match("%.[^.]+%.") .. one:match("[^.]+$")

    assert.is_nil(jwt.open(mixed, "key"))
  end)

  it("reads any token without believing it", function()
    local parts = jwt.read(jwt.make({ sub = "me" }, "key"))

    assert.equal("HS256", parts.header.alg)
    assert.equal("me", parts.claims.sub)
  end)

  it("reads nothing where there is no token", function()
    assert.is_nil(jwt.read("a.b"))
    assert.is_nil(jwt.read("e30.W10.x!"))
  end)
end)
