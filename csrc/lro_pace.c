/* Paces the polls of a long-running operation. */
#include "lro_pace.h"

#define FIRST_INTERVAL_MS 2000 /* core-lro's */
#define MAX_INTERVAL_MS 30000  /* azure-cli's and azcore's */
#define MAX_BACKOFF_MS 60000

/* "Retry-After: 0" is obeyed this often, then a second is waited: a service
   that never changes its mind must not be asked without a pause. */
#define IMMEDIATE_POLLS 10

static int64_t own_interval_ms (struct azl_lro_pace *pace) {
  int64_t interval_ms =
      pace->interval_ms > 0 ? pace->interval_ms : FIRST_INTERVAL_MS;
  pace->interval_ms = interval_ms + interval_ms / 2;
  if (pace->interval_ms > MAX_INTERVAL_MS) pace->interval_ms = MAX_INTERVAL_MS;
  return interval_ms;
}

int64_t azl_lro_pause_ms (struct azl_lro_pace *pace, int64_t retry_after_ms,
                          int64_t configured_ms) {
  if (retry_after_ms > 0) return retry_after_ms;
  if (retry_after_ms == 0) return pace->polls < IMMEDIATE_POLLS ? 0 : 1000;
  int64_t pause_ms = configured_ms > 0 ? configured_ms : own_interval_ms(pace);
  for (int i = 1; i < pace->failures && pause_ms < MAX_BACKOFF_MS; i++)
    pause_ms = pause_ms > MAX_BACKOFF_MS / 2 ? MAX_BACKOFF_MS : 2 * pause_ms;
  return pause_ms;
}
