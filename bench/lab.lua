--- Running the programs of the benchmark: servers, clients, numbers.

local json = require "azure.json"

local lab = {}

--- Output of a command; raises when it fails.
---@param command string
---@return string
function lab.read(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  if not pipe:close() then error("bench: failed: " .. command, 0) end
  return text
end

--- The JSON that a command prints in its last line.
---@param command string
---@return table
function lab.json(command)
  local line = lab.read(command):match("([^\n]+)\n*$") or ""
  return assert(json.decode(line))
end

local function has(command)
  return os.execute("command -v " .. command .. " >/dev/null 2>&1") == true
end

local cores = tonumber(lab.read("getconf _NPROCESSORS_ONLN")) or 1
local pinned = cores > 1 and has("taskset")

-- A client that hangs must not hang everything.
local limit = has("timeout") and "timeout 300 " or ""

--- The command on the core of servers (0) or that of clients (1).
---@param core integer
---@param command string
---@return string
function lab.on(core, command)
  local prefix = core == 0 and "" or limit
  return pinned and ("%staskset -c %d %s"):format(prefix, core, command) or prefix .. command
end

--- Starts the server; `stop` ends it.
---@param out string the folder of the programs
---@param options string as on its command line
---@return {url: string, stop: fun()}
function lab.server(out, options)
  local file = os.tmpname()
  local command = lab.on(0, ("%s/server %s"):format(out, options))
  local pid = lab.read(("%s >%s 2>&1 & echo $!"):format(command, file)):match("%d+")
  local port
  for _ = 1, 100 do
    local log = io.open(file)
    port = log and log:read("a"):match("ready (%d+)")
    if log then log:close() end
    if port then break end
    os.execute("sleep 0.05")
  end
  os.remove(file)
  assert(port, "bench: the server does not start")
  local scheme = options:find("cert=", 1, true) and "https" or "http"
  return {
    url = ("%s://localhost:%s"):format(scheme, port),
    stop = function() os.execute("kill " .. pid) end,
  }
end

--- Median of a list, with its quartiles, its least and its greatest.
---@param list number[]
---@return {median: number, lower: number, upper: number, least: number, most: number}
function lab.summary(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  -- between two of them where the place is no whole number
  local function at(share)
    local place = 1 + (#sorted - 1) * share
    local low = math.floor(place)
    local high = math.min(low + 1, #sorted)
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low)
  end
  return { median = at(0.5), lower = at(0.25), upper = at(0.75), least = sorted[1], most = sorted[#sorted] }
end

--- One line about the machine.
---@return string
function lab.machine()
  local model = lab.read("sed -n 's/^model name.*: //p' /proc/cpuinfo 2>/dev/null | head -1"):gsub("%s+$", "")
  local system = lab.read("uname -srm"):gsub("%s+$", "")
  return ("%s, %d cores, %s%s"):format(model ~= "" and model or "unknown processor", cores, system,
    pinned and "; server on core 0, client on core 1" or "; not pinned")
end

--- Versions of what took part.
---@return string
function lab.versions()
  local function package(name)
    local file = io.open(("%s/node_modules/%s/package.json"):format(os.getenv("SDK"), name))
    local version = file and json.decode(file:read("a")).version or "?"
    return ("%s %s"):format(name, version)
  end
  local libcurl = require("azure.core").libcurl
  return table.concat({ _VERSION, libcurl:match("^%S+"), libcurl:match("OpenSSL%S+") or "",
    "Node " .. lab.read("node --version"):gsub("%s", ""), package("@azure/arm-signalr"),
    package("@azure/arm-appservice"), package("@azure/core-lro") }, ", ")
end

return lab
