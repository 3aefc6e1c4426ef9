local errors = require "azure.errors"

describe("an error", function()
  it("is one line of text, with what to do next at the end", function()
    local err = errors.new{
      kind = "service", code = "AuthorizationFailed", status = 403, method = "PUT", url = "https://arm/x",
      message = "no right\r\nto write", request_id = "r-1", hint = "ask for Contributor",
    }

    assert.equal("service error AuthorizationFailed [HTTP 403]: no right to write (PUT https://arm/x) "
      .. "request id r-1; ask for Contributor", tostring(err))
  end)

  it("does without all optional fields", function()
    assert.equal("timeout error: too late", tostring(errors.new{ kind = "timeout", message = "too late" }))
  end)

  it("shows control characters as question marks", function()
    local err = errors.new{ kind = "auth", message = "a\27[31mb\u{9B}1mc\x9B" }

    assert.equal("auth error: a?[31mb?1mc?", tostring(err))
  end)

  it("can be joined to a string", function()
    assert.equal("x: auth error: no", "x: " .. errors.new{ kind = "auth", message = "no" })
  end)

  it("shares its metatable with the C core", function()
    local err = errors.new{ kind = "auth", message = "no" }

    assert.equal(debug.getregistry()["azure.error"], getmetatable(err))
  end)

  it("decodes details and inner error from the body when they are asked for", function()
    local err = errors.new{
      kind = "service", message = "m",
      body = '{"error":{"code":"A","details":[{"code":"B"}],"innererror":{"code":"C"}}}',
    }

    assert.equal("B", err.details[1].code)
    assert.equal("C", err.inner.code)
  end)

  it("decodes details of a body without wrapper", function()
    local err = errors.new{ kind = "service", message = "m", body = '{"code":"A","details":[{"code":"B"}]}' }

    assert.equal("B", err.details[1].code)
  end)

  local bodies = { "", "<html>", "[]", '{"error":null}', '{"error":{"details":null,"innererror":"x"}}', '"x"' }
  for _, body in ipairs(bodies) do
    it(("has no details for the body %q"):format(body), function()
      local err = errors.new{ kind = "service", message = "m", body = body }

      assert.is_nil(err.details)
      assert.is_nil(err.inner)
    end)
  end

  it("needs a known kind", function()
    assert.error_matches(function() errors.new{ kind = "bad" } end, "kind bad is not one of")
  end)

  it("is recognised", function()
    assert.is_true(errors.is(errors.new{ kind = "auth", message = "no" }))
    assert.is_false(errors.is{ kind = "auth" })
    assert.is_false(errors.is("auth"))
  end)
end)

describe("errors.nearest", function()
  local cases = {
    { "nmae", "name" }, { "Name", "name" }, { "group_id", "group" }, { "time_out", "timeout" }, { "xyzzy", nil },
    { "", nil },
  }
  local words = { "name", "group", "timeout", "request_message" }
  for _, case in ipairs(cases) do
    it(("answers %s to '%s'"):format(case[2] or "nothing", case[1]), function()
      assert.equal(case[2], errors.nearest(case[1], words))
    end)
  end
end)

describe("errors.check_options", function()
  local allowed = { name = true, timeout = true }
  local function connect(opts)
    local checked = errors.check_options(opts, allowed, "connect")
    return checked
  end

  it("names the nearest option and blames the caller's line", function()
    local ok, message = pcall(function() connect{ nmae = 1 } end)

    assert.is_false(ok)
    assert.matches("errors_spec.lua:%d+: connect: unknown option 'nmae'; did you mean 'name'%?", message)
  end)

  it("lists the options when none is near", function()
    assert.error_matches(function() connect{ zzzzzzzz = 1 } end, "known: name, timeout")
  end)

  it("refuses positional values and what is no table", function()
    assert.error_matches(function() connect{ "a" } end, "options are named")
    assert.error_matches(function() connect("a") end, "options must be a table, not a string")
  end)

  it("gives an empty table for nil", function()
    assert.same({}, connect(nil))
  end)
end)

describe("errors.check_type", function()
  it("names the argument", function()
    assert.error_matches(function() errors.check_type(1, "string|nil", "name", "f") end,
      "f: 'name' must be string or nil, not a number")
    assert.error_matches(function() errors.check_type(nil, "string", "name", "f") end,
      "f: 'name' must be string, not absent")
  end)

  it("accepts the types named", function()
    errors.check_type(nil, "string|nil", "name", "f")
    errors.check_type(1, "integer", "count", "f")
    assert.error(function() errors.check_type(1.5, "integer", "count", "f") end)
  end)
end)

describe("errors.raise", function()
  it("gives no place where there is no script", function()
    local co = coroutine.create(require("azure.errors").raise)

    assert.same({ false, "f: no" }, { coroutine.resume(co, "f: no") })
  end)

  it("names the caller of a function of C", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local _, message = pcall(require("azure.errors").raise, "f: no")

    assert.matches("errors_spec%.lua:" .. line .. ": f: no", message)
  end)
end)
