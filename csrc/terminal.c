/* Terminals for a prompt. */
#include "terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include "utf8.h"

enum { DEFAULT_COLUMNS = 80 };

int azl_terminal_width (int fd) {
  struct winsize size = {0};
  if (fd < 0 || !isatty(fd)) return 0;
  if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
    return DEFAULT_COLUMNS;
  return size.ws_col;
}

/* What was typed ahead stays to be read. */
static bool set_raw (const struct azl_terminal *self) {
  struct termios raw = self->before;
  raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON);
  raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  return tcsetattr(self->fd, TCSADRAIN, &raw) == 0;
}

bool azl_terminal_raw (struct azl_terminal *self, int fd) {
  self->fd = -1;
  if (fd < 0 || !isatty(fd) || tcgetattr(fd, &self->before) != 0) return false;
  self->fd = fd;
  if (set_raw(self)) return true;
  self->fd = -1;
  return false;
}

void azl_terminal_restore (struct azl_terminal *self) {
  if (self->fd >= 0) (void)tcsetattr(self->fd, TCSADRAIN, &self->before);
  self->fd = -1;
}

/* Who is not in the foreground is stopped for this, unless it blocks the
   signal. */
static bool put_in_foreground (int fd, pid_t group) {
  sigset_t stop, before;
  (void)sigemptyset(&stop);
  (void)sigaddset(&stop, SIGTTOU);
  if (sigprocmask(SIG_BLOCK, &stop, &before) != 0) return false;
  bool done = tcsetpgrp(fd, group) == 0;
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  return done;
}

bool azl_foreground_take (struct azl_foreground *self, int fd) {
  self->fd = -1;
  self->before = getpgrp();
  if (fd < 0 || self->before == getpid() || tcgetpgrp(fd) != self->before ||
      tcgetattr(fd, &self->modes) != 0 || setpgid(0, 0) != 0)
    return false;
  if (!put_in_foreground(fd, getpid())) {
    (void)setpgid(0, self->before);
    return false;
  }
  struct termios without_stop = self->modes;
  without_stop.c_cc[VSUSP] = _POSIX_VDISABLE;
  (void)tcsetattr(fd, TCSADRAIN, &without_stop);
  self->fd = fd;
  return true;
}

void azl_foreground_give_back (struct azl_foreground *self) {
  if (self->fd < 0) return;
  (void)tcsetattr(self->fd, TCSADRAIN, &self->modes);
  (void)put_in_foreground(self->fd, self->before);
  (void)setpgid(0, self->before);
  self->fd = -1;
}

/* The whole group, since that is what the terminal itself would stop: a make
   or a pipe in front of us must stop too, or the shell keeps waiting. */
void azl_terminal_suspend (struct azl_terminal *self,
                           struct azl_foreground *foreground) {
  int taken = foreground ? foreground->fd : -1;
  if (self->fd < 0) return;
  (void)tcsetattr(self->fd, TCSADRAIN, &self->before);
  if (foreground) azl_foreground_give_back(foreground);
  (void)kill(0, SIGTSTP);
  if (taken >= 0) (void)!azl_foreground_take(foreground, taken);
  (void)set_raw(self);
}

locale_t azl_utf8_locale (void) {
  static const char *const names[] = {"C.UTF-8", "en_US.UTF-8", "UTF-8"};
  locale_t found = (locale_t)0;
  for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !found; i++)
    found = newlocale(LC_CTYPE_MASK, names[i], (locale_t)0);
  return found;
}

static wchar_t code_point (const char *text, size_t len) {
  unsigned char lead = (unsigned char)text[0];
  unsigned long code = len == 1 ? lead : lead & (0x7fU >> len);
  for (size_t i = 1; i < len; i++)
    code = code << 6 | ((unsigned char)text[i] & 0x3fU);
  return (wchar_t)code;
}

/* What the system does not know is taken for a letter. */
static int columns_of (const char *text, size_t len) {
  wchar_t code = code_point(text, len);
  if (code < 0x20) return 0;
  int columns = wcwidth(code);
  return columns < 0 ? 1 : columns;
}

int azl_text_columns (locale_t locale, const char *text, size_t len) {
  locale_t before = locale ? uselocale(locale) : (locale_t)0;
  int columns = 0;
  for (size_t at = 0, length; at < len; at += length) {
    length = azl_utf8_length(text + at, len - at);
    if (length == 0 || (!locale && length > 1)) {
      columns++;
      if (length == 0) length = 1;
    } else {
      columns += columns_of(text + at, length);
    }
  }
  if (locale) (void)uselocale(before);
  return columns;
}

void azl_interrupt_keep (struct azl_interrupt *self) {
  memset(self, 0, sizeof(*self));
  (void)sigaction(SIGINT, NULL, &self->kept);
}

bool azl_interrupt_rearm (const struct azl_interrupt *self) {
  struct sigaction now;
  if (sigaction(SIGINT, &self->kept, &now) != 0) return false;
  return now.sa_handler != self->kept.sa_handler;
}
