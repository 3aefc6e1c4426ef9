-- The whole story of Microsoft's article "Secure Azure SignalR outbound traffic
-- through shared private endpoints", told against the built-in emulator over
-- real HTTP (--tls: over TLS). What `make demo` runs. Every step is checked; the
-- exit code is 0 only when all of it came out as told.
--
--     lua5.4 examples/demo.lua [--tls] [--speed N]      N: how much faster than Azure (default 25)

local azure = require "azure"
local emulator_module = require "azure.emulator"
local upstream_module = require "azure.emulator.upstream"

io.stdout:setvbuf("line")
local usage = "usage: demo.lua [--tls] [--speed N]      N: how much faster than Azure, more than 0 (default 25)\n"

local function read_arguments(arguments)
  local tls, speed, i = false, 25, 1
  while arguments[i] do
    local name, value = arguments[i], tonumber(arguments[i + 1])
    if name == "--help" then
      io.stdout:write(usage)
      os.exit(0)
    elseif name == "--tls" then
      tls = true
    elseif name == "--speed" and value and value > 0 and value < math.huge then
      speed, i = value, i + 1
    else
      io.stderr:write(("demo: '%s' is no argument, or its value is none\n"):format(name), usage)
      os.exit(2)
    end
    i = i + 1
  end
  return tls, speed
end

local tls, speed = read_arguments(arg)

local columns = require("azure.core").terminal_width(io.stdout)
local colored = columns and (os.getenv("NO_COLOR") or "") == ""

local function paint(code, text)
  return colored and ("\27[%sm%s\27[0m"):format(code, text) or text
end

local step_number = 0
local function step(title)
  step_number = step_number + 1
  print(("\n%s"):format(paint("1", ("%d. %s"):format(step_number, title))))
end

local function say(text, ...)
  print("   " .. text:format(...))
end

-- Everything said is checked: a demonstration that cannot fail shows nothing.
local function must(value, err)
  if value then return value end
  io.stderr:write("\n", paint("31", "the demonstration failed: "), tostring(err), "\n")
  os.exit(1)
end

local function last_segment(id)
  return id:match("[^/]+$")
end

local emulator <close> = must(emulator_module.start{ seed = "contoso", tls = tls, timings = 1 / speed })
local client <close> = azure.client{
  cloud = emulator:cloud(), credential = emulator:credential(), poll_interval = 5 / speed,
}
local signalr_id, func_id = emulator.ids.signalr, emulator.ids.func
local signalr = client:signalr(signalr_id)
local connections = client:private_endpoint_connections(func_id)
local live <close> = azure.progress.new{ handle = io.stdout }
local spec = {
  signalr = signalr_id, upstream = func_id, name = "func-pe", request_message = "please approve", approve = true,
  on_event = live, poll_interval = 5 / speed, grace = 180 / speed, settle = 20 / speed,
}

-- The function app: remembers who called, and checks the service's signature.
local keys = must(signalr:keys())
local upstream <close> = must(upstream_module.listen{ keys = { keys.primaryKey, keys.secondaryKey } })

local function call_upstream()
  must(emulator:send_upstream{ signalr = signalr_id, target = func_id, url = upstream.url }:wait())
  return upstream.seen[#upstream.seen]
end

local function tell_caller(seen)
  say("X-Forwarded-For: %s -> %s address, signature %s", seen.forwarded_for, seen.private and "private" or "public",
    seen.signature)
end

local function list_connections()
  local list = {}
  for connection, err in connections:list() do
    must(connection, err)
    list[#list + 1] = connection
  end
  return list
end

local function status_of(name)
  for _, connection in ipairs(list_connections()) do
    if connection.name == name then return connection.properties.privateLinkServiceConnectionState.status end
  end
  return "gone"
end

local function show_connections(ours)
  for _, connection in ipairs(list_connections()) do
    local state = connection.properties.privateLinkServiceConnectionState
    say("%-10s %-44s \"%s\"%s", state.status, connection.name, state.description,
      connection.name == ours and paint("32", "  <- ours") or "")
  end
end

local function writes_of(run)
  emulator:clear_requests()
  run()
  return #emulator:requests(function(request)
    return request.method ~= "GET" and request.path:find("^/subscriptions/")
  end)
end

print(paint("1", "A private path from contoso-signalr to contoso-func"))
say("emulator: %s, %g times as fast as Azure; every call below is real %s", emulator.url, speed,
  tls and "HTTPS" or "HTTP")

step "The SignalR service exists, and calls its upstream over the public network"
local resource = must(signalr:get())
say("%s  %s  %s  %s", resource.name, resource.sku.name, resource.location, resource.properties.provisioningState)
local before = call_upstream()
tell_caller(before)
must(not before.private and before.signature == "valid", "the first call should come from a public address")

step "A stranger asks the function for a connection, with the name and message that ours will have"
local stranger = emulator:stranger{ target = func_id, name = "func-pe", message = "please approve" }
show_connections()

step "Establish: create the link, find its own connection, approve that one, wait for both ends"
-- And while that waits, the stranger tries again: new, Pending, same name, same message.
-- Before the approval the list is shown once more: all of them are Pending.
local intruder, asked
spec.on_event = azure.progress.tee(live, function(event)
  if event.step == "approve" and event.state == "start" and not asked then
    live:close()
    asked = event.connection:match("[^/]+$")
    must(status_of(asked) == "Pending", "our own connection should still be Pending")
    show_connections(asked)
  end
  if event.step == "create" and event.state == "done" and not intruder then
    intruder = emulator:stranger{ target = func_id, name = "func-pe", message = "please approve" }
    live{ step = "stranger", state = "warn", at = event.at, message = "the stranger asks for another connection" }
  end
end)
local report = must(azure.private_link.establish(client, spec))
live:close()
spec.on_event = live
local ours = report.connection.name
must(report.link.status == "Approved" and report.connection.status == "Approved", "both ends should be Approved")

step "On the function: exactly one connection is approved, the look-alikes still wait"
show_connections(ours)
for _, other in ipairs{ stranger, intruder } do
  must(status_of(other.name) == "Pending", "the stranger's connections should still be Pending")
end
must(status_of(ours) == "Approved", "our connection should be Approved")

step "The report"
for line in tostring(report):gmatch("[^\n]+") do say("%s", line) end
for _, warning in ipairs(report.warnings) do
  if warning.hint then say("  %-12s %s", "hint", warning.hint) end
end

step "Upstream calls now come from a private address"
local since = azure.loop():wall()
local after = call_upstream()
tell_caller(after)
must(after.private and after.signature == "valid", "the call should come from a private address")
local proof = must(azure.private_link.verify(client, {
  signalr = signalr_id, upstream = func_id, name = "func-pe", probe = upstream.url, since = math.floor(since),
  on_event = live, poll_interval = 5 / speed,
}))
live:close()
say("verified: the path is %s", proof.verdict)
must(proof.verdict == "private", "verify should find the path private")

step "The same script again"
local second
local writes = writes_of(function()
  second = must(azure.private_link.establish(client, spec))
end)
live:close()
must(writes == 0 and not second.changed, "the second run should change nothing")
say("a second run changes nothing: %d writes sent, both ends were Approved already", writes)

step "Clean up: remove the link; what it did not create stays"
local removed = must(azure.private_link.remove(client, spec))
live:close()
must(status_of(ours) == "gone" and status_of(stranger.name) == "Pending", "only our own connection should be gone")
say("link and connection are gone; the stranger's connections are untouched")
for _, orphan in ipairs(removed.orphans or {}) do say("left alone: %s", orphan.name or last_segment(orphan.id)) end

step "Clean up, as the article does it: delete the resource group (a separate, explicit call)"
say("Azure takes minutes for this; from here on the emulator's clock jumps over all waiting")
azure.loop():auto_advance(true)
must(azure.private_link.remove_group(client, emulator.ids.group, { confirm = "contoso" }))
local exists, err = signalr:exists()
must(exists == false, err or "SignalR should be gone with its group")
say("resource group contoso and all in it are deleted")

print("\n" .. paint("32", ("All %d steps came out as told."):format(step_number)))
