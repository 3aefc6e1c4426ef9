/* Easy handles: the options that are the same for each transfer. */
#include "http_internal.h"

#include <string.h>

static size_t on_body (char *bytes, size_t size, size_t count, void *ctx) {
  struct azl_transfer *transfer = ctx;
  if (azl_buf_add(&transfer->response.body, bytes, size * count))
    return size * count;
  transfer->too_large = true;
  return 0;
}

static size_t on_field (char *bytes, size_t size, size_t count, void *ctx) {
  struct azl_transfer *transfer = ctx;
  size_t len = size * count;
  if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) /* a new answer begins */
    transfer->head_complete = false;
  else if (len <= 2)
    transfer->head_complete = true;
  if (azl_headers_parse_line(&transfer->response.headers, bytes, len))
    return len;
  transfer->refused_field = true;
  return 0;
}

static void set_tls (CURL *easy, const struct azl_http *http) {
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  /* Both at once would make libcurl parse the bundle for every connection:
     its cache is off as soon as a folder is set. */
  curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca_file);
  curl_easy_setopt(easy, CURLOPT_CAPATH, http->ca_path);
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 86400L);
#endif
}

static void set_protocols (CURL *easy, const struct azl_http *http) {
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                   (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   http->config.http1_only ? (long)CURL_HTTP_VERSION_1_1
                                           : (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
}

CURL *azl_handle_new (struct azl_http *http) {
  CURL *easy = curl_easy_init();
  if (!easy) return NULL;
  curl_easy_setopt(easy, CURLOPT_SHARE, http->share);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_field);
#if LIBCURL_VERSION_NUM >= 0x075700
  /* removing a handle that still resolves would block until DNS answers */
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  set_protocols(easy, http);
  set_tls(easy, http);
  if (!http->config.pinned_sha1[0] || azl_handle_pin(easy)) return easy;
  curl_easy_cleanup(easy);
  return NULL;
}
