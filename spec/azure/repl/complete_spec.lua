local complete = require "azure.repl.complete"
local helper = require "spec.helper"

local ids = {
  "/subscriptions/s/resourceGroups/contoso/providers/Microsoft.Web/sites/contoso-func",
  "/subscriptions/s/resourceGroups/contoso/providers/Microsoft.SignalRService/SignalR/contoso-signalr",
}

local function words(text, env)
  local found = complete.candidates(text, env, ids)
  return found and found.words, found and text:sub(found.from), found and found.suffixes
end

describe("complete.candidates", function()
  it("offers variables, globals and keywords", function()
    local env = setmetatable({ client = {}, clone = print }, { __index = { clock = 1 } })

    local found, typed, suffixes = words("x = cl", env)

    assert.same({ "client", "clock", "clone" }, found)
    assert.equal("cl", typed)
    assert.same({ clone = "(" }, suffixes)
    assert.same({ "then", "true" }, (words("if a t", {})))
  end)

  it("offers fields after a dot and only methods after a colon", function()
    local object = setmetatable({ field = 1, callback = print }, { __index = { method = print } })

    assert.same({ "callback", "field", "method" }, (words("o.", { o = object })))
    assert.same({ "method" }, (words("o:", { o = object })))
  end)

  it("offers methods of objects of the C core", function()
    local op = require("azure.core").sleep(0):cancel()

    assert.same({ "wait" }, (words("op:w", { op = op })))
  end)

  it("offers the collections of a SignalR before they are made", function()
    local client = helper.closing(require("azure").client{ credential = false })
    local signalr = client:signalr(helper.signalr_id)

    assert.same({ "shared_private_links" }, (words("s.sh", { s = signalr })))
    assert.same({ "custom_certificates", "custom_domains" }, (words("s.cu", { s = signalr })))
    assert.same({ "keys" }, (words("s:k", { s = signalr })))
  end)

  it("offers submodules that nobody has used yet", function()
    assert.same({ "resource_id", "run" }, (words("azure.r", { azure = require("azure") })))
  end)

  it("offers methods of strings", function()
    assert.same({ "gmatch", "gsub" }, (words("t:g", { t = "text" })))
  end)

  it("hides what begins with an underscore until it is asked for", function()
    assert.same({ "b" }, (words("t.", { t = { _a = 1, b = 2 } })))
    assert.same({ "_a" }, (words("t._", { t = { _a = 1, b = 2 } })))
  end)

  it("offers ids between quotes, whatever their case", function()
    local found, typed = words('client:get("/subscriptions/S/resourcegroups/contoso/providers/microsoft.w', {})

    assert.same({ ids[1] }, found)
    assert.equal("/subscriptions/S/resourcegroups/contoso/providers/microsoft.w", typed)
  end)

  it("offers names of resources between quotes", function()
    assert.same({ "contoso-func", "contoso-signalr" }, (words("links:get('con", {})))
    assert.same({ "contoso-func" }, (words([[f("a\"b", 'contoso-f]], {})))
  end)

  it("knows nothing behind calls, numbers and unknown names, and calls nothing", function()
    local touched = setmetatable({}, { __index = function() error("no such name") end })

    assert.is_nil(words("f().", {}))
    assert.is_nil(words("nobody.", {}))
    assert.is_nil(words("t.x.", { t = touched }))
    assert.is_nil(words("12", {}))
  end)
end)
