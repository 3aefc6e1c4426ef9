/* The loop as scripts and hosts see it; the step that runs Lua. */
#include "lua_azl.h"
#include "lua_task.h"

#include <math.h>
#include <stdlib.h>

#define LOOP_TYPE "azure.loop"

enum { MAX_DEPTH = 100, SLOT_ON_WAKE = 1 };

struct lua_loop {
  struct azl_loop *loop; /* NULL: closed */
  struct azl_list runnable;
  int depth; /* steps under way, one inside the other */
};

static const char registry_key = 0;

static struct lua_loop *loop_box (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
  struct lua_loop *self = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return self;
}

static struct lua_loop *make_loop (lua_State *L) {
  struct lua_loop *self = lua_newuserdatauv(L, sizeof(*self), 1);
  self->loop = NULL;
  self->depth = 0;
  azl_list_init(&self->runnable);
  luaL_setmetatable(L, LOOP_TYPE);
  const char *wanted = getenv("AZL_POLLER");
  self->loop = azl_loop_new(wanted && *wanted ? wanted : NULL);
  if (!self->loop)
    luaL_error(L, "no event loop: %s",
               wanted ? "AZL_POLLER must be epoll or poll"
                      : "out of memory or file descriptors");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &registry_key);
  return self;
}

static struct lua_loop *need_loop (lua_State *L) {
  struct lua_loop *self = loop_box(L);
  if (!self) self = make_loop(L);
  if (!self->loop) luaL_error(L, "the event loop is closed");
  return self;
}

struct azl_loop *azl_lua_loop (lua_State *L) {
  return need_loop(L)->loop;
}

struct azl_list *azl_lua_runnable (lua_State *L) {
  return &need_loop(L)->runnable;
}

void azl_lua_touch (lua_State *L) {
  struct lua_loop *self = need_loop(L);
  if (self->depth > 0) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
  if (lua_getiuservalue(L, -1, SLOT_ON_WAKE) == LUA_TFUNCTION) {
    (void)azl_poller_fd(azl_loop_poller(self->loop));
    lua_call(L, 0, 0);
    lua_pop(L, 1);
  } else {
    lua_pop(L, 2);
  }
}

/* Lua's interpreter turns Ctrl-C into a hook, and hooks run only at calls. */
static int nothing (lua_State *L) {
  (void)L;
  return 0;
}

static void let_hooks_run (lua_State *L) {
  if (!lua_gethook(L)) return;
  lua_pushcfunction(L, nothing);
  lua_call(L, 0, 0);
}

/* Only those that are ready now: what they wake has its turn in the next
   step. Nothing is moved to a list of our own, since an error may jump out. */
static int wake_ready (lua_State *L, struct azl_loop *loop) {
  struct azl_list *ready = azl_loop_ready(loop), *node;
  int limit = azl_list_count(ready), count = 0;
  for (; count < limit && (node = azl_list_pop(ready)) != NULL; count++)
    azl_lua_wake(L, AZL_CONTAINER(node, struct azl_wait, node));
  return count;
}

/* Runs in protected mode so that the depth is right after an error. */
static int step_protected (lua_State *L) {
  struct lua_loop *self = lua_touserdata(L, 1);
  int count = wake_ready(L, self->loop);
  count += azl_lua_run_tasks(L, &self->runnable);
  azl_loop_run_steps(self->loop, L);
  lua_pushinteger(L, count);
  return 1;
}

int azl_lua_step (lua_State *L, int64_t max_wait_ms) {
  struct lua_loop *self = need_loop(L);
  if (self->depth >= MAX_DEPTH)
    luaL_error(L, "waits are nested too deeply: wait inside a task instead "
                  "of inside callbacks of callbacks");
  int count = azl_loop_turn(self->loop, max_wait_ms);
  luaL_checkstack(L, 4, "step");
  lua_pushcfunction(L, step_protected);
  lua_pushlightuserdata(L, self);
  self->depth++;
  int status = lua_pcall(L, 1, 1, 0);
  self->depth--;
  if (status != LUA_OK) lua_error(L);
  count += (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  let_hooks_run(L);
  return count;
}

static struct azl_loop *check_loop (lua_State *L) {
  struct lua_loop *self = luaL_checkudata(L, 1, LOOP_TYPE);
  if (!self->loop) luaL_error(L, "the event loop is closed");
  return self->loop;
}

static int loop_now (lua_State *L) {
  lua_pushnumber(L, (lua_Number)azl_loop_now_ms(check_loop(L)) / 1e3);
  return 1;
}

static int loop_wall (lua_State *L) {
  int64_t wall_ms = azl_clock_wall_ms(azl_loop_clock(check_loop(L)));
  lua_pushnumber(L, (lua_Number)wall_ms / 1e3);
  return 1;
}

static int loop_advance (lua_State *L) {
  struct azl_loop *loop = check_loop(L);
  lua_Number seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, seconds >= 0 && seconds < 1e12, 2, "seconds forward");
  azl_clock_advance(azl_loop_clock(loop), (int64_t)ceil(seconds * 1e3));
  return 0;
}

static int loop_auto_advance (lua_State *L) {
  struct azl_clock *clock = azl_loop_clock(check_loop(L));
  lua_pushboolean(L, clock->auto_advance);
  if (!lua_isnone(L, 2)) clock->auto_advance = lua_toboolean(L, 2);
  return 1;
}

static int loop_step (lua_State *L) {
  check_loop(L);
  lua_Number seconds = luaL_optnumber(L, 2, 0);
  luaL_argcheck(L, seconds >= 0, 2, "seconds must not be negative");
  int64_t wait_ms = seconds > 1e9 ? -1 : (int64_t)ceil(seconds * 1e3);
  lua_pushinteger(L, azl_lua_step(L, wait_ms));
  return 1;
}

static int loop_pollfd (lua_State *L) {
  int fd = azl_poller_fd(azl_loop_poller(check_loop(L)));
  if (fd >= 0) {
    lua_pushinteger(L, fd);
    return 1;
  }
  return azl_lua_fail(
      L, azl_err_new(AZL_ERR_REFUSED, "NoPollDescriptor",
                     "the poll backend has no single descriptor to watch; "
                     "call loop:step(0) every few milliseconds"));
}

static int loop_events (lua_State *L) {
  check_loop(L);
  lua_pushliteral(L, "r");
  return 1;
}

static int loop_timeout (lua_State *L) {
  struct lua_loop *self = luaL_checkudata(L, 1, LOOP_TYPE);
  int64_t timeout_ms = azl_loop_timeout_ms(check_loop(L));
  if (!azl_list_empty(&self->runnable)) timeout_ms = 0;
  if (timeout_ms < 0) return 0;
  lua_pushnumber(L, (lua_Number)timeout_ms / 1e3);
  return 1;
}

static int loop_idle (lua_State *L) {
  struct azl_loop *loop = check_loop(L);
  lua_pushboolean(L, azl_list_empty(azl_loop_ops(loop)) &&
                         azl_list_empty(azl_loop_ready(loop)));
  return 1;
}

static int loop_on_wake (lua_State *L) {
  check_loop(L);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, SLOT_ON_WAKE);
  return 0;
}

static void set_int (lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

static int loop_stats (lua_State *L) {
  struct azl_loop_stats stats;
  azl_loop_stats(check_loop(L), &stats);
  lua_createtable(L, 0, 5);
  set_int(L, "ops", stats.ops);
  set_int(L, "fds", stats.fds);
  set_int(L, "timers", stats.timers);
  set_int(L, "transfers", stats.busy);
  set_int(L, "blocks", azl_mem_live());
  lua_pushstring(L, azl_poller_name(azl_loop_poller(azl_lua_loop(L))));
  lua_setfield(L, -2, "poller");
  return 1;
}

static int loop_close (lua_State *L) {
  struct lua_loop *self = luaL_checkudata(L, 1, LOOP_TYPE);
  struct azl_loop *loop = self->loop;
  self->loop = NULL;
  azl_loop_free(loop);
  return 0;
}

static int loop_tostring (lua_State *L) {
  struct lua_loop *self = luaL_checkudata(L, 1, LOOP_TYPE);
  if (!self->loop)
    lua_pushliteral(L, "azure.loop (closed)");
  else
    lua_pushfstring(L, "azure.loop (%d operations)",
                    azl_loop_op_count(self->loop));
  return 1;
}

static int core_loop (lua_State *L) {
  need_loop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
  return 1;
}

static const luaL_Reg loop_methods[] = {
    {"now", loop_now},         {"wall", loop_wall},
    {"advance", loop_advance}, {"auto_advance", loop_auto_advance},
    {"step", loop_step},       {"pollfd", loop_pollfd},
    {"events", loop_events},   {"timeout", loop_timeout},
    {"idle", loop_idle},       {"on_wake", loop_on_wake},
    {"stats", loop_stats},     {NULL, NULL},
};

static const luaL_Reg loop_meta[] = {
    {"__gc", loop_close},
    {"__tostring", loop_tostring},
    {NULL, NULL},
};

void azl_lua_open_loop (lua_State *L) {
  luaL_newmetatable(L, LOOP_TYPE);
  luaL_setfuncs(L, loop_meta, 0);
  luaL_newlib(L, loop_methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, core_loop);
  lua_setfield(L, -2, "loop");
}
