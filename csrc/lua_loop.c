/* The loop as scripts and hosts see it; the step that runs Lua. */
#include "lua_host.h"
#include "lua_task.h"

#include <math.h>
#include <stdlib.h>

#define LOOP_TYPE "azure.loop"

enum { MAX_DEPTH = 100, SLOT_ON_WAKE = 1 };

struct lua_loop {
  struct azl_loop *loop; /* NULL: closed */
  struct azl_list runnable;
  struct azl_lua_task *running;
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
  self->running = NULL;
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
  azl_lua_check_process(L, self->loop);
  return self;
}

void azl_lua_check_process (lua_State *L, const struct azl_loop *loop) {
  long owner = 0;
  if (!azl_loop_foreign(loop, &owner)) return;
  luaL_error(L,
             "the event loop belongs to process %I and this is a fork of it, "
             "which must not touch its connections: require azure after the "
             "fork, or use a new Lua state here",
             (lua_Integer)owner);
}

bool azl_lua_foreign (lua_State *L) {
  const struct lua_loop *self = loop_box(L);
  return self && self->loop && azl_loop_foreign(self->loop, NULL);
}

struct azl_loop *azl_lua_loop (lua_State *L) {
  return need_loop(L)->loop;
}

struct azl_list *azl_lua_runnable (lua_State *L) {
  return &need_loop(L)->runnable;
}

struct azl_lua_task **azl_lua_running (lua_State *L) {
  return &need_loop(L)->running;
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

static struct azl_lua_slice slice_of (int64_t slice_ms) {
  struct azl_lua_slice slice = {.end_ms = -1};
  if (slice_ms < 0) return slice;
  azl_clock_init(&slice.clock);
  slice.end_ms = azl_clock_now_ms(&slice.clock) + slice_ms;
  return slice;
}

bool azl_lua_slice_over (const struct azl_lua_slice *slice) {
  return slice->end_ms >= 0 && azl_clock_now_ms(&slice->clock) >= slice->end_ms;
}

/* Only those that are ready now: what they wake has its turn in the next
   step. Nothing is moved to a list of our own, since an error may jump out. */
static int wake_ready (lua_State *L, struct azl_loop *loop,
                       const struct azl_lua_slice *slice) {
  struct azl_list *ready = azl_loop_ready(loop), *node;
  int limit = azl_list_count(ready), count = 0;
  for (; count < limit && (node = azl_list_pop(ready)) != NULL; count++) {
    azl_lua_wake(L, AZL_CONTAINER(node, struct azl_wait, node));
    if (azl_lua_slice_over(slice)) return count + 1;
  }
  return count;
}

/* Runs in protected mode so that the depth is right after an error. */
static int step_protected (lua_State *L) {
  struct lua_loop *self = lua_touserdata(L, 1);
  const struct azl_lua_slice *slice = lua_touserdata(L, 2);
  int count = wake_ready(L, self->loop, slice);
  count += azl_lua_run_tasks(L, &self->runnable, slice);
  azl_loop_run_steps(self->loop, L);
  lua_pushinteger(L, count);
  return 1;
}

/* What runs here was not resumed by the task that runs around it. */
static int run_step (lua_State *L, struct lua_loop *self,
                     struct azl_lua_slice *slice) {
  struct azl_lua_task *running = self->running;
  lua_pushcfunction(L, step_protected);
  lua_pushlightuserdata(L, self);
  lua_pushlightuserdata(L, slice);
  self->depth++;
  self->running = NULL;
  int status = lua_pcall(L, 2, 1, 0);
  self->running = running;
  self->depth--;
  if (status != LUA_OK) lua_error(L);
  int count = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return count;
}

int azl_lua_step (lua_State *L, int64_t max_wait_ms, int64_t slice_ms) {
  struct lua_loop *self = need_loop(L);
  if (self->depth >= MAX_DEPTH)
    luaL_error(L, "waits are nested too deeply: wait inside a task instead "
                  "of inside callbacks of callbacks");
  if (!azl_list_empty(&self->runnable)) max_wait_ms = 0; /* of a step around */
  /* What descriptors and timers take counts too, where nothing is waited for.
   */
  struct azl_lua_slice slice = slice_of(slice_ms);
  int count = azl_loop_turn(self->loop, max_wait_ms);
  if (max_wait_ms != 0) slice = slice_of(slice_ms);
  luaL_checkstack(L, 5, "step");
  count += run_step(L, self, &slice);
  if (self->loop) count += azl_loop_flush(self->loop); /* Lua's requests */
  let_hooks_run(L);
  return count;
}

static struct azl_loop *check_loop (lua_State *L) {
  struct lua_loop *self = luaL_checkudata(L, 1, LOOP_TYPE);
  if (!self->loop) luaL_error(L, "the event loop is closed");
  azl_lua_check_process(L, self->loop);
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

/* Milliseconds, or -1 for what is as good as for ever. */
static int64_t check_seconds (lua_State *L, int index, lua_Number otherwise) {
  lua_Number seconds = luaL_optnumber(L, index, otherwise);
  luaL_argcheck(L, seconds >= 0, index, "seconds must not be negative");
  return seconds > 1e9 ? -1 : (int64_t)ceil(seconds * 1e3);
}

/* loop:step(seconds, slice): waits at most that long for something to do; lets
   Lua run for about `slice` seconds, what is left is for the next step. */
static int loop_step (lua_State *L) {
  check_loop(L);
  int64_t wait_ms = check_seconds(L, 2, 0);
  int64_t slice_ms = check_seconds(L, 3, HUGE_VAL);
  lua_pushinteger(L, azl_lua_step(L, wait_ms, slice_ms));
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

/* loop:alarm(seconds): the descriptor of loop:pollfd() is readable then too;
   nil ends it. false where there is no such descriptor. */
static int loop_alarm (lua_State *L) {
  struct azl_poller *poller = azl_loop_poller(check_loop(L));
  int64_t delay_ms = lua_isnoneornil(L, 2) ? -1 : check_seconds(L, 2, 0);
  lua_pushboolean(L, azl_poller_alarm(poller, delay_ms));
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
    {"stats", loop_stats},     {"on_wait", azl_lua_on_wait},
    {"alarm", loop_alarm},     {NULL, NULL},
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
