/* One child process from its start to its last waitpid. It is an operation of
   its own, so that it is still looked after when whoever asked for it has lost
   interest. There is no SIGCHLD handler: the signal belongs to the host. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

enum { FIRST_POLL_MS = 4, LAST_POLL_MS = 128 };

struct process {
  struct azl_op op;
  pid_t pid; /* 0: reaped */
  int pidfd; /* -1: poll_timer asks instead */
  bool stopping;
  int64_t poll_ms;
  struct azl_timer poll_timer;
  struct azl_timer kill_timer;
  struct azl_process_exit exit;
};

static struct process *process_of (struct azl_op *op) {
  return AZL_CONTAINER(op, struct process, op);
}

/* Only while the leader is not reaped: until then nobody else can get its
   number. */
static void signal_group (struct process *process, int number) {
  if (process->pid > 0) (void)kill(-process->pid, number);
}

static void forget_pidfd (struct process *process) {
  bool forgotten;
  if (process->pidfd < 0) return;
  forgotten = azl_loop_watch(process->op.loop, process->pidfd, 0, NULL, NULL);
  (void)forgotten; /* cannot fail */
  close(process->pidfd);
  process->pidfd = -1;
}

/* Takes the exit status; with flags 0 it waits for it. */
static void collect (struct process *process, int flags) {
  int status = 0;
  pid_t got;
  do got = waitpid(process->pid, &status, flags);
  while (got < 0 && errno == EINTR);
  process->exit.known = got == process->pid;
  process->exit.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  process->exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  process->pid = 0;
  forget_pidfd(process);
  azl_loop_timer_stop(process->op.loop, &process->poll_timer);
  azl_loop_timer_stop(process->op.loop, &process->kill_timer);
  azl_loop_busy(process->op.loop, -1);
}

/* Whether the leader ended. It stays a zombie here, which keeps its group's
   number ours for one last signal. */
static bool has_ended (struct process *process) {
  siginfo_t info;
  int rc;
  memset(&info, 0, sizeof info);
  do rc = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT);
  while (rc < 0 && errno == EINTR);
  return rc < 0 || info.si_pid == process->pid;
}

static void check_end (struct process *process) {
  if (!has_ended(process)) return;
  if (process->stopping) signal_group(process, SIGKILL);
  collect(process, WNOHANG);
  azl_op_finish(&process->op, NULL);
}

static void on_pidfd (void *ctx, int events) {
  (void)events;
  check_end(ctx);
}

/* false: out of memory. */
static bool poll_later (struct process *process) {
  int64_t now_ms = azl_loop_now_ms(process->op.loop);
  bool ok = azl_loop_timer(process->op.loop, &process->poll_timer,
                           now_ms + process->poll_ms);
  if (process->poll_ms < LAST_POLL_MS) process->poll_ms *= 2;
  return ok;
}

static void on_poll_timer (void *ctx) {
  struct process *process = ctx;
  azl_op_ref(&process->op);
  check_end(process);
  if (process->op.state == AZL_OP_PENDING && !poll_later(process))
    azl_op_cancel(&process->op); /* unwatched it would stay a zombie */
  azl_op_unref(&process->op);
}

static void on_kill_timer (void *ctx) {
  signal_group(ctx, SIGKILL);
}

static int open_pidfd (pid_t pid) {
#if defined(__linux__) && defined(SYS_pidfd_open)
  return (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
#else
  (void)pid;
  return -1;
#endif
}

static bool watch_end (struct process *process, bool no_pidfd) {
  process->pidfd = no_pidfd ? -1 : open_pidfd(process->pid);
  if (process->pidfd >= 0 && azl_loop_watch(process->op.loop, process->pidfd,
                                            AZL_READ, on_pidfd, process))
    return true;
  if (process->pidfd >= 0) close(process->pidfd);
  process->pidfd = -1;
  return poll_later(process);
}

static void process_cancel (struct azl_op *op) {
  struct process *process = process_of(op);
  if (process->pid <= 0) return;
  signal_group(process, SIGKILL);
  collect(process, 0);
}

static void process_destroy (struct azl_op *op) {
  azl_free(process_of(op));
}

static const struct azl_op_class process_class = {"process", process_cancel,
                                                  process_destroy};

/* stdin from nowhere, our two pipes, and nothing else that is open here. */
static int set_actions (posix_spawn_file_actions_t *actions,
                        const struct azl_process_spec *spec) {
  int rc =
      posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  if (!rc) rc = posix_spawn_file_actions_adddup2(actions, spec->out_fd, 1);
  if (!rc) rc = posix_spawn_file_actions_adddup2(actions, spec->err_fd, 2);
  if (!rc && spec->cwd)
    rc = posix_spawn_file_actions_addchdir_np(actions, spec->cwd);
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 34)
  /* a host's own descriptors are often not close-on-exec: io.open's are not */
  if (!rc) rc = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
#endif
  return rc;
}

/* What the host blocked or ignored is none of the child's business. */
static int set_attributes (posix_spawnattr_t *attributes) {
  short flags =
      POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  sigset_t none, all;
  int rc;
  sigemptyset(&none);
  sigfillset(&all);
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
  rc = posix_spawnattr_setpgroup(attributes, 0);
  if (!rc) rc = posix_spawnattr_setsigmask(attributes, &none);
  if (!rc) rc = posix_spawnattr_setsigdefault(attributes, &all);
  if (!rc) rc = posix_spawnattr_setflags(attributes, flags);
  return rc;
}

/* posix_spawn and not fork: it does not copy the page tables of a big host,
   and no code of ours runs between fork and exec. */
static int spawn (const struct azl_process_spec *spec, pid_t *out_pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int rc = posix_spawn_file_actions_init(&actions);
  if (rc) return rc;
  rc = posix_spawnattr_init(&attributes);
  if (rc) goto free_actions;
  rc = set_actions(&actions, spec);
  if (!rc) rc = set_attributes(&attributes);
  if (!rc)
    rc = posix_spawn(out_pid, spec->path, &actions, &attributes,
                     (char *const *)(const void *)spec->argv, spec->env);
  posix_spawnattr_destroy(&attributes);
free_actions:
  posix_spawn_file_actions_destroy(&actions);
  return rc;
}

struct azl_op *azl_process_spawn (struct azl_loop *loop,
                                  const struct azl_process_spec *spec,
                                  struct azl_err **out_err) {
  struct process *process = azl_calloc(1, sizeof *process);
  int rc = process ? spawn(spec, &process->pid) : ENOMEM;
  if (rc) {
    azl_free(process);
    *out_err = rc == ENOMEM ? azl_err_oom()
                            : azl_err_new(AZL_ERR_TRANSPORT, "NotStarted",
                                          "cannot start %s: %s", spec->path,
                                          strerror(rc));
    return NULL;
  }
  process->pidfd = -1;
  process->poll_ms = FIRST_POLL_MS;
  azl_op_init(&process->op, &process_class, loop);
  azl_timer_init(&process->poll_timer, on_poll_timer, process);
  azl_timer_init(&process->kill_timer, on_kill_timer, process);
  azl_loop_busy(loop, 1);
  if (watch_end(process, spec->no_pidfd)) return &process->op;
  azl_op_cancel(&process->op);
  azl_op_unref(&process->op);
  *out_err = azl_err_oom();
  return NULL;
}

void azl_process_stop (struct azl_op *op, int64_t grace_ms) {
  struct process *process = process_of(op);
  if (op->state != AZL_OP_PENDING || process->stopping) return;
  process->stopping = true;
  signal_group(process, SIGTERM);
  if (!azl_loop_timer(op->loop, &process->kill_timer,
                      azl_loop_now_ms(op->loop) + grace_ms))
    signal_group(process, SIGKILL);
}

struct azl_process_exit azl_process_exit (const struct azl_op *op) {
  return AZL_CONTAINER(op, const struct process, op)->exit;
}
