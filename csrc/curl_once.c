/* What is done once for the process before libcurl is used. */
#include "curl_once.h"

#include <pthread.h>
#include <stddef.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const curl_version_info_data *info;
static const char *version;

static void make_ready (void) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return;
  version = curl_version();
  info = curl_version_info(CURLVERSION_NOW);
}

const curl_version_info_data *azl_curl_info (void) {
  return pthread_once(&once, make_ready) == 0 ? info : NULL;
}

const char *azl_curl_version (void) {
  return azl_curl_info() ? version : "";
}
