/* Tests of clock.c: skew and stopped time. */
#include "check.h"
#include "clock.h"

static void test_follows_the_machine (void) {
  struct azl_clock clock;
  int64_t first;
  azl_clock_init(&clock);
  first = azl_clock_now_ms(&clock);
  CHECK(azl_clock_now_ms(&clock) >= first);
  /* The wall clock counts from 1970; this was written after 2020. */
  CHECK(azl_clock_wall_ms(&clock) > 1577836800000);
}

static void test_stands_still_when_fixed (void) {
  struct azl_clock clock;
  azl_clock_init(&clock);
  clock.fixed_ms = 5000;
  CHECK_INT(azl_clock_now_ms(&clock), 5000);
  CHECK_INT(azl_clock_wall_ms(&clock), 5000);
  clock.fixed_ms = 0;
  CHECK_INT(azl_clock_now_ms(&clock), 0);
}

static void test_advance_moves_both_times (void) {
  struct azl_clock clock;
  azl_clock_init(&clock);
  clock.fixed_ms = 1000;
  azl_clock_advance(&clock, 250);
  azl_clock_advance(&clock, 50);
  CHECK_INT(azl_clock_now_ms(&clock), 1300);
  CHECK_INT(azl_clock_wall_ms(&clock), 1300);
}

static void test_advance_moves_the_machines_time (void) {
  struct azl_clock machine, moved;
  int64_t before;
  azl_clock_init(&machine);
  azl_clock_init(&moved);
  azl_clock_advance(&moved, 3600000);
  before = azl_clock_now_ms(&machine);
  CHECK(azl_clock_now_ms(&moved) >= before + 3600000);
}

static void test_never_goes_back (void) {
  struct azl_clock clock;
  azl_clock_init(&clock);
  clock.fixed_ms = 1000;
  azl_clock_advance(&clock, -500);
  azl_clock_advance(&clock, 0);
  CHECK_INT(azl_clock_now_ms(&clock), 1000);
}

static void test_huge_steps_do_not_overflow (void) {
  struct azl_clock clock;
  azl_clock_init(&clock);
  clock.fixed_ms = 1000;
  azl_clock_advance(&clock, INT64_MAX);
  azl_clock_advance(&clock, INT64_MAX);
  CHECK(azl_clock_now_ms(&clock) > INT64_MAX / 4);
}

int main (void) {
  RUN_TESTS(TEST(test_follows_the_machine), TEST(test_stands_still_when_fixed),
            TEST(test_advance_moves_both_times),
            TEST(test_advance_moves_the_machines_time),
            TEST(test_never_goes_back), TEST(test_huge_steps_do_not_overflow));
}
