#ifndef AZL_PLAIN_H
#define AZL_PLAIN_H

/* Makes one line of a server's words that steers no terminal, in place: control
   characters (also U+0080 to U+009F, which are sequences like ESC's to many
   terminals) become spaces, bytes that are no UTF-8 question marks. */
void azl_plain_text (char *text);

#endif
