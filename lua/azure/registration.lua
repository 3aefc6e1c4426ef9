--- Resource providers that a subscription has not registered yet: ARM answers
-- 409 MissingSubscriptionRegistration; azcore registers and tries again, so do we.

local core = require "azure.core"

local registration = {}

local ATTEMPTS, POLL_SECONDS, DEADLINE_SECONDS = 3, 15, 300

local codes = { MissingSubscriptionRegistration = true, SubscriptionNotRegistered = true }

local function namespace_of(err)
  local detail = err.details and err.details[1]
  local target = type(detail) == "table" and detail.target
  if type(target) == "string" and target:find("^[%w%.]+$") then return target end
  return (err.message or ""):match("namespace '([%w%.]+)'")
end

local function wait_until_registered(client, path)
  local deadline = core.loop():now() + DEADLINE_SECONDS
  while core.loop():now() < deadline do
    local provider, err = client.core:send{ method = "GET", url = path }:wait()
    if not provider then return nil, err end
    local document = require("azure.json").decode(provider.body)
    local state = type(document) == "table" and document.registrationState
    if state == "Registered" then return true end
    local slept, cancelled = core.sleep(POLL_SECONDS):wait()
    if not slept then return nil, cancelled end
  end
  return nil
end

local function register(client, subscription, namespace)
  local path = ("%s/subscriptions/%s/providers/%s"):format(client.endpoint, subscription, namespace)
  local version = "?api-version=2021-04-01"
  local request = { method = "POST", url = path .. "/register" .. version, safe_to_repeat = true }
  local ok, err = client.core:send(request):wait()
  if not ok then return nil, err end
  return wait_until_registered(client, path .. version)
end

local function text_of(path)
  return type(path) == "table" and tostring(path.id) or tostring(path)
end

--- Makes a call, and again after registering the provider that it lacks.
--- The first error is what the caller sees when registering fails.
---@param client azure.Client
---@param path string|table where the subscription stands
---@param call fun(client: azure.Client, ...): any, azure.Error?
---@param ... any what `call` gets behind the client
---@return any
---@return azure.Error?
function registration.retry(client, path, call, ...)
  local result, err = call(client, ...)
  for _ = 1, ATTEMPTS do
    if result or not client.auto_register or not codes[err.code or ""] then break end
    local subscription = text_of(path):lower():match("/subscriptions/([^/?]+)") or client.subscription_id
    local namespace = namespace_of(err)
    if not subscription or not namespace or not register(client, subscription, namespace) then break end
    result, err = call(client, ...)
  end
  return result, err
end

return registration
