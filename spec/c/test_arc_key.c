/* links: fake_stub.c */
#include "arc_key.h"
#include "check.h"
#include "stub.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct stub stub;

static void write_file (const char *name, const char *bytes, size_t len) {
  FILE *file = fopen(stub_path(&stub, name), "we");
  CHECK(file != NULL);
  if (!file) return;
  CHECK_INT(fwrite(bytes, 1, len, file), len);
  fclose(file);
}

/* Asks with "Basic realm=<folder>/<rest>". */
static char *answer (const char *rest, struct azl_err **out_err) {
  char challenge[512];
  char *authorization;
  snprintf(challenge, sizeof challenge, "Basic realm=%s/%s", stub.folder, rest);
  *out_err = azl_arc_answer(challenge, stub.folder, &authorization);
  return authorization;
}

static void check_answer (const char *rest, const char *want) {
  struct azl_err *err;
  char *got = answer(rest, &err);
  CHECK_STR(got, want);
  CHECK_STR(err ? err->code : NULL, want ? NULL : "ArcChallenge");
  azl_err_free(err);
  azl_free_secret(got);
}

static void test_reads_a_key (void) {
  char key[4096];
  memset(key, 'k', sizeof key);
  CHECK(stub_open(&stub));
  write_file("a.key", "the key", 7);
  write_file("nl.key", "the key\r\n", 9);
  write_file("max.key", key, sizeof key);
  check_answer("a.key", "Basic the key");
  check_answer("nl.key", "Basic the key");
  struct azl_err *err;
  char *got = answer("max.key", &err);
  if (CHECK(got != NULL)) CHECK_INT(strlen(got), 6 + sizeof key);
  azl_err_free(err);
  azl_free_secret(got);
  stub_close(&stub);
}

static void test_files_that_are_no_keys (void) {
  static const char *const rows[] = {
      "absent.key", "a.txt",         "a.key.txt",     ".key",      "",
      "sub/a.key",  "../stub/a.key", "./a.key",       "/a.key",    "link.key",
      "fifo.key",   "folder.key",    "empty.key",     "blank.key", "zero.key",
      "long.key",   "lines.key",     "a.key/../a.key"};
  char key[4097];
  memset(key, 'k', sizeof key);
  CHECK(stub_open(&stub));
  write_file("a.key", "the key", 7);
  write_file("a.txt", "the key", 7);
  write_file(".key", "the key", 7);
  write_file("empty.key", "", 0);
  write_file("blank.key", " \n", 2);
  write_file("zero.key", "a\0b", 3);
  write_file("long.key", key, sizeof key);
  write_file("lines.key", "a\nb", 3);
  CHECK(mkdir(stub_path(&stub, "sub"), 0700) == 0);
  write_file("sub/a.key", "the key", 7);
  CHECK(mkdir(stub_path(&stub, "folder.key"), 0700) == 0);
  CHECK(mkfifo(stub_path(&stub, "fifo.key"), 0600) == 0);
  CHECK(symlink("a.key", stub_path(&stub, "link.key")) == 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i]);
    check_answer(rows[i], NULL);
  }
  stub_close(&stub);
}

static void test_challenges_that_name_no_key (void) {
  static const char *const rows[] = {
      "Basic realm=/etc/passwd",
      "Basic realm=/etc/ssl/private/server.key",
      "Basic realm=a.key",
      "Basic realm=",
      "Basic",
      "",
      "Bearer realm=/var/opt/azcmagent/tokens/a.key",
      "Basic realm=/var/opt/azcmagent/tokens-evil/a.key",
      "Basic realm=/var/opt/azcmagent/tokens/../a.key",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char *authorization;
    struct azl_err *err =
        azl_arc_answer(rows[i], AZL_ARC_FOLDER, &authorization);
    CHECK_ROW(rows[i]);
    CHECK(authorization == NULL);
    CHECK_STR(err ? err->code : NULL, "ArcChallenge");
    azl_err_free(err);
  }
  char *authorization;
  struct azl_err *err = azl_arc_answer(NULL, AZL_ARC_FOLDER, &authorization);
  CHECK_ROW("no header");
  CHECK(err != NULL);
  azl_err_free(err);
}

static void test_a_folder_that_is_a_link (void) {
  char folder[128], challenge[256];
  char *authorization;
  CHECK(stub_open(&stub));
  CHECK(mkdir(stub_path(&stub, "real"), 0700) == 0);
  write_file("real/a.key", "the key", 7);
  CHECK(symlink("real", stub_path(&stub, "tokens")) == 0);
  snprintf(folder, sizeof folder, "%s/tokens", stub.folder);
  snprintf(challenge, sizeof challenge, "Basic realm=%s/a.key", folder);
  struct azl_err *err = azl_arc_answer(challenge, folder, &authorization);
  CHECK(authorization == NULL);
  CHECK(err != NULL);
  azl_err_free(err);
  stub_close(&stub);
}

int main (void) {
  RUN_TESTS(TEST(test_reads_a_key), TEST(test_files_that_are_no_keys),
            TEST(test_challenges_that_name_no_key),
            TEST(test_a_folder_that_is_a_link));
}
