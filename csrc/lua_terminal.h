#ifndef AZL_LUA_TERMINAL_H
#define AZL_LUA_TERMINAL_H

#include <lua.h>

/* core.terminal_width (file) -> columns of the terminal that the file is, or
   nil when it is none. */
int azl_lua_terminal_width (lua_State *L);

#endif
