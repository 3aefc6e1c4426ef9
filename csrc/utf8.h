#ifndef AZL_UTF8_H
#define AZL_UTF8_H

#include <stddef.h>

/* Bytes of the UTF-8 character at text, of which `left` bytes are readable; 0
   when it is not one (RFC 3629: no surrogates, nothing overlong). */
static inline size_t azl_utf8_length (const char *text, size_t left) {
  const unsigned char *c = (const unsigned char *)text;
  size_t len = 0;
  unsigned char low = 0x80, high = 0xbf; /* limits of the second byte */

  if (left == 0) return 0;
  if (c[0] < 0x80) return 1;
  if (c[0] >= 0xc2 && c[0] <= 0xdf) len = 2;
  if (c[0] >= 0xe0 && c[0] <= 0xef) len = 3;
  if (c[0] >= 0xf0 && c[0] <= 0xf4) len = 4;
  if (c[0] == 0xe0) low = 0xa0;
  if (c[0] == 0xed) high = 0x9f;
  if (c[0] == 0xf0) low = 0x90;
  if (c[0] == 0xf4) high = 0x8f;
  if (len == 0 || len > left || c[1] < low || c[1] > high) return 0;
  for (size_t i = 2; i < len; i++) {
    if ((c[i] & 0xc0) != 0x80) return 0;
  }
  return len;
}

#endif
