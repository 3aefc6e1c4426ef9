/* Parsers that are written in Lua: resource ids, X-Forwarded-For, JSON there
   and back. The first byte picks one. None may raise, whatever it reads. */
#include "fuzz_lua.h"

static const char script[] =
    "local id, seen = require 'azure.resource_id', require 'azure.forwarded'\n"
    "local json = require 'azure.json'\n"
    "local function parse_id(text)\n"
    "  local parsed, err = id.parse(text)\n"
    "  assert((parsed == nil) == (err ~= nil))\n"
    "  if parsed then assert(id.equal(parsed.id, text)) end\n"
    "end\n"
    "local function caller(text)\n"
    "  local who, err = seen.client_ip({ ['x-forwarded-for'] = text })\n"
    "  assert((who == nil) == (err ~= nil))\n"
    "  if who then assert(math.type(who.port or 0) == 'integer') end\n"
    "end\n"
    "local function there_and_back(text)\n"
    "  local value, err = json.decode(text)\n"
    "  if err then return end\n"
    "  local once = assert(json.encode(value))\n"
    "  local again, why = json.decode(once)\n"
    "  assert(why == nil, once)\n"
    "  assert(#once == #assert(json.encode(again)), once)\n"
    "end\n"
    "local all = { parse_id, caller, there_and_back }\n"
    "return function(which, text) all[which % #all + 1](text) end\n";

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static lua_State *L; /* one for all inputs: starting one is slow */
  if (!L) L = fuzz_lua(script);
  if (size == 0) return 0;
  lua_pushinteger(L, data[0]);
  lua_pushlstring(L, (const char *)data + 1, size - 1);
  fuzz_call(L, 2);
  return 0;
}
