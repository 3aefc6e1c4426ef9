/* Tests of log.c: the queue, levels, and what may be written down. */
#include "check.h"
#include "log.h"

static void test_keeps_order_and_facts (void) {
  struct azl_log log;
  struct azl_log_entry *entry;
  azl_log_init(&log, AZL_LOG_VERBOSE);
  azl_log_add(&log, AZL_LOG_INFO, 100, "first %d", 1);
  azl_log_add(&log, AZL_LOG_ERROR, 200, "second");
  CHECK_INT(log.count, 2);

  entry = azl_log_take(&log);
  CHECK_STR(entry->text, "first 1");
  CHECK_INT(entry->level, AZL_LOG_INFO);
  CHECK_INT(entry->wall_ms, 100);
  azl_log_entry_free(entry);

  entry = azl_log_take(&log);
  CHECK_STR(entry->text, "second");
  azl_log_entry_free(entry);
  CHECK(azl_log_take(&log) == NULL);
  CHECK_INT(log.count, 0);
  azl_log_free(&log);
}

static void test_levels (void) {
  for (int level = -1; level <= AZL_LOG_VERBOSE; level++) {
    struct azl_log log;
    azl_log_init(&log, level);
    for (int i = AZL_LOG_ERROR; i <= AZL_LOG_VERBOSE; i++) {
      CHECK_INT(azl_log_wants(&log, (enum azl_log_level)i), i <= level);
      azl_log_add(&log, (enum azl_log_level)i, 0, "x");
    }
    CHECK_INT(log.count, level + 1);
    CHECK_INT(log.dropped, 0);
    azl_log_free(&log);
  }
  CHECK(!azl_log_wants(NULL, AZL_LOG_ERROR));
  azl_log_add(NULL, AZL_LOG_ERROR, 0, "nobody listens");
}

static void test_counts_what_it_cannot_keep (void) {
  struct azl_log log;
  azl_log_init(&log, AZL_LOG_INFO);
  for (int i = 0; i < 1007; i++) azl_log_add(&log, AZL_LOG_INFO, i, "%d", i);
  CHECK_INT(log.count, 1000);
  CHECK_INT(log.dropped, 7);
  azl_log_free(&log);
  CHECK_INT(log.count, 0);
}

static void test_a_message_is_one_line (void) {
  struct azl_log log;
  struct azl_log_entry *entry;
  azl_log_init(&log, AZL_LOG_INFO);
  azl_log_add(&log, AZL_LOG_INFO, 0,
              "a\r\nforged\tb%c[31mc\x7f\xc3\xa4\xc2\x9b", 27);
  entry = azl_log_take(&log);
  CHECK_STR(entry->text, "a  forged b [31mc \xc3\xa4 ");
  azl_log_entry_free(entry);
  azl_log_free(&log);
}

static void add_one (void) {
  struct azl_log log;
  azl_log_init(&log, AZL_LOG_INFO);
  azl_log_add(&log, AZL_LOG_INFO, 0, "%d", 1);
  CHECK_INT(log.count + log.dropped, 1);
  azl_log_free(&log);
}

static void test_every_allocation_may_fail (void) {
  check_out_of_memory(add_one);
}

static void test_header_allow_list (void) {
  static const struct {
    const char *name;
    int want;
  } rows[] = {
      {"Content-Type", 1},
      {"content-type", 1},
      {"X-MS-Client-Request-Id", 1},
      {"x-ms-request-id", 1},
      {"Retry-After", 1},
      {"If-None-Match", 1},
      {"WWW-Authenticate", 1},
      {"User-Agent", 1},
      {"Access-Control-Max-Age", 1},
      {"Authorization", 0},
      {"authorization", 0},
      {"Proxy-Authorization", 0},
      {"Cookie", 0},
      {"Set-Cookie", 0},
      {"Location", 0},
      {"Azure-AsyncOperation", 0},
      {"Operation-Location", 0},
      {"X-IDENTITY-HEADER", 0},
      {"X-ASRS-Signature", 0},
      {"Content-Typ", 0},
      {"Content-Type2", 0},
      {"", 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].name);
    CHECK_INT(azl_log_header_allowed(rows[i].name), rows[i].want);
  }
}

static void test_level_names (void) {
  static const struct {
    const char *text;
    int want;
  } rows[] = {
      {"error", AZL_LOG_ERROR},
      {"WARNING", AZL_LOG_WARNING},
      {"Info", AZL_LOG_INFO},
      {"verbose", AZL_LOG_VERBOSE},
      {"debug", -1},
      {"", -1},
      {"infos", -1},
      {NULL, -1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    CHECK_INT(azl_log_level_parse(rows[i].text), rows[i].want);
}

int main (void) {
  azl_log_entry_free(NULL);
  RUN_TESTS(TEST(test_keeps_order_and_facts), TEST(test_levels),
            TEST(test_counts_what_it_cannot_keep),
            TEST(test_a_message_is_one_line),
            TEST(test_every_allocation_may_fail), TEST(test_header_allow_list),
            TEST(test_level_names));
}
