#ifndef AZL_LUA_HOST_H
#define AZL_LUA_HOST_H

#include "lua_azl.h"

/* Waits that go through the event loop of a host (luv, cqueues, copas): its
   adapter gave a function to loop:on_wait that knows how. */

/* How a wait outside of a task can go on. Pushes two values. */
enum azl_lua_way {
  AZL_WAY_OWN,     /* run our loop in place; nil, nil */
  AZL_WAY_SUSPEND, /* functions: suspend the coroutine | wake it */
  AZL_WAY_TURN     /* function: one turn of the host's loop | nil */
};

/* Asks the host. Raises in its words where it says that it cannot be. */
enum azl_lua_way azl_lua_host_way (lua_State *L);

/* Pops suspend and wake, suspends through the host until somebody resumes the
   coroutine, then goes on with k. */
int azl_lua_host_suspend (lua_State *L, struct azl_wait *wait, lua_KFunction k);

/* Runs the host's loop with the turn function at the index until the wait is
   ready. false: nothing is left in the host that could make it ready. */
bool azl_lua_host_run (lua_State *L, const struct azl_wait *wait, int turn);

/* loop:on_wait(fn) */
int azl_lua_on_wait (lua_State *L);

#endif
