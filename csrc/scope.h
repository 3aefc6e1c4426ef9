#ifndef AZL_SCOPE_H
#define AZL_SCOPE_H

#include "mem.h"

/* The resource of a scope: "https://management.azure.com/.default" is
   "https://management.azure.com". Endpoints and tools of the v1 kind ask for
   one. NULL: out of memory. The caller frees. */
AZL_MUST_CHECK char *azl_scope_resource (const char *scope);

#endif
