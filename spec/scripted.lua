-- A server that plays a script: it answers each request with the next line of
-- the script and writes down what it was asked and when (loop's clock).
--
--     local server = scripted.start{ { "PUT", "/a?b=c", 201, headers = {...}, body = "..." }, ... }
--
-- A request that is not the next one of the script gets 418 and is a mismatch;
-- a line without method and path takes any. "{arm}" in headers and bodies is
-- the server's own origin.
local canary = require "spec.canary"
local core = require "azure.core"
local helper = require "spec.helper"
local transport = require "azure.emulator.transport"

local scripted = {}

local Server = {}
Server.__index = Server

local function fill(self, text)
  return (text:gsub("{arm}", function() return self.url end))
end

-- Pairs keep their order and their case; a map is fine where neither matters.
local function headers_of(self, line)
  local list = {}
  for key, value in pairs(line.headers or {}) do
    if type(key) == "number" then key, value = value[1], value[2] end
    list[#list + 1] = { key, fill(self, value) }
  end
  return list
end

local function wrong(text)
  return { status = 418, headers = {}, body = text }
end

local function answer(self, raw)
  local line = self.script[#self.requests]
  local asked = raw.method .. " " .. raw.path
  if not line then
    self.mismatches[#self.mismatches + 1] = "asked once too often: " .. asked
    return wrong("the script has ended")
  end
  if line[1] and asked ~= line[1] .. " " .. fill(self, line[2]) then
    self.mismatches[#self.mismatches + 1] = ("%s\n  instead of %s %s"):format(asked, line[1], fill(self, line[2]))
    return wrong("not what the script says")
  end
  return {
    status = line[3] or line.status, headers = headers_of(self, line), body = fill(self, line.body or ""),
    close = line.close, delay = line.delay, truncate = line.truncate,
  }
end

local function lower_headers(raw)
  local map = {}
  for _, pair in ipairs(raw.headers) do map[pair[1]:lower()] = pair[2] end
  return map
end

--- Starts a server; it ends with the test.
---@param script table[]?
---@param opts table? cert, key
function scripted.start(script, opts)
  local self = setmetatable({ script = script or {}, requests = {}, mismatches = {} }, Server)
  opts = opts or {}
  self.server = assert(transport.listen({ address = "127.0.0.1", port = 0, cert = opts.cert, key = opts.key },
    function(raw)
      self.requests[#self.requests + 1] = {
        method = raw.method, path = raw.path, headers = lower_headers(raw), body = raw.body, at = core.loop():now(),
        remote = raw.remote,
      }
      if self.handle then return self.handle(raw) end
      return answer(self, raw)
    end))
  self.port = self.server:port()
  self.url = ("%s://127.0.0.1:%d"):format(opts.cert and "https" or "http", self.port)
  return helper.closing(self)
end

--- What it was asked, as "METHOD path".
function Server:lines()
  local list = {}
  for i, request in ipairs(self.requests) do list[i] = request.method .. " " .. request.path end
  return list
end

--- Seconds between each request and the one before it.
function Server:pauses()
  local list = {}
  for i = 2, #self.requests do list[#list + 1] = self.requests[i].at - self.requests[i - 1].at end
  return list
end

--- The script was played to its end and nothing else was asked.
function Server:assert_played()
  assert(#self.mismatches == 0, table.concat(self.mismatches, "\n"))
  assert(#self.requests == #self.script,
    ("asked %d times, the script has %d lines"):format(#self.requests, #self.script))
end

function Server:close()
  if self.server then self.server:close() end
  self.server = nil
end

--- A client of the server, with a static token unless opts say otherwise.
function scripted.client(server, opts)
  local azure = require "azure"
  local all = { cloud = { arm = server.url, authority = server.url }, subscription_id = helper.subscription }
  for key, value in pairs(opts or {}) do all[key] = value end
  if all.credential == nil then
    all.credential = helper.closing(azure.identity.static{
      token = canary.plant("t0ken-of-the-spec", "the static token"), expires_on = 4e9 })
  end
  return helper.closing(assert(azure.client(all)))
end

return scripted
