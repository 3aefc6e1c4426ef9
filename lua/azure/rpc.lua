--- The library for programs that cannot load a C module for Lua 5.4 (LuaJIT in
-- OpenResty and Neovim, HAProxy, any other language): one JSON document per
-- line on standard input and output.
--
--     lua5.4 -l azure.rpc
--     > {"method": "configure", "params": {"credential": {"kind": "azure_cli"}}, "id": 1}
--     < {"id": 1, "result": true}
--     > {"method": "private_link.establish", "id": 2, "progress": true, "params": {"signalr": "/subscriptions/..."}}
--     < {"id": 2, "event": {"step": "preflight", "state": "start", ...}}
--     > {"cancel": 2}
--     < {"id": 2, "error": {"kind": "cancelled", "message": "...", ...}}
--
-- Requests run side by side; each gets one line with `result` or `error`. At
-- the end of the input everything under way is cancelled, except after
-- {"method": "finish"}, which lets it end. Nothing but answers is printed.
--
-- Methods, their params (further options in brackets) and results:
--
--     ping                                         true
--     version                                      {"version", "lua", "libcurl", "protocol"}
--     configure [credential, those of azure.client] true; not while requests are under way
--     get id [azure.CallOptions]                   the document
--     list path [azure.ListOptions]                all items, an array
--     request path [azure.Request]                 {"status", "headers", "body", "json", "request_id"}
--     put, patch, post, delete id [body, azure.WriteOptions]
--                                                  the document or true, when the operation has ended
--     begin method, path [body, azure.WriteOptions]
--                                                  {"done": false, "resume_token"} as soon as Azure has accepted it,
--                                                  {"done": true, "result"} where it had ended by then
--     resume token [timeout]                       what put gives; from any process
--     private_link.plan, private_link.establish, private_link.status, private_link.verify, private_link.remove
--                                                  params: azure.private_link.Spec; result: as in Lua
--     private_link.approve handoff [azure.private_link.ApproveOptions]
--     private_link.remove_group id, confirm [timeout]
--     finish                                       true; the rest ends before the program does
--
-- The credential of `configure` is {"kind": ...} with the options of that function of azure.identity: default,
-- environment, client_secret, client_certificate, workload_identity, managed_identity, azure_cli,
-- azure_developer_cli, azure_powershell, azure_pipelines, github_actions, static. Without `configure` it is the
-- default one.
--
-- A null stands for what is not given. `examples/rpc_luajit.lua` and `examples/rpc_neovim.lua` are clients.

local core = require "azure.core"
local errors = require "azure.errors"
local json = require "azure.json"
local methods = require "azure.rpc.methods"
local progress = require "azure.progress"

local rpc = {}

---@class azure.rpc.ServerOptions
---@field input integer? a descriptor to read, default 0
---@field output table? something with `write` and `flush`, default io.stdout

---@class azure.rpc.Server
---@field client azure.Client?
local Server = {}
Server.__index = Server
Server.__name = "azure.rpc"

rpc.MAX_LINE = 4 * 1024 * 1024
rpc.MAX_REQUESTS = 1000

local function failure(code, message, hint)
  return errors.new{ kind = "refused", code = code, message = message, hint = hint }
end

--- What only a Lua program could use is left out; arrays stay arrays. `lists`:
--- names whose empty tables are arrays too.
local function plain(value, lists)
  if type(value) == "function" or type(value) == "thread" then return nil end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do
    if type(item) ~= "userdata" or item == json.null then copy[key] = plain(item, lists) end
    if lists[key] and type(item) == "table" and next(item) == nil then json.array(copy[key]) end
  end
  return json.is_array(value) and json.array(copy) or copy
end

--- The client of the requests: as configured, or with the default credential.
---@return azure.Client
function Server:client_for()
  if not self.client then
    local client, err = require("azure.client").new()
    if not client then error(err, 0) end
    self.client = client
  end
  return self.client
end

-- Done at once, so that what stands on the next line has the new client.
local function configure(self, params)
  if self.running > 0 then return nil, failure("Busy", "configure: requests are under way") end
  local opts = methods.without_nulls(params)
  local credential, err = methods.make_credential(opts.credential, opts.cloud)
  if err then return nil, err end
  opts.credential = credential
  local client
  client, err = require("azure.client").new(opts)
  if not client then return nil, err end
  if self.client then self.client:close() end
  self.client, self.credential = client, credential
  return true
end

--- Writes one line; what cannot be said in JSON is an error of the request.
---@param message table { id, result | error | event }
function Server:write(message)
  local ok, text = pcall(json.encode, message)
  if not ok then
    text = json.encode{ id = message.id, error = {
      kind = "protocol", code = "NotJson", message = "the answer cannot be written as JSON" } }
  end
  local written = self.output:write(text, "\n") and self.output:flush()
  if not written then self:stop() end
end

-- A message raised for a wrong argument names it; where in our code that was
-- concerns nobody at the other end.
local function error_of(value, lists)
  if errors.is(value) then
    local copy = {}
    for key, item in pairs(value) do
      if key ~= "body" then copy[key] = item end
    end
    copy.details = value.details
    return progress.scrub(plain(copy, lists or {}))
  end
  local text = type(value) == "string" and value:gsub("^[^%s:]+%.lua:%d+: ", "") or "an error without a message"
  return { kind = "refused", code = "InvalidRequest", message = progress.scrub(text) }
end

-- ok, result, err: what pcall gave.
local function answer(self, id, lists, ok, result, err)
  if not ok then return self:write{ id = id, error = error_of(result, lists) } end
  if result == nil or (result == false and err ~= nil) then
    local problem = err or failure("NoResult", "the method gave no result")
    return self:write{ id = id, error = error_of(problem, lists) }
  end
  self:write{ id = id, result = plain(result, lists) }
end

local function teller(self, id, lists)
  return function(event)
    self:write{ id = id, event = progress.scrub(plain(event, lists)) }
  end
end

-- What a cancelled request says of its own may be what the cancellation broke.
local function ended(self, id, lists, ok, result, err)
  local cancelled = self.cancelled[id] and (not ok or not result)
  self.tasks[id], self.cancelled[id] = nil, nil
  self.running = self.running - 1
  if cancelled then
    ok, result = true, nil
    err = errors.new{ kind = "cancelled", code = "Cancelled", message = "the request was cancelled" }
  end
  answer(self, id, lists, ok, result, err)
end

-- A task that was cancelled before it began never runs.
local function cancel(self, id)
  local task = self.tasks[id]
  if not task then return end
  self.cancelled[id] = true
  task:cancel()
  if task:done() then ended(self, id, {}, true) end
end

local function start(self, request, params)
  local id, lists = request.id, methods.lists_of(request.method)
  local tell = request.progress == true and teller(self, id, lists) or nil
  self.running = self.running + 1
  self.tasks[id] = core.task(function()
    ended(self, id, lists, pcall(methods.methods[request.method], self, params, tell))
  end)
end

local function check(self, request, params)
  local id = request.id
  if math.type(id) ~= "integer" and type(id) ~= "string" then
    return failure("InvalidRequest", "a request has an 'id', a string or an integer")
  end
  if self.tasks[id] then return failure("DuplicateId", "a request with this id is under way") end
  if type(params) ~= "table" or json.is_array(params) and #params > 0 then
    return failure("InvalidRequest", "'params' must be an object")
  end
  if self.running >= rpc.MAX_REQUESTS then
    return failure("TooManyRequests", ("%d requests are under way"):format(self.running))
  end
end

local function unknown(name)
  if type(name) ~= "string" then return failure("InvalidRequest", "a request has a 'method', a string") end
  local near = methods.nearest(name)
  return failure("UnknownMethod", ("there is no method '%s'"):format(name:sub(1, 60)),
    near and ("did you mean '%s'?"):format(near))
end

local function dispatch(self, request, params)
  local id, name = request.id, request.method
  if name == "finish" then return answer(self, id, {}, true, true) end
  if name == "configure" then return answer(self, id, {}, pcall(configure, self, params)) end
  if not methods.methods[name] then return answer(self, id, {}, true, nil, unknown(name)) end
  start(self, request, params)
end

--- Handles one decoded line: a request, a cancellation, or "finish".
---@param request table
function Server:handle(request)
  request = methods.without_nulls(request)
  if request.cancel ~= nil then return cancel(self, request.cancel) end
  if request.method == "finish" then
    self.finishing = true
    if request.id == nil then return end
  end
  local params = request.params
  if params == nil then params = {} end
  local problem = check(self, request, params)
  if problem then
    local id = request.id
    return self:write{ id = type(id) ~= "table" and id or json.null, error = error_of(problem) }
  end
  dispatch(self, request, methods.without_nulls(params))
end

local function protocol_error(self, code, message)
  self:write{ id = json.null, error = error_of(errors.new{ kind = "protocol", code = code, message = message }) }
end

-- The line itself is never told: it may hold a secret.
local function handle_line(self, line)
  if not line:find("%S") then return end
  local request = json.decode(line)
  if type(request) ~= "table" or json.is_array(request) then
    return protocol_error(self, "InvalidJson", "a line is no JSON object")
  end
  self:handle(request)
end

--- Takes bytes as they come and handles the lines that are complete.
---@param bytes string
function Server:feed(bytes)
  local from = 1
  while true do
    local stop = bytes:find("\n", from, true)
    local part = bytes:sub(from, (stop or 0) - 1)
    if not self.skipping then self.parts[#self.parts + 1] = part end
    self.length = self.length + #part
    if self.length > rpc.MAX_LINE and not self.skipping then
      self.skipping, self.parts = true, {}
      protocol_error(self, "LineTooLong", ("a line has more than %d bytes"):format(rpc.MAX_LINE))
    end
    if not stop then return end
    local line = not self.skipping and table.concat(self.parts)
    self.parts, self.length, self.skipping = {}, 0, false
    if line then handle_line(self, line) end
    from = stop + 1
  end
end

--- The input has ended: its last line may have no end of its own.
function Server:feed_end()
  if self.length > 0 then self:feed("\n") end
end

--- Cancels everything under way.
function Server:stop()
  self.stopped = true
  local ids = {}
  for id in pairs(self.tasks) do ids[#ids + 1] = id end
  for _, id in ipairs(ids) do cancel(self, id) end
end

-- A cancellation ends one wait of a task; one that goes on is told again.
local function wait_for_all(self)
  local id, task = next(self.tasks)
  while id do
    task:wait{ timeout = self.stopped and 1 or nil }
    if self.stopped and not task:done() then task:cancel() end
    id, task = next(self.tasks)
  end
end

--- Serves until the input ends.
---@return boolean ok false where the input could not be read or the output not be written
function Server:run()
  local err
  while not self.stopped do
    local bytes
    bytes, err = core.read_fd(self.input):wait()
    if not bytes then break end
    self:feed(bytes)
  end
  if not err then self:feed_end() end
  local broken = self.stopped or err ~= nil
  if not self.finishing then self:stop() end
  wait_for_all(self)
  if self.client then self.client:close() end
  if self.credential then self.credential:close() end
  return not broken
end

--- Makes a server; `lua5.4 -l azure.rpc` runs one on standard input and output.
---@param opts azure.rpc.ServerOptions?
---@return azure.rpc.Server
function rpc.new(opts)
  opts = errors.check_options(opts, { input = true, output = true }, "rpc.new")
  return setmetatable({
    input = opts.input or 0, output = opts.output or io.stdout, tasks = {}, cancelled = {}, running = 0,
    parts = {}, length = 0,
  }, Server)
end

-- `lua5.4 -l azure.rpc`: options of the interpreter stand at negative places
-- of `arg` where there is a script, else after the interpreter at 0.
local function run_by_option()
  if not arg then return false end
  local first, last = 0, -1
  while arg[first - 1] do first = first - 1 end
  if first == 0 then last = #arg end
  for i = first, last do
    if arg[i] == "-lazure.rpc" or (arg[i] == "-l" and arg[i + 1] == "azure.rpc") then return true end
  end
  return false
end

-- A descriptor that was closed at the start would become the next one that
-- somebody opens: the event loop's own, or a connection that then gets answers.
local EBADF = 9
local function is_open(file)
  return select(3, file:seek()) ~= EBADF
end

local function main()
  if is_open(io.stdin) and is_open(io.stdout) then return rpc.new():run() end
  io.stderr:write("azure.rpc: standard input and output must be open\n")
  return false
end

if run_by_option() then os.exit(main(), true) end

return rpc
