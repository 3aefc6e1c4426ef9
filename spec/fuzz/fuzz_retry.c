/* The retry decision: bounded, and it ends. */
#include "fuzz.h"
#include "retry.h"

struct input {
  int32_t max_retries, number, status;
  int64_t delay_ms, max_delay_ms, retry_after_ms;
  uint8_t unsent, safe, jitter;
};

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  struct input in;
  if (size < sizeof in) return 0;
  memcpy(&in, data, sizeof in);
  struct azl_retry policy = {in.max_retries & 0xff, llabs(in.delay_ms >> 1),
                             llabs(in.max_delay_ms >> 1)};
  struct azl_attempt attempt = {1 + (in.number & 0xffff), in.status % 1000,
                                in.retry_after_ms < 0 ? -1 : in.retry_after_ms,
                                in.unsent & 1, in.safe & 1};
  double jitter = 0.8 + (double)in.jitter / 510.0;
  int64_t delay_ms = azl_retry_delay_ms(&policy, &attempt, jitter);
  PROMISE(delay_ms >= -1);
  PROMISE(delay_ms == azl_retry_delay_ms(&policy, &attempt, jitter));
  if (attempt.number > policy.max_retries) PROMISE(delay_ms == -1);
  if (delay_ms >= 0 && attempt.retry_after_ms < 0) {
    PROMISE((double)delay_ms <= (double)policy.max_delay_ms * 1.31 + 1);
  }
  return 0;
}
