/* The portable backend: poll(2) over an array built anew for each wait. */
#include "poller_backend.h"

#include <poll.h>

static bool poll_open (struct azl_poller *poller) {
  (void)poller;
  return true;
}

static void poll_close (struct azl_poller *poller) {
  (void)poller;
}

static void poll_apply (struct azl_poller *poller, struct azl_watch *watch) {
  (void)poller;
  watch->applied = watch->events;
}

static struct pollfd *room_for_all (struct azl_poller *poller) {
  if (poller->scratch_count >= poller->count && poller->scratch)
    return poller->scratch;
  int wanted = poller->count + 16;
  struct pollfd *fds =
      azl_realloc(poller->scratch, (size_t)wanted * sizeof(struct pollfd));
  if (!fds) return NULL;
  poller->scratch = fds;
  poller->scratch_count = wanted;
  return fds;
}

static nfds_t gather (const struct azl_poller *poller, struct pollfd *fds) {
  nfds_t used = 0;
  for (int fd = 0; fd < poller->capacity; fd++) {
    const struct azl_watch *watch = &poller->watches[fd];
    if (watch->fd < 0) continue;
    short events = 0;
    if (watch->events & AZL_READ) events |= POLLIN;
    if (watch->events & AZL_WRITE) events |= POLLOUT;
    fds[used++] = (struct pollfd){.fd = fd, .events = events};
  }
  return used;
}

static int poll_wait (struct azl_poller *poller, int timeout_ms) {
  struct pollfd *fds = room_for_all(poller);
  if (!fds) return 0;
  nfds_t used = gather(poller, fds);
  int count = poll(fds, used, timeout_ms);
  if (count <= 0) return 0;
  for (nfds_t i = 0; i < used; i++) {
    int ready = 0;
    if (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) ready |= AZL_READ;
    if (fds[i].revents & (POLLOUT | POLLERR)) ready |= AZL_WRITE;
    if (ready)
      azl_poller_dispatch(poller, fds[i].fd, poller->watches[fds[i].fd].age,
                          ready);
  }
  return count;
}

const struct azl_poller_backend azl_poller_poll = {
    .name = "poll",
    .open = poll_open,
    .close = poll_close,
    .apply = poll_apply,
    .wait = poll_wait,
};
