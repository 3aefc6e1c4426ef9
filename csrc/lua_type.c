/* Types of userdata, found by the address of their name. */
#include "lua_type.h"

void azl_lua_new_type (lua_State *L, const char *name) {
  luaL_newmetatable(L, name);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, name);
}

void azl_lua_set_type (lua_State *L, const char *name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, name);
  lua_setmetatable(L, -2);
}

void *azl_lua_check_type (lua_State *L, int index, const char *name) {
  void *box = lua_touserdata(L, index);
  if (!box || !lua_getmetatable(L, index))
    return luaL_checkudata(L, index, name);
  lua_rawgetp(L, LUA_REGISTRYINDEX, name);
  int same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? box : luaL_checkudata(L, index, name);
}
