#ifndef AZL_SCRIPT_CALL_H
#define AZL_SCRIPT_CALL_H

#include <stdbool.h>
#include "fetch.h"

/* Calls from a credential to a function of the script. The core only queues
   them: the binding takes them from the loop's step, where it has a
   lua_State, and runs the function. */
struct azl_script_field {
  const char *name; /* static */
  char *value;
};

enum { AZL_SCRIPT_FIELDS = 5 };

struct azl_script_call {
  struct azl_list node;
  struct azl_fetch *fetch; /* one reference once it was taken */
  void **slot;             /* where its fetch keeps it while it is queued */
  bool taken;
  bool wants_token; /* the function gives a token, else it only shows */
  struct azl_script_field fields[AZL_SCRIPT_FIELDS]; /* what it is told */
};

/* Inside a credential that calls functions. */
struct azl_script_queue {
  struct azl_list calls;
  struct azl_loop *loop;
  struct azl_defer wake; /* a loop with calls waiting must not sleep */
};

void azl_script_init (struct azl_script_queue *queue, struct azl_loop *loop);
/* Drops what waits. */
void azl_script_free (struct azl_script_queue *queue);

/* A call for `fetch`, not queued yet. NULL: out of memory. */
struct azl_script_call *azl_script_call_new (struct azl_fetch *fetch,
                                             bool wants_token);
/* Copies value; NULL is no field. false: out of memory. */
AZL_MUST_CHECK bool azl_script_tell (struct azl_script_call *call,
                                     const char *name, const char *value);
/* Queues it. The fetch keeps it in *slot, which is NULL again once the call
   was taken, and frees it where it goes away before that: a call that nobody
   takes must not keep its fetch, and so its credential, alive. */
void azl_script_push (struct azl_script_queue *queue,
                      struct azl_script_call *call, void **slot);
/* The oldest call whose fetch still goes on, or NULL. The caller frees it. */
struct azl_script_call *azl_script_take (struct azl_script_queue *queue);
void azl_script_call_free (struct azl_script_call *call);

#endif
