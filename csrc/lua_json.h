#ifndef AZL_LUA_JSON_H
#define AZL_LUA_JSON_H

#include <lua.h>

/* core.json_decode (text, null, array_mt) -> value | nil, message, byte.
   Integers that fit in 64 bits are integers, an array (also an empty one) gets
   array_mt, null becomes the given value. */
int azl_lua_json_decode (lua_State *L);

/* core.json_encode (value, null, array_mt, empty_array) -> text | nil, message.
   Tables with array_mt and those with an item 1 are arrays; empty_array is []
   wherever it stands (nil: there is no such value). */
int azl_lua_json_encode (lua_State *L);

#endif
