/* op:wait, the one wait: in a task, through a host, or in place. */
#include "lua_host.h"
#include "lua_task.h"
#include "lua_type.h"

#include <string.h>

static const char wait_type[] = "azure.wait";

/* The stack of a wait that is under way. */
enum {
  AT_OP = 1,
  AT_OPTIONS,
  AT_PROGRESS,
  AT_DEADLINE,
  AT_SEEN,
  AT_WAIT,
  AT_SHIELD = AT_OPTIONS /* when the options have been read */
};

/* Waits that a task may begin after it was cancelled for good. */
enum { MAX_IGNORED = 100 };

/* Not when Lua finds the time to collect it: its answer may be large. */
static void release (struct azl_lua_op *box) {
  struct azl_op *op = box->op;
  box->op = NULL;
  azl_op_unref(op);
}

/* Results of a finished operation, after its map function if it has one. */
static int push_results (lua_State *L) {
  struct azl_lua_op *box = lua_touserdata(L, AT_OP);
  lua_settop(L, AT_OP);
  bool mapped = lua_getiuservalue(L, AT_OP, AZL_SLOT_MAP) == LUA_TFUNCTION;
  if (!mapped) lua_settop(L, AT_OP);
  int first = lua_gettop(L);
  if (box->op->state == AZL_OP_DONE || !box->op->err) {
    int count = box->kind->push(L, AT_OP, box->op);
    lua_rotate(L, first + 1, count); /* results to the bottom */
    lua_settop(L, first + count);
  } else {
    lua_pushnil(L);
    azl_lua_push_err(L, box->op->err);
    if (box->kind->failed) box->kind->failed(L, AT_OP, box->op);
  }
  if (box->once) release(box);
  if (!mapped) return lua_gettop(L) - AT_OP;
  lua_call(L, lua_gettop(L) - first, LUA_MULTRET);
  return lua_gettop(L) - AT_OP;
}

static int fail_wait (lua_State *L, enum azl_err_kind kind, const char *code,
                      const char *what, const char *hint) {
  const struct azl_lua_op *box = lua_touserdata(L, AT_OP);
  struct azl_err *err =
      azl_err_new(kind, code, "%s %s", box->op->cls->name, what);
  azl_err_set(err, hint, hint);
  return azl_lua_fail(L, err);
}

static int wait_again (lua_State *L);

static int progress_told (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  (void)ctx;
  lua_settop(L, AT_WAIT);
  return wait_again(L);
}

static int tell_progress (lua_State *L, struct azl_wait *wait) {
  struct azl_lua_op *box = lua_touserdata(L, AT_OP);
  lua_pushinteger(L, box->op->progress);
  lua_replace(L, AT_SEEN);
  azl_wait_end(wait);
  lua_pushvalue(L, AT_PROGRESS);
  azl_lua_op_push_status(L, box);
  lua_callk(L, 1, 0, 0, progress_told);
  return progress_told(L, LUA_OK, 0);
}

/* Who is told to end: the task whose coroutine this is, or the one that
   resumed it. */
static struct azl_lua_task *owner_or (lua_State *L, struct azl_lua_task *task) {
  return task ? task : *azl_lua_running(L);
}

static struct azl_lua_task *owner_of (lua_State *L) {
  return owner_or(L, azl_lua_current_task(L));
}

static bool is_over (lua_State *L, const struct azl_lua_task *owner) {
  if (!owner || !owner->cancelled || lua_toboolean(L, AT_SHIELD)) return false;
  return owner->doomed || !owner->cancel_told;
}

/* The task was told to end: what only it waits for is stopped with it. */
static void let_go (lua_State *L) {
  struct azl_lua_op *box = lua_touserdata(L, AT_OP);
  const struct azl_lua_task *owner = owner_of(L);
  if (box->op->state != AZL_OP_PENDING || !azl_list_empty(&box->op->waits))
    return;
  if (box->kind->cancel)
    box->kind->cancel(L, box->op, owner && owner->doomed);
  else
    azl_op_cancel(box->op);
}

static int tell_cancelled (lua_State *L) {
  return fail_wait(L, AZL_ERR_CANCELLED, "Cancelled",
                   "was left: the task that waited for it was cancelled", NULL);
}

static int wait_cancelled (lua_State *L) {
  let_go(L);
  return tell_cancelled(L);
}

static int wait_woken (lua_State *L, int status, lua_KContext ctx) {
  struct azl_wait *wait = lua_touserdata(L, AT_WAIT);
  enum azl_wait_reason reason = wait->reason;
  (void)status;
  (void)ctx;
  if (reason == AZL_WAIT_PROGRESS) return tell_progress(L, wait);
  azl_wait_end(wait);
  if (reason == AZL_WAIT_FINISHED) return push_results(L);
  if (reason == AZL_WAIT_CANCELLED) return wait_cancelled(L);
  return fail_wait(L, AZL_ERR_TIMEOUT, "WaitTimeout",
                   "is still under way after the time allowed",
                   "wait again with a longer `timeout`, or cancel it");
}

/* Whoever got hold of the coroutine may resume it; only the loop ends its
   wait. */
static int task_woken (lua_State *L, int status, lua_KContext ctx) {
  const struct azl_lua_task *running = *azl_lua_running(L);
  const struct azl_wait *wait = lua_touserdata(L, AT_WAIT);
  bool by_stranger = !running || running->coroutine != L;
  lua_settop(L, AT_WAIT);
  if (by_stranger || wait->reason == AZL_WAIT_PENDING)
    return lua_yieldk(L, 0, 0, task_woken);
  return wait_woken(L, status, ctx);
}

static int ignored_again (lua_State *L, int status, lua_KContext ctx) {
  struct azl_lua_task *owner = owner_of(L);
  (void)status;
  (void)ctx;
  lua_settop(L, AT_WAIT);
  if (++owner->ignored <= MAX_IGNORED) return tell_cancelled(L);
  owner->awaited = true; /* nobody's fault that is worth a report */
  return luaL_error(L,
                    "this task was cancelled for good and has begun %d "
                    "waits since: it ends here",
                    owner->ignored);
}

static int turn_over (lua_State *L, int status, lua_KContext ctx) {
  const struct azl_lua_task *running = *azl_lua_running(L);
  if (!running || running->coroutine != L)
    return lua_yieldk(L, 0, ctx, turn_over);
  return ignored_again(L, status, ctx);
}

/* What it goes on to begin is stopped before anything is sent. One that goes
   on all the same must not keep everybody else from going on: each further
   wait gives way before it ends, and a loop that takes no notice is ended by
   an error. */
static int end_at_once (lua_State *L, struct azl_lua_task *owner) {
  bool gives_way = azl_lua_current_task(L) == owner && lua_isyieldable(L);
  let_go(L);
  if (!owner->cancel_told) {
    owner->cancel_told = true;
    return tell_cancelled(L);
  }
  if (gives_way) return lua_yieldk(L, 0, 0, turn_over);
  return ignored_again(L, LUA_OK, 0);
}

static bool nothing_can_happen (struct azl_loop *loop) {
  struct azl_loop_stats stats;
  azl_loop_stats(loop, &stats);
  return stats.timers == 0 && stats.busy == 0 && stats.fds == 0 &&
         azl_loop_timeout_ms(loop) < 0;
}

static int never_ends (lua_State *L, struct azl_wait *wait) {
  azl_wait_end(wait);
  return luaL_error(L, "this wait can never end: nothing is under way that "
                       "could finish it (does a task wait for itself?)");
}

/* Where nothing can yield, progress is told from one place, so that a thousand
   events do not stack up a thousand C frames. */
static bool told_in_place (lua_State *L, struct azl_wait *wait) {
  struct azl_lua_op *box = lua_touserdata(L, AT_OP);
  if (wait->reason != AZL_WAIT_PROGRESS || lua_isyieldable(L)) return false;
  unsigned seen_progress = box->op->progress;
  azl_wait_end(wait);
  lua_pushvalue(L, AT_PROGRESS);
  azl_lua_op_push_status(L, box);
  lua_call(L, 1, 0);
  if (!azl_wait_begin(wait, box->op, lua_tointeger(L, AT_DEADLINE), true,
                      seen_progress))
    luaL_error(L, "out of memory");
  return true;
}

/* Where the coroutine cannot be suspended the loop runs right here. */
static int wait_in_place (lua_State *L, struct azl_wait *wait) {
  struct azl_loop *loop = wait->op->loop;
  struct azl_lua_task *owner = owner_of(L);
  do {
    while (wait->reason == AZL_WAIT_PENDING) {
      if (is_over(L, owner)) {
        owner->cancel_told = true;
        azl_wait_end(wait);
        return wait_cancelled(L);
      }
      if (nothing_can_happen(loop)) return never_ends(L, wait);
      (void)azl_lua_step(L, -1, -1);
    }
  } while (told_in_place(L, wait));
  azl_lua_touch(L); /* its alarm may have rung here */
  return wait_woken(L, LUA_OK, 0);
}

/* Somebody resumed a coroutine that was suspended through the host: we, or a
   stranger, such as the loop over a generator. What the wait yields is for the
   host alone: to yield again would give the stranger such values for ever. */
static int host_resumed (lua_State *L, int status, lua_KContext ctx) {
  struct azl_wait *wait = lua_touserdata(L, AT_WAIT);
  lua_settop(L, AT_WAIT);
  azl_lua_wake_nobody(L, wait);
  if (wait->reason != AZL_WAIT_PENDING) return wait_woken(L, status, ctx);
  azl_wait_end(wait);
  lua_pushliteral(
      L, "azure: a wait in a coroutine that was not resumed by the host's loop "
         "but by something else (the loop over a generator?) cannot go on, "
         "since all that it yields is for the host; start a task (azure.spawn) "
         "for what waits");
  return lua_error(L);
}

/* No task: the host's way stands on the stack above the wait. */
static int wait_outside (lua_State *L, struct azl_wait *wait,
                         enum azl_lua_way way) {
  if (way == AZL_WAY_SUSPEND)
    return azl_lua_host_suspend(L, wait, host_resumed);
  if (way == AZL_WAY_OWN) return wait_in_place(L, wait);
  if (!azl_lua_host_run(L, wait, AT_WAIT + 1)) return never_ends(L, wait);
  return wait_woken(L, LUA_OK, 0);
}

static int wait_again (lua_State *L) {
  struct azl_lua_op *box = lua_touserdata(L, AT_OP);
  struct azl_wait *wait = lua_touserdata(L, AT_WAIT);
  struct azl_lua_task *task = azl_lua_current_task(L);
  struct azl_lua_task *owner = owner_or(L, task);
  if (is_over(L, owner)) return end_at_once(L, owner);
  if (box->op->state != AZL_OP_PENDING) return push_results(L);
  if (task && &task->op == box->op)
    return luaL_error(L, "a task cannot wait for itself");
  bool own_task = task && lua_isyieldable(L);
  enum azl_lua_way way = own_task ? AZL_WAY_OWN : azl_lua_host_way(L);
  if (!azl_wait_begin(wait, box->op, lua_tointeger(L, AT_DEADLINE),
                      lua_isfunction(L, AT_PROGRESS),
                      (unsigned)lua_tointeger(L, AT_SEEN)))
    return azl_lua_fail(L, azl_err_oom());
  if (wait->reason != AZL_WAIT_PENDING) {
    azl_list_remove(&wait->node);
    return wait_woken(L, LUA_OK, 0);
  }
  if (!own_task) return wait_outside(L, wait, way);
  task->shielded = lua_toboolean(L, AT_SHIELD);
  return azl_lua_suspend(L, task, wait, task_woken);
}

static const char *const wait_options[] = {"timeout", "on_progress", "shield",
                                           NULL};

static void check_wait_options (lua_State *L) {
  luaL_checktype(L, AT_OPTIONS, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, AT_OPTIONS) != 0) {
    const char *key =
        lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    const char *const *known = wait_options;
    while (*known && strcmp(*known, key) != 0) known++;
    if (!*known)
      luaL_error(L,
                 "unknown option '%s' of wait (known: timeout, on_progress, "
                 "shield)",
                 key);
    lua_pop(L, 1);
  }
}

static int64_t wait_deadline (lua_State *L, struct azl_loop *loop) {
  if (lua_isnumber(L, AT_OPTIONS)) { /* op:wait(600) */
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, AT_OPTIONS);
    lua_setfield(L, -2, "timeout");
    lua_replace(L, AT_OPTIONS);
  }
  if (lua_isnil(L, AT_OPTIONS)) return -1;
  check_wait_options(L);
  int64_t timeout_ms = azl_lua_opt_ms(L, AT_OPTIONS, "timeout", -1);
  return timeout_ms < 0 ? -1 : azl_loop_now_ms(loop) + timeout_ms;
}

static void read_shield (lua_State *L) {
  if (lua_isnil(L, AT_OPTIONS)) return;
  lua_pushboolean(L, azl_lua_opt_bool(L, AT_OPTIONS, "shield", false));
  lua_replace(L, AT_SHIELD);
}

/* op:wait(opts) -> results | nil, err */
int azl_lua_op_wait (lua_State *L) {
  struct azl_lua_op *box = azl_lua_op_check(L, AT_OP);
  lua_settop(L, AT_OPTIONS);
  int64_t deadline_ms = wait_deadline(L, box->op->loop);
  if (lua_isnil(L, AT_OPTIONS))
    lua_pushnil(L);
  else if (lua_getfield(L, AT_OPTIONS, "on_progress") != LUA_TNIL)
    luaL_argcheck(L, lua_isfunction(L, -1), AT_OPTIONS,
                  "on_progress must be a function");
  lua_pushinteger(L, deadline_ms);
  lua_pushinteger(L, 0);
  read_shield(L);
  if (box->op->state != AZL_OP_PENDING) return push_results(L);
  struct azl_wait *wait = lua_newuserdatauv(L, sizeof(*wait), 0);
  memset(wait, 0, sizeof(*wait));
  azl_lua_set_type(L, wait_type);
  return wait_again(L);
}

static int wait_gc (lua_State *L) {
  struct azl_wait *wait = azl_lua_check_type(L, 1, wait_type);
  if (!wait->op || azl_lua_foreign(L)) return 0;
  azl_lua_wait_lost(L, wait);
  azl_wait_end(wait);
  return 0;
}

void azl_lua_open_wait (lua_State *L) {
  azl_lua_new_type(L, wait_type);
  lua_pushcfunction(L, wait_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}
