/* The file function of azure.emulator.server. */
#include "lua_emulator_server.h"

#include <lauxlib.h>
#include <string.h>

#include "emulator_file.h"

/* path text -> true, or nil and why not */
static int write_secret (lua_State *L) {
  size_t len = 0;
  const char *path = luaL_checkstring(L, 1);
  const char *text = luaL_checklstring(L, 2, &len);
  int error = azl_emulator_file_write(path, text, len);
  if (error) {
    lua_pushnil(L);
    lua_pushstring(L, strerror(error));
    return 2;
  }
  lua_pushboolean(L, 1);
  return 1;
}

void azl_lua_emulator_file (lua_State *L) {
  lua_pushcfunction(L, write_secret);
  lua_setfield(L, -2, "write_secret");
}
