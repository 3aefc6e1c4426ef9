/* What is done once for the process before libcurl is used. */
#include "curl_once.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

enum { OLDEST = 0x075100 };
#define OLDEST_NAME "7.81.0"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const curl_version_info_data *info;
static char version[96];

/* curl_version would tell the same and more, but asks OpenLDAP for its version
   too, which loads every plugin of SASL: 5 of the 23 ms of a short script. */
static void make_ready (void) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return;
  info = curl_version_info(CURLVERSION_NOW);
  (void)snprintf(version, sizeof version, "libcurl/%s %s", info->version,
                 info->ssl_version ? info->ssl_version : "");
}

const curl_version_info_data *azl_curl_info (void) {
  return pthread_once(&once, make_ready) == 0 ? info : NULL;
}

const char *azl_curl_version (void) {
  return azl_curl_info() ? version : "";
}

bool azl_curl_will_do (const curl_version_info_data *found, char *out,
                       size_t out_bytes) {
  const char *needed = NULL;
  if (!found) {
    snprintf(out, out_bytes, "libcurl cannot be initialised");
    return false;
  }
  if (found->version_num < OLDEST)
    needed = OLDEST_NAME " or newer is needed";
  else if (!(found->features & CURL_VERSION_SSL))
    needed = "one that was built with TLS is needed";
  if (!needed) return true;
  snprintf(out, out_bytes, "this is libcurl %s; %s", found->version, needed);
  return false;
}
