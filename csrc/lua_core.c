/* azure.core: what every binding shares, and the module itself. */
#include "host_api.h"
#include "bytes.h"
#include "lua_azl.h"
#include "lua_json.h"
#include "lua_terminal.h"
#include "lua_url.h"

#include <dlfcn.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include "curl_once.h"
#include "rand.h"
#include "url.h"

#define ERROR_TYPE "azure.error"

enum { MAX_CONNECTIONS = 10000, MAX_RESPONSE_BYTES = 1 << 30 };

static void set_string (lua_State *L, const char *name, const char *value) {
  if (!value) return;
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

static void set_count (lua_State *L, const char *name, int value) {
  if (value <= 0) return;
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

void azl_lua_push_err (lua_State *L, const struct azl_err *err) {
  luaL_checkstack(L, 3, "error");
  lua_createtable(L, 0, 12);
  set_string(L, "kind", azl_err_kind_name(err->kind));
  set_string(L, "code", err->code);
  set_string(L, "message", err->message);
  set_string(L, "target", err->target);
  set_string(L, "hint", err->hint);
  set_string(L, "method", err->method);
  set_string(L, "url", err->url);
  set_string(L, "request_id", err->request_id);
  set_string(L, "correlation_id", err->correlation_id);
  set_string(L, "client_request_id", err->client_request_id);
  set_string(L, "body", err->body);
  set_count(L, "status", err->status);
  set_count(L, "attempts", err->attempts);
  if (err->retry_after_ms >= 0) {
    lua_pushnumber(L, (lua_Number)err->retry_after_ms / 1e3);
    lua_setfield(L, -2, "retry_after");
  }
  if (err->inner) {
    azl_lua_push_err(L, err->inner);
    lua_setfield(L, -2, "inner");
  }
  luaL_setmetatable(L, ERROR_TYPE);
}

/* What frees C memory after Lua copied it does the copying in protected mode:
   Lua jumps away where memory is short. Pushing a light userdata and a C
   function without upvalues takes none. */
static int push_borrowed_err (lua_State *L) {
  azl_lua_push_err(L, lua_touserdata(L, 1));
  return 1;
}

int azl_lua_fail (lua_State *L, struct azl_err *err) {
  lua_pushnil(L);
  lua_pushcfunction(L, push_borrowed_err);
  lua_pushlightuserdata(L, err);
  int status = lua_pcall(L, 1, 1, 0);
  azl_err_free(err);
  return status == LUA_OK ? 2 : lua_error(L);
}

static int push_borrowed_text (lua_State *L) {
  lua_pushstring(L, lua_touserdata(L, 1));
  return 1;
}

int azl_lua_push_owned (lua_State *L, char *text) {
  lua_pushcfunction(L, push_borrowed_text);
  lua_pushlightuserdata(L, text);
  int status = lua_pcall(L, 1, 1, 0);
  azl_free(text);
  return status == LUA_OK ? 1 : lua_error(L);
}

/* Pushes "script.lua:7: " for the first function on the stack that is no part
   of the library, or nothing where there is none. azure.errors says where the
   library is, and does the same for what Lua code raises. */
static void push_blamed (lua_State *L) {
  lua_Debug at;
  lua_getfield(L, LUA_REGISTRYINDEX, "azure.home");
  const char *home = lua_tostring(L, -1);
  size_t len = home ? strlen(home) : 0;
  for (int level = 1; lua_getstack(L, level, &at); level++) {
    lua_getinfo(L, "Sl", &at);
    bool ours = len > 0 && strncmp(at.source, home, len) == 0;
    if (at.currentline <= 0 || ours) continue;
    lua_pushfstring(L, "%s:%d: ", at.short_src, at.currentline);
    return;
  }
  lua_pushliteral(L, "");
}

int azl_lua_raise (lua_State *L, const char *fmt, ...) {
  va_list args;
  luaL_checkstack(L, 8, "error");
  push_blamed(L);
  va_start(args, fmt);
  lua_pushvfstring(L, fmt, args);
  va_end(args);
  lua_concat(L, 2);
  return lua_error(L);
}

static const char *type_wanted (lua_State *L, const char *field,
                                const char *wanted) {
  azl_lua_raise(L, "%s must be a %s (it is a %s)", field, wanted,
                luaL_typename(L, -1));
  return NULL;
}

const char *azl_lua_opt_bytes (lua_State *L, int table, const char *field,
                               size_t *out_len) {
  int type = lua_getfield(L, table, field);
  *out_len = 0;
  if (type != LUA_TNIL && type != LUA_TSTRING)
    return type_wanted(L, field, "string");
  const char *value = lua_tolstring(L, -1, out_len);
  lua_pop(L, 1); /* the table keeps it alive */
  return value;
}

const char *azl_lua_opt_string (lua_State *L, int table, const char *field,
                                const char *otherwise) {
  size_t len;
  const char *value = azl_lua_opt_bytes(L, table, field, &len);
  if (value && strlen(value) != len)
    azl_lua_raise(L, "%s must not have a zero byte", field);
  return value ? value : otherwise;
}

const char *azl_lua_need_string (lua_State *L, int table, const char *field) {
  const char *value = azl_lua_opt_string(L, table, field, NULL);
  if (!value) azl_lua_raise(L, "%s is missing", field);
  return value;
}

lua_Number azl_lua_opt_number (lua_State *L, int table, const char *field,
                               lua_Number otherwise) {
  int type = lua_getfield(L, table, field);
  if (type != LUA_TNIL && type != LUA_TNUMBER) type_wanted(L, field, "number");
  lua_Number value = type == LUA_TNIL ? otherwise : lua_tonumber(L, -1);
  lua_pop(L, 1);
  return value;
}

int64_t azl_lua_opt_whole (lua_State *L, int table, const char *field,
                           int64_t otherwise, int64_t least, int64_t most) {
  lua_Number value = azl_lua_opt_number(L, table, field, (lua_Number)otherwise);
  bool fits = value >= (lua_Number)least && value <= (lua_Number)most;
  if (value == (lua_Number)otherwise) return otherwise;
  if (!fits || floor(value) != value)
    azl_lua_raise(L, "%s must be a whole number from %I to %I", field,
                  (LUAI_UACINT)least, (LUAI_UACINT)most);
  return (int64_t)value;
}

bool azl_lua_opt_bool (lua_State *L, int table, const char *field,
                       bool otherwise) {
  int type = lua_getfield(L, table, field);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN)
    type_wanted(L, field, "boolean");
  bool value = type == LUA_TNIL ? otherwise : lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

int64_t azl_lua_opt_ms (lua_State *L, int table, const char *field,
                        int64_t otherwise) {
  lua_Number seconds = azl_lua_opt_number(L, table, field, -1);
  lua_getfield(L, table, field);
  bool given = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (!given) return otherwise;
  if (!(seconds >= 0) || seconds > 1e10)
    azl_lua_raise(L, "%s must be a number of seconds from 0 up", field);
  return (int64_t)ceil(seconds * 1e3);
}

void azl_lua_http_config (lua_State *L, int table,
                          struct azl_http_config *out) {
  *out = (struct azl_http_config){
      .ca_file = azl_lua_opt_string(L, table, "ca_file", NULL),
      .ca_path = azl_lua_opt_string(L, table, "ca_path", NULL),
      .proxy = azl_lua_opt_string(L, table, "proxy", NULL),
      .no_proxy = azl_lua_opt_string(L, table, "no_proxy", NULL),
      .max_connections = (int)azl_lua_opt_whole(L, table, "max_connections", 0,
                                                1, MAX_CONNECTIONS),
      .max_response_bytes = (size_t)azl_lua_opt_whole(
          L, table, "max_response_bytes", 0, 1, MAX_RESPONSE_BYTES),
      .connect_timeout_ms = azl_lua_opt_ms(L, table, "connect_timeout", 0),
      .http1_only = azl_lua_opt_bool(L, table, "http1_only", false),
  };
}

/* What says where a request ends, where it goes, and how the connection is
   used: a second one of these is how requests are smuggled. */
static void check_header_name (lua_State *L, const struct azl_headers *headers,
                               const char *name) {
  static const char *const ours[] = {
      "Connection", "Content-Length",    "Host",
      "Keep-Alive", "Proxy-Connection",  "TE",
      "Trailer",    "Transfer-Encoding", "Upgrade"};
  for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
    if (azl_same_text(name, ours[i]))
      azl_lua_raise(L, "header '%s' is not the caller's to set", name);
  if (azl_headers_get(headers, name))
    azl_lua_raise(L, "header '%s' is given twice", name);
}

/* false stands for "none", also of those that would be sent by themselves. */
static void add_header (lua_State *L, struct azl_headers *out) {
  int type = lua_type(L, -1);
  bool omitted = type == LUA_TBOOLEAN && !lua_toboolean(L, -1);
  if (lua_type(L, -2) != LUA_TSTRING ||
      (type != LUA_TSTRING && type != LUA_TNUMBER && !omitted))
    azl_lua_raise(L, "headers must map names to strings");
  if (omitted) {
    lua_pop(L, 1);
    return;
  }
  lua_pushvalue(L, -1); /* a number would be changed in the table itself */
  size_t len;
  const char *name = lua_tostring(L, -3), *value = lua_tolstring(L, -1, &len);
  bool valid = azl_headers_valid(name, value) && lua_rawlen(L, -3) > 0 &&
               strlen(value) == len && strlen(name) == lua_rawlen(L, -3);
  if (!valid)
    azl_lua_raise(L, "header '%s' has bytes that no header may have", name);
  check_header_name(L, out, name);
  if (!azl_headers_add(out, name, value)) luaL_error(L, "out of memory");
  lua_pop(L, 2);
}

/* Stack: out (light userdata), the table or nil. */
static int read_headers (lua_State *L) {
  struct azl_headers *out = lua_touserdata(L, 1);
  if (lua_isnil(L, 2)) return 0;
  if (!lua_istable(L, 2)) type_wanted(L, "headers", "table");
  lua_pushnil(L);
  while (lua_next(L, 2) != 0) add_header(L, out);
  return 0;
}

void azl_lua_read_headers (lua_State *L, int table, struct azl_headers *out) {
  memset(out, 0, sizeof(*out));
  table = lua_absindex(L, table);
  lua_pushcfunction(L, read_headers);
  lua_pushlightuserdata(L, out);
  lua_getfield(L, table, "headers");
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) return;
  azl_headers_free(out);
  lua_error(L);
}

static int core_uuid (lua_State *L) {
  char text[AZL_UUID_BYTES];
  if (!azl_random_uuid(text)) return luaL_error(L, "no random numbers");
  lua_pushstring(L, text);
  return 1;
}

static int core_random (lua_State *L) {
  lua_Integer count = luaL_checkinteger(L, 1);
  luaL_argcheck(L, count >= 1 && count <= 4096, 1, "from 1 to 4096 bytes");
  luaL_Buffer buffer;
  char *bytes = luaL_buffinitsize(L, &buffer, (size_t)count);
  if (!azl_random_bytes(bytes, (size_t)count))
    return luaL_error(L, "no random numbers");
  luaL_pushresultsize(&buffer, (size_t)count);
  return 1;
}

/* core.resolve_url(base, reference) -> absolute URL, or nil */
static int core_resolve_url (lua_State *L) {
  size_t len;
  const char *base = luaL_checkstring(L, 1);
  const char *reference = luaL_checklstring(L, 2, &len);
  bool whole = strlen(reference) == len; /* a NUL is in no URL */
  return azl_lua_push_owned(L, whole ? azl_url_follow(base, reference) : NULL);
}

/* core.redact_url(url) -> a text fit for logs and errors */
static int core_redact_url (lua_State *L) {
  return azl_lua_push_owned(L, azl_url_redact(luaL_checkstring(L, 1)));
}

static bool host_watch (struct azl_loop *loop, int fd, int events, azl_fd_fn fn,
                        void *ctx) {
  return azl_loop_watch(loop, fd, events, fn, ctx);
}

static const struct azl_host_api host_api = {
    .version = AZL_HOST_API_VERSION,
    .watch = host_watch,
    .timer = azl_loop_timer,
    .timer_stop = azl_loop_timer_stop,
    .defer = azl_loop_defer,
    .defer_stop = azl_loop_defer_stop,
    .now_ms = azl_loop_now_ms,
    .busy = azl_loop_busy,
    .on_step = azl_loop_on_step,
    .foreign = azl_loop_foreign,
};

static int core_host_api (lua_State *L) {
  lua_pushlightuserdata(L, (void *)(uintptr_t)&host_api);
  return 1;
}

static int core_loop_pointer (lua_State *L) {
  lua_pushlightuserdata(L, azl_lua_loop(L));
  return 1;
}

/* Lua unloads C modules when it closes a state, while a resolver thread of
   libcurl may still run in code that they need. */
static void pin_module (void) {
#ifdef RTLD_NODELETE
  static const char here = 0;
  Dl_info info;
  if (dladdr(&here, &info) && info.dli_fname)
    (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE | RTLD_NOLOAD);
#endif
}

static const luaL_Reg core_functions[] = {
    {"uuid", core_uuid},
    {"random", core_random},
    {"resolve_url", core_resolve_url},
    {"redact_url", core_redact_url},
    {"scan_path", azl_lua_scan_path},
    {"plain_url", azl_lua_plain_url},
    {"escape", azl_lua_escape},
    {"host_api", core_host_api},
    {"loop_pointer", core_loop_pointer},
    {"json_decode", azl_lua_json_decode},
    {"json_marks", azl_lua_json_marks},
    {"json_encode", azl_lua_json_encode},
    {NULL, NULL},
};

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
int luaopen_azure_core (lua_State *L);

int luaopen_azure_core (lua_State *L) {
  luaL_checkversion(L);
  pin_module();
  char problem[128];
  if (!azl_curl_will_do(azl_curl_info(), problem, sizeof problem))
    return luaL_error(L, "azure.core: %s", problem);
  luaL_newmetatable(L, ERROR_TYPE);
  lua_pop(L, 1);
  luaL_newlib(L, core_functions);
  lua_pushstring(L, azl_curl_version());
  lua_setfield(L, -2, "libcurl");
  luaL_getmetatable(L, ERROR_TYPE);
  lua_setfield(L, -2, "error_metatable");
  azl_lua_open_loop(L);
  azl_lua_open_op(L);
  azl_lua_open_task(L);
  azl_lua_open_http(L);
  azl_lua_open_client(L);
  azl_lua_open_cred(L);
  azl_lua_open_crypto(L);
  azl_lua_open_terminal(L);
  return 1;
}
