local text = require "azure.text"

describe("azure.text", function()
  -- what it is, given, shown
  local cases = {
    { "letters of any alphabet", "caf\u{E9} \u{1F511} \u{4E2D}", "caf\u{E9} \u{1F511} \u{4E2D}" },
    { "the first characters after C1", "\u{A0}\u{A1}", "\u{A0}\u{A1}" },
    { "an escape sequence", "\27[2J\27]0;title\7", "?[2J?]0;title?" },
    { "a C1 control sequence", "\u{9B}31m\u{9D}0;title\u{9C}", "?31m?0;title?" },
    { "every control character", "\0\1\31\127\u{80}\u{9F}", "??????" },
    { "an eight-bit control", "\x9B31m", "?31m" },
    { "a character that is cut", "caf\xC3", "caf?" },
    { "surrogates and what is overlong", "\xED\xA0\x80 \xC0\x9B", "??? ??" },
    { "nothing", "", "" },
    { "no text", 12, "12" },
  }

  for _, case in ipairs(cases) do
    it("shows " .. case[1], function()
      assert.equal(case[3], text.plain(case[2]))
    end)
  end

  it("lets the caller choose what stands for a control character", function()
    local function bytes(s)
      return (s:gsub(".", function(c) return ("<%d>"):format(c:byte()) end))
    end

    assert.equal("a<27><194><155><155>b", text.plain("a\27\u{9B}\x9Bb", bytes))
  end)

  it("makes one line of many", function()
    assert.equal("one two three?[m", text.one_line("one\r\n\ttwo\v three\27[m"))
  end)

  it("does not depend on the locale", function()
    local before = os.setlocale()
    local other = os.setlocale("en_US.ISO-8859-1") or before

    local shown = text.plain("\u{C0}\u{9B}")
    os.setlocale(before)

    assert.equal("\u{C0}?", shown, other)
  end)
end)
