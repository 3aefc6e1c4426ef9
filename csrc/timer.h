#ifndef AZL_TIMER_H
#define AZL_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mem.h"

typedef void (*azl_timer_fn)(void *ctx);

/* Lives inside its owner; no allocation of its own. */
struct azl_timer {
  int64_t due_ms;
  size_t slot; /* place in the heap + 1; 0: not running */
  azl_timer_fn fn;
  void *ctx;
};

struct azl_timer_heap {
  struct azl_timer **items;
  size_t count, capacity;
};

void azl_timer_init (struct azl_timer *timer, azl_timer_fn fn, void *ctx);
static inline bool azl_timer_running (const struct azl_timer *timer) {
  return timer->slot != 0;
}

/* Starts or moves a timer. false: out of memory, the timer is stopped. */
AZL_MUST_CHECK bool azl_heap_set (struct azl_timer_heap *heap,
                                  struct azl_timer *timer, int64_t due_ms);
void azl_heap_remove (struct azl_timer_heap *heap, struct azl_timer *timer);

/* The timer due first, or NULL. */
struct azl_timer *azl_heap_first (const struct azl_timer_heap *heap);
void azl_heap_free (struct azl_timer_heap *heap);

#endif
