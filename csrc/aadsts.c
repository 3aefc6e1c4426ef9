/* Entra's error codes inside other texts. */
#include "aadsts.h"

#include <string.h>

#define PREFIX "AADSTS"

bool azl_aadsts_find (const char *text, char out[AZL_AADSTS_BYTES]) {
  size_t prefix = sizeof PREFIX - 1;
  const char *at = text ? strstr(text, PREFIX) : NULL;
  out[0] = '\0';
  for (; at; at = strstr(at + prefix, PREFIX)) {
    size_t len = prefix + strspn(at + prefix, "0123456789");
    if (len == prefix || len >= AZL_AADSTS_BYTES) continue;
    memcpy(out, at, len);
    out[len] = '\0';
    return true;
  }
  return false;
}
