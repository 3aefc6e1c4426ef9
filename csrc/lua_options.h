#ifndef AZL_LUA_OPTIONS_H
#define AZL_LUA_OPTIONS_H

#include <lauxlib.h>
#include <lua.h>
#include "http.h"

/* Raises as luaL_error does, but blames the script's line and not the one of
   ours that called into C. Never returns. */
int azl_lua_raise (lua_State *L, const char *fmt, ...);

#ifdef __clang_analyzer__
/* Lua's header does not say it. */
int(luaL_error)(lua_State *L, const char *fmt, ...) __attribute__((noreturn));
int azl_lua_raise (lua_State *L, const char *fmt, ...)
    __attribute__((noreturn));
#endif

/* Options tables. opt_* return the default where the field is nil and raise
   an error that names the field where its type is wrong. Strings are borrowed
   from the table (index 1 stays on the stack while they are used); a zero byte
   in one raises, since C would see only what is in front of it. */
const char *azl_lua_opt_string (lua_State *L, int table, const char *field,
                                const char *otherwise);
const char *azl_lua_need_string (lua_State *L, int table, const char *field);
/* The same for what may have zero bytes; NULL where the field is nil. */
const char *azl_lua_opt_bytes (lua_State *L, int table, const char *field,
                               size_t *out_len);
lua_Number azl_lua_opt_number (lua_State *L, int table, const char *field,
                               lua_Number otherwise);
/* A whole number from least to most; raises on any other. */
int64_t azl_lua_opt_whole (lua_State *L, int table, const char *field,
                           int64_t otherwise, int64_t least, int64_t most);
bool azl_lua_opt_bool (lua_State *L, int table, const char *field,
                       bool otherwise);
/* Seconds to milliseconds; `otherwise` is in milliseconds. Raises on negative
   or not finite values. */
int64_t azl_lua_opt_ms (lua_State *L, int table, const char *field,
                        int64_t otherwise);
/* ca_file, ca_path, proxy, no_proxy, max_connections, ...: borrowed strings. */
void azl_lua_http_config (lua_State *L, int table, struct azl_http_config *out);
/* The `headers` field into out; raises on names or values with bad bytes. */
void azl_lua_read_headers (lua_State *L, int table, struct azl_headers *out);

#endif
