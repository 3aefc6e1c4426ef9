/* Comparing text as protocols do. */
#include "bytes.h"

static unsigned char lower (char c) {
  return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool azl_same_bytes (const char *a, const char *b, size_t len) {
  for (; len > 0; a++, b++, len--) {
    if (*a != *b && lower(*a) != lower(*b)) return false;
    if (*a == '\0') return true;
  }
  return true;
}
