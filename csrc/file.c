/* Owns reading small files that hold secrets. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all (int fd, size_t bytes, struct azl_buf *out) {
  char *space = azl_malloc(bytes + 1);
  size_t len = 0;
  int error = space ? 0 : ENOMEM;
  while (!error && len < bytes) {
    ssize_t got = read(fd, space + len, bytes - len);
    if (got > 0) len += (size_t)got;
    if (got == 0) break;
    if (got < 0 && errno != EINTR) error = errno;
  }
  if (!error && len > 0 && !azl_buf_add(out, space, len)) error = ENOMEM;
  if (space) azl_wipe(space, bytes);
  azl_free(space);
  return error;
}

int azl_file_read (const char *path, size_t max_bytes, struct azl_buf *out) {
  struct stat info;
  int error = 0, fd;
  azl_buf_init(out, max_bytes);
  fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return errno;
  if (fstat(fd, &info) != 0)
    error = errno;
  else if (!S_ISREG(info.st_mode))
    error = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
  else if ((unsigned long long)info.st_size > max_bytes)
    error = EFBIG;
  else
    error = read_all(fd, (size_t)info.st_size, out);
  close(fd);
  return error;
}
