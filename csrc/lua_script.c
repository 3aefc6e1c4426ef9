/* Runs the script's functions for credentials that call them: each call is a
   task, started from the loop's step. */
#include "lua_cred.h"

#include <math.h>
#include <string.h>

#define CALL_TYPE "azure.credential.call"

/* Registry: credentials with functions (light userdata of azl_lua_cred ->
   userdata, weak), and core.task. */
static const char creds_key = 0, task_key = 0;

/* One call in the hands of its task. */
struct call_box {
  struct azl_script_call *call; /* NULL: answered */
};

static void answer (struct call_box *box) {
  azl_script_call_free(box->call);
  box->call = NULL;
}

static struct azl_err *no_answer (const struct azl_script_call *call) {
  return azl_err_new(AZL_ERR_AUTH, "FunctionFailed",
                     "%s: the function ended without an answer",
                     call->fetch->cred->cls->name);
}

/* The task went away in the middle. */
static int call_gc (lua_State *L) {
  struct call_box *box = luaL_checkudata(L, 1, CALL_TYPE);
  if (!box->call || azl_lua_foreign(L)) return 0;
  azl_fetch_fail(box->call->fetch, no_answer(box->call));
  answer(box);
  return 0;
}

/* Pushes a member of the error table at `index` and returns it when it is a
   string. */
static const char *error_text (lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* An error of this library passes with its code. Everything is read before
   the C error exists: reading may raise. */
static struct azl_err *error_from_table (lua_State *L, int index,
                                         const char *cred_name) {
  const char *message = error_text(L, index, "message");
  const char *code = error_text(L, index, "code");
  const char *hint = error_text(L, index, "hint");
  const char *request_id = error_text(L, index, "request_id");
  const char *correlation_id = error_text(L, index, "correlation_id");
  struct azl_err *err =
      azl_err_new(AZL_ERR_AUTH, code ? code : "FunctionFailed", "%s: %s",
                  cred_name, message ? message : "the function failed");
  azl_err_set(err, hint, hint);
  azl_err_set(err, request_id, request_id);
  azl_err_set(err, correlation_id, correlation_id);
  lua_getfield(L, index, "status");
  err->status = (int)lua_tointeger(L, -1);
  lua_pop(L, 6);
  return err;
}

/* What the function gave instead of a token. */
static struct azl_err *error_from (lua_State *L, int index,
                                   const struct azl_script_call *call) {
  const char *name = call->fetch->cred->cls->name;
  const char *text = "the function gave neither a token nor a reason";
  luaL_checkstack(L, 8, "credential error");
  if (lua_istable(L, index)) return error_from_table(L, index, name);
  if (lua_type(L, index) == LUA_TSTRING) text = lua_tostring(L, index);
  return azl_err_new(AZL_ERR_AUTH, "FunctionFailed", "%s: %s", name, text);
}

static void give_token (lua_State *L, int index, struct azl_fetch *fetch) {
  const char *problem = NULL;
  lua_Number expires;
  lua_getfield(L, index, "token");
  lua_getfield(L, index, "expires_on");
  expires = lua_tonumber(L, -1);
  if (lua_type(L, -2) != LUA_TSTRING || lua_rawlen(L, -2) == 0)
    problem = "token must be a string";
  else if (strlen(lua_tostring(L, -2)) != lua_rawlen(L, -2))
    problem = "token has a zero byte";
  else if (!(expires > 0 && expires < 1e12))
    problem = "expires_on must be seconds since 1970";
  if (problem)
    azl_fetch_fail(fetch, azl_err_new(AZL_ERR_AUTH, "FunctionFailed",
                                      "%s: the function's %s",
                                      fetch->cred->cls->name, problem));
  else
    azl_fetch_done(fetch, lua_tostring(L, -2), (int64_t)floor(expires * 1e3),
                   0);
  lua_pop(L, 2);
}

/* The function has ended. Stack: box, ok, value, reason. */
static int finish_call (lua_State *L, bool ok) {
  struct call_box *box = lua_touserdata(L, 1);
  struct azl_script_call *call = box->call;
  lua_settop(L, 4);
  if (!call) return 0;
  if (!ok)
    azl_fetch_fail(call->fetch, error_from(L, 3, call));
  else if (call->wants_token && lua_istable(L, 3))
    give_token(L, 3, call->fetch);
  else if (call->wants_token)
    azl_fetch_fail(call->fetch, error_from(L, 4, call));
  answer(box);
  return 0;
}

static int call_ended (lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  return finish_call(L, status == LUA_OK || status == LUA_YIELD);
}

/* The body of the task: box, function, what it is told. */
static int run_call (lua_State *L) {
  int status;
  lua_pushnil(L);
  lua_insert(L, 2); /* box nil function told */
  status = lua_pcallk(L, 1, 2, 0, 0, call_ended);
  return call_ended(L, status, 0);
}

static void push_told (lua_State *L, const struct azl_script_call *call) {
  lua_createtable(L, 0, AZL_SCRIPT_FIELDS);
  for (int i = 0; i < AZL_SCRIPT_FIELDS && call->fields[i].name; i++) {
    lua_pushstring(L, call->fields[i].value);
    lua_setfield(L, -2, call->fields[i].name);
  }
}

/* Remembers the task of a call. Stack: ... call task | ... */
static void keep_running (lua_State *L, int cred) {
  struct azl_lua_cred *self = lua_touserdata(L, cred);
  lua_getiuservalue(L, cred, AZL_CRED_RUNNING);
  lua_insert(L, -3); /* running call task */
  lua_rawset(L, -3);
  lua_pop(L, 1);
  self->running++;
}

/* Starts the task of the oldest call. false: none is left. */
static bool serve_one (lua_State *L, int cred, struct azl_script_queue *queue) {
  struct call_box *box;
  luaL_checkstack(L, 8, "credential function");
  box = lua_newuserdatauv(L, sizeof *box, 0);
  box->call = NULL;
  luaL_setmetatable(L, CALL_TYPE);
  box->call = azl_script_take(queue);
  if (!box->call) {
    lua_pop(L, 1);
    return false;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &task_key);
  lua_pushcfunction(L, run_call);
  lua_pushvalue(L, -3);
  lua_getiuservalue(L, cred, AZL_CRED_FUNCTION);
  push_told(L, box->call);
  lua_call(L, 4, 1); /* call task */
  keep_running(L, cred);
  return true;
}

/* Whether the call on the stack's top was answered, or its fetch has ended
   without it: then its task, below, is told to stop. */
static bool is_over (lua_State *L, int call, int task) {
  struct call_box *box = lua_touserdata(L, call);
  if (!box->call) return true;
  if (box->call->fetch->op.state == AZL_OP_PENDING) return false;
  answer(box);
  lua_getfield(L, task, "cancel");
  lua_pushvalue(L, task);
  lua_call(L, 1, 0);
  return true;
}

void azl_lua_script_sweep (lua_State *L, int box) {
  struct azl_lua_cred *self = lua_touserdata(L, box);
  int running;
  if (self->running == 0) return;
  luaL_checkstack(L, 8, "credential function");
  lua_getiuservalue(L, box, AZL_CRED_RUNNING);
  running = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, running)) { /* running call task */
    if (is_over(L, running + 1, running + 2)) {
      self->running--;
      lua_pushvalue(L, running + 1);
      lua_pushnil(L);
      lua_rawset(L, running);
    }
    lua_settop(L, running + 1);
  }
  lua_settop(L, running - 1);
}

/* After each turn. The credential's userdata is there unless it is being
   collected, and then nothing may be started for it. */
static void serve (void *state, void *ctx) {
  lua_State *L = state;
  struct azl_lua_cred *self = ctx;
  if (!self->queue) return;
  if (azl_list_empty(&self->queue->calls) && self->running == 0) return;
  luaL_checkstack(L, 4, "credential function");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &creds_key);
  if (lua_rawgetp(L, -1, self) == LUA_TUSERDATA) {
    int cred = lua_gettop(L);
    azl_lua_script_sweep(L, cred);
    while (self->queue && serve_one(L, cred, self->queue)) {}
  }
  lua_pop(L, 2);
}

void azl_lua_script_attach (lua_State *L, int box) {
  struct azl_lua_cred *self = lua_touserdata(L, box);
  lua_newtable(L);
  lua_setiuservalue(L, box, AZL_CRED_RUNNING);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &creds_key);
  lua_pushvalue(L, box);
  lua_rawsetp(L, -2, self);
  lua_pop(L, 1);
  if (!azl_loop_on_step(self->loop, serve, self))
    luaL_error(L, "out of memory");
}

void azl_lua_script_detach (struct azl_lua_cred *self) {
  if (!self->queue) return;
  self->queue = NULL;
  if (!azl_loop_on_step(self->loop, NULL, self)) return; /* cannot fail */
}

void azl_lua_open_script (lua_State *L) {
  luaL_newmetatable(L, CALL_TYPE);
  lua_pushcfunction(L, call_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &creds_key);
  lua_getfield(L, -1, "task"); /* lua_task.c has put it there */
  lua_rawsetp(L, LUA_REGISTRYINDEX, &task_key);
}
