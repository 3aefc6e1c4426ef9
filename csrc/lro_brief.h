#ifndef AZL_LRO_BRIEF_H
#define AZL_LRO_BRIEF_H

#include <stddef.h>
#include "mem.h"

struct json_t;

/* A document with only those members that a decision about an operation reads:
   status, provisioningState, resourceLocation, properties.provisioningState.
   NULL: the text has something unusual, which may be an error or no JSON at
   all, and must be parsed as a whole. */
struct json_t *azl_lro_brief (const char *text, size_t len);

#endif
