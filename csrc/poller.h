#ifndef AZL_POLLER_H
#define AZL_POLLER_H

#include <stdbool.h>
#include <stdint.h>
#include "mem.h"

enum { AZL_READ = 1, AZL_WRITE = 2 };

typedef void (*azl_fd_fn)(void *ctx, int events);

/* Readiness of file descriptors behind one interface: epoll where there is
   one, poll(2) elsewhere. Changes are gathered and given to the kernel once
   per wait. */
struct azl_poller;

/* name: "epoll", "poll" or NULL for the best one here. NULL back: not
   available, or out of memory or descriptors. */
struct azl_poller *azl_poller_new (const char *name);
void azl_poller_free (struct azl_poller *poller);
const char *azl_poller_name (const struct azl_poller *poller);

/* Watches fd for events (AZL_READ | AZL_WRITE); 0 forgets it, which must
   happen before the fd is closed. A second call replaces the first. */
AZL_MUST_CHECK bool azl_poller_set (struct azl_poller *poller, int fd,
                                    int events, azl_fd_fn fn, void *ctx);

/* Watches fd no longer, and tells the kernel so with the next changes: where
   it is watched again before, the kernel hears of neither. Calls no fn any
   more. Only for an fd that stays open, or that is forgotten (as above) before
   it is closed. */
void azl_poller_release (struct azl_poller *poller, int fd);

/* Calls fn for each ready fd after waiting at most timeout_ms (-1: no limit).
   Returns how many were ready. fn may watch and forget any fd. */
int azl_poller_wait (struct azl_poller *poller, int timeout_ms);

/* One fd that is readable when any watched fd is ready, or -1 (poll). Gives
   gathered changes to the kernel first. */
int azl_poller_fd (struct azl_poller *poller);

/* Makes that fd readable also after delay_ms, until the next call; -1 ends
   it. false: this backend cannot, or there is no descriptor left. */
AZL_MUST_CHECK bool azl_poller_alarm (struct azl_poller *poller,
                                      int64_t delay_ms);

/* How many descriptors are watched. */
int azl_poller_count (const struct azl_poller *poller);

#endif
