#ifndef AZL_FUZZ_LUA_H
#define AZL_FUZZ_LUA_H

#include <lauxlib.h>
#include <lualib.h>
#include "fuzz.h"

/* Code written in Lua, under libFuzzer: each line that runs counts as an edge,
   so that inputs which reach new lines are kept. */
enum { FUZZ_LINES = 1 << 14 };

__attribute__((section(
    "__libfuzzer_extra_counters"))) static uint8_t fuzz_lines[FUZZ_LINES];

static inline void fuzz_on_line (lua_State *L, lua_Debug *at) {
  lua_getinfo(L, "S", at);
  uint32_t hash = 2166136261u;
  for (const char *c = at->short_src; *c; c++)
    hash = (hash ^ (uint8_t)*c) * 16777619u;
  fuzz_lines[(hash + (uint32_t)at->currentline) % FUZZ_LINES]++;
}

/* A state whose stack has one value: the function that the script returns. */
static inline lua_State *fuzz_lua (const char *script) {
  lua_State *L = luaL_newstate();
  if (!L) abort();
  luaL_openlibs(L);
  if (luaL_dostring(L, script) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  lua_settop(L, 1);
  lua_sethook(L, fuzz_on_line, LUA_MASKLINE, 0);
  return L;
}

/* Calls what is on the stack above the function; raising breaks a promise. */
static inline void fuzz_call (lua_State *L, int arguments) {
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  lua_replace(L, -2);
  lua_insert(L, 2); /* function traceback arguments... */
  lua_pushvalue(L, 1);
  lua_insert(L, 3);
  if (lua_pcall(L, arguments, 0, 2) != LUA_OK) {
    fprintf(stderr, "it raised: %s\n", lua_tostring(L, -1));
    abort();
  }
  lua_settop(L, 1);
}

#endif
