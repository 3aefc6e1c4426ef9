--- What exists in the emulated cloud, and what will happen to it.
-- Changes that take time are entries in a list, ordered by the time they are
-- due. Nothing ticks: the list is worked off before each request, in order,
-- each change seeing the time it was due at. So an hour that the loop's clock
-- jumps over has happened by the time anybody looks.

local core = require "azure.core"

local State = {}
State.__index = State
State.__name = "azure.emulator.state"

local function key_of(id)
  return (id:lower():gsub("/+$", ""))
end

-- ".../resourceGroups/g/providers/Ns/type/name" -> ".../resourcegroups/g"
-- ".../Ns/type/name/child/cname"                -> ".../ns/type/name"
local function parent_key(key)
  local parent = key:match("^(.*)/[^/]+/[^/]+$") or ""
  return parent:match("^(.*)/providers/[^/]+$") or parent
end

--- The time in the emulated cloud, in seconds since 1970.
function State:now()
  return self.event_time or self.clock()
end

--- Lets `change` happen after `delay` seconds.
---@param delay number
---@param change fun()
function State:after(delay, change)
  local event = { due = self:now() + delay, change = change }
  local events, at = self.events, #self.events + 1
  while at > 1 and events[at - 1].due > event.due do at = at - 1 end
  table.insert(events, at, event)
end

--- Does everything that is due by now.
function State:settle()
  local now = self.clock()
  while self.events[1] and self.events[1].due <= now do
    local event = table.remove(self.events, 1)
    self.event_time = event.due
    local ok, reason = pcall(event.change)
    self.event_time = nil
    if not ok then error(reason, 0) end
  end
end

--- Seconds until the next change, or nil when nothing is going on.
---@return number?
function State:next_change()
  local event = self.events[1]
  return event and math.max(0, event.due - self.clock()) or nil
end

--- The record of an id (any casing), or nil.
---@param id string
---@return table?
function State:get(id)
  return self.records[key_of(id)]
end

--- Adds a record: `{ id =, type =, name =, ... }`. Replaces one of the same id.
---@param record table
---@return table record
function State:put(record)
  local key = key_of(record.id)
  record.key = key
  if not self.records[key] then
    local parent = parent_key(key)
    local siblings = self.children_of[parent] or {}
    self.children_of[parent] = siblings
    siblings[#siblings + 1] = key
  end
  self.records[key] = record
  record.created_at = record.created_at or self:now()
  return record
end

local function forget(list, key)
  for i = #list, 1, -1 do
    if list[i] == key then table.remove(list, i) end
  end
end

--- Removes a record and everything below it. `on_remove` hooks are told.
---@param id string
---@return boolean existed
function State:remove(id)
  local key = key_of(id)
  local record = self.records[key]
  for _, child in ipairs({ table.unpack(self.children_of[key] or {}) }) do self:remove(child) end
  self.children_of[key] = nil
  if not record then return false end
  self.records[key] = nil
  record.removed = true
  forget(self.children_of[parent_key(key)] or {}, key)
  for _, hook in ipairs(self.remove_hooks) do hook(record) end
  return true
end

--- The records directly below an id, oldest first; all, or those of one type.
---@param id string
---@param type_name string?
---@return table[]
function State:children(id, type_name)
  local list, wanted = {}, type_name and type_name:lower()
  for _, key in ipairs(self.children_of[key_of(id)] or {}) do
    local record = self.records[key]
    if record and (not wanted or record.type:lower() == wanted) then list[#list + 1] = record end
  end
  return list
end

--- All records of a type, oldest first.
---@param type_name string
---@param below string? an id: only records under it
---@return table[]
function State:all(type_name, below)
  local list, wanted = {}, type_name:lower()
  local prefix = below and key_of(below) .. "/"
  for key, record in pairs(self.records) do
    local inside = not prefix or key:sub(1, #prefix) == prefix
    if inside and record.type:lower() == wanted then list[#list + 1] = record end
  end
  table.sort(list, function(a, b)
    if a.created_at ~= b.created_at then return a.created_at < b.created_at end
    return a.key < b.key
  end)
  return list
end

local state = {}

--- Compares two ids as ARM does.
---@param a string?
---@param b string?
---@return boolean
function state.same_id(a, b)
  return a ~= nil and b ~= nil and key_of(a) == key_of(b)
end

state.key = key_of

--- A random GUID.
---@return string
function state.guid()
  return core.uuid()
end

--- An empty cloud. `clock` gives seconds since 1970.
---@param clock fun(): number
---@return table
function state.new(clock)
  return setmetatable({
    clock = clock, events = {}, records = {}, children_of = {}, remove_hooks = {},
  }, State)
end

return state
