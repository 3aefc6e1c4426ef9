/* Reading descriptors: pipes that fill later, files, the end, two readers. */
#include <fcntl.h>
#include <unistd.h>
#include "check.h"
#include "fd_read.h"

static void turn_until_done (struct azl_loop *loop, const struct azl_op *op) {
  for (int i = 0; op->state == AZL_OP_PENDING && CHECK(i < 1000); i++)
    azl_loop_turn(loop, 100);
}

static void check_text (const struct azl_op *op, const char *want) {
  const struct azl_buf *bytes = azl_fd_read_result(op);
  CHECK_INT(op->state, AZL_OP_DONE);
  CHECK_INT(bytes->len, strlen(want));
  if (*want) CHECK_STR(bytes->data, want);
}

static void with_each_poller (void (*fn)(struct azl_loop *)) {
  static const char *const names[] = {"epoll", "poll"};
  for (size_t i = 0; i < 2; i++) {
    struct azl_loop *loop = azl_loop_new(names[i]);
    if (!loop) continue; /* epoll is Linux only */
    CHECK_ROW(names[i]);
    fn(loop);
    CHECK_ROW(NULL);
    azl_loop_free(loop);
  }
}

static void read_pipe (struct azl_loop *loop) {
  int fds[2];
  CHECK_INT(pipe(fds), 0);
  struct azl_op *op = azl_fd_read(loop, fds[0], 4);
  azl_loop_turn(loop, 0);
  CHECK_INT(op->state, AZL_OP_PENDING);
  CHECK_INT(write(fds[1], "abcdef", 6), 6);
  turn_until_done(loop, op);
  check_text(op, "abcd");
  azl_op_unref(op);
  op = azl_fd_read(loop, fds[0], 0);
  CHECK_INT(op->state, AZL_OP_PENDING); /* there is something, told later */
  turn_until_done(loop, op);
  check_text(op, "ef");
  azl_op_unref(op);
  op = azl_fd_read(loop, fds[0], 0);
  close(fds[1]);
  turn_until_done(loop, op);
  check_text(op, "");
  azl_op_unref(op);
  close(fds[0]);
}

static void read_file_and_device (struct azl_loop *loop) {
  char path[] = "/tmp/azl_fd_read_XXXXXX";
  int fd = mkstemp(path), null_fd = open("/dev/null", O_RDONLY);
  CHECK_INT(write(fd, "text", 4), 4);
  CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
  static const char *const wanted[] = {"text", "", ""};
  for (int i = 0; i < 3; i++) {
    struct azl_op *op = azl_fd_read(loop, i < 2 ? fd : null_fd, 0);
    turn_until_done(loop, op);
    check_text(op, wanted[i]);
    azl_op_unref(op);
  }
  close(null_fd);
  close(fd);
  unlink(path);
}

static void refuse_second_reader (struct azl_loop *loop) {
  int fds[2];
  CHECK_INT(pipe(fds), 0);
  struct azl_op *first = azl_fd_read(loop, fds[0], 0);
  struct azl_op *second = azl_fd_read(loop, fds[0], 0);
  CHECK_INT(second->state, AZL_OP_FAILED);
  CHECK_STR(second->err->code, "Busy");
  azl_op_unref(second);
  azl_op_cancel(first);
  azl_op_unref(first);
  struct azl_op *third = azl_fd_read(loop, fds[0], 0);
  CHECK_INT(write(fds[1], "x", 1), 1);
  turn_until_done(loop, third);
  check_text(third, "x");
  azl_op_unref(third);
  close(fds[0]);
  close(fds[1]);
}

static void say_what_failed (struct azl_loop *loop) {
  int fds[2];
  CHECK_INT(pipe(fds), 0);
  close(fds[0]);
  struct azl_op *op = azl_fd_read(loop, fds[0], 0);
  CHECK_STR(op->err->code, "ReadFailed");
  azl_op_unref(op);
  op = azl_fd_read(loop, fds[1], 0); /* the end that is written to */
  turn_until_done(loop, op);
  CHECK_INT(op->state, AZL_OP_FAILED);
  CHECK_STR(op->err->code, "ReadFailed");
  azl_op_unref(op);
  close(fds[1]);
}

static void reads_pipes (void) {
  with_each_poller(read_pipe);
}
static void reads_files_and_devices (void) {
  with_each_poller(read_file_and_device);
}
static void refuses_a_second_reader (void) {
  with_each_poller(refuse_second_reader);
}
static void says_what_failed (void) {
  with_each_poller(say_what_failed);
}

static void once_without_memory (void) {
  int fds[2];
  struct azl_loop *loop = azl_loop_new(NULL);
  if (!loop) return;
  if (pipe(fds) != 0) return;
  struct azl_op *op = azl_fd_read(loop, fds[0], 0);
  if (op && write(fds[1], "x", 1) == 1) azl_loop_turn(loop, 0);
  azl_op_unref(op);
  azl_loop_free(loop);
  close(fds[0]);
  close(fds[1]);
}

static void survives_out_of_memory (void) {
  check_out_of_memory(once_without_memory);
}

int main (void) {
  RUN_TESTS(TEST(reads_pipes), TEST(reads_files_and_devices),
            TEST(refuses_a_second_reader), TEST(says_what_failed),
            TEST(survives_out_of_memory));
}
