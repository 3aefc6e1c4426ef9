/* Owns the decision whether and when to try again. */
#include "retry.h"
#include "bytes.h"

#include <stddef.h>

static bool is_retried_status (int status) {
  static const int statuses[] = {408, 429, 500, 502, 503, 504};
  for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
    if (statuses[i] == status) return true;
  }
  return status == 0;
}

bool azl_surely_not_done (const struct azl_attempt *attempt) {
  return attempt->unsent || attempt->status == 429 ||
         (attempt->status == 503 && attempt->retry_after_ms >= 0);
}

static int64_t backoff_ms (const struct azl_retry *policy, int number,
                           double jitter) {
  int64_t delay_ms = policy->delay_ms;
  double jittered;

  for (int i = 1; i < number && delay_ms < policy->max_delay_ms; i++) {
    if (delay_ms > policy->max_delay_ms / 2)
      delay_ms = policy->max_delay_ms;
    else
      delay_ms *= 2;
  }
  if (delay_ms > policy->max_delay_ms) delay_ms = policy->max_delay_ms;
  if (delay_ms <= 0) return 0;
  jittered = (double)delay_ms * jitter;
  if (jittered >= (double)policy->max_delay_ms) return policy->max_delay_ms;
  return (int64_t)jittered;
}

int64_t azl_retry_delay_ms (const struct azl_retry *policy,
                            const struct azl_attempt *attempt, double jitter) {
  if (attempt->number > policy->max_retries) return -1;
  if (!is_retried_status(attempt->status)) return -1;
  if (!attempt->safe_to_repeat && !azl_surely_not_done(attempt)) return -1;
  if (attempt->retry_after_ms >= 0) return attempt->retry_after_ms;
  return backoff_ms(policy, attempt->number, jitter);
}

bool azl_method_is_idempotent (const char *method) {
  static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT",
                                        "DELETE"};
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    if (azl_same_text(method, methods[i])) return true;
  }
  return false;
}
