/* Plain HTTP for scripts: no token, no retry, any server. */
#include "lua_azl.h"

#include <string.h>

#define HTTP_TYPE "azure.http"
#define HEADERS_TYPE "azure.headers"

struct lua_http {
  struct azl_http *http; /* NULL: closed */
};

/* Lower case, since lookups ignore it; a repeated field is joined. */
static void push_headers (lua_State *L, const struct azl_headers *headers) {
  lua_createtable(L, 0, (int)headers->count);
  for (size_t i = 0; i < headers->count; i++) {
    luaL_Buffer buffer;
    const char *name = headers->items[i].name;
    size_t len = strlen(name);
    char *lower = luaL_buffinitsize(L, &buffer, len);
    for (size_t k = 0; k < len; k++)
      lower[k] =
          (char)(name[k] >= 'A' && name[k] <= 'Z' ? name[k] + 32 : name[k]);
    luaL_pushresultsize(&buffer, len);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TSTRING)
      lua_pushfstring(L, "%s, %s", lua_tostring(L, -1),
                      headers->items[i].value);
    else
      lua_pushstring(L, headers->items[i].value);
    lua_remove(L, -2);
    lua_rawset(L, -3);
  }
  luaL_setmetatable(L, HEADERS_TYPE);
}

void azl_lua_push_response (lua_State *L,
                            const struct azl_http_response *response) {
  luaL_checkstack(L, 8, "response");
  lua_createtable(L, 0, 8);
  lua_pushinteger(L, response->status);
  lua_setfield(L, -2, "status");
  lua_pushlstring(L, response->body.data ? response->body.data : "",
                  response->body.len);
  lua_setfield(L, -2, "body");
  lua_pushstring(L, response->http_version == 20   ? "2"
                    : response->http_version == 10 ? "1.0"
                                                   : "1.1");
  lua_setfield(L, -2, "http_version");
  push_headers(L, &response->headers);
  lua_setfield(L, -2, "headers");
}

static int headers_index (lua_State *L) {
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  lua_getglobal(L, "string");
  lua_getfield(L, -1, "lower");
  lua_pushvalue(L, 2);
  lua_call(L, 1, 1);
  lua_rawget(L, 1);
  return 1;
}

static int push_http_result (lua_State *L, int box, struct azl_op *op) {
  (void)box;
  azl_lua_push_response(L, azl_http_result(op));
  return 1;
}

static const struct azl_lua_op_kind http_kind = {.push = push_http_result};

static struct azl_http *check_http (lua_State *L) {
  struct lua_http *self = luaL_checkudata(L, 1, HTTP_TYPE);
  if (!self->http) azl_lua_raise(L, "the http object is closed");
  return self->http;
}

/* http:send{method=, url=, headers=, body=, timeout=} -> op */
static int http_send (lua_State *L) {
  struct azl_http *http = check_http(L);
  struct azl_loop *loop = azl_lua_loop(L);
  struct azl_headers headers;
  struct azl_http_request request = {0};
  luaL_checktype(L, 2, LUA_TTABLE);
  request.url = azl_lua_need_string(L, 2, "url");
  request.method = azl_lua_opt_string(L, 2, "method", "GET");
  request.body = azl_lua_opt_bytes(L, 2, "body", &request.body_len);
  int64_t timeout_ms = azl_lua_opt_ms(L, 2, "timeout", 100000);
  request.deadline_ms = azl_loop_now_ms(loop) + timeout_ms;
  struct azl_lua_op *box = azl_lua_op_new(L, &http_kind, 1);
  azl_lua_read_headers(L, 2, &headers);
  request.headers = &headers;
  box->op = azl_http_send(http, &request);
  azl_headers_free(&headers);
  return azl_lua_op_return(L, box);
}

static int http_close (lua_State *L) {
  struct lua_http *self = luaL_checkudata(L, 1, HTTP_TYPE);
  struct azl_http *http = self->http;
  self->http = NULL;
  if (!http || azl_lua_foreign(L)) return 0;
  azl_http_close(http);
  azl_http_unref(http);
  return 0;
}

static int http_handles (lua_State *L) {
  struct azl_http *http = check_http(L);
  lua_pushinteger(L, azl_http_handles(http));
  lua_pushinteger(L, azl_http_running(http));
  return 2;
}

/* core.http(opts) -> http */
static int core_http (lua_State *L) {
  struct azl_http_config config = {0};
  struct azl_loop *loop = azl_lua_loop(L);
  lua_settop(L, 1);
  if (!lua_isnil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    azl_lua_http_config(L, 1, &config);
  }
  struct lua_http *self = lua_newuserdatauv(L, sizeof(*self), 0);
  self->http = NULL;
  luaL_setmetatable(L, HTTP_TYPE);
  self->http = azl_http_new(loop, &config);
  if (!self->http) return azl_lua_fail(L, azl_err_oom());
  return 1;
}

static const luaL_Reg http_methods[] = {
    {"send", http_send},
    {"close", http_close},
    {"handles", http_handles},
    {NULL, NULL},
};

static const luaL_Reg http_meta[] = {
    {"__gc", http_close},
    {"__close", http_close},
    {NULL, NULL},
};

void azl_lua_open_http (lua_State *L) {
  luaL_newmetatable(L, HEADERS_TYPE);
  lua_pushcfunction(L, headers_index);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newmetatable(L, HTTP_TYPE);
  luaL_setfuncs(L, http_meta, 0);
  luaL_newlib(L, http_methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, core_http);
  lua_setfield(L, -2, "http");
}
