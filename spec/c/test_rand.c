/* Tests of rand.c: shapes only, values are random. */
#include "check.h"
#include "rand.h"

static void test_fills_exactly_the_bytes_asked_for (void) {
  static const size_t lengths[] = {0, 1, 16, 255, 256, 257, 1000};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    unsigned char bytes[1002] = {0};
    CHECK(azl_random_bytes(bytes, lengths[i]));
    CHECK_INT(bytes[lengths[i]], 0);
    CHECK_INT(bytes[lengths[i] + 1], 0);
  }
}

/* 1,000 bytes miss a given value with a chance of 2 %, so that fewer than 200
   different ones do not happen by chance. */
static void test_bytes_differ (void) {
  unsigned char bytes[1000];
  char seen[256] = {0};
  int different = 0;
  CHECK(azl_random_bytes(bytes, sizeof bytes));
  for (size_t i = 0; i < sizeof bytes; i++) {
    different += !seen[bytes[i]];
    seen[bytes[i]] = 1;
  }
  CHECK(different > 200);
}

static void test_uuid_is_version_4 (void) {
  char uuid[AZL_UUID_BYTES];
  for (int round = 0; round < 200; round++) {
    CHECK(azl_random_uuid(uuid));
    CHECK_INT(strlen(uuid), 36);
    CHECK_INT(strspn(uuid, "0123456789abcdef-"), 36);
    CHECK(uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' &&
          uuid[23] == '-');
    CHECK_INT(uuid[14], '4');
    CHECK(strchr("89ab", uuid[19]) != NULL);
  }
}

static void test_uuids_differ (void) {
  char one[AZL_UUID_BYTES], other[AZL_UUID_BYTES];
  CHECK(azl_random_uuid(one) && azl_random_uuid(other));
  CHECK(strcmp(one, other) != 0);
}

static void test_jitter_stays_in_its_range_and_uses_it (void) {
  double low = 9, high = 0;
  for (int i = 0; i < 2000; i++) {
    double jitter = azl_random_jitter();
    if (jitter < low) low = jitter;
    if (jitter > high) high = jitter;
  }
  CHECK(low >= 0.8 && high <= 1.3);
  CHECK(low < 0.85 && high > 1.25);
}

int main (void) {
  RUN_TESTS(TEST(test_fills_exactly_the_bytes_asked_for),
            TEST(test_bytes_differ), TEST(test_uuid_is_version_4),
            TEST(test_uuids_differ),
            TEST(test_jitter_stays_in_its_range_and_uses_it));
}
