-- Runs scenarios of one suite through the public API and prints one line of
-- JSON for each. The verdicts are given elsewhere, by who saw the requests.
--
--   lua5.4 driver.lua <suite> <jobs.json>     jobs: [{"name": ..., "url": ...}]
local azure = require "azure"
local json = require "azure.json"

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local CONCURRENCY = 8
local TOKEN = "conformance-token"
local LISTS = {
  spector = { "basic", "arm", "lro", "paging", "auth", "versions" },
  autorest = { "lro", "lro_failures", "paging", "special", "http", "payloads" },
}

local function read_json(path)
  local file <close> = assert(io.open(path))
  return assert(json.decode(file:read("a")))
end

-- name -> row, each row with the area that its file gives
local function load_rows(suite)
  local rows = {}
  for _, list in ipairs(LISTS[suite]) do
    local module = require(suite .. "." .. list)
    for _, row in ipairs(module.rows) do
      row.area = row.area or module.area
      if row.api_version == nil then row.api_version = module.api_version end
      assert(not rows[row.name], "scenario twice: " .. row.name)
      rows[row.name] = row
    end
  end
  return rows
end

-- Short delays: the suites script the failures, not their pace. A Retry-After
-- is still waited for.
local function new_client(url, options)
  local all = {
    cloud = { arm = url },
    credential = azure.identity.static { token = TOKEN, expires_on = os.time() + 3600 },
    poll_interval = 0.02,
    retry = { max_retries = 3, delay = 0.01, max_delay = 1 },
    timeout = 20,
  }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  return azure.client(all)
end

local function collect(iterator, state, control, closing)
  local _ <close> = closing
  local items = json.array {}
  while true do
    local item, err = iterator(state, control)
    if err then return nil, err end
    if item == nil then return items end
    items[#items + 1] = item
    control = item
  end
end

local function with_version(row, opts)
  opts.api_version = row.api_version
  return opts
end

local function write_call(method)
  return function(client, row)
    local opts = with_version(row, { query = row.query, headers = row.headers })
    local path = row[method]
    if method == "delete" then return client:delete(path, nil, opts) end
    return client[method](client, path, row.body, opts)
  end
end

-- the kinds of row, by the field that holds the path
local CALLS = {
  get = function(client, row)
    return client:get(row.get, with_version(row, { query = row.query }))
  end,
  put = write_call("put"),
  patch = write_call("patch"),
  post = write_call("post"),
  delete = write_call("delete"),
  list = function(client, row)
    local opts = with_version(row, { query = row.query, method = row.method,
      body = row.body, items = row.items, next_link = row.next_link,
      next_method = row.next_method, next_query = row.next_query })
    return collect(client:list(row.list, opts))
  end,
  request = function(client, row)
    local response, err = client:request(row.request)
    if not response then return nil, err end
    return response.json
  end,
  begin = function(client, row)
    local op <close> = client:begin(row.begin)
    return op:wait { timeout = 20 }
  end,
}

local function call_row(row, client, url)
  if row.run then
    local t = { client = client, url = url, collect = collect }
    t.new = function(options) return new_client(url, options) end
    return row.run(t)
  end
  for kind, call in pairs(CALLS) do
    if row[kind] then return call(client, row) end
  end
  error("scenario without a call: " .. row.name)
end

local ERROR_FIELDS = { "kind", "code", "message", "status", "method", "url",
  "request_id", "client_request_id", "attempts", "retry_after" }

local function plain_error(err)
  local out = {}
  for _, field in ipairs(ERROR_FIELDS) do
    out[field] = err[field]
  end
  return out
end

local function report(row, outcome)
  outcome.name, outcome.area = row.name, row.area
  outcome.gives, outcome.fails, outcome.sends = row.gives, row.fails, row.sends
  io.stdout:write(assert(json.encode(outcome)), "\n")
  io.stdout:flush()
end

local function run_job(row, job)
  local client <close> = new_client(job.url, row.client)
  local ran, value, err = xpcall(call_row, debug.traceback, row, client, job.url)
  if not ran then return report(row, { raised = tostring(value) }) end
  if err then return report(row, { error = plain_error(err) }) end
  if value == true or value == "" then value = nil end
  report(row, { value = value })
end

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function from_base64(text)
  local bits, held, out = 0, 0, {}
  for digit in text:gmatch "[%w+/]" do
    held, bits = held << 6 | DIGITS:find(digit, 1, true) - 1, bits + 6
    if bits >= 8 then
      bits = bits - 8
      out[#out + 1] = string.char(held >> bits & 255)
    end
  end
  return table.concat(out)
end

-- A job may bring its calls along instead of naming a row: what comes back
-- is one entry per call.
local function body_of(call)
  if call.base64 then return from_base64(call.base64) end
  if not call.json then return call.text end
  local value = json.decode(call.json)
  -- a Lua string goes out as it is, so a JSON string is sent as its text
  return type(value) == "string" and call.json or value
end

local function is_text(response)
  local kind = response.headers["content-type"] or ""
  return kind:find "json" or kind:find "xml" or kind:find "text"
end

local function call_as_told(client, call)
  local response, err = client:request {
    method = call.method, path = call.path, headers = call.headers, api_version = false,
    body = body_of(call), max_retries = call.once and 0 or nil }
  if not response then
    if err.kind == "service" then return { status = err.status } end
    if err.code == "InvalidJson" then return { status = err.status, invalid = true } end
    return nil, err
  end
  local out = { status = response.status, json = response.json }
  if out.json ~= nil or response.body == "" then return out end
  if is_text(response) then out.body = response.body else out.size = #response.body end
  return out
end

local function row_of_calls(job)
  return { name = job.name, run = function(t)
    local out = json.array {}
    for i, call in ipairs(job.calls) do
      local entry, err = call_as_told(t.client, call)
      if not entry then return nil, err end
      out[i] = entry
    end
    return out
  end }
end

local function list_rows(rows)
  for name, row in pairs(rows) do
    print(name, row.area)
  end
end

local function run_jobs(rows, jobs)
  azure.map(jobs, { concurrency = CONCURRENCY }, function(job)
    local row = job.calls and row_of_calls(job) or rows[job.name]
    if row then
      run_job(row, job)
    else
      report({ name = job.name }, { raised = "no such scenario" })
    end
    return true
  end)
end

local rows = LISTS[arg[1]] and load_rows(arg[1]) or {}
if arg[2] == "--list" then
  list_rows(rows)
else
  azure.run(run_jobs, rows, read_json(arg[2]))
end
