--- One line of input, edited with the usual keys. A state machine: bytes of a
-- terminal in raw mode go in, text and escape sequences for it come out. It
-- needs no library, so completion is there wherever a terminal is.

local core = require "azure.core"

local editor = {}

---@class azure.repl.Editor
---@field prompt string
---@field chars string[] the line, character by character, each with the marks that combine with it
---@field cursor integer characters before the cursor
---@field history string[]
---@field pending string bytes that have not been read yet
---@field pasting boolean what comes is pasted text, in which a key is only a character
local Editor = {}
Editor.__index = Editor
Editor.__name = "azure.repl.editor"

local HISTORY_MAX = 1000

-- Terminals put pasted text between two marks where they are asked to
-- (bracketed paste, xterm's control sequences); others ignore this.
local PASTE_ON, PASTE_OFF = "\27[?2004h", "\27[?2004l"

local function each_char(text)
  return text:gmatch("[\0-\x7F\xC2-\xF4][\x80-\xBF]*")
end

local function combines(char)
  return #char > 1 and core.text_columns(char) == 0
end

local function chars_of(text)
  local chars = {}
  for char in each_char(text) do
    if combines(char) and #chars > 0 then
      chars[#chars] = chars[#chars] .. char
    else
      chars[#chars + 1] = char
    end
  end
  return chars
end

-- A tab of pasted code stays one and looks like two spaces.
local function width_of(char)
  if char == "\t" then return 2 end
  return #char == 1 and 1 or core.text_columns(char)
end

--- The line as it is.
---@return string
function Editor:text()
  return table.concat(self.chars)
end

-- Row and column of what comes behind the first `count` characters. A wide one
-- that does not fit into the rest of a row is drawn in the next.
local function position(self, count, columns)
  local row, column = 0, core.text_columns(self.prompt)
  for i = 1, count + 1 do
    local width = self.chars[i] and width_of(self.chars[i]) or 1
    if column + width > columns then row, column = row + 1, 0 end
    if i <= count then column = column + width end
  end
  return row, column
end

-- Draws the line again, which may take several rows of the screen; `row` is
-- where the cursor was left.
function Editor:refresh()
  local columns = math.max(self.columns(), 10)
  local text = self:text():gsub("\t", "  ")
  local out = { self.row > 0 and ("\27[%dA"):format(self.row) or "", "\r\27[J", self.prompt, text }
  local last_row, last_column = position(self, #self.chars, columns)
  if last_row > 0 and last_column == 0 then out[#out + 1] = "\n\r" end -- or the cursor hangs behind the last column
  local row, column = position(self, self.cursor, columns)
  self.row = row
  if last_row > row then out[#out + 1] = ("\27[%dA"):format(last_row - row) end
  out[#out + 1] = "\r"
  if column > 0 then out[#out + 1] = ("\27[%dC"):format(column) end
  self.write(table.concat(out))
end

--- Takes the line off the screen, so that something else can be printed.
function Editor:hide()
  self.write((self.row > 0 and ("\27[%dA"):format(self.row) or "") .. "\r\27[J")
  self.row = 0
end

-- Leaves the cursor below the line.
function Editor:below()
  self.cursor = #self.chars
  self:refresh()
  self.write("\n")
  self.row = 0
end

function Editor:insert(text)
  for char in each_char(text) do
    if combines(char) and self.cursor > 0 then
      self.chars[self.cursor] = self.chars[self.cursor] .. char
    else
      self.cursor = self.cursor + 1
      table.insert(self.chars, self.cursor, char)
    end
  end
end

-- Removes characters from .. to and keeps them for Ctrl-Y.
function Editor:cut(from, to)
  if to < from then return end
  self.killed = table.concat(self.chars, "", from, to)
  table.move(self.chars, to + 1, #self.chars + to - from + 1, from)
  self.cursor = from - 1
end

function Editor:set(text)
  self.chars = chars_of(text)
  self.cursor = #self.chars
end

local function is_word(char)
  return char ~= nil and char:find("[%w_\x80-\xFF]") ~= nil
end

function Editor:word_left()
  local at = self.cursor
  while at > 0 and not is_word(self.chars[at]) do at = at - 1 end
  while at > 0 and is_word(self.chars[at]) do at = at - 1 end
  return at
end

function Editor:word_right()
  local at = self.cursor
  while at < #self.chars and not is_word(self.chars[at + 1]) do at = at + 1 end
  while at < #self.chars and is_word(self.chars[at + 1]) do at = at + 1 end
  return at
end

-- Through the earlier lines that begin as this one does before the cursor.
function Editor:recall(direction)
  if self.place == nil then self.draft, self.prefix = self:text(), table.concat(self.chars, "", 1, self.cursor) end
  local at = self.place or #self.history + 1
  repeat at = at + direction until not self.history[at] or self.history[at]:sub(1, #self.prefix) == self.prefix
  if at > #self.history then
    if self.place then self:set(self.draft) end
    self.place = nil
  elseif at >= 1 then
    self:set(self.history[at])
    self.place = at
  end
end

--- Remembers a line for the arrow keys.
---@param line string
function Editor:remember(line)
  if line:find("%S") and self.history[#self.history] ~= line then table.insert(self.history, line) end
  if #self.history > HISTORY_MAX then table.remove(self.history, 1) end
end

local function common_prefix(words)
  local first = words[1]
  local length = #first
  for _, word in ipairs(words) do
    while word:sub(1, length):lower() ~= first:sub(1, length):lower() do length = length - 1 end
  end
  return first:sub(1, length)
end

-- The candidates in columns, each without what all of them begin with.
function Editor:show_words(words, hidden)
  local width = 0
  for _, word in ipairs(words) do width = math.max(width, #word - hidden + 2) end
  local per_row = math.max(1, self.columns() // width)
  local out = {}
  for i, word in ipairs(words) do
    local text = word:sub(hidden + 1)
    local ends = i % per_row == 0 or i == #words
    out[#out + 1] = ends and text .. "\n" or text .. (" "):rep(width - #text)
  end
  self:below()
  self.write(table.concat(out))
end

local MAX_SHOWN = 200

function Editor:complete_word()
  local before = table.concat(self.chars, "", 1, self.cursor)
  local found = self.complete(before)
  if not found or #found.words == 0 then return end
  local cursor = self.cursor
  local common = common_prefix(found.words)
  local typed = before:sub(found.from)
  if #found.words > 1 and #common <= #typed then
    local shown = table.move(found.words, 1, math.min(#found.words, MAX_SHOWN), 1, {})
    self:show_words(shown, #(common:match("^.*/") or ""))
    self.cursor = cursor
    return
  end
  local killed = self.killed
  self:cut(cursor - #chars_of(typed) + 1, cursor)
  self.killed = killed
  local suffix = #found.words == 1 and found.suffixes and found.suffixes[common] or ""
  self:insert(common .. suffix)
end

-- Each key's work; what it returns ends the line.
local keys = {}

keys["\1"] = function(self) self.cursor = 0 end
keys["\5"] = function(self) self.cursor = #self.chars end
keys["\2"] = function(self) self.cursor = math.max(self.cursor - 1, 0) end
keys["\6"] = function(self) self.cursor = math.min(self.cursor + 1, #self.chars) end
keys["\8"] = function(self)
  if self.cursor == 0 then return end
  table.remove(self.chars, self.cursor)
  self.cursor = self.cursor - 1
end
keys["\127"] = keys["\8"]
keys["\27[3~"] = function(self) table.remove(self.chars, self.cursor + 1) end
keys["\4"] = function(self)
  if #self.chars == 0 then return "eof" end
  if self.cursor < #self.chars then table.remove(self.chars, self.cursor + 1) end
end
keys["\3"] = function() return "interrupt" end
keys["\26"] = function() return "suspend" end
keys["\13"] = function() return "line" end
keys["\10"] = keys["\13"]
keys["\9"] = function(self)
  -- At the start of a line it indents: nobody completes nothing.
  local blank = not table.concat(self.chars, "", 1, self.cursor):find("%S")
  if blank or not self.complete then self:insert("  ") else self:complete_word() end
end
keys["\11"] = function(self) self:cut(self.cursor + 1, #self.chars) end
keys["\21"] = function(self) self:cut(1, self.cursor) end
keys["\23"] = function(self)
  local at = self.cursor
  while at > 0 and self.chars[at] == " " do at = at - 1 end
  while at > 0 and self.chars[at] ~= " " do at = at - 1 end
  self:cut(at + 1, self.cursor)
end
keys["\25"] = function(self) self:insert(self.killed or "") end
keys["\12"] = function(self)
  self.write("\27[H\27[2J")
  self.row = 0
end
keys["\16"] = function(self) self:recall(-1) end
keys["\14"] = function(self) self:recall(1) end
keys["\27b"] = function(self) self.cursor = self:word_left() end
keys["\27f"] = function(self) self.cursor = self:word_right() end
keys["\27d"] = function(self) self:cut(self.cursor + 1, self:word_right()) end
keys["\27[200~"] = function(self) self.pasting = true end
keys["\27[201~"] = function(self) self.pasting = false end
keys["\27\127"] = function(self) self:cut(self:word_left() + 1, self.cursor) end

-- What terminals send for the keys that have no control character.
local aliases = {
  ["\27[A"] = "\16", ["\27OA"] = "\16", ["\27[B"] = "\14", ["\27OB"] = "\14", ["\27[C"] = "\6", ["\27OC"] = "\6",
  ["\27[D"] = "\2", ["\27OD"] = "\2", ["\27[H"] = "\1", ["\27OH"] = "\1", ["\27[1~"] = "\1", ["\27[7~"] = "\1",
  ["\27[F"] = "\5", ["\27OF"] = "\5", ["\27[4~"] = "\5", ["\27[8~"] = "\5", ["\27[1;5C"] = "\27f",
  ["\27[1;5D"] = "\27b", ["\27[1;3C"] = "\27f", ["\27[1;3D"] = "\27b",
}
for name, same in pairs(aliases) do keys[name] = keys[same] end

-- The first whole key of some bytes; nil when more bytes are needed.
local function first_key(bytes)
  if bytes:sub(1, 1) == "\27" then
    return bytes:match("^\27%[[%d;?]*[^%d;?]") or bytes:match("^\27O.") or bytes:match("^\27[^%[O]")
  end
  local lead = bytes:byte()
  if not lead then return nil end
  local length = lead < 0xC2 and 1 or lead < 0xE0 and 2 or lead < 0xF0 and 3 or 4
  return #bytes >= length and bytes:sub(1, length) or nil
end

-- A pasted character; the end of a pasted line is Enter.
local function paste(self, key)
  if key == "\13" or key == "\10" then return "line" end
  if key == "\9" or (key:find("^%C") and utf8.len(key) == 1) then self:insert(key) end
  return nil
end

function Editor:press(key)
  local work = keys[key]
  if key == "\3" then self.pasting = false end
  if self.pasting and key ~= "\27[201~" then return paste(self, key) end
  if work ~= keys["\16"] and work ~= keys["\14"] then self.place = nil end
  if work then return work(self) end
  if key:find("^%C") and utf8.len(key) == 1 then self:insert(key) end
  return nil
end

--- Begins a new line under a prompt. What was typed ahead stays.
---@param prompt string
function Editor:start(prompt)
  self.prompt, self.chars, self.cursor, self.row, self.place = prompt, {}, 0, 0, nil
  self:resume()
end

--- Takes the screen again, after a "suspend".
function Editor:resume()
  self.write(PASTE_ON)
  self:refresh()
end

--- Takes bytes from the terminal, "" to go on with those typed ahead.
---@param bytes string
---@return string? event "line", "interrupt", "suspend" or "eof"; nil: it goes on
---@return string? line
function Editor:feed(bytes)
  self.pending = self.pending .. bytes
  local event
  while not event do
    local key = first_key(self.pending)
    if not key then break end
    self.pending = self.pending:sub(#key + 1)
    event = self:press(key)
  end
  if event == "line" or event == "interrupt" or event == "eof" then
    self:below()
    self.write(PASTE_OFF)
    return event, self:text()
  end
  self:refresh()
  if event then self.write(PASTE_OFF) end
  return event
end

--- Makes an editor. `write` gets what is to be shown, `columns` tells the width
--- of the screen, `complete(text_before_cursor)` gives candidates.
---@param opts { write: fun(text: string), columns: fun(): integer, complete: function? }
---@return azure.repl.Editor
function editor.new(opts)
  return setmetatable({
    write = opts.write, columns = opts.columns, complete = opts.complete, prompt = "", chars = {}, cursor = 0, row = 0,
    history = {}, pending = "", pasting = false,
  }, Editor)
end

return editor
