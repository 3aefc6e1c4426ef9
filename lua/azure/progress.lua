--- Shows what a job does: `on_event = progress.new()`.
-- On a terminal: finished steps as lines, the one under way as a live line.
-- Elsewhere: one plain line for each change, with the time in UTC. NO_COLOR and `color = false` are
-- obeyed. `progress.json_lines` keeps the audit trail. Secrets are never
-- written: see `progress.scrub`.

local errors = require "azure.errors"
local one_line = require("azure.text").one_line

---@class azure.progress
local progress = {}

---@class azure.Event
---@field step string what part of the job, for example "bind"
---@field state string "start", "wait", "done", "warn" or "fail"
---@field at number seconds since 1970
---@field elapsed number? seconds since the job began
---@field who string? whose credential acts
---@field name string? the job, when several run
---@field message string a sentence for people

-- Keys whose values are never shown, whoever put them into an event.
local SECRET_WORDS = {
  "token", "secret", "password", "authorization", "accesskey", "primarykey", "secondarykey",
  "connectionstring", "assertion", "private_key",
}
local MAX_DEPTH = 8

local function is_secret_key(key)
  local lowered = tostring(key):lower()
  for _, word in ipairs(SECRET_WORDS) do
    if lowered:find(word, 1, true) then return true end
  end
  return false
end

-- The queries of ARM's poll URLs are signed: whoever has one can use it.
local function scrub_text(text)
  text = text:gsub("(https?://[^%s?\"']+)%?[^%s\"']+", "%1?***")
  text = text:gsub("([Bb][Ee][Aa][Rr][Ee][Rr]%s+)[%w%-%._~%+/=]+", "%1***")
  text = text:gsub("([Aa]ccess[Kk]ey=)[^;%s]+", "%1***")
  return text
end

local scrub_value

local function scrub_table(t, depth)
  if depth > MAX_DEPTH then return "..." end
  local copy = {}
  for key, value in pairs(t) do
    local kind = type(value)
    if is_secret_key(key) and (kind == "string" or kind == "table") then
      copy[key] = "***"
    elseif kind ~= "function" and kind ~= "thread" then
      copy[key] = scrub_value(value, depth + 1)
    end
  end
  return setmetatable(copy, require("azure.json").is_array(t) and getmetatable(t) or nil)
end

function scrub_value(value, depth)
  if type(value) == "string" then return scrub_text(value) end
  if type(value) == "table" then return scrub_table(value, depth) end
  if type(value) == "userdata" and value ~= require("azure.json").null then return tostring(value) end
  return value
end

--- A copy without secrets: values of suspicious keys, queries of URLs, bearer tokens.
---@param value any
---@return any
function progress.scrub(value)
  return scrub_value(value, 1)
end

local styles = {
  start = { mark = "·", ascii = ">", color = "36" },
  wait = { mark = "…", ascii = ".", color = "36" },
  done = { mark = "✓", ascii = "+", color = "32" },
  warn = { mark = "!", ascii = "!", color = "33" },
  fail = { mark = "✗", ascii = "x", color = "31" },
}

local function duration(seconds)
  if seconds < 60 then return ("%ds"):format(seconds // 1) end
  if seconds < 3600 then return ("%dm %02ds"):format(seconds // 60, seconds % 60 // 1) end
  return ("%dh %02dm"):format(seconds // 3600, seconds % 3600 // 60)
end

---@class azure.ProgressOptions
---@field handle file*? default io.stderr
---@field tty boolean? whether it is a terminal; default: what it is
---@field color boolean? default: on a terminal, unless NO_COLOR is set
---@field width integer? columns
---@field unicode boolean? default: as the locale says

--- Shows events; `on_event` takes it as it is.
---@class azure.progress.Renderer
---@field live boolean whether a line is shown that will be replaced
local Renderer = {}
Renderer.__index = Renderer
Renderer.__name = "azure.progress"

local function text_of(event)
  local text = one_line(scrub_text(tostring(event.message or event.step or "?")))
  if event.name then text = ("%s: %s"):format(one_line(event.name), text) end
  if event.state == "wait" and event.elapsed then
    text = ("%s (%s)"):format(text, duration(event.elapsed))
  end
  return text
end

local function clip(text, columns)
  if utf8.len(text) == nil or utf8.len(text) <= columns then return text end
  return text:sub(1, utf8.offset(text, columns - 1) - 1) .. ".."
end

local function mark(self, event)
  local style = styles[event.state] or styles.start
  local sign = self.unicode and style.mark or style.ascii
  if not self.color then return sign end
  return ("\27[%sm%s\27[0m"):format(style.color, sign)
end

local function clear(self)
  if not self.live then return end
  self.handle:write("\r\27[K")
  self.live = false
end

local function show_live(self, event)
  local text = clip(text_of(event), self.columns - 3)
  clear(self)
  self.handle:write(mark(self, event), " ", text)
  self.live = true
end

local function show_line(self, event)
  local time = self.columns and "" or os.date("!%H:%M:%SZ ", math.floor(event.at or os.time()))
  clear(self)
  self.handle:write(time, mark(self, event), " ", text_of(event), "\n")
end

-- Plain output: a wait that only goes on is not worth a line.
local function is_news(self, event)
  if event.state ~= "wait" then
    self.last_wait = nil
    return true
  end
  local key = tostring(event.name) .. "\0" .. tostring(event.step) .. "\0" .. tostring(event.message)
  if self.last_wait == key then return false end
  self.last_wait = key
  return true
end

--- Shows one event. The object itself can be called the same way.
---@param event azure.Event
function Renderer:event(event)
  if type(event) ~= "table" then errors.raise("progress: 'event' must be a table") end
  local passing = event.state == "wait" or event.state == "start"
  if self.columns and passing then
    show_live(self, event)
  elseif self.columns or is_news(self, event) then
    show_line(self, event)
  end
  self.handle:flush()
end

--- Ends the live line, so that what the script prints next has its own line.
function Renderer:close()
  clear(self)
  self.handle:flush()
end

function Renderer:__call(event) self:event(event) end
Renderer.__close = function(self) self:close() end

local function is_utf8_locale()
  local locale = os.getenv("LC_ALL") or os.getenv("LC_CTYPE") or os.getenv("LANG") or ""
  return locale:lower():find("utf%-?8") ~= nil
end

local function terminal_columns(handle)
  if io.type(handle) ~= "file" then return nil end
  return require("azure.core").terminal_width(handle)
end

local function columns_for(opts, handle)
  if opts.tty == false then return nil end
  local columns = terminal_columns(handle)
  if columns or opts.tty then return opts.width or columns or 80 end
  return nil
end

-- https://no-color.org: set to anything but the empty string means no colour.
local function wants_color(opts, columns)
  if opts.color ~= nil then return opts.color end
  return columns ~= nil and (os.getenv("NO_COLOR") or "") == ""
end

local function check_handle(handle, fname)
  local kind = type(handle)
  if kind ~= "userdata" and kind ~= "table" or io.type(handle) == "closed file" then
    errors.raise(fname .. ": 'handle' must be an open file or have its methods write and flush")
  end
  return handle
end

local allowed = { handle = true, tty = true, color = true, width = true, unicode = true }

--- A renderer to give as `on_event`.
---@param opts azure.ProgressOptions?
---@return azure.progress.Renderer renderer callable; close it at the end
function progress.new(opts)
  opts = errors.check_options(opts, allowed, "progress.new")
  local handle = check_handle(opts.handle or io.stderr, "progress.new")
  errors.check_number(opts.width, "width", "progress.new", 10, 10000)
  for _, name in ipairs{ "tty", "color", "unicode" } do
    errors.check_type(opts[name], "boolean|nil", name, "progress.new")
  end
  local columns = columns_for(opts, handle)
  local unicode = opts.unicode
  if unicode == nil then unicode = is_utf8_locale() end
  return setmetatable({
    handle = handle,
    columns = columns,
    color = wants_color(opts, columns),
    unicode = unicode,
    live = false,
  }, Renderer)
end

local function iso_time(at)
  return os.date("!%Y-%m-%dT%H:%M:%S", math.floor(at)) .. (".%03dZ"):format(math.floor(at % 1 * 1000))
end

-- io's handles give nil and a reason; others may give nothing at all.
local function write_line(handle, line)
  local wrote, why = handle:write(line, "\n")
  if wrote == nil and why then return why end
  local flushed, problem = handle:flush()
  return flushed == nil and problem or nil
end

--- A function for `on_event` that writes each event as one line of JSON. A full
--- disk does not stop the job: the first line that is lost is told on stderr.
---@param handle file*
---@return fun(event: azure.Event)
function progress.json_lines(handle)
  check_handle(handle, "progress.json_lines")
  local json = require "azure.json"
  local told = false
  return function(event)
    local copy = progress.scrub(event)
    copy.time = iso_time(event.at or os.time())
    local why = write_line(handle, json.encode(copy))
    if why and not told then
      io.stderr:write("azure: events are lost, they cannot be written: ", tostring(why), "\n")
    end
    told = told or why ~= nil
  end
end

--- A function for `on_event` that hands each event to all of the given ones.
---@param ... function|table
---@return fun(event: azure.Event)
function progress.tee(...)
  local sinks = { ... }
  return function(event)
    for _, sink in ipairs(sinks) do sink(event) end
  end
end

return progress
