-- examples/06_fleet.lua as its users run it: other files, other environments,
-- again after a failure. It runs in this process, so that the emulator outlives
-- a run; only what reaches outside is stood in for.
local azure = require "azure"
local helper = require "spec.helper"
local scene = require "spec.azure.private_link.scene"

local EXAMPLE = "examples/06_fleet.lua"
local BASE = helper.group .. "/providers/"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function ids(number)
  return ("%sMicrosoft.SignalRService/signalR/fleet-%d"):format(BASE, number),
    ("%sMicrosoft.Web/sites/fleet-%d"):format(BASE, number)
end

local function csv_line(number)
  local signalr, upstream = ids(number)
  return ("%s,%s,func-pe"):format(signalr, upstream)
end

describe("the fleet example", function()
  local s, files

  before_each(function()
    s = scene.new()
    files = {}
  end)

  after_each(function()
    for _, path in ipairs(files) do os.remove(path) end
  end)

  local function file_with(text, suffix)
    local base = os.tmpname()
    local path = base .. suffix
    files[#files + 1], files[#files + 2] = base, path
    local file <close> = assert(io.open(path, "wb"))
    file:write(text)
    return path
  end

  local function stand_in(environment, heard)
    local library = setmetatable({
      progress = setmetatable({ new = function() return azure.progress.new{ handle = helper.sink() } end },
        { __index = azure.progress }),
    }, { __index = azure })
    return setmetatable({
      require = function(name) return name == "azure" and library or require(name) end,
      dofile = function() return { emulator = s.e, client = function() return s:new_client() end } end,
      os = setmetatable({
        getenv = function(name) return environment[name] end,
        exit = function(code) error({ exit = code }, 0) end,
      }, { __index = os }),
      io = setmetatable({
        stderr = { write = function(_, ...) heard[#heard + 1] = table.concat{ ... } end },
      }, { __index = io }),
    }, { __index = _G })
  end

  -- Exit code, results, and what it said on stderr.
  local function run(path, environment)
    local results, heard = file_with("", ".jsonl"), {}
    local env = stand_in(environment or {}, heard)
    env.arg = { [0] = EXAMPLE, path, results }
    local _, ended = pcall(assert(loadfile(EXAMPLE, "t", env)))
    assert.is_table(ended, tostring(ended))
    local rows = {}
    for line in read(results):gmatch("[^\n]+") do rows[#rows + 1] = assert(azure.json.decode(line)) end
    return ended.exit, rows, table.concat(heard)
  end

  local function states(rows)
    local list = {}
    for i, row in ipairs(rows) do list[i] = row.state end
    table.sort(list)
    return table.concat(list, " ")
  end

  local header = "signalr,upstream,name\n"
  local signalr, upstream = ids(1)
  local texts = {
    { "as it is", header .. csv_line(1) .. "\n" },
    { "without a last line break", header .. csv_line(1) },
    { "with Windows' line breaks", (header .. csv_line(1) .. "\n"):gsub("\n", "\r\n") },
    { "with a byte order mark", "\xEF\xBB\xBF" .. header .. csv_line(1) },
    { "with empty lines", "\n" .. header .. "\n\n" .. csv_line(1) .. "\n\n" },
    { "with quotes", ('"signalr","upstream","name"\n"%s" , "%s","func-pe"\n'):format(signalr, upstream) },
    { "with spaces around", ("signalr , upstream , name\n %s , %s , func-pe \n"):format(signalr, upstream) },
    { "with columns in another order, and more of them", ('note,name,upstream,signalr\n"a, ""b""\nc",func-pe,%s,%s\n')
      :format(upstream, signalr) },
    { "with an empty column", ("signalr,upstream,name,group\n%s,\n"):format(csv_line(1)) },
  }
  for _, case in ipairs(texts) do
    it("reads a CSV " .. case[1], function()
      local code, rows = run(file_with(case[2], ".csv"))

      assert.equal(0, code)
      assert.equal("established", states(rows))
      assert.equal(signalr, rows[1].signalr)
    end)
  end

  it("reads JSON", function()
    local list = {}
    for i = 1, 3 do
      local one, other = ids(i)
      list[i] = { signalr = one, upstream = other, name = "func-pe", group = "sites" }
    end

    local code, rows = run(file_with(azure.json.encode(list), ".json"))

    assert.equal(0, code)
    assert.equal("established established established", states(rows))
  end)

  local refused = {
    { "a file that is not there", function() return "/none/fleet.csv" end, {}, "No such file" },
    { "a file without rows", function() return file_with(header, ".csv") end, {}, "no rows" },
    { "an empty file", function() return file_with("", ".csv") end, {}, "no rows" },
    { "a quote that is not closed", function() return file_with('signalr\n"x', ".csv") end, {}, "not closed" },
    { "JSON that is none", function() return file_with("[{", ".json") end, {}, "InvalidJson" },
    { "JSON that is no list", function() return file_with("{}", ".json") end, {}, "list of objects" },
    { "an index without a count", function() return file_with(header .. csv_line(1), ".csv") end,
      { JOB_COMPLETION_INDEX = "0" }, "JOB_COMPLETIONS" },
    { "an index that is too high", function() return file_with(header .. csv_line(1), ".csv") end,
      { JOB_COMPLETION_INDEX = "5", JOB_COMPLETIONS = "5" }, "not below" },
    { "an index that is no number", function() return file_with(header .. csv_line(1), ".csv") end,
      { JOB_COMPLETION_INDEX = "x", JOB_COMPLETIONS = "5" }, "not below" },
  }
  for _, case in ipairs(refused) do
    it("ends with 2 and does nothing for " .. case[1], function()
      local code, rows, said = run(case[2](), case[3])

      assert.equal(2, code)
      assert.same({}, rows)
      assert.matches(case[4], said)
      assert.equal(0, #s.e:requests("PUT"))
    end)
  end

  it("ends with 1 when a row fails, which fails alone and says why", function()
    local lines = { csv_line(1), "/subscriptions/x,y,func-pe", csv_line(2) }
    local path = file_with(header .. table.concat(lines, "\n") .. "\n", ".csv")
    s.e:seed{ id = (ids(1)), sku = { name = "Free_F1", tier = "Free" } }
    local given = s.e.seed
    s.e.seed = function(e, what) return pcall(given, e, what) end -- the second row's id is none

    local code, rows = run(path)
    s.e.seed = nil

    assert.equal(1, code)
    assert.equal("established failed failed", states(rows))
    local codes = {}
    for _, row in ipairs(rows) do codes[row.code or "none"] = true end
    assert.same({ FreeTier = true, InvalidResourceId = true, none = true }, codes)
  end)

  it("fails a row without a name alone", function()
    local code, rows = run(file_with(header .. csv_line(1) .. "\n" .. csv_line(2):gsub("func%-pe$", "") .. "\n", ".csv"))

    assert.equal(1, code)
    assert.equal("established failed", states(rows))
    local failed = rows[1].state == "failed" and rows[1] or rows[2]
    assert.matches("'name' is missing", failed.error)
  end)

  it("finishes the rest when it is run again, and changes nothing else", function()
    local path = file_with(header .. csv_line(1) .. "\n" .. csv_line(2) .. "\n", ".csv")
    s.e:seed{ id = (ids(2)), sku = { name = "Free_F1", tier = "Free" } }
    assert.equal(1, (run(path)))
    s.e:resource((ids(2))).sku = { name = "Standard_S1", tier = "Standard", capacity = 1 }
    s.e:clear_requests()

    local code, rows = run(path)

    assert.equal(0, code)
    assert.equal("established established", states(rows))
    local changed = {}
    for _, row in ipairs(rows) do changed[row.signalr] = row.changed end
    assert.same({ [(ids(1))] = false, [(ids(2))] = true }, changed)
    assert.equal(1, s:puts())
    s.e:clear_requests()
    assert.equal(0, (run(path)))
    assert.equal(0, #s.e:requests("PUT"))
  end)

  it("gives each pod its share, and all of them everything once", function()
    local lines = {}
    for i = 1, 7 do lines[i] = csv_line(i) end
    local path = file_with(header .. table.concat(lines, "\n") .. "\n", ".csv")
    local seen = {}

    for pod = 0, 2 do
      local code, rows = run(path, { JOB_COMPLETION_INDEX = tostring(pod), JOB_COMPLETIONS = "3" })
      assert.equal(0, code)
      for _, row in ipairs(rows) do seen[#seen + 1] = row.signalr end
      assert.equal(pod == 0 and 3 or 2, #rows)
    end

    table.sort(seen)
    for i = 1, 7 do assert.equal((ids(i)), seen[i]) end
    assert.equal(7, s:puts())
  end)

  it("has nothing to do, and says so with 0, where there are more pods than rows", function()
    local code, rows = run(file_with(header .. csv_line(1), ".csv"), { JOB_COMPLETION_INDEX = "4", JOB_COMPLETIONS = "5" })

    assert.equal(0, code)
    assert.same({}, rows)
  end)

  it("does a hundred rows of its own", function()
    local code, rows = run("examples/06_fleet.csv")

    assert.equal(0, code)
    assert.equal(100, #rows)
  end)
end)

-- As much of YAML as the manifest uses: maps, lists of maps, texts in one line,
-- lists in brackets, and "|" for text of several lines.
local function parse_yaml(text)
  local lines, at = {}, 1
  for line in (text .. "\n"):gmatch("(.-)\n") do
    if not line:find("^%s*#") and line:find("%S") then lines[#lines + 1] = line end
  end
  local parse_block

  local function scalar(word)
    local quoted = word:match('^"(.*)"$')
    if quoted then return quoted end
    if word == "true" or word == "false" then return word == "true" end
    if word:find("^%[") then return assert(azure.json.decode(word)) end
    return math.tointeger(tonumber(word)) or word
  end

  local function indent_of(line) return #line:match("^ *") end

  local function literal(indent)
    local out = {}
    while lines[at] and indent_of(lines[at]) > indent do
      out[#out + 1] = lines[at]:gsub("^ +", "")
      at = at + 1
    end
    return table.concat(out, "\n") .. "\n"
  end

  local function value_of(word, indent)
    if word == "|" then return literal(indent) end
    if word ~= "" then return scalar(word) end
    return lines[at] and indent_of(lines[at]) > indent and parse_block(indent_of(lines[at])) or nil
  end

  function parse_block(indent)
    local block = {}
    while lines[at] and indent_of(lines[at]) == indent do
      local item = lines[at]:match("^ *%- (.*)$")
      if item then
        -- A list's item is a block that begins behind the hyphen.
        lines[at] = (" "):rep(indent + 2) .. item
        block[#block + 1] = parse_block(indent + 2)
      else
        local key, word = lines[at]:match("^ *([^:]+): *(.-) *$")
        assert(key, "line " .. tostring(lines[at]))
        assert(block[key] == nil, "twice: " .. key)
        at = at + 1
        block[key] = value_of(word, indent)
      end
    end
    return block
  end

  return parse_block(0)
end

describe("the fleet's manifest", function()
  local parts = {}
  for document in (read("examples/06_fleet.job.yaml") .. "---\n"):gmatch("(.-)%-%-%-\n") do
    local one = parse_yaml(document)
    parts[one.kind] = one
  end
  local account, map, job = parts.ServiceAccount, parts.ConfigMap, parts.Job
  local pod = job.spec.template
  local container = pod.spec.containers[1]

  local function environment(name)
    for _, variable in ipairs(container.env) do
      if variable.name == name then return variable.value end
    end
  end

  it("is an indexed Job whose pods know how many they are", function()
    assert.same({ "batch/v1", "v1", "v1" }, { job.apiVersion, account.apiVersion, map.apiVersion })
    assert.equal("Indexed", job.spec.completionMode)
    assert.is_true(job.spec.parallelism <= job.spec.completions)
    assert.equal(tostring(job.spec.completions), environment("JOB_COMPLETIONS"))
    assert.is_nil(environment("JOB_COMPLETION_INDEX"))
    assert.equal("1", environment("AZURE_LIVE"))
  end)

  it("runs again what dies, one pod at a time", function()
    assert.is_true(job.spec.backoffLimitPerIndex > 0)
    assert.equal("Never", pod.spec.restartPolicy)
  end)

  it("has a workload identity", function()
    assert.equal(account.metadata.name, pod.spec.serviceAccountName)
    assert.equal("true", pod.metadata.labels["azure.workload.identity/use"])
    assert.matches("^%x+%-%x+%-%x+%-%x+%-%x+$", account.metadata.annotations["azure.workload.identity/client-id"])
  end)

  it("gives the script a file that it can read", function()
    local volume, mount = pod.spec.volumes[1], container.volumeMounts[1]
    local name = container.command[3]:match("[^/]+$")

    assert.same({ "lua5.4", EXAMPLE, mount.mountPath .. "/" .. name }, container.command)
    assert.equal(map.metadata.name, volume.configMap.name)
    assert.equal(mount.name, volume.name)
    assert.is_true(mount.readOnly)
    assert.matches("^signalr,upstream,name\n/subscriptions/[^,]+,/subscriptions/[^,]+,func%-pe\n$", map.data[name])
  end)
end)
