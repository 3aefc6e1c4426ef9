local connections = require "azure.private_link.connections"
local job_module = require "azure.private_link.job"
local scene = require "spec.azure.private_link.scene"

describe("the upstream's connections", function()
  local s, job

  before_each(function()
    s = scene.new()
    job = job_module.new(s.client, s:spec(), "test", {})
  end)

  it("are listed in one shape", function()
    local pending = s.e:stranger{ target = s.e.ids.func }

    local list = assert(connections.list(job))

    assert.equal(pending.name, list[1].name)
    assert.equal("Pending", list[1].status)
  end)

  for _, body in ipairs{ '{"value":[1]}', '{"value":["x"]}', '{"value":[{}]}', '{"value":[null]}' } do
    it("are no list when one of them cannot be read: " .. body, function()
      s.e:fault{ match = "GET", effect = true, status = 200, body = body, times = 9 }

      local list, err = connections.list(job)

      assert.is_nil(list)
      assert.equal("NotAConnection", err.code)
    end)
  end

  it("have ids below the upstream, in any case", function()
    assert.is_nil(connections.foreign(job, { id = s.e.ids.func:upper() .. "/privateEndpointConnections/x" }))
    for _, id in ipairs{ s.e.ids.func .. "-2/privateEndpointConnections/x", "/subscriptions/x", "x" } do
      assert.equal("ForeignConnection", connections.foreign(job, { id = id, name = "x" }).code)
    end
  end)
end)
