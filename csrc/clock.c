/* Owns reading time: the machine's, or a test's. */
#include "clock.h"

#include <time.h>

static int64_t read_ms (clockid_t id) {
  struct timespec time = {0, 0};
  clock_gettime(id, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* A stopped clock has one time for both uses, so that a test chooses the date
   by choosing fixed_ms. */
static int64_t moved_ms (const struct azl_clock *clock, clockid_t id) {
  int64_t base_ms = clock->fixed_ms >= 0 ? clock->fixed_ms : read_ms(id);
  return base_ms + clock->skew_ms;
}

void azl_clock_init (struct azl_clock *clock) {
  clock->skew_ms = 0;
  clock->fixed_ms = -1;
  clock->auto_advance = false;
}

int64_t azl_clock_now_ms (const struct azl_clock *clock) {
  return moved_ms(clock, CLOCK_MONOTONIC);
}

int64_t azl_clock_wall_ms (const struct azl_clock *clock) {
  return moved_ms(clock, CLOCK_REALTIME);
}

void azl_clock_advance (struct azl_clock *clock, int64_t ms) {
  /* Half of the range is left for the clock itself. */
  const int64_t most_ms = INT64_MAX / 2;
  if (ms <= 0) return;
  clock->skew_ms =
      ms > most_ms - clock->skew_ms ? most_ms : clock->skew_ms + ms;
}
