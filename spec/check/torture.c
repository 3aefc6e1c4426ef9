/* Fails one allocation after the other, of the core or of Lua, under the same
   script, and looks for crashes, leaks and waits without end.

     torture core|lua SCRIPT RUNS      RUNS failures, evenly spread
     torture core|lua SCRIPT =NUMBER   that failure alone */
#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "mem.h"

enum { RUN_SECONDS = 60 };

int luaopen_azure_core (lua_State *L);
int luaopen_azure_emulator_server (lua_State *L);

/* Lua tries a failed allocation once more, after collecting garbage: the one
   after it must fail too. */
struct lua_memory {
  long made, fail_at;
};

static void *lua_allocate (void *ctx, void *old, size_t old_size, size_t size) {
  struct lua_memory *memory = ctx;
  if (size == 0) {
    free(old);
    return NULL;
  }
  if (!old || size > old_size) {
    long number = memory->made++;
    if (memory->fail_at >= 0 &&
        (number == memory->fail_at || number == memory->fail_at + 1))
      return NULL;
  }
  return realloc(old, size);
}

static int run_protected (lua_State *L) {
  const char *script = lua_touserdata(L, 1);
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_azure_core);
  lua_setfield(L, -2, "azure.core");
  lua_pushcfunction(L, luaopen_azure_emulator_server);
  lua_setfield(L, -2, "azure.emulator.server");
  if (luaL_loadfile(L, script) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 1);
  return 1;
}

struct outcome {
  bool ok;
  long core_made, lua_made, leaked;
  char text[200];
};

static void run (const char *script, long core_fail, long lua_fail,
                 struct outcome *out) {
  struct lua_memory memory = {0, lua_fail};
  memset(out, 0, sizeof *out);
  alarm(RUN_SECONDS);
  azl_mem_fail_after(core_fail);
  lua_State *L = lua_newstate(lua_allocate, &memory);
  if (L) {
    lua_pushcfunction(L, run_protected);
    lua_pushlightuserdata(L, (void *)script);
    int status = lua_pcall(L, 1, 1, 0);
    out->ok = status == LUA_OK && lua_toboolean(L, -1);
    const char *text = lua_tostring(L, -1);
    snprintf(out->text, sizeof out->text, "%s", text ? text : "?");
    lua_close(L);
  }
  out->core_made = azl_mem_fail_after(-1);
  out->lua_made = memory.made;
  out->leaked = azl_mem_live();
  alarm(0);
}

static long current;
static void on_alarm (int signal_number) {
  (void)signal_number;
  char text[64];
  int len =
      snprintf(text, sizeof text, "failure %ld: it waits for ever\n", current);
  if (write(STDERR_FILENO, text, (size_t)len) < 0) _exit(3);
  _exit(2);
}

int main (int argc, char **argv) {
  if (argc != 4) return 64;
  bool core = strcmp(argv[1], "core") == 0;
  long only = argv[3][0] == '=' ? strtol(argv[3] + 1, NULL, 10) : -1;
  long runs = strtol(argv[3], NULL, 10), survived = 0, leaks = 0;
  struct outcome out;
  signal(SIGALRM, on_alarm);
  run(argv[2], -1, -1, &out);
  if (!out.ok || out.leaked) {
    fprintf(stderr, "without any failure: %s, %ld blocks left\n", out.text,
            out.leaked);
    return 1;
  }
  long total = core ? out.core_made : out.lua_made;
  long step = runs > 0 && total > runs ? total / runs : 1;
  current = only < 0 ? 0 : only;
  for (; current < total && only <= current; current += step) {
    if (only >= 0) step = total;
    run(argv[2], core ? current : -1, core ? -1 : current, &out);
    survived += out.ok;
    if (!out.leaked) continue;
    leaks++;
    fprintf(stderr, "failure %ld: %ld blocks left (%s)\n", current, out.leaked,
            out.text);
  }
  printf("%s: %ld of %ld allocations failed in turn, %ld runs succeeded all "
         "the same\n%d passed, %d failed\n",
         argv[1], (total + step - 1) / step, total, survived, leaks == 0,
         leaks != 0);
  return leaks != 0;
}
