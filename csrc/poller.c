/* What the poller backends share: the table of watched descriptors and the
   list of changes that the kernel has not been told yet. */
#include "poller_backend.h"

#include <string.h>

static const struct azl_poller_backend *const backends[] = {
#ifdef __linux__
    &azl_poller_epoll,
#endif
    &azl_poller_poll,
};

static struct azl_poller *open_with (const struct azl_poller_backend *backend) {
  struct azl_poller *poller = azl_calloc(1, sizeof(*poller));
  if (!poller) return NULL;
  poller->backend = backend;
  poller->kernel_fd = poller->alarm_fd = -1;
  if (backend->open(poller)) return poller;
  azl_free(poller);
  return NULL;
}

struct azl_poller *azl_poller_new (const char *name) {
  for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
    if (!name || strcmp(name, backends[i]->name) == 0)
      return open_with(backends[i]);
  return NULL;
}

void azl_poller_free (struct azl_poller *poller) {
  if (!poller) return;
  poller->backend->close(poller);
  azl_free(poller->scratch);
  azl_free(poller->watches);
  azl_free(poller->dirty);
  azl_free(poller);
}

const char *azl_poller_name (const struct azl_poller *poller) {
  return poller->backend->name;
}

static bool grow_watches (struct azl_poller *poller, int fd) {
  int capacity = poller->capacity ? poller->capacity : 64;
  while (capacity <= fd) capacity *= 2;
  if (capacity == poller->capacity) return true;
  struct azl_watch *watches =
      azl_realloc(poller->watches, (size_t)capacity * sizeof(struct azl_watch));
  if (!watches) return false;
  for (int i = poller->capacity; i < capacity; i++)
    watches[i] = (struct azl_watch){.fd = -1};
  poller->watches = watches;
  poller->capacity = capacity;
  return true;
}

static bool grow_dirty (struct azl_poller *poller) {
  if (poller->dirty_count < poller->dirty_capacity) return true;
  int capacity = poller->dirty_capacity ? poller->dirty_capacity * 2 : 64;
  int *dirty = azl_realloc(poller->dirty, (size_t)capacity * sizeof(int));
  if (!dirty) return false;
  poller->dirty = dirty;
  poller->dirty_capacity = capacity;
  return true;
}

static void end_watch (struct azl_poller *poller, struct azl_watch *watch) {
  watch->events = 0;
  if (watch->applied) poller->backend->apply(poller, watch);
  watch->fd = -1;
  watch->age++;
}

/* The fd is about to be closed: the kernel must hear of it now, or the next
   owner of the number would inherit the watch. */
static bool forget (struct azl_poller *poller, int fd) {
  struct azl_watch *watch = &poller->watches[fd];
  if (watch->fd < 0) return true;
  if (watch->events) poller->count--; /* else released, and not counted */
  end_watch(poller, watch);
  return true;
}

static bool mark_dirty (struct azl_poller *poller, int fd) {
  if (poller->watches[fd].dirty) return true;
  if (!grow_dirty(poller)) return false;
  poller->watches[fd].dirty = true;
  poller->dirty[poller->dirty_count++] = fd;
  return true;
}

bool azl_poller_set (struct azl_poller *poller, int fd, int events,
                     azl_fd_fn fn, void *ctx) {
  if (fd < 0) return false;
  if (events == 0) return fd >= poller->capacity ? true : forget(poller, fd);
  if (!grow_watches(poller, fd) || !mark_dirty(poller, fd)) return false;
  struct azl_watch *watch = &poller->watches[fd];
  if (watch->fd < 0) watch->applied = 0;
  if (!watch->events) poller->count++;
  watch->fd = fd;
  watch->events = events;
  watch->fn = fn;
  watch->ctx = ctx;
  return true;
}

void azl_poller_release (struct azl_poller *poller, int fd) {
  if (fd < 0 || fd >= poller->capacity || !poller->watches[fd].events) return;
  if (!mark_dirty(poller, fd)) {
    (void)forget(poller, fd);
    return;
  }
  poller->watches[fd].events = 0;
  poller->count--;
}

static void flush (struct azl_poller *poller) {
  for (int i = 0; i < poller->dirty_count; i++) {
    struct azl_watch *watch = &poller->watches[poller->dirty[i]];
    watch->dirty = false;
    if (watch->fd < 0) continue;
    if (!watch->events)
      end_watch(poller, watch);
    else if (watch->events != watch->applied)
      poller->backend->apply(poller, watch);
  }
  poller->dirty_count = 0;
}

int azl_poller_wait (struct azl_poller *poller, int timeout_ms) {
  flush(poller);
  return poller->backend->wait(poller, timeout_ms);
}

int azl_poller_fd (struct azl_poller *poller) {
  flush(poller);
  return poller->kernel_fd;
}

bool azl_poller_alarm (struct azl_poller *poller, int64_t delay_ms) {
  if (!poller->backend->alarm) return delay_ms < 0;
  return poller->backend->alarm(poller, delay_ms);
}

int azl_poller_count (const struct azl_poller *poller) {
  return poller->count;
}

void azl_poller_dispatch (struct azl_poller *poller, int fd, unsigned age,
                          int events) {
  if (fd >= poller->capacity) return;
  struct azl_watch *watch = &poller->watches[fd];
  if (!watch->events || watch->age != age) return;
  watch->fn(watch->ctx, events);
}
