/* The JSON decoder and encoder of scripts, instrumented: what is decoded can be
   encoded, and decoded again it is the same. */
#include "lua_json.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include "fuzz.h"

/* At the bottom of the stack. */
enum { AT_NULL = 1, AT_ARRAY_MT };

static void start_state (lua_State *L) {
  lua_settop(L, 0);
  lua_pushlightuserdata(L, NULL);
  lua_newtable(L);
}

static void call (lua_State *L, int results) {
  int status = lua_pcall(L, 3, results, 0);
  if (status != LUA_OK) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  PROMISE(status == LUA_OK);
}

/* Pushes the value, or returns false. */
static bool decode (lua_State *L, const char *text, size_t len) {
  lua_pushcfunction(L, azl_lua_json_decode);
  lua_pushlstring(L, text, len);
  lua_pushvalue(L, AT_NULL);
  lua_pushvalue(L, AT_ARRAY_MT);
  call(L, 3);
  bool failed = lua_isnil(L, -3) && lua_isstring(L, -2);
  if (failed) {
    lua_Integer at = lua_tointeger(L, -1);
    PROMISE(at >= 1 && at <= (lua_Integer)len + 1);
  }
  lua_pop(L, failed ? 3 : 2);
  return !failed;
}

/* Pushes the text of the value at `index`. */
static const char *encode (lua_State *L, int index, size_t *len) {
  lua_pushcfunction(L, azl_lua_json_encode);
  lua_pushvalue(L, index);
  lua_pushvalue(L, AT_NULL);
  lua_pushvalue(L, AT_ARRAY_MT);
  call(L, 1);
  const char *text = lua_tolstring(L, -1, len);
  PROMISE(text);
  return text;
}

static bool is_marked (lua_State *L, int index) {
  bool marked = lua_getmetatable(L, index);
  if (!marked) return false;
  marked = lua_rawequal(L, -1, AT_ARRAY_MT);
  lua_pop(L, 1);
  return marked;
}

/* The same value, and an integer is no float. */
static bool same (lua_State *L, int a, int b) {
  luaL_checkstack(L, 8, "comparing");
  if (lua_type(L, a) != lua_type(L, b)) return false;
  if (lua_isinteger(L, a) != lua_isinteger(L, b)) return false;
  if (!lua_istable(L, a)) return lua_rawequal(L, a, b);
  if (is_marked(L, a) != is_marked(L, b)) return false;
  if (lua_rawlen(L, a) != lua_rawlen(L, b)) return false;
  lua_pushnil(L);
  while (lua_next(L, a)) { /* key value */
    int top = lua_gettop(L);
    lua_pushvalue(L, top - 1);
    lua_rawget(L, b);
    if (!same(L, top, top + 1)) return false;
    lua_settop(L, top - 1);
  }
  return true;
}

static void there_and_back (lua_State *L, const char *text, size_t size) {
  size_t len = 0, again_len = 0;
  if (!decode(L, text, size)) return;
  int value = lua_gettop(L);
  const char *once = encode(L, value, &len);
  PROMISE(decode(L, once, len));
  int back = lua_gettop(L);
  /* The other way round for what the second has more. */
  PROMISE(same(L, value, back));
  lua_settop(L, back);
  PROMISE(same(L, back, value));
  lua_settop(L, back);
  const char *again = encode(L, back, &again_len);
  PROMISE(len == again_len && memcmp(once, again, len) == 0);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static lua_State *L; /* one for all inputs: starting one is slow */
  if (!L) {
    L = luaL_newstate();
    if (!L) abort();
    start_state(L);
  }
  char *text = fuzz_text(data, size);
  there_and_back(L, text, size);
  lua_settop(L, AT_ARRAY_MT);
  free(text);
  return 0;
}
