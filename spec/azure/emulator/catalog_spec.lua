local catalog = require "azure.emulator.catalog"
local json = require "azure.json"

local function code(...)
  local answer = catalog.problem(...)
  return answer and json.decode(answer.body).error.code
end

describe("azure.emulator.catalog", function()
  local cases = {
    { "Microsoft.SignalRService", "signalr", "2024-03-01", nil },
    { "microsoft.signalrservice", "signalr", "2018-10-01", nil },
    { "Microsoft.SignalRService", "signalr/listkeys", "2024-03-01", nil },
    { "Microsoft.SignalRService", "signalr/sharedprivatelinkresources", "2021-06-01-preview", nil },
    { "Microsoft.SignalRService", "signalr/sharedprivatelinkresources", "2020-05-01", "NoRegisteredProviderFound" },
    { "Microsoft.SignalRService", "signalr/replicas", "2023-02-01", "NoRegisteredProviderFound" },
    { "Microsoft.SignalRService", "signalr/replicas", "2024-03-01", nil },
    { "Microsoft.SignalRService", "unknown", "2024-03-01", "InvalidResourceType" },
    { "Microsoft.Nowhere", "things", "2024-03-01", "InvalidResourceNamespace" },
    { "Microsoft.Web", "sites/slots/privateendpointconnections", "2019-08-01", nil },
    { "Microsoft.KeyVault", "vaults/privateendpointconnections", "2026-02-01", nil },
    { "Microsoft.Storage", "storageaccounts/privateendpointconnections", "2026-09-01", nil },
    { nil, nil, "2021-04-01", nil },
    { nil, nil, "2021-04-01-preview", "InvalidApiVersionParameter" },
  }
  for _, case in ipairs(cases) do
    it(("finds %s in %s %s of %s"):format(tostring(case[4] or "nothing wrong"), tostring(case[1]), tostring(case[2]),
      case[3]), function()
      assert.equal(case[4], code(case[1], case[2], case[3]))
    end)
  end
end)
