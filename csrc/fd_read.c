/* Reading from a descriptor as an operation. */
#include "fd_read.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 16384 };

struct fd_read {
  struct azl_op op;
  struct azl_defer ready_now;
  int fd;
  size_t max_bytes;
  bool watching;
  struct azl_buf data;
};

static void stop_watching (struct fd_read *self) {
  if (self->watching) azl_loop_forget(self->op.loop, self->fd);
  self->watching = false;
}

static void read_cancel (struct azl_op *op) {
  struct fd_read *self = AZL_CONTAINER(op, struct fd_read, op);
  stop_watching(self);
  azl_loop_defer_stop(&self->ready_now);
}

static void read_destroy (struct azl_op *op) {
  struct fd_read *self = AZL_CONTAINER(op, struct fd_read, op);
  azl_buf_free_secret(&self->data);
  azl_free(self);
}

static const struct azl_op_class read_class = {
    .name = "read",
    .cancel = read_cancel,
    .destroy = read_destroy,
};

static void finish (struct fd_read *self, struct azl_err *err) {
  stop_watching(self);
  azl_op_finish(&self->op, err);
}

static void fail (struct fd_read *self, const char *why) {
  finish(self, azl_err_new(AZL_ERR_TRANSPORT, "ReadFailed",
                           "reading descriptor %d failed: %s", self->fd, why));
}

static void on_events (void *ctx, int events);

static void watch (struct fd_read *self) {
  if (self->watching) return;
  self->watching =
      azl_loop_watch(self->op.loop, self->fd, AZL_READ, on_events, self);
  if (!self->watching) finish(self, azl_err_oom());
}

/* There is something, or the end: a blocking descriptor does not block. */
static void read_now (void *ctx) {
  struct fd_read *self = ctx;
  char bytes[CHUNK_BYTES];
  size_t wanted = self->max_bytes < CHUNK_BYTES ? self->max_bytes : CHUNK_BYTES;
  ssize_t got = read(self->fd, bytes, wanted);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    watch(self);
    return;
  }
  if (got < 0) {
    fail(self, strerror(errno));
    return;
  }
  bool kept = azl_buf_add(&self->data, bytes, (size_t)got);
  azl_wipe(bytes, (size_t)got);
  finish(self, kept ? NULL : azl_err_oom());
}

static void on_events (void *ctx, int events) {
  (void)events;
  read_now(ctx);
}

static bool has_reader (struct azl_loop *loop, int fd) {
  struct azl_list *ops = azl_loop_ops(loop);
  for (struct azl_list *at = ops->next; at != ops; at = at->next) {
    struct azl_op *op = AZL_CONTAINER(at, struct azl_op, node);
    if (op->cls != &read_class) continue;
    if (AZL_CONTAINER(op, struct fd_read, op)->fd == fd) return true;
  }
  return false;
}

/* epoll refuses files and some devices, which are always ready: those are
   read in the next turn. */
static void begin (struct fd_read *self) {
  struct pollfd asked = {.fd = self->fd, .events = POLLIN};
  if (poll(&asked, 1, 0) == 0)
    watch(self);
  else if (asked.revents & POLLNVAL)
    fail(self, "it is not open");
  else
    azl_loop_defer(self->op.loop, &self->ready_now);
}

struct azl_op *azl_fd_read (struct azl_loop *loop, int fd, size_t max_bytes) {
  bool busy = has_reader(loop, fd);
  struct fd_read *self = azl_calloc(1, sizeof(*self));
  if (!self) return NULL;
  azl_op_init(&self->op, &read_class, loop);
  azl_defer_init(&self->ready_now, read_now, self);
  azl_buf_init(&self->data, CHUNK_BYTES);
  self->fd = fd;
  self->max_bytes = max_bytes > 0 ? max_bytes : CHUNK_BYTES;
  if (busy)
    finish(self, azl_err_new(AZL_ERR_REFUSED, "Busy",
                             "descriptor %d is being read already", fd));
  else
    begin(self);
  return &self->op;
}

const struct azl_buf *azl_fd_read_result (const struct azl_op *op) {
  return &((const struct fd_read *)(const void *)op)->data;
}
