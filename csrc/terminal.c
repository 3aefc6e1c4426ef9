/* Terminals for a prompt. */
#include "terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

/* The whole group, since that is what the terminal itself would stop: a make
   or a pipe in front of us must stop too, or the shell keeps waiting. */
void azl_terminal_suspend (struct azl_terminal *self) {
  if (self->fd < 0) return;
  (void)tcsetattr(self->fd, TCSADRAIN, &self->before);
  (void)kill(0, SIGTSTP);
  (void)set_raw(self);
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
