#ifndef AZL_PROXY_H
#define AZL_PROXY_H

#include <stdbool.h>
#include "mem.h"

/* Which proxy the Azure SDKs would use: HTTPS_PROXY, else ALL_PROXY, else
   HTTP_PROXY, upper case before lower case, for every scheme. NULL: none.
   Borrowed from the environment. */
const char *azl_proxy_from_env (void);
const char *azl_no_proxy_from_env (void);

/* Whether host is named by a NO_PROXY list: commas between entries, a leading
   dot means the domain and all below it, "*" everything, else the exact host,
   without regard to case. list may be NULL. */
bool azl_proxy_bypassed (const char *list, const char *host);

#endif
