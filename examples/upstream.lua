-- A small upstream of a serverless SignalR: it remembers where each call came
-- from and checks that SignalR signed it. `azure.private_link.verify` asks it.
--
--     SIGNALR_KEYS="<primary key>,<secondary key>" lua5.4 examples/upstream.lua [--port N] [--address A]
--
--     POST /   a call of SignalR: X-ASRS-* and X-Forwarded-For are noted; 200, or 401 where the signature is wrong
--     GET /    {"seen":[{"at":...,"forwarded_for":"10.0.0.5:49152","ip":"10.0.0.5","private":true,"hub":"chat",
--              "category":"connections","event":"connected","signature":"valid"}]}

local core = require "azure.core"
local server = require "azure.emulator.server"
local upstream = require "azure.emulator.upstream"

local options = { port = 0, address = "127.0.0.1" }
for i = 1, #arg, 2 do
  local name, value = arg[i]:match("^%-%-(%a+)$"), arg[i + 1]
  if name == "port" then value = math.tointeger(tonumber(value)) end
  local valid = name and options[name] and value and (name ~= "port" or value >= 0 and value <= 65535)
  if not valid then
    local out = name == "help" and io.stdout or io.stderr
    out:write("usage: upstream.lua [--port N] [--address A]      N: 0 to 65535, 0: any\n")
    os.exit(name == "help" and 0 or 2)
  end
  options[name] = value
end

local keys = {}
for key in (os.getenv("SIGNALR_KEYS") or ""):gmatch("[^,%s]+") do keys[#keys + 1] = key end
if #keys == 0 then io.stderr:write("upstream: SIGNALR_KEYS is empty: no signature will be valid\n") end

local function tell(entry)
  print(("%s %s/%s/%s from %s (%s), signature %s"):format(os.date("!%H:%M:%SZ", entry.at), entry.hub or "?",
    entry.category or "?", entry.event or "?", entry.forwarded_for or "?",
    entry.private and "private" or "public", entry.signature))
  io.stdout:flush()
end

options.keys, options.on_call = keys, tell
local up <close> = assert(upstream.listen(options))
print("listening on " .. up.url)
io.stdout:flush()
local ok, why = pcall(function()
  while not server.input_closed() do core.loop():step(0.5) end
end)
if not ok and not tostring(why):find("interrupted") then error(why, 0) end
