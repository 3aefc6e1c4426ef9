-- Twenty SignalR services at the same time, one function behind each, on one thread. Somebody throttles us meanwhile.
local azure = require "azure"
local emulator <close> = require("azure.emulator").start{ seed = "contoso" }
local client <close> = azure.client{ cloud = emulator:cloud(), credential = emulator:credential() }
azure.loop():auto_advance(true)

local names = {}
for i = 1, 20 do
  names[i] = ("chat-%02d"):format(i)
  emulator:seed{
    { id = emulator.ids.group .. "/providers/Microsoft.SignalRService/signalr/" .. names[i], location = "eastus",
      sku = { name = "Standard_S1", capacity = 1 } },
    { id = emulator.ids.group .. "/providers/Microsoft.Web/sites/" .. names[i] .. "-func", location = "eastus",
      kind = "functionapp", plan = emulator.ids.plan },
  }
end
emulator:fault{ match = "PUT .*sharedPrivateLinkResources", status = 429, retry_after = 7, times = 5 }

local began = azure.loop():now()
local reports, errs = azure.map(names, { concurrency = 20 }, function(name)
  return azure.private_link.establish(client, {
    signalr = emulator.ids.group .. "/providers/Microsoft.SignalRService/signalr/" .. name,
    upstream = emulator.ids.group .. "/providers/Microsoft.Web/sites/" .. name .. "-func",
    name = "func-pe",
  })
end)
for i, err in pairs(errs or {}) do print(names[i], err) end

local approved = 0
for _, report in pairs(reports) do
  if report.link.status == "Approved" then approved = approved + 1 end
end
print(("%d of %d approved in %.0f s of Azure's time"):format(approved, #names, azure.loop():now() - began))
assert(approved == #names)
