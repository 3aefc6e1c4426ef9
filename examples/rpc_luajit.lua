-- For LuaJIT, or any Lua that cannot load the module: one call through a `lua5.4 -l azure.rpc` of its own.
--
--     luajit examples/rpc_luajit.lua get '{"id": "/subscriptions/.../contoso-func"}'
--     luajit examples/rpc_luajit.lua private_link.establish '{"signalr": "...", "upstream": "...", "name": "func-pe"}'
--
-- Needs a JSON module (OpenResty brings cjson; dkjson is pure Lua). AZURE_RPC_CONFIG: JSON for "configure".
local has_cjson, json = pcall(require, "cjson")
if not has_cjson then json = require "dkjson" end
local fifo = os.tmpname()                                     -- io.popen has one direction, the fifo is the other
os.remove(fifo)
os.execute("mkfifo -m 600 " .. fifo)
local answers = assert(io.popen((os.getenv("AZURE_RPC") or "lua5.4 -l azure.rpc") .. " < " .. fifo))
local requests = assert(io.open(fifo, "w"))                   -- returns when the server has opened its end
os.remove(fifo)

local last_id = 0
local function call(method, params, on_event)
  last_id = last_id + 1
  requests:write(json.encode{ id = last_id, method = method, params = params, progress = on_event ~= nil }, "\n")
  requests:flush()
  for line in answers:lines() do
    local message = json.decode(line)
    if message.event then on_event(message.event) else return message.result, message.error end
  end
  return nil, { message = "the server ended" }
end

local function check(result, err)
  if not err then return result end
  io.stderr:write(err.message, err.hint and "; " .. err.hint or "", "\n")
  requests:close()
  os.exit(1)
end

local config = os.getenv("AZURE_RPC_CONFIG")
if config then check(call("configure", json.decode(config))) end
print(json.encode(check(call(arg[1] or "version", json.decode(arg[2] or "{}"), function(event)
  io.stderr:write(event.step or "-", ": ", event.message or event.state, "\n")
end))))
requests:close()                                              -- the end of its input ends the server
