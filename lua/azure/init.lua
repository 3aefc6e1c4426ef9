--- azure: private paths from Azure SignalR Service to its upstream, and the ARM
-- client, credentials and waiting that they are made of. Submodules are loaded
-- when they are first used; `require` does no I/O.

local errors = require "azure.errors"

---@class azure
---@field _VERSION string
---@field client fun(opts?: azure.ClientOptions): azure.Client?, azure.Error? a client, see azure.client
---@field clouds table<string, azure.Cloud> public, usgov and china
---@field run fun(fn: function, ...): ... runs a function as a task and waits for it
---@field spawn fun(fn: function, ...): azure.Op starts a task
---@field sleep fun(seconds: number): true?, azure.Error? waits
---@field map fun(list: any[], opts: azure.MapOptions?, fn: function): table?, any results of tasks, in order
---@field group fun(opts?: azure.GroupOptions): azure.Group tasks that end together
---@field loop fun(): azure.Loop the event loop, for hosts
---@field identity azure.identity
---@field private_link azure.private_link
---@field forwarded azure.forwarded
---@field json azure.json
---@field errors azure.errors
---@field resource_id azure.resource_id
---@field progress azure.progress
local azure = { _VERSION = "0.1.0" }

local submodules = {
  identity = true, private_link = true, forwarded = true, json = true, errors = true,
  resource_id = true, progress = true,
}

local functions = {
  client = "azure.client", clouds = "azure.client", group = "azure.group",
  run = "azure.task", spawn = "azure.task", sleep = "azure.task", map = "azure.task", loop = "azure.task",
}

-- What is called by the name of its module.
local constructors = { client = true, group = true }

local function load_name(name)
  if submodules[name] then return require("azure." .. name) end
  if constructors[name] then return require(functions[name]).new end
  if functions[name] then return require(functions[name])[name] end
  return nil
end

local known = {}
for name in pairs(submodules) do known[name] = true end
for name in pairs(functions) do known[name] = true end

return setmetatable(azure, {
  __index = function(self, name)
    local value = load_name(name)
    if value == nil then
      local near = type(name) == "string" and errors.nearest(name, known)
      errors.raise(("azure has no '%s'%s"):format(tostring(name), near and "; did you mean '" .. near .. "'?" or ""))
    end
    rawset(self, name, value)
    return value
  end,
})
