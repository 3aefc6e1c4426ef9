-- Where the numbered examples run. By default: on an emulator inside the same
-- process, on a virtual clock, so that minutes of Azure take no time. With
-- AZURE_LIVE=1: on Azure, with your own login (`az login` will do); then give
-- AZURE_SIGNALR_ID and AZURE_UPSTREAM_ID.
local azure = require "azure"

local where = { live = os.getenv("AZURE_LIVE") == "1" }

if where.live then
  where.signalr = assert(os.getenv("AZURE_SIGNALR_ID"), "AZURE_SIGNALR_ID is not set")
  where.upstream = assert(os.getenv("AZURE_UPSTREAM_ID"), "AZURE_UPSTREAM_ID is not set")
else
  where.emulator = assert(require("azure.emulator").start{ seed = "contoso" })
  azure.loop():auto_advance(true)
  where.signalr, where.upstream = where.emulator.ids.signalr, where.emulator.ids.func
end

--- A client. On the emulator it signs in as a principal who may do `actions`.
function where.client(actions)
  if where.live then return azure.client{} end
  local who = actions and where.emulator:principal{ actions = actions } or where.emulator
  return azure.client{ cloud = where.emulator:cloud(), credential = who:credential() }
end

--- Ends the script with a message when there is no value.
function where.must(value, err)
  if value then return value end
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end

return where
