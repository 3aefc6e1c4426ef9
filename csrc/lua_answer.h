#ifndef AZL_LUA_ANSWER_H
#define AZL_LUA_ANSWER_H

#include "lua_azl.h"

/* What an operation of the client gives: a whole response (gives is NULL), or
   only its document (true where the body is empty), or the document of a page,
   with status, request id, client request id and attempts behind it. A body
   that is no JSON comes as nil and the body, with those four behind it, and
   for a long-running operation its method and redacted URL. */
const struct azl_lua_op_kind *azl_lua_kind_of_call (const char *gives);
const struct azl_lua_op_kind *azl_lua_kind_of_lro (const char *gives);

#endif
