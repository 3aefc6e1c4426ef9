--- Whose credential acts, for the audit trail: what its token says of itself.
-- The token is read and forgotten; nobody but Azure checks its signature, and
-- Azure does at every call.

local json = require "azure.json"

local who = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local value_of = {}
for i = 1, #ALPHABET do value_of[ALPHABET:sub(i, i)] = i - 1 end

local function decode_base64url(text)
  local out, bits, count = {}, 0, 0
  for char in text:gmatch(".") do
    local value = value_of[char]
    if not value then return nil end
    bits, count = (bits << 6 | value) & 0xFFFF, count + 6
    if count >= 8 then
      count = count - 8
      out[#out + 1] = string.char(bits >> count & 0xFF)
    end
  end
  return table.concat(out)
end

local MAX_CLAIM = 120

local function text(value)
  if type(value) ~= "string" or value == "" or not utf8.len(value) then return nil end
  return (value:sub(1, MAX_CLAIM):gsub("%c", "?"))
end

--- What a token says: a person's name or an application's id, the object, the tenant.
---@param token string
---@return string? identity nil when the token is no JWT, or says nothing of this
function who.read(token)
  local payload = token:match("^[%w_-]+%.([%w_-]+)%.[%w_-]*$")
  local document = payload and decode_base64url(payload)
  local claims = document and json.decode(document)
  if type(claims) ~= "table" then return nil end
  local person = text(claims.upn) or text(claims.unique_name) or text(claims.preferred_username)
  local app, object, tenant = text(claims.appid) or text(claims.azp), text(claims.oid), text(claims.tid)
  local parts = {}
  if person then parts[1] = person elseif app then parts[1] = "appid " .. app end
  if object then parts[#parts + 1] = "oid " .. object end
  if #parts == 0 then return nil end
  if tenant then parts[#parts + 1] = "tenant " .. tenant end
  return table.concat(parts, ", ")
end

--- The credential's name, where there is nothing better.
---@param client azure.Client
---@return string
function who.name(client)
  if client.credential == nil then return "no credential" end
  return tostring(client.credential)
end

local function scope_of(client)
  local cloud = type(client.cloud) == "table" and client.cloud or {}
  local audience = cloud.audience or cloud.arm
  return type(audience) == "string" and audience:gsub("/+$", "") .. "/.default" or nil
end

--- Who acts when this client calls: the token's word, else the credential's
--- name. Ask it after a call: then the token is in the cache.
---@param client azure.Client
---@return string
function who.of(client)
  local credential, scope = client.credential, scope_of(client)
  if credential == nil or not scope then return who.name(client) end
  local answer = credential:token(scope, { timeout = 10 })
  return type(answer) == "table" and type(answer.token) == "string" and who.read(answer.token) or who.name(client)
end

return who
