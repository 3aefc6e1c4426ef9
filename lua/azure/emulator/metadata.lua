--- What a cloud says about itself to a client that knows no more than its
-- address, as `az cloud register --endpoint-resource-manager` asks for it
-- (azure-sdk-for-python, msrestazure, azure_cloud.py).

local wire = require "azure.emulator.wire"

local metadata = {}

-- Later versions have other documents.
local API_VERSION = "2015-01-01"

--- Answers a request for the cloud's endpoints; nil for any other.
---@param cloud table
---@param request azure.emulator.Request
---@return table? answer
function metadata.handle(cloud, request)
  local asked = request.method .. " " .. table.concat(request.segments, "/"):lower()
  if asked ~= "GET metadata/endpoints" or request.query["api-version"] ~= API_VERSION then return nil end
  return wire.json(200, {
    galleryEndpoint = "https://gallery.azure.com/", graphEndpoint = "https://graph.windows.net/",
    portalEndpoint = "https://portal.azure.com/",
    authentication = { loginEndpoint = cloud.url .. "/", audiences = cloud.audiences },
  })
end

return metadata
