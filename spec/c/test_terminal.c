/* Terminals: a pseudo terminal stands for the user's. */
#include "terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

struct pty {
  int user, program; /* the two ends */
};

static bool open_pty (struct pty *pty) {
  pty->program = -1;
  pty->user = posix_openpt(O_RDWR | O_NOCTTY);
  if (pty->user < 0 || grantpt(pty->user) != 0 || unlockpt(pty->user) != 0)
    return false;
  pty->program = open(ptsname(pty->user), O_RDWR | O_NOCTTY);
  return pty->program >= 0;
}

static void close_pty (struct pty *pty) {
  if (pty->program >= 0) close(pty->program);
  if (pty->user >= 0) close(pty->user);
}

static int arrived (int fd, char *out, size_t max) {
  struct pollfd waiting = {.fd = fd, .events = POLLIN};
  if (poll(&waiting, 1, 2000) <= 0) return 0;
  return (int)read(fd, out, max);
}

static void test_a_file_is_no_terminal (void) {
  int fd = open("/dev/null", O_RDONLY);
  struct azl_terminal terminal;
  CHECK_INT(azl_terminal_width(fd), 0);
  CHECK_INT(azl_terminal_width(-1), 0);
  CHECK(!azl_terminal_raw(&terminal, fd));
  CHECK_INT(terminal.fd, -1);
  azl_terminal_restore(&terminal);
  close(fd);
}

static void test_width (void) {
  struct pty pty;
  struct winsize size = {.ws_row = 10, .ws_col = 132};
  CHECK(open_pty(&pty));
  CHECK_INT(azl_terminal_width(pty.program), 80);
  CHECK_INT(ioctl(pty.program, TIOCSWINSZ, &size), 0);
  CHECK_INT(azl_terminal_width(pty.program), 132);
  close_pty(&pty);
}

/* Tab, Ctrl-C, Enter and half a line arrive as they are, none is echoed. */
static void test_raw_keys (void) {
  static const char keys[] = "ab\t\003\r";
  struct pty pty;
  struct azl_terminal terminal;
  char got[16] = "";
  CHECK(open_pty(&pty));
  CHECK(azl_terminal_raw(&terminal, pty.program));
  CHECK_INT(write(pty.user, keys, 5), 5);
  CHECK_INT(arrived(pty.program, got, sizeof got - 1), 5);
  CHECK_STR(got, keys);
  CHECK_INT(write(pty.program, "x\n", 2), 2);
  memset(got, 0, sizeof got);
  CHECK_INT(arrived(pty.user, got, sizeof got - 1), 3);
  CHECK_STR(got, "x\r\n");
  azl_terminal_restore(&terminal);
  close_pty(&pty);
}

static void test_restore (void) {
  struct pty pty;
  struct azl_terminal terminal;
  struct termios before, after;
  CHECK(open_pty(&pty));
  CHECK_INT(tcgetattr(pty.program, &before), 0);
  CHECK(azl_terminal_raw(&terminal, pty.program));
  azl_terminal_restore(&terminal);
  azl_terminal_restore(&terminal);
  azl_terminal_suspend(&terminal, NULL); /* does nothing any more */
  CHECK_INT(tcgetattr(pty.program, &after), 0);
  CHECK_INT(after.c_lflag, before.c_lflag);
  CHECK_INT(after.c_iflag, before.c_iflag);
  close_pty(&pty);
}

/* A member of a group that somebody else leads, as the program of a make. The
   number of the first thing that is wrong, or 0. */
static int take_and_give_back (int fd) {
  struct azl_foreground foreground;
  struct termios modes;
  pid_t group = getpgrp();
  if (!azl_foreground_take(&foreground, fd)) return 1;
  if (getpgrp() != getpid() || tcgetpgrp(fd) != getpid()) return 2;
  if (tcgetattr(fd, &modes) != 0) return 3;
  if (modes.c_cc[VSUSP] != _POSIX_VDISABLE) return 4;
  struct azl_foreground again;
  if (azl_foreground_take(&again, fd)) return 5; /* it is ours already */
  azl_foreground_give_back(&foreground);
  azl_foreground_give_back(&foreground);
  if (getpgrp() != group || tcgetpgrp(fd) != group) return 6;
  if (tcgetattr(fd, &modes) != 0) return 7;
  return modes.c_cc[VSUSP] == _POSIX_VDISABLE ? 8 : 0;
}

static int exit_code_of (pid_t child) {
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Leads a session of its own on the terminal; its child is the program. */
static int lead_session (const char *path) {
  struct azl_foreground foreground;
  if (setsid() < 0) return 21;
  int fd = open(path, O_RDWR);
  if (fd < 0 || tcgetpgrp(fd) != getpgrp()) return 22;
  if (azl_foreground_take(&foreground, fd)) return 23; /* a leader's already */
  pid_t program = fork();
  if (program == 0) _exit(take_and_give_back(fd));
  return exit_code_of(program);
}

static void test_foreground (void) {
  struct azl_foreground foreground;
  struct pty pty;
  CHECK(open_pty(&pty));
  CHECK(!azl_foreground_take(&foreground, pty.program)); /* not our terminal */
  azl_foreground_give_back(&foreground);
  pid_t leader = fork();
  if (leader == 0) _exit(lead_session(ptsname(pty.user)));
  CHECK_INT(exit_code_of(leader), 0);
  close_pty(&pty);
}

static int columns (locale_t locale, const char *text) {
  return azl_text_columns(locale, text, strlen(text));
}

static void test_text_columns (void) {
  locale_t utf8 = azl_utf8_locale();
  CHECK_INT(columns((locale_t)0, "a\xc3\xa4\xe6\x97\xa5"), 3);
  CHECK(utf8 != (locale_t)0);
  CHECK_INT(columns(utf8, ""), 0);
  CHECK_INT(columns(utf8, "abc"), 3);
  CHECK_INT(columns(utf8, "\xc3\xa4"), 1);  /* a letter */
  CHECK_INT(columns(utf8, "e\xcc\x81"), 1); /* and a combining mark */
  CHECK_INT(columns(utf8, "\xe6\x97\xa5\xe6\x9c\xac"), 4); /* wide */
  CHECK_INT(columns(utf8, "\xf0\x9f\x91\x8d"), 2);         /* a picture */
  CHECK_INT(columns(utf8, "\xe2\x80\x8d"), 0);             /* a joiner */
  CHECK_INT(columns(utf8, "\xff\t"), 1); /* no character; none */
  freelocale(utf8);
}

static volatile sig_atomic_t interrupted;

/* As lua.c does: the second one would end the process. */
static void once (int number) {
  interrupted++;
  (void)signal(number, SIG_DFL);
}

static void test_interrupts (void) {
  struct azl_interrupt kept;
  struct sigaction before;
  CHECK_INT(sigaction(SIGINT, NULL, &before), 0);
  CHECK(signal(SIGINT, once) != SIG_ERR);
  interrupted = 0;
  azl_interrupt_keep(&kept);
  CHECK(!azl_interrupt_rearm(&kept));
  for (int i = 0; i < 2; i++) {
    CHECK_INT(raise(SIGINT), 0);
    CHECK(azl_interrupt_rearm(&kept));
    CHECK(!azl_interrupt_rearm(&kept));
  }
  CHECK_INT(interrupted, 2);
  CHECK_INT(sigaction(SIGINT, &before, NULL), 0);
}

int main (void) {
  RUN_TESTS(TEST(test_a_file_is_no_terminal), TEST(test_width),
            TEST(test_raw_keys), TEST(test_restore), TEST(test_foreground),
            TEST(test_text_columns), TEST(test_interrupts));
}
