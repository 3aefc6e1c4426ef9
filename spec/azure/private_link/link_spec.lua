local errors = require "azure.errors"
local helper = require "spec.helper"
local job_module = require "azure.private_link.job"
local link = require "azure.private_link.link"
local scene = require "spec.azure.private_link.scene"

describe("the link", function()
  local s, job

  before_each(function()
    s = scene.new()
    job = job_module.new(s.client, s:spec(), "test", {})
  end)

  local function failure(fields)
    fields.message = "no"
    return errors.new(fields)
  end

  it("is nil without an error when there is none", function()
    local found, err = link.read(job)

    assert.is_nil(found)
    assert.is_nil(err)
  end)

  it("is not taken for absent when reading fails", function()
    s.e:fault{ match = "GET", status = 403 }

    local found, err = link.read(job)

    assert.is_nil(found)
    assert.equal(403, err.status)
  end)

  it("has a new message, with the same words, when it is asked for again", function()
    local old = { message = "from team a [ref:AZL-0123456789abcdef01234567]" }

    local message = link.fresh_message(job, old)

    assert.matches("^from team a %[ref:AZL%-%x+%]$", message)
    assert.are_not.equal(old.message, message)
    assert.is_true(job.former["AZL-0123456789abcdef01234567"])
  end)

  it("keeps to 140 characters when it is asked for again, whole ones", function()
    local message = link.fresh_message(job, { message = ("ü"):rep(140) })

    assert.equal(140, utf8.len(message))
    assert.matches("^%S+ %[ref:AZL%-%x+%]$", message)
  end)

  it("has our own message when the old one is no text", function()
    assert.matches("^please approve %[ref:", link.fresh_message(job, { message = "\xff" }))
  end)

  it("is there when one read does not find it but the list does", function()
    assert(s:establish{ approve = false })
    s.e:fault{ match = "GET .*sharedPrivateLinkResources/func", status = 404, code = "ResourceNotFound", times = 9 }

    assert.is_nil((link.read(job)))
    assert.equal("func-pe", link.find(job).name)
  end)

  it("is not taken for absent when the list fails", function()
    s.e:fault{ match = "GET .*sharedPrivateLinkResources%?", status = 403 }

    local found, err = link.find(job)

    assert.is_nil(found)
    assert.equal(403, err.status)
  end)

  it("knows its siblings: other links to the same sub-resource", function()
    s.e:seed{ id = helper.group .. "/providers/Microsoft.Web/sites/else", plan = s.e.ids.plan }
    assert(s:establish{ approve = false })
    assert(s:establish{ approve = false, name = "Other-PE" })
    assert(s:establish{ approve = false, name = "far-pe", upstream = helper.group .. "/providers/Microsoft.Web/sites/else" })

    assert.same({ ["other-pe"] = true }, link.others(job))
  end)

  it("is compared by target and group, whatever the case", function()
    local same = { target = s.e.ids.func:upper(), group = "Sites" }

    assert.is_nil(link.mismatch(job, same))
    assert.equal("LinkTargetsAnother", link.mismatch(job, { target = "/x", group = "sites" }).code)
    assert.equal("LinkTargetsAnother", link.mismatch(job, { group = "sites" }).code)
    assert.equal("LinkHasAnotherGroup", link.mismatch(job, { target = s.e.ids.func, group = "vault" }).code)
  end)

  local writes = {
    { "a conflict", { kind = "service", status = 409 }, 3, true },
    { "a lock", { kind = "service", status = 409, code = "ScopeLocked" }, 1, false },
    { "a lost connection", { kind = "transport" }, 3, true },
    { "an internal error", { kind = "service", status = 500 }, 3, true },
    { "a refusal", { kind = "service", status = 403 }, 1, false },
    { "a bad request", { kind = "service", status = 400 }, 1, false },
  }
  for _, case in ipairs(writes) do
    it(("is %s after %s"):format(case[4] and "written again" or "not written again", case[1]), function()
      local tries = 0
      local ok = link.write(job, "create", function()
        tries = tries + 1
        if tries < 3 then return nil, failure(case[2]) end
        return true
      end)

      assert.equal(case[3], tries)
      assert.equal(case[4], ok == true)
    end)
  end

  it("is not written again for ever", function()
    local tries = 0
    local ok, err = link.write(job, "create", function()
      tries = tries + 1
      return nil, failure{ kind = "transport" }
    end)

    assert.is_nil(ok)
    assert.equal("transport", err.kind)
    assert.equal(4, tries)
  end)

  it("is not written again when it arrived although its answer was lost", function()
    local tries = 0
    local ok = link.write(job, "create", function()
      tries = tries + 1
      return nil, failure{ kind = "transport" }
    end, function() return true end)

    assert.is_true(ok)
    assert.equal(1, tries)
  end)

  it("is looked for after the last try, too", function()
    local ok, err, there = link.write(job, "create", function()
      return nil, failure{ kind = "service", status = 400 }
    end, function() return "there" end)

    assert.same({ true, "there" }, { ok, there })
    assert.is_nil(err)
  end)

  it("is not written again while nobody can tell whether it arrived", function()
    local tries, looks = 0, 0
    local ok = link.write(job, "create", function()
      tries = tries + 1
      return nil, failure{ kind = "transport" }
    end, function()
      looks = looks + 1
      if looks < 3 then return nil, failure{ kind = "service", status = 503 } end
      return true
    end)

    assert.is_true(ok)
    assert.equal(1, tries)
  end)

  it("waits for an idle SignalR until the deadline", function()
    s.e:fault{ match = "GET", times = 1e6, status = 200, effect = true,
      headers = { ["Content-Type"] = "application/json" }, body = '{"properties":{"provisioningState":"Updating"}}' }
    job.deadline = helper.loop():now() + 100

    local ok, err = link.wait_idle(job)

    assert.is_nil(ok)
    assert.equal("JobTimeout", err.code)
  end)
end)

describe("replicas", function()
  local s, job

  before_each(function()
    s = scene.new()
    job = job_module.new(s.client, s:spec(), "test", {})
  end)

  local answers = {
    { "are none where SignalR does not know them", { status = 404, code = "InvalidResourceType" }, 0 },
    { "are unknown when they cannot be read", { status = 403 }, nil, "AuthorizationFailed" },
    { "are unknown when reading fails", { status = 500, times = 20 }, nil, "InternalServerError" },
    { "are unknown when the list has something else", { effect = true, status = 200, body = '{"value":[1,{}]}' }, nil,
      "NotAReplica" },
  }
  for _, case in ipairs(answers) do
    it(case[1], function()
      case[2].match = "GET .*/replicas%?"
      s.e:fault(case[2])

      local names, err = link.replicas(job)

      assert.equal(case[3], names and #names)
      assert.equal(case[4], err and err.code)
    end)
  end

  it("are not asked for when they are to be left alone", function()
    job.replicas = false

    assert.same({}, link.replicas(job))
    assert.equal(0, #s.e:requests("GET"))
  end)
end)
