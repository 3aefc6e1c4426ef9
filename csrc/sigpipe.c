/* Keeps SIGPIPE away from the process while libcurl writes. */
#include "sigpipe.h"
#include "curl_once.h"

#include <errno.h>
#include <stddef.h>

enum { FIRST_WITHOUT = 0x075800 };

bool azl_sigpipe_needed (void) {
  return azl_curl_info()->version_num < FIRST_WITHOUT;
}

static void only_sigpipe (sigset_t *out) {
  sigemptyset(out);
  sigaddset(out, SIGPIPE);
}

static bool waits (void) {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void azl_sigpipe_block (struct azl_sigpipe *self) {
  sigset_t set;
  only_sigpipe(&set);
  self->waited_before = waits();
  self->held = pthread_sigmask(SIG_BLOCK, &set, &self->mask) == 0;
}

void azl_sigpipe_restore (struct azl_sigpipe *self) {
  int error = errno, number;
  sigset_t set;
  only_sigpipe(&set);
  if (!self->waited_before && waits()) (void)sigwait(&set, &number);
  pthread_sigmask(SIG_SETMASK, &self->mask, NULL);
  errno = error;
}
