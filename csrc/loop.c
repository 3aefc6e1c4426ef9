/* The event loop: descriptors, timers, deferred calls, operations. */
#include "loop.h"
#include "fork.h"
#include "op.h"

#include <limits.h>

struct step_hook {
  azl_step_fn fn;
  void *ctx;
};

struct azl_loop {
  struct azl_clock clock;
  struct azl_poller *poller;
  struct azl_timer_heap timers;
  struct azl_list defers, flushes;
  struct azl_list ops;
  struct azl_list ready;
  struct step_hook *hooks;
  int hook_count, hook_capacity;
  int busy, op_count;
  bool skipped_poll; /* in the last turn */
  struct azl_fork_mark mark;
};

struct azl_loop *azl_loop_new (const char *poller_name) {
  struct azl_loop *loop = azl_calloc(1, sizeof(*loop));
  if (!loop) return NULL;
  azl_clock_init(&loop->clock);
  azl_list_init(&loop->defers);
  azl_list_init(&loop->flushes);
  azl_list_init(&loop->ops);
  azl_list_init(&loop->ready);
  loop->poller = azl_poller_new(poller_name);
  if (!loop->poller) {
    azl_free(loop);
    return NULL;
  }
  azl_fork_mark_init(&loop->mark);
  return loop;
}

bool azl_loop_foreign (const struct azl_loop *loop, long *owner) {
  if (owner) *owner = (long)loop->mark.pid;
  return azl_fork_happened(&loop->mark);
}

static void cancel_everything (struct azl_loop *loop) {
  while (!azl_list_empty(&loop->ops))
    azl_op_cancel(AZL_CONTAINER(loop->ops.next, struct azl_op, node));
  struct azl_list *node;
  azl_list_splice(&loop->defers, &loop->flushes);
  while ((node = azl_list_pop(&loop->defers)) != NULL) {
    struct azl_defer *defer = AZL_CONTAINER(node, struct azl_defer, node);
    defer->fn(defer->ctx);
  }
}

void azl_loop_free (struct azl_loop *loop) {
  if (!loop || azl_loop_foreign(loop, NULL)) return;
  cancel_everything(loop);
  while (azl_list_pop(&loop->ready) != NULL) {}
  azl_heap_free(&loop->timers);
  azl_poller_free(loop->poller);
  azl_free(loop->hooks);
  azl_fork_mark_free(&loop->mark);
  azl_free(loop);
}

struct azl_clock *azl_loop_clock (struct azl_loop *loop) {
  return &loop->clock;
}

struct azl_poller *azl_loop_poller (struct azl_loop *loop) {
  return loop->poller;
}

int64_t azl_loop_now_ms (struct azl_loop *loop) {
  return azl_clock_now_ms(&loop->clock);
}

bool azl_loop_watch (struct azl_loop *loop, int fd, int events, azl_fd_fn fn,
                     void *ctx) {
  return azl_poller_set(loop->poller, fd, events, fn, ctx);
}

void azl_loop_release (struct azl_loop *loop, int fd) {
  azl_poller_release(loop->poller, fd);
}

bool azl_loop_timer (struct azl_loop *loop, struct azl_timer *timer,
                     int64_t due_ms) {
  return azl_heap_set(&loop->timers, timer, due_ms);
}

void azl_loop_timer_stop (struct azl_loop *loop, struct azl_timer *timer) {
  azl_heap_remove(&loop->timers, timer);
}

void azl_defer_init (struct azl_defer *defer, void (*fn)(void *), void *ctx) {
  azl_list_init(&defer->node);
  defer->fn = fn;
  defer->ctx = ctx;
}

void azl_loop_defer (struct azl_loop *loop, struct azl_defer *defer) {
  azl_list_remove(&defer->node);
  azl_list_push(&loop->defers, &defer->node);
}

void azl_loop_defer_flush (struct azl_loop *loop, struct azl_defer *defer) {
  azl_list_remove(&defer->node);
  azl_list_push(&loop->flushes, &defer->node);
}

void azl_loop_defer_stop (struct azl_defer *defer) {
  azl_list_remove(&defer->node);
}

void azl_loop_busy (struct azl_loop *loop, int delta) {
  loop->busy += delta;
}

int64_t azl_loop_timeout_ms (struct azl_loop *loop) {
  if (!azl_list_empty(&loop->defers) || !azl_list_empty(&loop->flushes) ||
      !azl_list_empty(&loop->ready))
    return 0;
  const struct azl_timer *first = azl_heap_first(&loop->timers);
  if (!first) return -1;
  int64_t left_ms = first->due_ms - azl_loop_now_ms(loop);
  return left_ms > 0 ? left_ms : 0;
}

static int run_all (struct azl_list *defers) {
  struct azl_list batch;
  azl_list_init(&batch);
  azl_list_splice(&batch, defers);
  struct azl_list *node;
  int count = 0;
  for (; (node = azl_list_pop(&batch)) != NULL; count++) {
    struct azl_defer *defer = AZL_CONTAINER(node, struct azl_defer, node);
    defer->fn(defer->ctx);
  }
  return count;
}

int azl_loop_flush (struct azl_loop *loop) {
  return run_all(&loop->flushes);
}

/* Only timers due when the pass begins: one that restarts itself at "now"
   must not starve descriptors. Nor may many at once, each of which may begin a
   request, hold up a host. */
static int run_timers (struct azl_loop *loop) {
  enum { MOST = 32 };
  int64_t now_ms = azl_loop_now_ms(loop);
  int count = 0;
  for (size_t limit = loop->timers.count; limit > 0 && count < MOST; limit--) {
    struct azl_timer *timer = azl_heap_first(&loop->timers);
    if (!timer || timer->due_ms > now_ms) break;
    azl_heap_remove(&loop->timers, timer);
    timer->fn(timer->ctx);
    count++;
  }
  return count;
}

static int64_t bounded (int64_t wait_ms, int64_t max_wait_ms) {
  if (wait_ms < 0 || (max_wait_ms >= 0 && max_wait_ms < wait_ms))
    wait_ms = max_wait_ms;
  return wait_ms > INT_MAX ? INT_MAX : wait_ms;
}

/* With a virtual clock an idle loop does not wait, it moves the clock. */
static int wait_or_jump (struct azl_loop *loop, int64_t wait_ms) {
  if (!loop->clock.auto_advance || loop->busy > 0 || wait_ms <= 0)
    return azl_poller_wait(loop->poller, (int)wait_ms);
  int count = azl_poller_wait(loop->poller, 0);
  if (count == 0 && azl_list_empty(&loop->defers) &&
      azl_list_empty(&loop->flushes))
    azl_clock_advance(&loop->clock, wait_ms);
  return count;
}

/* What is due now is due whatever the descriptors say. Asking them every other
   turn is enough then, and saves a system call in each request. */
static bool may_skip_poll (struct azl_loop *loop, int64_t timeout_ms) {
  loop->skipped_poll = !loop->skipped_poll && timeout_ms == 0;
  return loop->skipped_poll;
}

int azl_loop_turn (struct azl_loop *loop, int64_t max_wait_ms) {
  int64_t timeout_ms = azl_loop_timeout_ms(loop);
  int count = 0;
  if (!may_skip_poll(loop, timeout_ms))
    count = wait_or_jump(loop, bounded(timeout_ms, max_wait_ms));
  count += run_timers(loop);
  count += run_all(&loop->defers);
  count += run_all(&loop->flushes);
  return count;
}

struct azl_list *azl_loop_ops (struct azl_loop *loop) {
  return &loop->ops;
}

void azl_loop_count_op (struct azl_loop *loop, int delta) {
  loop->op_count += delta;
}

int azl_loop_op_count (struct azl_loop *loop) {
  return loop->op_count;
}

struct azl_list *azl_loop_ready (struct azl_loop *loop) {
  return &loop->ready;
}

static int hook_index (const struct azl_loop *loop, const void *ctx) {
  for (int i = 0; i < loop->hook_count; i++)
    if (loop->hooks[i].ctx == ctx) return i;
  return -1;
}

bool azl_loop_on_step (struct azl_loop *loop, azl_step_fn fn, void *ctx) {
  int index = hook_index(loop, ctx);
  if (!fn) {
    if (index >= 0) loop->hooks[index] = loop->hooks[--loop->hook_count];
    return true;
  }
  if (index < 0 && loop->hook_count == loop->hook_capacity) {
    int capacity = loop->hook_capacity + 8;
    struct step_hook *hooks =
        azl_realloc(loop->hooks, (size_t)capacity * sizeof(*hooks));
    if (!hooks) return false;
    loop->hooks = hooks;
    loop->hook_capacity = capacity;
  }
  if (index < 0) index = loop->hook_count++;
  loop->hooks[index] = (struct step_hook){fn, ctx};
  return true;
}

void azl_loop_run_steps (struct azl_loop *loop, void *state) {
  for (int i = loop->hook_count - 1; i >= 0; i--)
    if (i < loop->hook_count) loop->hooks[i].fn(state, loop->hooks[i].ctx);
}

void azl_loop_stats (struct azl_loop *loop, struct azl_loop_stats *out) {
  out->ops = azl_loop_op_count(loop);
  out->fds = azl_poller_count(loop->poller);
  out->timers = (int)loop->timers.count;
  out->busy = loop->busy;
}
