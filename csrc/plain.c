/* Owns what may be shown of words from elsewhere. */
#include "plain.h"
#include "utf8.h"

#include <stdbool.h>
#include <string.h>

/* In UTF-8, C2 80 to C2 9F. */
static bool is_control (const unsigned char *c, size_t len) {
  if (len == 1) return c[0] < ' ' || c[0] == 0x7f;
  return len == 2 && c[0] == 0xc2 && c[1] < 0xa0;
}

void azl_plain_text (char *text) {
  const char *from = text, *end = text + strlen(text);
  char *to = text;
  while (from < end) {
    size_t len = azl_utf8_length(from, (size_t)(end - from));
    if (len == 0) {
      *to++ = '?';
      from++;
    } else if (is_control((const unsigned char *)from, len)) {
      *to++ = ' ';
      from += len;
    } else {
      memmove(to, from, len);
      to += len;
      from += len;
    }
  }
  *to = '\0';
}
