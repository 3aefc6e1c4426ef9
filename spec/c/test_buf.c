/* Tests of buf.c: growth, limits, escaping, wiping. */
#include <stdint.h>
#include "buf.h"
#include "check.h"

static void test_starts_empty (void) {
  struct azl_buf buf;
  azl_buf_init(&buf, 100);
  CHECK(buf.data == NULL);
  CHECK_INT(buf.len, 0);
  CHECK(azl_buf_take(&buf) == NULL);
  azl_buf_clear(&buf);
  azl_buf_free(&buf);
}

static void test_adds_bytes_text_and_formats (void) {
  struct azl_buf buf;
  azl_buf_init(&buf, 100);
  CHECK(azl_buf_add(&buf, "ab\0c", 4));
  CHECK(azl_buf_add_str(&buf, "-text-"));
  CHECK(azl_buf_add_fmt(&buf, "%d%s", 42, "!"));
  CHECK_INT(buf.len, 13);
  CHECK(memcmp(buf.data, "ab\0c-text-42!", 14) == 0);
  azl_buf_free(&buf);
}

static void test_nothing_added_is_an_empty_string (void) {
  struct azl_buf buf;
  azl_buf_init(&buf, 0);
  CHECK(azl_buf_add(&buf, NULL, 0));
  CHECK_STR(buf.data, "");
  azl_buf_free(&buf);
}

static void test_grows_far (void) {
  struct azl_buf buf;
  bool same = true;
  azl_buf_init(&buf, 100000);
  for (int i = 0; i < 10000; i++) {
    if (!CHECK(azl_buf_add_fmt(&buf, "%d", i % 10))) break;
  }
  CHECK_INT(buf.len, 10000);
  for (size_t i = 0; i < buf.len; i++)
    same = same && buf.data[i] == (char)('0' + i % 10);
  CHECK(same);
  azl_buf_free(&buf);
}

static void test_maximum_is_exact (void) {
  struct azl_buf buf;
  azl_buf_init(&buf, 4);
  CHECK(azl_buf_add_str(&buf, "abcd"));
  CHECK(!azl_buf_add_str(&buf, "e"));
  CHECK(!azl_buf_add_fmt(&buf, "%c", 'e'));
  CHECK(!azl_buf_add_escaped(&buf, "e"));
  CHECK(azl_buf_add_str(&buf, ""));
  CHECK_STR(buf.data, "abcd");
  CHECK_INT(buf.len, 4);
  azl_buf_free(&buf);
}

static void test_huge_lengths_are_refused (void) {
  struct azl_buf buf;
  azl_buf_init(&buf, SIZE_MAX);
  CHECK(azl_buf_add_str(&buf, "abc"));
  CHECK(!azl_buf_add(&buf, "x", SIZE_MAX));
  CHECK(!azl_buf_add(&buf, "x", SIZE_MAX - 3));
  CHECK_STR(buf.data, "abc");
  azl_buf_free(&buf);
}

static void test_escapes_all_but_unreserved (void) {
  static const struct {
    const char *text, *want;
  } rows[] = {
      {"", ""},
      {"AZaz09-._~", "AZaz09-._~"},
      {"https://management.azure.com/.default",
       "https%3A%2F%2Fmanagement.azure.com%2F.default"},
      {"a b+c&d=e%", "a%20b%2Bc%26d%3De%25"},
      {"\xc3\xa4\x01\xff", "%C3%A4%01%FF"},
      {"'()*!", "%27%28%29%2A%21"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_buf buf;
    azl_buf_init(&buf, 200);
    CHECK(azl_buf_add_escaped(&buf, rows[i].text));
    CHECK_STR(buf.data, rows[i].want);
    azl_buf_free(&buf);
  }
}

static void test_take_hands_over_and_empties (void) {
  struct azl_buf buf;
  char *taken;
  azl_buf_init(&buf, 100);
  CHECK(azl_buf_add_str(&buf, "one"));
  taken = azl_buf_take(&buf);
  CHECK_STR(taken, "one");
  CHECK(buf.data == NULL && buf.len == 0);
  CHECK(azl_buf_add_str(&buf, "two"));
  CHECK_STR(buf.data, "two");
  CHECK_STR(taken, "one");
  azl_free(taken);
  azl_buf_free(&buf);
}

static void test_clear_keeps_the_memory (void) {
  struct azl_buf buf;
  char *data;
  azl_buf_init(&buf, 100);
  CHECK(azl_buf_add_str(&buf, "one"));
  data = buf.data;
  azl_buf_clear(&buf);
  CHECK_STR(buf.data, "");
  CHECK(azl_buf_add_str(&buf, "two"));
  CHECK(buf.data == data);
  azl_buf_free(&buf);
}

static void test_free_is_repeatable_and_reusable (void) {
  struct azl_buf buf;
  azl_buf_init(&buf, 5);
  CHECK(azl_buf_add_str(&buf, "one"));
  azl_buf_free_secret(&buf);
  azl_buf_free(&buf);
  CHECK(!azl_buf_add_str(&buf, "123456"));
  CHECK(azl_buf_add_str(&buf, "12345"));
  azl_buf_free(&buf);
}

static void fill (void) {
  struct azl_buf buf;
  azl_buf_init(&buf, 100000);
  for (int i = 0; i < 8; i++) {
    char text[201];
    size_t before = buf.len;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    if (!azl_buf_add_str(&buf, text)) {
      CHECK_INT(buf.len, before);
      CHECK(!buf.data || strlen(buf.data) == before);
    }
  }
  azl_buf_free_secret(&buf);
}

static void test_failed_growth_leaves_the_content (void) {
  check_out_of_memory(fill);
}

int main (void) {
  RUN_TESTS(TEST(test_starts_empty), TEST(test_adds_bytes_text_and_formats),
            TEST(test_nothing_added_is_an_empty_string), TEST(test_grows_far),
            TEST(test_maximum_is_exact), TEST(test_huge_lengths_are_refused),
            TEST(test_escapes_all_but_unreserved),
            TEST(test_take_hands_over_and_empties),
            TEST(test_clear_keeps_the_memory),
            TEST(test_free_is_repeatable_and_reusable),
            TEST(test_failed_growth_leaves_the_content));
}
