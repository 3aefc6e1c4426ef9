#ifndef AZL_CURL_ONCE_H
#define AZL_CURL_ONCE_H

#include <curl/curl.h>
#include <stdbool.h>
#include "mem.h"

/* libcurl made ready, once for the process: several Lua states may load the
   module in threads, where curl_global_init (before 7.84) and curl_version_info
   are not safe. The first call of either does it. */

/* NULL: libcurl cannot be initialised. */
const curl_version_info_data *azl_curl_info (void);

/* "libcurl/7.88.1 OpenSSL/3.0.11" */
const char *azl_curl_version (void);

/* Whether such a libcurl will do (pure; NULL: there is none). Where not, a
   sentence in out says what was found and what is needed. */
AZL_MUST_CHECK bool azl_curl_will_do (const curl_version_info_data *found,
                                      char *out, size_t out_bytes);

#endif
