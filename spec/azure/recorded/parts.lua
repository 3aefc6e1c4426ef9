-- What the recordings share: ids, headers that every answer carries, and the
-- signed URLs that Azure Resource Manager hands out since 2024.
local parts = {}

parts.group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/clitest.rg000001"

-- A text of the alphabet of base64url with a given length, always the same.
local function filler(length, seed)
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  local out, state = {}, seed
  for i = 1, length do
    state = (state * 1103515245 + 12345) & 0x7FFFFFFF
    local at = (state >> 16) % #alphabet + 1
    out[i] = alphabet:sub(at, at)
  end
  return table.concat(out)
end

--- Adds what a signature adds: time, certificate, signature and hash, with
--- their recorded lengths (azure-cli, test_signalr_private_endpoint_2.yaml).
function parts.signed(url, seed)
  return ("%s&t=%s&c=%s&s=%s&h=%s"):format(url, "638596514169589177", filler(2575, 1), filler(342, seed),
    filler(43, seed + 1))
end

--- `more` behind the headers that the SignalR provider sends with everything.
function parts.signalr_headers(more)
  local list = {
    { "cache-control", "no-cache" }, { "content-type", "application/json; charset=utf-8" },
    { "expires", "-1" }, { "pragma", "no-cache" }, { "server", "Kestrel" },
    { "strict-transport-security", "max-age=31536000; includeSubDomains" },
    { "x-content-type-options", "nosniff" }, { "x-rp-server-mvid", "5b7b1b0c-2c5f-4a0e-8d4d-1f6f0d2c7a11" },
  }
  for _, pair in ipairs(more or {}) do list[#list + 1] = pair end
  return list
end

return parts
