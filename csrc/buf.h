#ifndef AZL_BUF_H
#define AZL_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include "mem.h"

/* A growing byte string with a maximum. data is NUL-terminated once anything
   was added (the NUL is not counted in len); NULL before. */
struct azl_buf {
  char *data;
  size_t len;
  size_t capacity;
  size_t max_bytes;
};

void azl_buf_init (struct azl_buf *buf, size_t max_bytes);

/* false: over the maximum or out of memory; the buffer is as it was. */
AZL_MUST_CHECK bool azl_buf_add (struct azl_buf *buf, const void *bytes,
                                 size_t len);
AZL_MUST_CHECK bool azl_buf_add_str (struct azl_buf *buf, const char *text);
AZL_MUST_CHECK bool azl_buf_add_fmt (struct azl_buf *buf, const char *fmt, ...)
    AZL_PRINTF(2, 3);

/* Percent-encodes everything but RFC 3986 unreserved characters. */
AZL_MUST_CHECK bool azl_buf_add_escaped (struct azl_buf *buf, const char *text);

/* Hands the bytes over (the caller frees them with azl_free) and empties the
   buffer. NULL when nothing was ever added. */
char *azl_buf_take (struct azl_buf *buf);

/* Forgets the content, keeps the memory. */
void azl_buf_clear (struct azl_buf *buf);

void azl_buf_free (struct azl_buf *buf);

/* Wipes, then frees: for buffers that held a secret. */
void azl_buf_free_secret (struct azl_buf *buf);

#endif
