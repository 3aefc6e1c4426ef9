/* A scripted stand-in for arm.c. */
#include "fake_arm.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REQUESTS 64
#define MAX_HEADER_BYTES 1024

struct azl_arm {
  unsigned refs;
  struct azl_loop *loop;
  const struct fake_reply *replies;
  int reply_count, sent_count, calls;
  char *sent[MAX_REQUESTS];
  int64_t sent_ms[MAX_REQUESTS];
  char last_headers[MAX_HEADER_BYTES];
  struct azl_arm_request last;
  int64_t poll_interval_ms, timeout_ms;
};

struct fake_call {
  struct azl_op op;
  struct azl_arm *arm;
  const struct fake_reply *reply;
  struct azl_defer defer;
  struct azl_timer timer;
  struct azl_http_response response;
  bool any_status;
};

struct azl_arm *fake_arm_new (struct azl_loop *loop,
                              const struct fake_reply *replies, int count) {
  struct azl_arm *arm = calloc(1, sizeof(*arm));
  if (!arm) abort();
  arm->refs = 1;
  arm->loop = loop;
  arm->replies = replies;
  arm->reply_count = count;
  arm->timeout_ms = 100000;
  return arm;
}

void fake_arm_configure (struct azl_arm *arm, int64_t poll_interval_ms,
                         int64_t timeout_ms) {
  arm->poll_interval_ms = poll_interval_ms;
  arm->timeout_ms = timeout_ms;
}

const char *fake_arm_sent (const struct azl_arm *arm, int index) {
  return index < arm->sent_count ? arm->sent[index] : NULL;
}

int fake_arm_count (const struct azl_arm *arm) {
  return arm->sent_count;
}

int64_t fake_arm_sent_ms (const struct azl_arm *arm, int index) {
  return index < arm->sent_count ? arm->sent_ms[index] : -1;
}

const char *fake_arm_last_headers (const struct azl_arm *arm) {
  return arm->last_headers;
}

const struct azl_arm_request *fake_arm_last (const struct azl_arm *arm) {
  return &arm->last;
}

int fake_arm_calls (const struct azl_arm *arm) {
  return arm->calls;
}

/* One call ------------------------------------------------------------- */

static struct fake_call *call_of (struct azl_op *op) {
  return (struct fake_call *)(void *)op;
}

static void call_cancel (struct azl_op *op) {
  azl_loop_defer_stop(&call_of(op)->defer);
  azl_loop_timer_stop(op->loop, &call_of(op)->timer);
}

static void call_destroy (struct azl_op *op) {
  struct fake_call *call = call_of(op);
  azl_headers_free(&call->response.headers);
  azl_buf_free(&call->response.body);
  call->arm->calls--;
  azl_arm_unref(call->arm);
  azl_free(call);
}

static const struct azl_op_class call_class = {"call", call_cancel,
                                               call_destroy};

static bool fill_headers (struct azl_headers *headers, const char *lines) {
  while (lines && *lines) {
    size_t len = strcspn(lines, "\n");
    if (!azl_headers_parse_line(headers, lines, len)) return false;
    lines += len + (lines[len] == '\n');
  }
  return true;
}

static struct azl_err *failure (const struct fake_call *call) {
  const struct fake_reply *reply = call->reply;
  const struct azl_http_response *response = &call->response;
  if (reply->status == 0)
    return azl_err_new(reply->kind, "ConnectionLost", "the connection broke");
  if (reply->status < 400 || call->any_status) return NULL;
  struct azl_err *err = azl_err_new(AZL_ERR_SERVICE, NULL, "%s", "error");
  azl_err_from_body(err, reply->status, response->body.data, response->body.len,
                    &response->headers);
  err->retry_after_ms = azl_retry_after_ms(&response->headers, 0);
  return err;
}

static void answer (void *ctx) {
  struct fake_call *call = ctx;
  struct azl_http_response *response = &call->response;
  const char *body = call->reply->body ? call->reply->body : "";
  response->status = call->reply->status;
  azl_loop_timer_stop(call->op.loop, &call->timer);
  if (!fill_headers(&response->headers, call->reply->headers) ||
      (*body && !azl_buf_add_str(&response->body, body)))
    azl_op_finish(&call->op, azl_err_oom());
  else
    azl_op_finish(&call->op, failure(call));
}

static void on_call_deadline (void *ctx) {
  struct fake_call *call = ctx;
  azl_loop_defer_stop(&call->defer);
  azl_op_finish(&call->op,
                azl_err_new(AZL_ERR_TIMEOUT, "Timeout", "no answer in time"));
}

static void record (struct azl_arm *arm,
                    const struct azl_arm_request *request) {
  size_t used = 0;
  if (arm->sent_count == MAX_REQUESTS) abort();
  size_t size = strlen(request->method) + strlen(request->url) + 2;
  char *line = malloc(size);
  if (!line) abort();
  snprintf(line, size, "%s %s", request->method, request->url);
  arm->sent[arm->sent_count] = line;
  arm->sent_ms[arm->sent_count++] = azl_loop_now_ms(arm->loop);
  arm->last = *request;
  arm->last_headers[0] = '\0';
  for (size_t i = 0; request->headers && i < request->headers->count; i++)
    used += (size_t)snprintf(arm->last_headers + used, MAX_HEADER_BYTES - used,
                             "%s: %s\n", request->headers->items[i].name,
                             request->headers->items[i].value);
}

struct azl_op *azl_arm_send (struct azl_arm *arm,
                             const struct azl_arm_request *request) {
  static const struct fake_reply silence = {.hangs = true};
  struct fake_call *call = azl_calloc(1, sizeof(*call));
  if (!call) return NULL;
  int index = arm->sent_count;
  record(arm, request);
  azl_op_init(&call->op, &call_class, arm->loop);
  azl_defer_init(&call->defer, answer, call);
  azl_timer_init(&call->timer, on_call_deadline, call);
  azl_buf_init(&call->response.body, 1 << 20);
  call->arm = azl_arm_ref(arm);
  call->any_status = request->any_status;
  call->reply = index < arm->reply_count ? &arm->replies[index] : &silence;
  arm->calls++;
  if (request->deadline_ms >= 0 &&
      !azl_loop_timer(arm->loop, &call->timer, request->deadline_ms))
    azl_op_finish(&call->op, azl_err_oom());
  else if (call->reply->at_once)
    answer(call);
  else if (!call->reply->hangs)
    azl_loop_defer(arm->loop, &call->defer);
  return &call->op;
}

/* The rest of arm.h ---------------------------------------------------- */

struct azl_arm *azl_arm_ref (struct azl_arm *arm) {
  arm->refs++;
  return arm;
}

void azl_arm_unref (struct azl_arm *arm) {
  if (--arm->refs > 0) return;
  for (int i = 0; i < arm->sent_count; i++) free(arm->sent[i]);
  free(arm);
}

struct azl_http_response *azl_arm_result (struct azl_op *op) {
  struct fake_call *call = call_of(op);
  return call->response.status ? &call->response : NULL;
}

struct azl_loop *azl_arm_loop (struct azl_arm *arm) {
  return arm->loop;
}

const char *azl_arm_endpoint (const struct azl_arm *arm) {
  (void)arm;
  return FAKE_ENDPOINT;
}

int64_t azl_arm_poll_interval_ms (const struct azl_arm *arm) {
  return arm->poll_interval_ms;
}

int64_t azl_arm_timeout_ms (const struct azl_arm *arm) {
  return arm->timeout_ms;
}

void azl_arm_facts (struct azl_op *op, struct azl_arm_facts *out) {
  (void)op;
  out->client_request_id = "client-1";
  out->request_id = "request-1";
  out->correlation_id = "correlation-1";
  out->attempts = 1;
}
