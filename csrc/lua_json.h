#ifndef AZL_LUA_JSON_H
#define AZL_LUA_JSON_H

#include <lua.h>

/* core.json_decode (text, null, array_mt) -> value | nil, message, byte.
   Integers that fit in 64 bits are integers, an array (also an empty one) gets
   array_mt, null becomes the given value. */
int azl_lua_json_decode (lua_State *L);

#endif
