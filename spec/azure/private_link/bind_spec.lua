local bind = require "azure.private_link.bind"

local REF = "AZL-0123456789abcdef01234567"
local OTHER = "AZL-ffffffffffffffffffffffff"
local MESSAGE = "please approve [ref:" .. REF .. "]"

local function connection(fields)
  return {
    id = "/c/" .. (fields.name or "c1"), name = fields.name or "c1", status = fields.status or "Pending",
    description = fields.description or "", groups = fields.groups, endpoint_name = fields.endpoint or "func-pe",
  }
end

local function want(fields)
  local all = { references = { [REF] = true }, messages = { [MESSAGE] = true }, name = "func-pe", group = "sites" }
  for key, value in pairs(fields or {}) do all[key] = value end
  return all
end

local function names(list)
  local out = {}
  for _, entry in ipairs(list) do out[#out + 1] = entry.name end
  table.sort(out)
  return table.concat(out, " ")
end

describe("binding", function()
  -- what, match, want, connections, pending, approved, rejected, lacking
  local cases = {
    { "takes the one with our reference", "reference", {},
      { { name = "a", description = MESSAGE }, { name = "b", description = "please approve" } }, "a", "", "", "b" },
    { "does not take the look-alike with name, message and group", "reference", {},
      { { name = "b", description = "please approve", groups = { "sites" } } }, "", "", "", "b" },
    { "does not mind what an approver wrote around the reference", "reference", {},
      { { name = "a", status = "Approved", description = "ok " .. MESSAGE } }, "", "a", "", "" },
    { "takes no reference out of several", "reference", {},
      { { name = "a", description = MESSAGE .. " [ref:" .. OTHER .. "]" } }, "", "", "", "a" },
    { "leaves those with somebody else's reference out of doubt", "reference", {},
      { { name = "a", description = "[ref:" .. OTHER .. "]" } }, "", "", "", "" },
    { "ignores other groups", "reference", {},
      { { name = "a", description = MESSAGE, groups = { "sites-blue" } } }, "", "", "", "" },
    { "ignores what was there before our request", "reference", { baseline = { ["/c/a"] = true } },
      { { name = "a", description = MESSAGE }, { name = "b", description = "" } }, "", "", "", "b" },
    { "sees several with our reference", "reference", {},
      { { name = "a", description = MESSAGE }, { name = "b", description = MESSAGE } }, "a b", "", "", "" },
    { "sees decisions", "reference", {},
      { { name = "a", status = "Rejected", description = MESSAGE },
        { name = "b", status = "Approving", description = MESSAGE } }, "", "b", "a", "" },
    { "without a reference takes nothing by reference", "reference", { references = {} },
      { { name = "a", description = "please approve" } }, "", "", "", "a" },
    { "by name takes the endpoint's name in any case", "name", {},
      { { name = "a", endpoint = "FUNC-PE" }, { name = "b", endpoint = "else" } }, "a", "", "", "b" },
    { "by name refuses one whose description contradicts it", "name", {},
      { { name = "a", description = "please approve" } }, "", "", "", "a" },
    { "by name accepts our message", "name", {},
      { { name = "a", description = MESSAGE } }, "a", "", "", "" },
    { "by name does not hold an approved one to our message", "name", {},
      { { name = "a", status = "Approved", description = "ok by admin" } }, "", "a", "", "" },
    { "by baseline takes the only new one", "baseline", { baseline = { ["/c/b"] = true } },
      { { name = "a", endpoint = "x" }, { name = "b" } }, "a", "", "", "" },
    { "by baseline takes none of two new ones", "baseline", { baseline = {} },
      { { name = "a" }, { name = "b" } }, "", "", "", "a b" },
    { "by baseline doubts even when the second contradicts itself", "baseline", { baseline = {} },
      { { name = "a" }, { name = "b", description = "hello" } }, "", "", "", "a b" },
    { "by baseline takes nothing when there is no baseline", "baseline", {},
      { { name = "a" } }, "", "", "", "a" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local wanted, connections = want(case[3]), {}
      for i, fields in ipairs(case[4]) do connections[i] = connection(fields) end

      local found = bind.sort(connections, wanted, case[2])

      assert.equal(case[5], names(found.pending))
      assert.equal(case[6], names(found.approved))
      assert.equal(case[7], names(found.rejected))
      assert.equal(case[8], names(found.lacking))
    end)
  end

  local function link(owner, message)
    return { owner = owner, message = message }
  end

  -- Owners of the links of each share.
  local function shares(links, known)
    local out = {}
    for _, share in ipairs(bind.want(links, { known = known }).shares) do
      local owners = {}
      for _, one in ipairs(share.links) do owners[#owners + 1] = one.owner end
      table.sort(owners)
      out[#out + 1] = table.concat(owners, "+")
    end
    table.sort(out)
    return table.concat(out, " ")
  end

  it("knows which links have a reference in common", function()
    local other = "again [ref:" .. OTHER .. "]"

    assert.equal("r+signalr", shares{ link("signalr", MESSAGE), link("r", MESSAGE) })
    assert.equal("r signalr", shares{ link("signalr", MESSAGE), link("r", other) })
    assert.equal("q signalr+r", (shares{ link("signalr", MESSAGE), link("q", other), link("r", MESSAGE) }
      :gsub("r%+signalr", "signalr+r")))
    assert.equal("r+signalr", shares({ link("signalr", other), link("r", MESSAGE) }, { signalr = { [REF] = true } }))
    assert.equal("r signalr", shares{ link("signalr", "no reference"), link("r", MESSAGE) })
  end)

  it("takes our reference by any match, as what it is", function()
    for _, match in ipairs{ "name", "baseline" } do
      local found = bind.sort({ connection{ name = "a", description = MESSAGE, endpoint = "else" } }, want(), match)

      assert.equal("reference", found.pending[1].evidence)
    end
  end)

  it("sees that our reference is not on what a person chose", function()
    local found = bind.sort({ connection{ name = "a" }, connection{ name = "b", description = MESSAGE } }, want(),
      "reference", { "a" })

    assert.equal("a", names(found.chosen))
    assert.equal("b", names(found.rivals))
    assert.is_nil(found.chosen[1].carries)
  end)

  it("marks a choice that has another link's name", function()
    local found = bind.sort({ connection{ name = "a", endpoint = "Other-PE" } }, want{ others = { ["other-pe"] = true } },
      "reference", { "a" })

    assert.is_true(found.chosen[1].refused)
    assert.matches("as another link", found.chosen[1].against[2])
  end)

  it("takes what a person chose, by name or id", function()
    local connections = { connection{ name = "a" }, connection{ name = "b" } }

    assert.equal("a", names(bind.sort(connections, want(), "reference", { "A" }).pending))
    assert.equal("b", names(bind.sort(connections, want(), "reference", { "/C/b" }).pending))
  end)

  it("marks a choice that cannot be ours", function()
    local connections = {
      connection{ name = "a", description = "[ref:" .. OTHER .. "]" }, connection{ name = "b" },
    }
    local found = bind.sort(connections, want{ baseline = { ["/c/b"] = true } }, "reference", { "a", "b" })

    assert.is_true(found.pending[1].refused)
    assert.is_true(found.pending[2].refused)
  end)

  it("names what speaks for and against each", function()
    local clues = bind.evidence(connection{ description = "please approve" }, want{ baseline = {} })

    assert.same({ "the private endpoint has the link's name", "it appeared after our request" }, clues["for"])
    assert.same({ "the description lacks our reference", "the description is not our request message" }, clues.against)
  end)
end)
