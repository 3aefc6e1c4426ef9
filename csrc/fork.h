#ifndef AZL_FORK_H
#define AZL_FORK_H

#include <stdbool.h>
#include <sys/types.h>

/* Remembers the process that made something which must not be used in a
   forked copy of it: there the kernel's side (epoll, connections) is still
   the parent's. */
struct azl_fork_mark {
  pid_t pid;
  volatile unsigned char *page; /* zeroed by fork where the kernel does that */
};

void azl_fork_mark_init (struct azl_fork_mark *mark);
void azl_fork_mark_free (struct azl_fork_mark *mark);

/* Whether this process is a fork of the one that made the mark. */
bool azl_fork_happened (const struct azl_fork_mark *mark);

#endif
