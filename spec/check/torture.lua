-- What the failing allocators are let loose on (see torture.c): the quickstart,
-- an error, a cancelled operation. Any outcome will do but a crash, a leak or
-- a wait without end; `return true` says that nothing went wrong.
local azure = require "azure"
local loop = azure.loop()
loop:auto_advance(true)

local emulator <close> = assert(require("azure.emulator").start{ seed = "contoso" })
-- An emulator that fails does not answer: that must not take a hundred seconds each time.
local client <close> = assert(azure.client{
  cloud = emulator:cloud(), credential = emulator:credential(), timeout = 0.3, retry = { max_retries = 1 },
})
local spec = { signalr = emulator.ids.signalr, upstream = emulator.ids.func, name = "func-pe", timeout = 900 }

local report = assert(azure.private_link.establish(client, spec))
assert(report.link.status == "Approved", "not approved")

local none, err = client:get(emulator.ids.signalr .. "/sharedPrivateLinkResources/nothing")
assert(none == nil and err.status == 404, "no 404")

local op <close> = assert(client:signalr(emulator.ids.signalr).shared_private_links:begin_delete("func-pe"))
assert(op:resume_token(), "no token")
op:cancel()
return true
