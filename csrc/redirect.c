/* Which redirects are followed: a pure decision. */
#include "redirect.h"

#include <string.h>

static bool reads (const char *method) {
  return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

const char *azl_redirect_method (int status, const char *method) {
  switch (status) {
  case 300:
  case 307: return method;
  case 301:
  case 302: return reads(method) ? method : NULL;
  case 303: return strcmp(method, "POST") == 0 ? "GET" : NULL;
  default: return NULL;
  }
}
