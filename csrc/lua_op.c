/* Operations as scripts see them, and the one wait. */
#include "lua_azl.h"
#include "lua_task.h"

#include <math.h>
#include <string.h>

#define OP_TYPE "azure.op"
#define WAIT_TYPE "azure.wait"

/* The stack of a wait that is under way. */
enum { AT_OP = 1, AT_OPTIONS, AT_PROGRESS, AT_DEADLINE, AT_SEEN, AT_WAIT };

struct azl_lua_op *azl_lua_op_check (lua_State *L, int index) {
  struct azl_lua_op *box = luaL_checkudata(L, index, OP_TYPE);
  if (!box->op) luaL_error(L, "the operation is closed");
  return box;
}

struct azl_lua_op *
azl_lua_op_new (lua_State *L, const struct azl_lua_op_kind *kind, int owner) {
  if (owner) owner = lua_absindex(L, owner);
  struct azl_lua_op *box = lua_newuserdatauv(L, sizeof(*box), 3);
  box->op = NULL;
  box->kind = kind;
  luaL_setmetatable(L, OP_TYPE);
  if (owner) {
    lua_pushvalue(L, owner);
    lua_setiuservalue(L, -2, AZL_SLOT_OWNER);
  }
  return box;
}

int azl_lua_op_return (lua_State *L, struct azl_lua_op *box) {
  if (!box->op) return azl_lua_fail(L, azl_err_oom());
  azl_lua_touch(L);
  return 1;
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
  }
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

static void push_status (lua_State *L, struct azl_lua_op *box) {
  lua_createtable(L, 0, 6);
  lua_pushstring(L, azl_op_state_name(box->op->state));
  lua_setfield(L, -2, "state");
  lua_pushstring(L, box->op->cls->name);
  lua_setfield(L, -2, "operation");
  if (box->kind->status) box->kind->status(L, box->op);
}

static int tell_progress (lua_State *L, struct azl_wait *wait) {
  struct azl_lua_op *box = lua_touserdata(L, AT_OP);
  lua_pushinteger(L, box->op->progress);
  lua_replace(L, AT_SEEN);
  azl_wait_end(wait);
  lua_pushvalue(L, AT_PROGRESS);
  push_status(L, box);
  lua_callk(L, 1, 0, 0, progress_told);
  return progress_told(L, LUA_OK, 0);
}

/* The task was told to end: what only it waits for is stopped with it. */
static int wait_cancelled (lua_State *L) {
  struct azl_lua_op *box = lua_touserdata(L, AT_OP);
  if (azl_list_empty(&box->op->waits)) {
    if (box->kind->cancel)
      box->kind->cancel(L, box->op);
    else
      azl_op_cancel(box->op);
  }
  return fail_wait(L, AZL_ERR_CANCELLED, "Cancelled",
                   "was left: the task that waited for it was cancelled", NULL);
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

static bool nothing_can_happen (struct azl_loop *loop) {
  struct azl_loop_stats stats;
  azl_loop_stats(loop, &stats);
  return stats.timers == 0 && stats.busy == 0 && stats.fds == 0 &&
         azl_loop_timeout_ms(loop) < 0;
}

/* Where the coroutine cannot be suspended the loop runs right here. */
static int wait_in_place (lua_State *L, struct azl_wait *wait) {
  struct azl_loop *loop = wait->op->loop;
  while (wait->reason == AZL_WAIT_PENDING) {
    if (nothing_can_happen(loop)) {
      azl_wait_end(wait);
      return luaL_error(L, "this wait can never end: nothing is under way "
                           "that could finish it (does a task wait for "
                           "itself?)");
    }
    (void)azl_lua_step(L, -1);
  }
  return wait_woken(L, LUA_OK, 0);
}

static int wait_again (lua_State *L) {
  struct azl_lua_op *box = lua_touserdata(L, AT_OP);
  struct azl_wait *wait = lua_touserdata(L, AT_WAIT);
  struct azl_lua_task *task = azl_lua_current_task(L);
  if (task && task->cancelled && !task->cancel_told) {
    task->cancel_told = true;
    return wait_cancelled(L);
  }
  if (box->op->state != AZL_OP_PENDING) return push_results(L);
  if (task && &task->op == box->op)
    return luaL_error(L, "a task cannot wait for itself");
  if (!azl_wait_begin(wait, box->op, lua_tointeger(L, AT_DEADLINE),
                      lua_isfunction(L, AT_PROGRESS),
                      (unsigned)lua_tointeger(L, AT_SEEN)))
    return azl_lua_fail(L, azl_err_oom());
  if (wait->reason != AZL_WAIT_PENDING) {
    azl_list_remove(&wait->node);
    return wait_woken(L, LUA_OK, 0);
  }
  if (task && lua_isyieldable(L)) return azl_lua_suspend(L, wait, wait_woken);
  return wait_in_place(L, wait);
}

static void check_wait_options (lua_State *L) {
  luaL_checktype(L, AT_OPTIONS, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, AT_OPTIONS) != 0) {
    const char *key =
        lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    if (strcmp(key, "timeout") != 0 && strcmp(key, "on_progress") != 0)
      luaL_error(L, "unknown option '%s' of wait (known: timeout, on_progress)",
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

/* op:wait(opts) -> results | nil, err */
static int op_wait (lua_State *L) {
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
  if (box->op->state != AZL_OP_PENDING) return push_results(L);
  struct azl_wait *wait = lua_newuserdatauv(L, sizeof(*wait), 0);
  memset(wait, 0, sizeof(*wait));
  luaL_setmetatable(L, WAIT_TYPE);
  return wait_again(L);
}

static int op_done (lua_State *L) {
  struct azl_lua_op *box = luaL_checkudata(L, 1, OP_TYPE);
  lua_pushboolean(L, !box->op || box->op->state != AZL_OP_PENDING);
  return 1;
}

static int op_status (lua_State *L) {
  push_status(L, azl_lua_op_check(L, 1));
  return 1;
}

static void cancel (lua_State *L, struct azl_lua_op *box) {
  if (!box->op || box->op->state != AZL_OP_PENDING) return;
  if (box->kind->cancel)
    box->kind->cancel(L, box->op);
  else
    azl_op_cancel(box->op);
}

/* op:cancel() -> op */
static int op_cancel (lua_State *L) {
  cancel(L, luaL_checkudata(L, 1, OP_TYPE));
  azl_lua_touch(L);
  lua_settop(L, 1);
  return 1;
}

static int op_resume_token (lua_State *L) {
  struct azl_lua_op *box = azl_lua_op_check(L, 1);
  char *token = box->kind->token ? box->kind->token(box->op) : NULL;
  if (!token)
    return azl_lua_fail(
        L, azl_err_new(AZL_ERR_REFUSED, "NotResumable",
                       "a %s has no resume token: only long-running "
                       "operations (client:begin) do",
                       box->op->cls->name));
  lua_pushstring(L, token);
  azl_free(token);
  return 1;
}

/* op:map(fn) -> op; a second map works on what the first one gives */
static int op_map (lua_State *L) {
  azl_lua_op_check(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  if (lua_getiuservalue(L, 1, AZL_SLOT_MAP) == LUA_TFUNCTION)
    return luaL_error(L, "the operation has a map function already");
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, 1, AZL_SLOT_MAP);
  lua_settop(L, 1);
  return 1;
}

static int op_close (lua_State *L) {
  cancel(L, luaL_checkudata(L, 1, OP_TYPE));
  return 0;
}

static void report_lost_error (lua_State *L, struct azl_lua_op *box) {
  if (!azl_lua_task_lost(box)) return;
  lua_getiuservalue(L, 1, AZL_SLOT_RESULTS);
  lua_rawgeti(L, -1, 1);
  const char *text = luaL_tolstring(L, -1, NULL);
  lua_getfield(L, 2, "traceback");
  lua_writestringerror("azure: an error in a task that nobody waited for: %s\n",
                       text);
  lua_writestringerror("%s\n", lua_tostring(L, -1));
}

static int op_gc (lua_State *L) {
  struct azl_lua_op *box = luaL_checkudata(L, 1, OP_TYPE);
  struct azl_op *op = box->op;
  if (op) report_lost_error(L, box);
  box->op = NULL;
  azl_op_unref(op);
  return 0;
}

static int op_tostring (lua_State *L) {
  struct azl_lua_op *box = luaL_checkudata(L, 1, OP_TYPE);
  if (!box->op)
    lua_pushliteral(L, "azure.op (closed)");
  else
    lua_pushfstring(L, "azure.op (%s, %s)", box->op->cls->name,
                    azl_op_state_name(box->op->state));
  return 1;
}

static int wait_gc (lua_State *L) {
  azl_wait_end(luaL_checkudata(L, 1, WAIT_TYPE));
  return 0;
}

static int push_nothing (lua_State *L, int box, struct azl_op *op) {
  (void)box;
  (void)op;
  lua_pushboolean(L, 1);
  return 1;
}

static const struct azl_lua_op_kind sleep_kind = {.push = push_nothing};

/* core.sleep(seconds) -> op */
static int core_sleep (lua_State *L) {
  lua_Number seconds = luaL_checknumber(L, 1);
  luaL_argcheck(L, seconds >= 0 && seconds < 1e12, 1,
                "seconds must be a number from 0 up");
  struct azl_loop *loop = azl_lua_loop(L);
  struct azl_lua_op *box = azl_lua_op_new(L, &sleep_kind, 0);
  box->op =
      azl_sleep(loop, azl_loop_now_ms(loop) + (int64_t)ceil(seconds * 1e3));
  return azl_lua_op_return(L, box);
}

static const luaL_Reg op_methods[] = {
    {"wait", op_wait},
    {"done", op_done},
    {"status", op_status},
    {"cancel", op_cancel},
    {"resume_token", op_resume_token},
    {"map", op_map},
    {NULL, NULL},
};

static const luaL_Reg op_meta[] = {
    {"__gc", op_gc},
    {"__close", op_close},
    {"__tostring", op_tostring},
    {NULL, NULL},
};

void azl_lua_open_op (lua_State *L) {
  luaL_newmetatable(L, WAIT_TYPE);
  lua_pushcfunction(L, wait_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  luaL_newmetatable(L, OP_TYPE);
  luaL_setfuncs(L, op_meta, 0);
  luaL_newlib(L, op_methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, core_sleep);
  lua_setfield(L, -2, "sleep");
}
