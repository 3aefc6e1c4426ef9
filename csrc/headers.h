#ifndef AZL_HEADERS_H
#define AZL_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "mem.h"

/* Header fields in order; names keep their casing, lookups ignore it. All text
   stands in one block, which moves as it grows. */
struct azl_header {
  char *name, *value;
};
struct azl_headers {
  struct azl_header *items;
  size_t count, capacity;
  char *text;
  size_t text_len, text_capacity;
};

/* Copies name and value. false: not a token, CR, LF or NUL in the value, or
   out of memory; azl_headers_valid tells the first two apart from the last. */
AZL_MUST_CHECK bool azl_headers_add (struct azl_headers *headers,
                                     const char *name, const char *value);
bool azl_headers_valid (const char *name, const char *value);

/* Replaces the first of that name and drops the others, or adds it. */
AZL_MUST_CHECK bool azl_headers_set (struct azl_headers *headers,
                                     const char *name, const char *value);
/* Adds copies of all of `from`. false: no memory, and `to` is as it was. */
AZL_MUST_CHECK bool azl_headers_copy (struct azl_headers *to,
                                      const struct azl_headers *from);

/* The first value of that name, or NULL. Borrowed. */
const char *azl_headers_find (const struct azl_headers *headers,
                              const char *name, size_t len);
static inline const char *azl_headers_get (const struct azl_headers *headers,
                                           const char *name) {
  if (!headers || headers->count == 0) return NULL;
  return azl_headers_find(headers, name, strlen(name));
}
void azl_headers_remove (struct azl_headers *headers, const char *name);
void azl_headers_free (struct azl_headers *headers);

/* One line as received ("Name: value\r\n"); other lines are ignored. A line
   starting with "HTTP/" empties the list: a new response begins. */
AZL_MUST_CHECK bool azl_headers_parse_line (struct azl_headers *headers,
                                            const char *line, size_t len);

/* Seconds since 1970 of an HTTP date (RFC 9110 5.6.7, all three forms), or
   -1. */
int64_t azl_http_date (const char *text);

/* Milliseconds to wait that a response asks for, or -1 when it asks for none.
   Order of the Azure SDKs: retry-after-ms, x-ms-retry-after-ms, Retry-After as
   seconds or as a date (a date in the past gives 0). wall_ms is now. */
int64_t azl_retry_after_ms (const struct azl_headers *headers, int64_t wall_ms);

/* The value of `key` in the first `scheme` challenge of a WWW-Authenticate
   value that has it, unquoted, into out. false: not there, or longer than
   out. */
bool azl_challenge_param (const char *www_authenticate, const char *scheme,
                          const char *key, char *out, size_t out_bytes);

#endif
