--- Device code flows of the emulated Entra ID (RFC 8628, with Entra's words:
-- learn.microsoft.com, "device authorization grant flow").

local core = require "azure.core"
local principals = require "azure.emulator.principals"

local device = {}

local EXPIRES_IN_S, INTERVAL_S = 900, 5
local USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"

local function user_code()
  local letters = {}
  for byte in core.random(9):gmatch(".") do
    local at = byte:byte() % #USER_CODE_LETTERS + 1
    letters[#letters + 1] = USER_CODE_LETTERS:sub(at, at)
  end
  return table.concat(letters)
end

--- Begins a flow.
---@param cloud table
---@param form table<string, string>
---@param tenant_id string
---@return table body
function device.start(cloud, form, tenant_id)
  local flow = {
    user_code = user_code(), device_code = core.base64url(core.random(40)), scope = form.scope,
    client_id = form.client_id or "", tenant_id = tenant_id, outcome = "pending",
    expires_at = cloud.state:now() + EXPIRES_IN_S, interval = INTERVAL_S,
  }
  cloud.device_flows[#cloud.device_flows + 1] = flow
  local page = "https://microsoft.com/devicelogin"
  return {
    user_code = flow.user_code, device_code = flow.device_code, verification_uri = page,
    expires_in = EXPIRES_IN_S, interval = INTERVAL_S,
    message = ("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.")
      :format(page, flow.user_code),
  }
end

local function find(cloud, field, value)
  for _, flow in ipairs(cloud.device_flows) do
    if flow[field] == value then return flow end
  end
  return nil
end

--- What the person does: outcome "approved" or "declined".
---@param cloud table
---@param outcome string
---@param code string? default: the flow that began last
---@return boolean found
function device.decide(cloud, outcome, code)
  local flow = code and find(cloud, "user_code", code) or cloud.device_flows[#cloud.device_flows]
  if not flow then return false end
  flow.outcome = outcome
  return true
end

local function principal_of(cloud, flow)
  local principal = cloud.principals[flow.client_id:lower()]
    or principals.add(cloud, { client_id = flow.client_id, tenant_id = flow.tenant_id })
  principal.device_scope = flow.scope
  return principal
end

--- Answers a poll.
---@param cloud table
---@param form table<string, string>
---@return table? principal
---@return string? error
---@return string? text
function device.redeem(cloud, form)
  local flow = find(cloud, "device_code", form.device_code or "")
  local now = cloud.state:now()
  if not flow or flow.client_id ~= (form.client_id or "") then
    return nil, "bad_verification_code", "The device_code sent to the token endpoint was not recognized."
  end
  if now >= flow.expires_at then
    return nil, "expired_token", "AADSTS70020: The provided value for the input parameter 'device_code' has expired."
  end
  local too_early = flow.polled_at and now - flow.polled_at < flow.interval - 0.5
  flow.polled_at = now
  if flow.outcome == "approved" then
    flow.expires_at = now -- a code is good for one token
    return principal_of(cloud, flow)
  end
  if flow.outcome == "declined" then
    return nil, "authorization_declined", "AADSTS70022: The end user denied the authorization request."
  end
  if too_early and cloud.options.device_slow_down then
    flow.interval = flow.interval + 5
    return nil, "slow_down", "The client polls too often."
  end
  return nil, "authorization_pending", "AADSTS70016: OAuth 2.0 device flow error. Authorization is pending. "
    .. "Continue polling."
end

return device
