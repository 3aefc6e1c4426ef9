#ifndef AZL_HOST_API_H
#define AZL_HOST_API_H

#include "loop.h"

/* What azure.core lends to other C modules on the same loop (the emulator's
   server), which cannot link against it. In Lua: core.host_api(), a light
   userdata of this struct, and core.loop_pointer(), one of the loop. */
#define AZL_HOST_API_VERSION 1

struct azl_host_api {
  int version;
  bool (*watch)(struct azl_loop *, int fd, int events, azl_fd_fn, void *ctx);
  bool (*timer)(struct azl_loop *, struct azl_timer *, int64_t due_ms);
  void (*timer_stop)(struct azl_loop *, struct azl_timer *);
  void (*defer)(struct azl_loop *, struct azl_defer *);
  void (*defer_stop)(struct azl_defer *);
  int64_t (*now_ms)(struct azl_loop *);
  /* See azl_loop_busy: a server that holds an answer back for a (virtual)
     while says -1, and +1 when it lets it go, so that the clock may jump. */
  void (*busy)(struct azl_loop *, int delta);
  /* See azl_loop_on_step. */
  bool (*on_step)(struct azl_loop *, azl_step_fn fn, void *ctx);
  /* See azl_loop_foreign. */
  bool (*foreign)(const struct azl_loop *, long *owner);
};

#endif
