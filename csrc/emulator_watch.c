/* The daemon's descriptors on the loop. Linux has an epoll descriptor that
   stands for all of them; elsewhere (macOS) they are watched one by one. */
#include "emulator_watch.h"

bool azl_daemon_has_epoll (void) {
  return MHD_is_feature_supported(MHD_FEATURE_EPOLL) == MHD_YES;
}

static bool watch_fd (struct azl_daemon_watch *watch, int fd, int events) {
  return watch->api->watch(watch->loop, fd, events, watch->fn, watch->ctx);
}

static int events_of (int fd, const fd_set *reading, const fd_set *writing) {
  return (FD_ISSET(fd, reading) ? AZL_READ : 0) |
         (FD_ISSET(fd, writing) ? AZL_WRITE : 0);
}

static bool update_sockets (struct azl_daemon_watch *watch) {
  fd_set reading, writing, errors;
  int max_fd = -1, last;
  bool ok = true;
  FD_ZERO(&reading);
  FD_ZERO(&writing);
  FD_ZERO(&errors);
  if (MHD_get_fdset(watch->daemon, &reading, &writing, &errors, &max_fd) !=
      MHD_YES)
    return false;
  last = max_fd > watch->max_fd ? max_fd : watch->max_fd;
  for (int fd = 0; fd <= last; fd++) {
    int before = events_of(fd, &watch->reading, &watch->writing);
    int now = events_of(fd, &reading, &writing);
    if (now != before) ok = watch_fd(watch, fd, now) && ok;
  }
  watch->reading = reading;
  watch->writing = writing;
  watch->max_fd = max_fd;
  return ok;
}

bool azl_daemon_watch_start (struct azl_daemon_watch *watch) {
  const union MHD_DaemonInfo *info;
  watch->epoll_fd = watch->max_fd = -1;
  FD_ZERO(&watch->reading);
  FD_ZERO(&watch->writing);
  if (watch->use_select) return update_sockets(watch);
  info = MHD_get_daemon_info(watch->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (!info || info->epoll_fd < 0) return false;
  if (!watch_fd(watch, info->epoll_fd, AZL_READ)) return false;
  watch->epoll_fd = info->epoll_fd;
  return true;
}

void azl_daemon_watch_update (struct azl_daemon_watch *watch) {
  /* A socket that could not be watched (no memory) is tried again after the
     next run. */
  if (watch->use_select) (void)update_sockets(watch);
}

void azl_daemon_watch_forget (struct azl_daemon_watch *watch, int fd) {
  if (!watch->use_select || fd < 0 || fd >= FD_SETSIZE) return;
  if (!events_of(fd, &watch->reading, &watch->writing)) return;
  (void)watch_fd(watch, fd, 0);
  FD_CLR(fd, &watch->reading);
  FD_CLR(fd, &watch->writing);
}

void azl_daemon_watch_stop (struct azl_daemon_watch *watch) {
  if (watch->epoll_fd >= 0) (void)watch_fd(watch, watch->epoll_fd, 0);
  watch->epoll_fd = -1;
  for (int fd = 0; fd <= watch->max_fd; fd++)
    azl_daemon_watch_forget(watch, fd);
  watch->max_fd = -1;
}
