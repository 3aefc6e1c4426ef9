/* Owns writing the files of the emulator that hold secrets. */
#include "emulator_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all (int fd, const char *bytes, size_t len) {
  while (len > 0) {
    ssize_t put = write(fd, bytes, len);
    if (put < 0 && errno != EINTR) return errno;
    if (put > 0) bytes += put, len -= (size_t)put;
  }
  return 0;
}

int azl_emulator_file_write (const char *path, const void *bytes, size_t len) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                S_IRUSR | S_IWUSR);
  if (fd < 0) return errno;
  int error = write_all(fd, bytes, len);
  if (close(fd) != 0 && !error) error = errno;
  if (error) unlink(path);
  return error;
}
