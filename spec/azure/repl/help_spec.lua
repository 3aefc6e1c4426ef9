local help = require "azure.repl.help"
local helper = require "spec.helper"

-- AZL_GC=each puts a function of its own in front of the methods of operations.
local it_of_methods = os.getenv("AZL_GC") == "each" and pending or it

local function has(text, ...)
  for _, part in ipairs{ ... } do assert.truthy(text:find(part, 1, true), text) end
end

describe("help.text", function()
  it("explains a function: arguments, options one by one, results", function()
    local client = helper.closing(require("azure").client{ credential = false })

    has(help.text(client.put), "client:put(id, body, opts)", "Creates or replaces", "arguments", "gives",
      "opts: azure.WriteOptions", ".final_state_via", ".api_version")
  end)

  it_of_methods("explains a method of the C core", function()
    local op = require("azure.core").sleep(0):cancel()

    has(help.text(op.wait), "op:wait(opts)", "on_progress", "err  azure.Error?")
  end)

  it("explains an object by its class", function()
    local client = helper.closing(require("azure").client{ credential = false })

    has(help.text(client:signalr(helper.signalr_id)), "azure.SignalR", ".shared_private_links", "signalr:restart(opts)")
    has(help.text(require("azure.errors").new{ kind = "auth", message = "x" }), "azure.Error", ".hint")
  end)

  it("explains a module", function()
    has(help.text(require("azure.identity")), "azure.identity", "azure.identity.azure_cli{...}")
    has(help.text(require("azure")), "private paths", ".private_link")
  end)

  it("explains what is neither a function nor an object", function()
    has(help.text(require("azure").clouds), "azure.clouds  table<string, azure.Cloud>", "china, public, usgov", ".authority")
  end)

  it("writes what people type", function()
    local azure = require "azure"

    has(help.text(azure.group), "azure.group{...}\n")
    has(help.text(azure.run), "azure.run(fn, ...)\n")
    has(help.text("group", { group = require("azure.group") }), "\n  azure.group{...}")
  end)

  it("fits the screen, word by word", function()
    local azure = require "azure"
    for _, width in ipairs{ 40, 72, 100, 200 } do
      for _, value in ipairs{ azure.client, azure.map, azure.json, azure.clouds, "azure.Op", "cancel" } do
        for line in help.text(value, {}, width):gmatch("[^\n]+") do
          local has_room = #line <= width or not line:sub(width // 2 + 3):find(" ", 1, true)
          assert.is_true(has_room, line)
        end
      end
    end
  end)

  it("looks up a name in the session", function()
    has(help.text("json.decode", { json = require("azure.json") }), "json.decode(text)")
    has(help.text("azure.Op", {}), "op:resume_token()")
  end)

  it("searches where a text names nothing", function()
    has(help.text("nextlink", {}), "1 that say 'nextlink':", "azure.ListOptions.next_link")
    has(help.text("AZ LOGIN", {}), "azure.identity.azure_cli{...}")
  end)

  it("says when there is nothing to say", function()
    has(help.text("no word of this", {}), "nothing is known about 'no word of this'")
    has(help.text(12), "no documentation for a number")
    has(help.text(function() end), "no comment")
    has(help.text(string.rep), "no comment")
  end)
end)
