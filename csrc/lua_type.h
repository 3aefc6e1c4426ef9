#ifndef AZL_LUA_TYPE_H
#define AZL_LUA_TYPE_H

#include <lauxlib.h>

/* Types of userdata that every call makes or checks: as luaL_newmetatable and
   its kin, but a metatable is found by the address of its name, which takes a
   third of the time. name: one array for each type, that lasts. */

/* Pushes the new metatable. */
void azl_lua_new_type (lua_State *L, const char *name);

/* Sets it for the userdata on the top of the stack. */
void azl_lua_set_type (lua_State *L, const char *name);

/* The userdata at the index; raises where it is of another type. */
void *azl_lua_check_type (lua_State *L, int index, const char *name);

#endif
