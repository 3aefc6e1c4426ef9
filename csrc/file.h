#ifndef AZL_FILE_H
#define AZL_FILE_H

#include "buf.h"

/* Reads a whole regular file of at most max_bytes into an empty buffer, which
   the caller frees with azl_buf_free_secret in any case. 0, or an errno:
   EFBIG where it is larger. */
AZL_MUST_CHECK int azl_file_read (const char *path, size_t max_bytes,
                                  struct azl_buf *out);

#endif
