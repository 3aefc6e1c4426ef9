#ifndef AZL_CHECK_H
#define AZL_CHECK_H

/* A harness for C unit tests, one program per file:

     static void test_adds (void) { CHECK_INT(add(1, 2), 3); }
     int main (void) { RUN_TESTS(TEST(test_adds)); }

   A test also fails when it leaves blocks of the core allocated. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"

struct check_test {
  const char *name;
  void (*run)(void);
};

/* Of the running test: failed checks, and the row of a table being tested. */
static int check_failures;
static const char *check_row;

static inline int check_report (int ok, const char *file, int line) {
  if (ok) return 1;
  check_failures++;
  printf("  %s:%d: %s%s%s", file, line, check_row ? "[" : "",
         check_row ? check_row : "", check_row ? "] " : "");
  return 0;
}

static inline int check_true (int ok, const char *text, const char *file,
                              int line) {
  if (!check_report(ok, file, line)) printf("not true: %s\n", text);
  return ok;
}

static inline int check_int (long long got, long long want, const char *text,
                             const char *file, int line) {
  if (!check_report(got == want, file, line))
    printf("%s is %lld, not %lld\n", text, got, want);
  return got == want;
}

static inline int check_str (const char *got, const char *want,
                             const char *text, const char *file, int line) {
  int ok = got && want ? strcmp(got, want) == 0 : got == want;
  if (!check_report(ok, file, line))
    printf("%s is \"%s\", not \"%s\"\n", text, got ? got : "(null)",
           want ? want : "(null)");
  return ok;
}

/* Each is true when it holds, so that a test can stop early. */
#define CHECK(cond) check_true(!!(cond), #cond, __FILE__, __LINE__)
#define CHECK_INT(got, want)                                                   \
  check_int((long long)(got), (long long)(want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want) check_str((got), (want), #got, __FILE__, __LINE__)

/* Names the row of a table that the following checks are about; NULL: none. */
#define CHECK_ROW(name) (check_row = (name))

/* Runs fn again and again, each time with the next allocation failing, until
   it ran through without one. fn cleans up whatever it got. */
static inline void check_out_of_memory (void (*fn)(void)) {
  for (long countdown = 0;; countdown++) {
    long live = azl_mem_live(), made;
    char row[48];
    snprintf(row, sizeof row, "allocation %ld fails", countdown + 1);
    check_row = row;
    azl_mem_fail_after(countdown);
    fn();
    made = azl_mem_fail_after(-1);
    CHECK_INT(azl_mem_live(), live);
    check_row = NULL;
    if (made <= countdown || countdown > 100000) return;
  }
}

static inline int check_run (const struct check_test *tests, size_t count) {
  int passed = 0, failed = 0;
  for (size_t i = 0; i < count; i++) {
    long live = azl_mem_live();
    check_failures = 0;
    check_row = NULL;
    tests[i].run();
    check_row = NULL;
    azl_mem_fail_after(-1);
    check_int(azl_mem_live(), live, "blocks after the test", tests[i].name, 0);
    if (check_failures) printf("  FAILED %s\n", tests[i].name);
    if (check_failures)
      failed++;
    else
      passed++;
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define TEST(fn)                                                               \
  { #fn, fn }
#define RUN_TESTS(...)                                                         \
  static const struct check_test check_tests[] = {__VA_ARGS__};                \
  return check_run(check_tests, sizeof check_tests / sizeof check_tests[0])

#endif
