local support = require "spec.azure.emulator.support"

local function reads(e, count)
  local last
  for _ = 1, count do last = support.ask(e, "GET", support.signalr) end
  return last
end

describe("azure.emulator.throttle", function()
  it("counts down and then refuses with Retry-After", function()
    local e = support.start{ throttle = { reads = { 3, 1 } } }

    local third = reads(e, 3)
    local fourth = reads(e, 1)

    assert.equal("0", third.header("x-ms-ratelimit-remaining-subscription-reads"))
    assert.equal(429, fourth.status)
    assert.equal("TooManyRequests", fourth.error.code)
    assert.equal("1", fourth.header("retry-after"))
    assert.equal(1, e.throttled)
  end)

  it("refills with time, up to its size", function()
    local e = support.start{ throttle = { reads = { 3, 1 } } }
    reads(e, 3)

    e:advance(1000)

    assert.equal("2", reads(e, 1).header("x-ms-ratelimit-remaining-subscription-reads"))
  end)

  it("keeps reads, writes and callers apart", function()
    local e = support.start{ throttle = { reads = { 1, 1 }, writes = { 1, 1 } } }
    reads(e, 1)

    local write = support.ask(e, "PUT", support.link, support.link_body())
    local other = support.ask(e, "GET", support.signalr, nil, { principal = e:principal() })

    assert.equal(201, write.status)
    assert.equal(200, other.status)
    assert.equal(429, reads(e, 1).status)
  end)

  it("throttles polls too", function()
    local e = support.start{ throttle = { reads = { 1, 0.1 } } }
    local answer = support.ask(e, "PUT", support.link, support.link_body())

    local first = support.follow(e, answer, "azure-asyncoperation")
    local second = support.follow(e, answer, "azure-asyncoperation")

    assert.same({ 200, 429 }, { first.status, second.status })
    assert.equal("10", second.header("retry-after"))
  end)

  it("has ARM's limits by the name of true", function()
    local e = support.start{ throttle = true }

    assert.equal("249", reads(e, 1).header("x-ms-ratelimit-remaining-subscription-reads"))
  end)
end)
