#ifndef AZL_RETRY_H
#define AZL_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* Azure's defaults: 3 retries, 0.8 s doubling, 60 s at most (azcore). */
struct azl_retry {
  int max_retries;
  int64_t delay_ms;
  int64_t max_delay_ms;
};

/* How an attempt ended. */
struct azl_attempt {
  int number;             /* 1 is the first try */
  int status;             /* 0: no response */
  int64_t retry_after_ms; /* -1: none sent */
  bool unsent;            /* surely nothing reached the server */
  bool safe_to_repeat;    /* method is idempotent, or the caller says so */
};

/* Milliseconds before the next attempt, or -1 to stop. Pure: same input, same
   answer. jitter is in [0.8, 1.3]. Retried: 408, 429, 500, 502, 503, 504 and
   transport errors; what is not safe to repeat only when it surely did not
   happen: unsent, 429, or 503 with a Retry-After. A Retry-After is obeyed as
   it is; the caller compares it with its deadline. */
int64_t azl_retry_delay_ms (const struct azl_retry *policy,
                            const struct azl_attempt *attempt, double jitter);

/* Whether it surely changed nothing: it never left, or the service refused it
   at the door. */
bool azl_surely_not_done (const struct azl_attempt *attempt);

/* GET, HEAD, OPTIONS, PUT, DELETE are; PATCH and POST are not. */
bool azl_method_is_idempotent (const char *method);

#endif
