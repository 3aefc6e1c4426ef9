/* The challenge of Azure Arc's agent. The server names a file to read and to
   send back: whoever can answer on the agent's port would otherwise choose
   any file of ours. */
#include "arc_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "headers.h"

enum { MAX_PATH_BYTES = 1024, MAX_KEY_BYTES = 4096 };

static struct azl_err *refuse (const char *why) {
  return azl_err_new(AZL_ERR_AUTH, "ArcChallenge",
                     "the challenge of Azure Arc was not answered: %s", why);
}

/* The file's name when path is exactly folder/name.key, else NULL. */
static const char *key_name (const char *path, const char *folder) {
  size_t folder_len = strlen(folder), len;
  const char *name;
  if (strncmp(path, folder, folder_len) != 0 || path[folder_len] != '/')
    return NULL;
  name = path + folder_len + 1;
  len = strlen(name);
  if (len <= 4 || strcmp(name + len - 4, ".key") != 0) return NULL;
  return strchr(name, '/') ? NULL : name;
}

/* The folder first, so that neither it nor the file can be a link to
   somewhere else. Not blocking: a pipe of that name has no writer. */
static int open_key (const char *folder, const char *name) {
  int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int fd;
  if (folder_fd < 0) return -1;
  fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  close(folder_fd);
  return fd;
}

/* Up to MAX_KEY_BYTES + 1 bytes, so that too many show; -1: cannot read. */
static ssize_t read_key (int fd, char *out) {
  size_t used = 0;
  while (used <= MAX_KEY_BYTES) {
    ssize_t len = read(fd, out + used, MAX_KEY_BYTES + 1 - used);
    if (len < 0 && errno == EINTR) continue;
    if (len < 0) return -1;
    if (len == 0) break;
    used += (size_t)len;
  }
  return (ssize_t)used;
}

static const char *check_key (char *key, ssize_t len) {
  if (len < 0) return "its key file cannot be read";
  if (len > MAX_KEY_BYTES) return "its key file is longer than 4096 bytes";
  while (len > 0 && strchr("\r\n\t ", key[len - 1])) len--;
  key[len] = '\0';
  if (len == 0) return "its key file is empty";
  if (strlen(key) != (size_t)len || !azl_headers_valid("Authorization", key))
    return "its key file is not text";
  return NULL;
}

static struct azl_err *answer_with (int fd, char **out_authorization) {
  char key[MAX_KEY_BYTES + 2];
  struct stat info;
  const char *problem;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    return refuse("its key file is not a regular file");
  problem = check_key(key, read_key(fd, key));
  if (!problem) *out_authorization = azl_format("Basic %s", key);
  azl_wipe(key, sizeof key);
  if (problem) return refuse(problem);
  return *out_authorization ? NULL : azl_err_oom();
}

struct azl_err *azl_arc_answer (const char *www_authenticate,
                                const char *folder, char **out_authorization) {
  char path[MAX_PATH_BYTES];
  const char *name;
  struct azl_err *err;
  int fd;
  *out_authorization = NULL;
  if (!www_authenticate || !azl_challenge_param(www_authenticate, "Basic",
                                                "realm", path, sizeof path))
    return refuse("it names no key file");
  name = key_name(path, folder);
  if (!name) return refuse("it names a file that is no key of the agent");
  fd = open_key(folder, name);
  if (fd < 0 && errno == EACCES) {
    err = refuse("its key file may not be read by this user");
    azl_err_set(err, hint, "add the user to the group 'himds'");
    return err;
  }
  if (fd < 0) return refuse("its key file cannot be opened");
  err = answer_with(fd, out_authorization);
  close(fd);
  return err;
}
