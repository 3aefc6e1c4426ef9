#ifndef AZL_POLLER_BACKEND_H
#define AZL_POLLER_BACKEND_H

#include "poller.h"

/* One watched descriptor. */
struct azl_watch {
  int fd;       /* -1: the slot is free */
  int events;   /* wanted; 0: free, or released and soon free */
  int applied;  /* what the kernel was told */
  bool dirty;   /* wanted and applied may differ */
  unsigned age; /* grows with each reuse, so that stale events are dropped */
  azl_fd_fn fn;
  void *ctx;
};

/* The table is indexed by fd. */
struct azl_poller {
  const struct azl_poller_backend *backend;
  struct azl_watch *watches;
  int capacity, count;
  int *dirty; /* fds whose change the kernel has not been told */
  int dirty_count, dirty_capacity;
  int kernel_fd; /* epoll; -1 with poll */
  int alarm_fd;  /* -1: no alarm was set */
  void *scratch; /* the backend's event array */
  int scratch_count;
};

struct azl_poller_backend {
  const char *name;
  bool (*open)(struct azl_poller *poller);
  void (*close)(struct azl_poller *poller);
  /* Tells the kernel one watch's wanted events. */
  void (*apply)(struct azl_poller *poller, struct azl_watch *watch);
  int (*wait)(struct azl_poller *poller, int timeout_ms);
  /* As azl_poller_alarm; NULL: cannot. */
  bool (*alarm)(struct azl_poller *poller, int64_t delay_ms);
};

extern const struct azl_poller_backend azl_poller_poll;
#ifdef __linux__
extern const struct azl_poller_backend azl_poller_epoll;
#endif

/* Calls the watcher of fd if it is still the one of that age. */
void azl_poller_dispatch (struct azl_poller *poller, int fd, unsigned age,
                          int events);

#endif
