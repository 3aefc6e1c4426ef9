-- A whole job while Lua's collector works as hard as it can. `make gc-stress`
-- runs every spec so; this is the part of it that each run of the specs has.
local child = require "spec.child"

describe("a job", function()
  for _, mode in ipairs{ "each", "generational", "incremental" } do
    it("ends as ever while the collector works in mode " .. mode, function()
      local result = child.lua([[
        local azure = require "azure"
        local e = require("azure.emulator").start{ seed = "contoso" }
        require("spec.helper").stress_collector(arg[1])
        azure.loop():auto_advance(true)
        local client = azure.client{ cloud = e:cloud(), credential = e:credential() }
        local spec = { signalr = e.ids.signalr, upstream = e.ids.func, name = "func-pe", on_event = function() end }
        local report = assert(azure.private_link.establish(client, spec))
        assert(azure.private_link.verify(client, spec))
        assert(azure.private_link.remove(client, spec))
        client:close()
        e:stop()
        print(report.link.status, report.connection.status, e.approvals)
      ]], nil, mode)

      assert.equal("", result.err)
      assert.equal("Approved\tApproved\t1\n", result.out)
    end)
  end
end)
