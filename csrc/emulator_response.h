#ifndef AZL_EMULATOR_RESPONSE_H
#define AZL_EMULATOR_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mem.h"

struct MHD_Response;

/* A response whose Content-Length says `declared_bytes` (at least len); when
   that is more than is there, the connection ends after the body. Copies.
   NULL: out of memory. */
struct MHD_Response *azl_response_new (const void *body, size_t len,
                                       uint64_t declared_bytes);

/* false: a character that no header may carry. */
AZL_MUST_CHECK bool azl_response_header (struct MHD_Response *response,
                                         const char *name, const char *value);
void azl_response_free (struct MHD_Response *response);

#endif
