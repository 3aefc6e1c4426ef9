/* The ARM client as the Lua layer uses it: send, begin, resume, and get and
   write for what most calls are. */
#include "arm.h"
#include "bytes.h"
#include "lua_answer.h"
#include "lua_type.h"
#include "lro.h"

#include <math.h>
#include <string.h>

static const char client_type[] = "azure.core.client";

enum { SLOT_ON_LOG = 1, SLOT_CREDENTIAL };

/* registry[&clients_key]: client (light userdata) -> userdata, weak, so that
   the loop's step finds the function without keeping the client alive. */
static const char clients_key = 0;

struct lua_client {
  struct azl_arm *arm; /* NULL: closed */
  bool closing; /* the log function is told the rest, and may close again */
};

/* gives = "document" or "page"; NULL: the whole response. */
static const char *read_gives (lua_State *L, int table) {
  return azl_lua_opt_string(L, table, "gives", NULL);
}

static struct azl_arm *check_arm (lua_State *L) {
  struct lua_client *self = azl_lua_check_type(L, 1, client_type);
  if (!self->arm) azl_lua_raise(L, "the client is closed");
  azl_lua_check_process(L, azl_arm_loop(self->arm));
  return self->arm;
}

static int read_retries (lua_State *L, int table, int otherwise) {
  enum { MOST = 1000 };
  return (int)azl_lua_opt_whole(L, table, "max_retries", otherwise, 0, MOST);
}

/* Headers that are false: fields of ours that shall not be sent. */
static unsigned read_omitted (lua_State *L, int table) {
  static const struct {
    const char *name;
    enum azl_arm_field field;
  } names[] = {{"Authorization", AZL_FIELD_AUTHORIZATION},
               {"Content-Type", AZL_FIELD_CONTENT_TYPE},
               {"x-ms-client-request-id", AZL_FIELD_REQUEST_ID},
               {"Accept", AZL_FIELD_ACCEPT},
               {"Accept-Encoding", AZL_FIELD_ACCEPT_ENCODING},
               {"User-Agent", AZL_FIELD_USER_AGENT}};
  unsigned omitted = 0;
  if (lua_getfield(L, table, "headers") != LUA_TTABLE) {
    lua_pop(L, 1); /* azl_lua_read_headers tells what is wrong */
    return 0;
  }
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || lua_toboolean(L, -1)) continue;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
      if (azl_same_text(lua_tostring(L, -2), names[i].name))
        omitted |= names[i].field;
  }
  lua_pop(L, 1);
  return omitted;
}

/* Reads everything but the headers; the strings stay in the table. */
static void read_call (lua_State *L, struct azl_loop *loop,
                       struct azl_arm_request *out) {
  luaL_checktype(L, 2, LUA_TTABLE);
  memset(out, 0, sizeof(*out));
  out->method = azl_lua_need_string(L, 2, "method");
  out->url = azl_lua_need_string(L, 2, "url");
  if (strlen(out->method) > 32 || !azl_headers_valid(out->method, ""))
    azl_lua_raise(L, "method '%s' is not an HTTP method", out->method);
  out->body = azl_lua_opt_bytes(L, 2, "body", &out->body_len);
  out->max_retries = read_retries(L, 2, -1);
  out->safe_to_repeat = azl_lua_opt_bool(L, 2, "safe_to_repeat", false);
  out->any_status = azl_lua_opt_bool(L, 2, "any_status", false);
  out->any_redirect = azl_lua_opt_bool(L, 2, "any_redirect", false);
  out->anonymous = azl_lua_opt_bool(L, 2, "anonymous", false);
  int64_t timeout_ms = azl_lua_opt_ms(L, 2, "timeout", -1);
  out->deadline_ms = timeout_ms < 0 ? -1 : azl_loop_now_ms(loop) + timeout_ms;
  out->omit = read_omitted(L, 2);
}

/* client:send{...} -> op */
static int client_send (lua_State *L) {
  struct azl_arm *arm = check_arm(L);
  struct azl_arm_request request;
  struct azl_headers headers;
  read_call(L, azl_arm_loop(arm), &request);
  struct azl_lua_op *box =
      azl_lua_op_new(L, azl_lua_kind_of_call(read_gives(L, 2)), 1);
  box->once = azl_lua_opt_bool(L, 2, "once", false);
  azl_lua_read_headers(L, 2, &headers);
  request.headers = &headers;
  box->op = azl_arm_send(arm, &request);
  azl_headers_free(&headers);
  return azl_lua_op_return(L, box);
}

static enum azl_lro_final read_final (lua_State *L) {
  static const struct {
    const char *name;
    enum azl_lro_final final;
  } names[] = {
      {"azure-async-operation", AZL_LRO_FINAL_ASYNC},
      {"operation-location", AZL_LRO_FINAL_ASYNC},
      {"location", AZL_LRO_FINAL_LOCATION},
      {"original-uri", AZL_LRO_FINAL_ORIGINAL},
  };
  const char *name = azl_lua_opt_string(L, 2, "final_state_via", NULL);
  if (!name) return AZL_LRO_FINAL_DEFAULT;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (strcmp(names[i].name, name) == 0) return names[i].final;
  azl_lua_raise(L,
                "final_state_via must be azure-async-operation, "
                "operation-location, location or original-uri (it is '%s')",
                name);
  return AZL_LRO_FINAL_DEFAULT;
}

/* client:begin{...} -> op */
static int client_begin (lua_State *L) {
  struct azl_arm *arm = check_arm(L);
  struct azl_loop *loop = azl_arm_loop(arm);
  struct azl_lro_request request = {0};
  struct azl_headers headers;
  read_call(L, loop, &request.call);
  request.final = read_final(L);
  int64_t timeout_ms = azl_lua_opt_ms(L, 2, "lro_timeout", -1);
  request.deadline_ms =
      timeout_ms < 0 ? -1 : azl_loop_now_ms(loop) + timeout_ms;
  struct azl_lua_op *box =
      azl_lua_op_new(L, azl_lua_kind_of_lro(read_gives(L, 2)), 1);
  box->once = azl_lua_opt_bool(L, 2, "once", false);
  azl_lua_read_headers(L, 2, &headers);
  request.call.headers = &headers;
  box->op = azl_lro_begin(arm, &request);
  azl_headers_free(&headers);
  return azl_lua_op_return(L, box);
}

/* client:get(url, gives) -> op, as send{ method = "GET", url = url, gives =
   gives or "document", once = true }, whose table takes longer than all that is
   done with it */
static int client_get (lua_State *L) {
  struct azl_arm *arm = check_arm(L);
  const struct azl_arm_request request = {.method = "GET",
                                          .url = luaL_checkstring(L, 2),
                                          .max_retries = -1,
                                          .deadline_ms = -1};
  const char *gives = luaL_optstring(L, 3, "document");
  struct azl_lua_op *box = azl_lua_op_new(L, azl_lua_kind_of_call(gives), 1);
  box->once = true;
  box->op = azl_arm_send(arm, &request);
  return azl_lua_op_return(L, box);
}

/* client:write(method, url, body) -> op, as begin likewise */
static int client_write (lua_State *L) {
  struct azl_arm *arm = check_arm(L);
  struct azl_lro_request request = {
      .call = {.max_retries = -1, .deadline_ms = -1}, .deadline_ms = -1};
  request.call.method = luaL_checkstring(L, 2);
  request.call.url = luaL_checkstring(L, 3);
  request.call.body = luaL_optlstring(L, 4, NULL, &request.call.body_len);
  struct azl_lua_op *box =
      azl_lua_op_new(L, azl_lua_kind_of_lro("document"), 1);
  box->once = true;
  box->op = azl_lro_begin(arm, &request);
  return azl_lua_op_return(L, box);
}

/* client:resume(token, {timeout=}) -> op | nil, err */
static int client_resume (lua_State *L) {
  struct azl_arm *arm = check_arm(L);
  struct azl_err *err = NULL;
  const char *token = luaL_checkstring(L, 2);
  int64_t timeout_ms = -1;
  const char *gives = NULL;
  lua_settop(L, 3);
  if (!lua_isnil(L, 3)) {
    luaL_checktype(L, 3, LUA_TTABLE);
    timeout_ms = azl_lua_opt_ms(L, 3, "timeout", -1);
    gives = read_gives(L, 3);
  }
  int64_t deadline_ms =
      timeout_ms < 0 ? -1 : azl_loop_now_ms(azl_arm_loop(arm)) + timeout_ms;
  struct azl_lua_op *box = azl_lua_op_new(L, azl_lua_kind_of_lro(gives), 1);
  box->op = azl_lro_resume(arm, token, deadline_ms, &err);
  if (!box->op && err) return azl_lua_fail(L, err);
  return azl_lua_op_return(L, box);
}

/* Hands what was logged to the script's function. */
static int client_flush_log (lua_State *L) {
  static const char *const levels[] = {"error", "warning", "info", "verbose"};
  struct lua_client *self = azl_lua_check_type(L, 1, client_type);
  if (!self->arm) return 0;
  lua_settop(L, 1);
  if (lua_getiuservalue(L, 1, SLOT_ON_LOG) != LUA_TFUNCTION) return 0;
  struct azl_log_entry *entry;
  while (self->arm && (entry = azl_log_take(azl_arm_log(self->arm))) != NULL) {
    struct azl_log_entry copy = *entry;
    entry->text = NULL;
    azl_log_entry_free(entry);
    azl_lua_push_owned(L, copy.text);
    lua_pushvalue(L, 2); /* client function text function */
    lua_pushstring(L, levels[copy.level]);
    lua_pushvalue(L, 3);
    lua_pushnumber(L, (lua_Number)copy.wall_ms / 1e3);
    lua_call(L, 3, 0);
    lua_settop(L, 2);
  }
  return 0;
}

/* A logger that raises must not break the calls it watches. client: index */
static void flush_safely (lua_State *L, int client) {
  client = lua_absindex(L, client);
  luaL_checkstack(L, 4, "log");
  lua_pushcfunction(L, client_flush_log);
  lua_pushvalue(L, client);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return;
  lua_warning(L, "azure: the log function raised: ", 1);
  lua_warning(L, luaL_tolstring(L, -1, NULL), 0);
  lua_pop(L, 2);
}

static void on_step (void *state, void *ctx) {
  lua_State *L = state;
  const struct lua_client *self = ctx;
  if (!self->arm || azl_arm_log(self->arm)->count == 0) return;
  luaL_checkstack(L, 2, "log");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &clients_key);
  if (lua_rawgetp(L, -1, self) == LUA_TUSERDATA) flush_safely(L, -1);
  lua_pop(L, 2);
}

static int client_close (lua_State *L) {
  struct lua_client *self = azl_lua_check_type(L, 1, client_type);
  struct azl_arm *arm = self->arm;
  if (!arm || self->closing) return 0;
  struct azl_loop *loop = azl_arm_loop(arm);
  if (azl_loop_foreign(loop, NULL)) {
    self->arm = NULL;
    return 0;
  }
  self->closing = true;
  azl_arm_ref(arm);
  azl_lro_cancel_all(arm); /* parked ones have no call that close would end */
  azl_arm_close(arm);
  flush_safely(L, 1);
  self->arm = NULL;
  if (!azl_loop_on_step(loop, NULL, self)) return 0; /* cannot happen */
  azl_arm_unref(arm);
  azl_arm_unref(arm);
  return 0;
}

static void read_config (lua_State *L, struct azl_arm_config *out) {
  out->endpoint = azl_lua_need_string(L, 1, "endpoint");
  out->scope = azl_lua_opt_string(L, 1, "scope", NULL);
  out->user_agent = azl_lua_opt_string(L, 1, "user_agent", NULL);
  out->retry.max_retries = read_retries(L, 1, 3);
  out->retry.delay_ms = azl_lua_opt_ms(L, 1, "retry_delay", 800);
  out->retry.max_delay_ms = azl_lua_opt_ms(L, 1, "retry_max_delay", 60000);
  out->timeout_ms = azl_lua_opt_ms(L, 1, "timeout", 0);
  out->poll_interval_ms = azl_lua_opt_ms(L, 1, "poll_interval", -1);
  if (out->poll_interval_ms == 0) out->poll_interval_ms = 1; /* no pause */
  if (out->poll_interval_ms < 0) out->poll_interval_ms = 0;  /* the default */
  out->log_level =
      (int)azl_lua_opt_whole(L, 1, "log_level", -1, 0, AZL_LOG_VERBOSE);
  out->no_throttle = !azl_lua_opt_bool(L, 1, "throttle", true);
  out->no_register = !azl_lua_opt_bool(L, 1, "auto_register", true);
  out->subscription_id = azl_lua_opt_string(L, 1, "subscription_id", NULL);
  azl_lua_http_config(L, 1, &out->http);
  lua_getfield(L, 1, "credential");
  out->cred = azl_lua_opt_cred(L, -1);
  lua_pop(L, 1);
}

/* core.client(opts) -> client */
static int core_client (lua_State *L) {
  struct azl_arm_config config = {0};
  struct azl_err *err = NULL;
  struct azl_loop *loop = azl_lua_loop(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  read_config(L, &config);
  struct lua_client *self = lua_newuserdatauv(L, sizeof(*self), 2);
  self->arm = NULL;
  self->closing = false;
  azl_lua_set_type(L, client_type);
  if (lua_getfield(L, 1, "on_log") != LUA_TNIL)
    luaL_checktype(L, -1, LUA_TFUNCTION);
  lua_setiuservalue(L, 2, SLOT_ON_LOG);
  lua_getfield(L, 1, "credential");
  lua_setiuservalue(L, 2, SLOT_CREDENTIAL);
  self->arm = azl_arm_new(loop, &config, &err);
  if (!self->arm) return azl_lua_fail(L, err);
  lua_settop(L, 2);
  if (config.log_level < 0) return 1;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &clients_key);
  lua_pushvalue(L, 2);
  lua_rawsetp(L, 3, self);
  lua_settop(L, 2);
  if (!azl_loop_on_step(loop, on_step, self))
    return azl_lua_fail(L, azl_err_oom());
  return 1;
}

static const luaL_Reg client_methods[] = {
    {"send", client_send},     {"begin", client_begin},
    {"get", client_get},       {"write", client_write},
    {"resume", client_resume}, {"flush_log", client_flush_log},
    {"close", client_close},   {NULL, NULL},
};

static const luaL_Reg client_meta[] = {
    {"__gc", client_close},
    {"__close", client_close},
    {NULL, NULL},
};

void azl_lua_open_client (lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &clients_key);
  azl_lua_new_type(L, client_type);
  luaL_setfuncs(L, client_meta, 0);
  luaL_newlib(L, client_methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, core_client);
  lua_setfield(L, -2, "client");
}
