-- One team owns the SignalR service, another the function. The first asks, the second approves with its own login.
local azure = require "azure"
local emulator <close> = require("azure.emulator").start{ seed = "contoso" }
azure.loop():auto_advance(true)                -- the emulator's clock jumps over all waiting

local ours <close> = azure.client{ cloud = emulator:cloud(), credential = emulator:credential() }
local theirs <close> = azure.client{ cloud = emulator:cloud(), credential = emulator:principal{}:credential() }

-- Ours: create the link, find the connection it opened, stop there.
local asked = assert(azure.private_link.establish(ours, {
  signalr = emulator.ids.signalr, upstream = emulator.ids.func, name = "func-pe",
  request_message = "chat needs this, ticket 4711", approve = false,
}))
local letter = azure.json.encode(asked.handoff)
print("to mail:", letter)

-- Theirs: the letter is a claim, not a proof. All evidence is looked at again before anything is approved.
local answer = assert(azure.private_link.approve(theirs, azure.json.decode(letter)))
print("they say:", answer.state)

-- Ours again: wait until SignalR has noticed.
local report = assert(azure.private_link.establish(ours, {
  signalr = emulator.ids.signalr, upstream = emulator.ids.func, name = "func-pe", approve = false,
}))
print(report)
