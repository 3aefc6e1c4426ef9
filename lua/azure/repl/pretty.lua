--- Values for people, as the prompt prints them.
-- Tables come as Lua would write them, short ones on one line. What Resource
-- Manager adds to every answer (etag, systemData, nulls, empty tables) is
-- folded away and named at the end; lists of resources come as rows. Secrets
-- are shown as "***".

local errors = require "azure.errors"
local json = require "azure.json"
local plain = require("azure.text").plain
local progress = require "azure.progress"

local pretty = {}

local MAX_DEPTH = 8
local MAX_ITEMS = 40

local folded_keys = { etag = true, systemData = true }

-- The same rule for keys and texts as for what progress shows.
local function scrubbed(key, value)
  return progress.scrub({ [key] = value })[key]
end

local function has_tostring(value)
  local mt = debug.getmetatable(value)
  return type(mt) == "table" and rawget(mt, "__tostring") ~= nil
end

local function is_empty(value)
  return value == json.null or (type(value) == "table" and next(value) == nil and not has_tostring(value))
end

local function is_folded(state, key, value)
  if state.raw or type(key) ~= "string" then return false end
  if not folded_keys[key] and not is_empty(value) then return false end
  state.folded[key] = true
  return true
end

local function by_numbers(bytes)
  return (bytes:gsub(".", function(byte) return ("\\%03d"):format(byte:byte()) end))
end

local function quote(text)
  local escapes = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\", ['"'] = '\\"' }
  return '"' .. plain(text:gsub('[\n\r\t\\"]', escapes), by_numbers) .. '"'
end

local function key_text(key)
  if type(key) == "string" and key:find("^[%a_][%w_]*$") then return key end
  return type(key) == "string" and "[" .. quote(key) .. "]" or "[" .. tostring(key) .. "]"
end

local ranks = { number = 1, string = 2 }

-- Numbers first, then names; the rest by what they look like.
local function before(a, b)
  local rank_a, rank_b = ranks[type(a)] or 3, ranks[type(b)] or 3
  if rank_a ~= rank_b then return rank_a < rank_b end
  if rank_a < 3 then return a < b end
  return tostring(a) < tostring(b)
end

local function sorted_keys(t, count)
  local keys = {}
  for key in next, t do
    if not (math.type(key) == "integer" and key >= 1 and key <= count) then keys[#keys + 1] = key end
  end
  table.sort(keys, before)
  return keys
end

local render

local function entries_of(state, t, indent)
  local list, count = {}, #t
  for i = 1, math.min(count, MAX_ITEMS) do list[i] = render(state, t[i], indent) end
  if count > MAX_ITEMS then list[#list + 1] = ("... %d more"):format(count - MAX_ITEMS) end
  for _, key in ipairs(sorted_keys(t, count)) do
    local value = t[key]
    if not is_folded(state, key, value) then
      if not state.secrets and (type(value) == "string" or type(value) == "table") then
        if scrubbed(key, "") == "***" then value = "***" end
      end
      list[#list + 1] = ("%s = %s"):format(key_text(key), render(state, value, indent))
    end
  end
  return list
end

local function render_table(state, t, indent)
  if state.open[t] then return "{ its own table again }" end
  if indent // 2 >= MAX_DEPTH then return "{ ... }" end
  state.open[t] = true
  local list = entries_of(state, t, indent + 2)
  state.open[t] = nil
  if #list == 0 then return json.is_array(t) and "[]" or "{}" end
  local line = "{ " .. table.concat(list, ", ") .. " }"
  if #line + indent <= state.width and not line:find("\n") then return line end
  local margin = (" "):rep(indent + 2)
  return "{\n" .. margin .. table.concat(list, ",\n" .. margin) .. ",\n" .. (" "):rep(indent) .. "}"
end

function render(state, value, indent)
  if value == json.null then return "null" end
  if type(value) == "string" then
    return quote(state.secrets and value or scrubbed("text", value))
  end
  if type(value) == "table" and not has_tostring(value) then return render_table(state, value, indent) end
  return (tostring(value):gsub("\n.*", " ..."))
end

--- An error with all that helps, one thing a line.
---@param err azure.Error
---@return string
function pretty.error(err)
  local lines = { ("%s error%s%s"):format(err.kind, err.code and " " .. err.code or "",
    err.status and (" (HTTP %d)"):format(err.status) or "") }
  local function add(label, text)
    if text ~= nil and text ~= "" then lines[#lines + 1] = ("  %-12s %s"):format(label, tostring(text)) end
  end
  lines[2] = "  " .. progress.scrub(tostring(err.message or "no message"))
  for _, detail in ipairs(err.details or {}) do
    add("detail", type(detail) == "table" and (detail.message or detail.code) or detail)
  end
  for _, candidate in ipairs(err.candidates or {}) do
    add("candidate", type(candidate) == "table" and (candidate.name or candidate.id) or candidate)
  end
  add("what to do", err.hint)
  add("request", err.method and err.url and err.method .. " " .. err.url)
  add("attempts", err.attempts and err.attempts > 1 and err.attempts or nil)
  add("retry after", err.retry_after and ("%gs"):format(err.retry_after))
  add("request id", err.request_id)
  add("correlation", err.correlation_id ~= err.request_id and err.correlation_id or nil)
  return table.concat(lines, "\n")
end

local function is_resource(value)
  return type(value) == "table" and getmetatable(value) == nil and type(value.id) == "string"
    and value.id:find("^/") ~= nil and type(value.name) == "string"
end

local function is_resource_list(value)
  if type(value) ~= "table" or #value == 0 or #value > 1000 then return false end
  for key, item in pairs(value) do
    if math.type(key) ~= "integer" or not is_resource(item) then return false end
  end
  return true
end

local function state_of(resource)
  local properties = type(resource.properties) == "table" and resource.properties or {}
  local connection = properties.privateLinkServiceConnectionState
  local status = type(connection) == "table" and connection.status or properties.status
  local provisioning = properties.provisioningState
  return type(status) == "string" and status or "", type(provisioning) == "string" and provisioning or ""
end

local function row_of(resource)
  local kind = type(resource.type) == "string" and resource.type:match("[^/]+$") or ""
  return { resource.name, kind, state_of(resource) }
end

local function rows(list)
  local lines, widths = {}, { 0, 0, 0, 0 }
  for i, resource in ipairs(list) do
    local row = row_of(resource)
    for column, text in ipairs(row) do widths[column] = math.max(widths[column], #text) end
    lines[i] = row
  end
  for i, row in ipairs(lines) do
    local cells = {}
    for column, text in ipairs(row) do
      if widths[column] > 0 then cells[#cells + 1] = text .. (" "):rep(widths[column] - #text) end
    end
    lines[i] = ("[%d] %s"):format(i, table.concat(cells, "  ")):gsub("%s+$", "")
  end
  return table.concat(lines, "\n")
end

local function sorted_names(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

--- The text of a value. `raw` shows everything that is folded otherwise,
--- `secrets` what is starred; width: of the screen, default 100.
---@param value any
---@param opts { raw: boolean?, secrets: boolean?, width: integer? }?
---@return string
function pretty.format(value, opts)
  opts = errors.check_options(opts, { raw = true, secrets = true, width = true }, "pretty.format")
  if errors.is(value) and not opts.raw then return pretty.error(value) end
  if type(value) == "table" and value ~= json.null and not has_tostring(value) then
    if not opts.raw and is_resource_list(value) then return rows(value) end
    local state = {
      raw = opts.raw, secrets = opts.secrets, width = opts.width or 100, folded = {}, open = {},
    }
    local text = render(state, value, 0)
    if next(state.folded) == nil then return text end
    return ("%s\n-- folded: %s"):format(text, sorted_names(state.folded))
  end
  if type(value) == "string" then return quote(value) end
  return value == json.null and "null" or tostring(value)
end

return pretty
