/* Terminals and Ctrl-C for scripts, which Lua itself knows nothing about. */
#include "lua_terminal.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include "terminal.h"

#define RAW_TYPE "azure.terminal"
#define FOREGROUND_TYPE "azure.foreground"
#define LOCALE_TYPE "azure.locale"

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

/* raw:suspend (foreground) */
static int raw_suspend (lua_State *L) {
  struct azl_foreground *foreground =
      lua_isnoneornil(L, 2) ? NULL : luaL_checkudata(L, 2, FOREGROUND_TYPE);
  azl_terminal_suspend(luaL_checkudata(L, 1, RAW_TYPE), foreground);
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

static int foreground_close (lua_State *L) {
  azl_foreground_give_back(luaL_checkudata(L, 1, FOREGROUND_TYPE));
  return 0;
}

/* terminal_foreground (file) -> foreground | nil */
static int terminal_foreground (lua_State *L) {
  int fd = check_fd(L, 1);
  struct azl_foreground *self = lua_newuserdatauv(L, sizeof(*self), 1);
  self->fd = -1;
  luaL_setmetatable(L, FOREGROUND_TYPE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, SLOT_FILE);
  return azl_foreground_take(self, fd) ? 1 : 0;
}

/* text_columns (text) -> integer */
static int text_columns (lua_State *L) {
  const locale_t *locale = lua_touserdata(L, lua_upvalueindex(1));
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_pushinteger(L, azl_text_columns(*locale, text, len));
  return 1;
}

static int locale_gc (lua_State *L) {
  locale_t *self = luaL_checkudata(L, 1, LOCALE_TYPE);
  if (*self) freelocale(*self);
  *self = (locale_t)0;
  return 0;
}

static void open_text_columns (lua_State *L) {
  locale_t *self = lua_newuserdatauv(L, sizeof(*self), 0);
  *self = (locale_t)0;
  if (luaL_newmetatable(L, LOCALE_TYPE)) {
    lua_pushcfunction(L, locale_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  *self = azl_utf8_locale();
  lua_pushcclosure(L, text_columns, 1);
  lua_setfield(L, -2, "text_columns");
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

static const luaL_Reg foreground_methods[] = {
    {"close", foreground_close},
    {NULL, NULL},
};

static const luaL_Reg foreground_meta[] = {
    {"__gc", foreground_close},
    {"__close", foreground_close},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"terminal_width", terminal_width},
    {"terminal_raw", terminal_raw},
    {"terminal_foreground", terminal_foreground},
    {"interrupts", interrupts},
    {NULL, NULL},
};

static void open_type (lua_State *L, const char *name, const luaL_Reg *meta,
                       const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  luaL_setfuncs(L, meta, 0);
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void azl_lua_open_terminal (lua_State *L) {
  open_type(L, RAW_TYPE, raw_meta, raw_methods);
  open_type(L, FOREGROUND_TYPE, foreground_meta, foreground_methods);
  luaL_setfuncs(L, functions, 0);
  open_text_columns(L);
}
