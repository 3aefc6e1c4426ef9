/* Script stubs for tests of child processes. */
#include "stub.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TURN_MS = 20, MAX_TURNS = 3000 };

bool stub_open (struct stub *stub) {
  snprintf(stub->folder, sizeof stub->folder, "/tmp/azl-stub-XXXXXX");
  return mkdtemp(stub->folder) != NULL;
}

static int remove_one (const char *path, const struct stat *info, int kind,
                       struct FTW *walk) {
  (void)info, (void)kind, (void)walk;
  return remove(path);
}

void stub_close (struct stub *stub) {
  nftw(stub->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *stub_path (const struct stub *stub, const char *name) {
  static char path[256];
  snprintf(path, sizeof path, "%s/%s", stub->folder, name);
  return path;
}

bool stub_script (const struct stub *stub, const char *name, const char *text) {
  const char *path = stub_path(stub, name);
  FILE *file = fopen(path, "we");
  if (!file) return false;
  fprintf(file, "#!/bin/sh\ncd '%s'\n%s\n", stub->folder, text);
  return fclose(file) == 0 && chmod(path, 0755) == 0;
}

bool stub_wait_op (struct azl_loop *loop, struct azl_op *op) {
  int left = MAX_TURNS;
  while (op->state == AZL_OP_PENDING && left-- > 0)
    azl_loop_turn(loop, TURN_MS);
  return op->state != AZL_OP_PENDING;
}

bool stub_wait_file (struct azl_loop *loop, const char *path) {
  int left = MAX_TURNS;
  while (access(path, F_OK) != 0 && left-- > 0) azl_loop_turn(loop, TURN_MS);
  return access(path, F_OK) == 0;
}

bool stub_wait_idle (struct azl_loop *loop) {
  int left = MAX_TURNS;
  while (azl_loop_op_count(loop) > 0 && left-- > 0)
    azl_loop_turn(loop, TURN_MS);
  return azl_loop_op_count(loop) == 0;
}

bool stub_no_children (void) {
  return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}
