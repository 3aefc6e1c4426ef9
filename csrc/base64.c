/* Base64 as challenges and tokens carry it: both alphabets, padding or not. */
#include "base64.h"

#include <string.h>

static int value_of (char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

static size_t unpadded_length (const char *text) {
  size_t len = strlen(text);
  for (int i = 0; i < 2 && len > 0 && text[len - 1] == '='; i++) len--;
  return len;
}

char *azl_base64_decode (const char *text, size_t *out_len) {
  size_t len = unpadded_length(text), used = 0;
  if (len % 4 == 1) return NULL;
  char *out = azl_malloc(len / 4 * 3 + 3);
  if (!out) return NULL;
  unsigned bits = 0;
  for (size_t i = 0; i < len; i++) {
    int value = value_of(text[i]);
    if (value < 0) {
      azl_free(out);
      return NULL;
    }
    bits = bits << 6 | (unsigned)value;
    if (i % 4 == 0) continue;
    out[used++] = (char)(unsigned char)(bits >> (6 - 2 * (i % 4)));
  }
  out[used] = '\0';
  if (out_len) *out_len = used;
  return out;
}
