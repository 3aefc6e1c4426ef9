/* The epoll backend: the only file with Linux-only headers for readiness. */
#ifdef __linux__
#include "poller_backend.h"

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* In one turn: each may be an answer to read, and a host has timers of its own
   to keep. The kernel gives the others first the next time. */
enum { MAX_EVENTS = 32 };

/* In place of age and fd: the alarm is for who watches the epoll fd, we have
   our own timers. */
static const uint64_t ALARM = UINT64_MAX;

static bool epoll_open (struct azl_poller *poller) {
  poller->scratch = azl_calloc(MAX_EVENTS, sizeof(struct epoll_event));
  if (!poller->scratch) return false;
  poller->kernel_fd = epoll_create1(EPOLL_CLOEXEC);
  if (poller->kernel_fd >= 0) return true;
  azl_free(poller->scratch);
  return false;
}

static bool open_alarm (struct azl_poller *poller) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = ALARM};
  if (fd < 0) return false;
  if (epoll_ctl(poller->kernel_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
    close(fd);
    return false;
  }
  poller->alarm_fd = fd;
  return true;
}

/* Not readable again before the next setting: a loop that runs in place must
   not find it ready for ever. */
static void take_alarm (struct azl_poller *poller) {
  uint64_t expirations;
  if (read(poller->alarm_fd, &expirations, sizeof(expirations)) < 0) return;
}

static void close_alarm (struct azl_poller *poller) {
  if (poller->alarm_fd >= 0) close(poller->alarm_fd);
  poller->alarm_fd = -1;
}

/* Setting a timer anew makes it unreadable until it is due. */
static bool epoll_alarm (struct azl_poller *poller, int64_t delay_ms) {
  struct itimerspec when = {.it_value = {.tv_sec = delay_ms / 1000,
                                         .tv_nsec = delay_ms % 1000 * 1000000}};
  if (delay_ms < 0) {
    close_alarm(poller);
    return true;
  }
  if (delay_ms == 0) when.it_value.tv_nsec = 1; /* 0 would be "never" */
  if (poller->alarm_fd < 0 && !open_alarm(poller)) return false;
  return timerfd_settime(poller->alarm_fd, 0, &when, NULL) == 0;
}

static void epoll_close (struct azl_poller *poller) {
  close_alarm(poller);
  close(poller->kernel_fd);
  poller->kernel_fd = -1;
}

static void epoll_apply (struct azl_poller *poller, struct azl_watch *watch) {
  struct epoll_event event = {0};
  if (watch->events & AZL_READ) event.events |= EPOLLIN;
  if (watch->events & AZL_WRITE) event.events |= EPOLLOUT;
  event.data.u64 = (uint64_t)watch->age << 32 | (uint32_t)watch->fd;
  int change = !watch->events   ? EPOLL_CTL_DEL
               : watch->applied ? EPOLL_CTL_MOD
                                : EPOLL_CTL_ADD;
  /* A library may have closed and reopened the number behind our back. */
  if (epoll_ctl(poller->kernel_fd, change, watch->fd, &event) < 0) {
    if (errno == ENOENT && change == EPOLL_CTL_MOD)
      (void)epoll_ctl(poller->kernel_fd, EPOLL_CTL_ADD, watch->fd, &event);
    else if (errno == EEXIST)
      (void)epoll_ctl(poller->kernel_fd, EPOLL_CTL_MOD, watch->fd, &event);
  }
  watch->applied = watch->events;
}

static int epoll_wait_once (struct azl_poller *poller, int timeout_ms) {
  struct epoll_event *events = poller->scratch;
  int count = epoll_wait(poller->kernel_fd, events, MAX_EVENTS, timeout_ms);
  int alarms = 0;
  for (int i = 0; i < count; i++) {
    int ready = 0;
    if (events[i].data.u64 == ALARM) {
      take_alarm(poller);
      alarms = 1;
      continue;
    }
    if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
      ready |= AZL_READ;
    if (events[i].events & (EPOLLOUT | EPOLLERR)) ready |= AZL_WRITE;
    azl_poller_dispatch(poller, (int)(uint32_t)events[i].data.u64,
                        (unsigned)(events[i].data.u64 >> 32), ready);
  }
  return count < 0 ? 0 : count - alarms;
}

const struct azl_poller_backend azl_poller_epoll = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .apply = epoll_apply,
    .wait = epoll_wait_once,
    .alarm = epoll_alarm,
};
#else
typedef int azl_poller_epoll_is_linux_only;
#endif
