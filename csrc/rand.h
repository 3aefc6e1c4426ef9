#ifndef AZL_RAND_H
#define AZL_RAND_H

#include <stdbool.h>
#include <stddef.h>
#include "mem.h"

/* Random bytes from the system's generator. false: it failed. */
AZL_MUST_CHECK bool azl_random_bytes (void *out, size_t len);

/* A version 4 UUID in lower case, NUL included. */
enum { AZL_UUID_BYTES = 37 };
AZL_MUST_CHECK bool azl_random_uuid (char out[AZL_UUID_BYTES]);

/* The same from random bytes that were asked for in one go: for ids that are
   no secret. Zeroed at first; belongs to one process. */
struct azl_uuid_pool {
  unsigned char bytes[256];
  size_t left;
};
AZL_MUST_CHECK bool azl_pooled_uuid (struct azl_uuid_pool *pool,
                                     char out[AZL_UUID_BYTES]);

/* Even in [0.8, 1.3], for back-off. */
double azl_random_jitter (void);

#endif
