#ifndef AZL_LUA_TERMINAL_H
#define AZL_LUA_TERMINAL_H

#include <lua.h>

/* Adds to the module table on the top of the stack:
   terminal_width (file) -> columns of the terminal that the file is, or nil
   terminal_raw (file) -> raw | nil   raw:suspend(), raw:close()
   interrupts () -> function   puts the interpreter's Ctrl-C back in place;
                               gives true when there was one */
void azl_lua_open_terminal (lua_State *L);

#endif
