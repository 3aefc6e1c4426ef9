/* Tests of retry.c: the whole decision table. */
#include "check.h"
#include "retry.h"

static const struct azl_retry azure = {3, 800, 60000};

static void test_what_is_retried (void) {
  static const struct {
    const char *name;
    struct azl_attempt attempt;
    int64_t want;
  } rows[] = {
      /* number, status, retry_after_ms, unsent, safe_to_repeat */
      {"408", {1, 408, -1, false, true}, 800},
      {"429", {1, 429, -1, false, true}, 800},
      {"500", {1, 500, -1, false, true}, 800},
      {"502", {1, 502, -1, false, true}, 800},
      {"503", {1, 503, -1, false, true}, 800},
      {"504", {1, 504, -1, false, true}, 800},
      {"transport", {1, 0, -1, false, true}, 800},
      {"unsent", {1, 0, -1, true, true}, 800},
      {"200", {1, 200, -1, false, true}, -1},
      {"302", {1, 302, 5000, false, true}, -1},
      {"400", {1, 400, -1, false, true}, -1},
      {"401", {1, 401, -1, false, true}, -1},
      {"404 with Retry-After", {1, 404, 5000, false, true}, -1},
      {"409 with Retry-After", {1, 409, 5000, false, true}, -1},
      {"501", {1, 501, -1, false, true}, -1},
      {"505", {1, 505, -1, false, true}, -1},
      {"unsafe 408", {1, 408, -1, false, false}, -1},
      {"unsafe 408, Retry-After", {1, 408, 1000, false, false}, -1},
      {"unsafe 429", {1, 429, -1, false, false}, 800},
      {"unsafe 429, Retry-After", {1, 429, 1000, false, false}, 1000},
      {"unsafe 500", {1, 500, -1, false, false}, -1},
      {"unsafe 500, Retry-After", {1, 500, 1000, false, false}, -1},
      {"unsafe 502", {1, 502, -1, false, false}, -1},
      {"unsafe 503", {1, 503, -1, false, false}, -1},
      {"unsafe 503, Retry-After", {1, 503, 1000, false, false}, 1000},
      {"unsafe 503, Retry-After: 0", {1, 503, 0, false, false}, 0},
      {"unsafe 504", {1, 504, -1, false, false}, -1},
      {"unsafe transport", {1, 0, -1, false, false}, -1},
      {"unsafe but unsent", {1, 0, -1, true, false}, 800},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].name);
    CHECK_INT(azl_retry_delay_ms(&azure, &rows[i].attempt, 1.0), rows[i].want);
  }
}

static void test_delays (void) {
  static const struct {
    const char *name;
    struct azl_retry policy;
    int number;
    double jitter;
    int64_t want;
  } rows[] = {
      {"first", {9, 800, 60000}, 1, 1.0, 800},
      {"second", {9, 800, 60000}, 2, 1.0, 1600},
      {"third", {9, 800, 60000}, 3, 1.0, 3200},
      {"seventh", {9, 800, 60000}, 7, 1.0, 51200},
      {"capped", {9, 800, 60000}, 8, 1.0, 60000},
      {"less", {9, 800, 60000}, 1, 0.8, 640},
      {"more", {9, 800, 60000}, 1, 1.3, 1040},
      {"capped, then less", {9, 800, 60000}, 9, 0.8, 48000},
      {"never over the cap", {9, 800, 60000}, 9, 1.3, 60000},
      {"jitter reaches the cap", {9, 800, 1000}, 1, 1.3, 1000},
      {"first over the cap", {9, 5000, 1000}, 1, 1.0, 1000},
      {"no delay", {9, 0, 60000}, 5, 1.3, 0},
      {"negative delay", {9, -5, 60000}, 5, 1.3, 0},
      {"no maximum delay", {9, 800, 0}, 5, 1.3, 0},
      {"no overflow", {100000, 800, INT64_MAX}, 90000, 1.3, INT64_MAX},
      {"no retries", {0, 800, 60000}, 1, 1.0, -1},
      {"the last one", {3, 800, 60000}, 3, 1.0, 3200},
      {"one too many", {3, 800, 60000}, 4, 1.0, -1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_attempt attempt = {rows[i].number, 503, -1, false, true};
    CHECK_ROW(rows[i].name);
    CHECK_INT(azl_retry_delay_ms(&rows[i].policy, &attempt, rows[i].jitter),
              rows[i].want);
  }
}

static void test_retry_after_is_obeyed_as_it_is (void) {
  static const int64_t waits_ms[] = {0, 1, 7000, 3600000};
  for (size_t i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
    struct azl_attempt attempt = {2, 429, waits_ms[i], false, true};
    CHECK_INT(azl_retry_delay_ms(&azure, &attempt, 1.3), waits_ms[i]);
    attempt.number = 4;
    CHECK_INT(azl_retry_delay_ms(&azure, &attempt, 1.3), -1);
  }
}

static void test_idempotent_methods (void) {
  static const struct {
    const char *method;
    bool want;
  } rows[] = {
      {"GET", true},    {"HEAD", true},  {"OPTIONS", true}, {"PUT", true},
      {"DELETE", true}, {"POST", false}, {"PATCH", false},  {"get", true},
      {"", false},      {"GETX", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].method);
    CHECK_INT(azl_method_is_idempotent(rows[i].method), rows[i].want);
  }
}

int main (void) {
  RUN_TESTS(TEST(test_what_is_retried), TEST(test_delays),
            TEST(test_retry_after_is_obeyed_as_it_is),
            TEST(test_idempotent_methods));
}
