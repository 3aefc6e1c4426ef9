#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "curl_once.h"
#include "sigpipe.h"

/* What a write to somebody who has left does to a process. */
static void write_to_nobody (void) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  close(ends[0]);
  CHECK_INT(write(ends[1], "x", 1), -1);
  CHECK_INT(errno, EPIPE);
  close(ends[1]);
}

static void guarded (bool needed) {
  struct azl_sigpipe outer, inner;
  azl_sigpipe_hold(&outer, needed);
  azl_sigpipe_hold(&inner, needed);
  write_to_nobody();
  azl_sigpipe_release(&inner);
  write_to_nobody();
  errno = EPIPE;
  azl_sigpipe_release(&outer);
  CHECK_INT(errno, EPIPE);
}

static int signal_that_ends (void (*fn)(bool), bool argument) {
  int status = 0;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGPIPE, SIG_DFL);
    fn(argument);
    _exit(0);
  }
  CHECK(waitpid(pid, &status, 0) == pid);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_the_process_lives (void) {
  CHECK_INT(signal_that_ends(guarded, true), 0);
  CHECK_INT(signal_that_ends(guarded, false), SIGPIPE);
}

static bool in_set (int (*fill)(sigset_t *)) {
  sigset_t set;
  return fill(&set) == 0 && sigismember(&set, SIGPIPE) == 1;
}

static int blocked (sigset_t *out) {
  return pthread_sigmask(SIG_BLOCK, NULL, out);
}

static void test_nothing_is_left_behind (void) {
  void (*before)(int) = signal(SIGPIPE, SIG_DFL);
  guarded(true);
  CHECK(!in_set(sigpending));
  CHECK(!in_set(blocked));
  CHECK(signal(SIGPIPE, before) == SIG_DFL);
}

/* Blocked by the program: one that waited before is the program's own. */
static void test_what_waits_goes_on_waiting (void) {
  sigset_t set, mask;
  int number = 0;
  struct azl_sigpipe self;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, &mask);
  raise(SIGPIPE);
  azl_sigpipe_hold(&self, true);
  write_to_nobody();
  azl_sigpipe_release(&self);
  CHECK(in_set(sigpending));
  CHECK(in_set(blocked));
  CHECK_INT(sigwait(&set, &number), 0);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

/* A program that ignores it goes on to ignore it, and finds none waiting. */
static void test_who_ignores_it_still_does (void) {
  void (*before)(int) = signal(SIGPIPE, SIG_IGN);
  guarded(true);
  write_to_nobody();
  CHECK(!in_set(sigpending));
  CHECK(signal(SIGPIPE, before) == SIG_IGN);
}

static void test_who_needs_it (void) {
  CHECK_INT(azl_sigpipe_needed(), azl_curl_info()->version_num < 0x075800);
}

int main (void) {
  RUN_TESTS(TEST(test_the_process_lives), TEST(test_nothing_is_left_behind),
            TEST(test_what_waits_goes_on_waiting),
            TEST(test_who_ignores_it_still_does), TEST(test_who_needs_it));
}
