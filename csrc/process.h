#ifndef AZL_PROCESS_H
#define AZL_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include "op.h"

/* What to start. Borrowed for the call. */
struct azl_process_spec {
  const char *path;        /* absolute */
  const char *const *argv; /* NULL ends it */
  char *const *env;        /* NULL ends it */
  const char *cwd;         /* NULL: stays where we are */
  int out_fd, err_fd;      /* its stdout and stderr; stdin is /dev/null */
  bool no_pidfd; /* ask for its end from time to time, as systems without
                    pidfd_open must: for tests */
};

/* How it ended. */
struct azl_process_exit {
  bool known;    /* false: the host took its exit status from us */
  int exit_code; /* -1: ended by a signal */
  int signal;
};

/* One child process, leader of its own process group, with no signal blocked
   or ignored and no other descriptor of ours. The operation is done once it
   was reaped. Cancelling it, which azl_loop_free does, kills the group and
   reaps on the spot; that is the only call here that waits. NULL: *out_err
   says why (code "NotStarted"). */
struct azl_op *azl_process_spawn (struct azl_loop *loop,
                                  const struct azl_process_spec *spec,
                                  struct azl_err **out_err);

/* SIGTERM to the group now and SIGKILL after grace_ms, or as soon as the
   leader ended: grandchildren must not outlive what asked for them. The
   operation goes on until the leader is reaped. A second call changes
   nothing. */
void azl_process_stop (struct azl_op *op, int64_t grace_ms);

/* Of a done operation. */
struct azl_process_exit azl_process_exit (const struct azl_op *op);

#endif
