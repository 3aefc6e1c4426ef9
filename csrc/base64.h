#ifndef AZL_BASE64_H
#define AZL_BASE64_H

#include <stddef.h>
#include "mem.h"

/* Decodes base64 in either alphabet (RFC 4648 4 and 5), padding optional. The
   result has a NUL behind its last byte; out_len may be NULL. NULL back: other
   characters, an impossible length, or no memory. */
AZL_MUST_CHECK char *azl_base64_decode (const char *text, size_t *out_len);

#endif
