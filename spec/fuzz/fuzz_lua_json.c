/* The JSON decoder and encoder of scripts, instrumented: what is decoded and
   encoded again is the same. */
#include "../../csrc/lua_json.c" /* needs Lua, and is not in the core */

#include <lualib.h>
#include "fuzz.h"

enum { AT_NULL = 1, AT_ARRAY_MT };

static int start_state (lua_State *L) {
  lua_settop(L, 0);
  lua_pushlightuserdata(L, NULL);
  lua_newtable(L);
  return 0;
}

/* Pushes the value, or returns false. */
static bool decode (lua_State *L, const char *text, size_t len) {
  lua_settop(L, AT_ARRAY_MT);
  lua_pushcfunction(L, azl_lua_json_decode);
  lua_pushlstring(L, text, len);
  lua_pushvalue(L, AT_NULL);
  lua_pushvalue(L, AT_ARRAY_MT);
  int status = lua_pcall(L, 3, 3, 0);
  if (status != LUA_OK) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  PROMISE(status == LUA_OK);
  bool failed = lua_isnil(L, -3) && lua_isstring(L, -2);
  if (failed) {
    lua_Integer at = lua_tointeger(L, -1);
    PROMISE(at >= 1 && at <= (lua_Integer)len + 1);
  }
  lua_settop(L, AT_ARRAY_MT + 1);
  return !failed;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static lua_State *L; /* one for all inputs: starting one is slow */
  if (!L) {
    L = luaL_newstate();
    if (!L) abort();
    start_state(L);
  }
  char *text = fuzz_text(data, size);
  (void)decode(L, text, size);
  lua_settop(L, AT_ARRAY_MT);
  free(text);
  return 0;
}
