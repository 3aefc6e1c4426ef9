/* Credentials for scripts: core.credential. */
#include "lua_cred.h"

#include <string.h>

#define CRED_TYPE "azure.credential"

struct azl_lua_cred *azl_lua_cred_check (lua_State *L, int index) {
  struct azl_lua_cred *self = luaL_checkudata(L, index, CRED_TYPE);
  luaL_argcheck(L, self->cred, index, "the credential is closed");
  azl_lua_check_process(L, self->loop);
  return self;
}

struct azl_cred *azl_lua_opt_cred (lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) return NULL;
  return azl_lua_cred_check(L, index)->cred;
}

/* Methods */

static int push_token (lua_State *L, int box, struct azl_op *op) {
  const struct azl_token *token = azl_token_result(op);
  (void)box;
  lua_createtable(L, 0, 2);
  lua_pushstring(L, token->value);
  lua_setfield(L, -2, "token");
  lua_pushinteger(L, (lua_Integer)(token->expires_ms / 1000));
  lua_setfield(L, -2, "expires_on");
  return 1;
}

static const struct azl_lua_op_kind token_kind = {.push = push_token};

/* Raises for a name that is no option: a tenant under a misspelt name would be
   another tenant. "scope" is one, so that a request can be handed on as the
   functions of from_function get it. */
static void check_token_options (lua_State *L, int index) {
  static const char *const known[] = {"tenant_id", "claims", "timeout", "scope",
                                      NULL};
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    bool named = lua_type(L, -2) == LUA_TSTRING;
    const char *name = named ? lua_tostring(L, -2) : "a value without a name";
    char message[160];
    int i = 0;
    while (named && known[i] && strcmp(known[i], name) != 0) i++;
    if (named && known[i]) continue;
    snprintf(message, sizeof message,
             "unknown option '%.60s'; known: claims, tenant_id, timeout", name);
    luaL_argerror(L, index, message);
  }
}

/* cred:token_op(scope, {tenant_id=, claims=, timeout=}) -> op */
static int cred_token_op (lua_State *L) {
  struct azl_lua_cred *self = azl_lua_cred_check(L, 1);
  struct azl_token_request request = {.deadline_ms = -1};
  struct azl_lua_op *box;
  size_t scope_len;
  request.scope = luaL_checklstring(L, 2, &scope_len);
  luaL_argcheck(L, *request.scope, 2, "the scope is empty");
  luaL_argcheck(L, strlen(request.scope) == scope_len, 2,
                "the scope has a zero byte");
  if (lua_isnoneornil(L, 3)) {
    lua_settop(L, 2);
    lua_newtable(L);
  }
  luaL_checktype(L, 3, LUA_TTABLE);
  check_token_options(L, 3);
  request.tenant_id = azl_lua_opt_string(L, 3, "tenant_id", NULL);
  request.claims = azl_lua_opt_string(L, 3, "claims", NULL);
  int64_t timeout_ms = azl_lua_opt_ms(L, 3, "timeout", -1);
  if (timeout_ms >= 0)
    request.deadline_ms = azl_loop_now_ms(self->loop) + timeout_ms;
  box = azl_lua_op_new(L, &token_kind, 1);
  box->op = azl_cred_get(self->cred, &request);
  return azl_lua_op_return(L, box);
}

static int token_ended (lua_State *L, int status, lua_KContext base) {
  (void)status;
  return lua_gettop(L) - (int)base;
}

/* cred:token(scope, opts) -> {token=, expires_on=} | nil, err */
static int cred_token (lua_State *L) {
  if (cred_token_op(L) != 1) return 2;
  int base = lua_gettop(L) - 1;
  lua_getfield(L, -1, "wait");
  lua_insert(L, -2);
  lua_callk(L, 1, LUA_MULTRET, base, token_ended);
  return token_ended(L, LUA_OK, base);
}

static int cred_gc (lua_State *L) {
  struct azl_lua_cred *self = luaL_checkudata(L, 1, CRED_TYPE);
  struct azl_cred *cred = self->cred;
  self->cred = NULL;
  if (!cred || azl_lua_foreign(L)) return 0;
  azl_lua_script_detach(self);
  azl_cred_close(cred);
  azl_cred_unref(cred);
  return 0;
}

/* Unlike a collected one, a closed one has functions that may still run. */
static int cred_close (lua_State *L) {
  cred_gc(L);
  azl_lua_script_sweep(L, 1);
  return 0;
}

static int cred_tostring (lua_State *L) {
  struct azl_lua_cred *self = luaL_checkudata(L, 1, CRED_TYPE);
  lua_pushstring(L, self->cred ? self->cred->cls->name : "closed credential");
  return 1;
}

static const luaL_Reg cred_methods[] = {
    {"token", cred_token},
    {"token_op", cred_token_op},
    {"close", cred_close},
    {NULL, NULL},
};

static const luaL_Reg cred_meta[] = {
    {"__gc", cred_gc},
    {"__close", cred_close},
    {"__tostring", cred_tostring},
    {NULL, NULL},
};

/* Constructor */

static bool given (const struct azl_http_config *config) {
  return config->ca_file || config->ca_path || config->proxy ||
         config->no_proxy || config->max_connections ||
         config->max_response_bytes || config->connect_timeout_ms ||
         config->http1_only;
}

/* core.credential(kind, opts) -> credential | nil, err */
static int core_credential (lua_State *L) {
  const char *kind = luaL_checkstring(L, 1);
  struct azl_http_config config = {0};
  struct azl_err *err = NULL;
  struct azl_loop *loop = azl_lua_loop(L);
  struct azl_lua_cred *self;
  lua_settop(L, 2);
  luaL_checktype(L, 2, LUA_TTABLE);
  azl_lua_http_config(L, 2, &config);
  self = lua_newuserdatauv(L, sizeof *self, AZL_CRED_SLOTS);
  int box = lua_gettop(L);
  *self = (struct azl_lua_cred){NULL, loop, NULL, 0};
  luaL_setmetatable(L, CRED_TYPE);
  if (!azl_lua_cred_make(L, box, kind, 2, &err)) return azl_lua_fail(L, err);
  if (given(&config) && !azl_cred_network(self->cred, &config, false))
    return azl_lua_fail(L, azl_err_oom());
  if (self->queue) azl_lua_script_attach(L, box);
  lua_settop(L, box);
  return 1;
}

void azl_lua_open_cred (lua_State *L) {
  luaL_newmetatable(L, CRED_TYPE);
  luaL_setfuncs(L, cred_meta, 0);
  luaL_newlib(L, cred_methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  azl_lua_open_script(L);
  lua_pushcfunction(L, core_credential);
  lua_setfield(L, -2, "credential");
}
