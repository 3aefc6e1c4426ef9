local errors = require "azure.errors"
local trouble = require "azure.private_link.trouble"

describe("trouble", function()
  local function service(status, code)
    return { kind = "service", status = status, code = code }
  end
  -- what, error, transient, denied, unsupported
  local cases = {
    { "an internal error", service(500), true, false, false },
    { "a throttled call", service(429), true, false, false },
    { "a conflict with another write", service(409, "Conflict"), true, false, false },
    { "a lock", service(409, "ScopeLocked"), false, false, false },
    { "a bad request", service(400, "BadRequest"), false, false, false },
    { "a missing permission", service(403, "AuthorizationFailed"), false, true, false },
    { "a token of another tenant", service(401, "InvalidAuthenticationTokenTenant"), false, true, false },
    { "a token that is no good", service(401, "InvalidAuthenticationToken"), false, false, false },
    { "a subscription of another tenant", service(404, "SubscriptionNotFound"), false, true, false },
    { "a resource that is not there", service(404, "ResourceNotFound"), false, false, false },
    { "a type that is not known", service(404, "InvalidResourceType"), false, false, true },
    { "a version without the type", service(400, "NoRegisteredProviderFound"), false, false, true },
    { "a method that is not known", service(405, "MethodNotAllowed"), false, false, true },
    { "a lost connection", { kind = "transport" }, true, false, false },
    { "a call without an answer", { kind = "timeout", code = "RequestTimeout" }, true, false, false },
    { "the job's own deadline", { kind = "timeout", code = "JobTimeout" }, false, false, false },
    { "nonsense", { kind = "protocol", code = "InvalidJson" }, true, false, false },
    { "a cancelled task", { kind = "cancelled" }, false, false, false },
    { "a login that fails", { kind = "auth" }, false, false, false },
  }
  for _, case in ipairs(cases) do
    it("knows " .. case[1], function()
      case[2].message = "x"
      local err = errors.new(case[2])

      assert.same({ case[3], case[4], case[5] },
        { trouble.is_transient(err), trouble.is_denied(err), trouble.is_unsupported(err) })
    end)
  end
end)
