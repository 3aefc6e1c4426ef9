-- Plan before, look during, clean up after; with an audit trail of every step.
--
--     lua5.4 examples/08_look_and_clean_up.lua [audit.jsonl]    (AZURE_LIVE=1: see where.lua)

local azure = require "azure"
local where = dofile(arg[0]:gsub("[^/]*$", "") .. "where.lua")

local client <close> = where.client()
local progress <close> = azure.progress.new()
local audit = assert(arg[1] and io.open(arg[1], "a") or io.tmpfile())
local spec = {
  signalr = where.signalr, upstream = where.upstream, name = "func-pe",
  on_event = azure.progress.tee(progress, azure.progress.json_lines(audit)),
}

-- What speaks against it, and which calls it would make. Nothing is written.
local plan = where.must(azure.private_link.plan(client, spec))
print(plan)
if not plan.ok then os.exit(1) end

where.must(azure.private_link.establish(client, spec))

-- The same state for people, for programs, for a page in the wiki.
print(where.must(azure.private_link.status(client, { signalr = where.signalr, format = "tree" })))
print(where.must(azure.private_link.status(client, { signalr = where.signalr, format = "mermaid" })))

-- Takes the link away, and nothing that it did not make.
print(where.must(azure.private_link.remove(client, spec)))

audit:seek("set")
local count = 0
for _ in (arg[1] and io.lines(arg[1]) or audit:lines()) do count = count + 1 end
print(("audit trail: %d events"):format(count))
