/* One transfer: what it was given, and how its end is told. */
#include "http_internal.h"

#include <string.h>

/* libcurl ends at 1 MB, and then leaves a connection behind that nothing can
   use; servers and proxies end far below. */
enum { DEFAULT_MAX_RESPONSE = 16 * 1024 * 1024, MAX_HEAD_BYTES = 256 * 1024 };

static void transfer_cancel (struct azl_op *op) {
  azl_http_stop(AZL_CONTAINER(op, struct azl_transfer, op));
}

static void transfer_destroy (struct azl_op *op) {
  struct azl_transfer *self = AZL_CONTAINER(op, struct azl_transfer, op);
  if (self->secret)
    azl_buf_free_secret(&self->response.body);
  else
    azl_buf_free(&self->response.body);
  azl_request_free(&self->request);
  azl_headers_free(&self->response.headers);
  azl_err_free(self->early_err);
  azl_http_unref(self->http);
  azl_free(self);
}

static const struct azl_op_class transfer_class = {
    .name = "request",
    .cancel = transfer_cancel,
    .destroy = transfer_destroy,
};

static void on_deadline (void *ctx) {
  struct azl_transfer *self = ctx;
  struct azl_err *err = azl_err_new(
      AZL_ERR_TIMEOUT, "RequestTimeout", "no answer within the time allowed%s",
      self->handle ? "" : " (it was still waiting for a free connection)");
  azl_err_set(err, hint, "raise `timeout`, or see whether the server is busy");
  azl_http_stop(self);
  azl_op_finish(&self->op, err);
}

static void on_fail_later (void *ctx) {
  struct azl_transfer *self = ctx;
  struct azl_err *err = self->early_err;
  self->early_err = NULL;
  azl_http_stop(self);
  azl_op_finish(&self->op, err);
}

/* In the next turn, when somebody may be waiting for it. */
void azl_transfer_fail_later (struct azl_transfer *self, struct azl_err *err) {
  if (self->early_err) azl_err_free(self->early_err);
  self->early_err = err;
  azl_loop_defer(self->op.loop, &self->fail_later);
}

/* Of a request that libcurl must not see; NULL: it may. */
static struct azl_err *refuse (const struct azl_request_copy *request) {
  if (request->origin_len == 0)
    return azl_err_new(AZL_ERR_PROTOCOL, "InvalidUrl",
                       "not an absolute http(s) URL");
  if (request->head_bytes <= MAX_HEAD_BYTES) return NULL;
  return azl_err_new(AZL_ERR_REFUSED, "RequestTooLarge",
                     "the URL and headers of the request are over %d bytes",
                     MAX_HEAD_BYTES);
}

struct azl_transfer *azl_transfer_new (struct azl_http *http,
                                       const struct azl_http_request *request) {
  struct azl_transfer *self = azl_calloc(1, sizeof(*self));
  if (!self) return NULL;
  azl_op_init(&self->op, &transfer_class, http->loop);
  self->http = azl_http_ref(http);
  azl_list_init(&self->node);
  azl_defer_init(&self->fail_later, on_fail_later, self);
  azl_timer_init(&self->deadline, on_deadline, self);
  azl_buf_init(&self->response.body, http->config.max_response_bytes
                                         ? http->config.max_response_bytes
                                         : DEFAULT_MAX_RESPONSE);
  self->no_proxy = request->no_proxy;
  self->secret = request->secret;
  self->once = request->once;
  self->unsent = true;
  self->connect_timeout_ms = request->connect_timeout_ms;
  if (azl_request_copy(http, &self->request, request) &&
      (request->deadline_ms < 0 ||
       azl_loop_timer(http->loop, &self->deadline, request->deadline_ms))) {
    struct azl_err *refused = refuse(&self->request);
    if (refused) azl_transfer_fail_later(self, refused);
    return self;
  }
  azl_op_cancel(&self->op);
  azl_op_unref(&self->op);
  return NULL;
}

struct curl_meaning {
  CURLcode code;
  enum azl_err_kind kind;
  const char *name, *hint;
};

static const struct curl_meaning meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, AZL_ERR_TRANSPORT, "HostNotFound",
     "check the name, the DNS of this machine, and `cloud`"},
    {CURLE_COULDNT_RESOLVE_PROXY, AZL_ERR_TRANSPORT, "ProxyNotFound",
     "check `proxy` or HTTPS_PROXY"},
    {CURLE_COULDNT_CONNECT, AZL_ERR_TRANSPORT, "ConnectFailed",
     "check that the server runs and that no firewall is in the way"},
    {CURLE_OPERATION_TIMEDOUT, AZL_ERR_TRANSPORT, "ConnectTimeout",
     "check that no firewall drops the packets; a proxy may be needed"},
    {CURLE_SSL_CONNECT_ERROR, AZL_ERR_TRANSPORT, "TlsHandshakeFailed",
     "check that the port speaks TLS 1.2 or newer"},
    {CURLE_PEER_FAILED_VERIFICATION, AZL_ERR_TRANSPORT, "TlsNotTrusted",
     "check the name and date; give `ca_file` for a private authority"},
    {CURLE_ABORTED_BY_CALLBACK, AZL_ERR_TRANSPORT, "ThumbprintMismatch",
     "the server's certificate is not the pinned one; do not trust it"},
    {CURLE_SSL_CACERT_BADFILE, AZL_ERR_TRANSPORT, "TlsAuthorityFile",
     "check that `ca_file` exists and is PEM"},
    {CURLE_GOT_NOTHING, AZL_ERR_TRANSPORT, "ConnectionClosed",
     "the server hung up without an answer; try again"},
    {CURLE_RECV_ERROR, AZL_ERR_TRANSPORT, "ConnectionReset", NULL},
    {CURLE_SEND_ERROR, AZL_ERR_TRANSPORT, "ConnectionReset", NULL},
    {CURLE_PARTIAL_FILE, AZL_ERR_TRANSPORT, "AnswerCutShort", NULL},
    {CURLE_BAD_CONTENT_ENCODING, AZL_ERR_PROTOCOL, "BadContentEncoding", NULL},
    {CURLE_WEIRD_SERVER_REPLY, AZL_ERR_PROTOCOL, "NotHttp",
     "something else than an HTTP server answers there"},
    {CURLE_UNSUPPORTED_PROTOCOL, AZL_ERR_PROTOCOL, "NotHttp", NULL},
    {CURLE_URL_MALFORMAT, AZL_ERR_PROTOCOL, "InvalidUrl", NULL},
    {CURLE_OUT_OF_MEMORY, AZL_ERR_TRANSPORT, "OutOfMemory", NULL},
};

static const struct curl_meaning *meaning_of (CURLcode code) {
  for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
    if (meanings[i].code == code) return &meanings[i];
  return NULL;
}

/* Whose certificate is not trusted now is not in a second either. */
static bool is_permanent (CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION ||
         code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_SSL_CACERT_BADFILE;
}

static struct azl_err *too_large_error (const struct azl_transfer *self) {
  struct azl_err *err = azl_err_new(AZL_ERR_PROTOCOL, "ResponseTooLarge",
                                    "the answer is over %zu bytes",
                                    self->response.body.max_bytes);
  azl_err_set(err, hint, "raise `max_response_bytes` if that size is meant");
  return err;
}

/* libcurl quotes a proxy that it cannot use, with its password. */
static const char *text_of (const struct azl_transfer *self, CURLcode code) {
  const char *proxy = self->http->proxy, *text = self->handle->error_text;
  bool quotes = proxy && strchr(proxy, '@') && strstr(text, "proxy");
  return *text && !quotes ? text : curl_easy_strerror(code);
}

/* What the proxy answered instead of opening a tunnel; 0: it did not. */
static int refused_tunnel (const struct azl_transfer *self) {
  long status = 0;
  curl_easy_getinfo(self->handle->easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return status >= 300 ? (int)status : 0;
}

/* What a proxy answered when it was asked for a tunnel, and gave none. libcurl
   calls that a lost connection. A 5xx is about the way behind the proxy, which
   may be better a moment later. */
static struct azl_err *proxy_error (int status) {
  bool wants_login = status == 407;
  struct azl_err *err = azl_err_new(
      AZL_ERR_TRANSPORT,
      wants_login ? "ProxyAuthenticationRequired" : "ProxyRefused",
      "the proxy %s (HTTP %d)",
      wants_login ? "wants to know who asks" : "gave no tunnel to the server",
      status);
  azl_err_set(
      err, hint,
      wants_login
          ? "put user and password into `proxy` or HTTPS_PROXY: "
            "http://user:password@host:port"
          : "ask whoever runs the proxy to allow the host and its port, "
            "or name the host in `no_proxy`");
  err->status = status;
  err->permanent = status < 500 && status != 408 && status != 429;
  return err;
}

static struct azl_err *curl_error (struct azl_transfer *self, CURLcode code) {
  if (self->refusal == AZL_REFUSAL_BODY) return too_large_error(self);
  if (self->refusal == AZL_REFUSAL_HEAD)
    return azl_err_new(AZL_ERR_PROTOCOL, "HeaderTooLarge",
                       "the header of the answer is over %d bytes or %d lines",
                       AZL_HEAD_MAX_BYTES, AZL_HEAD_MAX_LINES);
  if (self->refusal == AZL_REFUSAL_NO_MEMORY) return azl_err_oom();
  /* libcurl says so too where it has no memory to copy the parts */
  if (code == CURLE_URL_MALFORMAT && self->handle->parsed) return azl_err_oom();
  if (refused_tunnel(self)) return proxy_error(refused_tunnel(self));
  const struct curl_meaning *meaning = meaning_of(code);
  const char *text = text_of(self, code);
  struct azl_err *err =
      azl_err_new(meaning ? meaning->kind : AZL_ERR_TRANSPORT,
                  meaning ? meaning->name : "TransferFailed", "%s", text);
  if (meaning) azl_err_set(err, hint, meaning->hint);
  err->permanent = is_permanent(code);
  return err;
}

static void read_result (struct azl_transfer *self) {
  long status = 0, version = 0;
  curl_easy_getinfo(self->handle->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(self->handle->easy, CURLINFO_HTTP_VERSION, &version);
  self->response.status = (int)status;
  self->response.http_version = version == CURL_HTTP_VERSION_2_0   ? 20
                                : version == CURL_HTTP_VERSION_1_0 ? 10
                                                                   : 11;
}

static bool nothing_sent (const struct azl_transfer *self) {
  long sent_bytes = 0;
  curl_easy_getinfo(self->handle->easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
  return sent_bytes == 0 || refused_tunnel(self);
}

/* libcurl takes a connection that closes among the headers for an end. */
static struct azl_err *incomplete_error (const struct azl_transfer *self) {
  if (self->response.status < 200)
    return azl_err_new(AZL_ERR_PROTOCOL, "NotHttp",
                       "the answer has no final HTTP status");
  if (self->head_complete) return NULL;
  return azl_err_new(AZL_ERR_TRANSPORT, "AnswerCutShort",
                     "the connection closed in the middle of the headers");
}

void azl_transfer_finish (struct azl_transfer *self, CURLcode code) {
  read_result(self);
  self->unsent = code != CURLE_OK && nothing_sent(self);
  if (code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT)
    self->http->connect_failed_ms = azl_loop_now_ms(self->http->loop);
  struct azl_err *err = code == CURLE_OK ? NULL : curl_error(self, code);
  if (!err) err = incomplete_error(self);
  azl_http_stop(self);
  azl_op_finish(&self->op, err);
}
