#ifndef AZL_LUA_JSON_H
#define AZL_LUA_JSON_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* core.json_decode (text, null, array_mt) -> value | nil, message, byte.
   Integers that fit in 64 bits are integers, an array (also an empty one) gets
   array_mt, null becomes the given value. */
int azl_lua_json_decode (lua_State *L);

/* core.json_marks (null, array_mt): what azl_lua_json_push takes for null and
   arrays in this state. */
int azl_lua_json_marks (lua_State *L);

/* Pushes the value of a document, whose text ends with a NUL behind its `len`
   bytes and stays where it is until the function has returned. false: it is no
   JSON, and nothing is pushed. Raises where Lua has no memory. */
bool azl_lua_json_push (lua_State *L, const char *text, size_t len);

/* core.json_encode (value, null, array_mt, empty_array) -> text | nil, message.
   Tables with array_mt and those with an item 1 are arrays; empty_array is []
   wherever it stands (nil: there is no such value). */
int azl_lua_json_encode (lua_State *L);

#endif
