#ifndef AZL_TOLD_H
#define AZL_TOLD_H

/* Counts how often a poller tells the kernel what to watch. */
#include "poller_backend.h"

static struct azl_poller_backend told_backend;
static const struct azl_poller_backend *told_real;
static int told, told_fd;

static void told_apply (struct azl_poller *poller, struct azl_watch *watch) {
  if (told_fd < 0 || told_fd == watch->fd) told++;
  told_real->apply(poller, watch);
}

/* fd: of what; -1: of any descriptor. */
static void told_begin (struct azl_poller *poller, int fd) {
  if (poller->backend != &told_backend) told_real = poller->backend;
  told_backend = *told_real;
  told_backend.apply = told_apply;
  poller->backend = &told_backend;
  told = 0;
  told_fd = fd;
}

#endif
