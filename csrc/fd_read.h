#ifndef AZL_FD_READ_H
#define AZL_FD_READ_H

#include <stddef.h>
#include "buf.h"
#include "op.h"

/* Reads what is there, 1 to max_bytes, as soon as there is something; the
   descriptor stays as it is (blocking or not) and the caller's. Any kind will
   do: what cannot be watched, such as a file, is read at once. One read at a
   time per descriptor: a second one fails with "Busy". Failed: "ReadFailed".
   NULL: out of memory. */
struct azl_op *azl_fd_read (struct azl_loop *loop, int fd, size_t max_bytes);

/* Of a done operation; empty at the end of the input. Borrowed. */
const struct azl_buf *azl_fd_read_result (const struct azl_op *op);

#endif
