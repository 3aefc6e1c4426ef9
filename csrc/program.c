/* What a child process is started with: where its program is, and its
   environment. */
#include "program.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ; /* macOS has it in no header */

static bool is_program (const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
         access(path, X_OK) == 0;
}

static int find_absolute (const char *name, char **out_path) {
  if (name[0] != '/' || !is_program(name)) return ENOENT;
  *out_path = azl_strdup(name);
  return *out_path ? 0 : ENOMEM;
}

int azl_program_find (const char *name, const char *search_path,
                      char **out_path) {
  const char *entry = search_path ? search_path : "";
  *out_path = NULL;
  if (strchr(name, '/')) return find_absolute(name, out_path);
  while (*entry) {
    size_t len = strcspn(entry, ":");
    if (entry[0] == '/') {
      char *path = azl_format("%.*s/%s", (int)len, entry, name);
      if (!path) return ENOMEM;
      if (is_program(path)) {
        *out_path = path;
        return 0;
      }
      azl_free(path);
    }
    entry += len;
    if (*entry == ':') entry++;
  }
  return ENOENT;
}

static size_t count (const char *const *list) {
  size_t n = 0;
  while (list && list[n]) n++;
  return n;
}

/* Whether `entry` is of the same variable as one of the changes. */
static bool is_changed (const char *entry, const char *const *changes) {
  size_t len = strcspn(entry, "=");
  for (; *changes; changes++)
    if (strncmp(entry, *changes, len) == 0 &&
        ((*changes)[len] == '=' || (*changes)[len] == '\0'))
      return true;
  return false;
}

char **azl_program_env (const char *const *base, const char *const *changes) {
  static const char *const none[] = {NULL};
  const char **env;
  size_t used = 0;
  if (!base) base = (const char *const *)(const void *)environ;
  if (!changes) changes = none;
  env = azl_calloc(count(base) + count(changes) + 1, sizeof *env);
  if (!env) return NULL;
  for (; base && *base; base++)
    if (!is_changed(*base, changes)) env[used++] = *base;
  for (; *changes; changes++)
    if (strchr(*changes, '=')) env[used++] = *changes;
  /* execve takes them as char *const *, but never writes to them */
  return (char **)(void *)env;
}
