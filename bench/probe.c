/* What a script cannot see of its own process: heap bytes as malloc counts
   them, and CPU time to the microsecond.    local probe = require "probe" */
#include <lauxlib.h>
#include <lua.h>
#include <malloc.h>
#include <sys/resource.h>
#include <time.h>

static int probe_heap (lua_State *L) {
  struct mallinfo2 info = mallinfo2();
  lua_pushinteger(L, (lua_Integer)(info.uordblks + info.hblkhd));
  return 1;
}

static int probe_cpu (lua_State *L) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  lua_pushnumber(
      L, (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
             (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
  return 1;
}

static int probe_now (lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (double)now.tv_sec + (double)now.tv_nsec / 1e9);
  return 1;
}

int luaopen_probe (lua_State *L);

int luaopen_probe (lua_State *L) {
  static const luaL_Reg functions[] = {
      {"heap", probe_heap},
      {"cpu", probe_cpu},
      {"now", probe_now},
      {NULL, NULL},
  };
  luaL_newlib(L, functions);
  return 1;
}
