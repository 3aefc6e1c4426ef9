#ifndef AZL_LUA_EMULATOR_SERVER_H
#define AZL_LUA_EMULATOR_SERVER_H

#include <lua.h>

int luaopen_azure_emulator_server (lua_State *L);

/* Adds the certificate functions to the table on top of the stack. */
void azl_lua_emulator_certs (lua_State *L);

/* The same for input_closed. */
void azl_lua_emulator_input (lua_State *L);

/* The same for write_secret. */
void azl_lua_emulator_file (lua_State *L);

#endif
