/* One call: pace, token, send; then the answer, a retry, a redirect or a
   claims challenge. */
#include "arm_internal.h"
#include "arm_register.h"
#include "url.h"

#include <string.h>

enum { MAX_REGISTRATIONS = 3 };

static void pace (void *ctx);

static const char *answer_field (const struct azl_call *call,
                                 const char *name) {
  return azl_headers_get(&azl_http_result(call->child)->headers, name);
}

/* The ids of an answer, where it is given up for another try. */
static void keep_ids (struct azl_call *call) {
  azl_free(call->kept_request_id);
  azl_free(call->kept_correlation_id);
  call->kept_request_id = azl_strdup(azl_call_request_id(call));
  call->kept_correlation_id = azl_strdup(azl_call_correlation_id(call));
}

static void drop_child (struct azl_call *call) {
  if (!call->child) return;
  azl_op_listen(call->child, NULL, NULL);
  azl_op_cancel(call->child);
  azl_op_unref(call->child);
  call->child = NULL;
  call->has_answer = false;
}

/* What pacing is told of a URL. */
static const char *where_of (const struct azl_call *call) {
  return call->url + call->origin_len;
}

/* Pacing hears of the end of each call that it let go, once. */
static void tell_pacing (struct azl_call *call,
                         const struct azl_http_response *got,
                         int64_t retry_after_ms) {
  static const struct azl_headers none = {0};
  if (!call->let_go) return;
  call->let_go = false;
  azl_throttle_learn(call->arm->throttle, &call->turn, call->method,
                     where_of(call), got ? got->status : 0,
                     got ? &got->headers : &none, retry_after_ms,
                     azl_loop_now_ms(call->op.loop));
}

static void leave (struct azl_call *call) {
  tell_pacing(call, NULL, -1);
  azl_loop_timer_stop(call->op.loop, &call->timer);
  azl_list_remove(&call->node);
}

static void call_cancel (struct azl_op *op) {
  struct azl_call *call = AZL_CONTAINER(op, struct azl_call, op);
  leave(call);
  drop_child(call);
}

static void call_destroy (struct azl_op *op) {
  struct azl_call *call = AZL_CONTAINER(op, struct azl_call, op);
  drop_child(call);
  azl_headers_free(&call->headers);
  azl_wipe(call->block, call->block_bytes);
  azl_free(call->block);
  azl_free_secret(call->redirect_url);
  azl_free(call->claims);
  azl_err_free(call->missing);
  azl_free(call->kept_request_id);
  azl_free(call->kept_correlation_id);
  azl_arm_unref(call->arm);
  azl_free(call);
}

static const struct azl_op_class call_class = {
    .name = "call",
    .cancel = call_cancel,
    .destroy = call_destroy,
};

static void finish (struct azl_call *call, struct azl_err *err) {
  if (err) azl_call_describe(call, err);
  azl_call_log_end(call, err);
  leave(call);
  azl_op_finish(&call->op, err);
}

/* Makes an operation the child; fn is called when it ends, or right now. */
static void adopt (struct azl_call *call, struct azl_op *child,
                   void (*fn)(void *, struct azl_op *)) {
  if (call->has_answer) keep_ids(call);
  drop_child(call);
  if (!child) {
    finish(call, azl_err_oom());
    return;
  }
  call->child = child;
  if (child->state == AZL_OP_PENDING)
    azl_op_listen(child, fn, call);
  else
    fn(call, child);
}

static void wait_then_pace (struct azl_call *call, int64_t delay_ms) {
  int64_t due_ms = azl_loop_now_ms(call->op.loop) + delay_ms;
  if (!azl_loop_timer(call->op.loop, &call->timer, due_ms))
    finish(call, azl_err_oom());
}

static int64_t left_ms (const struct azl_call *call) {
  return call->deadline_ms - azl_loop_now_ms(call->op.loop);
}

/* After the wait the call starts again with pacing and a fresh token. */
static bool retry (struct azl_call *call, int status, int64_t retry_after_ms,
                   bool unsent) {
  struct azl_retry policy = call->arm->retry;
  struct azl_attempt attempt = {
      .number = call->attempt,
      .status = status,
      .retry_after_ms = retry_after_ms,
      .unsent = unsent,
      .safe_to_repeat = call->safe_to_repeat,
  };
  if (call->max_retries >= 0) policy.max_retries = call->max_retries;
  int64_t delay_ms = azl_retry_delay_ms(&policy, &attempt, azl_random_jitter());
  if (delay_ms < 0 || delay_ms >= left_ms(call)) return false;
  if (!azl_surely_not_done(&attempt)) call->maybe_done = true;
  wait_then_pace(call, delay_ms);
  return true;
}

static void on_transport_failure (struct azl_call *call) {
  const struct azl_err *why = call->child->err;
  bool unsent = azl_http_unsent(call->child);
  tell_pacing(call, NULL, -1);
  if (why && why->kind == AZL_ERR_TRANSPORT && !why->permanent &&
      retry(call, 0, -1, unsent))
    return;
  finish(call, why ? azl_err_copy(why) : azl_err_oom());
}

/* Registering takes longer than a call: an operation that has more time than
   its first call gives that one time again. */
static void on_registered (void *ctx, struct azl_op *child) {
  struct azl_call *call = ctx;
  struct azl_err *missing = call->missing;
  int64_t due_ms = azl_loop_now_ms(call->op.loop) + call->arm->timeout_ms;
  call->missing = NULL;
  if (child->state == AZL_OP_FAILED) {
    finish(call, missing);
    return;
  }
  azl_err_free(missing);
  if (child->state == AZL_OP_CANCELLED) {
    finish(call, azl_err_copy(child->err));
    return;
  }
  if (due_ms > call->register_deadline_ms) due_ms = call->register_deadline_ms;
  if (due_ms > call->deadline_ms) call->deadline_ms = due_ms;
  pace(call);
}

/* Registers the provider whose absence the answer tells of. The first error is
   what the caller sees where that fails. */
static bool make_up_for (struct azl_call *call,
                         const struct azl_http_response *got) {
  struct azl_arm *arm = call->arm;
  if (got->status != 409 || arm->no_register || call->no_register ||
      call->any_status || call->registrations >= MAX_REGISTRATIONS)
    return false;
  struct azl_err *err = azl_call_service_error(call, got, -1);
  char *provider = azl_missing_provider(err, call->url, arm->subscription_id);
  if (!provider) {
    azl_err_free(err);
    return false;
  }
  call->missing = err;
  call->registrations++;
  adopt(call, azl_register(arm, provider, call->register_deadline_ms),
        on_registered);
  azl_free(provider);
  return true;
}

static void on_answer (struct azl_call *call) {
  struct azl_http_response *got = azl_http_result(call->child);
  int64_t retry_after_ms = azl_retry_after_ms(
      &got->headers, azl_clock_wall_ms(azl_loop_clock(call->op.loop)));
  call->has_answer = true;
  azl_call_log_answer(call, got);
  tell_pacing(call, got, retry_after_ms);
  if (azl_call_challenged(call, got) || azl_call_redirected(call, got))
    pace(call);
  else if (got->status >= 400 &&
           (retry(call, got->status, retry_after_ms, false) ||
            make_up_for(call, got)))
    return;
  else if (azl_call_accepts(call, got->status))
    finish(call, NULL);
  else
    finish(call, azl_call_service_error(call, got, retry_after_ms));
}

static void on_transfer (void *ctx, struct azl_op *child) {
  struct azl_call *call = ctx;
  if (child->state == AZL_OP_DONE)
    on_answer(call);
  else
    on_transport_failure(call);
}

enum { MAX_FIELDS = 5 };

/* A field without a value is one that libcurl shall not send either. line:
   "Name: value", NULL: the transfer has one of its own. */
static void add_field (const struct azl_call *call,
                       struct azl_http_request *request,
                       struct azl_http_field *fields, enum azl_arm_field field,
                       const char *name, const char *line) {
  bool omit = call->omit & field;
  if (azl_headers_get(&call->headers, name)) return;
  if (!omit && !line) return;
  if (omit) line = NULL;
  fields[request->field_count++] = (struct azl_http_field){
      name, line ? line + strlen(name) + strlen(": ") : NULL, line};
}

/* What the caller did not set. */
static void add_fields (const struct azl_call *call,
                        struct azl_http_request *request,
                        struct azl_http_field fields[MAX_FIELDS]) {
  request->fields = fields;
  if (call->has_body)
    add_field(call, request, fields, AZL_FIELD_CONTENT_TYPE, "Content-Type",
              "Content-Type: application/json");
  add_field(call, request, fields, AZL_FIELD_REQUEST_ID, AZL_ID_FIELD,
            call->id_line);
  add_field(call, request, fields, AZL_FIELD_ACCEPT, "Accept",
            "Accept: application/json");
  add_field(call, request, fields, AZL_FIELD_ACCEPT_ENCODING, "Accept-Encoding",
            NULL);
  add_field(call, request, fields, AZL_FIELD_USER_AGENT, "User-Agent",
            call->arm->user_agent_line);
}

/* token: NULL for a call without one. */
static void send (struct azl_call *call, const struct azl_token *token) {
  struct azl_http_field fields[MAX_FIELDS];
  struct azl_http_request request = {
      .method = call->method,
      .url = call->url,
      .origin_len = call->origin_len,
      .headers = &call->headers,
      .bearer_token = token ? token->value : NULL,
      .token_serial = token ? token->serial : 0,
      .body = call->has_body ? call->body : NULL,
      .body_len = call->has_body ? call->body_len : 0,
      .deadline_ms = call->deadline_ms,
      .secret = strcmp(call->method, "POST") == 0, /* listKeys and its like */
      .once = !call->safe_to_repeat,
      .lasting = true, /* it is this call's child */
  };
  add_fields(call, &request, fields);
  call->attempt++;
  azl_call_log_request(call, &request);
  adopt(call, azl_http_send(call->arm->http, &request), on_transfer);
}

static void on_token (void *ctx, struct azl_op *child) {
  struct azl_call *call = ctx;
  if (child->state != AZL_OP_DONE) {
    finish(call, child->err ? azl_err_copy(child->err) : azl_err_oom());
    return;
  }
  send(call, azl_token_result(child));
}

static void get_token (struct azl_call *call) {
  struct azl_token_request request = {
      .scope = call->arm->scope,
      .claims = call->claims,
      .deadline_ms = call->deadline_ms,
  };
  const struct azl_token *cached = NULL;
  bool wanted = azl_call_signs(call);
  if (wanted) cached = azl_cred_cached(call->arm->cred, &request);
  if (!wanted)
    send(call, NULL);
  else if (cached)
    send(call, cached);
  else
    adopt(call, azl_cred_get(call->arm->cred, &request), on_token);
}

static struct azl_err *paced_too_long (int64_t delay_ms) {
  struct azl_err *err = azl_err_new(
      AZL_ERR_TIMEOUT, "Throttled",
      "Azure allows the next call of this kind in %.1f s, after the deadline",
      (double)delay_ms / 1e3);
  err->retry_after_ms = delay_ms;
  azl_err_set(err, hint, "raise `timeout` or make fewer calls at once");
  return err;
}

static void pace (void *ctx) {
  struct azl_call *call = ctx;
  int64_t delay_ms = 0;
  if (call->arm->throttle && !call->let_go)
    delay_ms =
        azl_throttle_turn_ms(call->arm->throttle, call->method, where_of(call),
                             &call->turn, azl_loop_now_ms(call->op.loop));
  if (delay_ms > 0 && delay_ms >= left_ms(call)) {
    finish(call, paced_too_long(delay_ms));
  } else if (delay_ms > 0) {
    wait_then_pace(call, delay_ms);
  } else {
    call->let_go = call->arm->throttle != NULL;
    get_token(call);
  }
}

static bool copy_request (struct azl_call *call,
                          const struct azl_arm_request *request) {
  size_t method_bytes = strlen(request->method) + 1;
  size_t url_bytes = strlen(request->url) + 1;
  call->has_body = request->body != NULL;
  call->body_len = call->has_body ? request->body_len : 0;
  call->block_bytes = method_bytes + url_bytes + call->body_len + 1;
  call->block = azl_malloc(call->block_bytes);
  if (!call->block) return false;
  char *url = call->block + method_bytes, *body = url + url_bytes;
  call->method = memcpy(call->block, request->method, method_bytes);
  call->url = memcpy(url, request->url, url_bytes);
  if (call->has_body) memcpy(body, request->body, call->body_len);
  body[call->body_len] = '\0';
  call->body = body;
  if (request->headers && !azl_headers_copy(&call->headers, request->headers))
    return false;
  memcpy(call->id_line, AZL_ID_FIELD ": ", AZL_ID_AT);
  return azl_pooled_uuid(&call->arm->ids, call->id_line + AZL_ID_AT);
}

/* With the endpoint in front, the rest is a path: no need to look closer. Bytes
   that no URL may have are refused by the transfer. */
static bool at_endpoint (const struct azl_call *call) {
  const char *endpoint = call->arm->endpoint;
  size_t len = strlen(endpoint);
  return strncmp(call->url, endpoint, len) == 0 && call->url[len] == '/';
}

static struct azl_err *refuse (struct azl_call *call) {
  struct azl_url url;
  if (call->arm->closed)
    return azl_err_new(AZL_ERR_CANCELLED, "ClientClosed",
                       "the client is closed");
  if (at_endpoint(call)) {
    call->origin_len = call->arm->origin_len;
    return NULL;
  }
  if (!azl_url_parse(call->url, &url))
    return azl_err_new(AZL_ERR_PROTOCOL, "InvalidUrl",
                       "not an absolute http(s) URL");
  if (call->anonymous || azl_url_same_origin(call->arm->endpoint, call->url))
    return NULL;
  struct azl_err *err =
      azl_err_new(AZL_ERR_REFUSED, "ForeignOrigin",
                  "calls of this client go to %s only", call->arm->endpoint);
  azl_err_set(err, hint,
              "choose the cloud that the URL belongs to with `cloud`");
  return err;
}

struct azl_op *azl_arm_send (struct azl_arm *arm,
                             const struct azl_arm_request *request) {
  struct azl_call *call = azl_calloc(1, sizeof(*call));
  if (!call) return NULL;
  azl_op_init(&call->op, &call_class, arm->loop);
  call->arm = azl_arm_ref(arm);
  azl_list_init(&call->node);
  azl_timer_init(&call->timer, pace, call);
  azl_list_push(&arm->calls, &call->node);
  call->started_ms = azl_loop_now_ms(arm->loop);
  call->deadline_ms = request->deadline_ms >= 0
                          ? request->deadline_ms
                          : call->started_ms + arm->timeout_ms;
  call->register_deadline_ms = call->deadline_ms;
  if (request->register_deadline_ms > call->deadline_ms)
    call->register_deadline_ms = request->register_deadline_ms;
  call->no_register = request->no_register;
  call->max_retries = request->max_retries;
  call->any_status = request->any_status;
  call->any_redirect = request->any_redirect;
  call->omit = request->omit;
  call->anonymous = request->anonymous;
  call->safe_to_repeat =
      request->safe_to_repeat || azl_method_is_idempotent(request->method);
  if (!copy_request(call, request)) {
    azl_op_cancel(&call->op);
    azl_op_unref(&call->op);
    return NULL;
  }
  struct azl_err *refused = refuse(call);
  if (refused)
    finish(call, refused);
  else
    pace(call);
  return &call->op;
}

struct azl_http_response *azl_arm_result (struct azl_op *op) {
  struct azl_call *call = AZL_CONTAINER(op, struct azl_call, op);
  return call->has_answer ? azl_http_result(call->child) : NULL;
}

const char *azl_call_client_request_id (const struct azl_call *call) {
  const char *given = azl_headers_get(&call->headers, AZL_ID_FIELD);
  if (given) return given;
  return call->omit & AZL_FIELD_REQUEST_ID ? NULL : call->id_line + AZL_ID_AT;
}

const char *azl_call_request_id (const struct azl_call *call) {
  return call->has_answer ? answer_field(call, "x-ms-request-id")
                          : call->kept_request_id;
}

const char *azl_call_correlation_id (const struct azl_call *call) {
  return call->has_answer ? answer_field(call, "x-ms-correlation-request-id")
                          : call->kept_correlation_id;
}

void azl_arm_facts (struct azl_op *op, struct azl_arm_facts *out) {
  const struct azl_call *call = AZL_CONTAINER(op, struct azl_call, op);
  out->client_request_id = azl_call_client_request_id(call);
  out->request_id = azl_call_request_id(call);
  out->correlation_id = azl_call_correlation_id(call);
  out->attempts = call->attempt;
  out->maybe_done = call->maybe_done;
}
