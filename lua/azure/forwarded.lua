--- Who called: the address in X-Forwarded-For, and whether it is a private one.
--
-- Every proxy on the way appends the address that it saw. So the last entry
-- was written by the front end next to the application - on App Service and
-- Functions that is Azure's own, which writes "address:port" - and everything
-- before it is hearsay that the caller may have sent himself. Therefore the
-- LAST entry counts by default. Behind more proxies of your own, such as Front
-- Door or Application Gateway, say how many entries were appended by parties
-- you trust: `trust = 2` takes the last but one. The first entry, which many
-- examples take, is never evidence.

local errors = require "azure.errors"
local plain = require("azure.text").plain

---@class azure.forwarded
local forwarded = {}

---@class azure.ForwardedOptions
---@field trust integer? how many entries trusted proxies appended; default 1

---@class azure.Caller
---@field ip string IPv4 or IPv6, lower case, without brackets, zone and port
---@field port integer?
---@field private boolean
---@field range string "RFC 1918", "RFC 4193", "RFC 6598", "link-local", "loopback" or "public"
---@field family string "ipv4" or "ipv6"

local MAX_LENGTH = 8192

local function invalid(code, message)
  return nil, errors.new{ kind = "protocol", code = code, message = message }
end

-- Four decimal numbers without leading zeros, which some readers take for octal.
local function parse_ipv4(text)
  local bytes = { text:match("^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$") }
  if #bytes ~= 4 then return nil end
  for i, digits in ipairs(bytes) do
    local byte = math.tointeger(tonumber(digits))
    if byte > 255 or (#digits > 1 and digits:sub(1, 1) == "0") then return nil end
    bytes[i] = byte
  end
  return bytes
end

-- An IPv4 tail stands for the last two groups.
local function add_group(groups, group, is_last)
  if is_last and group:find(".", 1, true) then
    local bytes = parse_ipv4(group)
    if not bytes then return false end
    groups[#groups + 1] = bytes[1] << 8 | bytes[2]
    groups[#groups + 1] = bytes[3] << 8 | bytes[4]
    return true
  end
  if not group:find("^%x%x?%x?%x?$") then return false end
  groups[#groups + 1] = tonumber(group, 16)
  return true
end

local function parse_groups(text, is_tail)
  local groups, words = {}, {}
  if text == "" then return groups end
  for word in (text .. ":"):gmatch("([^:]*):") do words[#words + 1] = word end
  for i, word in ipairs(words) do
    if not add_group(groups, word, is_tail and i == #words) then return nil end
  end
  return groups
end

local function parse_ipv6(text)
  local head, tail = text:match("^(.-)::(.*)$")
  if not head then
    local groups = parse_groups(text, true)
    return groups and #groups == 8 and groups or nil
  end
  local left, right = parse_groups(head, false), parse_groups(tail, true)
  if not left or not right or #left + #right > 7 then return nil end
  for _ = 1, 8 - #left - #right do left[#left + 1] = 0 end
  return table.move(right, 1, #right, #left + 1, left)
end

local ipv4_ranges = {
  { name = "RFC 1918", test = function(a) return a == 10 end },
  { name = "RFC 1918", test = function(a, b) return a == 172 and b >= 16 and b <= 31 end },
  { name = "RFC 1918", test = function(a, b) return a == 192 and b == 168 end },
  { name = "RFC 6598", test = function(a, b) return a == 100 and b >= 64 and b <= 127 end },
  { name = "link-local", test = function(a, b) return a == 169 and b == 254 end },
  { name = "loopback", test = function(a) return a == 127 end },
}

local function ipv4_range(bytes)
  for _, range in ipairs(ipv4_ranges) do
    if range.test(bytes[1], bytes[2]) then return range.name end
  end
  return "public"
end

local function all_zero(groups, from, to)
  for i = from, to do
    if groups[i] ~= 0 then return false end
  end
  return true
end

-- ::ffff:a.b.c.d is an IPv4 caller on a socket that takes both.
local function mapped_ipv4(groups)
  if not all_zero(groups, 1, 5) or groups[6] ~= 0xFFFF then return nil end
  return { groups[7] >> 8, groups[7] & 255, groups[8] >> 8, groups[8] & 255 }
end

local function ipv6_range(groups)
  local mapped = mapped_ipv4(groups)
  if mapped then return ipv4_range(mapped) end
  if all_zero(groups, 1, 7) and groups[8] == 1 then return "loopback" end
  if groups[1] & 0xFE00 == 0xFC00 then return "RFC 4193" end
  if groups[1] & 0xFFC0 == 0xFE80 then return "link-local" end
  return "public"
end

local function parse_port(text)
  if text == nil or text == "" then return nil, text == nil end
  local port = text:find("^%d+$") and #text <= 5 and math.tointeger(tonumber(text))
  if not port or port < 1 or port > 65535 then return nil, false end
  return port, true
end

local function caller(ip, family, range, port)
  return { ip = ip, family = family, port = port, range = range, private = range ~= "public" }
end

local function parse_bracketed(entry)
  local inner, rest = entry:match("^%[([^%]]+)%](.*)$")
  if not inner then return nil end
  local port_text = rest:match("^:(.*)$")
  if rest ~= "" and not port_text then return nil end
  return inner, port_text
end

--- Splits "address", "address:port" or "[address]:port" and classifies it.
---@param entry string
---@return azure.Caller?
---@return azure.Error?
function forwarded.parse(entry)
  errors.check_type(entry, "string", "entry", "forwarded.parse")
  local text = entry:match("^%s*\"?(.-)\"?%s*$")
  local address, port_text = parse_bracketed(text)
  if not address then
    address, port_text = text:match("^(%d+%.[%d.]*):(.*)$")
    address = address or text
  end
  local port, port_ok = parse_port(port_text)
  if not port_ok then return invalid("InvalidPort", ("'%s' has no valid port"):format(plain(text:sub(1, 80)))) end
  local ipv4 = parse_ipv4(address)
  if ipv4 then return caller(address, "ipv4", ipv4_range(ipv4), port) end
  local without_zone = address:gsub("%%[%w._-]+$", ""):lower()
  local ipv6 = parse_ipv6(without_zone)
  if ipv6 then return caller(without_zone, "ipv6", ipv6_range(ipv6), port) end
  return invalid("InvalidAddress", ("'%s' is not an IP address"):format(plain(text:sub(1, 80))))
end

local function joined(list)
  for _, text in ipairs(list) do errors.check_type(text, "string", "x-forwarded-for", "forwarded.client_ip") end
  return table.concat(list, ",")
end

local function find_header(headers)
  for name, value in pairs(headers) do
    if type(name) == "string" and name:lower() == "x-forwarded-for" then
      return type(value) == "table" and joined(value) or value
    end
  end
  return headers["x-forwarded-for"] -- a table whose lookup ignores case
end

local function entries_of(text)
  local entries = {}
  for entry in (text .. ","):gmatch("([^,]*),") do
    local trimmed = entry:match("^%s*(.-)%s*$")
    if trimmed ~= "" then entries[#entries + 1] = trimmed end
  end
  return entries
end

local allowed = { trust = true }

local function check_trust(opts)
  local trust = opts.trust or 1
  if math.type(trust) ~= "integer" or trust < 1 then
    errors.raise("forwarded.client_ip: 'trust' must be a whole number of proxies, 1 or more")
  end
  return trust
end

--- The caller, as the trusted front end saw it (see above for which entry counts).
---@param headers table|string all headers of the request, or the value of X-Forwarded-For
---@param opts azure.ForwardedOptions?
---@return azure.Caller?
---@return azure.Error? err kind "protocol"
function forwarded.client_ip(headers, opts)
  errors.check_type(headers, "table|string", "headers", "forwarded.client_ip")
  opts = errors.check_options(opts, allowed, "forwarded.client_ip")
  local trust = check_trust(opts)
  local text = type(headers) == "string" and headers or type(headers) == "table" and find_header(headers)
  if type(text) ~= "string" or not text:find("[^%s,]") then
    return invalid("NoForwardedFor", "the request has no X-Forwarded-For")
  end
  if #text > MAX_LENGTH then return invalid("HeaderTooLong", "X-Forwarded-For is longer than 8 KB") end
  local entries = entries_of(text)
  local entry = entries[#entries - trust + 1]
  if not entry then
    return invalid("TooFewProxies",
      ("X-Forwarded-For has %d entries, fewer than the %d proxies to trust"):format(#entries, trust))
  end
  return forwarded.parse(entry)
end

return forwarded
