local azure = require "azure"
local scene = require "spec.azure.private_link.scene"

describe("status", function()
  local s

  local function status(fields)
    local spec = { signalr = s.e.ids.signalr }
    for key, value in pairs(fields or {}) do spec[key] = value end
    return azure.private_link.status(s.client, spec)
  end

  before_each(function()
    s = scene.new()
    s.e:stranger{ target = s.e.ids.func, connection_name = "stranger-1" }
  end)

  it("shows links, their connections and whose they are", function()
    assert(s:establish())

    local tree = assert(status())

    local link = tree.links[1]
    assert.equal("Standard_S1", tree.sku)
    assert.equal("Approved", link.status)
    assert.is_true(link.functional)
    assert.equal("please approve", link.message)
    local owners = {}
    for _, connection in ipairs(link.connections) do owners[connection.owner] = connection.status end
    assert.same({ ours = "Approved", other = "Pending" }, owners)
  end)

  it("is a tree for people", function()
    assert(s:establish{ approve = false })

    local text = assert(status{ format = "tree", color = false })

    assert.matches("^contoso%-signalr  Standard_S1, Succeeded\n", text)
    assert.matches("\n`%-%- func%-pe %-> contoso%-func %[sites%]  Pending", text)
    assert.matches("func%-pe%-%x+.-Pending  %(ours%)", text)
    assert.matches("stranger%-1  Pending  %(somebody else's%)", text)
    assert.is_nil(text:find("\27", 1, true))
  end)

  it("is coloured when asked for", function()
    assert(s:establish())

    assert.matches("\27[32mApproved\27[0m", assert(status{ format = "tree", color = true }), 1, true)
  end)

  it("is JSON with lists that stay lists", function()
    local text = assert(status{ format = "json" })

    assert.matches('"links":[]', text, 1, true)
  end)

  it("is a diagram", function()
    assert(s:establish())

    local text = assert(status{ format = "mermaid" })

    assert.matches("^flowchart LR\n", text)
    assert.matches('["contoso-func"]', text, 1, true)
    assert.is_nil(text:find("stranger", 1, true))
  end)

  it("can be narrowed to a name or an upstream", function()
    assert(s:establish{ approve = false })

    assert.equal(1, #assert(status{ name = "FUNC-PE" }).links)
    assert.equal(0, #assert(status{ name = "other" }).links)
    assert.equal(1, #assert(status{ upstream = s.e.ids.func:upper() }).links)
  end)

  it("shows control characters of others as question marks", function()
    assert(s:establish{ approve = false })
    s:connections()[1].name = "a\27[2Jb"

    assert.is_nil(assert(status{ format = "tree", color = false }):find("\27", 1, true))
  end)

  it("says what it could not read", function()
    assert(s:establish{ approve = false })
    s.e:fault{ match = "GET .*privateEndpointConnections", effect = true, status = 200, body = '{"value":[1,{}]}', times = 9 }

    local tree = assert(status())

    assert.matches("NotAConnection", tree.links[1].error)
    assert.same({}, tree.links[1].connections)
  end)

  it("does not take replicas that cannot be read for none", function()
    s.e:fault{ match = "GET .*/replicas%?", status = 403, times = 9 }

    local tree, err = status()

    assert.is_nil(tree)
    assert.equal(403, err.status)
  end)

  it("makes no write", function()
    assert(status())

    assert.equal(0, #s.e:requests("PUT"))
  end)

  it("reports a SignalR that is not there", function()
    local tree, err = status{ signalr = s.e.ids.signalr .. "x" }

    assert.is_nil(tree)
    assert.equal(404, err.status)
  end)
end)
