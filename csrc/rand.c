/* Owns randomness; the system's generator only, so a fork or a restored
   virtual machine cannot repeat what is secret. */
#include "rand.h"

#include <stdint.h>
#include <sys/random.h>
#include <unistd.h>

/* getentropy's own limit */
enum { MAX_AT_ONCE = 256 };

enum { UUID_SIZE = 16 };

bool azl_random_bytes (void *out, size_t len) {
  unsigned char *at = out;
  while (len) {
    size_t part = len < MAX_AT_ONCE ? len : MAX_AT_ONCE;
    if (getentropy(at, part) != 0) return false;
    at += part;
    len -= part;
  }
  return true;
}

static void format_uuid (unsigned char bytes[UUID_SIZE],
                         char out[AZL_UUID_BYTES]) {
  static const char hex[] = "0123456789abcdef";
  char *at = out;

  bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* version 4 */
  bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80); /* RFC 9562 variant */
  for (int i = 0; i < UUID_SIZE; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    *at++ = hex[bytes[i] >> 4];
    *at++ = hex[bytes[i] & 15];
  }
  *at = '\0';
}

bool azl_random_uuid (char out[AZL_UUID_BYTES]) {
  unsigned char bytes[UUID_SIZE];
  if (!azl_random_bytes(bytes, sizeof bytes)) return false;
  format_uuid(bytes, out);
  return true;
}

bool azl_pooled_uuid (struct azl_uuid_pool *pool, char out[AZL_UUID_BYTES]) {
  if (pool->left < UUID_SIZE) {
    if (!azl_random_bytes(pool->bytes, sizeof pool->bytes)) return false;
    pool->left = sizeof pool->bytes;
  }
  pool->left -= UUID_SIZE;
  format_uuid(pool->bytes + pool->left, out);
  return true;
}

double azl_random_jitter (void) {
  uint32_t value;
  if (!azl_random_bytes(&value, sizeof value)) return 1.0;
  return 0.8 + 0.5 * ((double)value / (double)UINT32_MAX);
}
