#include "check.h"
#include "date.h"

#include <time.h>

static void use_zone (const char *zone) {
  if (zone)
    setenv("TZ", zone, 1);
  else
    unsetenv("TZ");
  tzset();
}

static void test_dates_with_a_zone (void) {
  static const struct {
    const char *text;
    int64_t ms;
  } rows[] = {
      {"2026-01-31T12:34:56Z", 1769862896000},
      {"2026-01-31t12:34:56z", 1769862896000},
      {"2026-01-31T12:34:56.789Z", 1769862896789},
      {"2026-01-31T12:34:56.7890123Z", 1769862896789},
      {"2026-01-31T12:34:56.5+00:00", 1769862896500},
      {"2026-01-31T13:34:56+01:00", 1769862896000},
      {"2026-01-31T13:34:56+0100", 1769862896000},
      {"2026-01-31T07:04:56-05:30", 1769862896000},
      {"  2026-01-31 12:34:56 +00:00 ", 1769862896000},
      {"2026-01-31T12:34Z", 1769862840000},
      {"1970-01-01T00:00:00Z", 0},
      {"2000-02-29T00:00:00Z", 951782400000},
      {"2024-02-29T23:59:59Z", 1709251199000},
      {"2100-03-01T00:00:00Z", 4107542400000},
      {"01/31/2026 12:34:56 +00:00", 1769862896000},
      {"1/31/2026 12:34:56 PM +00:00", 1769862896000},
      {"1/31/2026 12:34:56 AM +00:00", 1769819696000},
      {"1/31/2026 1:34:56 PM +01:00", 1769862896000},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].text);
    CHECK_INT(azl_date_ms(rows[i].text), rows[i].ms);
  }
}

static void test_no_zone_is_local_time (void) {
  use_zone("UTD-3");
  CHECK_INT(azl_date_ms("2026-01-31 15:34:56.000000"), 1769862896000);
  use_zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK_INT(azl_date_ms("2026-01-31 13:34:56.250000"), 1769862896250);
  CHECK_INT(azl_date_ms("2026-07-31 14:34:56"), 1785501296000);
  CHECK_INT(azl_date_ms("2026-01-31T12:34:56Z"), 1769862896000);
  use_zone(NULL);
}

static void test_what_is_no_date (void) {
  static const char *const rows[] = {
      "",
      " ",
      "tomorrow",
      "2026-01-31",
      "2026-1-31T12:34:56Z",
      "2026-13-01T00:00:00Z",
      "2026-00-01T00:00:00Z",
      "2026-02-29T00:00:00Z",
      "2100-02-29T00:00:00Z",
      "2026-04-31T00:00:00Z",
      "2026-01-00T00:00:00Z",
      "2026-01-31T24:00:00Z",
      "2026-01-31T12:60:00Z",
      "2026-01-31T12:34:61Z",
      "2026-01-31T12:34:56Zulu",
      "2026-01-31T12:34:56.Z",
      "2026-01-31T12:34:56+1",
      "0001-01-01T00:00:00Z",
      "1969-12-31T23:59:59Z",
      "1/31/2026 13:34:56 PM +00:00",
      "1/31/2026 0:34:56 AM +00:00",
      "1/31/26 1:34:56 +00:00",
      "2026-01-31T12:34:56\xc3\xa4",
      "/",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i]);
    CHECK_INT(azl_date_ms(rows[i]), -1);
  }
  CHECK_ROW("NULL");
  CHECK_INT(azl_date_ms(NULL), -1);
}

static void test_members (void) {
  static const struct {
    const char *json;
    int64_t ms;
  } rows[] = {
      {"{\"at\":1769862896}", 1769862896000},
      {"{\"at\":\"1769862896\"}", 1769862896000},
      {"{\"at\":1769862896.5}", 1769862896000},
      {"{\"at\":\"2026-01-31T12:34:56Z\"}", 1769862896000},
      {"{\"at\":0}", -1},
      {"{\"at\":-5}", -1},
      {"{\"at\":9223372036854775807}", -1},
      {"{\"at\":\"\"}", -1},
      {"{\"at\":null}", -1},
      {"{\"at\":{}}", -1},
      {"{}", -1},
      {"[]", -1},
      {"no JSON", -1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct json_t *doc = azl_json_parse(rows[i].json, strlen(rows[i].json));
    CHECK_ROW(rows[i].json);
    CHECK_INT(azl_date_member_ms(doc, "at"), rows[i].ms);
    azl_json_free(doc);
  }
}

int main (void) {
  RUN_TESTS(TEST(test_dates_with_a_zone), TEST(test_no_zone_is_local_time),
            TEST(test_what_is_no_date), TEST(test_members));
}
