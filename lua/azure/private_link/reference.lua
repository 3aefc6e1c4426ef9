--- The random reference in a request message: the proof that a connection is ours.
-- Anybody who knows an upstream's id can ask it for a connection, under any
-- name and with any message. Nobody but readers of our link can know this one.

local core = require "azure.core"

local reference = {}

-- 96 random bits: not to be guessed, and short enough for a message.
local RANDOM_BYTES = 12
local PATTERN = "%[ref:(AZL%-%x+)%]"
local HEX_DIGITS = RANDOM_BYTES * 2

--- The longest request message that Azure takes, in characters.
reference.MAX_MESSAGE = 140

--- How many characters the reference adds to a message.
reference.LENGTH = #" [ref:AZL-]" + HEX_DIGITS

--- A new reference, "AZL-" and hexadecimal digits.
---@return string
function reference.new()
  return "AZL-" .. core.random(RANDOM_BYTES):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
end

--- The message with its reference at the end.
---@param message string
---@param ref string
---@return string
function reference.append(message, ref)
  if message == "" then return ("[ref:%s]"):format(ref) end
  return ("%s [ref:%s]"):format(message, ref)
end

--- The one reference in a text, or nil. A text with several has none.
---@param text any
---@return string?
function reference.find(text)
  if type(text) ~= "string" then return nil end
  local first, stop = nil, 1
  while true do
    local from, to, found = text:find(PATTERN, stop)
    if not from then break end
    if first and first ~= found:lower() then return nil end
    first, stop = found:lower(), to + 1
  end
  if not first or #first ~= #"azl-" + HEX_DIGITS then return nil end
  return "AZL-" .. first:sub(5)
end

--- True when the text carries exactly this reference.
---@param text any
---@param ref string?
---@return boolean
function reference.carries(text, ref)
  return ref ~= nil and reference.find(text) == ref
end

--- The message without its reference, for people.
---@param text any
---@return string
function reference.strip(text)
  if type(text) ~= "string" then return "" end
  return (text:gsub("%s*" .. PATTERN, ""))
end

return reference
