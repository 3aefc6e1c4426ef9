local docstrings = require "azure.repl.docstrings"
local json = require "azure.json"
local methods = require "azure.rpc.methods"

describe("azure.rpc.methods", function()
  it("suggests what was likely meant, but nothing that destroys", function()
    assert.equal("get", methods.nearest("gett"))
    assert.equal("private_link.plan", methods.nearest("private_link.pan"))
    for _, slip in ipairs{ "delet", "deletes", "private_link.remov", "private_link.removes", "private_link.remove_grup" } do
      assert.is_nil(methods.nearest(slip))
    end
  end)

  it("leaves nulls out of a copy", function()
    local given = { a = json.null, b = false, c = 1 }

    assert.same({ b = false, c = 1 }, methods.without_nulls(given))
    assert.equal(json.null, given.a)
  end)

  it("knows the job's lists, and none in Azure's documents", function()
    assert.is_true(methods.lists_of("private_link.plan").findings)
    assert.is_nil(next(methods.lists_of("get")))
  end)

  it("makes credentials by kind", function()
    local credential = assert(methods.make_credential({ kind = "static", token = "t", expires_on = 4e9 }))
    assert.matches("Static", tostring(credential))
    credential:close()

    assert.is_nil(methods.make_credential(nil))
    assert.error_matches(function() methods.make_credential("az") end, "an object with a 'kind'")
    assert.error_matches(function() methods.make_credential{ kind = "azure_cly" } end, "did you mean 'azure_cli'")
  end)

  it("stands whole on the page of azure.rpc", function()
    local text = docstrings.of_module("azure.rpc").text

    for name in pairs(methods.methods) do assert.is_truthy(text:find("%f[%w_]" .. name:gsub("%p", "%%%0") .. "%f[^%w_]"), name) end
    for kind in pairs(methods.credential_kinds) do assert.is_truthy(text:find(kind, 1, true), kind) end
  end)
end)
