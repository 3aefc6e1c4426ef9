-- What establish would do, and what speaks against it, without a single write.
local azure = require "azure"
local emulator <close> = require("azure.emulator").start{ seed = "contoso" }
local client <close> = azure.client{ cloud = emulator:cloud(), credential = emulator:credential() }

local spec = { signalr = emulator.ids.signalr, upstream = emulator.ids.func, name = "func-pe" }
local plan = assert(azure.private_link.plan(client, spec))
print(plan)

-- The free tier has no outbound private endpoints. All findings come at once, each with a hint.
emulator:seed{
  id = emulator.ids.group .. "/providers/Microsoft.SignalRService/signalr/contoso-free", location = "eastus",
  sku = { name = "Free_F1", capacity = 1 },
}
spec.signalr = emulator.ids.group .. "/providers/Microsoft.SignalRService/signalr/contoso-free"
spec.name = "x"
plan = assert(azure.private_link.plan(client, spec))
print(plan)
assert(not plan.ok)

local report, err = azure.private_link.establish(client, spec)
print(report, err.kind, err.code)
