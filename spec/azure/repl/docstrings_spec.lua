local docstrings = require "azure.repl.docstrings"

-- AZL_GC=each puts a function of its own in front of the methods of operations.
local it_of_methods = os.getenv("AZL_GC") == "each" and pending or it

local source = [[
--- What the module is for.
-- And more of it.

local thing = {}

---@class azure.Base
---@field size integer

--- A thing.
---@class azure.Thing: azure.Base
---@field name string what it is called,
---  at length
---@field on fun(a: table<string, any>): any, azure.Error? a callback
local Thing = {}
Thing.__name = "azure.thing"

--- Does it. In two sentences.
---@param what string|table what to do
---@param opts { timeout: number?, list: string[] }?
--- timeout: seconds
---@param ... any
---@return table? result with a | in it
---@return azure.Error? err
function Thing:work(what, opts, ...)
  return nil
end

-- A remark, not documentation.
function thing.plain(a) return a end

--- Values too.
---@type integer
thing.limit = 3

---@return ... what it got
---@return string 2nd: no name
function thing.all(...) return ... end

return thing
]]

describe("docstrings.parse", function()
  local module

  setup(function() module = docstrings.parse(source) end)

  it("reads what the module is for", function()
    assert.equal("What the module is for.\nAnd more of it.", module.text)
    assert.equal("thing", module.returned)
  end)

  it("reads a class, its parent, its fields and its methods", function()
    local class = module.classes[2]

    assert.equal("azure.Thing", class.name)
    assert.equal("azure.Base", class.parent)
    assert.equal("A thing.", class.text)
    assert.equal("azure.thing", class.type_name)
    assert.same({ name = "name", type = "string", text = "what it is called, at length" }, class.fields[1])
    assert.equal("work", class.functions[1].name)
  end)

  it("keeps types together that have spaces in them", function()
    local class, fn = module.classes[2], module.functions[1]

    assert.equal("fun(a: table<string, any>): any, azure.Error?", class.fields[2].type)
    assert.equal("a callback", class.fields[2].text)
    assert.equal("{ timeout: number?, list: string[] }?", fn.tags[2].type)
  end)

  it("reads a function's text, parameters and results", function()
    local fn = module.functions[1]

    assert.equal("Does it. In two sentences.", fn.text)
    assert.same({ "what", "opts", "..." }, fn.params)
    assert.same({ name = "what", type = "string|table", text = "what to do" }, fn.tags[1])
    assert.equal("timeout: seconds", fn.tags[2].text)
    assert.same({
      { type = "table?", name = "result", text = "with a | in it" }, { type = "azure.Error?", name = "err", text = "" },
    }, fn.returns)
    assert.equal("thing:work(what, opts, ...)", docstrings.signature(fn))
  end)

  it("does not take a remark for documentation", function()
    local fn = module.functions[2]

    assert.equal("plain", fn.name)
    assert.is_false(fn.documented)
  end)

  it("reads values", function()
    assert.same({ { name = "thing.limit", type = "integer", text = "Values too." } }, module.values)
  end)

  it("knows the names of results, where they have one", function()
    local returns = module.functions[3].returns

    assert.same({ type = "...", name = "what", text = "it got" }, returns[1])
    assert.same({ type = "string", text = "2nd: no name" }, returns[2])
  end)

  it("survives a file that ends in a comment, and an empty one", function()
    assert.same({}, docstrings.parse("---@param a\n--- b").functions)
    assert.same({}, docstrings.parse("").functions)
  end)
end)

describe("docstrings", function()
  it("finds a Lua function by where it is defined", function()
    local fn = docstrings.of_function(require("azure.json").decode)

    assert.equal("azure.json.decode(text)", docstrings.signature(fn))
  end)

  it("writes functions as scripts do", function()
    local azure = require "azure"
    local written = {}
    for i, fn in ipairs{ azure.client, azure.group, azure.run, azure.identity.azure_cli, azure.private_link.plan,
      require("azure.host.luv").attach, require("azure.emulator").start } do
      written[i] = docstrings.signature(docstrings.of_function(fn))
    end

    assert.same({ "azure.client{...}", "azure.group{...}", "azure.run(fn, ...)", "azure.identity.azure_cli{...}",
      "azure.private_link.plan(client, spec)", "luv.attach{...}", "emulator.start{...}" }, written)
  end)

  it("finds a documented value", function()
    local field = docstrings.of_value(require("azure").clouds)

    assert.equal("azure.clouds", field.name)
    assert.equal("table<string, azure.Cloud>", field.type)
    assert.is_nil(docstrings.of_value({}))
  end)

  it_of_methods("finds a function of the C core", function()
    local core = require "azure.core"

    assert.equal("core.uuid()", docstrings.signature(docstrings.of_function(core.uuid)))
    assert.equal("op:cancel(for_good)", docstrings.signature(docstrings.of_function(core.sleep(0):cancel().cancel)))
    assert.is_nil(docstrings.of_function(string.rep))
  end)

  it("knows nothing about functions without a comment", function()
    assert.is_nil(docstrings.of_function(function() end))
    assert.is_nil(docstrings.of_function(assert(load("return 1"))))
  end)

  it("finds the class of a value by what its metatable is called", function()
    local op = require("azure.core").sleep(0):cancel()

    assert.equal("azure.Op", docstrings.class_of(op).name)
    assert.is_nil(docstrings.class_of({}))
    assert.is_nil(docstrings.class_of("text"))
  end)

  it("adds the fields that a class inherits", function()
    local names = {}
    for _, field in ipairs(docstrings.fields("azure.WriteOptions")) do names[field.name] = true end

    assert.is_true(names["final_state_via?"] or names.final_state_via)
    assert.is_true(names["query?"] or names.query)
    assert.same({}, docstrings.fields("azure.NoSuchClass"))
  end)

  it("searches names, texts and parameters", function()
    local names = {}
    for _, fn in ipairs(docstrings.search("resume token")) do names[fn.name] = true end
    for _, fn in ipairs(docstrings.search("RESUME")) do names[fn.name] = true end

    assert.is_true(names.resume)
    assert.same({}, docstrings.search("no text has this"))
  end)

  it("takes the first sentence", function()
    assert.equal("One: a.b is it.", docstrings.first_sentence("One: a.b\nis it. Two."))
    assert.equal("no end", docstrings.first_sentence("no end\n\nsecond paragraph."))
  end)
end)
