--- JSON web tokens: those that the emulator signs with its own key (HS256),
-- and a look inside those that others sign.

local core = require "azure.core"
local json = require "azure.json"
local wire = require "azure.emulator.wire"

local jwt = {}

local HS256 = core.base64url('{"typ":"JWT","alg":"HS256"}')

local function sign(text, key)
  return core.base64url(core.hmac_sha256(key, text))
end

--- A signed token.
---@param claims table
---@param key string
---@return string
function jwt.make(claims, key)
  local text = HS256 .. "." .. core.base64url(json.encode(claims))
  return text .. "." .. sign(text, key)
end

local function decode_part(part)
  local text = wire.base64_decode(part)
  local value = text and json.decode(text)
  return type(value) == "table" and value or nil
end

---@class azure.emulator.Jwt
---@field header table
---@field claims table
---@field signed string what the signature covers
---@field signature string bytes

--- Takes a token apart without believing it.
---@param token string
---@return azure.emulator.Jwt? parts nil when it is no JWT
function jwt.read(token)
  local head, body, signature = token:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
  if not head then return nil end
  local header, claims = decode_part(head), decode_part(body)
  if not header or not claims then return nil end
  return { header = header, claims = claims, signed = head .. "." .. body, signature = wire.base64_decode(signature) }
end

--- The claims of a token that `key` signed, or nil.
---@param token string
---@param key string
---@return table? claims
function jwt.open(token, key)
  local text, signature = token:match("^(.*)%.([%w_-]+)$")
  if not text or sign(text, key) ~= signature or text:sub(1, #HS256 + 1) ~= HS256 .. "." then return nil end
  return decode_part(text:sub(#HS256 + 2))
end

return jwt
