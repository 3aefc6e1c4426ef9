#ifndef AZL_EMULATOR_WATCH_H
#define AZL_EMULATOR_WATCH_H

#include <microhttpd.h>
#include <sys/select.h>
#include "host_api.h"

/* The daemon's descriptors on the loop: its one epoll descriptor where there
   is such a thing, otherwise every socket it would select on. */
struct azl_daemon_watch {
  const struct azl_host_api *api;
  struct azl_loop *loop;
  struct MHD_Daemon *daemon;
  azl_fd_fn fn; /* called when any of them is ready */
  void *ctx;
  bool use_select;
  int epoll_fd; /* -1: not watched */
  fd_set reading, writing;
  int max_fd; /* -1: none */
};

/* Whether the daemon can have an epoll descriptor on this machine. */
bool azl_daemon_has_epoll (void);

/* false: out of memory; nothing is watched then. */
AZL_MUST_CHECK bool azl_daemon_watch_start (struct azl_daemon_watch *watch);

/* To be called each time the daemon has run: what it waits for has changed. */
void azl_daemon_watch_update (struct azl_daemon_watch *watch);

/* To be called before the daemon closes a connection's socket. */
void azl_daemon_watch_forget (struct azl_daemon_watch *watch, int fd);
void azl_daemon_watch_stop (struct azl_daemon_watch *watch);

#endif
