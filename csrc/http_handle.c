/* Easy handles: the options that are the same for each transfer, and those
   that are not. */
#include "http_internal.h"
#include "proxy.h"
#include "url.h"

#include <string.h>
#include <strings.h>

enum { DEFAULT_CONNECT_MS = 30000 };

static size_t on_body (char *bytes, size_t size, size_t count, void *ctx) {
  struct azl_transfer *transfer = ((struct azl_handle *)ctx)->transfer;
  if (azl_buf_add(&transfer->response.body, bytes, size * count))
    return size * count;
  transfer->too_large = true;
  return 0;
}

static size_t on_field (char *bytes, size_t size, size_t count, void *ctx) {
  struct azl_transfer *transfer = ((struct azl_handle *)ctx)->transfer;
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

static void set_constants (struct azl_handle *handle,
                           const struct azl_http *http) {
  CURL *easy = handle->easy;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, handle);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, handle);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, handle);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, handle->error_text);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_field);
  curl_easy_setopt(easy, CURLOPT_SHARE, http->share);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
#if LIBCURL_VERSION_NUM >= 0x075700
  /* removing a handle that still resolves would block until DNS answers */
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  set_protocols(easy, http);
  set_tls(easy, http);
}

struct azl_handle *azl_handle_new (struct azl_http *http) {
  struct azl_handle *handle = azl_calloc(1, sizeof(*handle));
  if (!handle) return NULL;
  handle->easy = curl_easy_init();
  if (handle->easy) {
    set_constants(handle, http);
    if (!http->config.pinned_sha1[0] || azl_handle_pin(handle)) return handle;
  }
  azl_handle_free(handle);
  return NULL;
}

void azl_handle_free (struct azl_handle *handle) {
  curl_easy_cleanup(handle->easy);
  azl_free(handle);
}

/* Secrets go over plain http to this machine alone: a proxy that the whole
   environment has must not read them. */
static bool stays_here (const struct azl_transfer *transfer,
                        const struct azl_url *url) {
  bool in_clear = url->scheme_len == strlen("http") && url->scheme[4] == ':';
  return in_clear && azl_url_is_loopback(url) && transfer->http->proxy_of_env &&
         (transfer->secret || transfer->request.bearer);
}

static bool bypasses_proxy (const struct azl_transfer *transfer) {
  struct azl_url url;
  if (transfer->no_proxy || !azl_url_parse(transfer->request.url, &url) ||
      stays_here(transfer, &url))
    return true;
  char *host = azl_strndup(url.host, url.host_len);
  bool bypassed = !host || azl_proxy_bypassed(transfer->http->no_proxy, host);
  azl_free(host);
  return bypassed;
}

/* A proxy may want the whole URL as target: libcurl knows when. */
static CURLcode set_url (CURL *easy, const struct azl_transfer *transfer) {
  const struct azl_request_copy *request = &transfer->request;
  const char *proxy = transfer->http->proxy;
  bool proxied = proxy && !bypasses_proxy(transfer);
  if (proxy) curl_easy_setopt(easy, CURLOPT_PROXY, proxied ? proxy : "");
  curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET,
                   proxied ? NULL : request->target);
  return curl_easy_setopt(easy, CURLOPT_URL,
                          proxied ? request->url : request->origin);
}

/* HTTPGET first: it undoes what an earlier transfer asked of the handle. */
static void set_method (struct azl_handle *handle,
                        const struct azl_request_copy *request) {
  CURL *easy = handle->easy;
  bool is_get = strcmp(request->method, "GET") == 0 && !request->has_body;
  if (is_get && handle->is_get) return;
  handle->is_get = is_get;
  curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
  if (is_get) return;
  if (strcmp(request->method, "HEAD") == 0) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request->has_body || azl_writes(request->method)) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)request->body_len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_connection (struct azl_handle *handle,
                            const struct azl_transfer *transfer) {
  int64_t wanted_ms = transfer->connect_timeout_ms
                          ? transfer->connect_timeout_ms
                          : transfer->http->config.connect_timeout_ms;
  long connect_ms = wanted_ms ? (long)wanted_ms : DEFAULT_CONNECT_MS;
  if (handle->connect_ms != connect_ms)
    curl_easy_setopt(handle->easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  if (handle->once != transfer->once)
    curl_easy_setopt(handle->easy, CURLOPT_FRESH_CONNECT,
                     transfer->once ? 1L : 0L);
  handle->connect_ms = connect_ms;
  handle->once = transfer->once;
}

bool azl_handle_prepare (struct azl_handle *handle,
                         struct azl_transfer *transfer) {
  handle->transfer = transfer;
  handle->error_text[0] = '\0';
  set_method(handle, &transfer->request);
  set_connection(handle, transfer);
  curl_easy_setopt(handle->easy, CURLOPT_HTTPHEADER, transfer->request.lines);
  return set_url(handle->easy, transfer) == CURLE_OK;
}
