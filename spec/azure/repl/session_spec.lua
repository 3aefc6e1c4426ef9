local helper = require "spec.helper"
local session = require "azure.repl.session"

-- A session whose input are these lines; returns it and what it printed.
local function run(lines, env)
  local input, output = assert(io.tmpfile()), assert(io.tmpfile())
  input:write(table.concat(lines, "\n"), "\n")
  input:seek("set")
  local self = session.new{ input = input, output = output, introduction = "welcome" }
  for name, value in pairs(env or {}) do self.env[name] = value end
  self:loop()
  output:seek("set")
  local text = output:read("a")
  input:close()
  output:close()
  return text, self
end

describe("a session", function()
  local rows = {
    { "prints what an expression gives", { "1 + 1" }, "2\n" },
    { "prints several values", { "1, 'a'" }, '1\n"a"\n' },
    { "prints nothing for a statement", { "x = 1" }, "" },
    { "keeps globals and the last value", { "x = 20", "x", "_ + 1" }, "20\n21\n" },
    { "knows the old '= x'", { "= 3" }, "3\n" },
    { "goes on until a statement is complete", { "for i = 1, 2 do", "print(i)", "end" }, "1\n2\n" },
    { "ends at 'exit'", { "exit", "1" }, "" },
    { "ends at exit()", { "exit()", "1" }, "" },
    { "prints false and nil", { "false", "nil" }, "false\nnil\n" },
    { "drops nils behind a value", { "7, nil" }, "7\n" },
    { "shows the error of nil, err alone", { "nil, 'why'", "_" }, '"why"\n"why"\n' },
    { "says what it cannot read", { "1 = 2" }, "error: prompt:1: unexpected symbol near '1'\n" },
    { "says what went wrong, and goes on", { "error('oh', 0)", "1" }, "error: oh\n1\n" },
    { "introduces itself", { "help()" }, "welcome\n" },
    { "says that locals go", { "local a = 1", "local b = 1" }, "-- a local ends with its line; without `local` it stays\n" },
    { "tells when input ends too early", { "for i = 1, 2 do" }, "error: the input ended in the middle of a statement\n" },
    { "shows folded parts on demand", { "pp{ etag = 'x' }" }, '{ etag = "x" }\n' },
  }
  for _, row in ipairs(rows) do
    it(row[1], function()
      assert.equal(row[3], (run(row[2])))
    end)
  end

  it("keeps the globals of the program as they are", function()
    run{ "session_spec_global = 1" }

    assert.is_nil(rawget(_G, "session_spec_global"))
  end)

  it("shows errors of the library with their hints", function()
    local errors = require "azure.errors"
    local err = errors.new{ kind = "auth", message = "no login", hint = "az login" }

    assert.equal("auth error\n  no login\n  what to do   az login\n", (run({ "nil, err" }, { err = err })))
    assert.equal("auth error\n  no login\n  what to do   az login\n", (run({ "error(err)" }, { err = err })))
  end)

  it("keeps the traceback of the last error", function()
    local text = run{ "traceback()", "error('oh')", "traceback()" }

    assert.equal("there was no error yet", text:match("^[^\n]+"))
    assert.truthy(text:find("stack traceback", 1, true))
  end)

  it("collects what an iterator gives, and its error", function()
    local function ok()
      local list, at = { "a", "b" }, 0
      return function()
        at = at + 1
        return list[at]
      end
    end
    local function bad() return function() return false, "broken" end end

    assert.equal('{ "a", "b" }\n"broken"\n', (run({ "all(ok())", "all(bad())" }, { ok = ok, bad = bad })))
    assert.truthy((run{ "all(3)" }):find("an iterator is expected", 1, true))
  end)

  it("explains things", function()
    local text = run({ "help(json.decode)" }, { json = require("azure.json") })

    assert.truthy(text:find("json.decode(text)", 1, true))
  end)

  it("remembers the ids that it has seen, once each", function()
    local id = "/subscriptions/s/resourceGroups/g"
    local _, self = run({ "a", "b" }, { a = { { id = id } }, b = { id:upper(), "/other", "text" } })

    assert.same({ id }, self.ids)
  end)

  it("lets tasks go on between lines", function()
    local text = run({ "azure.spawn(function() print('from a task') end)", "azure.sleep(0)" }, { azure = require("azure") })

    assert.truthy(text:find("from a task", 1, true))
  end)

  it("tells after a line what a background task raised, once, also of the last value", function()
    local told = "a task that nobody waits for has raised an error:\nerror: "
    local lines = {
      "azure.spawn(function() azure.sleep(0) error('kept in _', 0) end)", "x = azure.sleep(0.01)", "x = 1",
      "x = azure.spawn(function() error('dropped', 0) end)", "x = nil", "traceback()",
    }

    local text = run(lines, { azure = require("azure") })

    assert.equal("azure.op (task, pending)\n" .. told .. "kept in _\n" .. told .. "dropped\n",
      (text:gsub("stack traceback:.*$", "")))
    assert.matches("stack traceback", text)
  end)

  it("tells what a cancelled task raised only where nobody waited", function()
    local text = run({
      "x = azure.spawn(function() azure.sleep(9) error('at its end', 0) end)", "x:cancel():wait()", "_.raised", "x = nil",
    }, { azure = require("azure") })

    assert.equal('"at its end"\n', text:match("[^\n]*\n$"))
    assert.not_matches("nobody waits", text)
  end)

  it("waits on the main thread, and shows what the wait gives", function()
    helper.virtual_time()

    assert.equal("true\n", (run({ "azure.sleep(3600)" }, { azure = require("azure") })))
  end)
end)
