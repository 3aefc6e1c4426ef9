/* Waits through the event loop of a host, and words for where none can be. */
#include "lua_host.h"
#include "lua_task.h"

static const char on_wait_key = 0;

/* What the adapter's function says: suspend and wake; a turn function alone;
   nothing, to run our loop in place; or nil and why it cannot be. */
enum azl_lua_way azl_lua_host_way (lua_State *L) {
  luaL_checkstack(L, 6, "host");
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &on_wait_key) == LUA_TNIL) {
    lua_pushnil(L);
    return AZL_WAY_OWN;
  }
  lua_pushboolean(L, lua_isyieldable(L));
  lua_pushboolean(L, *azl_lua_running(L) != NULL);
  lua_call(L, 2, 2);
  if (lua_isfunction(L, -1)) return AZL_WAY_SUSPEND;
  if (lua_isfunction(L, -2)) return AZL_WAY_TURN;
  if (!lua_isnil(L, -1)) lua_error(L);
  return AZL_WAY_OWN;
}

int azl_lua_host_suspend (lua_State *L, struct azl_wait *wait,
                          lua_KFunction k) {
  azl_lua_wake_with(L, wait);
  azl_lua_touch(L); /* the wait may have a deadline */
  lua_callk(L, 0, 0, 0, k);
  return k(L, LUA_OK, 0);
}

bool azl_lua_host_run (lua_State *L, const struct azl_wait *wait, int turn) {
  azl_lua_touch(L);
  while (wait->reason == AZL_WAIT_PENDING) {
    luaL_checkstack(L, 2, "host");
    lua_pushvalue(L, turn);
    lua_call(L, 0, 1);
    bool alive = lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (!alive && wait->reason == AZL_WAIT_PENDING) return false;
  }
  return true;
}

/* loop:on_wait(fn): fn(yieldable, in_task) says how a wait outside of tasks
   goes on; nil takes it away. */
int azl_lua_on_wait (lua_State *L) {
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &on_wait_key);
  return 0;
}
