#ifndef AZL_TERMINAL_H
#define AZL_TERMINAL_H

#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif
#include "mem.h"

/* What a prompt needs of a terminal beside reading and writing: its width and
   that of texts, its raw mode, its foreground, and the interpreter's answer to
   Ctrl-C put back in place. */

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

/* A process group of our own in the foreground of the terminal: Ctrl-C then
   reaches nobody in front of us, such as a make, which would take it for the
   end. Ctrl-Z is switched off meanwhile: it would stop us and wake nobody. */
struct azl_foreground {
  int fd; /* -1: not taken */
  pid_t before;
  struct termios modes;
};

/* false, and nothing is changed: fd is no terminal or not ours to take, or the
   group is our own already. self need not be initialised. */
AZL_MUST_CHECK bool azl_foreground_take (struct azl_foreground *self, int fd);

/* Again and again is fine. */
void azl_foreground_give_back (struct azl_foreground *self);

/* What Ctrl-Z does elsewhere: the shell has the terminal until it says `fg`.
   A foreground that was taken (or NULL) is given back for so long. */
void azl_terminal_suspend (struct azl_terminal *self,
                           struct azl_foreground *foreground);

/* A locale in which characters are UTF-8; 0: this system has none by any of
   its usual names. freelocale ends it. */
locale_t azl_utf8_locale (void);

/* Columns that a text takes: two for a wide character, none for one that
   combines with what is before it. locale 0: one for each. */
int azl_text_columns (locale_t locale, const char *text, size_t len);

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
