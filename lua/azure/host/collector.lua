--- Lua's collector while a host is attached: many short steps, no long one.
--
-- `lua5.4` starts in the generational mode, in which each collection stops
-- everything, tens of milliseconds for a heap of 10 MB. The incremental mode
-- with Lua's own multiplier does so much for each 8 KiB (50,000 objects to
-- sweep) that it is hardly better. With ours a step takes a fraction of a
-- millisecond and a cycle the time in which the heap grows by less than a
-- tenth, so that memory stays within about twice of what is in use.

local collector = {}

local STEP_MULTIPLIER = 8

--- Sets it so.
---@return function restore puts back what was, unless the script has set something else meanwhile
function collector.soften()
  local mode = collectgarbage("incremental")
  local before = collectgarbage("setstepmul", STEP_MULTIPLIER)
  return function()
    local now = collectgarbage("setstepmul", before)
    if now ~= STEP_MULTIPLIER then
      collectgarbage("setstepmul", now)
    elseif mode == "generational" then
      collectgarbage("generational")
    end
  end
end

return collector
