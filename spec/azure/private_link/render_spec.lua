local json = require "azure.json"
local render = require "azure.private_link.render"

local function tree()
  return {
    signalr = "/s", name = "contoso-signalr", sku = "Standard_S1", provisioning_state = "Succeeded",
    links = { {
      id = "/s/l", name = "func-pe", owner = "signalr", group = "sites", status = "Pending",
      upstream = "/subscriptions/a/resourceGroups/g/providers/Microsoft.Web/sites/func/slots/blue",
      provisioning_state = "Succeeded", connections = {
        { name = "c1", status = "Pending", owner = "ours", because = {} },
        { name = "c2", status = "Approved", owner = "other", because = { "x" } },
      },
    }, {
      id = "/s/r/l", name = "func-pe", owner = "eu", group = "sites", status = "Timeout", upstream = "nonsense",
      provisioning_state = "Succeeded", connections = {}, error = "403 for you",
    } },
  }
end

describe("a status", function()
  it("is a tree", function()
    assert.equal([[
contoso-signalr  Standard_S1, Succeeded
|-- func-pe -> func/blue [sites]  Pending, Succeeded
|   |-- c1  Pending  (ours)
|   `-- c2  Approved  (somebody else's)
`-- func-pe (replica eu) -> nonsense [sites]  Timeout, Succeeded
    `-- 403 for you]], render.tree(tree(), {}))
  end)

  it("is a tree without branches when there are no links", function()
    local bare = tree()
    bare.links = {}

    assert.equal("contoso-signalr  Standard_S1, Succeeded\n`-- no shared private links", render.tree(bare, {}))
  end)

  it("has colours by state", function()
    local text = render.tree(tree(), { color = true })

    assert.matches("\27[33mPending\27[0m", text, 1, true)
    assert.matches("\27[31mTimeout\27[0m", text, 1, true)
  end)

  it("is a diagram in which names cannot break out of their labels", function()
    local evil = tree()
    evil.name = '"]; click <b>'

    local text = render.mermaid(evil)

    assert.matches('s["#quot;]; click #lt;b#gt;"]', text, 1, true)
    assert.matches('l1 --> c1_1(["c1: Pending"])', text, 1, true)
    assert.is_nil(text:find("c2", 1, true))
  end)

  it("is JSON whose empty lists are lists", function()
    local doc = json.decode(render.formats.json(tree()))

    assert.is_true(json.is_array(doc.links[2].connections))
    assert.is_true(json.is_array(doc.links[1].connections[1].because))
  end)
end)
