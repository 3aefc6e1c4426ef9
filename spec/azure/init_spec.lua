local azure = require "azure"

describe("azure", function()
  it("loads what it names and nothing before that", function()
    for _, name in ipairs{ "identity", "private_link", "forwarded", "json", "errors", "resource_id", "progress" } do
      assert.is_table(azure[name], name)
    end
    for _, name in ipairs{ "client", "run", "spawn", "sleep", "map", "loop" } do
      assert.is_function(azure[name], name)
    end
    assert.equal("https://management.azure.com", azure.clouds.public.arm)
  end)

  it("names the nearest for a name it does not have", function()
    assert.error_matches(function() return azure.clinet end, "no 'clinet'; did you mean 'client'?")
    assert.error_matches(function() return azure[1] end, "no '1'")
  end)
end)
