local helper = require "spec.helper"
local waiting = require "azure.repl.waiting"

-- A renderer in place of the screen: what it shows, with "" for closing.
local function new()
  local self = waiting.new(helper.sink(), true)
  local shown = {}
  self.live = setmetatable({ close = function() shown[#shown + 1] = "" end }, {
    __call = function(_, event) shown[#shown + 1] = event.message end,
  })
  return self, shown
end

local function wait(seconds)
  helper.virtual_time()
  require("azure.core").sleep(seconds):wait()
end

describe("waiting", function()
  it("shows nothing for what is quick", function()
    local self, shown = new()

    self:start()
    wait(0.3)
    self:stop()

    assert.same({ "" }, shown)
  end)

  it("tells that it waits, later how to stop that, and cleans up", function()
    local self, shown = new()

    self:start()
    wait(4)
    self:stop()

    assert.equal("waiting", shown[1])
    assert.equal("waiting; Ctrl-C stops waiting", shown[#shown - 1])
    assert.equal("", shown[#shown])
  end)

  it("tells how an operation stands", function()
    local e = helper.emulator{ seed = "contoso" }
    local client = helper.client(e)
    local self, shown = new()
    self:follow(client)
    helper.virtual_time()

    self:start()
    local links = client:signalr(helper.signalr_id).shared_private_links
    assert(links:create("func-pe", { target = helper.func_id, group = "sites" }))
    self:stop()

    assert.truthy(table.concat(shown, "\n"):find("PUT sharedPrivateLinkResources/func%-pe: %a+, next look in %d+s"))
  end)

  it("goes on with the step that a job told", function()
    local self, shown = new()

    self:start()
    self:event{ step = "approve", state = "wait", message = "approving", elapsed = 1 }
    wait(1)
    self:stop()

    assert.equal("approving", shown[1])
    assert.equal("approving", shown[#shown - 1])
    assert.is_true(#shown > 2)
  end)

  it("draws nothing by itself where no line can be redrawn", function()
    local self, shown = new()
    self.visible = false

    self:start()
    wait(4)
    self:stop()

    assert.same({ "" }, shown)
  end)
end)
