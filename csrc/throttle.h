#ifndef AZL_THROTTLE_H
#define AZL_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>
#include "headers.h"
#include "mem.h"

/* Paces calls before they are refused: one bucket per subscription (or the
   tenant) and kind of call (reads, writes, deletes), which is Resource
   Manager's, and one more for each resource provider in it, which is the
   provider's own. ARM: token buckets of 250 +25/s reads, 200 +10/s writes and
   deletes; every header is optional and the limits are not fixed, so a bucket
   starts to pace only once an answer told how much is left. */
struct azl_throttle;

/* A caller's places in the queues, and which buckets it was let go by; zeroed
   at first. */
struct azl_turn {
  uint64_t provider, subscription;
  unsigned provider_bucket, subscription_bucket; /* serial numbers; 0: none */
};

struct azl_throttle *azl_throttle_new (void);
void azl_throttle_free (struct azl_throttle *throttle);

/* Milliseconds that a call must wait before it may be sent now; 0: go, and the
   call is counted. Asked again after the wait. url: a whole one, or what
   follows its origin. */
int64_t azl_throttle_delay_ms (struct azl_throttle *throttle,
                               const char *method, const char *url,
                               int64_t now_ms);

/* The same for callers who keep their turn between their questions about one
   call; its places are zero again when the call may go. Without one, a newcomer
   who asks in the very millisecond of somebody's turn takes it, and the other
   waits once more. */
int64_t azl_throttle_turn_ms (struct azl_throttle *throttle, const char *method,
                              const char *url, struct azl_turn *turn,
                              int64_t now_ms);

/* Learns from an answer: x-ms-ratelimit-remaining-*, and after a 429 pauses
   the bucket of whoever refused for retry_after_ms (-1: a default). To be
   called once for every call that was let go; status 0 when no answer came.
   turn: which it was let go with, so that its buckets need not be found anew
   (NULL: they are); method and URL must be those it was let go with. */
void azl_throttle_learn (struct azl_throttle *throttle,
                         const struct azl_turn *turn, const char *method,
                         const char *url, int status,
                         const struct azl_headers *headers,
                         int64_t retry_after_ms, int64_t now_ms);

#endif
