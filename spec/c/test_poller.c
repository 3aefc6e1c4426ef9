/* Both poller backends: readiness, changes, forgetting, stale events. */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include "check.h"
#include "told.h"

struct seen {
  struct azl_poller *poller;
  int calls, events, forget_fd;
};

static void on_ready (void *ctx, int events) {
  struct seen *seen = ctx;
  seen->calls++;
  seen->events |= events;
  if (seen->forget_fd >= 0)
    CHECK(azl_poller_set(seen->poller, seen->forget_fd, 0, NULL, NULL));
}

static void on_ready_release (void *ctx, int events) {
  struct seen *seen = ctx;
  (void)events;
  seen->calls++;
  azl_poller_release(seen->poller, seen->forget_fd);
}

static void each_backend (void (*fn)(struct azl_poller *)) {
  static const char *const names[] = {"epoll", "poll"};
  for (size_t i = 0; i < 2; i++) {
    struct azl_poller *poller = azl_poller_new(names[i]);
    if (!poller) continue; /* epoll is Linux only */
    CHECK_ROW(names[i]);
    CHECK_STR(azl_poller_name(poller), names[i]);
    fn(poller);
    CHECK_INT(azl_poller_count(poller), 0);
    azl_poller_free(poller);
  }
  CHECK_ROW(NULL);
}

static void watch_a_pipe (struct azl_poller *poller) {
  int fds[2];
  struct seen seen = {poller, 0, 0, -1};
  CHECK_INT(pipe(fds), 0);
  CHECK(azl_poller_set(poller, fds[0], AZL_READ, on_ready, &seen));
  CHECK_INT(azl_poller_wait(poller, 0), 0);
  CHECK_INT(write(fds[1], "x", 1), 1);
  CHECK_INT(azl_poller_wait(poller, 1000), 1);
  CHECK_INT(seen.events, AZL_READ);
  CHECK(azl_poller_set(poller, fds[0], 0, NULL, NULL));
  CHECK_INT(azl_poller_wait(poller, 0), 0);
  CHECK_INT(seen.calls, 1);
  close(fds[0]);
  close(fds[1]);
}

static void hang_up_is_readable (struct azl_poller *poller) {
  int fds[2];
  struct seen seen = {poller, 0, 0, -1};
  CHECK_INT(pipe(fds), 0);
  CHECK(azl_poller_set(poller, fds[0], AZL_READ, on_ready, &seen));
  close(fds[1]);
  CHECK_INT(azl_poller_wait(poller, 1000), 1);
  CHECK(seen.events & AZL_READ);
  CHECK(azl_poller_set(poller, fds[0], 0, NULL, NULL));
  close(fds[0]);
}

/* A callback forgets, or releases, the other descriptor that is ready in the
   same wait. */
static void others_stay_silent (struct azl_poller *poller, azl_fd_fn fn) {
  int a[2], b[2];
  CHECK_INT(pipe(a), 0);
  CHECK_INT(pipe(b), 0);
  struct seen first = {poller, 0, 0, b[0]}, second = {poller, 0, 0, a[0]};
  CHECK(azl_poller_set(poller, a[0], AZL_READ, fn, &first));
  CHECK(azl_poller_set(poller, b[0], AZL_READ, fn, &second));
  CHECK_INT(write(a[1], "x", 1), 1);
  CHECK_INT(write(b[1], "x", 1), 1);
  azl_poller_wait(poller, 1000);
  CHECK_INT(first.calls + second.calls, 1);
  CHECK(azl_poller_set(poller, a[0], 0, NULL, NULL));
  CHECK(azl_poller_set(poller, b[0], 0, NULL, NULL));
  for (int i = 0; i < 2; i++) {
    close(a[i]);
    close(b[i]);
  }
}

/* The number of a closed descriptor is used again before the next wait. */
static void number_used_again (struct azl_poller *poller, bool released) {
  int a[2], b[2];
  struct seen old = {poller, 0, 0, -1}, fresh = {poller, 0, 0, -1};
  CHECK_INT(pipe(a), 0);
  CHECK(azl_poller_set(poller, a[0], AZL_READ, on_ready, &old));
  azl_poller_wait(poller, 0);
  if (released) azl_poller_release(poller, a[0]);
  CHECK(azl_poller_set(poller, a[0], 0, NULL, NULL));
  close(a[0]);
  close(a[1]);
  CHECK_INT(pipe(b), 0);
  CHECK_INT(b[0], a[0]);
  CHECK(azl_poller_set(poller, b[0], AZL_READ, on_ready, &fresh));
  CHECK_INT(write(b[1], "x", 1), 1);
  CHECK_INT(azl_poller_wait(poller, 1000), 1);
  CHECK_INT(old.calls, 0);
  CHECK_INT(fresh.calls, 1);
  CHECK(azl_poller_set(poller, b[0], 0, NULL, NULL));
  close(b[0]);
  close(b[1]);
}

static void released_and_watched_again (struct azl_poller *poller) {
  int fds[2];
  struct seen old = {poller, 0, 0, -1}, fresh = {poller, 0, 0, -1};
  told_begin(poller, -1);
  CHECK_INT(pipe(fds), 0);
  CHECK(azl_poller_set(poller, fds[0], AZL_READ, on_ready, &old));
  CHECK_INT(azl_poller_wait(poller, 0), 0);
  for (int i = 0; i < 3; i++) {
    azl_poller_release(poller, fds[0]);
    azl_poller_release(poller, fds[0]);
    CHECK_INT(azl_poller_count(poller), 0);
    CHECK(azl_poller_set(poller, fds[0], AZL_READ, on_ready, &fresh));
    CHECK_INT(azl_poller_count(poller), 1);
    CHECK_INT(azl_poller_wait(poller, 0), 0);
  }
  CHECK_INT(told, 1);
  CHECK_INT(write(fds[1], "x", 1), 1);
  CHECK_INT(azl_poller_wait(poller, 1000), 1);
  CHECK_INT(old.calls, 0);
  CHECK_INT(fresh.calls, 1);
  azl_poller_release(poller, fds[0]);
  CHECK_INT(azl_poller_wait(poller, 0), 0); /* though it is readable */
  CHECK_INT(told, 2);
  azl_poller_release(poller, fds[0]);
  CHECK(azl_poller_set(poller, fds[0], 0, NULL, NULL));
  CHECK_INT(azl_poller_wait(poller, 0), 0);
  CHECK_INT(told, 2);
  close(fds[0]);
  close(fds[1]);
}

/* What cannot be written down for the next wait is done at once. */
static void released_without_memory (struct azl_poller *poller) {
  int fds[2];
  struct seen seen = {poller, 0, 0, -1};
  CHECK_INT(pipe(fds), 0);
  CHECK(azl_poller_set(poller, fds[0], AZL_READ, on_ready, &seen));
  CHECK_INT(azl_poller_wait(poller, 0), 0);
  poller->dirty_count = poller->dirty_capacity;
  azl_mem_fail_after(0);
  azl_poller_release(poller, fds[0]);
  azl_mem_fail_after(-1);
  poller->dirty_count = 0;
  CHECK_INT(poller->watches[fds[0]].fd, -1);
  CHECK_INT(write(fds[1], "x", 1), 1);
  CHECK_INT(azl_poller_wait(poller, 0), 0);
  CHECK_INT(seen.calls, 0);
  close(fds[0]);
  close(fds[1]);
}

static void forgotten_ones_stay_silent (struct azl_poller *poller) {
  others_stay_silent(poller, on_ready);
}
static void released_ones_stay_silent (struct azl_poller *poller) {
  others_stay_silent(poller, on_ready_release);
}
static void numbers_are_used_again (struct azl_poller *poller) {
  number_used_again(poller, false);
  number_used_again(poller, true);
}

static void watches (void) {
  each_backend(watch_a_pipe);
}
static void hangs_up (void) {
  each_backend(hang_up_is_readable);
}
static void forgets (void) {
  each_backend(forgotten_ones_stay_silent);
}
static void reuses (void) {
  each_backend(numbers_are_used_again);
}

static void releases (void) {
  each_backend(released_and_watched_again);
  each_backend(released_ones_stay_silent);
  each_backend(released_without_memory);
}

/* The fd as a host sees it, and the loop in place of which nothing is ready. */
static int readable_within (struct azl_poller *poller, int timeout_ms) {
  struct pollfd fd = {.fd = azl_poller_fd(poller), .events = POLLIN};
  return poll(&fd, 1, timeout_ms);
}

static void rings (void) {
  struct azl_poller *poller = azl_poller_new("epoll");
  if (!poller) return; /* Linux only */
  CHECK_INT(readable_within(poller, 0), 0);
  CHECK(azl_poller_alarm(poller, 3600 * 1000));
  CHECK_INT(readable_within(poller, 0), 0);
  CHECK(azl_poller_alarm(poller, 0));
  CHECK_INT(readable_within(poller, 10000), 1);
  CHECK_INT(azl_poller_wait(poller, 0), 0); /* heard, but no watcher's event */
  CHECK_INT(readable_within(poller, 0), 0);
  CHECK(azl_poller_alarm(poller, 1));
  CHECK_INT(readable_within(poller, 10000), 1);
  CHECK(azl_poller_alarm(poller, 1000)); /* set anew it is silent again */
  CHECK_INT(readable_within(poller, 0), 0);
  CHECK_INT(azl_poller_count(poller), 0);
  CHECK(azl_poller_alarm(poller, -1));
  CHECK(azl_poller_alarm(poller, -1));
  azl_poller_free(poller);
}

static void poll_has_no_alarm (void) {
  struct azl_poller *poller = azl_poller_new("poll");
  CHECK(!azl_poller_alarm(poller, 5));
  CHECK(azl_poller_alarm(poller, -1));
  azl_poller_free(poller);
}

static void knows_its_names (void) {
  CHECK(azl_poller_new("kqueue") == NULL);
  struct azl_poller *poller = azl_poller_new("poll");
  CHECK_INT(azl_poller_fd(poller), -1);
  CHECK(!azl_poller_set(poller, -1, AZL_READ, on_ready, NULL));
  azl_poller_free(poller);
  azl_poller_free(NULL);
}

int main (void) {
  RUN_TESTS(TEST(watches), TEST(hangs_up), TEST(forgets), TEST(reuses),
            TEST(releases), TEST(rings), TEST(poll_has_no_alarm),
            TEST(knows_its_names));
}
