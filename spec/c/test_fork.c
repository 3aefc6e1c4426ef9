/* Noticing a fork: in the child, never in the parent. */
#include "fork.h"
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "op.h"

static int code_of_child (int (*fn)(void *), void *ctx) {
  int status = -1;
  pid_t pid = fork();
  if (pid == 0) _exit(fn(ctx));
  CHECK_INT(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int happened (void *ctx) {
  return azl_fork_happened(ctx);
}

static void child_and_parent_differ (void) {
  struct azl_fork_mark mark;
  azl_fork_mark_init(&mark);
  CHECK(!azl_fork_happened(&mark));
  CHECK_INT(code_of_child(happened, &mark), 1);
  CHECK(!azl_fork_happened(&mark));
  azl_fork_mark_free(&mark);
}

static void without_the_page_too (void) {
  struct azl_fork_mark mark;
  azl_fork_mark_init(&mark);
  azl_fork_mark_free(&mark);
  CHECK(!mark.page);
  CHECK(!azl_fork_happened(&mark));
  CHECK_INT(code_of_child(happened, &mark), 1);
}

static int free_loop (void *ctx) {
  struct azl_loop *loop = ctx;
  long owner = 0, blocks = azl_mem_live();
  if (!azl_loop_foreign(loop, &owner) || owner != (long)getppid()) return 1;
  azl_loop_free(loop);
  return azl_mem_live() == blocks ? 0 : 2;
}

static void child_leaves_the_loop_alone (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  struct azl_op *op = azl_sleep(loop, azl_loop_now_ms(loop) + 1000);
  CHECK_INT(code_of_child(free_loop, loop), 0);
  CHECK(!azl_loop_foreign(loop, NULL));
  CHECK_INT(op->state, AZL_OP_PENDING);
  azl_op_cancel(op);
  azl_op_unref(op);
  azl_loop_free(loop);
}

int main (void) {
  RUN_TESTS(TEST(child_and_parent_differ), TEST(without_the_page_too),
            TEST(child_leaves_the_loop_alone));
}
