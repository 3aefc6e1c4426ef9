local clouds = require "azure.clouds"
local options = require "azure.client.options"

describe("azure.client.options", function()
  it("reads nothing as the public cloud with its versions", function()
    local settings = options.read{ credential = false }

    assert.equal("https://management.azure.com", settings.core.endpoint)
    assert.equal(clouds.known.public, settings.cloud)
    assert.equal(clouds.api_versions, settings.versions)
    assert.is_nil(settings.credential)
  end)

  it("adds versions to the known ones, in any casing", function()
    local versions = options.read{ credential = false, api_versions = { ["Contoso.X"] = "1" } }.versions

    assert.equal("1", versions["contoso.x"])
    assert.equal(clouds.api_versions["microsoft.web"], versions["microsoft.web"])
  end)

  it("gives numbers to the core under its own names", function()
    local core = options.read{ credential = false, timeout = 5, retry = { delay = 1, max_delay = 2, max_retries = 0 } }.core

    assert.same({ 5, 1, 2, 0 }, { core.timeout, core.retry_delay, core.retry_max_delay, core.max_retries })
  end)

  it("takes the slash from the end of endpoints", function()
    local core = options.read{ credential = false, cloud = { arm = "https://x/", audience = "https://y/" } }.core

    assert.equal("https://x", core.endpoint)
    assert.equal("https://y/.default", core.scope)
  end)

  it("puts the script's name in front of ours", function()
    assert.matches("^mine azure%-signalr%-lua/", options.read{ credential = false, user_agent = "mine" }.core.user_agent)
  end)
end)
