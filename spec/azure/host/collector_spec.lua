local collector = require "azure.host.collector"
local shared = require "azure.host.shared"

-- Tells the mode and the multiplier, and leaves them alone.
local function now()
  local mode = collectgarbage("incremental")
  local multiplier = collectgarbage("setstepmul", 100)
  collectgarbage("setstepmul", multiplier)
  if mode == "generational" then collectgarbage("generational") end
  return { mode, multiplier }
end

describe("azure.host.collector", function()
  local before
  before_each(function() before = now() end)
  after_each(function()
    collectgarbage("incremental")
    collectgarbage("setstepmul", before[2])
    collectgarbage(before[1])
  end)

  it("softens the generational mode and puts it back", function()
    collectgarbage("generational")

    local restore = collector.soften()
    assert.same({ "incremental", 8 }, now())

    restore()
    assert.equal("generational", now()[1])
  end)

  it("keeps an incremental mode with its multiplier", function()
    collectgarbage("incremental")
    collectgarbage("setstepmul", 200)

    collector.soften()()

    assert.same({ "incremental", 200 }, now())
  end)

  it("leaves alone what the script has set meanwhile", function()
    collectgarbage("generational")
    local restore = collector.soften()
    collectgarbage("setstepmul", 400)

    restore()

    assert.same({ "incremental", 400 }, now())
  end)

  it("is there from attach to detach, unless it is not wanted", function()
    collectgarbage("generational")
    local function attach(opts)
      return shared.attach("spec", opts, {}, function(host)
        function host.way() end
        function host.watch() end
        function host.stop() end
      end)
    end

    do
      local _ <close> = attach{}
      assert.same({ "incremental", 8 }, now())
    end
    assert.equal("generational", now()[1])

    local _ <close> = attach{ collector = false }
    assert.equal("generational", now()[1])
  end)
end)
