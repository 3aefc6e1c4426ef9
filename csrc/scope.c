/* Scopes (v2 of Entra's protocol) as resources (v1). */
#include "scope.h"

#include <string.h>

#define DEFAULT_SUFFIX "/.default"

char *azl_scope_resource (const char *scope) {
  size_t len = strlen(scope), suffix = strlen(DEFAULT_SUFFIX);
  if (len > suffix && strcmp(scope + len - suffix, DEFAULT_SUFFIX) == 0)
    len -= suffix;
  return azl_strndup(scope, len);
}
