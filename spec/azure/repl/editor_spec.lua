local editor = require "azure.repl.editor"

local shown

-- A line editor on a screen of 20 columns; what it draws is in `shown`.
local function new(complete)
  shown = {}
  local self = editor.new{
    write = function(text) shown[#shown + 1] = text end,
    columns = function() return 20 end,
    complete = complete,
  }
  self:start("> ")
  return self
end

local LEFT, RIGHT, UP, DOWN, HOME, END, DELETE = "\27[D", "\27[C", "\27[A", "\27[B", "\27[H", "\27[F", "\27[3~"
local CTRL = {}
for byte = 1, 26 do CTRL[string.char(byte + 96)] = string.char(byte) end

describe("the line editor", function()
  local rows = {
    { "typing", "abc", "abc" },
    { "insertion in the middle", "ac" .. LEFT .. "b", "abc" },
    { "moving to the ends", "b" .. HOME .. "a" .. END .. "c", "abc" },
    { "moving by Ctrl-A, Ctrl-E, Ctrl-B, Ctrl-F", "b" .. CTRL.a .. "a" .. CTRL.e .. "d" .. CTRL.b .. CTRL.b .. CTRL.f .. "c", "abcd" },
    { "backspace, also at the start", "abx\127" .. HOME .. "\127", "ab" },
    { "delete, also at the end", "xab" .. HOME .. DELETE .. END .. DELETE, "ab" },
    { "Ctrl-D in a line", "xab" .. HOME .. CTRL.d, "ab" },
    { "moving no further than the ends", "a" .. RIGHT .. LEFT .. LEFT .. "b", "ba" },
    { "killing to the end and putting back", "abcd" .. LEFT .. LEFT .. CTRL.k .. HOME .. CTRL.y, "cdab" },
    { "killing to the start", "abcd" .. LEFT .. CTRL.u, "d" },
    { "killing a word of any characters", "f(a.b, c.d)" .. CTRL.w, "f(a.b, " },
    { "moving and killing by words", "one two three\27b\27b\27d", "one  three" },
    { "Alt-backspace", "one.two\27\127", "one." },
    { "moving by Ctrl-arrows", "one two\27[1;5Dx\27[1;5D\27[1;5Dy", "yone xtwo" },
    { "letters beyond ASCII, as one each", "äb€" .. LEFT .. LEFT .. "\127", "b€" },
    { "characters with what combines with them, as one", "ae\u{301}b" .. LEFT .. "\127", "ab" },
    { "a mark that is typed behind its letter", "e\u{301}" .. LEFT .. "x", "xe\u{301}" },
    { "keys that mean nothing", "a\27[15~\27OP\27[200zb\0", "ab" },
  }
  for _, row in ipairs(rows) do
    it("knows " .. row[1], function()
      local self = new()

      local event = self:feed(row[2])

      assert.is_nil(event)
      assert.equal(row[3], self:text())
    end)
  end

  it("gives a line at Enter and keeps what was typed ahead", function()
    local self = new()

    assert.same({ "line", "one" }, { self:feed("one\rtwo\r") })
    self:start("> ")
    assert.same({ "line", "two" }, { self:feed("") })
  end)

  it("waits for the rest of a key", function()
    local self = new()

    self:feed("ab\27")
    self:feed("[")
    self:feed("D\xC3")
    self:feed("\xA4")

    assert.equal("aäb", self:text())
  end)

  it("tells Ctrl-C, Ctrl-Z, and Ctrl-D on an empty line", function()
    assert.equal("interrupt", (new():feed("abc" .. CTRL.c)))
    assert.equal("suspend", (new():feed("abc" .. CTRL.z)))
    assert.equal("eof", (new():feed(CTRL.d)))
  end)

  it("recalls earlier lines, and the one that was begun", function()
    local self = new()
    self:remember("first")
    self:remember("second")
    self:remember("second")
    self:remember("  ")

    local texts = {}
    for _, key in ipairs{ UP, UP, UP, DOWN, DOWN, DOWN } do
      self:feed(key)
      texts[#texts + 1] = self:text()
    end

    assert.same({ "second", "first", "first", "second", "", "" }, texts)
  end)

  it("recalls only lines that begin as this one", function()
    local self = new()
    for _, line in ipairs{ "client:get(1)", "other", "client:list(2)" } do self:remember(line) end

    self:feed("cl" .. UP .. UP)

    assert.equal("client:get(1)", self:text())
  end)

  describe("completion", function()
    local function complete(words, suffixes)
      return function(before)
        return { from = (before:find("[%w_/]*$")), words = words, suffixes = suffixes }
      end
    end

    it("inserts the only word with what goes behind it", function()
      local self = new(complete({ "client" }, { client = "(" }))

      self:feed("x = cl\t")

      assert.equal("x = client(", self:text())
    end)

    it("inserts what all words have in common, in the middle too", function()
      local self = new(complete{ "begin_create", "begin_delete" })

      self:feed("be()" .. LEFT .. LEFT .. "\t")

      assert.equal("begin_()", self:text())
    end)

    it("corrects the case of an id", function()
      local self = new(complete{ "/subscriptions/S/resourceGroups/g" })

      self:feed("/SUB\t")

      assert.equal("/subscriptions/S/resourceGroups/g", self:text())
    end)

    it("lists words that differ, without what they share", function()
      local self = new(complete{ "/a/b/one", "/a/b/two" })

      self:feed("/a/b/\t")

      local text = table.concat(shown)
      assert.truthy(text:find("one  two\n", 1, true), text)
      assert.equal("/a/b/", self:text())
    end)

    it("does nothing where nothing is known", function()
      local self = new(function() return nil end)

      self:feed("a\t")

      assert.equal("a", self:text())
    end)

    it("indents at the start of a line", function()
      local self = new(complete{ "wrong" })

      self:feed("\t\tx")

      assert.equal("    x", self:text())
    end)
  end)

  describe("pasted text", function()
    local function never() error("completion in pasted text") end

    it("takes tabs and control characters for what they are", function()
      local self = new(never)

      self:feed("\27[200~if\tx\1 then\ty\127\27[201~z")

      assert.equal("if\tx then\tyz", self:text())
    end)

    it("is run line by line", function()
      local self = new(never)

      assert.same({ "line", "one\t1" }, { self:feed("\27[200~one\t1\rtwo\t2\r\27[201~x\t") })
      self:start("> ")
      assert.same({ "line", "two\t2" }, { self:feed("") })
      self:start("> ")
      assert.error_matches(function() self:feed("") end, "completion in pasted text")
    end)

    it("ends with Ctrl-C too", function()
      local self = new()

      assert.equal("interrupt", (self:feed("\27[200~abc" .. CTRL.c)))
      self:start("> ")
      self:feed("a" .. HOME .. "b")

      assert.equal("ba", self:text())
    end)

    it("is asked of the terminal for as long as a line is edited", function()
      local self = new()
      assert.equal("\27[?2004h", shown[1])

      self:feed("a\r")
      assert.equal("\27[?2004l", shown[#shown])

      self:start("> ")
      self:feed(CTRL.z)
      assert.equal("\27[?2004l", shown[#shown])
      self:resume()
      assert.equal("\27[?2004h", shown[#shown - 1])
    end)
  end)

  describe("drawing", function()
    it("counts the columns of wide characters, marks and tabs", function()
      local self = new()

      self:feed("日本" .. LEFT)
      assert.equal("\r\27[J> 日本\r\27[4C", shown[#shown])

      self:start("> ")
      self:feed("e\u{301}x" .. LEFT)
      assert.equal("\r\27[J> e\u{301}x\r\27[3C", shown[#shown])

      self:start("> ")
      self:feed("\27[200~a\tb\27[201~")
      assert.equal("\r\27[J> a  b\r\27[6C", shown[#shown])
    end)

    it("knows that a wide character is not cut by the end of a row", function()
      local self = new()

      self:feed(("x"):rep(17) .. "日")
      assert.equal("\r\27[J> " .. ("x"):rep(17) .. "日\r\27[2C", shown[#shown])

      self:feed(LEFT)
      assert.equal("\27[1A\r\27[J> " .. ("x"):rep(17) .. "日\r", shown[#shown])
    end)

    it("puts the cursor where it belongs", function()
      local self = new()

      self:feed("abc" .. LEFT)

      assert.equal("\r\27[J> abc\r\27[4C", shown[#shown])
    end)

    it("goes over several rows and comes back", function()
      local self = new()

      self:feed(("x"):rep(30))
      assert.equal("\r\27[J> " .. ("x"):rep(30) .. "\r\27[12C", shown[#shown])
      self:feed(HOME)
      assert.equal("\27[1A\r\27[J> " .. ("x"):rep(30) .. "\27[1A\r\27[2C", shown[#shown])
    end)

    it("makes room for a cursor behind the last column", function()
      local self = new()

      self:feed(("x"):rep(18))

      assert.equal("\r\27[J> " .. ("x"):rep(18) .. "\n\r\r", shown[#shown])
    end)

    it("takes the line away and leaves nothing", function()
      local self = new()
      self:feed(("x"):rep(30))

      self:hide()

      assert.equal("\27[1A\r\27[J", shown[#shown])
    end)
  end)
end)
