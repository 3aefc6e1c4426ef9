--- Milliseconds of the first request of a process, authorities read included.
--   lua5.4 bench/first.lua URL ca_file|ca_path WHERE

local core = require "azure.core"
local probe = require "probe"

local begun = probe.now()
local http = core.http{ [arg[2]] = arg[3], proxy = "" }
assert(http:send{ method = "GET", url = arg[1] }:wait())
print(("%.3f"):format((probe.now() - begun) * 1e3))
