/* azure.emulator.server: the emulator's HTTP server for Lua, on the loop of
   azure.core. */
#include "emulator_server.h"
#include "bytes.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "emulator_response.h"
#include "lua_emulator_server.h"

#define SERVER_TYPE "azure.emulator.server"

enum {
  MAX_BODY_BYTES = 32 * 1024 * 1024,
  UV_LOOP = 1, /* keeps the loop alive as long as the server */
  UV_HANDLER,
  UV_COUNT = UV_HANDLER
};

struct server_box {
  struct azl_server *server; /* NULL: closed */
  const struct azl_host_api *api;
  struct azl_loop *loop;
  bool in_handler;
};

static const char boxes_key = 0;

static struct server_box *check_box (lua_State *L) {
  return luaL_checkudata(L, 1, SERVER_TYPE);
}

static struct server_box *check_open (lua_State *L) {
  struct server_box *box = check_box(L);
  if (!box->server) luaL_error(L, "the server is closed");
  return box;
}

/* --- requests to Lua --- */

/* list of {name, value} */
static void push_headers (lua_State *L, const struct azl_buf *headers) {
  const char *at = headers->data;
  const char *end = at ? at + headers->len : NULL;
  lua_newtable(L);
  for (lua_Integer i = 1; at < end; i++) {
    lua_createtable(L, 2, 0);
    for (int part = 1; part <= 2; part++) {
      size_t len = strlen(at);
      lua_pushlstring(L, at, len);
      lua_rawseti(L, -2, part);
      at += len + 1;
    }
    lua_rawseti(L, -2, i);
  }
}

static int server_next (lua_State *L) {
  struct server_box *box = check_box(L);
  struct azl_server_request request;
  if (!box->server || !azl_server_next(box->server, &request)) return 0;
  lua_createtable(L, 0, 6);
  lua_pushinteger(L, (lua_Integer)request.id);
  lua_setfield(L, -2, "id");
  lua_pushstring(L, request.method);
  lua_setfield(L, -2, "method");
  lua_pushstring(L, request.uri);
  lua_setfield(L, -2, "path");
  lua_pushstring(L, request.remote);
  lua_setfield(L, -2, "remote");
  lua_pushlstring(L, request.body->data ? request.body->data : "",
                  request.body->len);
  lua_setfield(L, -2, "body");
  push_headers(L, request.headers);
  lua_setfield(L, -2, "headers");
  return 1;
}

/* --- answers from Lua --- */

static bool is_framing (const char *name) {
  return azl_same_text(name, "content-length") ||
         azl_same_text(name, "transfer-encoding");
}

static void check_header_list (lua_State *L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  for (lua_Integer i = 1; lua_rawgeti(L, index, i) != LUA_TNIL; i++) {
    luaL_argcheck(L, lua_istable(L, -1), index, "list of {name, value} wanted");
    lua_rawgeti(L, -1, 1); /* pair name */
    lua_rawgeti(L, -2, 2); /* pair name value */
    luaL_argcheck(L, lua_isstring(L, -2) && lua_isstring(L, -1), index,
                  "header names and values must be strings");
    lua_pop(L, 3);
  }
  lua_pop(L, 1);
}

/* The list was checked. The server writes the framing itself. */
static bool fill_headers (lua_State *L, int index,
                          struct MHD_Response *response) {
  bool ok = true;
  for (lua_Integer i = 1; ok && lua_rawgeti(L, index, i) == LUA_TTABLE; i++) {
    const char *name, *value;
    lua_rawgeti(L, -1, 1); /* pair name */
    lua_rawgeti(L, -2, 2); /* pair name value */
    name = lua_tostring(L, -2);
    value = lua_tostring(L, -1);
    if (*value && !is_framing(name))
      ok = azl_response_header(response, name, value);
    lua_pop(L, 3);
  }
  return ok;
}

static int64_t opt_delay_ms (lua_State *L, int index) {
  lua_Number delay = luaL_optnumber(L, index, 0);
  luaL_argcheck(L, delay >= 0 && delay < 1e9, index, "seconds wanted");
  return (int64_t)(delay * 1000);
}

static int push_answered (lua_State *L, struct server_box *box,
                          const struct azl_answer *answer) {
  uint64_t id = (uint64_t)lua_tointeger(L, 2);
  bool ok = azl_server_answer(box->server, id, answer);
  lua_pushboolean(L, ok);
  if (ok) return 1;
  lua_pushliteral(L, "no such request, or it has its answer");
  return 2;
}

/* server id status headers body ...; sends body_len bytes of the body and
   says that there are declared_bytes. */
static int send_answer (lua_State *L, size_t body_len, size_t declared_bytes,
                        int64_t delay_ms) {
  struct server_box *box = check_open(L);
  lua_Integer status = luaL_checkinteger(L, 3);
  const char *body = luaL_optstring(L, 5, "");
  struct azl_answer answer = {AZL_ANSWER_RESPOND, (unsigned)status, NULL,
                              delay_ms};
  (void)luaL_checkinteger(L, 2);
  luaL_argcheck(L, status >= 200 && status <= 599, 3, "200 to 599 wanted");
  check_header_list(L, 4);
  answer.response = azl_response_new(body, body_len, declared_bytes);
  if (!answer.response) return luaL_error(L, "out of memory");
  if (!fill_headers(L, 4, answer.response)) {
    azl_response_free(answer.response);
    return luaL_argerror(L, 4, "a header name or value that cannot be sent");
  }
  return push_answered(L, box, &answer);
}

static int server_respond (lua_State *L) {
  size_t len = 0;
  (void)luaL_optlstring(L, 5, "", &len);
  return send_answer(L, len, len, opt_delay_ms(L, 6));
}

/* Sends the first `bytes` of the body under the whole body's length. */
static int server_truncate (lua_State *L) {
  size_t len = 0;
  lua_Integer bytes;
  (void)luaL_checklstring(L, 5, &len);
  bytes = luaL_checkinteger(L, 6);
  luaL_argcheck(L, bytes >= 0 && (size_t)bytes < len, 6,
                "must be less than the body has");
  return send_answer(L, (size_t)bytes, len, opt_delay_ms(L, 7));
}

static int answer_none (lua_State *L, enum azl_answer_kind kind) {
  struct azl_answer answer = {kind, 0, NULL, 0};
  (void)luaL_checkinteger(L, 2);
  answer.delay_ms = opt_delay_ms(L, 3);
  return push_answered(L, check_open(L), &answer);
}

static int server_drop (lua_State *L) {
  return answer_none(L, AZL_ANSWER_DROP);
}

static int server_reset (lua_State *L) {
  return answer_none(L, AZL_ANSWER_RESET);
}

static int server_port (lua_State *L) {
  lua_pushinteger(L, azl_server_port(check_open(L)->server));
  return 1;
}

static int server_connections (lua_State *L) {
  struct server_box *box = check_box(L);
  lua_pushinteger(L, box->server ? azl_server_connections(box->server) : 0);
  return 1;
}

/* --- life --- */

static int server_close (lua_State *L) {
  struct server_box *box = check_box(L);
  struct azl_server *server = box->server;
  if (!server) return 0;
  box->server = NULL;
  if (box->api->foreign(box->loop, NULL)) return 0; /* the parent's sockets */
  (void)box->api->on_step(box->loop, NULL, box);    /* removing cannot fail */
  azl_server_close(server);
  return 0;
}

/* Finds the box's userdata again: a table with weak values, so that the hook
   does not keep a forgotten server alive. */
static void push_boxes (lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &boxes_key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &boxes_key);
}

static void on_step (void *state, void *ctx) {
  lua_State *L = state;
  struct server_box *box = ctx;
  if (!box->server || box->in_handler || !azl_server_has_request(box->server))
    return;
  if (!lua_checkstack(L, 8)) return;
  push_boxes(L);
  if (lua_rawgetp(L, -1, box) != LUA_TUSERDATA) { /* about to be collected */
    lua_pop(L, 2);
    return;
  }
  lua_getiuservalue(L, -1, UV_HANDLER);
  lua_pushvalue(L, -2); /* boxes server handler server */
  box->in_handler = true;
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    const char *text = lua_tostring(L, -1);
    lua_warning(L, "azure.emulator: ", 1);
    lua_warning(L, text ? text : "an error without a message", 0);
    lua_pop(L, 1);
  }
  box->in_handler = false; /* the server on the stack keeps the box */
  lua_pop(L, 2);
}

static const char *opt_field (lua_State *L, const char *name) {
  const char *text;
  int type = lua_getfield(L, 1, name);
  if (type != LUA_TNIL && type != LUA_TSTRING)
    luaL_error(L, "field '%s': string wanted, got %s", name,
               lua_typename(L, type));
  text = lua_tostring(L, -1);
  lua_pop(L, 1); /* the options table keeps it */
  return text;
}

static lua_Integer opt_integer (lua_State *L, const char *name,
                                lua_Integer otherwise, lua_Integer max) {
  lua_Integer value = otherwise;
  int is_integer = 1;
  if (lua_getfield(L, 1, name) != LUA_TNIL)
    value = lua_tointegerx(L, -1, &is_integer);
  lua_pop(L, 1);
  if (!is_integer || value < 0 || value > max)
    luaL_error(L, "field '%s': integer from 0 to %I wanted", name, max);
  return value;
}

static void read_options (lua_State *L, struct azl_server_options *out) {
  luaL_checktype(L, 1, LUA_TTABLE);
  out->address = opt_field(L, "address");
  if (!out->address) out->address = "127.0.0.1";
  out->cert_pem = opt_field(L, "cert");
  out->key_pem = opt_field(L, "key");
  if (!out->cert_pem != !out->key_pem)
    luaL_error(L, "fields 'cert' and 'key' go together");
  out->port = (uint16_t)opt_integer(L, "port", 0, 65535);
  lua_getfield(L, 1, "select");
  out->use_select = lua_toboolean(L, -1);
  lua_pop(L, 1);
  out->max_body_bytes =
      (size_t)opt_integer(L, "max_body_bytes", MAX_BODY_BYTES, MAX_BODY_BYTES);
}

/* Pushes azure.core's loop and stores the two pointers of host_api.h. */
static void read_host (lua_State *L, struct azl_server_options *out) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "azure.core");
  lua_call(L, 1, 1); /* core */
  lua_getfield(L, -1, "host_api");
  lua_call(L, 0, 1);
  out->api = lua_touserdata(L, -1);
  lua_pop(L, 1);
  lua_getfield(L, -1, "loop_pointer");
  lua_call(L, 0, 1);
  out->loop = lua_touserdata(L, -1);
  lua_pop(L, 1);
  lua_getfield(L, -1, "loop");
  lua_call(L, 0, 1); /* core loop */
  lua_remove(L, -2);
  if (!out->api || !out->loop || out->api->version != AZL_HOST_API_VERSION)
    luaL_error(L, "azure.core is of another version than the emulator");
}

static int open_server (lua_State *L) {
  struct azl_server_options options = {0};
  const char *why = NULL;
  struct server_box *box;
  read_options(L, &options);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  read_host(L, &options); /* options handler loop */
  box = lua_newuserdatauv(L, sizeof *box, UV_COUNT);
  memset(box, 0, sizeof *box);
  luaL_setmetatable(L, SERVER_TYPE);
  box->api = options.api;
  box->loop = options.loop;
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, 4, UV_LOOP);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, 4, UV_HANDLER);
  push_boxes(L);
  lua_pushvalue(L, 4);
  lua_rawsetp(L, -2, box);
  lua_settop(L, 4);
  box->server = azl_server_open(&options, &why);
  if (!box->server) {
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
  }
  if (!box->api->on_step(box->loop, on_step, box)) {
    azl_server_close(box->server);
    box->server = NULL;
    return luaL_error(L, "out of memory");
  }
  return 1;
}

static const luaL_Reg server_methods[] = {{"next", server_next},
                                          {"respond", server_respond},
                                          {"truncate", server_truncate},
                                          {"drop", server_drop},
                                          {"reset", server_reset},
                                          {"port", server_port},
                                          {"connections", server_connections},
                                          {"close", server_close},
                                          {NULL, NULL}};

static const luaL_Reg server_meta[] = {
    {"__gc", server_close}, {"__close", server_close}, {NULL, NULL}};

static const luaL_Reg functions[] = {{"open", open_server}, {NULL, NULL}};

int luaopen_azure_emulator_server (lua_State *L) {
  luaL_checkversion(L);
  luaL_newmetatable(L, SERVER_TYPE);
  luaL_setfuncs(L, server_meta, 0);
  luaL_newlib(L, server_methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  azl_lua_emulator_certs(L);
  azl_lua_emulator_input(L);
  azl_lua_emulator_file(L);
  return 1;
}
