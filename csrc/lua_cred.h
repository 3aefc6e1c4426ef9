#ifndef AZL_LUA_CRED_H
#define AZL_LUA_CRED_H

#include "cred_script.h"
#include "lua_azl.h"

/* A credential of a script. The userdata keeps what its C part calls back. */
struct azl_lua_cred {
  struct azl_cred *cred;          /* NULL: closed */
  struct azl_loop *loop;          /* of queue */
  struct azl_script_queue *queue; /* NULL: it calls no function */
  int running;                    /* calls of functions under way */
};

enum azl_lua_cred_slot {
  AZL_CRED_FUNCTION = 1, /* the script's function */
  AZL_CRED_MEMBERS,      /* the credentials that it asks */
  AZL_CRED_RUNNING,      /* call (userdata) -> its task */
  AZL_CRED_SLOTS = AZL_CRED_RUNNING
};

/* The credential at index; raises where it is none, or closed. */
struct azl_lua_cred *azl_lua_cred_check (lua_State *L, int index);

/* Fills the fresh userdata at `box` with a credential of this kind made of the
   options at `opts`. Raises on misuse. false: *out_err says why not. */
AZL_MUST_CHECK bool azl_lua_cred_make (lua_State *L, int box, const char *kind,
                                       int opts, struct azl_err **out_err);

/* Lets the loop's step serve self->queue with the function in the userdata at
   `box`, until it is detached. Raises when out of memory. */
void azl_lua_script_attach (lua_State *L, int box);
void azl_lua_script_detach (struct azl_lua_cred *self);
/* Cancels the tasks of calls whose fetch has ended without them. */
void azl_lua_script_sweep (lua_State *L, int box);

/* Metatables and registry tables of the above. */
void azl_lua_open_script (lua_State *L);

#endif
