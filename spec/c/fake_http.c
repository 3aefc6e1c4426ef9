/* A scripted http.c for tests. */
#include "fake_http.h"

#include <stdio.h>
#include <string.h>

struct azl_http {
  struct azl_loop *loop;
  unsigned refs;
  bool closed;
};

struct transfer {
  struct azl_op op;
  struct azl_http *http;
  struct azl_defer answer;
  struct azl_timer deadline;
  const struct fake_answer *script;
  struct azl_http_response response;
};

static const struct fake_answer *answers;
static int answer_count, sent_count;
static struct fake_sent sent[FAKE_SENT_MAX];

void fake_http_script (const struct fake_answer *script, int count) {
  answers = script;
  answer_count = count;
  sent_count = 0;
}

int fake_http_count (void) {
  return sent_count;
}

const struct fake_sent *fake_http_sent (int index) {
  return &sent[index];
}

struct azl_http *azl_http_new (struct azl_loop *loop,
                               const struct azl_http_config *config) {
  struct azl_http *http = azl_calloc(1, sizeof *http);
  (void)config;
  if (!http) return NULL;
  http->loop = loop;
  http->refs = 1;
  return http;
}

struct azl_http *azl_http_ref (struct azl_http *http) {
  http->refs++;
  return http;
}

void azl_http_unref (struct azl_http *http) {
  if (http && --http->refs == 0) azl_free(http);
}

void azl_http_close (struct azl_http *http) {
  http->closed = true;
}

static struct transfer *transfer_of (struct azl_op *op) {
  return AZL_CONTAINER(op, struct transfer, op);
}

static void transfer_cancel (struct azl_op *op) {
  azl_loop_defer_stop(&transfer_of(op)->answer);
  azl_loop_timer_stop(op->loop, &transfer_of(op)->deadline);
}

static void transfer_destroy (struct azl_op *op) {
  struct transfer *transfer = transfer_of(op);
  azl_headers_free(&transfer->response.headers);
  azl_buf_free(&transfer->response.body);
  azl_http_unref(transfer->http);
  azl_free(transfer);
}

static const struct azl_op_class transfer_class = {"transfer", transfer_cancel,
                                                   transfer_destroy};

static bool fill (struct azl_http_response *out,
                  const struct fake_answer *script) {
  const char *line = script->headers ? script->headers : "";
  out->status = script->status;
  out->http_version = 11;
  while (*line) {
    size_t len = strcspn(line, "\n") + 1;
    if (!azl_headers_parse_line(&out->headers, line, len)) return false;
    line += len;
  }
  return !script->body || azl_buf_add_str(&out->body, script->body);
}

static void on_answer (void *ctx) {
  struct transfer *transfer = ctx;
  struct azl_err *err = NULL;
  if (transfer->script->status == 0)
    err = azl_err_new(AZL_ERR_TRANSPORT, "ConnectionReset", "it broke");
  else if (!fill(&transfer->response, transfer->script))
    err = azl_err_oom();
  azl_op_finish(&transfer->op, err);
}

static void on_deadline (void *ctx) {
  struct transfer *transfer = ctx;
  azl_op_finish(&transfer->op, azl_err_new(AZL_ERR_TIMEOUT, "RequestTimeout",
                                           "no answer in time"));
}

static void remember_headers (const struct azl_headers *headers, char *out,
                              size_t bytes) {
  size_t used = 0;
  for (size_t i = 0; headers && i < headers->count && used < bytes; i++)
    used += (size_t)snprintf(out + used, bytes - used, "%s: %s\n",
                             headers->items[i].name, headers->items[i].value);
}

static void remember (struct azl_loop *loop,
                      const struct azl_http_request *request) {
  struct fake_sent *to;
  const char *type = request->headers
                         ? azl_headers_get(request->headers, "Content-Type")
                         : NULL;
  if (sent_count >= FAKE_SENT_MAX) return;
  to = &sent[sent_count];
  memset(to, 0, sizeof *to);
  snprintf(to->method, sizeof to->method, "%s", request->method);
  snprintf(to->url, sizeof to->url, "%s", request->url);
  snprintf(to->body, sizeof to->body, "%.*s", (int)request->body_len,
           request->body ? (const char *)request->body : "");
  snprintf(to->content_type, sizeof to->content_type, "%s", type ? type : "");
  to->secret = request->secret;
  to->no_proxy = request->no_proxy;
  to->deadline_ms = request->deadline_ms;
  to->at_ms = azl_loop_now_ms(loop);
  remember_headers(request->headers, to->headers, sizeof to->headers);
}

struct azl_op *azl_http_send (struct azl_http *http,
                              const struct azl_http_request *request) {
  struct transfer *transfer = azl_calloc(1, sizeof *transfer);
  if (!transfer) return NULL;
  transfer->http = azl_http_ref(http);
  azl_buf_init(&transfer->response.body, 1024 * 1024);
  azl_op_init(&transfer->op, &transfer_class, http->loop);
  azl_defer_init(&transfer->answer, on_answer, transfer);
  azl_timer_init(&transfer->deadline, on_deadline, transfer);
  remember(http->loop, request);
  if (sent_count < answer_count) {
    transfer->script = &answers[sent_count];
    azl_loop_defer(http->loop, &transfer->answer);
  } else if (request->deadline_ms >= 0 &&
             !azl_loop_timer(http->loop, &transfer->deadline,
                             request->deadline_ms)) {
    azl_op_cancel(&transfer->op);
    azl_op_unref(&transfer->op);
    return NULL;
  }
  sent_count++;
  return &transfer->op;
}

struct azl_http_response *azl_http_result (struct azl_op *op) {
  return &transfer_of(op)->response;
}

bool azl_http_unsent (const struct azl_op *op) {
  (void)op;
  return false;
}

int azl_http_handles (const struct azl_http *http) {
  (void)http;
  return 0;
}

int azl_http_running (const struct azl_http *http) {
  (void)http;
  return 0;
}
