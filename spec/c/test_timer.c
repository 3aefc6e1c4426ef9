/* The heap of timers: order, moving, removing, running out of memory. */
#include "check.h"
#include "timer.h"

static void nothing (void *ctx) {
  (void)ctx;
}

static void pops_in_order (void) {
  enum { COUNT = 500 };
  struct azl_timer_heap heap = {0};
  struct azl_timer timers[COUNT];
  unsigned state = 12345;
  for (int i = 0; i < COUNT; i++) {
    state = state * 1103515245u + 12345u;
    azl_timer_init(&timers[i], nothing, NULL);
    CHECK(azl_heap_set(&heap, &timers[i], (int64_t)(state >> 16) % 1000));
  }
  int64_t last = -1;
  int popped = 0;
  for (struct azl_timer *t; (t = azl_heap_first(&heap)) != NULL; popped++) {
    CHECK(t->due_ms >= last);
    last = t->due_ms;
    azl_heap_remove(&heap, t);
    CHECK(!azl_timer_running(t));
  }
  CHECK_INT(popped, COUNT);
  azl_heap_free(&heap);
}

static void moves_and_removes_in_the_middle (void) {
  struct azl_timer_heap heap = {0};
  struct azl_timer timers[10];
  for (int i = 0; i < 10; i++) {
    azl_timer_init(&timers[i], nothing, NULL);
    CHECK(azl_heap_set(&heap, &timers[i], 100 + i));
  }
  CHECK(azl_heap_set(&heap, &timers[9], 1));
  CHECK(azl_heap_first(&heap) == &timers[9]);
  CHECK(azl_heap_set(&heap, &timers[9], 1000));
  CHECK(azl_heap_first(&heap) == &timers[0]);
  azl_heap_remove(&heap, &timers[4]);
  azl_heap_remove(&heap, &timers[4]);
  CHECK_INT(heap.count, 9);
  int64_t last = 0;
  while (azl_heap_first(&heap)) {
    struct azl_timer *first = azl_heap_first(&heap);
    CHECK(first->due_ms >= last && first != &timers[4]);
    last = first->due_ms;
    azl_heap_remove(&heap, first);
  }
  CHECK_INT(last, 1000);
  azl_heap_free(&heap);
}

static void survives_a_lack_of_memory (void) {
  struct azl_timer_heap heap = {0};
  struct azl_timer timer;
  azl_timer_init(&timer, nothing, NULL);
  azl_mem_fail_after(0);
  CHECK(!azl_heap_set(&heap, &timer, 5));
  CHECK(!azl_timer_running(&timer));
  CHECK(azl_heap_set(&heap, &timer, 5));
  azl_heap_free(&heap);
  CHECK(!azl_timer_running(&timer));
}

int main (void) {
  RUN_TESTS(TEST(pops_in_order), TEST(moves_and_removes_in_the_middle),
            TEST(survives_a_lack_of_memory));
}
