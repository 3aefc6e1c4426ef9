local state = require "azure.emulator.state"

local function new()
  local now = { 1000 }
  return state.new(function() return now[1] end), now
end

local function record(id, type_name)
  return { id = id, type = type_name or "Ns/things", name = id:match("[^/]+$") }
end

describe("azure.emulator.state", function()
  it("finds records whatever the casing of their id", function()
    local s = new()
    s:put(record("/subscriptions/S/resourceGroups/G/providers/Ns/things/One"))

    assert.equal("One", s:get("/SUBSCRIPTIONS/s/resourcegroups/g/providers/ns/THINGS/one").name)
  end)

  it("lists children, oldest first, of one type", function()
    local s = new()
    s:put(record("/p/a/x"))
    s:put(record("/p/a/x/kids/2", "kid"))
    s:put(record("/p/a/x/kids/1", "kid"))
    s:put(record("/p/a/x/pets/1", "pet"))

    local kids = s:children("/p/a/X", "KID")

    assert.same({ "2", "1" }, { kids[1].name, kids[2].name })
    assert.equal(3, #s:children("/p/a/x"))
  end)

  it("counts resources of a group as its children", function()
    local s = new()
    s:put(record("/subscriptions/s/resourceGroups/g"))
    s:put(record("/subscriptions/s/resourceGroups/g/providers/Ns/things/one"))

    assert.equal(1, #s:children("/subscriptions/s/resourceGroups/g"))
  end)

  it("removes what is below and tells the hooks", function()
    local s, gone = new(), {}
    table.insert(s.remove_hooks, function(r) gone[#gone + 1] = r.name end)
    s:put(record("/a/b"))
    s:put(record("/a/b/kids/c"))

    assert.is_true(s:remove("/A/B"))

    assert.same({ "c", "b" }, gone)
    assert.is_nil(s:get("/a/b/kids/c"))
    assert.is_false(s:remove("/a/b"))
  end)

  it("works changes off in order of their time, each at its time", function()
    local s, now = new()
    local seen = {}
    s:after(20, function() seen[#seen + 1] = s:now() end)
    s:after(10, function()
      seen[#seen + 1] = s:now()
      s:after(5, function() seen[#seen + 1] = s:now() end)
    end)

    now[1] = 1000 + 3600
    s:settle()

    assert.same({ 1010, 1015, 1020 }, seen)
  end)

  it("does nothing early", function()
    local s, now = new()
    local done = false
    s:after(10, function() done = true end)

    now[1] = 1009
    s:settle()

    assert.is_false(done)
    assert.equal(1, s:next_change())
  end)

  it("compares ids as ARM does", function()
    assert.is_true(state.same_id("/a/B", "/A/b/"))
    assert.is_false(state.same_id("/a/b", "/a/c"))
    assert.is_false(state.same_id(nil, "/a"))
  end)
end)
