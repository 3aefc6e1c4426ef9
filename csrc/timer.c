/* Binary heap of timers, ordered by due time. */
#include "timer.h"

void azl_timer_init (struct azl_timer *timer, azl_timer_fn fn, void *ctx) {
  timer->due_ms = 0;
  timer->slot = 0;
  timer->fn = fn;
  timer->ctx = ctx;
}

static void place (struct azl_timer_heap *heap, size_t index,
                   struct azl_timer *timer) {
  heap->items[index] = timer;
  timer->slot = index + 1;
}

static void sift_up (struct azl_timer_heap *heap, size_t index) {
  struct azl_timer *timer = heap->items[index];
  while (index > 0) {
    size_t parent = (index - 1) / 2;
    if (heap->items[parent]->due_ms <= timer->due_ms) break;
    place(heap, index, heap->items[parent]);
    index = parent;
  }
  place(heap, index, timer);
}

static void sift_down (struct azl_timer_heap *heap, size_t index) {
  struct azl_timer *timer = heap->items[index];
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= heap->count) break;
    if (child + 1 < heap->count &&
        heap->items[child + 1]->due_ms < heap->items[child]->due_ms)
      child++;
    if (timer->due_ms <= heap->items[child]->due_ms) break;
    place(heap, index, heap->items[child]);
    index = child;
  }
  place(heap, index, timer);
}

static bool grow (struct azl_timer_heap *heap) {
  size_t capacity = heap->capacity ? heap->capacity * 2 : 16;
  struct azl_timer **items =
      azl_realloc(heap->items, capacity * sizeof(*items));
  if (!items) return false;
  heap->items = items;
  heap->capacity = capacity;
  return true;
}

bool azl_heap_set (struct azl_timer_heap *heap, struct azl_timer *timer,
                   int64_t due_ms) {
  azl_heap_remove(heap, timer);
  if (heap->count == heap->capacity && !grow(heap)) return false;
  timer->due_ms = due_ms;
  place(heap, heap->count++, timer);
  sift_up(heap, timer->slot - 1);
  return true;
}

void azl_heap_remove (struct azl_timer_heap *heap, struct azl_timer *timer) {
  if (!azl_timer_running(timer)) return;
  size_t index = timer->slot - 1;
  struct azl_timer *last = heap->items[--heap->count];
  timer->slot = 0;
  if (last == timer) return;
  place(heap, index, last);
  sift_up(heap, index);
  sift_down(heap, last->slot - 1);
}

struct azl_timer *azl_heap_first (const struct azl_timer_heap *heap) {
  return heap->count > 0 ? heap->items[0] : NULL;
}

void azl_heap_free (struct azl_timer_heap *heap) {
  while (heap->count > 0) heap->items[--heap->count]->slot = 0;
  azl_free(heap->items);
  heap->items = NULL;
  heap->capacity = 0;
}
