/* The emulator's request side: anything may come in, an HTTP answer goes out.
   Input: a line "METHOD path", header lines, an empty line, the body. {token}
   stands for a token that the emulator gave. */
#include "fuzz_lua.h"

static const char script[] =
    "local emulator = require 'azure.emulator'\n"
    "local e = assert(emulator.start{ seed = 'contoso', listen = false,\n"
    "  log_limit = 10 })\n"
    "local function token()\n"
    "  local answer = e:handle{ method = 'POST',\n"
    "    path = '/' .. e.owner.tenant_id .. '/oauth2/v2.0/token',\n"
    "    headers = { { 'Content-Type', 'application/x-www-form-urlencoded' } "
    "},\n"
    "    body = 'grant_type=client_credentials&client_id=' .. "
    "e.owner.client_id\n"
    "      .. '&client_secret=' .. e.owner.secret\n"
    "      .. '&scope=https%3A%2F%2Fmanagement.azure.com%2F.default' }\n"
    "  assert(answer.status == 200, answer.body)\n"
    "  return answer.body:match('\"access_token\":\"([^\"]+)\"')\n"
    "end\n"
    "local bearer = token()\n"
    "return function(text)\n"
    "  local head, body = text:match('^(.-)\\n\\n(.*)$')\n"
    "  head, body = head or text, body or ''\n"
    "  local method, path = head:match('^(%S+) ([^\\n]*)')\n"
    "  if not method then return end\n"
    "  local headers = {}\n"
    "  for name, value in head:gmatch('\\n([^:\\n]+): ?([^\\n]*)') do\n"
    "    headers[#headers + 1] = { name, (value:gsub('{token}', bearer)) }\n"
    "  end\n"
    "  local answer = e:handle{ method = method, path = path,\n"
    "    headers = headers, body = body, remote = '127.0.0.1' }\n"
    "  assert(math.type(answer.status) == 'integer', answer.status)\n"
    "  assert(answer.close or answer.status >= 200 and answer.status < 600)\n"
    "  assert(type(answer.body or '') == 'string')\n"
    "end\n";

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static lua_State *L; /* one for all inputs: starting one is slow */
  if (!L) L = fuzz_lua(script);
  lua_pushlstring(L, (const char *)data, size);
  fuzz_call(L, 1);
  return 0;
}
