-- One whole job, for torture.c to run out of memory in.
-- Arguments: the emulator's URL, the number of the try. Gives true, or what
-- kept it from being done.
local url, number = ...
local azure = require "azure"

azure.loop():auto_advance(true)

local group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso/providers/"

local function job()
  local credential <close> = assert(azure.identity.client_secret{
    tenant_id = "72f988bf-0000-4000-8000-2d7cd011db47", client_id = "22222222-2222-2222-2222-222222222222",
    client_secret = "not a secret", authority = url,
  })
  local client <close> = assert(azure.client{
    cloud = { arm = url, authority = url }, credential = credential, poll_interval = 0.01,
    connect_timeout = 2, timeout = 8, -- what libcurl forgets for want of memory ends with these
    retry = { max_retries = 2, delay = 0.01, max_delay = 0.1 }, log = function() end, log_level = "verbose",
  })
  return azure.private_link.establish(client, {
    signalr = group .. "Microsoft.SignalRService/signalR/torture-" .. number,
    upstream = group .. "Microsoft.Web/sites/torture-" .. number,
    name = "func-pe", on_event = function() end,
  })
end

local report, err = azure.run(job)
if not report then return false, tostring(err) end
return report.link.status == "Approved" and report.connection.status == "Approved", "not approved"
