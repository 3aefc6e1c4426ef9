-- How a call proves who makes it: bearer token, own header, nothing.
local azure = require "azure"

local SCOPE = "https://security.microsoft.com/.default"

-- the mock service takes the scope itself for a token
local bearer = { credential = azure.identity.static {
  token = SCOPE, expires_on = os.time() + 3600 } }
local none = { credential = false }

local function key_call(path, key)
  return { method = "GET", path = path, headers = { ["x-ms-api-key"] = key } }
end

return {
  area = "Authentication",
  rows = {
    { name = "Authentication_ApiKey_valid", client = none, gives = "nothing",
      request = key_call("/authentication/api-key/valid", "valid-key") },
    { name = "Authentication_ApiKey_invalid", client = none,
      fails = { kind = "service", status = 403 },
      run = function(t)
        local response, err = t.client:request(
          key_call("/authentication/api-key/invalid", "invalid-key"))
        assert(not response and err.body == "{\"error\":\"invalid-api-key\"}")
        return nil, err
      end },
    { name = "Authentication_Http_Custom_valid", client = none, gives = "nothing",
      request = { method = "GET", path = "/authentication/http/custom/valid",
        headers = { Authorization = "SharedAccessKey valid-key" } } },
    { name = "Authentication_Http_Custom_invalid", client = none,
      fails = { kind = "service", status = 403 },
      request = { method = "GET", path = "/authentication/http/custom/invalid",
        headers = { Authorization = "SharedAccessKey invalid-key" } } },
    { name = "Authentication_OAuth2_valid", client = bearer, gives = "nothing",
      request = { method = "GET", path = "/authentication/oauth2/valid" } },
    { name = "Authentication_OAuth2_invalid", client = bearer,
      fails = { kind = "service", status = 403 },
      request = { method = "GET", path = "/authentication/oauth2/invalid" } },
    { name = "Authentication_Union_validKey", client = none, gives = "nothing",
      request = key_call("/authentication/union/validkey", "valid-key") },
    { name = "Authentication_Union_validToken", client = bearer, gives = "nothing",
      request = { method = "GET", path = "/authentication/union/validtoken" } },
    { name = "Authentication_Noauth_Union_validNoAuth", client = none, gives = "nothing",
      request = { method = "GET", path = "/authentication/noauth/union/valid" } },
    { name = "Authentication_Noauth_Union_validToken", client = bearer, gives = "nothing",
      request = { method = "GET", path = "/authentication/noauth/union/validtoken" } },
  },
}
