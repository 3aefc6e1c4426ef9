--- One session of the prompt: its variables, its lines, what they give.

local complete = require "azure.repl.complete"
local core = require "azure.core"
local editor = require "azure.repl.editor"
local errors = require "azure.errors"
local help = require "azure.repl.help"
local pretty = require "azure.repl.pretty"
local waiting = require "azure.repl.waiting"

local session = {}

---@class azure.repl.Session
---@field env table the variables
---@field ids string[] of resources seen so far
---@field ended boolean
local Session = {}
Session.__index = Session
Session.__name = "azure.repl.session"

local MAX_IDS, MAX_DEPTH, KEY_BYTES = 2000, 8, 4096
local PROMPT, PROMPT_MORE = "azure> ", "    >> "

--- Prints a line. A line of input that is being edited moves down.
---@param text string
function Session:say(text)
  if self.editing then self.editor:hide() else self.waiting.live:close() end
  self.output:write(text, "\n")
  if self.editing then self.editor:refresh() end
  self.output:flush()
end

--- Keeps the ids in a value, for completion.
---@param value any
function Session:remember(value, depth)
  if type(value) == "string" then
    local key = value:lower()
    if not self.known[key] and value:find("^/subscriptions/[^/]+/%S+$") and #self.ids < MAX_IDS then
      self.known[key] = true
      table.insert(self.ids, value)
    end
  elseif type(value) == "table" and (depth or 0) < MAX_DEPTH then
    for _, item in next, value do self:remember(item, (depth or 0) + 1) end
  end
end

function Session:columns()
  return core.terminal_width(self.output) or 100
end

function Session:show(value, opts)
  opts = opts or {}
  self:say(pretty.format(value, { raw = opts.raw, secrets = opts.secrets, width = opts.width or self:columns() }))
end

local function all_of(iterator)
  local list = {}
  if type(iterator) ~= "function" then errors.raise("all: an iterator is expected, as of client:list(path)") end
  for item, err in iterator do
    if not item then return nil, err end
    list[#list + 1] = item
  end
  return list
end

-- The functions that the prompt adds to the language.
local function add_functions(self)
  local env = self.env
  function env.help(...)
    self:say(select("#", ...) == 0 and self.introduction or help.text((...), env, self:columns()))
  end
  function env.pp(value, opts) self:show(value, opts or { raw = true }) end
  env.all = all_of
  function env.traceback() self:say(self.last_traceback or "there was no error yet") end
  function env.exit() self.ended = true end
  env.quit = env.exit
  function env.print(...)
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = tostring(parts[i]) end
    self:say(table.concat(parts, "\t"))
  end
end

local function compile(self, code)
  local expression = load("return " .. code:gsub("^%s*=", ""), "=prompt", "t", self.env)
  if expression then return expression end
  return load(code, "=prompt", "t", self.env)
end

-- The message is all that the compiler gives; the `lua` program asks it too.
local function is_incomplete(message)
  return message ~= nil and message:find("<eof>$") ~= nil
end

-- Of `nil, err` only the error; of `value, nil` only the value.
local function show_results(self, results)
  local count = results.n
  if count == 1 then return end
  while count > 2 and results[count] == nil do count = count - 1 end
  local from = results[2] == nil and count > 2 and 3 or 2
  self.env._ = results[from]
  for i = from, count do self:show(results[i]) end
end

local function show_raised(self, err)
  if type(err) == "string" then return self:say("error: " .. err) end
  self:show(err)
end

local function show_error(self, err)
  if self.rearm() then return self:say(self.prompted and "\r\27[Kinterrupted" or "interrupted") end
  self.env._ = err
  show_raised(self, err)
end

local function mention_locals(self, code)
  if self.told_locals or not code:find("^%s*local%s") then return end
  self.told_locals = true
  self:say("-- a local ends with its line; without `local` it stays")
end

--- Runs code and shows what it gives.
---@param code string
---@return boolean complete false: the code goes on in the next line
function Session:run(code)
  local chunk, problem = compile(self, code)
  if is_incomplete(problem) then return false end
  if not chunk then
    self:say("error: " .. tostring(problem))
    return true
  end
  self.waiting:start()
  local results = table.pack(xpcall(chunk, function(err)
    self.last_traceback = debug.traceback(type(err) == "string" and err or tostring(err), 2)
    return err
  end))
  self.waiting:stop()
  if not results[1] then
    show_error(self, results[2])
    return true
  end
  self:remember(results)
  show_results(self, results)
  mention_locals(self, code)
  return true
end

-- One line from a terminal that is ours for as long as it takes. nil: the
-- input has ended; false: the line was given up.
local function edit(self, prompt)
  local raw <close> = core.terminal_raw(self.input)
  self.editor:start(prompt)
  local event, line = self.editor:feed("")
  while not event do
    local op <close> = core.read_fd(0, KEY_BYTES)
    local bytes = op:wait()
    if not bytes then return nil end
    event, line = self.editor:feed(bytes)
    if event == "suspend" then
      raw:suspend(self.foreground)
      self.editor:resume()
      event = nil
    end
  end
  if event == "eof" then return nil end
  return event == "line" and line or false
end

local function read_line(self, prompt)
  if not self.editor then
    if self.prompted then self.output:write(prompt):flush() end
    return self.input:read("l")
  end
  self.editing = true
  local ok, line = pcall(edit, self, prompt)
  self.editing = false
  if not ok then error(line, 0) end
  if line then self.editor:remember(line) end
  return line
end

-- Of a task that `_` alone keeps the error would be told much later.
local function take_from_last(self)
  local last = self.env._
  local mt = debug.getmetatable(last)
  if type(last) ~= "userdata" or type(mt) ~= "table" or mt.__name ~= "azure.op" or not last:done() then return end
  local status = last:status()
  if status.operation ~= "task" or not status.raised or self.told == last then return end
  self.told = last
  local ok, err, cancelled = pcall(last.wait, last)
  if ok then err = cancelled.raised end
  table.insert(self.lost, { err, self.last_traceback })
end

-- What background tasks raised: nobody else is going to ask for it.
local function report_lost(self)
  take_from_last(self)
  collectgarbage()
  for _, lost in ipairs(self.lost) do
    self.last_traceback = lost[2]
    self:say("a task that nobody waits for has raised an error:")
    show_raised(self, lost[1])
  end
  self.lost = {}
end

local words_that_end = { exit = true, quit = true }

-- Reads and runs until a statement is complete.
local function turn(self)
  local code = read_line(self, PROMPT)
  if code and words_that_end[code:match("^%s*(.-)%s*$")] then code = nil end
  if code == nil then
    self.ended = true
    return
  end
  while code and not self:run(code) do
    local more = read_line(self, PROMPT_MORE)
    if more == nil then
      self:say("error: the input ended in the middle of a statement")
      self.ended = true
    end
    code = more and code .. "\n" .. more
  end
  core.loop():step(0)
  report_lost(self)
end

local MAX_FAILURES = 5

-- For the time of the session: the foreground of its terminal, so that Ctrl-C
-- does not end a make in front of it, and the errors of lost tasks.
local function take_over(self)
  local foreground = self.prompted and core.terminal_foreground(self.input)
  self.foreground = foreground or nil
  core.on_lost(function(err, traceback) table.insert(self.lost, { err, traceback }) end)
  return setmetatable({}, { __close = function()
    report_lost(self)
    core.on_lost(nil)
    if foreground then foreground:close() end
  end })
end

--- Reads and runs lines until the input ends. Ctrl-C ends a line, not this.
function Session:loop()
  local _ <close> = take_over(self)
  local failures = 0
  while not self.ended and failures < MAX_FAILURES do
    local ok, err = pcall(turn, self)
    failures = ok and 0 or failures + 1
    if not ok then
      self.waiting:stop()
      show_error(self, err)
    end
  end
end

local function new_editor(self)
  return editor.new{
    write = function(text) self.output:write(text):flush() end,
    columns = function() return self:columns() end,
    complete = function(text) return complete.candidates(text, self.env, self.ids) end,
  }
end

--- Makes a session. `input` and `output`: files; `introduction`: what help() says.
---@param opts { input: file*, output: file*, introduction: string? }
---@return azure.repl.Session
function session.new(opts)
  local self = setmetatable({
    input = opts.input, output = opts.output, introduction = opts.introduction or "", ids = {}, known = {},
    ended = false, lost = {}, env = setmetatable({}, { __index = _G }),
    rearm = core.interrupts(),
  }, Session)
  local on_terminal = core.terminal_width(self.output) ~= nil
  self.prompted = on_terminal and core.terminal_width(self.input) ~= nil
  self.waiting = waiting.new(self.output, on_terminal)
  if self.prompted and self.input == io.stdin and os.getenv("TERM") ~= "dumb" then self.editor = new_editor(self) end
  add_functions(self)
  return self
end

return session
