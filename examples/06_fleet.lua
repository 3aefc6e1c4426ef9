-- A hundred private paths from a file, eight at a time. Run it again after a
-- failure: what is done is only looked at, the rest is finished.
--
--     lua5.4 examples/06_fleet.lua [file.csv|file.json] [results.jsonl]      (AZURE_LIVE=1: see where.lua)
--
-- The CSV's first line names the columns: signalr, upstream, name and, if need
-- be, group. The JSON is a list of objects with these members. A result per row
-- goes to results.jsonl (default: standard output). The exit code is 0 only
-- when all rows are established.
--
-- In a Kubernetes indexed Job each pod takes its share (06_fleet.job.yaml):
-- JOB_COMPLETION_INDEX says which, JOB_COMPLETIONS of how many.

local azure = require "azure"

local here = arg[0]:gsub("[^/]*$", "")
os.setlocale("C")
local where = os.getenv("AZURE_LIVE") == "1" and { live = true } or dofile(here .. "where.lua")
local path = arg[1] or here .. "06_fleet.csv"

local function fields_of(line)
  local fields = {}
  for field in (line:gsub("\r$", "") .. ","):gmatch("([^,]*),") do fields[#fields + 1] = field:match("^%s*(.-)%s*$") end
  return fields
end

-- Ids and names have no commas and quotes, so a row is what is between commas.
local function read_csv(text)
  local rows, columns = {}, nil
  for line in text:gmatch("[^\n]+") do
    local fields, row = fields_of(line), {}
    for i, column in ipairs(columns or {}) do row[column] = fields[i] ~= "" and fields[i] or nil end
    if columns then rows[#rows + 1] = row else columns = fields end
  end
  return rows
end

local function read_rows()
  local file <close> = assert(io.open(path))
  local text = file:read("a")
  if path:find("%.json$") then return assert(azure.json.decode(text)) end
  return read_csv(text)
end

-- Row 1 goes to pod 0, row 2 to pod 1, and so on.
local function my_share(rows)
  local index = tonumber(os.getenv("JOB_COMPLETION_INDEX") or 0)
  local count = tonumber(os.getenv("JOB_COMPLETIONS") or 1)
  local share = {}
  for i = index + 1, #rows, count do share[#share + 1] = rows[i] end
  return share
end

-- The emulator has to have what the file names.
local function seed(emulator, rows)
  for _, row in ipairs(rows) do
    if not emulator:resource(row.signalr) then emulator:seed{ id = row.signalr, sku = { name = "Standard_S1" } } end
    if not emulator:resource(row.upstream) then emulator:seed{ id = row.upstream } end
  end
end

local rows = my_share(read_rows())
if not where.live then seed(where.emulator, rows) end
local client <close> = where.live and azure.client{} or where.client()
local results = arg[2] and assert(io.open(arg[2], "w")) or io.stdout
local progress <close> = azure.progress.new()
local done, failed = 0, 0

local function tell(row, state)
  progress{
    step = "fleet", state = state, at = os.time(), name = row.name or "?",
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
  local result = result_of(row)
  done = done + 1
  if result.state ~= "established" then failed = failed + 1 end
  results:write(azure.json.encode(result), "\n")
  results:flush()
  tell(row, result.state == "established" and "wait" or "fail")
  return true
end)

progress{
  step = "fleet", state = failed == 0 and "done" or "fail", at = os.time(),
  message = ("%d rows, %d failed"):format(#rows, failed),
}
os.exit(failed == 0 and 0 or 1, true)
