/* Proxy choice as the Azure SDKs make it, not as libcurl does. */
#include "proxy.h"
#include "bytes.h"

#include <stdlib.h>
#include <string.h>

static const char *first_set (const char *const *names) {
  for (; *names; names++) {
    const char *value = getenv(*names);
    if (value && *value) return value;
  }
  return NULL;
}

const char *azl_proxy_from_env (void) {
  static const char *const names[] = {
      "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy",
      "HTTP_PROXY",  "http_proxy",  NULL};
  return first_set(names);
}

const char *azl_no_proxy_from_env (void) {
  static const char *const names[] = {"NO_PROXY", "no_proxy", NULL};
  return first_set(names);
}

static bool entry_matches (const char *entry, size_t len, const char *host) {
  size_t host_len = strlen(host);
  if (len == 1 && *entry == '*') return true;
  if (len == 0) return false;
  if (*entry != '.') return len == host_len && azl_same_bytes(entry, host, len);
  if (host_len == len - 1) return azl_same_bytes(entry + 1, host, host_len);
  return host_len > len && azl_same_bytes(host + host_len - len, entry, len);
}

bool azl_proxy_bypassed (const char *list, const char *host) {
  while (list && *list) {
    list += strspn(list, ", \t");
    size_t len = strcspn(list, ", \t");
    if (entry_matches(list, len, host)) return true;
    list += len;
  }
  return false;
}
