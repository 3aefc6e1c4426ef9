/* Operations as scripts see them. */
#include "lua_task.h"
#include "lua_type.h"

#include <limits.h>
#include <math.h>
#include "fd_read.h"

static const char op_type[] = "azure.op";

struct azl_lua_op *azl_lua_op_check (lua_State *L, int index) {
  struct azl_lua_op *box = azl_lua_check_type(L, index, op_type);
  if (!box->op) luaL_error(L, "the operation is closed");
  azl_lua_check_process(L, box->op->loop);
  return box;
}

struct azl_lua_op *
azl_lua_op_new (lua_State *L, const struct azl_lua_op_kind *kind, int owner) {
  if (owner) owner = lua_absindex(L, owner);
  struct azl_lua_op *box = lua_newuserdatauv(L, sizeof(*box), 3);
  box->op = NULL;
  box->kind = kind;
  box->once = false;
  azl_lua_set_type(L, op_type);
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

void azl_lua_op_push_status (lua_State *L, struct azl_lua_op *box) {
  lua_createtable(L, 0, 6);
  lua_pushstring(L, azl_op_state_name(box->op->state));
  lua_setfield(L, -2, "state");
  lua_pushstring(L, box->op->cls->name);
  lua_setfield(L, -2, "operation");
  if (box->kind->status) box->kind->status(L, box->op);
}

static int op_done (lua_State *L) {
  struct azl_lua_op *box = azl_lua_check_type(L, 1, op_type);
  lua_pushboolean(L, !box->op || box->op->state != AZL_OP_PENDING);
  return 1;
}

static int op_status (lua_State *L) {
  azl_lua_op_push_status(L, azl_lua_op_check(L, 1));
  return 1;
}

static void cancel (lua_State *L, struct azl_lua_op *box, bool for_good) {
  if (!box->op || box->op->state != AZL_OP_PENDING) return;
  if (box->kind->cancel)
    box->kind->cancel(L, box->op, for_good);
  else
    azl_op_cancel(box->op);
}

/* op:cancel(for_good) -> op */
static int op_cancel (lua_State *L) {
  const struct azl_lua_op *box = azl_lua_check_type(L, 1, op_type);
  if (box->op) azl_lua_check_process(L, box->op->loop);
  cancel(L, lua_touserdata(L, 1), lua_toboolean(L, 2));
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
  return azl_lua_push_owned(L, token);
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
  struct azl_lua_op *box = azl_lua_check_type(L, 1, op_type);
  if (!box->op || azl_lua_foreign(L)) return 0;
  cancel(L, box, false);
  return 0;
}

static int op_gc (lua_State *L) {
  struct azl_lua_op *box = azl_lua_check_type(L, 1, op_type);
  struct azl_op *op = box->op;
  if (op && azl_lua_task_lost(box)) {
    lua_pushcfunction(L, azl_lua_task_report);
    lua_pushvalue(L, 1);
    (void)lua_pcall(L, 1, 0, 0);
  }
  box->op = NULL;
  azl_op_unref(op);
  return 0;
}

static int op_tostring (lua_State *L) {
  struct azl_lua_op *box = azl_lua_check_type(L, 1, op_type);
  if (!box->op)
    lua_pushliteral(L, "azure.op (closed)");
  else
    lua_pushfstring(L, "azure.op (%s, %s)", box->op->cls->name,
                    azl_op_state_name(box->op->state));
  return 1;
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

/* Nothing at the end of the input. */
static int push_bytes (lua_State *L, int box, struct azl_op *op) {
  const struct azl_buf *bytes = azl_fd_read_result(op);
  (void)box;
  if (bytes->len == 0) return 0;
  lua_pushlstring(L, bytes->data, bytes->len);
  return 1;
}

static const struct azl_lua_op_kind read_kind = {.push = push_bytes};

/* core.read_fd(fd, max) -> op -> bytes, or nothing at the end */
static int core_read_fd (lua_State *L) {
  lua_Integer fd = luaL_checkinteger(L, 1);
  lua_Integer max = luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, fd >= 0 && fd <= INT_MAX, 1, "a file descriptor");
  luaL_argcheck(L, max >= 0, 2, "a number of bytes");
  struct azl_loop *loop = azl_lua_loop(L);
  struct azl_lua_op *box = azl_lua_op_new(L, &read_kind, 0);
  box->op = azl_fd_read(loop, (int)fd, (size_t)max);
  return azl_lua_op_return(L, box);
}

static const luaL_Reg op_methods[] = {
    {"wait", azl_lua_op_wait}, {"done", op_done},
    {"status", op_status},     {"cancel", op_cancel},
    {"close", op_close},       {"resume_token", op_resume_token},
    {"map", op_map},           {NULL, NULL},
};

static const luaL_Reg op_meta[] = {
    {"__gc", op_gc},
    {"__close", op_close},
    {"__tostring", op_tostring},
    {NULL, NULL},
};

void azl_lua_open_op (lua_State *L) {
  azl_lua_open_wait(L);
  azl_lua_new_type(L, op_type);
  luaL_setfuncs(L, op_meta, 0);
  luaL_newlib(L, op_methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, core_sleep);
  lua_setfield(L, -2, "sleep");
  lua_pushcfunction(L, core_read_fd);
  lua_setfield(L, -2, "read_fd");
}
