-- The emulator alone, for programs in other languages and for a look around.
--
--     lua5.4 examples/emulator.lua [--port N] [--address A] [--tls] [--seed contoso] [--latency seconds]
--                                  [--timings factor] [--throttle] [--client-id ID] [--client-secret S]
--                                  [--tenant ID] [--ca-out FILE] [--pairs N] [--verbose]
--
-- It prints `listening on http://127.0.0.1:N`, then what a client needs to sign
-- in, and runs until Ctrl-C, or until the program that started it with a pipe
-- as its standard input goes away. --timings 0.01 is a hundred times as fast as
-- Azure; --ca-out keeps a copy of the certificate that clients must trust;
-- --pairs adds N SignalRs chat-1 ... to contoso's group, each with a function
-- chat-1-func ..., for load.

local core = require "azure.core"
local emulator_module = require "azure.emulator"
local server = require "azure.emulator.server"

local usage = [[
usage: emulator.lua [--port N] [--address A] [--tls] [--seed contoso] [--latency seconds] [--timings factor]
                    [--throttle] [--client-id ID] [--client-secret S] [--tenant ID] [--ca-out FILE] [--verbose]
]]

local function fail(text)
  io.stderr:write("emulator: ", text, "\n")
  os.exit(2)
end

local flags = { ["--tls"] = "tls", ["--throttle"] = "throttle", ["--verbose"] = "verbose" }
local texts = {
  ["--seed"] = "seed", ["--address"] = "address", ["--client-id"] = "client_id", ["--tenant"] = "tenant_id",
  ["--client-secret"] = "client_secret", ["--ca-out"] = "ca_out",
}
local numbers = { ["--port"] = "port", ["--latency"] = "latency", ["--timings"] = "timings",
  ["--pairs"] = "pairs" }

-- The emulator would raise for these; a shell wants a sentence and an exit code.
local function check(given)
  local port = given.port and math.tointeger(given.port)
  if given.port and not (port and port >= 0 and port <= 65535) then
    fail("--port must be a whole number from 0 to 65535")
  end
  for _, name in ipairs{ "latency", "timings" } do
    if given[name] and not (given[name] >= 0 and given[name] < math.huge) then
      fail(("--%s must be a number from 0 up"):format(name))
    end
  end
  if given.seed and given.seed ~= "contoso" then fail(("no seed is called '%s'; known: contoso"):format(given.seed)) end
  return given
end

local function read_arguments(arguments)
  local given, i = {}, 1
  while i <= #arguments do
    local name, value = arguments[i], arguments[i + 1]
    if name == "--help" then
      io.stdout:write(usage)
      os.exit(0)
    elseif flags[name] then
      given[flags[name]] = true
    elseif texts[name] or numbers[name] then
      if numbers[name] then value = tonumber(value) end
      if not value then fail(name .. (numbers[name] and " needs a number" or " needs a value")) end
      given[texts[name] or numbers[name]] = value
      i = i + 1
    else
      fail(("unknown argument '%s'"):format(name))
    end
    i = i + 1
  end
  return check(given)
end

local function copy_file(from, to)
  local input, output = assert(io.open(from)), assert(io.open(to, "w"))
  output:write(input:read("a"))
  input:close()
  output:close()
end

local function seed_pairs(e, count)
  local ids, items = e.ids, {}
  for i = 1, count do
    local name = "chat-" .. i
    items[#items + 1] = { id = ids.group .. "/providers/Microsoft.SignalRService/signalr/" .. name,
      location = "eastus", sku = { name = "Standard_S1", capacity = 1 } }
    items[#items + 1] = { id = ids.group .. "/providers/Microsoft.Web/sites/" .. name .. "-func",
      location = "eastus", kind = "functionapp", plan = ids.plan }
  end
  e:seed(items)
end

local function announce(e, principal, given)
  print("listening on " .. e.url)
  print(("tenant %s client-id %s client-secret %s"):format(
    principal.tenant_id, principal.client_id, principal.secret))
  if e.ca_file then print("ca-file " .. e.ca_file) end
  if e.ca_file and given.ca_out then copy_file(e.ca_file, given.ca_out) end
  io.stdout:flush()
end

local function start(given)
  local e, err = emulator_module.start{
    port = given.port and math.tointeger(given.port), address = given.address, tls = given.tls, seed = given.seed,
    latency = given.latency, timings = given.timings, throttle = given.throttle,
  }
  if not e then fail(tostring(err)) end
  if given.pairs then seed_pairs(e, given.pairs) end
  announce(e, e:principal{
    client_id = given.client_id, client_secret = given.client_secret, tenant_id = given.tenant_id,
  }, given)
  return e
end

local function tell_requests(e)
  for _, request in ipairs(e:requests()) do
    print(("%s %s -> %s"):format(request.method, request.path, request.status))
  end
  e:clear_requests()
  io.stdout:flush()
end

local given = read_arguments(arg)
local e <close> = start(given)
local ok, why = pcall(function()
  local loop = core.loop()
  while not server.input_closed() do
    loop:step(0.5)
    if given.verbose then tell_requests(e) end
  end
end)
if not ok and not tostring(why):find("interrupted") then error(why, 0) end
