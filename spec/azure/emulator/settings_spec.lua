local settings = require "azure.emulator.settings"

describe("azure.emulator.settings", function()
  it("has the recorded durations", function()
    assert.same({ 68.6, 47.3 }, { settings.read().timing("signalr_create"), settings.read().timing("rejection") })
  end)

  it("scales all durations by a factor", function()
    assert.equal(34.3, settings.read{ timings = 0.5 }.timing("signalr_create"))
  end)

  it("takes single durations", function()
    local options = settings.read{ timings = { link_create = 1 } }

    assert.same({ 1, 117.4 }, { options.timing("link_create"), options.timing("propagation") })
  end)

  it("names the nearest option, timing and limit", function()
    assert.error_matches(function() settings.read{ prot = 1 } end, "did you mean 'port'")
    assert.error_matches(function() settings.read{ timings = { aproval = 1 } } end, "did you mean 'approval'")
    assert.error_matches(function() settings.read{ throttle = { read = { 1, 1 } } } end, "did you mean 'reads'")
  end)
end)
