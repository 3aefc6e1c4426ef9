/* Owns one form post to a token endpoint with its retries. */
#include "entra.h"

#include "rand.h"
#include "redact.h"
#include "retry.h"

#include <string.h>

enum {
  TOTAL_MS = 120 * 1000, /* of all tries */
  ATTEMPT_MS = 30 * 1000 /* of one: a stuck proxy must leave time for more */
};

static const struct azl_retry policy = {3, 800, 60 * 1000};

struct post {
  struct azl_op op;
  struct azl_cred *cred;
  char *url;
  struct azl_buf form; /* secret */
  int64_t deadline_ms;
  int attempts;
  struct azl_op *work; /* transfer or pause; the last transfer at the end */
};

static struct post *post_of (struct azl_op *op) {
  return AZL_CONTAINER(op, struct post, op);
}

static void drop_work (struct post *post, bool cancel) {
  struct azl_op *work = post->work;
  post->work = NULL;
  if (!work) return;
  azl_op_listen(work, NULL, NULL);
  if (cancel) azl_op_cancel(work);
  azl_op_unref(work);
}

static void post_cancel (struct azl_op *op) {
  drop_work(post_of(op), true);
}

static void post_destroy (struct azl_op *op) {
  struct post *post = post_of(op);
  drop_work(post, true);
  azl_buf_free_secret(&post->form);
  azl_free(post->url);
  azl_cred_unref(post->cred);
  azl_free(post);
}

static const struct azl_op_class post_class = {"token request", post_cancel,
                                               post_destroy};

static void set_work (struct post *post, struct azl_op *work,
                      void (*fn)(void *, struct azl_op *)) {
  drop_work(post, false);
  post->work = work;
  if (!work)
    azl_op_finish(&post->op, azl_err_oom());
  else if (work->state == AZL_OP_PENDING)
    azl_op_listen(work, fn, post);
  else
    fn(post, work);
}

/* What the last transfer failed of, in our words: kind auth, since the caller
   asked for a token and not for this transfer. */
static struct azl_err *lost_error (struct post *post,
                                   const struct azl_err *was) {
  struct azl_err *err;
  if (!was || was->kind == AZL_ERR_CANCELLED) return azl_err_copy(was);
  err = azl_err_new(AZL_ERR_AUTH, "TokenEndpointUnreachable",
                    "%s got no answer from %s: %s", post->cred->cls->name,
                    post->url, was->message ? was->message : "no reason given");
  azl_err_set(err, method, "POST");
  azl_err_set(err, url, post->url);
  azl_err_set_inner(err, was);
  err->attempts = post->attempts;
  return azl_err_redact_form(err, &post->form);
}

/* Of a try that will be repeated. */
static struct azl_err *passing_error (struct post *post,
                                      const struct azl_op *op, int status) {
  if (op->state != AZL_OP_DONE) return lost_error(post, op->err);
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, "TokenEndpointBusy",
                                    "HTTP %d from %s", status, post->url);
  err->status = status;
  return err;
}

static struct azl_attempt last_attempt (struct post *post, struct azl_op *op) {
  struct azl_attempt attempt = {post->attempts, 0, -1, false, true};
  struct azl_http_response *answer;
  attempt.unsent = azl_http_unsent(op);
  if (op->state != AZL_OP_DONE) return attempt;
  answer = azl_http_result(op);
  attempt.status = answer->status;
  attempt.retry_after_ms = azl_retry_after_ms(
      &answer->headers, azl_clock_wall_ms(azl_loop_clock(post->op.loop)));
  return attempt;
}

static void post_send (struct post *post);

static void on_pause (void *ctx, struct azl_op *op) {
  struct post *post = ctx;
  if (op->state == AZL_OP_DONE)
    post_send(post);
  else
    azl_op_finish(&post->op, azl_err_copy(op->err));
}

static void on_sent (void *ctx, struct azl_op *op) {
  struct post *post = ctx;
  int64_t now = azl_loop_now_ms(post->op.loop);
  struct azl_attempt attempt = last_attempt(post, op);
  int64_t delay = -1;
  if (op->state == AZL_OP_FAILED || attempt.status >= 400)
    delay = azl_retry_delay_ms(&policy, &attempt, azl_random_jitter());
  if (delay >= 0 && delay < post->deadline_ms - now) {
    azl_cred_trouble(post->cred, passing_error(post, op, attempt.status));
    set_work(post, azl_sleep(post->op.loop, now + delay), on_pause);
  } else if (op->state == AZL_OP_DONE)
    azl_op_finish(&post->op, NULL);
  else
    azl_op_finish(&post->op, lost_error(post, op->err));
}

static bool form_headers (struct azl_headers *headers) {
  return azl_headers_add(headers, "Content-Type",
                         "application/x-www-form-urlencoded") &&
         azl_headers_add(headers, "Accept", "application/json");
}

static void post_send (struct post *post) {
  struct azl_headers headers = {0};
  struct azl_http_request request = {.method = "POST"};
  struct azl_http *http = azl_cred_http(post->cred);
  int64_t attempt_end = azl_loop_now_ms(post->op.loop) + ATTEMPT_MS;
  struct azl_op *work = NULL;
  post->attempts++;
  request.url = post->url;
  request.headers = &headers;
  request.body = post->form.data;
  request.body_len = post->form.len;
  request.secret = true;
  request.deadline_ms =
      attempt_end < post->deadline_ms ? attempt_end : post->deadline_ms;
  if (http && form_headers(&headers)) work = azl_http_send(http, &request);
  azl_headers_free(&headers);
  set_work(post, work, on_sent);
}

struct azl_op *azl_entra_post (struct azl_cred *cred, const char *url,
                               struct azl_buf *form, int64_t deadline_ms) {
  struct post *post = azl_calloc(1, sizeof *post);
  int64_t limit = azl_loop_now_ms(cred->loop) + TOTAL_MS;
  if (post) post->url = azl_strdup(url);
  if (!post || !post->url) {
    azl_buf_free_secret(form);
    azl_free(post);
    return NULL;
  }
  post->cred = azl_cred_ref(cred);
  post->form = *form;
  memset(form, 0, sizeof *form);
  post->deadline_ms =
      deadline_ms > 0 && deadline_ms < limit ? deadline_ms : limit;
  azl_op_init(&post->op, &post_class, cred->loop);
  post_send(post);
  return &post->op;
}

struct azl_http_response *azl_entra_result (struct azl_op *op) {
  struct post *post = post_of(op);
  if (op->state != AZL_OP_DONE || !post->work) return NULL;
  return azl_http_result(post->work);
}

int azl_entra_attempts (const struct azl_op *op) {
  return AZL_CONTAINER(op, const struct post, op)->attempts;
}

struct azl_cred *azl_entra_cred (const struct azl_op *op) {
  return AZL_CONTAINER(op, const struct post, op)->cred;
}

const struct azl_buf *azl_entra_form (const struct azl_op *op) {
  return &AZL_CONTAINER(op, const struct post, op)->form;
}
