#ifndef AZL_LUA_AZL_H
#define AZL_LUA_AZL_H

#include <lauxlib.h>
#include <lua.h>
#include "http.h"
#include "lua_options.h"
#include "op.h"

/* What the bindings share. Every function is called with the lua_State that
   is running; none keeps it. */

/* The loop of this Lua state, made at the first call (raises where that
   fails). */
struct azl_loop *azl_lua_loop (lua_State *L);

/* One step: a turn of the loop, then every task that became ready. Returns
   how many callbacks and tasks ran. slice_ms: Lua may run that long, what is
   left is ready in the next step; -1: all of it runs. */
int azl_lua_step (lua_State *L, int64_t max_wait_ms, int64_t slice_ms);

/* Raises in a forked child of the process that made the loop. */
void azl_lua_check_process (lua_State *L, const struct azl_loop *loop);

/* Whether this is such a child; closing and collecting then do nothing. */
bool azl_lua_foreign (lua_State *L);

/* Tells a host that watches the loop that there is something new to do. Call
   it after starting an operation. */
void azl_lua_touch (lua_State *L);

/* Errors: nil and a table. The first takes err over, the second borrows. */
int azl_lua_fail (lua_State *L, struct azl_err *err);
void azl_lua_push_err (lua_State *L, const struct azl_err *err);

/* Pushes text (NULL: nil) and frees it, also where Lua has no memory left and
   raises. Returns 1. */
int azl_lua_push_owned (lua_State *L, char *text);

/* How one kind of operation shows itself to scripts. */
struct azl_lua_op_kind {
  /* Pushes the results of the done operation; box is its stack index. */
  int (*push)(lua_State *L, int box, struct azl_op *op);
  /* Adds fields to the status table on the top; may be NULL. */
  void (*status)(lua_State *L, struct azl_op *op);
  /* Resume token, or NULL where there is none; may be NULL. */
  char *(*token)(struct azl_op *op);
  /* Instead of azl_op_cancel; may be NULL. for_good: also what it would begin
     later. */
  void (*cancel)(lua_State *L, struct azl_op *op, bool for_good);
  /* Adds fields to the error on the top of the stack, which somebody has now
     waited for; may be NULL. */
  void (*failed)(lua_State *L, int box, struct azl_op *op);
};

enum azl_lua_op_slot { AZL_SLOT_OWNER = 1, AZL_SLOT_MAP, AZL_SLOT_RESULTS };

struct azl_lua_op {
  struct azl_op *op; /* NULL: closed */
  const struct azl_lua_op_kind *kind;
  bool once; /* closed as soon as its results were handed out */
};

/* Pushes an operation userdata, born closed; the caller sets op, then returns
   azl_lua_op_return. owner: stack index of what must outlive it, or 0. */
struct azl_lua_op *
azl_lua_op_new (lua_State *L, const struct azl_lua_op_kind *kind, int owner);
/* 1 with the operation on the top; nil and an out-of-memory error where op is
   NULL. Touches the loop. */
int azl_lua_op_return (lua_State *L, struct azl_lua_op *box);
struct azl_lua_op *azl_lua_op_check (lua_State *L, int index);

/* Pushes {status=, headers=, body=, http_version=}. */
void azl_lua_push_response (lua_State *L,
                            const struct azl_http_response *response);

/* Each makes its metatables and adds its functions to the module table on the
   top of the stack. */
void azl_lua_open_loop (lua_State *L);
void azl_lua_open_op (lua_State *L);
void azl_lua_open_task (lua_State *L);
void azl_lua_open_http (lua_State *L);
void azl_lua_open_client (lua_State *L);
void azl_lua_open_cred (lua_State *L);
void azl_lua_open_crypto (lua_State *L);
/* A credential userdata at index, or NULL when there is nil. */
struct azl_cred;
struct azl_cred *azl_lua_opt_cred (lua_State *L, int index);

#endif
