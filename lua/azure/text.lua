--- Text from elsewhere, on its way to a terminal or into a line of a log. An
-- escape sequence there moves the cursor, renames the window or repeats what
-- somebody typed; it begins with ESC or, in UTF-8 too, with a character of
-- U+0080 to U+009F.

---@class azure.text
local text = {}

local function replace_invalid(s, replace)
  local _, bad = utf8.len(s)
  if not bad then return s end
  local parts, from = {}, 1
  while bad do
    parts[#parts + 1] = s:sub(from, bad - 1)
    parts[#parts + 1] = replace and replace(s:sub(bad, bad)) or "?"
    from = bad + 1
    _, bad = utf8.len(s, from)
  end
  parts[#parts + 1] = s:sub(from)
  return table.concat(parts)
end

--- Replaces control characters, and bytes that are no UTF-8 (which a terminal
--- of another encoding may take for such), by "?" or by what `replace` makes of
--- their bytes.
---@param value any
---@param replace (fun(bytes: string): string)?
---@return string
function text.plain(value, replace)
  local s = replace_invalid(tostring(value), replace)
  -- Not %c: what that is depends on the locale.
  s = s:gsub("[\0-\31\127]", replace or "?"):gsub("\xC2[\x80-\x9F]", replace or "?")
  return s
end

--- The same with white space of any length as one space.
---@param value any
---@return string
function text.one_line(value)
  return text.plain((tostring(value):gsub("[ \t-\r]+", " ")))
end

return text
