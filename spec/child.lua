-- Other processes: a Lua of their own that runs while this process's loop, with
-- its servers, goes on.
local canary = require "spec.canary"
local helper = require "spec.helper"

local child = {}

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

local function environment(env)
  local out = {}
  for name, value in pairs(env or {}) do
    out[#out + 1] = value == false and ("-u " .. name) or (name .. "=" .. quote(value))
  end
  table.sort(out, function(a, b) return a:sub(1, 2) == "-u" and b:sub(1, 2) ~= "-u" end)
  return table.concat(out, " ")
end

--- Runs a shell command to its end.
---@param command string
---@param env table<string, string|false>? false takes a variable away
---@return {code: integer, out: string, err: string}
function child.shell(command, env)
  local base = os.tmpname()
  local files = { out = base .. ".out", err = base .. ".err", code = base .. ".code" }
  write(base, command)
  local pipe = assert(io.popen(("env %s sh %s >%s 2>%s </dev/null; echo $? >%s.part; mv %s.part %s"):format(
    environment(env), base, files.out, files.err, files.code, files.code, files.code), "w"))
  helper.until_true(function() return read(files.code) ~= nil end, 60)
  pipe:close()
  local result = { code = tonumber(read(files.code)), out = read(files.out), err = read(files.err) }
  for _, path in pairs(files) do os.remove(path) end
  os.remove(base)
  canary.note("child", result.err)
  return result
end

--- Runs a Lua script in a process of its own; `...` are its arguments.
---@param script string
---@param env table<string, string|false>?
---@param ... string
---@return {code: integer, out: string, err: string}
function child.lua(script, env, ...)
  local path = os.tmpname()
  write(path, script)
  local words = { os.getenv("LUA") or "lua5.4", path }
  for i, word in ipairs{ ... } do words[i + 2] = quote(word) end
  local result = child.shell(table.concat(words, " "), env)
  os.remove(path)
  return result
end

--- Whether a program can be run; where not, a spec is pending and says so.
---@param name string
---@return boolean
function child.have(name)
  local pipe = assert(io.popen("command -v " .. name .. " || ls /usr/sbin/" .. name .. " 2>/dev/null"))
  local found = pipe:read("a") ~= ""
  pipe:close()
  return found
end

return child
