/* Easy handles: the options that are the same for each transfer, and those
   that are not. */
#include "http_internal.h"
#include "bytes.h"
#include "http_socket.h"
#include "proxy.h"
#include "url.h"

#include <string.h>

enum { DEFAULT_CONNECT_MS = 30000 };

/* How long an address of a name is remembered, and how often that is looked
   at; libcurl would walk through all names after each transfer. */
enum { NAMES_LIVE_S = 60, NAMES_CHECKED_MS = 1000, NO_LOOK = -1 };

static size_t on_body (char *bytes, size_t size, size_t count, void *ctx) {
  struct azl_transfer *transfer = ((struct azl_handle *)ctx)->transfer;
  if (azl_buf_add(&transfer->response.body, bytes, size * count))
    return size * count;
  transfer->refusal = transfer->response.body.len + size * count >
                              transfer->response.body.max_bytes
                          ? AZL_REFUSAL_BODY
                          : AZL_REFUSAL_NO_MEMORY;
  return 0;
}

static bool fits_head (struct azl_transfer *transfer, size_t len) {
  transfer->head_bytes += len;
  transfer->head_lines++;
  return transfer->head_bytes <= AZL_HEAD_MAX_BYTES &&
         transfer->head_lines <= AZL_HEAD_MAX_LINES;
}

static size_t on_field (char *bytes, size_t size, size_t count, void *ctx) {
  struct azl_transfer *transfer = ((struct azl_handle *)ctx)->transfer;
  size_t len = size * count;
  if (!fits_head(transfer, len)) {
    transfer->refusal = AZL_REFUSAL_HEAD;
    return 0;
  }
  if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) /* a new answer begins */
    transfer->head_complete = false;
  else if (transfer->head_complete) /* a trailer: nobody reads it as a header */
    return len;
  else if (len <= 2)
    transfer->head_complete = true;
  if (azl_headers_parse_line(&transfer->response.headers, bytes, len))
    return len;
  transfer->refusal = AZL_REFUSAL_NO_MEMORY;
  return 0;
}

/* Of every option that is not a mere wish the result counts: a string that
   libcurl has no memory for leaves a default in force, which may be another
   proxy, authority or method than the one asked for. */
#define SET(easy, option, value)                                               \
  (curl_easy_setopt((easy), (option), (value)) == CURLE_OK)

/* NULL takes libcurl's default away, for which it needs no memory; not every
   TLS library knows folders. */
static bool set_authorities (CURL *easy, CURLoption option, const char *path) {
  return SET(easy, option, path) || !path;
}

static bool set_tls (CURL *easy, const struct azl_http *http) {
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 86400L);
#endif
  /* Both at once would make libcurl parse the bundle for every connection:
     its cache is off as soon as a folder is set. */
  return set_authorities(easy, CURLOPT_CAINFO, http->ca_file) &&
         set_authorities(easy, CURLOPT_CAPATH, http->ca_path) &&
         SET(easy, CURLOPT_SSL_VERIFYPEER, 1L) &&
         SET(easy, CURLOPT_SSL_VERIFYHOST, 2L) &&
         SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static bool set_protocols (CURL *easy, const struct azl_http *http) {
  /* Not every libcurl has HTTP/2. */
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   http->config.http1_only ? (long)CURL_HTTP_VERSION_1_1
                                           : (long)CURL_HTTP_VERSION_2TLS);
#if LIBCURL_VERSION_NUM >= 0x075500
  return SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  return SET(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static bool set_callbacks (struct azl_handle *handle) {
  CURL *easy = handle->easy;
  return SET(easy, CURLOPT_PRIVATE, handle) &&
         SET(easy, CURLOPT_WRITEDATA, handle) &&
         SET(easy, CURLOPT_HEADERDATA, handle) &&
         SET(easy, CURLOPT_ERRORBUFFER, handle->error_text) &&
         SET(easy, CURLOPT_WRITEFUNCTION, on_body) &&
         SET(easy, CURLOPT_HEADERFUNCTION, on_field);
}

static bool set_constants (struct azl_handle *handle, struct azl_http *http) {
  CURL *easy = handle->easy;
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  /* removing a handle that still resolves would block until DNS answers */
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  return set_callbacks(handle) && SET(easy, CURLOPT_SHARE, http->share) &&
         SET(easy, CURLOPT_NOSIGNAL, 1L) &&
         SET(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
         SET(easy, CURLOPT_PATH_AS_IS, 1L) &&
         SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
         SET(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate") &&
         SET(easy, CURLOPT_PROXY, "") && SET(easy, CURLOPT_NOPROXY, "") &&
         azl_socket_keep(easy, http) && set_protocols(easy, http) &&
         set_tls(easy, http);
}

struct azl_handle *azl_handle_new (struct azl_http *http) {
  struct azl_handle *handle = azl_calloc(1, sizeof(*handle));
  if (!handle) return NULL;
  handle->easy = curl_easy_init();
  handle->parts = curl_url();
  handle->names_s = NAMES_LIVE_S; /* libcurl's default */
  if (handle->easy && handle->parts && set_constants(handle, http) &&
      (!http->config.pinned_sha1[0] || azl_handle_pin(handle)))
    return handle;
  azl_handle_free(handle);
  return NULL;
}

void azl_handle_free (struct azl_handle *handle) {
  curl_easy_cleanup(handle->easy);
  curl_url_cleanup(handle->parts);
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

/* The proxy for this transfer, "" for none. NULL: out of memory. */
static const char *choose_proxy (const struct azl_transfer *transfer) {
  const struct azl_http *http = transfer->http;
  struct azl_url url;
  if (!http->proxy || transfer->no_proxy ||
      !azl_url_parse(transfer->request.url, &url) || stays_here(transfer, &url))
    return "";
  char *host = azl_strndup(url.host, url.host_len);
  if (!host) return NULL;
  bool bypassed = azl_proxy_bypassed(http->no_proxy, host);
  azl_free(host);
  return bypassed ? "" : http->proxy;
}

/* In this order: some libcurl forgets its URL with its parts. */
static bool set_text (struct azl_handle *handle, const char *url) {
  handle->parsed = false;
  return SET(handle->easy, CURLOPT_CURLU, NULL) &&
         SET(handle->easy, CURLOPT_URL, url);
}

/* An origin is parsed once: libcurl would parse it for each request, and print
   it again, which takes longer. What cannot be parsed here is left to libcurl,
   whose error says why. */
static bool parse_origin (struct azl_handle *handle, const char *origin) {
  if (curl_url_set(handle->parts, CURLUPART_URL, origin, CURLU_PATH_AS_IS) !=
      CURLUE_OK)
    return set_text(handle, origin);
  handle->parsed = true;
  return SET(handle->easy, CURLOPT_URL, origin) &&
         SET(handle->easy, CURLOPT_CURLU, handle->parts);
}

static bool set_origin (struct azl_handle *handle, const char *url,
                        size_t len) {
  if (len < sizeof(handle->origin) && memcmp(handle->origin, url, len) == 0 &&
      handle->origin[len] == '\0')
    return true;
  handle->origin[0] = '\0';
  char *origin = azl_strndup(url, len);
  bool done = origin && parse_origin(handle, origin);
  if (done && len < sizeof(handle->origin))
    memcpy(handle->origin, origin, len + 1);
  azl_free(origin);
  return done;
}

static bool set_whole_url (struct azl_handle *handle, const char *url) {
  handle->origin[0] = '\0';
  return set_text(handle, url);
}

/* A proxy may want the whole URL as target: libcurl knows when. */
static bool set_url (struct azl_handle *handle,
                     const struct azl_transfer *transfer) {
  const struct azl_request_copy *request = &transfer->request;
  const char *proxy = choose_proxy(transfer);
  CURL *easy = handle->easy;
  if (!proxy) return false;
  bool proxied = *proxy != '\0';
  return (!transfer->http->proxy || SET(easy, CURLOPT_PROXY, proxy)) &&
         SET(easy, CURLOPT_REQUEST_TARGET, proxied ? NULL : request->target) &&
         (proxied ? set_whole_url(handle, request->url)
                  : set_origin(handle, request->url, request->origin_len));
}

static bool set_body (CURL *easy, const struct azl_request_copy *request) {
  return SET(easy, CURLOPT_POST, 1L) &&
         SET(easy, CURLOPT_POSTFIELDSIZE_LARGE,
             (curl_off_t)request->body_len) &&
         SET(easy, CURLOPT_POSTFIELDS, request->body);
}

/* HTTPGET first: it undoes what an earlier transfer asked of the handle. */
static bool set_method (struct azl_handle *handle,
                        const struct azl_request_copy *request) {
  CURL *easy = handle->easy;
  bool is_get = strcmp(request->method, "GET") == 0 && !request->has_body;
  if (is_get && handle->is_get) return true;
  handle->is_get = is_get;
  if (!SET(easy, CURLOPT_HTTPGET, 1L) ||
      !SET(easy, CURLOPT_CUSTOMREQUEST, NULL))
    return false;
  if (is_get) return true;
  if (strcmp(request->method, "HEAD") == 0)
    return SET(easy, CURLOPT_NOBODY, 1L);
  if ((request->has_body || azl_writes(request->method)) &&
      !set_body(easy, request))
    return false;
  return SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

/* How old an address may be that libcurl remembers for a name: none is used
   from before a connection failed, since it may have been moved. Old ones are
   looked for once in a while. */
static bool set_names (struct azl_handle *handle, struct azl_http *http) {
  int64_t now_ms = azl_loop_now_ms(http->loop);
  int64_t since_ms = now_ms - http->connect_failed_ms;
  bool any = http->connect_failed_ms == 0 || since_ms >= NAMES_LIVE_S * 1000;
  long names_s = any ? NAMES_LIVE_S : (long)(since_ms / 1000);
  if (any && now_ms < http->names_due_ms)
    names_s = NO_LOOK;
  else
    http->names_due_ms = now_ms + NAMES_CHECKED_MS;
  if (handle->names_s == names_s) return true;
  handle->names_s = names_s;
  return SET(handle->easy, CURLOPT_DNS_CACHE_TIMEOUT, names_s);
}

static bool set_connection (struct azl_handle *handle,
                            const struct azl_transfer *transfer) {
  int64_t wanted_ms = transfer->connect_timeout_ms
                          ? transfer->connect_timeout_ms
                          : transfer->http->config.connect_timeout_ms;
  long connect_ms = wanted_ms ? (long)wanted_ms : DEFAULT_CONNECT_MS;
  if (handle->connect_ms != connect_ms &&
      !SET(handle->easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms))
    return false;
  handle->connect_ms = connect_ms;
  if (handle->once != transfer->once &&
      !SET(handle->easy, CURLOPT_FRESH_CONNECT, transfer->once ? 1L : 0L))
    return false;
  handle->once = transfer->once;
  return true;
}

/* Only TLS can lead to HTTP/2, which is worth waiting for. In clear a transfer
   would wait for whatever the one before it has broken. */
static void set_waiting (struct azl_handle *handle,
                         const struct azl_request_copy *request) {
  bool waits = azl_same_bytes(request->url, "https:", strlen("https:"));
  if (handle->waits != waits)
    curl_easy_setopt(handle->easy, CURLOPT_PIPEWAIT, waits ? 1L : 0L);
  handle->waits = waits;
}

bool azl_handle_prepare (struct azl_handle *handle,
                         struct azl_transfer *transfer) {
  handle->transfer = transfer;
  handle->error_text[0] = '\0';
  set_waiting(handle, &transfer->request);
  return set_method(handle, &transfer->request) &&
         set_connection(handle, transfer) &&
         set_names(handle, transfer->http) &&
         SET(handle->easy, CURLOPT_HTTPHEADER, transfer->request.lines) &&
         set_url(handle, transfer);
}
