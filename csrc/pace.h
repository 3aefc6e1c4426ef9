#ifndef AZL_PACE_H
#define AZL_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mem.h"

/* Our picture of one token bucket at the server: how many calls it would take
   now. Callers who must wait get slots one after the other, in the order in
   which they came. Times are a monotonic clock's. */
struct azl_pace {
  double level;      /* calls that may go, beyond the reserve, as of at_ms */
  double rate;       /* calls per second that come back, as we believe */
  double usual_rate; /* what rate started with and returns to */
  double peak;       /* most that the server ever said was left */
  int64_t at_ms;     /* in the future: paused until then */
  int64_t told_ms;   /* when the last answer came */
  int64_t raised_ms; /* when an answer last raised the level */
  int in_flight;     /* let go, not answered */
  bool heard;        /* an answer came */
  bool known;        /* the server said something: pace */
  struct azl_pace_slot *slots; /* promised, by time */
  size_t slot_count, slot_capacity;
  uint64_t last_ticket;
};

void azl_pace_init (struct azl_pace *pace, double rate_per_s);
void azl_pace_free (struct azl_pace *pace);

/* Milliseconds to wait before asking again; 0: go, and the call is counted.
   kept_ticket is the caller's place in the queue; see throttle.h. */
int64_t azl_pace_delay_ms (struct azl_pace *pace, uint64_t *kept_ticket,
                           int64_t now_ms);

/* A call that was let go just now does not go: something else keeps it. */
void azl_pace_take_back (struct azl_pace *pace);

/* A call that was let go ended. remaining is what the server says is left, -1
   when it says nothing or no answer came. */
void azl_pace_answered (struct azl_pace *pace, int64_t remaining,
                        int64_t now_ms);

/* A call that was let go was refused: nobody goes for pause_ms. */
void azl_pace_refused (struct azl_pace *pace, int64_t pause_ms, int64_t now_ms);

#endif
