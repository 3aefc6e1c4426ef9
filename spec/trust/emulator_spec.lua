-- Whoever develops against the emulator sends it what nearly fits: a path with a part too few or twice, a body whose
-- fields have other types, a version of another provider. It answers like Azure, it does not raise. A failure prints
-- the seed that repeats it: AZL_SEED=n busted <this file>.
local helper = require "spec.helper"
local support = require "spec.azure.emulator.support"

local SEED = tonumber(os.getenv("AZL_SEED") or os.time() % 1000000)
local ROUNDS, REQUESTS = 5, 400

local function pick(list)
  return list[math.random(#list)]
end

local signalr, func, group = support.signalr, support.func, support.group
local sub = support.subscription

local paths = {
  "", "/subscriptions", sub, sub .. "/resourceGroups", sub .. "/resources", group, group .. "/resources",
  sub .. "/providers", sub .. "/providers/Microsoft.SignalRService", sub .. "/providers/Microsoft.Web/register",
  group .. "/providers/Microsoft.Authorization/permissions", "/providers/Microsoft.SignalRService/operations",
  sub .. "/providers/Microsoft.SignalRService/signalR", group .. "/providers/Microsoft.SignalRService/signalR", signalr,
  sub .. "/providers/Microsoft.SignalRService/locations/eastus/usages",
  sub .. "/providers/Microsoft.SignalRService/locations/eastus/checkNameAvailability",
  signalr .. "/listKeys", signalr .. "/regenerateKey", signalr .. "/restart", signalr .. "/listSkus",
  signalr .. "/sharedPrivateLinkResources", support.link, signalr .. "/privateEndpointConnections",
  signalr .. "/privateEndpointConnections/x", signalr .. "/privateLinkResources", signalr .. "/replicas",
  signalr .. "/replicas/r1", signalr .. "/replicas/r1/sharedPrivateLinkResources", signalr .. "/customDomains/d",
  signalr .. "/customCertificates/c", group .. "/providers/Microsoft.Web/sites", func, func .. "/config/web",
  func .. "/config/appsettings/list", func .. "/slots", func .. "/slots/staging", func .. "/privateLinkResources",
  func .. "/privateEndpointConnections", func .. "/privateEndpointConnections/x",
  group .. "/providers/Microsoft.Web/serverfarms/plan", group .. "/providers/Microsoft.KeyVault/vaults/contoso-vault",
  group .. "/providers/Microsoft.Storage/storageAccounts/contosostorage/privateEndpointConnections",
}

local bodies = {
  '{"location":"eastus","sku":{"name":"Standard_S1","capacity":1},"tags":{"a":"b"},"identity":{"type":"SystemAssigned"},'
    .. '"properties":{"features":[{"flag":"ServiceMode","value":"Serverless"}],"upstream":{"templates":[{"hubPattern":"*",'
    .. '"urlTemplate":"https://x/y","auth":{"type":"None"}}]},"networkACLs":{"defaultAction":"Deny","publicNetwork":'
    .. '{"allow":["ClientConnection"]},"privateEndpoints":[{"name":"x","allow":[]}]},"publicNetworkAccess":"Enabled"}}',
  ('{"properties":{"groupId":"sites","privateLinkResourceId":"%s","requestMessage":"please"}}'):format(func),
  '{"properties":{"privateLinkServiceConnectionState":{"status":"Approved","description":"d"}}}',
  '{"location":"eastus","kind":"functionapp","properties":{"serverFarmId":"x","siteConfig":{"appSettings":[{"name":"a",'
    .. '"value":"b"}],"ipSecurityRestrictions":[{"ipAddress":"Any","action":"Deny"}]}}}',
  '{"keyType":"Primary","name":"x","type":"Microsoft.SignalRService/SignalR"}', "", "[]", "null", "{", "1",
}

local values = { "null", "true", "0", "-1", "1e300", '""', '"x"', "[]", "{}", "[null]", '{"a":[1]}', '["Approved"]' }

-- Puts something else in the place of one value, or of a field's name.
local function bend(body)
  local spots = {}
  for _, pattern in ipairs({ '():("[^"]*")', "():(%b{})", "():(%b[])" }) do
    for at, value in body:gmatch(pattern) do spots[#spots + 1] = { at + 1, #value } end
  end
  if #spots == 0 then return body end
  local spot = pick(spots)
  return body:sub(1, spot[1] - 1) .. pick(values) .. body:sub(spot[1] + spot[2])
end

local parts_from_elsewhere = {
  "x", "*", "..", "a%2Fb", "%00", "%FF%FE", "%FF%2F", "%", "%zz", "a%0D%0AX-Evil:%201", "<b>", "%22", "providers", "register",
  ("n"):rep(300), ("%2F"):rep(3000), ("a/"):rep(3000),
}

local function bend_path(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do parts[#parts + 1] = part end
  local chance, at = math.random(), math.random(math.max(#parts, 1))
  if chance < 0.25 then
    table.remove(parts, at)
  elseif chance < 0.35 and parts[at] then
    table.insert(parts, at, parts[at])
  elseif chance < 0.45 then
    parts[at] = pick(parts_from_elsewhere)
  end
  return "/" .. table.concat(parts, "/")
end

local versions = { "2024-03-01", "2023-12-01", "2021-04-01", "2022-04-01", "2023-07-01", "2023-05-01", "", "x" }

local function ask(e)
  local method = pick{ "GET", "GET", "PUT", "PUT", "POST", "PATCH", "DELETE", "HEAD" }
  local path, body = bend_path(pick(paths)), pick(bodies)
  for _ = 1, math.random(0, 3) do body = bend(body) end
  -- Each kind of resource has versions of its own: most requests have one that fits.
  local version = math.random() < 0.2 and pick(versions) or nil
  local ok, answer = xpcall(support.ask, debug.traceback, e, method, path, nil, { raw = body, version = version })
  local said = ("seed %d: %s %s %s\n"):format(SEED, method, path, body)
  assert(ok, said .. tostring(answer))
  assert(math.type(answer.status) == "integer" and answer.status < 500, said .. tostring(answer.body))
  assert(answer.status < 400 or method == "HEAD" or answer.error.code, said .. tostring(answer.body))
  for _, header in ipairs(answer.raw.headers) do
    assert(not (header[1] .. header[2]):find("[\r\n]"), said .. header[1] .. ": " .. header[2])
  end
  return answer.status
end

local function pass_time(e)
  local ok, why = xpcall(e.advance, debug.traceback, e, pick{ 1, 60, 600 })
  assert(ok, ("seed %d: %s"):format(SEED, why))
end

describe("the emulator answers whatever it is asked", function()
  for round = 1, ROUNDS do
    it(("requests %d to %d"):format((round - 1) * REQUESTS + 1, round * REQUESTS), function()
      math.randomseed(SEED, round)
      local e, seen = helper.emulator({ listen = false, seed = "contoso" }), {}

      for _ = 1, REQUESTS do
        local status = ask(e)
        seen[status // 100] = true
        if math.random() < 0.1 then pass_time(e) end
      end

      assert.truthy(seen[2] and seen[4], "requests that fit and some that do not")
    end)
  end
end)
