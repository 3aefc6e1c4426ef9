#ifndef BENCH_ANSWERS_H
#define BENCH_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_FLOWS = 1 << 20 };

/* What the server says to the nine requests of the flow, and what it saw of
   the waiting between them. */
struct bench_answers {
  const char *scheme;
  int port;
  int polls;        /* status requests until an operation has succeeded */
  long retry_after; /* seconds in the header; -1: no such header */
  long min_gap_ms;  /* a poll that comes sooner after the last is early */
  long requests, polled, early, overlapping;
  struct {
    int polls;
    bool busy; /* a status request is not answered yet */
    int64_t answered_ms;
  } ops[BENCH_FLOWS];
};

struct bench_reply {
  int status;
  int op; /* whose status was asked for, or -1 */
  char extra[768], body[4096];
};

int64_t bench_now_ms (void);

/* line: the first of the request. */
void bench_answer (struct bench_answers *self, const char *line,
                   struct bench_reply *out);

/* The status of an operation was sent. */
void bench_answered (struct bench_answers *self, int op);

#endif
