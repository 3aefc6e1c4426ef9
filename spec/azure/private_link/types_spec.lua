-- What the functions of the job give, against the classes that describe it.
local azure = require "azure"
local docstrings = require "azure.repl.docstrings"
local helper = require "spec.helper"

local check

-- The class of one item of a type: "azure.private_link.Link[]?".
local function check_typed(value, kind, where)
  local class = kind:match("^(azure%.private_link%.%w+)")
  if not class then return end
  if not kind:find("[]", 1, true) then return check(value, class, where) end
  for i, item in ipairs(value) do check(item, class, ("%s[%d]"):format(where, i)) end
end

-- Every key is a field of the class, every field that is not optional is there.
function check(value, class, where)
  where = where or class:match("%w+$")
  assert.is_table(value, where)
  local fields = {}
  for _, field in ipairs(docstrings.fields(class)) do
    fields[field.name:gsub('^%["(.*)"%]$', "%1")] = field.type
  end
  for key, item in pairs(value) do
    assert.is_string(fields[key], ("%s.%s is no field of %s"):format(where, key, class))
    check_typed(item, fields[key], where .. "." .. key)
  end
  for name, kind in pairs(fields) do
    assert.is_true(value[name] ~= nil or kind:find("%?$") ~= nil, ("%s has no %s"):format(where, name))
  end
end

describe("azure.private_link.types describes", function()
  local e, client, spec

  before_each(function()
    helper.virtual_time()
    e = helper.emulator{ seed = "contoso" }
    client = helper.client(e)
    spec = { signalr = e.ids.signalr, upstream = e.ids.func, name = "func-pe" }
  end)

  it("a plan, good or not", function()
    check(assert(azure.private_link.plan(client, spec)), "azure.private_link.Plan")

    spec.upstream = spec.upstream .. "-not"
    local plan = assert(azure.private_link.plan(client, spec))
    assert.is_true(#plan.findings > 0)
    check(plan, "azure.private_link.Plan")
  end)

  it("a report, the status, a verification and a removal", function()
    e:stranger{ target = e.ids.func }
    check(assert(azure.private_link.establish(client, spec)), "azure.private_link.Report")
    check(assert(azure.private_link.status(client, spec)), "azure.private_link.Status")
    spec.probe = function()
      return { { at = azure.loop():wall() + 1, forwarded_for = "10.0.0.4:1", signature = "valid" } }
    end
    check(assert(azure.private_link.verify(client, spec)), "azure.private_link.Verification")
    check(assert(azure.private_link.remove(client, { signalr = spec.signalr, name = spec.name })),
      "azure.private_link.Removal")
  end)

  it("a hand-off and its approval", function()
    spec.approve = false
    local report = assert(azure.private_link.establish(client, spec))
    assert.is_table(report.handoff)
    check(report, "azure.private_link.Report")

    check(assert(azure.private_link.approve(client, report.handoff)), "azure.private_link.Approval")
  end)

  it("a verification of what is not there", function()
    check(assert(azure.private_link.verify(client, spec)), "azure.private_link.Verification")
  end)

  it("the candidates of a choice that is refused", function()
    assert(azure.private_link.establish(client, { signalr = spec.signalr, upstream = spec.upstream, name = spec.name,
      approve = false }))
    spec.connection = e:stranger{ target = e.ids.func }.name

    local _, err = azure.private_link.establish(client, spec)

    assert.equal(2, #err.candidates)
    for _, candidate in ipairs(err.candidates) do check(candidate, "azure.private_link.Candidate") end
  end)

  it("the candidates of a doubt", function()
    e = helper.emulator{ seed = "contoso", empty_description = true } -- no connection shows our reference
    client = helper.client(e)

    local _, err = azure.private_link.establish(client, spec)

    assert.equal("ambiguous", err.kind)
    for _, candidate in ipairs(err.candidates) do check(candidate, "azure.private_link.Candidate") end
  end)
end)
