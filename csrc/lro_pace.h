#ifndef AZL_LRO_PACE_H
#define AZL_LRO_PACE_H

#include <stdint.h>

/* How often an operation is asked for. Zeroed at its beginning. */
struct azl_lro_pace {
  int polls;           /* so far */
  int failures;        /* polls in a row that brought no usable answer */
  int64_t interval_ms; /* the next one of our own; 0: the first */
};

/* Milliseconds before the next poll: what the latest answer asked for
   (retry_after_ms, -1: nothing), else configured_ms (0: not configured), else
   2 s growing to 30 s. Failures double what is ours, up to a minute. */
int64_t azl_lro_pause_ms (struct azl_lro_pace *pace, int64_t retry_after_ms,
                          int64_t configured_ms);

#endif
