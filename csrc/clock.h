#ifndef AZL_CLOCK_H
#define AZL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* All time of the core. now = machine's monotonic time + skew_ms, or
   fixed_ms + skew_ms where a test has stopped the machine's time. */
struct azl_clock {
  int64_t skew_ms;
  int64_t fixed_ms;  /* -1: follow the machine */
  bool auto_advance; /* an idle loop jumps to its next timer */
};

void azl_clock_init (struct azl_clock *clock);

/* Monotonic milliseconds; only differences mean anything. */
int64_t azl_clock_now_ms (const struct azl_clock *clock);

/* Milliseconds since 1970 UTC; moved by the same skew, and fixed_ms + skew_ms
   too when the time is stopped. */
int64_t azl_clock_wall_ms (const struct azl_clock *clock);

/* Moves both times forward. Negative amounts are ignored. */
void azl_clock_advance (struct azl_clock *clock, int64_t ms);

#endif
