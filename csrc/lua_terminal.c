/* Terminals and Ctrl-C for scripts, which Lua itself knows nothing about. */
#include "lua_terminal.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include "terminal.h"

#define RAW_TYPE "azure.terminal"

enum { SLOT_FILE = 1 };

static int check_fd (lua_State *L, int index) {
  luaL_Stream *stream = luaL_checkudata(L, index, LUA_FILEHANDLE);
  luaL_argcheck(L, stream->closef, index, "closed file");
  return fileno(stream->f);
}

static int terminal_width (lua_State *L) {
  int columns = azl_terminal_width(check_fd(L, 1));
  if (columns == 0) return 0;
  lua_pushinteger(L, columns);
  return 1;
}

static int raw_suspend (lua_State *L) {
  azl_terminal_suspend(luaL_checkudata(L, 1, RAW_TYPE));
  return 0;
}

static int raw_close (lua_State *L) {
  azl_terminal_restore(luaL_checkudata(L, 1, RAW_TYPE));
  return 0;
}

/* terminal_raw (file) -> raw | nil */
static int terminal_raw (lua_State *L) {
  int fd = check_fd(L, 1);
  struct azl_terminal *self = lua_newuserdatauv(L, sizeof(*self), 1);
  self->fd = -1;
  luaL_setmetatable(L, RAW_TYPE);
  lua_pushvalue(L, 1); /* keeps the descriptor open */
  lua_setiuservalue(L, -2, SLOT_FILE);
  return azl_terminal_raw(self, fd) ? 1 : 0;
}

static int rearm (lua_State *L) {
  lua_pushboolean(L,
                  azl_interrupt_rearm(lua_touserdata(L, lua_upvalueindex(1))));
  return 1;
}

/* interrupts () -> function */
static int interrupts (lua_State *L) {
  azl_interrupt_keep(lua_newuserdatauv(L, sizeof(struct azl_interrupt), 0));
  lua_pushcclosure(L, rearm, 1);
  return 1;
}

static const luaL_Reg raw_methods[] = {
    {"suspend", raw_suspend},
    {"close", raw_close},
    {NULL, NULL},
};

static const luaL_Reg raw_meta[] = {
    {"__gc", raw_close},
    {"__close", raw_close},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"terminal_width", terminal_width},
    {"terminal_raw", terminal_raw},
    {"interrupts", interrupts},
    {NULL, NULL},
};

void azl_lua_open_terminal (lua_State *L) {
  luaL_newmetatable(L, RAW_TYPE);
  luaL_setfuncs(L, raw_meta, 0);
  luaL_newlib(L, raw_methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
