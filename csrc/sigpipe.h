#ifndef AZL_SIGPIPE_H
#define AZL_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

/* Before 7.88 libcurl lets OpenSSL write as it likes, and a TLS connection that
   the other side has left ends the process by SIGPIPE: with CURLOPT_NOSIGNAL,
   which threads need, libcurl leaves that signal to the program. What a program
   does about signals is no library's business: between these two calls SIGPIPE
   waits for this thread alone, and one that has come meanwhile is taken away.
 */
struct azl_sigpipe {
  sigset_t mask; /* as it was */
  bool held, waited_before;
};

/* Whether the libcurl of this process needs it. */
bool azl_sigpipe_needed (void);

/* The two, where they are needed. */
void azl_sigpipe_block (struct azl_sigpipe *self);
void azl_sigpipe_restore (struct azl_sigpipe *self);

/* needed: false makes both do nothing. Pairs may be one inside the other; the
   calls of a pair are made in the same thread. errno stays. */
static inline void azl_sigpipe_hold (struct azl_sigpipe *self, bool needed) {
  self->held = false;
  if (needed) azl_sigpipe_block(self);
}
static inline void azl_sigpipe_release (struct azl_sigpipe *self) {
  if (self->held) azl_sigpipe_restore(self);
}

#endif
