#ifndef AZL_CHILD_H
#define AZL_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "op.h"

/* A program to run and listen to. Copied where it must live on. */
struct azl_child_request {
  const char *const *argv; /* NULL ends it; argv[0] is looked up, no shell */
  const char *search_path; /* like PATH; NULL: PATH of this process */
  const char *const *base_env; /* instead of our environment; NULL: ours */
  const char *const *env;      /* changes to it, see program.h; or NULL */
  const char *cwd;             /* NULL: stays where we are */
  size_t max_output_bytes;     /* of stdout and of stderr; 0: 1 MiB */
  int64_t deadline_ms;         /* on the loop's clock, -1: none */
  int64_t grace_ms;            /* from SIGTERM to SIGKILL; 0: 2 s; -1: none */
  bool secret;                 /* wipe the output */
  bool no_pidfd;               /* see process.h */
};

/* What came back. out and err are NUL-terminated or have data NULL. */
struct azl_child_result {
  bool exit_known; /* false: the host reaped our child before us */
  int exit_code;   /* -1: ended by a signal, or not known */
  int signal;
  const struct azl_buf *out, *err;
};

/* Runs it with stdin empty. Done: it ended, well or not. Failed, always in a
   later turn: "NotFound" (no such program), "NotStarted", "OutputTooLarge"
   (kind protocol), "Timeout" (kind timeout), "OutOfMemory". What has not ended
   by then, or is cancelled, gets SIGTERM and SIGKILL with its whole process
   group, and is reaped by the loop. Only memory makes it NULL. */
struct azl_op *azl_child_run (struct azl_loop *loop,
                              const struct azl_child_request *request);

/* Of a done operation. Borrowed, lives with it. */
struct azl_child_result azl_child_result (const struct azl_op *op);

#endif
