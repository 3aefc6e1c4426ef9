/* Running a program for its output: two pipes, their limits, a deadline. Its
   life and death are process.c's. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "process.h"
#include "program.h"

enum {
  DEFAULT_GRACE_MS = 2000,
  DEFAULT_MAX_BYTES = 1024 * 1024,
  CHUNK_BYTES = 16 * 1024,
  CHUNKS_PER_TURN = 4 /* other work gets its turn, whatever a child writes */
};

struct stream {
  struct child *child;
  int fd; /* our end; -1: closed */
  struct azl_buf buf;
};

struct child {
  struct azl_op op;
  struct azl_op *process; /* NULL before it started and after it ended */
  struct azl_process_exit exit;
  struct stream out, err;
  struct azl_timer deadline;
  struct azl_defer start_failed;
  struct azl_err *start_err;
  int64_t grace_ms;
  char *name;
  bool secret;
};

static struct child *child_of (struct azl_op *op) {
  return AZL_CONTAINER(op, struct child, op);
}

static void close_fd (int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void close_stream (struct stream *stream) {
  bool forgotten;
  if (stream->fd < 0) return;
  forgotten = azl_loop_watch(stream->child->op.loop, stream->fd, 0, NULL, NULL);
  (void)forgotten; /* cannot fail */
  close_fd(&stream->fd);
}

/* Lets go of everything that could still call back. */
static void tear_down (struct child *child) {
  close_stream(&child->out);
  close_stream(&child->err);
  azl_loop_timer_stop(child->op.loop, &child->deadline);
  azl_loop_defer_stop(&child->start_failed);
  if (!child->process) return;
  azl_op_listen(child->process, NULL, NULL);
  azl_process_stop(child->process, child->grace_ms);
  azl_op_unref(child->process);
  child->process = NULL;
}

static void end (struct child *child, struct azl_err *err) {
  tear_down(child);
  azl_op_finish(&child->op, err);
}

static void child_cancel (struct azl_op *op) {
  tear_down(child_of(op));
}

static void free_buf (struct child *child, struct azl_buf *buf) {
  if (child->secret)
    azl_buf_free_secret(buf);
  else
    azl_buf_free(buf);
}

static void child_destroy (struct azl_op *op) {
  struct child *child = child_of(op);
  free_buf(child, &child->out.buf);
  free_buf(child, &child->err.buf);
  azl_err_free(child->start_err);
  azl_free(child->name);
  azl_free(child);
}

static const struct azl_op_class child_class = {"child process", child_cancel,
                                                child_destroy};

static struct azl_err *refused_bytes (const struct stream *stream, size_t len) {
  if (stream->buf.len + len <= stream->buf.max_bytes) return azl_err_oom();
  return azl_err_new(AZL_ERR_PROTOCOL, "OutputTooLarge",
                     "%s wrote more than %zu bytes and was stopped",
                     stream->child->name, stream->buf.max_bytes);
}

enum read_state { READ_MORE, READ_WAIT, READ_FAILED };

/* One read. READ_FAILED: *out_err is set. */
static enum read_state read_once (struct stream *stream,
                                  struct azl_err **out_err) {
  char chunk[CHUNK_BYTES];
  ssize_t len;
  bool kept = true;
  do len = read(stream->fd, chunk, sizeof chunk);
  while (len < 0 && errno == EINTR);
  if (len < 0 && errno == EAGAIN) return READ_WAIT;
  if (len <= 0) {
    close_stream(stream);
    return READ_WAIT;
  }
  kept = azl_buf_add(&stream->buf, chunk, (size_t)len);
  if (stream->child->secret) azl_wipe(chunk, (size_t)len);
  if (kept) return READ_MORE;
  *out_err = refused_bytes(stream, (size_t)len);
  return READ_FAILED;
}

static void on_output (void *ctx, int events) {
  struct stream *stream = ctx;
  struct azl_err *err = NULL;
  enum read_state state = READ_MORE;
  int left = CHUNKS_PER_TURN;
  (void)events;
  while (state == READ_MORE && left-- > 0) state = read_once(stream, &err);
  if (state == READ_FAILED) end(stream->child, err);
}

/* What the child wrote before it ended. The end of the pipe is not waited
   for: a grandchild in the background may hold it open for hours. */
static struct azl_err *drain (struct stream *stream) {
  struct azl_err *err = NULL;
  enum read_state state = READ_MORE;
  while (state == READ_MORE && stream->fd >= 0) state = read_once(stream, &err);
  return err;
}

static void on_process_end (void *ctx, struct azl_op *op) {
  struct child *child = ctx;
  struct azl_err *err = NULL;
  child->exit = azl_process_exit(op);
  azl_op_unref(child->process);
  child->process = NULL;
  if (op->state != AZL_OP_DONE)
    err = azl_err_copy(op->err);
  else if (!(err = drain(&child->out)))
    err = drain(&child->err);
  end(child, err);
}

static void on_deadline (void *ctx) {
  struct child *child = ctx;
  end(child,
      azl_err_new(AZL_ERR_TIMEOUT, "Timeout",
                  "%s did not finish in time and was stopped", child->name));
}

static void on_start_failed (void *ctx) {
  struct child *child = ctx;
  struct azl_err *err = child->start_err;
  child->start_err = NULL;
  end(child, err);
}

static bool set_flags (int fd, bool nonblocking) {
  int flags = fcntl(fd, F_GETFL);
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return false;
  return !nonblocking || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* A host may have closed its own 0, 1 or 2, and a pipe that got one of these
   numbers would be overwritten on its way into the child. */
static bool lift (int *fd) {
  int lifted;
  if (*fd > 2) return true;
  lifted = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
  close_fd(fd);
  *fd = lifted;
  return lifted >= 0;
}

static bool open_pipe (int *out_ours, int *out_theirs) {
  int ends[2];
#ifdef __linux__
  if (pipe2(ends, O_CLOEXEC) < 0) return false;
#else
  if (pipe(ends) < 0) return false;
#endif
  *out_ours = ends[0];
  *out_theirs = ends[1];
  return lift(out_ours) && lift(out_theirs) && set_flags(*out_ours, true) &&
         set_flags(*out_theirs, false);
}

static struct azl_err *not_started (const struct child *child, int reason) {
  if (reason == ENOMEM) return azl_err_oom();
  if (reason == ENOENT)
    return azl_err_new(AZL_ERR_TRANSPORT, "NotFound",
                       "no program named %s was found on PATH", child->name);
  return azl_err_new(AZL_ERR_TRANSPORT, "NotStarted", "cannot start %s: %s",
                     child->name, strerror(reason));
}

static bool listen_to (struct stream *stream) {
  return azl_loop_watch(stream->child->op.loop, stream->fd, AZL_READ, on_output,
                        stream);
}

/* Pipes, then the process. Their ends are closed here in any case. */
static struct azl_err *spawn (struct child *child,
                              const struct azl_child_request *request,
                              struct azl_process_spec *spec) {
  struct azl_err *err = NULL;
  if (!open_pipe(&child->out.fd, &spec->out_fd) ||
      !open_pipe(&child->err.fd, &spec->err_fd))
    err = not_started(child, errno);
  else if (!listen_to(&child->out) || !listen_to(&child->err))
    err = azl_err_oom();
  if (!err) {
    spec->argv = request->argv;
    spec->cwd = request->cwd;
    spec->no_pidfd = request->no_pidfd;
    child->process = azl_process_spawn(child->op.loop, spec, &err);
  }
  close_fd(&spec->out_fd);
  close_fd(&spec->err_fd);
  return err;
}

static struct azl_err *start (struct child *child,
                              const struct azl_child_request *request) {
  const char *search_path =
      request->search_path ? request->search_path : getenv("PATH");
  struct azl_process_spec spec = {.out_fd = -1, .err_fd = -1};
  char *path = NULL;
  char **env = azl_program_env(request->base_env, request->env);
  int reason = azl_program_find(child->name, search_path, &path);
  struct azl_err *err = NULL;
  if (reason || !env) {
    err = not_started(child, env ? reason : ENOMEM);
  } else {
    spec.path = path;
    spec.env = env;
    err = spawn(child, request, &spec);
  }
  azl_free(env);
  azl_free(path);
  return err;
}

static void init_stream (struct child *child, struct stream *stream,
                         size_t max_bytes) {
  stream->child = child;
  stream->fd = -1;
  azl_buf_init(&stream->buf, max_bytes ? max_bytes : DEFAULT_MAX_BYTES);
}

static struct child *new_child (struct azl_loop *loop,
                                const struct azl_child_request *request) {
  struct child *child = azl_calloc(1, sizeof *child);
  if (!child) return NULL;
  child->name = azl_strdup(request->argv[0]);
  if (!child->name) {
    azl_free(child);
    return NULL;
  }
  child->secret = request->secret;
  child->grace_ms = request->grace_ms ? request->grace_ms : DEFAULT_GRACE_MS;
  if (child->grace_ms < 0) child->grace_ms = 0;
  init_stream(child, &child->out, request->max_output_bytes);
  init_stream(child, &child->err, request->max_output_bytes);
  azl_timer_init(&child->deadline, on_deadline, child);
  azl_defer_init(&child->start_failed, on_start_failed, child);
  azl_op_init(&child->op, &child_class, loop);
  return child;
}

struct azl_op *azl_child_run (struct azl_loop *loop,
                              const struct azl_child_request *request) {
  struct child *child = new_child(loop, request);
  if (!child) return NULL;
  if (request->deadline_ms >= 0 &&
      !azl_loop_timer(loop, &child->deadline, request->deadline_ms))
    child->start_err = azl_err_oom();
  else
    child->start_err = start(child, request);
  if (child->start_err)
    azl_loop_defer(loop, &child->start_failed);
  else
    azl_op_listen(child->process, on_process_end, child);
  return &child->op;
}

struct azl_child_result azl_child_result (const struct azl_op *op) {
  const struct child *child = AZL_CONTAINER(op, const struct child, op);
  struct azl_child_result result = {
      .exit_known = child->exit.known,
      .exit_code = child->exit.known ? child->exit.exit_code : -1,
      .signal = child->exit.signal,
      .out = &child->out.buf,
      .err = &child->err.buf,
  };
  return result;
}
