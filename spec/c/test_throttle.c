/* Tests of throttle.c, rule by rule; test_pace.c has whole fleets. */
#include "check.h"
#include "throttle.h"

static const char url[] = "https://management.azure.com/subscriptions/"
                          "0ABC/resourceGroups/g?api-version=1";
static const char reads_header[] =
    "x-ms-ratelimit-remaining-subscription-reads";

static void learn (struct azl_throttle *throttle, int64_t remaining,
                   int64_t now_ms) {
  struct azl_headers headers = {0};
  char value[24];
  snprintf(value, sizeof value, "%lld", (long long)remaining);
  CHECK(azl_headers_add(&headers, reads_header, value));
  azl_throttle_learn(throttle, NULL, "GET", url, 200, &headers, -1, now_ms);
  azl_headers_free(&headers);
}

static int64_t ask (struct azl_throttle *throttle, int64_t now_ms) {
  return azl_throttle_delay_ms(throttle, "GET", url, now_ms);
}

static void refuse (struct azl_throttle *throttle, int64_t retry_after_ms,
                    int64_t now_ms) {
  azl_throttle_learn(throttle, NULL, "GET", url, 429, NULL, retry_after_ms,
                     now_ms);
}

static void test_does_not_pace_before_it_knows (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  CHECK_INT(ask(throttle, 0), 0);
  azl_throttle_learn(throttle, NULL, "GET", url, 200, NULL, -1, 5);
  azl_throttle_learn(throttle, NULL, "GET", url, 0, NULL, -1, 5);
  for (int i = 0; i < 1000; i++) CHECK_INT(ask(throttle, 10), 0);
  azl_throttle_free(throttle);
}

static void test_a_burst_waits_for_the_first_answer (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  for (int i = 0; i < 32; i++) CHECK_INT(ask(throttle, 0), 0);
  for (int i = 0; i < 1000; i++) CHECK(ask(throttle, 0) > 0);
  azl_throttle_learn(throttle, NULL, "GET", url, 0, NULL, -1, 5);
  CHECK_INT(ask(throttle, 5), 0);
  azl_throttle_free(throttle);
}

static void test_plenty_is_not_paced (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  for (int i = 0; i < 500; i++) {
    CHECK_INT(ask(throttle, i), 0);
    learn(throttle, 11999 - i, i);
  }
  azl_throttle_free(throttle);
}

static void test_paces_when_little_is_left (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  int64_t waits_ms[5];
  CHECK_INT(ask(throttle, 0), 0);
  learn(throttle, 0, 0);
  for (int i = 0; i < 5; i++) waits_ms[i] = ask(throttle, 0);
  CHECK(waits_ms[0] > 0 && waits_ms[0] < 1000);
  /* One slot after the other, at 25 per second. */
  for (int i = 1; i < 5; i++) CHECK_INT(waits_ms[i] - waits_ms[i - 1], 40);
  for (int i = 0; i < 5; i++) CHECK_INT(ask(throttle, waits_ms[i]), 0);
  azl_throttle_free(throttle);
}

static void test_a_newcomer_does_not_overtake (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  int64_t first_ms, second_ms, late_ms;
  CHECK_INT(ask(throttle, 0), 0);
  learn(throttle, 0, 0);
  first_ms = ask(throttle, 0);
  second_ms = ask(throttle, 0);
  late_ms = first_ms - 1 + ask(throttle, first_ms - 1);
  CHECK(late_ms > second_ms);
  CHECK_INT(ask(throttle, first_ms), 0);
  CHECK_INT(ask(throttle, second_ms), 0);
  CHECK_INT(ask(throttle, late_ms), 0);
  azl_throttle_free(throttle);
}

static void test_abandoned_slots_are_given_away (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  int64_t now_ms = 100000;
  CHECK_INT(ask(throttle, 0), 0);
  learn(throttle, 0, 0);
  for (int i = 0; i < 100; i++) CHECK(ask(throttle, 0) > 0);
  CHECK_INT(ask(throttle, now_ms), 0);
  azl_throttle_free(throttle);
}

static void test_buckets_are_separate (void) {
  static const struct {
    const char *method, *url;
    bool same;
  } rows[] = {
      {"GET", "https://management.azure.com/subscriptions/0abc", true},
      {"HEAD", "https://management.azure.com/SUBSCRIPTIONS/0Abc/x", true},
      {"get", "https://management.azure.com/subscriptions/0abc?a=b", true},
      {"GET", "/subscriptions/0abc/x?a=b", true}, /* what follows an origin */
      {"GET", "//subscriptions/0abc/x", false},
      {"PUT", "https://management.azure.com/subscriptions/0abc/x", false},
      {"DELETE", "https://management.azure.com/subscriptions/0abc/x", false},
      {"GET", "https://management.azure.com/subscriptions/0abd/x", false},
      {"GET", "https://management.azure.com/tenants", false},
      {"GET", "https://management.azure.com/x/subscriptions/0abc", false},
      {"GET", "https://management.azure.com/subscriptions", false},
      {"GET", "not a url", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_throttle *throttle = azl_throttle_new();
    int64_t wait_ms;
    refuse(throttle, 3000, 0);
    wait_ms = azl_throttle_delay_ms(throttle, rows[i].method, rows[i].url, 1);
    CHECK_ROW(rows[i].url);
    CHECK_INT(wait_ms > 0, rows[i].same);
    azl_throttle_free(throttle);
  }
}

/* A key has room for 159 bytes; no subscription has such an id. */
static void test_ids_without_end_share_a_bucket (void) {
  static const int zeros[] = {158, 159, 1000};
  for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
    struct azl_throttle *throttle = azl_throttle_new();
    char *one = azl_format("https://h/subscriptions/a%0*d/x", zeros[i], 0);
    char *other = azl_format("https://h/subscriptions/b%0*d", zeros[i], 0);
    azl_throttle_learn(throttle, NULL, "GET", one, 429, NULL, 3000, 0);
    CHECK(azl_throttle_delay_ms(throttle, "GET", one, 1) > 0);
    CHECK_INT(azl_throttle_delay_ms(throttle, "GET", other, 1) > 0, i > 0);
    azl_throttle_free(throttle);
    azl_free(one);
    azl_free(other);
  }
}

static void test_which_headers_count (void) {
  static const struct {
    const char *method, *name, *value;
    bool counts;
  } rows[] = {
      {"GET", "x-ms-ratelimit-remaining-subscription-reads", "0", true},
      {"GET", "X-MS-RateLimit-Remaining-Subscription-Reads", "0", true},
      {"GET", "x-ms-ratelimit-remaining-subscription-global-reads", "0", true},
      {"GET", "x-ms-ratelimit-remaining-tenant-reads", "0", true},
      {"GET", "x-ms-ratelimit-remaining-subscription-resource-requests", "0",
       true},
      {"GET", "x-ms-ratelimit-remaining-tenant-resource-requests", "0", true},
      {"GET", "x-ms-ratelimit-remaining-subscription-resource-entities-read",
       "0", true},
      {"PUT", "x-ms-ratelimit-remaining-subscription-writes", "0", true},
      {"POST", "x-ms-ratelimit-remaining-subscription-global-writes", "0",
       true},
      {"DELETE", "x-ms-ratelimit-remaining-subscription-deletes", "0", true},
      {"DELETE", "x-ms-ratelimit-remaining-subscription-writes", "0", false},
      {"PUT", "x-ms-ratelimit-remaining-subscription-resource-entities-read",
       "0", false},
      {"GET", "x-ms-ratelimit-remaining-subscription-writes", "0", false},
      {"GET", "x-ms-ratelimit-remaining-subscription-reads", "500", false},
      {"GET", "x-ms-ratelimit-remaining-subscription-reads", "", false},
      {"GET", "x-ms-ratelimit-remaining-subscription-reads", "-1", false},
      {"GET", "x-ms-ratelimit-remaining-resource",
       "Microsoft.Compute/HighCostGet3Min;0", false},
      {"GET", "x-ratelimit-remaining", "0", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_throttle *throttle = azl_throttle_new();
    struct azl_headers headers = {0};
    CHECK_ROW(rows[i].name);
    CHECK(azl_headers_add(&headers, rows[i].name, rows[i].value));
    CHECK_INT(azl_throttle_delay_ms(throttle, rows[i].method, url, 0), 0);
    azl_throttle_learn(throttle, NULL, rows[i].method, url, 200, &headers, -1,
                       0);
    CHECK_INT(azl_throttle_delay_ms(throttle, rows[i].method, url, 0) > 0,
              rows[i].counts);
    azl_headers_free(&headers);
    azl_throttle_free(throttle);
  }
}

static void test_the_smallest_header_counts (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  struct azl_headers headers = {0};
  CHECK(azl_headers_add(&headers, reads_header, "249"));
  CHECK(azl_headers_add(
      &headers, "x-ms-ratelimit-remaining-subscription-global-reads", "1"));
  CHECK_INT(ask(throttle, 0), 0);
  azl_throttle_learn(throttle, NULL, "GET", url, 200, &headers, -1, 0);
  CHECK(ask(throttle, 0) > 0);
  azl_headers_free(&headers);
  azl_throttle_free(throttle);
}

static void test_a_refusal_pauses_all (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  int64_t waits_ms[3];
  for (int i = 0; i < 10; i++) CHECK_INT(ask(throttle, 0), 0);
  refuse(throttle, 7000, 0);
  for (int i = 0; i < 3; i++) waits_ms[i] = ask(throttle, 0);
  CHECK(waits_ms[0] >= 7000 && waits_ms[0] < 8000);
  CHECK(waits_ms[1] >= waits_ms[0] + 40);
  CHECK(waits_ms[2] >= waits_ms[1] + 40);
  azl_throttle_free(throttle);
}

static void test_a_refusal_without_retry_after_pauses_5_s (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  int64_t wait_ms;
  CHECK_INT(ask(throttle, 0), 0);
  refuse(throttle, -1, 0);
  wait_ms = ask(throttle, 0);
  CHECK(wait_ms >= 5000 && wait_ms < 6000);
  azl_throttle_free(throttle);
}

static void test_later_refusals_only_lengthen_a_pause (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  for (int i = 0; i < 3; i++) CHECK_INT(ask(throttle, 0), 0);
  refuse(throttle, 7000, 0);
  refuse(throttle, 1000, 0);
  CHECK(ask(throttle, 0) >= 7000);
  refuse(throttle, 9000, 0);
  CHECK(ask(throttle, 0) >= 9000);
  azl_throttle_free(throttle);
}

/* Milliseconds between the turns that two callers get. */
static int64_t spacing_ms (struct azl_throttle *throttle, int64_t now_ms) {
  int64_t first_ms = ask(throttle, now_ms);
  return ask(throttle, now_ms) - first_ms;
}

static void test_refusals_slow_down_once_per_pause (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  for (int i = 0; i < 30; i++) CHECK_INT(ask(throttle, 0), 0);
  for (int i = 0; i < 10; i++) refuse(throttle, 100, i);
  CHECK_INT(spacing_ms(throttle, 10), 50);
  for (int i = 0; i < 10; i++) refuse(throttle, 100, 5000 + i);
  CHECK(spacing_ms(throttle, 5010) > 60);
  azl_throttle_free(throttle);
}

static void test_answers_from_before_do_not_end_a_pause (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  for (int i = 0; i < 3; i++) CHECK_INT(ask(throttle, 0), 0);
  refuse(throttle, 7000, 0);
  learn(throttle, 200, 10);
  CHECK(ask(throttle, 10) >= 6990);
  azl_throttle_free(throttle);
}

static void test_a_providers_refusal_pauses_nobody_else (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  struct azl_headers headers = {0};
  CHECK(azl_headers_add(&headers, "x-ms-failure-cause", "service"));
  CHECK_INT(ask(throttle, 0), 0);
  azl_throttle_learn(throttle, NULL, "GET", url, 429, &headers, 60000, 0);
  CHECK_INT(ask(throttle, 0), 0);
  CHECK(azl_headers_set(&headers, "x-ms-failure-cause", "gateway"));
  azl_throttle_learn(throttle, NULL, "GET", url, 429, &headers, 60000, 0);
  CHECK(ask(throttle, 0) >= 60000);
  azl_headers_free(&headers);
  azl_throttle_free(throttle);
}

static const char provider_url[] =
    "https://management.azure.com/subscriptions/0abc/resourceGroups/g/providers"
    "/Microsoft.X/things/t?api-version=1";

static void refuse_by_provider (struct azl_throttle *throttle,
                                int64_t retry_after_ms, int64_t now_ms) {
  struct azl_headers headers = {0};
  CHECK(azl_headers_add(&headers, "x-ms-failure-cause", "service"));
  azl_throttle_learn(throttle, NULL, "GET", provider_url, 429, &headers,
                     retry_after_ms, now_ms);
  azl_headers_free(&headers);
}

static void test_a_providers_refusal_pauses_its_own (void) {
  static const struct {
    const char *method, *url;
    bool same;
  } rows[] = {
      {"GET", "https://h/subscriptions/0abc/providers/microsoft.x/a", true},
      {"HEAD", "https://h/subscriptions/0ABC/PROVIDERS/Microsoft.X", true},
      {"GET",
       "https://h/subscriptions/0abc/providers/Microsoft.Y/a/providers/"
       "Microsoft.X/b?x=/providers/Microsoft.Y/c",
       true},
      {"PUT", "https://h/subscriptions/0abc/providers/Microsoft.X/a", false},
      {"GET", "https://h/subscriptions/0abc/providers/Microsoft.XY/a", false},
      {"GET", "https://h/subscriptions/0abd/providers/Microsoft.X/a", false},
      {"GET", "https://h/providers/Microsoft.X/a", false},
      {"GET", "https://h/subscriptions/0abc/providers/", false},
      {"GET", "https://h/subscriptions/0abc", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_throttle *throttle = azl_throttle_new();
    int64_t wait_ms;
    refuse_by_provider(throttle, 3000, 0);
    wait_ms = azl_throttle_delay_ms(throttle, rows[i].method, rows[i].url, 1);
    CHECK_ROW(rows[i].url);
    CHECK_INT(wait_ms >= 2999, rows[i].same);
    azl_throttle_free(throttle);
  }
}

/* Waiting for one of two buckets takes nothing out of the other. */
static void test_a_call_takes_from_both_or_none (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  struct azl_turn turn = {0};
  CHECK_INT(ask(throttle, 0), 0);
  refuse(throttle, 5000, 0);
  for (int i = 0; i < 100; i++)
    CHECK(azl_throttle_turn_ms(throttle, "GET", provider_url, &turn, i) >=
          5000 - i);
  CHECK(turn.subscription != 0 && turn.provider == 0);
  refuse_by_provider(throttle, 9000, 200);
  CHECK(azl_throttle_turn_ms(throttle, "GET", provider_url, &turn, 5100) >=
        4000);
  CHECK(turn.provider != 0);
  CHECK_INT(azl_throttle_turn_ms(throttle, "GET", provider_url, &turn, 12000),
            0);
  CHECK(turn.subscription == 0 && turn.provider == 0);
  azl_throttle_free(throttle);
}

static void test_which_headers_count_for_a_provider (void) {
  static const struct {
    const char *method, *name, *value;
    bool counts;
  } rows[] = {
      {"GET", "x-ms-ratelimit-remaining-resource",
       "Microsoft.Compute/HighCostGet3Min;0", true},
      {"PUT", "X-Ms-Ratelimit-Remaining-Resource",
       "Microsoft.Compute/PutVM3Min;37,Microsoft.Compute/PutVM30Min; 0", true},
      {"GET", "x-ms-ratelimit-remaining-resource",
       "Microsoft.Compute/HighCostGet3Min;107", false},
      {"GET", "x-ms-ratelimit-remaining-resource", "none;left,;", false},
      {"GET", "x-ms-ratelimit-remaining-microsoft.consumption-tenant-requests",
       "0", true},
      {"GET", "x-ms-ratelimit-remaining-", "0", true},
      {"GET", "x-ms-ratelimit-limit-resource", "0", false},
      {"GET", "x-ms-ratelimit-remaining-subscription-something-new", "0", true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_throttle *throttle = azl_throttle_new();
    struct azl_headers headers = {0};
    const char *method = rows[i].method;
    CHECK_ROW(rows[i].value);
    CHECK(azl_headers_add(&headers, rows[i].name, rows[i].value));
    CHECK_INT(azl_throttle_delay_ms(throttle, method, provider_url, 0), 0);
    azl_throttle_learn(throttle, NULL, method, provider_url, 200, &headers, -1,
                       0);
    CHECK_INT(azl_throttle_delay_ms(throttle, method, provider_url, 0) > 0,
              rows[i].counts);
    azl_headers_free(&headers);
    azl_throttle_free(throttle);
  }
}

/* More at once than there is room for. */
static void test_no_bucket_gives_way_to_its_twin (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  char other[120];
  for (int i = 0; i < 600; i++) {
    snprintf(other, sizeof other, "https://h/subscriptions/%d/providers/M.%d/a",
             i, i);
    CHECK_INT(azl_throttle_delay_ms(throttle, "GET", other, 5), 0);
    azl_throttle_learn(throttle, NULL, "GET", other, 200, NULL, -1, 5);
  }
  memset(other, 'x', sizeof other - 1);
  memcpy(other, "https://h/subscriptions/", 24);
  other[sizeof other - 1] = '\0';
  CHECK_INT(azl_throttle_delay_ms(throttle, "GET", other, 5), 0);
  azl_throttle_free(throttle);
}

/* What an answer says reaches the buckets that its call was let go by, also
   when they gave way to others meanwhile. */
static void test_a_turn_ends_where_it_began (void) {
  for (int others = 0; others <= 600; others += 600) {
    struct azl_throttle *throttle = azl_throttle_new();
    struct azl_turn turn = {0};
    char other[120];
    CHECK_ROW(others ? "given way" : "still there");
    CHECK_INT(azl_throttle_turn_ms(throttle, "GET", provider_url, &turn, 0), 0);
    for (int i = 0; i < others; i++) {
      snprintf(other, sizeof other, "https://h/subscriptions/%d/a", i);
      CHECK_INT(azl_throttle_delay_ms(throttle, "GET", other, 1), 0);
    }
    azl_throttle_learn(throttle, &turn, "GET", provider_url, 429, NULL, 3000,
                       2);
    CHECK(ask(throttle, 3) >= 2999);
    CHECK(azl_throttle_delay_ms(throttle, "PUT", url, 3) == 0);
    CHECK_ROW(NULL);
    azl_throttle_free(throttle);
  }
}

static void test_old_buckets_are_forgotten (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  char other[100];
  refuse(throttle, 1000000, 0);
  for (int i = 0; i < 255; i++) {
    snprintf(other, sizeof other, "https://host/subscriptions/%d", i);
    CHECK_INT(azl_throttle_delay_ms(throttle, "GET", other, 10 + i), 0);
  }
  CHECK(ask(throttle, 300) > 0);
  for (int i = 0; i < 256; i++) {
    snprintf(other, sizeof other, "https://host/subscriptions/x%d", i);
    CHECK_INT(azl_throttle_delay_ms(throttle, "GET", other, 400 + i), 0);
  }
  CHECK_INT(ask(throttle, 700), 0);
  azl_throttle_free(throttle);
}

static void wait_a_little (void) {
  struct azl_throttle *throttle = azl_throttle_new();
  if (!throttle) return;
  CHECK_INT(ask(throttle, 0), 0);
  refuse(throttle, 1000, 0);
  for (int i = 0; i < 40; i++) CHECK(ask(throttle, 0) >= 0);
  azl_throttle_free(throttle);
}

static void test_every_allocation_may_fail (void) {
  check_out_of_memory(wait_a_little);
  azl_throttle_free(NULL);
}

int main (void) {
  RUN_TESTS(
      TEST(test_does_not_pace_before_it_knows),
      TEST(test_a_burst_waits_for_the_first_answer),
      TEST(test_plenty_is_not_paced), TEST(test_paces_when_little_is_left),
      TEST(test_a_newcomer_does_not_overtake),
      TEST(test_abandoned_slots_are_given_away),
      TEST(test_buckets_are_separate),
      TEST(test_ids_without_end_share_a_bucket), TEST(test_which_headers_count),
      TEST(test_the_smallest_header_counts), TEST(test_a_refusal_pauses_all),
      TEST(test_a_refusal_without_retry_after_pauses_5_s),
      TEST(test_later_refusals_only_lengthen_a_pause),
      TEST(test_refusals_slow_down_once_per_pause),
      TEST(test_answers_from_before_do_not_end_a_pause),
      TEST(test_a_providers_refusal_pauses_nobody_else),
      TEST(test_a_providers_refusal_pauses_its_own),
      TEST(test_a_call_takes_from_both_or_none),
      TEST(test_which_headers_count_for_a_provider),
      TEST(test_no_bucket_gives_way_to_its_twin),
      TEST(test_a_turn_ends_where_it_began),
      TEST(test_old_buckets_are_forgotten),
      TEST(test_every_allocation_may_fail));
}
