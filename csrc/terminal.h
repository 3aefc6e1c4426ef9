#ifndef AZL_TERMINAL_H
#define AZL_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <termios.h>
#include "mem.h"

/* What a prompt needs of a terminal beside reading and writing: its width,
   its raw mode, and the interpreter's answer to Ctrl-C put back in place. */

/* Columns of the terminal that fd is; 0 when it is none. */
int azl_terminal_width (int fd);

/* Raw mode: every key comes at once, none is shown, Ctrl-C and Ctrl-Z are
   keys like the others. Output is as before. */
struct azl_terminal {
  int fd; /* -1: not in raw mode */
  struct termios before;
};

/* false, and nothing is changed: fd is no terminal. self need not be
   initialised. */
AZL_MUST_CHECK bool azl_terminal_raw (struct azl_terminal *self, int fd);

/* Back to what it was. Again and again is fine. */
void azl_terminal_restore (struct azl_terminal *self);

/* What Ctrl-Z does elsewhere: the shell has the terminal until it says `fg`. */
void azl_terminal_suspend (struct azl_terminal *self);

/* An interpreter that turns Ctrl-C into an error does that once: it lets the
   next Ctrl-C end the process. Here its own handler is kept, to be put back
   after each; no handler is ever of ours. */
struct azl_interrupt {
  struct sigaction kept;
};

void azl_interrupt_keep (struct azl_interrupt *self);

/* Puts it back. true: it had been used up, so there was a Ctrl-C. */
bool azl_interrupt_rearm (const struct azl_interrupt *self);

#endif
