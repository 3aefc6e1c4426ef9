-- The service that torture.c works against, in a process of its own: a SignalR
-- and a function for each try, made when they are first asked for, and a
-- stranger's look-alike beside each. Gives its URL and a function that serves
-- until standard input ends; the function raises when a stranger is approved.
local core = require "azure.core"
local emulator = require "azure.emulator"
local server = require "azure.emulator.server"

local e = assert(emulator.start{ seed = "contoso", timings = 1e-6 })
e:principal{
  tenant_id = "72f988bf-0000-4000-8000-2d7cd011db47", client_id = "22222222-2222-2222-2222-222222222222",
  client_secret = "not a secret",
}

local group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso/providers/"
local current
local strangers, wrong = {}, nil

local function ids(number)
  return group .. "Microsoft.SignalRService/signalR/torture-" .. number, group .. "Microsoft.Web/sites/torture-" .. number
end

-- One try at a time: what is left of the last one goes.
local function begin(number)
  if current then
    local signalr, site = ids(current)
    e:remove(signalr)
    e:remove(site)
    e:clear_requests()
  end
  current = number
  local signalr, site = ids(number)
  e:seed{ { id = signalr, sku = { name = "Standard_S1" } }, { id = site, plan = e.ids.plan } }
  strangers = { e:stranger{ target = site }, e:stranger{ target = site, message = "please approve [ref:AZL-00]" } }
end

local function look(request)
  local number = request.path:lower():match("/torture%-(%d+)")
  if number and number ~= current then begin(number) end
  for _, stranger in ipairs(strangers) do
    if stranger.status ~= "Pending" then wrong = ("try %s: a stranger became %s"):format(current, stranger.status) end
  end
  return false
end

e:fault{ match = look, times = math.huge }

local function serve()
  local loop = core.loop()
  while not server.input_closed() do
    loop:step(0.2)
    if wrong then error(wrong, 0) end
  end
end

return e.url, serve
