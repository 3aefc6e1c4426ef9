#ifndef AZL_OP_H
#define AZL_OP_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "list.h"
#include "loop.h"

enum azl_op_state {
  AZL_OP_PENDING,
  AZL_OP_DONE,
  AZL_OP_FAILED, /* err says why */
  AZL_OP_CANCELLED
};

struct azl_op;

struct azl_op_class {
  const char *name;
  /* Stops the work; must not call azl_op_finish. NULL: nothing to stop. */
  void (*cancel)(struct azl_op *op);
  /* Frees the operation with its result; the last reference is gone. */
  void (*destroy)(struct azl_op *op);
};

/* The one awaitable. It is the first member of each concrete operation. It is
   pending, then exactly once something else. The loop holds a reference while
   it is pending; whoever creates it gets another one. */
struct azl_op {
  const struct azl_op_class *cls;
  struct azl_loop *loop;
  unsigned refs;
  enum azl_op_state state;
  struct azl_err *err;  /* owned; set when failed or cancelled */
  struct azl_list node; /* in the loop's list of operations */
  struct azl_list waits;
  void (*listener)(void *ctx, struct azl_op *op); /* called once, at the end */
  void *listener_ctx;
  unsigned progress; /* grows with each change worth telling */
};

/* Fills a fresh operation: pending, two references (creator's and loop's). */
void azl_op_init (struct azl_op *op, const struct azl_op_class *cls,
                  struct azl_loop *loop);
struct azl_op *azl_op_ref (struct azl_op *op);
void azl_op_unref (struct azl_op *op); /* accepts NULL */

/* Ends the operation: err NULL means done; takes err over. A second call is
   ignored (and frees err). The listener is called before it returns. */
void azl_op_finish (struct azl_op *op, struct azl_err *err);

/* Stops it if it is pending; its err has kind "cancelled". Accepts NULL. */
void azl_op_cancel (struct azl_op *op);

/* The one C listener (a parent operation). NULL takes it away. */
void azl_op_listen (struct azl_op *op, void (*fn)(void *, struct azl_op *),
                    void *ctx);

/* Tells waits that asked for progress. */
void azl_op_progressed (struct azl_op *op);
const char *azl_op_state_name (enum azl_op_state state);

/* One waiter. It becomes ready once: then it stands in azl_loop_ready. */
enum azl_wait_reason {
  AZL_WAIT_PENDING,
  AZL_WAIT_FINISHED,
  AZL_WAIT_PROGRESS,
  AZL_WAIT_TIMEOUT,
  AZL_WAIT_CANCELLED
};

struct azl_wait {
  struct azl_op *op; /* one reference */
  enum azl_wait_reason reason;
  bool wants_progress;
  unsigned seen_progress;
  int waker;            /* the binding's: who goes on then, 0: nobody */
  struct azl_list node; /* in op->waits, then in the loop's ready list */
  struct azl_timer timer;
};

/* deadline_ms: on the loop's clock, -1: none. A finished operation makes the
   wait ready at once. The wait must stay where it is until azl_wait_end. */
AZL_MUST_CHECK bool azl_wait_begin (struct azl_wait *wait, struct azl_op *op,
                                    int64_t deadline_ms, bool wants_progress,
                                    unsigned seen_progress);
void azl_wait_wake (struct azl_wait *wait, enum azl_wait_reason reason);
void azl_wait_end (struct azl_wait *wait);

/* An operation that is done at due_ms. NULL: out of memory. */
struct azl_op *azl_sleep (struct azl_loop *loop, int64_t due_ms);

#endif
