--- Between the server module and a handler: every request gets an answer, also
-- where the handler fails; delays and cut connections are the server's.

local server_module = require "azure.emulator.server"

local transport = {}

local function send(server, id, answer)
  local delay = answer.delay or 0
  if answer.close == "drop" then return server:drop(id, delay) end
  if answer.close == "reset" then return server:reset(id, delay) end
  local body = answer.body or ""
  if answer.truncate and answer.truncate < #body then
    return server:truncate(id, answer.status, answer.headers, body, answer.truncate, delay)
  end
  return server:respond(id, answer.status, answer.headers, body, delay)
end

local function failure(reason)
  return {
    status = 500, headers = { { "Content-Type", "text/plain" } },
    body = "the emulator failed: " .. tostring(reason) .. "\n",
  }
end

local function serve(server, handle)
  local raw = server:next()
  while raw do
    local ok, answer = xpcall(handle, debug.traceback, raw)
    if not ok then answer = failure(answer) end
    -- An answer that cannot be sent (a header with a line break) must not
    -- leave its request waiting.
    local sent, why = pcall(send, server, raw.id, answer)
    if not sent then send(server, raw.id, failure(why)) end
    raw = server:next()
  end
end

--- Listens and lets `handle(raw request) -> answer` answer.
---@param opts table { address, port, cert, key }
---@param handle fun(raw: table): table
---@return userdata? server
---@return string? why
function transport.listen(opts, handle)
  return server_module.open(opts, function(server) serve(server, handle) end)
end

return transport
