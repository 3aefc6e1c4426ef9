local support = require "spec.azure.emulator.support"

describe("azure.emulator.principals", function()
  it("may do everything unless told otherwise", function()
    assert.is_true(support.start():principal():may("Microsoft.Web/sites/write", "/subscriptions/x"))
  end)

  local cases = {
    { { actions = { "*/read" } }, "Microsoft.Web/sites/read", true },
    { { actions = { "*/read" } }, "Microsoft.Web/sites/write", false },
    { { actions = { "Microsoft.Web/*" } }, "microsoft.web/sites/write", true },
    { { not_actions = { "Microsoft.Web/sites/delete" } }, "Microsoft.Web/sites/delete", false },
    { { actions = {} }, "Microsoft.Web/sites/read", false },
    { { scopes = { "/subscriptions/a" } }, "Microsoft.Web/sites/read", true },
    { { scopes = { "/subscriptions/A/resourceGroups/g" } }, "Microsoft.Web/sites/read", false },
  }
  for i, case in ipairs(cases) do
    it(("decides case %d"):format(i), function()
      local principal = support.start():principal(case[1])

      assert.equal(case[3], principal:may(case[2], "/subscriptions/a/resourceGroups/other"))
    end)
  end

  it("does not show its secret", function()
    local principal = support.start():principal()

    assert.is_nil(tostring(principal):find(principal.secret, 1, true))
  end)

  it("raises for options it does not know", function()
    local e = support.start()

    assert.error_matches(function() e:principal{ secret = "x" } end, "unknown option 'secret'")
  end)
end)
