/* Owns the estimate of one token bucket at the server, and the queue of those
   who wait for it. */
#include "pace.h"

#include <string.h>

/* Answers of calls that nobody reports as ended are not waited for longer. */
enum { FORGET_IN_FLIGHT_MS = 120000 };
/* Nobody came for a slot: its owner was cancelled. */
enum { FORGET_SLOT_MS = 1000 };
/* Waits up to this are told in one go. */
enum { ASK_AGAIN_MS = 1000 };
/* Before the first answer nothing is known of the bucket: a burst of thousands
   would be let go as a whole, and mostly be refused. */
enum { FIRST_CALLS = 32, FIRST_WAIT_MS = 20 };

/* Kept unused, in seconds of refill: others may use the same bucket, and some
   servers refill in steps. */
static const double reserve_s = 0.5;
/* How much of the calls in flight may lower an estimate that is in use
   already; most of them were counted by the server before it answered. */
static const double doubt_s = 0.5;
/* How much faster than usual a bucket may turn out to fill, beyond its usual
   rate. */
static const double raise_factor = 2.0;

struct azl_pace_slot {
  int64_t due_ms;
  uint64_t ticket; /* the order in which the owners came first */
};

void azl_pace_init (struct azl_pace *pace, double rate_per_s) {
  memset(pace, 0, sizeof *pace);
  pace->rate = pace->usual_rate = rate_per_s;
  pace->peak = rate_per_s;
}

void azl_pace_free (struct azl_pace *pace) {
  azl_free(pace->slots);
  azl_pace_init(pace, pace->usual_rate);
}

static void refill (struct azl_pace *pace, int64_t now_ms) {
  if (now_ms <= pace->at_ms) return;
  pace->level += pace->rate * (double)(now_ms - pace->at_ms) / 1000.0;
  if (pace->level > pace->peak) pace->level = pace->peak;
  pace->at_ms = now_ms;
}

static void drop_slots (struct azl_pace *pace, size_t at, size_t count) {
  pace->slot_count -= count;
  memmove(pace->slots + at, pace->slots + at + count,
          (pace->slot_count - at) * sizeof *pace->slots);
}

static void forget_abandoned (struct azl_pace *pace, int64_t now_ms) {
  size_t count = 0;
  while (count < pace->slot_count &&
         pace->slots[count].due_ms < now_ms - FORGET_SLOT_MS)
    count++;
  if (count) drop_slots(pace, 0, count);
  if (pace->told_ms < now_ms - FORGET_IN_FLIGHT_MS) pace->in_flight = 0;
}

/* Index of a ticket's slot, or slot_count. */
static size_t find_slot (const struct azl_pace *pace, uint64_t ticket) {
  size_t i = 0;
  while (i < pace->slot_count && pace->slots[i].ticket != ticket) i++;
  return i;
}

/* The ticket of whoever asks; its slot is free again. Those who keep no ticket
   are taken for the owner of the slot that is due. */
static uint64_t take_ticket (struct azl_pace *pace, const uint64_t *kept,
                             int64_t now_ms) {
  uint64_t ticket = kept ? *kept : 0;
  size_t at;
  if (!kept && pace->slot_count && pace->slots[0].due_ms <= now_ms)
    ticket = pace->slots[0].ticket;
  if (!ticket) return ++pace->last_ticket;
  at = find_slot(pace, ticket);
  if (at < pace->slot_count) drop_slots(pace, at, 1);
  return ticket;
}

/* Without memory the slot is not written down: its owner may then find that
   somebody else was faster, and waits again. */
static void promise_slot (struct azl_pace *pace, int64_t due_ms,
                          uint64_t ticket) {
  size_t at = pace->slot_count;
  if (pace->slot_count == pace->slot_capacity) {
    size_t capacity = pace->slot_capacity ? pace->slot_capacity * 2 : 16;
    struct azl_pace_slot *slots =
        azl_realloc(pace->slots, capacity * sizeof *slots);
    if (!slots) return;
    pace->slots = slots;
    pace->slot_capacity = capacity;
  }
  while (at > 0 && pace->slots[at - 1].due_ms > due_ms) {
    pace->slots[at] = pace->slots[at - 1];
    at--;
  }
  pace->slots[at].due_ms = due_ms;
  pace->slots[at].ticket = ticket;
  pace->slot_count++;
}

/* How many wait that came earlier. */
static size_t ahead (const struct azl_pace *pace, uint64_t ticket) {
  size_t count = 0;
  for (size_t i = 0; i < pace->slot_count; i++)
    count += pace->slots[i].ticket < ticket;
  return count;
}

/* Milliseconds until that many calls came back. Long waits are cut in half: by
   then more may be known, and the order is kept by the tickets. */
static int64_t refill_ms (const struct azl_pace *pace, double calls) {
  int64_t wait_ms = calls > 0 ? (int64_t)(calls * 1000.0 / pace->rate) : 0;
  if (wait_ms <= ASK_AGAIN_MS) return wait_ms;
  return wait_ms / 2 > ASK_AGAIN_MS ? wait_ms / 2 : ASK_AGAIN_MS;
}

static int64_t let_go (struct azl_pace *pace, uint64_t *kept, int64_t now_ms) {
  if (pace->in_flight == 0) pace->told_ms = now_ms;
  pace->in_flight++;
  pace->level -= 1;
  if (kept) *kept = 0;
  return 0;
}

int64_t azl_pace_delay_ms (struct azl_pace *pace, uint64_t *kept_ticket,
                           int64_t now_ms) {
  uint64_t ticket;
  double missing;
  int64_t due_ms;

  forget_abandoned(pace, now_ms);
  if (!pace->known && !pace->heard && pace->in_flight >= FIRST_CALLS)
    return FIRST_WAIT_MS;
  if (!pace->known) return let_go(pace, kept_ticket, now_ms);
  refill(pace, now_ms);
  ticket = take_ticket(pace, kept_ticket, now_ms);
  /* A thousandth: the sum of many small refills is not exact. */
  missing = 0.999 - pace->level + (double)ahead(pace, ticket);
  if (missing <= 0 && pace->at_ms <= now_ms)
    return let_go(pace, kept_ticket, now_ms);

  due_ms = pace->at_ms > now_ms ? pace->at_ms : now_ms;
  due_ms += refill_ms(pace, missing) + 1; /* never early */
  promise_slot(pace, due_ms, ticket);
  if (kept_ticket) *kept_ticket = ticket;
  return due_ms - now_ms;
}

void azl_pace_take_back (struct azl_pace *pace) {
  if (pace->in_flight > 0) pace->in_flight--;
  pace->level += 1;
}

static void count_answer (struct azl_pace *pace, int64_t now_ms) {
  pace->told_ms = now_ms;
  pace->heard = true;
  if (pace->in_flight > 0) pace->in_flight--;
}

/* Raises the estimate, but no faster than the bucket might fill. An answer that
   was overtaken by others does not know of their calls; many of those come
   after a burst, and believing them all would start the next one. */
static void raise_to (struct azl_pace *pace, double level, int64_t now_ms) {
  int64_t passed_ms = now_ms - pace->raised_ms;
  double most;
  if (passed_ms > 1000) passed_ms = 1000;
  most =
      pace->level + pace->usual_rate * raise_factor * (double)passed_ms / 1000;
  pace->level = level < most ? level : most;
  pace->raised_ms = now_ms;
}

/* The server counted some of the calls in flight before it answered, and some
   not: the truth lies between `low` and `remaining`. */
static void believe (struct azl_pace *pace, double remaining, int64_t now_ms) {
  double reserve = pace->usual_rate * reserve_s;
  double in_flight = (double)pace->in_flight;
  double doubt = pace->usual_rate * doubt_s;
  double low = remaining - reserve - in_flight;
  double high = remaining - reserve - (in_flight < doubt ? in_flight : doubt);

  if (!pace->known) {
    pace->level = low;
    pace->raised_ms = now_ms;
  } else if (pace->level > high) {
    pace->level = high;
  } else if (pace->level < low) {
    raise_to(pace, low, now_ms);
  }
  pace->known = true;
}

void azl_pace_answered (struct azl_pace *pace, int64_t remaining,
                        int64_t now_ms) {
  count_answer(pace, now_ms);
  if (remaining < 0) return;
  if (!pace->known) pace->at_ms = now_ms;
  /* During a pause, answers of earlier calls tell of the time before it. */
  if (now_ms < pace->at_ms) return;
  refill(pace, now_ms);
  if ((double)remaining > pace->peak) pace->peak = (double)remaining;
  believe(pace, (double)remaining, now_ms);
  pace->rate += pace->usual_rate / 1000;
  if (pace->rate > pace->usual_rate) pace->rate = pace->usual_rate;
}

void azl_pace_refused (struct azl_pace *pace, int64_t pause_ms,
                       int64_t now_ms) {
  bool paused = pace->known && now_ms < pace->at_ms;
  int64_t resume_ms = now_ms + pause_ms;

  count_answer(pace, now_ms);
  refill(pace, now_ms);
  /* Calls that were under way together are refused together: one lesson. */
  if (!paused) pace->rate *= 0.8;
  if (pace->rate < pace->usual_rate / 10) pace->rate = pace->usual_rate / 10;
  if (pace->level > 0 || !pace->known) pace->level = 0;
  pace->known = true;
  if (resume_ms > pace->at_ms) pace->at_ms = resume_ms;
}
