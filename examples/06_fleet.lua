-- A hundred private paths from a file, eight at a time. Run it again after a
-- failure: what is done is only looked at, the rest is finished.
--
--     lua5.4 examples/06_fleet.lua [file.csv|file.json] [results.jsonl]      (AZURE_LIVE=1: see where.lua)
--
-- The CSV's first line names the columns: signalr, upstream, name and, if need
-- be, group; it may come from a spreadsheet. The JSON is a list of objects with
-- these members. A result per row goes to results.jsonl (default: standard
-- output). The exit code is 0 only when all rows are established, 1 when some
-- are not, 2 when the file or the environment is wrong.
--
-- In a Kubernetes indexed Job each pod takes its share (06_fleet.job.yaml):
-- JOB_COMPLETION_INDEX says which, JOB_COMPLETIONS of how many.

local azure = require "azure"

local here = arg[0]:gsub("[^/]*$", "")
local where = os.getenv("AZURE_LIVE") == "1" and { live = true } or dofile(here .. "where.lua")
local path = arg[1] or here .. "06_fleet.csv"

local function give_up(message, ...)
  io.stderr:write("06_fleet: ", message:format(...), "\n")
  os.exit(2, true)
end

-- A quoted field (RFC 4180) that begins at `from`, and where it ends.
local function read_quoted(text, from)
  local to = from
  while true do
    to = text:find('"', to, true)
    if not to then give_up("%s: a quote is not closed", path) end
    if text:sub(to + 1, to + 1) ~= '"' then break end
    to = to + 2
  end
  return (text:sub(from, to - 1):gsub('""', '"')), to + 1
end

-- One field, where the next begins, and whether it was the last of its line.
local function read_field(text, at)
  local from = text:match('^%s*"()', at)
  local quoted
  if from then quoted, at = read_quoted(text, from) end
  local rest, sign, after = text:match("^([^,\n]*)([,\n]?)()", at)
  return quoted or rest:match("^%s*(.-)%s*$"), after, sign ~= ","
end

local function read_csv(text)
  text = text:gsub("\r\n?", "\n")
  local lines, at = {}, 1
  while at <= #text do
    local line, ends = {}, false
    while not ends do
      line[#line + 1], at, ends = read_field(text, at)
    end
    if #line > 1 or line[1] ~= "" then lines[#lines + 1] = line end
  end
  local columns, rows = table.remove(lines, 1) or {}, {}
  for i, line in ipairs(lines) do
    rows[i] = {}
    for k, column in ipairs(columns) do rows[i][column] = line[k] ~= "" and line[k] or nil end
  end
  return rows
end

local function read_rows()
  local file, why = io.open(path, "rb")
  if not file then give_up("%s", why) end
  local text = file:read("a"):gsub("^\xEF\xBB\xBF", "")
  file:close()
  if not path:find("%.json$") then return read_csv(text) end
  local rows, err = azure.json.decode(text)
  if err then give_up("%s: %s", path, tostring(err)) end
  if not azure.json.is_array(rows) then give_up("%s: a list of objects is expected", path) end
  return rows
end

-- Row 1 goes to pod 0, row 2 to pod 1, and so on. A pod that does not know of
-- how many it is one would do everybody's work.
local function my_share(rows)
  local index, count = os.getenv("JOB_COMPLETION_INDEX"), os.getenv("JOB_COMPLETIONS")
  if not index then return rows end
  index, count = math.tointeger(tonumber(index)), math.tointeger(tonumber(count or ""))
  if not count then give_up("JOB_COMPLETION_INDEX is set, so JOB_COMPLETIONS must say of how many") end
  if not index or index < 0 or index >= count then give_up("JOB_COMPLETION_INDEX is not below JOB_COMPLETIONS") end
  local share = {}
  for i = index + 1, #rows, count do share[#share + 1] = rows[i] end
  return share
end

-- The emulator has to have what the file names.
local function seed(emulator, rows)
  for _, row in ipairs(rows) do
    if row.signalr and not emulator:resource(row.signalr) then
      emulator:seed{ id = row.signalr, sku = { name = "Standard_S1" } }
    end
    if row.upstream and not emulator:resource(row.upstream) then emulator:seed{ id = row.upstream } end
  end
end

local all = read_rows()
if #all == 0 then give_up("%s: there are no rows", path) end
local rows = my_share(all)
if not where.live then seed(where.emulator, rows) end
local client <close> = where.live and azure.client{} or where.client()
local results = arg[2] and assert(io.open(arg[2], "w")) or io.stdout
local progress <close> = azure.progress.new()
local done, failed = 0, 0

local function tell(row, state)
  progress{
    step = "fleet", state = state, at = os.time(), name = tostring(row.name or "?"),
    message = ("%d of %d rows done, %d failed"):format(done, #rows, failed),
  }
end

local function establish(row)
  return azure.private_link.establish(client, {
    signalr = row.signalr, upstream = row.upstream, name = row.name, group = row.group,
  })
end

-- A row with a field missing raises: it fails alone.
local function result_of(row)
  local ok, report, err = pcall(establish, row)
  if not ok then report, err = nil, report end
  return {
    signalr = row.signalr, upstream = row.upstream, name = row.name,
    state = report and report.state or "failed", changed = report and report.changed,
    connection = report and report.connection and report.connection.id,
    error = err and tostring(err) or nil, code = azure.errors.is(err) and err.code or nil,
  }
end

azure.map(rows, { concurrency = 8 }, function(row)
  local result = result_of(type(row) == "table" and row or {})
  done = done + 1
  if result.state ~= "established" then failed = failed + 1 end
  results:write(azure.json.encode(result), "\n")
  results:flush()
  tell(result, result.state == "established" and "wait" or "fail")
  return true
end)

progress{
  step = "fleet", state = failed == 0 and "done" or "fail", at = os.time(),
  message = ("%d rows, %d failed"):format(#rows, failed),
}
os.exit(failed == 0 and 0 or 1, true)
