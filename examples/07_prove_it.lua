-- Approved is not yet proven: what address does the function see SignalR's calls
-- come from? A small upstream notes X-Forwarded-For of each signed call; verify
-- asks it. On Azure, deploy examples/azure-function and give its URL as PROBE_URL.
--
--     lua5.4 examples/07_prove_it.lua                 (AZURE_LIVE=1: see where.lua)

local azure = require "azure"
local where = dofile(arg[0]:gsub("[^/]*$", "") .. "where.lua")

local client <close> = where.client()
local progress <close> = azure.progress.new()
local spec = {
  signalr = where.signalr, upstream = where.upstream, name = "func-pe", on_event = progress,
  probe = os.getenv("PROBE_URL"),
}

-- On the emulator: an upstream here, and SignalR's calls made on demand.
local upstream
if where.emulator then
  local keys = where.must(client:signalr(where.signalr):keys())
  upstream = where.must(require("azure.emulator.upstream").listen{ keys = { keys.primaryKey, keys.secondaryKey } })
  spec.probe = upstream.url
end

local function let_signalr_call()
  if not upstream then return print("now let a client connect to your SignalR") end
  where.must(where.emulator:send_upstream{ url = upstream.url, target = where.upstream }:wait())
end

spec.since = azure.loop():wall()
let_signalr_call()
print("before: " .. where.must(azure.private_link.verify(client, spec)).verdict)

print(where.must(azure.private_link.establish(client, spec)))

spec.since = azure.loop():wall()
let_signalr_call()
local proof = where.must(azure.private_link.verify(client, spec))
print(proof)
if upstream then upstream:stop() end
os.exit(proof.verdict == "private" and 0 or 1, true)
