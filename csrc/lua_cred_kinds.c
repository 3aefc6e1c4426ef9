/* The kinds of credentials and how each is made of its options. */
#include "lua_cred.h"

#include "cred_chain.h"
#include "cred_cli.h"
#include "cred_managed.h"

#include <string.h>

/* What a constructor works with. */
struct making {
  lua_State *L;
  int box, opts; /* stack indices */
  struct azl_lua_cred *self;
  struct azl_err *err;
};

typedef void (*make_fn)(struct making *);

static const char *text (struct making *m, const char *field) {
  return azl_lua_opt_string(m->L, m->opts, field, NULL);
}

static const char *need (struct making *m, const char *field) {
  return azl_lua_need_string(m->L, m->opts, field);
}

static bool flag (struct making *m, const char *field) {
  return azl_lua_opt_bool(m->L, m->opts, field, false);
}

/* Anchors the function that the credential calls. */
static void keep_function (struct making *m, const char *field) {
  lua_getfield(m->L, m->opts, field);
  if (!lua_isfunction(m->L, -1))
    luaL_error(m->L, "'%s' must be a function", field);
  lua_setiuservalue(m->L, m->box, AZL_CRED_FUNCTION);
}

static struct azl_cred_app app_of (struct making *m) {
  struct azl_cred_app app = {0};
  app.tenant_id = need(m, "tenant_id");
  app.client_id = need(m, "client_id");
  app.authority = text(m, "authority");
  app.additionally_allowed_tenants = text(m, "additionally_allowed_tenants");
  app.single_tenant = flag(m, "disable_multitenant");
  app.no_cae = !azl_lua_opt_bool(m->L, m->opts, "enable_cae", true);
  return app;
}

static void make_static (struct making *m) {
  const char *token = need(m, "token");
  lua_Number expires = azl_lua_opt_number(m->L, m->opts, "expires_on", -1);
  if (!(expires > 0 && expires < 1e12))
    luaL_error(m->L, "'expires_on' must be seconds since 1970");
  m->self->cred =
      azl_cred_static(m->self->loop, token, (int64_t)(expires * 1e3));
}

static void make_secret (struct making *m) {
  struct azl_cred_app app = app_of(m);
  const char *secret = need(m, "client_secret");
  m->self->cred = azl_cred_secret(m->self->loop, &app, secret, &m->err);
}

static void make_certificate (struct making *m) {
  struct azl_cred_app app = app_of(m);
  struct azl_cred_key key = {0};
  key.path = text(m, "path");
  key.password = text(m, "password");
  key.send_chain = flag(m, "send_chain");
  lua_getfield(m->L, m->opts, "pem"); /* may hold zeros: PKCS#12 too */
  key.data = lua_tolstring(m->L, -1, &key.data_len);
  if (!key.path == !key.data) luaL_error(m->L, "give either 'path' or 'pem'");
  m->self->cred = azl_cred_certificate(m->self->loop, &app, &key, &m->err);
}

static void make_workload (struct making *m) {
  struct azl_cred_app app = app_of(m);
  const char *path = need(m, "token_file_path");
  m->self->cred = azl_cred_workload(m->self->loop, &app, path, &m->err);
}

/* Keeps the source: closing a collected one would close this one's. */
static void make_assertion (struct making *m) {
  struct azl_cred_app app = app_of(m);
  struct azl_cred *source;
  lua_getfield(m->L, m->opts, "source");
  source = azl_lua_cred_check(m->L, -1)->cred;
  lua_setiuservalue(m->L, m->box, AZL_CRED_MEMBERS);
  m->self->cred = azl_cred_assertion(m->self->loop, &app, source, &m->err);
}

static void make_device_code (struct making *m) {
  struct azl_cred_app app = app_of(m);
  keep_function(m, "prompt");
  m->self->cred =
      azl_cred_device_code(m->self->loop, &app, &m->self->queue, &m->err);
}

/* Command line tools */

static void make_cli (struct making *m, enum azl_cli tool) {
  struct azl_cred_cli_config config = {0};
  config.tenant_id = text(m, "tenant_id");
  config.additionally_allowed_tenants = text(m, "additionally_allowed_tenants");
  config.single_tenant = flag(m, "disable_multitenant");
  config.subscription = text(m, "subscription");
  config.search_path = text(m, "search_path");
  config.environment = azl_lua_opt_bytes(m->L, m->opts, "environment",
                                         &config.environment_bytes);
  config.timeout_ms = azl_lua_opt_ms(m->L, m->opts, "process_timeout", 0);
  m->self->cred = azl_cred_cli(m->self->loop, tool, &config, &m->err);
}

static void make_az (struct making *m) {
  make_cli(m, AZL_CLI_AZ);
}

static void make_azd (struct making *m) {
  make_cli(m, AZL_CLI_AZD);
}

static void make_powershell (struct making *m) {
  make_cli(m, AZL_CLI_PWSH);
}

/* Managed identity. opts.env stands in for the process's environment; it is
   left on the stack, since the strings are borrowed from it. */
static void managed_env (struct making *m, struct azl_managed_env *out) {
  lua_State *L = m->L;
  int env;
  lua_getfield(L, m->opts, "env");
  if (lua_isnil(L, -1)) {
    azl_managed_env_read(out);
    return;
  }
  luaL_checktype(L, -1, LUA_TTABLE);
  env = lua_gettop(L);
#define READ(member, name) out->member = azl_lua_opt_string(L, env, name, NULL)
  READ(identity_endpoint, "IDENTITY_ENDPOINT");
  READ(identity_header, "IDENTITY_HEADER");
  READ(identity_server_thumbprint, "IDENTITY_SERVER_THUMBPRINT");
  READ(imds_endpoint, "IMDS_ENDPOINT");
  READ(msi_endpoint, "MSI_ENDPOINT");
  READ(msi_secret, "MSI_SECRET");
  READ(pod_identity_authority_host, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
  READ(default_identity_client_id, "DEFAULT_IDENTITY_CLIENT_ID");
#undef READ
}

static void make_managed (struct making *m) {
  struct azl_cred_managed_config config = {0};
  managed_env(m, &config.env);
  config.id.client_id = text(m, "client_id");
  config.id.object_id = text(m, "object_id");
  config.id.resource_id = text(m, "resource_id");
  config.arc_folder = text(m, "arc_folder");
  config.probe = flag(m, "probe");
  m->self->cred = azl_cred_managed(m->self->loop, &config, &m->err);
}

static void make_function (struct making *m) {
  keep_function(m, "fn");
  m->self->cred = azl_cred_external(m->self->loop, &m->self->queue);
}

static void make_unavailable (struct making *m) {
  const char *name = need(m, "name");
  m->self->cred = azl_cred_unavailable(m->self->loop, name, need(m, "reason"));
}

/* Chains */

enum { MEMBERS_MAX = 64 };

/* Reads opts.credentials and keeps the table: closing a collected member
   would close the chain's. */
static int members_of (struct making *m, struct azl_cred **out_members) {
  lua_State *L = m->L;
  int count, table;
  lua_getfield(L, m->opts, "credentials");
  if (!lua_istable(L, -1))
    luaL_error(L, "'credentials' must be a list of credentials");
  table = lua_gettop(L);
  count = (int)lua_rawlen(L, table);
  if (count < 1 || count > MEMBERS_MAX)
    luaL_error(L, "'credentials' must hold 1 to %d credentials", MEMBERS_MAX);
  lua_createtable(L, count, 0); /* credentials kept */
  for (int i = 0; i < count; i++) {
    lua_rawgeti(L, table, i + 1);
    out_members[i] = azl_lua_cred_check(L, -1)->cred;
    lua_rawseti(L, table + 1, i + 1);
  }
  lua_setiuservalue(L, m->box, AZL_CRED_MEMBERS);
  lua_pop(L, 1);
  return count;
}

static void make_chain_of (struct making *m, enum azl_chain kind) {
  struct azl_cred *members[MEMBERS_MAX];
  bool sticky = azl_lua_opt_bool(m->L, m->opts, "sticky", true);
  int count = members_of(m, members);
  m->self->cred = azl_cred_chain(m->self->loop, kind, members, count, sticky);
}

static void make_chain (struct making *m) {
  make_chain_of(m, AZL_CHAIN_PLAIN);
}

static void make_default (struct making *m) {
  make_chain_of(m, AZL_CHAIN_DEFAULT);
}

static void make_environment (struct making *m) {
  make_chain_of(m, AZL_CHAIN_ENVIRONMENT);
}

static const struct kind {
  const char *name;
  make_fn make;
} kinds[] = {
    {"static", make_static},
    {"client_secret", make_secret},
    {"client_certificate", make_certificate},
    {"workload_identity", make_workload},
    {"client_assertion", make_assertion},
    {"managed_identity", make_managed},
    {"azure_cli", make_az},
    {"azure_developer_cli", make_azd},
    {"azure_powershell", make_powershell},
    {"device_code", make_device_code},
    {"from_function", make_function},
    {"chain", make_chain},
    {"default", make_default},
    {"environment", make_environment},
    {"unavailable", make_unavailable}, /* a place in a chain */
};

static const struct kind *find (const char *name) {
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (strcmp(kinds[i].name, name) == 0) return &kinds[i];
  return NULL;
}

bool azl_lua_cred_make (lua_State *L, int box, const char *name, int opts,
                        struct azl_err **out_err) {
  struct making m = {L, box, opts, lua_touserdata(L, box), NULL};
  const struct kind *kind = find(name);
  if (!kind) luaL_error(L, "no kind of credential is called '%s'", name);
  kind->make(&m);
  if (!m.self->cred && !m.err) m.err = azl_err_oom();
  *out_err = m.err;
  return m.self->cred != NULL;
}
