--- The calls of a job: within its deadline, tried once more where that may help.
-- They are methods of jobs; see job.lua.

local core = require "azure.core"
local errors = require "azure.errors"
local json = require "azure.json"
local resource_id = require "azure.resource_id"
local trouble = require "azure.private_link.trouble"
local url = require "azure.url"

local calls = {}

local MAX_CALL_TIME = 100

-- `api_version` is for an upstream whose provider is not known here. SignalR,
-- plans, permissions and subscriptions have versions of their own.
local function version_of(self, path)
  if not self.spec.api_version or not self.upstream then return nil end
  local own, asked = resource_id.key(self.upstream.id), path:lower()
  if asked ~= own and asked:sub(1, #own + 1) ~= own .. "/" then return nil end
  return not asked:find("/providers/microsoft.authorization/", #own, true) and self.spec.api_version or nil
end

local function call_time(self)
  return math.max(1, math.min(MAX_CALL_TIME, self:left()))
end

-- A read that fails for a reason that may pass is tried once more: nothing is
-- lost by it, and a job of minutes should not end for one bad answer.
local function patiently(self, read)
  local value, err = read()
  if value or not trouble.is_transient(err) or self:left() <= 0 then return value, err end
  local ok, cancelled = self:pause(0)
  if not ok then return nil, cancelled end
  return read()
end

local function get_once(self, client, path, version)
  local response, err = client:request{
    method = "GET", path = path, api_version = version or version_of(self, path), timeout = call_time(self),
    any_redirect = false,
  }
  if not response then return nil, err end
  if type(response.json) == "table" then return response.json end
  return nil, errors.new{
    kind = "protocol", code = "NotAnObject", message = "the answer is not a JSON object", method = "GET", url = path,
  }
end

--- One GET.
---@param client azure.Client
---@param path string
---@param opts { api_version: string? }?
---@return table? json
---@return azure.Error? err
function calls:get(client, path, opts)
  return patiently(self, function() return get_once(self, client, path, opts and opts.api_version) end)
end

local function list_once(self, client, path, version)
  local items = {}
  local opts = { api_version = version or version_of(self, path), timeout = call_time(self) }
  for item, err in client:list(path, opts) do
    if err then return nil, err end
    items[#items + 1] = item
    -- Pages have no deadline in common.
    if self:left() < -1 then return nil, self:too_late("a list has too many pages") end
  end
  return items
end

--- All items of a list.
---@param client azure.Client
---@param path string
---@param opts { api_version: string? }?
---@return table[]? items
---@return azure.Error? err
function calls:list(client, path, opts)
  return patiently(self, function() return list_once(self, client, path, opts and opts.api_version) end)
end

-- What client:begin does, but with the last answer and its ids as the result
-- instead of the document alone. Sending it again is left to the job, which
-- looks first whether it arrived.
local function begin(self, client, method, path, body, final_state_via)
  local request = { path = path, api_version = version_of(self, path) }
  return client.core:begin{
    method = method, url = url.build(client.endpoint, request, client.versions, self.fname),
    body = body and json.encode(body), final_state_via = final_state_via, max_retries = 0,
    lro_timeout = math.max(1, self:left()),
  }
end

local function ids_of(response)
  return { request_id = response.request_id, correlation_id = response.correlation_id }
end

--- A write that may be a long-running operation, sent once, to its end.
---@param client azure.Client
---@param method string
---@param path string
---@param body table?
---@param final_state_via string?
---@return { request_id: string?, correlation_id: string? }? call
---@return azure.Error? err
function calls:write(client, method, path, body, final_state_via)
  local op <close> = begin(self, client, method, path, body, final_state_via)
  local response, err = op:wait{ timeout = math.max(1, self:left()), on_progress = function(status)
    local word = status.status and status.status ~= "" and status.status or "under way"
    if word == "Succeeded" then return end
    self:emit(method == "DELETE" and "delete" or "create", "wait", ("the operation is %s"):format(word))
  end }
  if not response then return nil, err end
  self:remember(method, path, response)
  return ids_of(response)
end

--- Sleeps before the next look; longer and longer up to three times the interval.
---@param round integer
---@param at_least number? seconds that the service asked for
---@return boolean? ok nil when the task was cancelled
---@return azure.Error? err
function calls:pause(round, at_least)
  -- Two jobs that began together should not poll together.
  local jitter = 0.85 + 0.3 * math.random()
  local seconds = math.min(self.poll_interval * (1 + 0.25 * round), self.poll_interval * 3) * jitter
  seconds = math.max(seconds, at_least or 0)
  local _, err = core.sleep(math.max(0.01, math.min(seconds, self:left()))):wait()
  if err then return nil, err end
  return true
end

return calls
