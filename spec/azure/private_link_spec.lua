local private_link = require "azure.private_link"
local scene = require "spec.azure.private_link.scene"

describe("azure.private_link", function()
  it("does the article's story with one spec: plan, establish, status, verify, remove", function()
    local s = scene.new()
    local spec = s:spec()

    assert.is_true(assert(private_link.plan(s.client, spec)).ok)
    assert.equal("established", assert(private_link.establish(s.client, spec)).state)
    assert.is_true(assert(private_link.status(s.client, spec)).links[1].functional)
    assert.is_true(assert(private_link.verify(s.client, spec)).ok)
    assert.is_true(assert(private_link.remove(s.client, spec)).changed)
    assert.is_true(assert(private_link.remove_group(s.client, s.e.ids.group, { confirm = "contoso" })))
  end)

  it("loads its parts when they are needed, without I/O", function()
    local s = scene.new()

    assert.equal(0, #s.e:requests())
    assert.is_function(private_link.approve)
  end)
end)
