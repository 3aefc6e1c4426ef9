-- A private path from an Azure SignalR Service to its function app, approved and verified: on the built-in emulator.
-- For Azure itself leave out the emulator, `cloud` and `credential`: your own login is found (`az login` will do).
local azure = require "azure"
local emulator <close> = require("azure.emulator").start{ seed = "contoso", timings = 0.01 }
local client <close> = azure.client{ cloud = emulator:cloud(), credential = emulator:credential() }

local group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
local spec = {
  signalr = group .. "/providers/Microsoft.SignalRService/signalr/contoso-signalr",
  upstream = group .. "/providers/Microsoft.Web/sites/contoso-func",
  name = "func-pe",                            -- of the new shared private link
  request_message = "please approve",          -- for whoever looks at the function
  approve = true,                              -- by the same login; only this link's own connection
  on_event = azure.progress.new(),             -- says what it is doing
  poll_interval = 0.2,
}
local report, err = azure.private_link.establish(client, spec)
if not report then error(tostring(err), 0) end
print(report)
local proof = assert(azure.private_link.verify(client, spec))     -- reads both ends again
print(proof)
os.exit(proof.ok, true)
