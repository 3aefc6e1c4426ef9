/* Tests of mem.c: copies, counting, failing on demand. */
#include <stdint.h>
#include "check.h"

static void test_strdup_copies (void) {
  char text[] = "abc";
  char *copy = azl_strdup(text);
  text[0] = 'x';
  CHECK_STR(copy, "abc");
  azl_free(copy);
}

static void test_copies_of_null_are_null (void) {
  CHECK(azl_strdup(NULL) == NULL);
  CHECK(azl_strndup(NULL, 3) == NULL);
  azl_free(NULL);
  azl_free_secret(NULL);
  azl_wipe(NULL, 5);
}

static void test_strndup_stops_at_limit_and_nul (void) {
  static const struct {
    const char *text, *want;
    size_t bytes;
  } rows[] = {
      {"abcdef", "abc", 3},
      {"abc", "abc", 10},
      {"ab\0cd", "ab", 5},
      {"abc", "", 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char *copy = azl_strndup(rows[i].text, rows[i].bytes);
    CHECK_STR(copy, rows[i].want);
    azl_free(copy);
  }
}

static void test_strndup_reads_no_byte_behind_the_limit (void) {
  char exact[3] = {'a', 'b', 'c'};
  char *copy = azl_strndup(exact, sizeof exact);
  CHECK_STR(copy, "abc");
  azl_free(copy);
}

static void test_format_makes_long_strings (void) {
  char *text = azl_format("%0300d|%s", 7, "end");
  CHECK(text && strlen(text) == 304 && strcmp(text + 299, "7|end") == 0);
  azl_free(text);
}

static void test_calloc_gives_zeros_and_refuses_overflow (void) {
  unsigned char *zeros = azl_calloc(16, 4);
  volatile size_t huge = SIZE_MAX / 2;
  void *none = azl_calloc(huge, 4);
  int sum = 0;
  for (int i = 0; zeros && i < 64; i++) sum += zeros[i];
  CHECK(zeros != NULL);
  CHECK_INT(sum, 0);
  CHECK(none == NULL);
  azl_free(zeros);
}

static void test_realloc_keeps_content (void) {
  char *text = azl_realloc(NULL, 4);
  long live = azl_mem_live();
  CHECK(text != NULL);
  memcpy(text, "abc", 4);
  text = azl_realloc(text, 4000);
  CHECK_STR(text, "abc");
  CHECK_INT(azl_mem_live(), live);
  azl_free(text);
}

static void test_zero_bytes_are_a_block (void) {
  void *a = azl_malloc(0), *b = azl_calloc(0, 5), *c = azl_malloc(5);
  c = azl_realloc(c, 0);
  CHECK(a && b && c);
  azl_free(a);
  azl_free(b);
  azl_free(c);
}

static void test_live_counts_blocks (void) {
  long before = azl_mem_live();
  void *one = azl_malloc(1), *two = azl_calloc(1, 1);
  CHECK_INT(azl_mem_live() - before, 2);
  azl_free(one);
  CHECK_INT(azl_mem_live() - before, 1);
  azl_free(two);
}

static void test_fails_once_after_countdown (void) {
  void *first, *second, *third;
  azl_mem_fail_after(1);
  first = azl_malloc(1);
  second = azl_malloc(1);
  third = azl_malloc(1);
  CHECK(first && !second && third);
  CHECK_INT(azl_mem_fail_after(-1), 3);
  CHECK_INT(azl_mem_fail_after(-1), 0);
  azl_free(first);
  azl_free(third);
}

static void test_failed_realloc_leaves_the_block (void) {
  char *text = azl_strdup("abc"), *more;
  azl_mem_fail_after(0);
  more = azl_realloc(text, 100);
  CHECK(more == NULL);
  CHECK_STR(text, "abc");
  azl_free(text);
}

static void use_every_copy (void) {
  char *a = azl_strdup("a"), *b = azl_format("%d", 5), *c = azl_strndup("x", 1);
  azl_free(a);
  azl_free(b);
  azl_free_secret(c);
}

static void test_any_copy_may_fail (void) {
  check_out_of_memory(use_every_copy);
}

static void test_wipe_overwrites (void) {
  char secret[] = "hunter2";
  azl_wipe(secret, sizeof secret);
  for (size_t i = 0; i < sizeof secret; i++) CHECK_INT(secret[i], 0);
}

int main (void) {
  RUN_TESTS(TEST(test_strdup_copies), TEST(test_copies_of_null_are_null),
            TEST(test_strndup_stops_at_limit_and_nul),
            TEST(test_strndup_reads_no_byte_behind_the_limit),
            TEST(test_format_makes_long_strings),
            TEST(test_calloc_gives_zeros_and_refuses_overflow),
            TEST(test_realloc_keeps_content), TEST(test_zero_bytes_are_a_block),
            TEST(test_live_counts_blocks),
            TEST(test_fails_once_after_countdown),
            TEST(test_failed_realloc_leaves_the_block),
            TEST(test_any_copy_may_fail), TEST(test_wipe_overwrites));
}
