local reference = require "azure.private_link.reference"

local REF = "AZL-0123456789abcdef01234567"
local OTHER = "AZL-ffffffffffffffffffffffff"

describe("a reference", function()
  it("is random and has the promised length", function()
    local one, other = reference.new(), reference.new()

    assert.matches("^AZL%-%x+$", one)
    assert.are_not.equal(one, other)
    assert.equal(reference.LENGTH, #reference.append("m", one) - 1)
  end)

  it("is found again in the message that carries it", function()
    local ref = reference.new()

    assert.equal(ref, reference.find(reference.append("please approve", ref)))
    assert.equal(ref, reference.find(reference.append("", ref)))
  end)

  local cases = {
    { "please approve [ref:" .. REF .. "]", REF },
    { "[ref:" .. REF:upper():gsub("AZL", "azl") .. "] x", nil },
    { "[ref:AZL-0123456789ABCDEF01234567]", REF },
    { "[ref:" .. REF .. "] [ref:" .. REF .. "]", REF },
    { "[ref:" .. REF .. "] [ref:" .. OTHER .. "]", nil },
    { "[ref:AZL-0123]", nil },
    { "[ref:AZL-0123456789abcdef0123456789]", nil },
    { REF, nil }, { "", nil }, { 7, nil }, { {}, nil },
  }
  for i, case in ipairs(cases) do
    it("is read by the letter, case " .. i, function()
      assert.equal(case[2], reference.find(case[1]))
    end)
  end

  it("proves nothing when there is none", function()
    assert.is_false(reference.carries("text", nil))
    assert.is_false(reference.carries("[ref:" .. OTHER .. "]", REF))
    assert.is_true(reference.carries("[ref:" .. REF .. "]", REF))
  end)

  it("can be taken out of a message for people", function()
    assert.equal("please approve", reference.strip("please approve [ref:" .. REF .. "]"))
    assert.equal("", reference.strip(nil))
  end)
end)
