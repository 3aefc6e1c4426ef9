-- The prompt as people start it: with lines from a pipe, and in a terminal
-- that `script` of util-linux makes.
local child = require "spec.child"
local helper = require "spec.helper"
local repl = require "azure.repl"

local lua = os.getenv("LUA") or "lua5.4"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

local function pipe(command, lines, env)
  local quoted = {}
  for i, line in ipairs(lines) do quoted[i] = "'" .. line:gsub("'", [['\'']]) .. "'" end
  return child.shell(("printf '%%s\\n' %s | %s"):format(table.concat(quoted, " "), command), env)
end

describe("azure.repl with lines from a pipe", function()
  it("has the emulator's Azure ready", function()
    local result = pipe(lua .. " lua/azure/repl.lua --speed 1000", {
      "signalr:get().name", "#all(connections:list())", "client", "azure.private_link.establish(client, spec).state",
    })

    assert.equal(0, result.code)
    assert.truthy(result.out:find('^"contoso%-signalr"\n0\nazure.client %(http://127.0.0.1:%d+%)\n'), result.out)
    assert.truthy(result.out:find('"established"\n$'), result.out)
    assert.equal("", result.err)
  end)

  it("speaks TLS with the emulator when told so", function()
    local result = pipe(lua .. " lua/azure/repl.lua --tls", { "e.url", "signalr:exists()" })

    assert.truthy(result.out:find('^"https://127.0.0.1:%d+"\ntrue\n$'), result.out .. result.err)
  end)

  it("takes the place of the interpreter's own prompt", function()
    local result = pipe(lua .. " -i -l azure.repl", { "signalr_id:match('[^/]+$')", "require('azure.repl') ~= nil" })

    assert.equal(0, result.code)
    assert.truthy(result.out:find('"contoso-signalr"\ntrue\n', 1, true), result.out .. result.err)
  end)

  it("does nothing by itself in a program, nor without -i", function()
    local result = pipe(lua .. [[ -l azure.repl -e "print('mine')"]], { "print('not run')" })

    assert.equal("mine\n", result.out)
  end)

  it("talks to Azure itself when told so", function()
    local result = pipe(lua .. " lua/azure/repl.lua", { "client" }, { AZURE_SIGNALR_REPL = "azure" })

    assert.equal("azure.client (https://management.azure.com)\n", result.out)
  end)

  it("says what to do where the emulator is not installed", function()
    local result = child.shell(lua .. [[ -e "package.preload['azure.emulator'] = function() error('not here') end"]]
      .. " lua/azure/repl.lua")

    assert.equal(1, result.code)
    assert.truthy(result.err:find("install azure-signalr-emulator", 1, true), result.err)
  end)

  it("explains its arguments", function()
    local result = child.shell(lua .. " lua/azure/repl.lua --azur")

    assert.equal(2, result.code)
    assert.truthy(result.err:find("usage: ", 1, true))
  end)
end)

describe("repl.start", function()
  it("takes a client and variables of a program", function()
    local input, output = assert(io.tmpfile()), assert(io.tmpfile())
    input:write("client.endpoint, mine\n")
    input:seek("set")
    local client = helper.closing(require("azure").client{ credential = false })

    assert.is_true(repl.start{ client = client, env = { mine = 7 }, input = input, output = output })

    output:seek("set")
    assert.equal('"https://management.azure.com"\n7\n', output:read("a"))
    input:close()
    output:close()
  end)

  it("raises for unknown options", function()
    assert.error_matches(function() repl.start{ clint = 1 } end, "unknown option 'clint'; did you mean 'client'")
  end)
end)

local function has_script()
  return os.execute("script --version 2>/dev/null | grep -q util-linux") == true
end

-- `script` leaks memory of its own at its end: that is not what is tested.
local NO_LEAKS = "ASAN_OPTIONS=detect_leaks=0"

-- A program in a terminal of its own.
local Terminal = {}
Terminal.__index = Terminal

local function open(command)
  local self = setmetatable({ path = os.tmpname(), from = 1 }, Terminal)
  -- exec: whichever shell `script` starts must not end by a Ctrl-C that the program lived through.
  local line = "TERM=xterm %s timeout -k 5 100 script -qefc 'exec %s' /dev/null >%s 2>&1"
  self.keys = assert(io.popen(line:format(NO_LEAKS, command, self.path), "w"))
  self.keys:setvbuf("no")
  return self
end

function Terminal:press(keys)
  self.keys:write(keys)
end

-- Waits until the text comes, behind what was expected before.
function Terminal:expect(text)
  local found
  helper.until_true(function()
    local screen = read(self.path)
    local _, stop = screen:find(text, self.from, true)
    found = stop
    return stop ~= nil
  end, 20)
  self.from = found + 1
end

-- How it ended; true: with code 0.
function Terminal:close()
  local keys = self.keys
  self.keys = nil
  if not keys then return nil end
  local ok = keys:close()
  os.remove(self.path)
  return ok == true
end

-- After a failure nobody has told it to end.
function Terminal:__close()
  if not self.keys then return end
  self:press("\3\21\4")
  self:close()
end

local in_terminal = has_script() and it or pending

describe("azure.repl in a terminal", function()
  in_terminal("completes, edits and recalls", function()
    local terminal <close> = open(lua .. " lua/azure/repl.lua")
    terminal:expect("azure> ")

    terminal:press("signalr.shar\t")
    terminal:expect("signalr.shared_private_links")
    terminal:press("\21'contoso-f\t")
    terminal:expect("'contoso-func")
    terminal:press("\21" .. "40 + 4\127" .. "2\r")
    terminal:expect("42\r\n")
    terminal:press("\27[A\r")
    terminal:expect("42\r\n")
    terminal:press("\4")

    assert.is_true((terminal:close()))
  end)

  in_terminal("ends a wait at Ctrl-C, again and again, and not itself", function()
    local terminal <close> = open(lua .. " -i -l azure.repl")
    terminal:expect("azure> ")

    for _ = 1, 2 do
      terminal:press("azure.sleep(100000)\r")
      terminal:expect("waiting")
      terminal:press("\3")
      terminal:expect("interrupted")
      terminal:expect("azure> ")
    end
    terminal:press("op = azure.spawn(azure.sleep, 100000)\r")
    terminal:expect("azure> ")
    terminal:press("op:wait()\r")
    terminal:expect("waiting")
    terminal:press("\3")
    terminal:expect("interrupted")
    terminal:press("op:status().state\r")
    terminal:expect('"pending"')
    terminal:press("exit\r")

    assert.is_true((terminal:close()))
  end)

  in_terminal("keeps Ctrl-C from a make in front of it", function()
    local makefile = os.tmpname()
    local file = assert(io.open(makefile, "w"))
    file:write("repl:\n\t@", lua, " lua/azure/repl.lua\n")
    file:close()
    local terminal <close> = open("make -f " .. makefile)
    terminal:expect("azure> ")

    terminal:press("n = 40\razure.map({ 1, 2 }, nil, function() azure.sleep(100000) n = n + 1 end)\r")
    terminal:expect("waiting")
    terminal:press("\3")
    terminal:expect("interrupted")
    terminal:press("n\r")
    terminal:expect("42\r\n")
    terminal:press("\4")

    assert.is_true((terminal:close()))
    os.remove(makefile)
  end)

  in_terminal("takes pasted code with tabs as it is", function()
    local terminal <close> = open(lua .. " lua/azure/repl.lua")
    terminal:expect("azure> ")

    terminal:press("\27[200~for i = 1, 2 do\r\tio.write(i,\tclient and '!\t')\rend\r\27[201~")
    terminal:expect("1!\t2!\t")
    terminal:press("\4")

    assert.is_true((terminal:close()))
  end)

  in_terminal("gives up a line at Ctrl-C", function()
    local terminal <close> = open(lua .. " lua/azure/repl.lua")
    terminal:expect("azure> ")

    terminal:press("for i = 1, 2 do\r")
    terminal:expect("    >> ")
    terminal:press("print(i)\3")
    terminal:expect("azure> ")
    terminal:press("6 * 7\r")
    terminal:expect("42\r\n")
    terminal:press("\4")

    assert.is_true((terminal:close()))
  end)

  in_terminal("interrupts a loop that never waits", function()
    local terminal <close> = open(lua .. " lua/azure/repl.lua")
    terminal:expect("azure> ")

    terminal:press("while true do io.stderr:write([[spin]]) x = 1 end\r")
    terminal:expect("spinspin")
    terminal:press("\3")
    terminal:expect("interrupted")
    terminal:press("6 * 7\r")
    terminal:expect("42\r\n")
    terminal:press("\4")

    assert.is_true((terminal:close()))
  end)

  in_terminal("shows the steps of a job while it runs", function()
    local terminal <close> = open(lua .. " lua/azure/repl.lua --speed 200")
    terminal:expect("azure> ")

    terminal:press("azure.private_link.establish(client, spec)\r")
    terminal:expect("is created")
    terminal:expect("private path established")
    terminal:expect("azure> ")
    terminal:press("\4")

    assert.is_true((terminal:close()))
  end)
end)
