#ifndef AZL_DATE_H
#define AZL_DATE_H

#include <stdbool.h>
#include <stdint.h>
#include "json.h"

/* Milliseconds since 1970 UTC of the dates that token endpoints and tools
   write, or -1:
     2026-01-31T12:34:56Z, 2026-01-31T12:34:56.123+01:00   ISO 8601
     2026-01-31 12:34:56.000000        no zone: local time (az)
     01/31/2026 12:34:56 +00:00, 1/31/2026 1:34:56 PM +00:00  (App Service)
   Nothing but blanks may follow. */
int64_t azl_date_ms (const char *text);

/* The same for a member of a document that holds a number of seconds since
   1970, such a number in a string, or a date. -1: none of these. */
int64_t azl_date_member_ms (const struct json_t *doc, const char *path);

#endif
