/* links: fake_stub.c */
#include "check.h"
#include "child.h"
#include "stub.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOUR_MS = 60 * 60 * 1000 };

static struct stub stub;
static struct azl_loop *loop;

static void begin (void) {
  loop = azl_loop_new(NULL);
  CHECK(loop != NULL);
  CHECK(stub_open(&stub));
}

static void finish (void) {
  azl_loop_free(loop);
  CHECK(stub_no_children());
  stub_close(&stub);
}

static struct azl_child_request request_for (const char *const *argv) {
  struct azl_child_request request = {
      .argv = argv,
      .search_path = stub.folder,
      .deadline_ms = -1,
  };
  return request;
}

/* Writes a script "tool" and starts it. */
static struct azl_op *start (const char *script) {
  static const char *const argv[] = {"tool", NULL};
  struct azl_child_request request = request_for(argv);
  CHECK(stub_script(&stub, "tool", script));
  return azl_child_run(loop, &request);
}

static void advance (int64_t ms) {
  azl_clock_advance(azl_loop_clock(loop), ms);
}

static void check_failed (struct azl_op *op, enum azl_err_kind kind,
                          const char *code) {
  if (!CHECK_STR(azl_op_state_name(op->state), "failed")) return;
  CHECK_STR(azl_err_kind_name(op->err->kind), azl_err_kind_name(kind));
  CHECK_STR(op->err->code, code);
}

static void test_output_and_exit_code (void) {
  begin();
  struct azl_op *op = start("echo to stdout; echo to stderr >&2; exit 3");
  CHECK_INT(op->state, AZL_OP_PENDING);
  CHECK(stub_wait_op(loop, op));
  struct azl_child_result result = azl_child_result(op);
  CHECK_STR(azl_op_state_name(op->state), "done");
  CHECK(result.exit_known);
  CHECK_INT(result.exit_code, 3);
  CHECK_INT(result.signal, 0);
  CHECK_STR(result.out->data, "to stdout\n");
  CHECK_STR(result.err->data, "to stderr\n");
  azl_op_unref(op);
  CHECK_INT(azl_loop_op_count(loop), 0);
  finish();
}

static void test_no_shell_sees_the_arguments (void) {
  static const char *const argv[] = {"tool", "$(echo x); `y` \"z\" *", "",
                                     NULL};
  begin();
  struct azl_child_request request = request_for(argv);
  CHECK(stub_script(&stub, "tool", "printf '%s|%s|%s' $# \"$1\" \"$2\""));
  struct azl_op *op = azl_child_run(loop, &request);
  CHECK(stub_wait_op(loop, op));
  CHECK_STR(azl_child_result(op).out->data, "2|$(echo x); `y` \"z\" *|");
  azl_op_unref(op);
  finish();
}

static void test_a_child_that_kills_itself (void) {
  begin();
  struct azl_op *op = start("echo before; kill -9 $$");
  CHECK(stub_wait_op(loop, op));
  struct azl_child_result result = azl_child_result(op);
  CHECK_STR(azl_op_state_name(op->state), "done");
  CHECK_INT(result.exit_code, -1);
  CHECK_INT(result.signal, SIGKILL);
  CHECK_STR(result.out->data, "before\n");
  azl_op_unref(op);
  finish();
}

static void test_what_cannot_start (void) {
  static const struct {
    const char *name, *search_path, *code;
  } rows[] = {
      {"azl-no-such-program", "/usr/bin:/bin", "NotFound"},
      {"sh", "", "NotFound"},
      {"sh", ":.:bin", "NotFound"}, /* never from where the script runs */
      {"/bin", "/", "NotFound"},    /* a folder */
      {"bin/sh", "/", "NotFound"},
      {"/etc/passwd", "/", "NotFound"}, /* not executable */
  };
  begin();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *const argv[] = {rows[i].name, NULL};
    struct azl_child_request request = request_for(argv);
    CHECK_ROW(rows[i].name);
    request.search_path = rows[i].search_path;
    struct azl_op *op = azl_child_run(loop, &request);
    CHECK_INT(op->state, AZL_OP_PENDING); /* fails when one can listen */
    CHECK(stub_wait_op(loop, op));
    check_failed(op, AZL_ERR_TRANSPORT, rows[i].code);
    azl_op_unref(op);
  }
  finish();
}

static void test_a_missing_interpreter (void) {
  static const char *const argv[] = {"tool", NULL};
  begin();
  struct azl_child_request request = request_for(argv);
  FILE *file = fopen(stub_path(&stub, "tool"), "we");
  fputs("#!/no/such/interpreter\n", file);
  fclose(file);
  chmod(stub_path(&stub, "tool"), 0755);
  struct azl_op *op = azl_child_run(loop, &request);
  CHECK(stub_wait_op(loop, op));
  if (op->state == AZL_OP_DONE) /* valgrind: posix_spawn cannot know there */
    CHECK(azl_child_result(op).exit_code != 0);
  else
    check_failed(op, AZL_ERR_TRANSPORT, "NotStarted");
  azl_op_unref(op);
  finish();
}

static void test_the_first_on_the_path_wins (void) {
  static const char *const argv[] = {"sh", NULL};
  char path[128];
  begin();
  struct azl_child_request request = request_for(argv);
  CHECK(stub_script(&stub, "sh", "echo mine"));
  snprintf(path, sizeof path, "/nowhere::%s:/bin", stub.folder);
  request.search_path = path;
  struct azl_op *op = azl_child_run(loop, &request);
  CHECK(stub_wait_op(loop, op));
  CHECK_STR(azl_child_result(op).out->data, "mine\n");
  azl_op_unref(op);
  finish();
}

static void test_a_hundred_megabytes (void) {
  static const char *const streams[] = {"", ">&2"};
  char script[128];
  for (int i = 0; i < 2; i++) {
    CHECK_ROW(streams[i]);
    begin();
    snprintf(script, sizeof script,
             "dd if=/dev/zero bs=1048576 count=100 %s 2>/dev/null", streams[i]);
    struct azl_op *op = start(script);
    CHECK(stub_wait_op(loop, op));
    check_failed(op, AZL_ERR_PROTOCOL, "OutputTooLarge");
    CHECK(azl_child_result(op).out->len <= 1024 * 1024);
    azl_op_unref(op);
    CHECK(stub_wait_idle(loop));
    CHECK(stub_no_children());
    finish();
  }
}

static void test_output_of_exactly_the_maximum (void) {
  static const char *const argv[] = {"tool", NULL};
  begin();
  struct azl_child_request request = request_for(argv);
  request.max_output_bytes = 5;
  CHECK(stub_script(&stub, "tool", "printf 12345"));
  struct azl_op *op = azl_child_run(loop, &request);
  CHECK(stub_wait_op(loop, op));
  CHECK_STR(azl_child_result(op).out->data, "12345");
  azl_op_unref(op);
  finish();
}

/* How the end of the child is learnt. */
static void hang_with (bool no_pidfd, const char *script, int64_t then_ms) {
  static const char *const argv[] = {"tool", NULL};
  begin();
  struct azl_child_request request = request_for(argv);
  request.deadline_ms = azl_loop_now_ms(loop) + HOUR_MS;
  request.grace_ms = HOUR_MS;
  request.no_pidfd = no_pidfd;
  CHECK(stub_script(&stub, "tool", script));
  struct azl_op *op = azl_child_run(loop, &request);
  CHECK(stub_wait_file(loop, stub_path(&stub, "ready")));
  CHECK_INT(op->state, AZL_OP_PENDING);
  advance(HOUR_MS);
  CHECK(stub_wait_op(loop, op));
  check_failed(op, AZL_ERR_TIMEOUT, "Timeout");
  azl_op_unref(op);
  advance(then_ms);
  CHECK(stub_wait_idle(loop));
  CHECK(stub_no_children());
  finish();
}

static void test_a_child_that_hangs (void) {
  hang_with(false, ": > ready; exec sleep 1000", 0);
}

static void test_a_child_that_ignores_sigterm (void) {
  hang_with(false, "trap '' TERM; : > ready; exec sleep 1000", HOUR_MS);
}

static void test_systems_without_pidfd (void) {
  hang_with(true, ": > ready; exec sleep 1000", 0);
  hang_with(true, "trap '' TERM; : > ready; exec sleep 1000", HOUR_MS);
}

static void test_a_stopped_child (void) {
  hang_with(false, ": > ready; kill -STOP $$", HOUR_MS);
}

/* The fifo is readable to its end once nobody holds it open for writing. */
static bool fifo_ended (int fd) {
  struct pollfd pollfd = {.fd = fd, .events = POLLIN};
  return poll(&pollfd, 1, 60 * 1000) == 1 && (pollfd.revents & POLLHUP);
}

static void cancel_family (const char *script) {
  begin();
  CHECK(mkfifo(stub_path(&stub, "fifo"), 0600) == 0);
  int fd = open(stub_path(&stub, "fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct azl_op *op = start(script);
  CHECK(stub_wait_file(loop, stub_path(&stub, "ready")));
  azl_op_cancel(op);
  CHECK_STR(azl_op_state_name(op->state), "cancelled");
  azl_op_unref(op);
  CHECK(stub_wait_idle(loop));
  CHECK(stub_no_children());
  CHECK(fifo_ended(fd));
  close(fd);
  finish();
}

static void test_grandchildren_die_too (void) {
  cancel_family("(: > ready; exec sleep 1000) > fifo & wait");
}

/* The leader obeys SIGTERM, what it started does not. */
static void test_stubborn_grandchildren_die_too (void) {
  cancel_family("(trap '' TERM; : > ready; exec sleep 1000) > fifo & wait");
}

static void test_loop_free_kills_and_reaps (void) {
  begin();
  CHECK(mkfifo(stub_path(&stub, "fifo"), 0600) == 0);
  int fd = open(stub_path(&stub, "fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct azl_op *op =
      start("trap '' TERM; (: > ready; exec sleep 1000) > fifo & wait");
  CHECK(stub_wait_file(loop, stub_path(&stub, "ready")));
  azl_loop_free(loop);
  CHECK(stub_no_children());
  CHECK_STR(azl_op_state_name(op->state), "cancelled");
  CHECK(fifo_ended(fd));
  close(fd);
  azl_op_unref(op);
  loop = NULL;
  finish();
}

/* az leaves a telemetry process behind: its answer is there all the same. */
static void test_a_grandchild_that_keeps_the_pipe_open (void) {
  begin();
  struct azl_op *op = start("sleep 1000 & echo $!");
  CHECK(stub_wait_op(loop, op));
  struct azl_child_result result = azl_child_result(op);
  CHECK_INT(result.exit_code, 0);
  CHECK(result.out->len > 1);
  int pid = result.out->data ? (int)strtol(result.out->data, NULL, 10) : 0;
  if (CHECK(pid > 1)) CHECK_INT(kill(pid, SIGKILL), 0);
  azl_op_unref(op);
  finish();
}

static void test_stdin_cwd_and_environment (void) {
  static const char *const argv[] = {"tool", NULL};
  static const char *const env[] = {"AZL_TEST=new", "AZL_EMPTY=", NULL};
  begin();
  setenv("AZL_TEST", "old", 1);
  setenv("AZL_TEST2", "kept", 1);
  struct azl_child_request request = request_for(argv);
  request.env = env;
  request.cwd = "/";
  FILE *file = fopen(stub_path(&stub, "tool"), "we");
  fputs("#!/bin/sh\nread line || printf 'eof '\n"
        "echo $(pwd) $AZL_TEST $AZL_TEST2 ${AZL_EMPTY-unset}.",
        file);
  fclose(file);
  chmod(stub_path(&stub, "tool"), 0755);
  struct azl_op *op = azl_child_run(loop, &request);
  CHECK(stub_wait_op(loop, op));
  CHECK_STR(azl_child_result(op).out->data, "eof / new kept .\n");
  azl_op_unref(op);
  unsetenv("AZL_TEST");
  unsetenv("AZL_TEST2");
  finish();
}

static void test_another_environment (void) {
  static const char *const argv[] = {"tool", NULL};
  static const char *const base[] = {"AZL_A=1", "AZL_AB=2", "AZL_C=3", NULL};
  static const char *const changes[] = {"AZL_A", "AZL_C=4", "AZL_D", NULL};
  begin();
  setenv("AZL_D", "ours", 1);
  CHECK(stub_script(&stub, "tool",
                    "echo ${AZL_A-unset} $AZL_AB $AZL_C ${AZL_D-unset}."));
  struct azl_child_request request = request_for(argv);
  request.base_env = base;
  request.env = changes;
  struct azl_op *op = azl_child_run(loop, &request);
  CHECK(stub_wait_op(loop, op));
  CHECK_STR(azl_child_result(op).out->data, "unset 2 4 unset.\n");
  azl_op_unref(op);
  request.base_env = NULL;
  op = azl_child_run(loop, &request);
  CHECK(stub_wait_op(loop, op));
  CHECK_STR(azl_child_result(op).out->data, "unset 4 unset.\n");
  azl_op_unref(op);
  unsetenv("AZL_D");
  finish();
}

static void test_signals_of_the_host_stay_with_the_host (void) {
  static const struct {
    const char *script;
    int signal;
  } rows[] = {{"kill -TERM $$; echo alive", SIGTERM},
              {"kill -PIPE $$; echo alive", SIGPIPE}};
  sigset_t blocked, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &old);
  void (*before)(int) = signal(SIGPIPE, SIG_IGN);
  begin();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].script);
    struct azl_op *op = start(rows[i].script);
    CHECK(stub_wait_op(loop, op));
    CHECK_INT(azl_child_result(op).signal, rows[i].signal);
    azl_op_unref(op);
  }
  finish();
  signal(SIGPIPE, before);
  sigprocmask(SIG_SETMASK, &old, NULL);
}

static void test_descriptors_of_the_host_stay_with_the_host (void) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
  begin();
  int fd = open("/dev/null", O_RDWR); /* inheritable on purpose */
  CHECK(dup2(fd, 9) == 9);
  struct azl_op *op = start("for i in 3 4 5 6 7 8 9; do\n"
                            "( eval \": >&$i\" ) 2>/dev/null && echo has $i\n"
                            "done; echo end");
  CHECK(stub_wait_op(loop, op));
  CHECK_STR(azl_child_result(op).out->data, "end\n");
  close(9);
  close(fd);
  azl_op_unref(op);
  finish();
#endif
}

static void test_a_host_without_standard_streams (void) {
  begin();
  int saved_in = fcntl(0, F_DUPFD_CLOEXEC, 10);
  int saved_err = fcntl(2, F_DUPFD_CLOEXEC, 10);
  close(0);
  close(2);
  struct azl_op *op = start("echo out; echo err >&2; read x || echo eof");
  CHECK(stub_wait_op(loop, op));
  CHECK_STR(azl_child_result(op).out->data, "out\neof\n");
  CHECK_STR(azl_child_result(op).err->data, "err\n");
  azl_op_unref(op);
  finish();
  dup2(saved_in, 0);
  dup2(saved_err, 2);
  close(saved_in);
  close(saved_err);
}

static void test_a_host_that_takes_our_exit_status (void) {
  void (*before)(int) = signal(SIGCHLD, SIG_IGN);
  for (int i = 0; i < 2; i++) {
    static const char *const argv[] = {"tool", NULL};
    CHECK_ROW(i ? "polling" : "pidfd");
    begin();
    struct azl_child_request request = request_for(argv);
    request.no_pidfd = i == 1;
    CHECK(stub_script(&stub, "tool", "echo done; exit 5"));
    struct azl_op *op = azl_child_run(loop, &request);
    CHECK(stub_wait_op(loop, op));
    CHECK_STR(azl_op_state_name(op->state), "done");
    CHECK(!azl_child_result(op).exit_known);
    CHECK_INT(azl_child_result(op).exit_code, -1);
    CHECK_STR(azl_child_result(op).out->data, "done\n");
    azl_op_unref(op);
    finish();
  }
  signal(SIGCHLD, before);
}

static void test_many_beside_one_that_hangs (void) {
  enum { MANY = 30 };
  struct azl_op *ops[MANY];
  begin();
  struct azl_op *hanging = start(": > ready; exec sleep 1000");
  CHECK(stub_wait_file(loop, stub_path(&stub, "ready")));
  for (int i = 0; i < MANY; i++) ops[i] = start("echo $$");
  for (int i = 0; i < MANY; i++) {
    CHECK(stub_wait_op(loop, ops[i]));
    CHECK_INT(azl_child_result(ops[i]).exit_code, 0);
    azl_op_unref(ops[i]);
  }
  CHECK_INT(hanging->state, AZL_OP_PENDING);
  azl_op_unref(hanging);
  finish();
}

static void test_cancel_before_the_start_failed (void) {
  static const char *const argv[] = {"azl-no-such-program", NULL};
  begin();
  struct azl_child_request request = request_for(argv);
  struct azl_op *op = azl_child_run(loop, &request);
  azl_op_cancel(op);
  CHECK_STR(azl_op_state_name(op->state), "cancelled");
  azl_op_unref(op);
  CHECK(stub_wait_idle(loop));
  finish();
}

static void run_once (void) {
  static const char *const argv[] = {"true", NULL};
  struct azl_child_request request = {
      .argv = argv, .search_path = "/usr/bin:/bin", .deadline_ms = -1};
  struct azl_loop *own = azl_loop_new(NULL);
  if (!own) return;
  request.deadline_ms = azl_loop_now_ms(own) + HOUR_MS;
  struct azl_op *op = azl_child_run(own, &request);
  if (op) CHECK(stub_wait_op(own, op));
  azl_op_unref(op);
  azl_loop_free(own);
  CHECK(stub_no_children());
}

static void test_out_of_memory (void) {
  check_out_of_memory(run_once);
}

int main (void) {
  RUN_TESTS(
      TEST(test_output_and_exit_code), TEST(test_no_shell_sees_the_arguments),
      TEST(test_a_child_that_kills_itself), TEST(test_what_cannot_start),
      TEST(test_a_missing_interpreter), TEST(test_the_first_on_the_path_wins),
      TEST(test_a_hundred_megabytes), TEST(test_output_of_exactly_the_maximum),
      TEST(test_a_child_that_hangs), TEST(test_a_child_that_ignores_sigterm),
      TEST(test_systems_without_pidfd), TEST(test_a_stopped_child),
      TEST(test_grandchildren_die_too),
      TEST(test_stubborn_grandchildren_die_too),
      TEST(test_loop_free_kills_and_reaps),
      TEST(test_a_grandchild_that_keeps_the_pipe_open),
      TEST(test_stdin_cwd_and_environment), TEST(test_another_environment),
      TEST(test_signals_of_the_host_stay_with_the_host),
      TEST(test_descriptors_of_the_host_stay_with_the_host),
      TEST(test_a_host_without_standard_streams),
      TEST(test_a_host_that_takes_our_exit_status),
      TEST(test_many_beside_one_that_hangs),
      TEST(test_cancel_before_the_start_failed), TEST(test_out_of_memory));
}
