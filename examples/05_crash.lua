-- The script dies half way; the next one, in another process, finishes the job: one link, one approval.
local azure = require "azure"
local emulator <close> = require("azure.emulator").start{ seed = "contoso" }
azure.loop():auto_advance(true)

local function job(timeout)
  local client <close> = azure.client{ cloud = emulator:cloud(), credential = emulator:credential() }
  return azure.private_link.establish(client, {
    signalr = emulator.ids.signalr, upstream = emulator.ids.func, name = "func-pe", timeout = timeout,
  })
end

-- 30 seconds are too few: the link is on its way, nothing is approved, and then the client is gone.
local report, err = job(30)
print(report, err.kind, err.hint)

-- The reference in the link's own message tells the second run which connection is its own.
report = assert(job(1800))
print(report)

local links = #emulator:requests("PUT .*sharedPrivateLinkResources/")
local approvals = #emulator:requests("PUT .*privateEndpointConnections/")
print(("%d PUT of the link, %d approval"):format(links, approvals))
assert(links == 1 and approvals == 1)
