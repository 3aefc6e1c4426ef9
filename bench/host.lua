--- How late a host's own timers are while jobs run inside its loop.
--   lua5.4 bench/host.lua PORT TENANT CLIENT_ID SECRET JOBS
-- The emulator listens elsewhere, with JOBS pairs chat-1, chat-1-func, ...
-- Prints, in milliseconds of a libuv timer of 5 ms, how late it was.

local azure = require "azure"
local uv = require "luv"

local url, jobs = "http://127.0.0.1:" .. arg[1], tonumber(arg[5])
local cloud = { arm = url, authority = url, audience = "https://management.azure.com" }
local client = assert(azure.client{ cloud = cloud, credential = azure.identity.client_secret{
  tenant_id = arg[2], client_id = arg[3], client_secret = arg[4], cloud = cloud } })
local providers = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso/providers/"

local _ <close> = require("azure.host.luv").attach()
local late, last, done, timer = {}, uv.hrtime(), 0, uv.new_timer()

local function tick()
  local now = uv.hrtime()
  late[#late + 1] = math.max(0, (now - last) / 1e6 - 5)
  last = now
  if done == jobs then timer:close() end
end

for i = 1, jobs do
  azure.spawn(function()
    assert(azure.private_link.establish(client, {
      signalr = ("%sMicrosoft.SignalRService/signalr/chat-%d"):format(providers, i),
      upstream = ("%sMicrosoft.Web/sites/chat-%d-func"):format(providers, i),
      name = "func-pe", poll_interval = 0.2, settle = 0.2,
    }))
    done = done + 1
  end)
end
timer:start(5, 5, tick)
uv.run()

table.sort(late)
print(('{"ticks":%d,"median":%.3f,"p99":%.3f,"worst":%.3f}'):format(#late, late[#late // 2 + 1],
  late[math.ceil(#late * 0.99)], late[#late]))
