#ifndef AZL_LOOP_H
#define AZL_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include "clock.h"
#include "list.h"
#include "mem.h"
#include "poller.h"
#include "timer.h"

/* One event loop: descriptors, timers, and the list of operations under way.
   One thread at a time. Callbacks run only inside azl_loop_turn, and what is to
   be flushed in azl_loop_flush too. */
struct azl_loop;

/* A function to run in the next turn. Lives inside its owner. */
struct azl_defer {
  struct azl_list node;
  void (*fn)(void *ctx);
  void *ctx;
};

struct azl_loop *azl_loop_new (const char *poller_name);

/* Cancels what is still under way, then frees. Accepts NULL. In a forked
   child nothing is touched: what would be stopped is the parent's. */
void azl_loop_free (struct azl_loop *loop);

/* Whether this is a fork of the process that made the loop, whose id goes to
 *owner. There the loop and all that is on it must be left alone. */
bool azl_loop_foreign (const struct azl_loop *loop, long *owner);

struct azl_clock *azl_loop_clock (struct azl_loop *loop);
struct azl_poller *azl_loop_poller (struct azl_loop *loop);
int64_t azl_loop_now_ms (struct azl_loop *loop);

AZL_MUST_CHECK bool azl_loop_watch (struct azl_loop *loop, int fd, int events,
                                    azl_fd_fn fn, void *ctx);
/* Must come before the fd is closed. */
static inline void azl_loop_forget (struct azl_loop *loop, int fd) {
  if (!azl_loop_watch(loop, fd, 0, NULL, NULL)) return;
}
/* The same for an fd that stays open: see azl_poller_release. */
void azl_loop_release (struct azl_loop *loop, int fd);
AZL_MUST_CHECK bool azl_loop_timer (struct azl_loop *loop,
                                    struct azl_timer *timer, int64_t due_ms);
void azl_loop_timer_stop (struct azl_loop *loop, struct azl_timer *timer);

void azl_defer_init (struct azl_defer *defer, void (*fn)(void *), void *ctx);
void azl_loop_defer (struct azl_loop *loop, struct azl_defer *defer);
void azl_loop_defer_stop (struct azl_defer *defer);

/* For what collects output: such a call runs in azl_loop_flush, which comes
   when nothing more is to be expected before the next wait, or else in the next
   turn. Returns how many ran. */
void azl_loop_defer_flush (struct azl_loop *loop, struct azl_defer *defer);
int azl_loop_flush (struct azl_loop *loop);

/* External work under way (a transfer, a child): +1 when it starts, -1 when
   it ends. While any is, a virtual clock follows the machine's time. */
void azl_loop_busy (struct azl_loop *loop, int delta);

/* One turn: waits at most max_wait_ms (-1: until something is due), then runs
   what is ready. Returns the number of callbacks run. */
int azl_loop_turn (struct azl_loop *loop, int64_t max_wait_ms);

/* Milliseconds until something is due; 0: now; -1: nothing is. */
int64_t azl_loop_timeout_ms (struct azl_loop *loop);

/* Operations under way (op.c keeps this list). */
struct azl_list *azl_loop_ops (struct azl_loop *loop);
void azl_loop_count_op (struct azl_loop *loop, int delta);
int azl_loop_op_count (struct azl_loop *loop);

/* Waits (op.h) that became ready, for the binding to resume. */
struct azl_list *azl_loop_ready (struct azl_loop *loop);

/* A function for the binding to run after each turn, with its lua_State as
   `state`. NULL fn takes the one of that ctx away. false: out of memory. */
typedef void (*azl_step_fn)(void *state, void *ctx);
AZL_MUST_CHECK bool azl_loop_on_step (struct azl_loop *loop, azl_step_fn fn,
                                      void *ctx);
void azl_loop_run_steps (struct azl_loop *loop, void *state);

/* What is alive, for leak checks. */
struct azl_loop_stats {
  int ops, fds, timers, busy;
};
void azl_loop_stats (struct azl_loop *loop, struct azl_loop_stats *out);

#endif
