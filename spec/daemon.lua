-- Real servers of others beside the specs: started on a free port of the
-- loopback, ended with the test.
local core = require "azure.core"
local helper = require "spec.helper"

local daemon = {}

local Daemon = {}
Daemon.__index = Daemon

local function read(path)
  local file = io.open(path)
  if not file then return "" end
  local text = file:read("a")
  file:close()
  return text
end

--- A port that nobody listens on.
---@return integer
function daemon.free_port()
  local server = assert(require("azure.emulator.server").open({ address = "127.0.0.1", port = 0 }, function() end))
  local port = server:port()
  server:close()
  return port
end

--- A file of the daemon's folder, with a content when there is one.
function Daemon:file(name, text)
  local path = self.folder .. "/" .. name
  if text then
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
  end
  return path
end

--- What a file of the folder has in it now.
function Daemon:read(name)
  return read(self.folder .. "/" .. name)
end

-- Any answer will do, also an error: somebody listens.
local function is_up(port, scheme)
  local http <close> = core.http{ proxy = "", connect_timeout = 1 }
  local answer, err = http:send{ method = "GET", url = ("%s://127.0.0.1:%d/"):format(scheme, port), timeout = 2 }:wait()
  return answer ~= nil or err.code ~= "ConnectFailed"
end

--- Runs a command in the background until it listens on the port.
---@param command string
---@param port integer
---@param scheme string?
function Daemon:run(command, port, scheme)
  local pipe = assert(io.popen(("echo $$ >%s/pid; PATH=$PATH:/usr/sbin; exec %s >%s/out 2>&1 </dev/null"):format(
    self.folder, command, self.folder), "w"))
  self.pipe, self.port = pipe, port
  for _ = 1, 200 do
    if is_up(port, scheme or "http") then return self end
    core.sleep(0.02):wait()
  end
  error(command .. " does not listen: " .. self:read("out"))
end

function Daemon:close()
  if self.pipe then
    local pid = tonumber(self:read("pid"))
    if pid then os.execute(("kill %d 2>/dev/null"):format(pid)) end
    self.pipe:close()
    self.pipe = nil
  end
  os.execute("rm -rf " .. self.folder)
end

--- A new one, not running yet; it ends with the test.
function daemon.new()
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir -m 755 " .. folder))
  return helper.closing(setmetatable({ folder = folder }, Daemon))
end

return daemon
