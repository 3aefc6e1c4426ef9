local errors = require "azure.errors"
local json = require "azure.json"
local progress = require "azure.progress"

local function recorder()
  local out = { text = "" }
  function out:write(...)
    self.text = self.text .. table.concat({ ... })
    return self
  end
  out.flush = function() end
  return out
end

local function event(fields)
  fields.at = fields.at or 0
  return fields
end

describe("progress on a terminal", function()
  local out, show

  before_each(function()
    out = recorder()
    show = progress.new{ handle = out, tty = true, width = 40, color = false, unicode = false }
  end)

  it("keeps a wait on one live line", function()
    show(event{ step = "bind", state = "wait", message = "waiting", elapsed = 5 })
    show(event{ step = "bind", state = "wait", message = "waiting", elapsed = 65 })

    assert.equal(". waiting (5s)\r\27[K. waiting (1m 05s)", out.text)
  end)

  it("replaces the live line by the finished step", function()
    show(event{ step = "bind", state = "wait", message = "waiting" })
    show(event{ step = "bind", state = "done", message = "found" })

    assert.equal(". waiting\r\27[K+ found\n", out.text)
  end)

  it("clips the live line to the width, not inside a character", function()
    show(event{ step = "bind", state = "wait", message = ("é"):rep(60) })

    assert.equal(". " .. ("é"):rep(35) .. "..", out.text)
  end)

  it("clears the live line when it is closed", function()
    do
      local live <close> = show
      live(event{ step = "bind", state = "wait", message = "waiting" })
    end

    assert.equal(". waiting\r\27[K", out.text)
  end)

  it("colours the mark when asked to", function()
    local colored = progress.new{ handle = out, tty = true, color = true, unicode = true }

    colored(event{ step = "bind", state = "fail", message = "no" })

    assert.equal("\27[31m✗\27[0m no\n", out.text)
  end)
end)

describe("progress elsewhere", function()
  local out, show

  before_each(function()
    out = recorder()
    show = progress.new{ handle = out, unicode = false }
  end)

  it("writes a plain line with the time for each change", function()
    show(event{ step = "create", state = "start", message = "creating", at = 3661.5, name = "func-pe" })

    assert.equal("01:01:01Z > func-pe: creating\n", out.text)
  end)

  it("does not repeat a wait that only goes on", function()
    show(event{ step = "bind", state = "wait", message = "waiting", elapsed = 1 })
    show(event{ step = "bind", state = "wait", message = "waiting", elapsed = 31 })
    show(event{ step = "bind", state = "done", message = "found" })

    assert.equal("00:00:00Z . waiting (1s)\n00:00:00Z + found\n", out.text)
  end)

  it("takes a file that is no terminal for what it is", function()
    local file <close> = assert(io.tmpfile())
    local plain = progress.new{ handle = file, unicode = false }

    plain(event{ step = "bind", state = "done", message = "found" })
    file:seek("set")

    assert.equal("00:00:00Z + found\n", file:read("a"))
  end)

  it("makes one line of a message with line breaks and escapes", function()
    show(event{ step = "bind", state = "done", message = "a\r\nb\27[2Jc\u{9B}2J" })

    assert.equal("00:00:00Z + a b?[2Jc?2J\n", out.text)
  end)

  it("raises for misuse", function()
    assert.error_matches(function() progress.new{ colour = true } end, "did you mean 'color'")
    assert.error_matches(function() progress.new{ handle = 1 } end, "'handle' must be")
    assert.error_matches(function() show("x") end, "'event' must be a table")
  end)
end)

describe("progress.scrub", function()
  local cases = {
    { { access_token = "eyJ" }, { access_token = "***" } },
    { { primaryKey = "k", connectionString = "c" }, { primaryKey = "***", connectionString = "***" } },
    { { h = { Authorization = "Bearer a.b-c" } }, { h = { Authorization = "***" } } },
    { "sent Bearer eyJ0.x-y_z~ to it", "sent Bearer *** to it" },
    { "polling https://arm/x?api-version=1&t=2&s=3 now", "polling https://arm/x?*** now" },
    { "Endpoint=https://a;AccessKey=abc=;Version=1.0;", "Endpoint=https://a;AccessKey=***;Version=1.0;" },
    { { 1, "two", true }, { 1, "two", true } },
    { { f = print, n = 1 }, { n = 1 } },
  }
  for i, case in ipairs(cases) do
    it("hides what is secret, case " .. i, function()
      assert.same(case[2], progress.scrub(case[1]))
    end)
  end

  it("survives a table that holds itself", function()
    local t = {}
    t.t = t

    assert.is_table(progress.scrub(t))
  end)
end)

describe("progress.json_lines", function()
  it("writes each event as a line of JSON, without secrets", function()
    local out = recorder()
    local write = progress.json_lines(out)

    write{ step = "create", at = 1.5, client_secret = "s3cret", list = json.array() }
    write{ step = "bind", at = 86400, err = errors.new{ kind = "timeout", message = "late" } }

    assert.equal('{"at":1.5,"client_secret":"***","list":[],"step":"create","time":"1970-01-01T00:00:01.500Z"}\n'
      .. '{"at":86400,"err":{"kind":"timeout","message":"late"},"step":"bind","time":"1970-01-02T00:00:00.000Z"}\n',
      out.text)
  end)
end)

describe("progress.tee", function()
  it("hands each event to all", function()
    local seen = {}
    local both = progress.tee(function(e) seen[#seen + 1] = e.n end, function(e) seen[#seen + 1] = e.n * 10 end)

    both{ n = 1 }

    assert.same({ 1, 10 }, seen)
  end)
end)
