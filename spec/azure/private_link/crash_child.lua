-- A process that establishes a path, to be killed in the middle of it.
-- arg: emulator's URL, token, SignalR's id, upstream's id
local azure = require "azure"

local client <close> = azure.client{
  cloud = { arm = arg[1], authority = arg[1] }, poll_interval = 0.02,
  credential = azure.identity.static{ token = arg[2], expires_on = os.time() + 3600 },
}
local report, err = azure.private_link.establish(client, {
  signalr = arg[3], upstream = arg[4], name = "func-pe", poll_interval = 0.02, grace = 5, timeout = 20,
})
if not report then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
