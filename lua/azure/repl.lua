--- A prompt with a client ready, for looking around and trying things.
--
--     lua5.4 -i -l azure.repl                            on the built-in emulator
--     AZURE_SIGNALR_REPL=azure lua5.4 -i -l azure.repl   on Azure itself
--     make repl                                          from a clone; ARGS=--azure
--
-- Tab completes, help(x) explains, Ctrl-C ends a wait, Ctrl-D the session.
-- Background tasks go on while the prompt waits for you.

local azure = require "azure"
local errors = require "azure.errors"

local repl = {}

local NAME = ...

local DEFAULT_SPEED = 25

local introduction = [[
Any Lua will do; what it gives is printed, the last value is kept in _.
  help(x)       explains a function or an object: help(client.get), help "retry"
  pp(x)         prints all of x, also what is folded; pp(x, { secrets = true }) what is starred
  all(iter)     collects a list: all(client:list("/subscriptions"))
  traceback()   of the last error
  exit, Ctrl-D  ends;  Ctrl-C ends a wait;  Tab completes names, and between quotes resource ids
]]

local on_emulator = [[
Here for you: client, signalr and its links, connections (of the function app), e (the emulator),
signalr_id, func_id, and spec for azure.private_link. Try:
  azure.private_link.establish(client, spec)
  all(connections:list())]]

local on_azure = [[
Here for you: client. Try:
  all(client:list("/subscriptions"))]]

---@class azure.ReplOptions
---@field azure boolean? Azure itself, with the default credential
---@field client azure.Client? one of yours; it stays open
---@field tls boolean? the emulator over TLS
---@field speed number? how much faster than Azure the emulator is, default 25
---@field env table? further variables
---@field input file*? default io.stdin
---@field output file*? default io.stdout

local allowed = {
  azure = true, tls = true, speed = true, client = true, env = true, input = true, output = true,
}

local function new_session(opts, text)
  return require("azure.repl.session").new{
    input = opts.input or io.stdin, output = opts.output or io.stdout, introduction = introduction .. text,
  }
end

local function watch(self, client)
  self.env.client = client
  self.waiting:follow(client)
end

local function event_handler(self)
  return function(event) self.waiting:event(event) end
end

-- The emulator is a rock of its own.
local function start_emulator(opts, speed)
  local found, emulator = pcall(require, "azure.emulator")
  if found then return emulator.start{ seed = "contoso", tls = opts.tls, timings = 1 / speed } end
  return nil, errors.new{
    kind = "refused", code = "NoEmulator", message = "the emulator is not installed",
    hint = "install azure-signalr-emulator, or set AZURE_SIGNALR_REPL=azure for Azure itself",
  }
end

-- The emulator's Azure with the same things in reach as in the README.
local function with_emulator(opts)
  local speed = opts.speed or DEFAULT_SPEED
  local e, err = start_emulator(opts, speed)
  if not e then return nil, err end
  local self = new_session(opts, on_emulator)
  local client = azure.client{
    cloud = e:cloud(), credential = e:credential(), poll_interval = 5 / speed, on_event = event_handler(self),
  }
  watch(self, client)
  local env = self.env
  env.e, env.signalr_id, env.func_id = e, e.ids.signalr, e.ids.func
  env.signalr = client:signalr(env.signalr_id)
  env.links, env.connections = env.signalr.shared_private_links, client:private_endpoint_connections(env.func_id)
  env.spec = {
    signalr = env.signalr_id, upstream = env.func_id, name = "func-pe", request_message = "please approve",
    approve = true, poll_interval = 5 / speed, grace = 180 / speed, settle = 20 / speed,
  }
  self:remember(e.ids)
  self.banner = ("emulator at %s, %g times as fast as Azure"):format(e.url, speed)
  return self
end

local function with_azure(opts)
  local self = new_session(opts, on_azure)
  local client, err = azure.client{
    on_event = event_handler(self), subscription_id = os.getenv("AZURE_SUBSCRIPTION_ID"),
  }
  if not client then return nil, err end
  watch(self, client)
  self.banner = ("%s, as %s"):format(client.endpoint, tostring(client.credential))
  return self
end

local function with_client(opts)
  local self = new_session(opts, on_azure)
  watch(self, opts.client)
  self.banner = tostring(opts.client)
  return self
end

local function greet(self)
  if not self.prompted then return end
  self:say(("azure-signalr %s, %s: %s"):format(azure._VERSION, _VERSION, self.banner))
  self:say("help() says what is here, Tab completes, Ctrl-D ends")
end

--- Runs a prompt until its input ends. Without a client of yours it brings one:
--- the emulator's, or with `azure = true` Azure's own with the default credential.
---@param opts azure.ReplOptions?
---@return boolean? ok
---@return azure.Error? err when it could not begin
function repl.start(opts)
  opts = errors.check_options(opts, allowed, "repl.start")
  errors.check_type(opts.env, "table|nil", "env", "repl.start")
  local make = opts.client and with_client or opts.azure and with_azure or with_emulator
  local self, err = make(opts)
  if not self then return nil, err end
  self.env.azure = azure
  for name, value in pairs(opts.env or {}) do self.env[name] = value end
  greet(self)
  self:loop()
  if not opts.client then self.env.client:close() end
  if self.env.e and not opts.client then self.env.e:stop() end
  return true
end

local usage = [[
usage: lua5.4 repl.lua [--azure] [--tls] [--speed N]
  --azure    Azure itself, with the default credential; or AZURE_SIGNALR_REPL=azure
  --tls      the emulator over TLS
  --speed N  how much faster than Azure the emulator is (25)
]]

local function read_arguments(arguments)
  local opts = { azure = os.getenv("AZURE_SIGNALR_REPL") == "azure" or nil }
  local i = 1
  while arguments[i] do
    local word = arguments[i]
    if word == "--azure" or word == "--tls" then
      opts[word:sub(3)] = true
    elseif word == "--speed" and tonumber(arguments[i + 1]) and tonumber(arguments[i + 1]) > 0 then
      opts.speed = tonumber(arguments[i + 1])
      i = i + 1
    else
      return nil
    end
    i = i + 1
  end
  return opts
end

--- The program: reads its arguments, runs the prompt, gives the exit code.
---@param arguments string[]
---@return integer code
function repl.main(arguments)
  local opts = read_arguments(arguments)
  if not opts then
    io.stderr:write(usage)
    return 2
  end
  local ok, err = repl.start(opts)
  if ok then return 0 end
  io.stderr:write(tostring(err), "\n")
  return 1
end

-- `lua -i -l azure.repl`: the interpreter's own prompt gives way to this one.
-- Anybody else who requires this module only gets it.
local function is_asked_for()
  local words = rawget(_G, "arg")
  if type(words) ~= "table" or words[-1] or not words[0] then return false end
  local line = " " .. table.concat(words, " ") .. " "
  return line:find(" -i ", 1, true) ~= nil and line:find(" %-l ?azure%.repl ") ~= nil
end

if NAME ~= "azure.repl" then os.exit(repl.main({ ... }), true) end
if is_asked_for() then
  package.loaded[NAME] = repl
  os.exit(repl.main({}), true)
end

return repl
