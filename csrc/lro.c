/* The operation behind begin and resume: sends, waits and hands the answers to
   lro_decide.c. While it waits for the next poll it holds its URLs and one
   timer, no response and no transfer. */
#include "lro.h"
#include "bytes.h"
#include "json.h"
#include "lro_decide.h"
#include "lro_pace.h"
#include "lro_token.h"
#include "url.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_DEADLINE_MS (30 * 60 * INT64_C(1000))

struct azl_lro {
  struct azl_op op;
  struct azl_arm *arm;
  struct azl_lro_state state;
  struct azl_headers headers; /* of the caller, for each request */
  unsigned omit;              /* of each request; azl_arm_field */
  struct azl_op *call;        /* under way, or the last one once finished */
  struct azl_timer timer;
  char *fetch;             /* the result's URL once the operation succeeded */
  struct azl_err *trouble; /* of the last poll; NULL: it was answered */
  int64_t deadline_ms;
  struct azl_lro_pace pace;
  bool anonymous, gone;
  char status[32];
  double percent;
};

_Static_assert(sizeof(struct azl_lro) <= 512, "a parked operation is small");

static void on_call (void *ctx, struct azl_op *call);

static struct azl_lro *lro_of (struct azl_op *op) {
  return (struct azl_lro *)(void *)op;
}

static int64_t now_ms (const struct azl_lro *lro) {
  return azl_loop_now_ms(lro->op.loop);
}

static void drop_call (struct azl_lro *lro) {
  if (!lro->call) return;
  azl_op_listen(lro->call, NULL, NULL);
  azl_op_unref(lro->call);
  lro->call = NULL;
}

static void lro_cancel (struct azl_op *op) {
  struct azl_lro *lro = lro_of(op);
  azl_loop_timer_stop(op->loop, &lro->timer);
  if (!lro->call) return;
  azl_op_listen(lro->call, NULL, NULL);
  azl_op_cancel(lro->call);
  drop_call(lro);
}

static void lro_destroy (struct azl_op *op) {
  struct azl_lro *lro = lro_of(op);
  drop_call(lro);
  azl_lro_state_clear(&lro->state);
  azl_headers_free(&lro->headers);
  azl_free(lro->fetch);
  azl_err_free(lro->trouble);
  azl_arm_unref(lro->arm);
  azl_free(lro);
}

static const struct azl_op_class lro_class = {"operation", lro_cancel,
                                              lro_destroy};

/* Failures ------------------------------------------------------------- */

/* Says which request the operation began with. */
static void name_request (const struct azl_lro *lro, struct azl_err *err) {
  struct azl_arm_facts facts = {0};
  char *url = azl_url_redact(lro->state.url);
  azl_err_set(err, method, azl_lro_method_name(lro->state.method));
  azl_err_set(err, url, url);
  azl_free(url);
  if (!lro->call) return;
  azl_arm_facts(lro->call, &facts);
  azl_err_set(err, client_request_id, facts.client_request_id);
  azl_err_set(err, request_id, facts.request_id);
  azl_err_set(err, correlation_id, facts.correlation_id);
}

/* ", the last of them ended with ServerBusy (HTTP 503)", or NULL. */
static char *last_trouble (const struct azl_lro *lro) {
  const struct azl_err *last = lro->trouble;
  char status[32] = "";
  if (!last) return NULL;
  if (last->status)
    snprintf(status, sizeof(status), " (HTTP %d)", last->status);
  return azl_format(", the last of them ended with %s%s",
                    last->code ? last->code : azl_err_kind_name(last->kind),
                    status);
}

static void fail_timeout (struct azl_lro *lro) {
  char *tail = last_trouble(lro);
  struct azl_err *err =
      azl_err_new(AZL_ERR_TIMEOUT, "PollingTimeout",
                  "the operation was still %s at the deadline, after %d status "
                  "requests%s",
                  lro->fetch ? "without its result" : lro->status,
                  lro->pace.polls, tail ? tail : "");
  azl_free(tail);
  azl_err_set_inner(err, lro->trouble);
  azl_err_set(err, hint,
              "it goes on in Azure; client:resume(op:resume_token()) goes on "
              "waiting, also in another process");
  name_request(lro, err);
  azl_op_finish(&lro->op, err);
}

/* Calls ---------------------------------------------------------------- */

static void attach (struct azl_lro *lro, struct azl_op *call) {
  if (!call) {
    azl_op_finish(&lro->op, azl_err_oom());
    return;
  }
  lro->call = call;
  if (call->state == AZL_OP_PENDING)
    azl_op_listen(call, on_call, lro);
  else
    on_call(lro, call);
}

/* Deadline of one call: the client's timeout, but never past our own. */
static int64_t call_deadline_ms (const struct azl_lro *lro) {
  int64_t timeout_ms = azl_arm_timeout_ms(lro->arm);
  int64_t due_ms = now_ms(lro) + timeout_ms;
  return timeout_ms > 0 && due_ms < lro->deadline_ms ? due_ms
                                                     : lro->deadline_ms;
}

/* max_retries 0: retries are ours, between them the operation stays small. */
static void ask (struct azl_lro *lro, const char *method, const char *url) {
  struct azl_arm_request request = {.method = method,
                                    .url = url,
                                    .headers = &lro->headers,
                                    .omit = lro->omit,
                                    .deadline_ms = call_deadline_ms(lro),
                                    .anonymous = lro->anonymous};
  attach(lro, azl_arm_send(lro->arm, &request));
}

static void poll (struct azl_lro *lro) {
  ask(lro, "GET", lro->fetch ? lro->fetch : lro->state.poll);
}

static void on_timer (void *ctx) {
  struct azl_lro *lro = ctx;
  if (now_ms(lro) >= lro->deadline_ms)
    fail_timeout(lro);
  else
    poll(lro);
}

/* Waiting -------------------------------------------------------------- */

static void park (struct azl_lro *lro, int64_t retry_after_ms) {
  drop_call(lro);
  int64_t wait_ms = azl_lro_pause_ms(&lro->pace, retry_after_ms,
                                     azl_arm_poll_interval_ms(lro->arm));
  int64_t left_ms = lro->deadline_ms - now_ms(lro);
  int64_t due_ms = wait_ms < left_ms ? now_ms(lro) + wait_ms : lro->deadline_ms;
  if (!azl_loop_timer(lro->op.loop, &lro->timer, due_ms))
    azl_op_finish(&lro->op, azl_err_oom());
  else
    azl_op_progressed(&lro->op);
}

static int64_t wanted_pause_ms (const struct azl_lro *lro,
                                const struct azl_http_response *response) {
  const struct azl_clock *clock = azl_loop_clock(lro->op.loop);
  return azl_retry_after_ms(&response->headers, azl_clock_wall_ms(clock));
}

/* Leaves only the part of the body that is the result. */
static void trim_body (struct azl_buf *body, size_t at, size_t len) {
  if (!body->data) return;
  memmove(body->data, body->data + at, len);
  body->data[len] = '\0';
  body->len = len;
}

static void start_fetch (struct azl_lro *lro, struct azl_lro_step *step) {
  lro->fetch = step->fetch;
  step->fetch = NULL;
  drop_call(lro);
  azl_op_progressed(&lro->op);
  poll(lro);
}

static void fail_step (struct azl_lro *lro, struct azl_lro_step *step) {
  struct azl_err *err = step->err;
  step->err = NULL;
  name_request(lro, err);
  azl_op_finish(&lro->op, err);
}

static void note (struct azl_lro *lro, const struct azl_lro_step *step) {
  if (step->status[0])
    azl_copy_cut(lro->status, sizeof(lro->status), step->status);
  if (step->percent >= 0) lro->percent = step->percent;
}

static void follow (struct azl_lro *lro, struct azl_http_response *response,
                    struct azl_lro_step *step) {
  switch (step->next) {
  case AZL_LRO_WAIT: park(lro, wanted_pause_ms(lro, response)); break;
  case AZL_LRO_FETCH: start_fetch(lro, step); break;
  case AZL_LRO_FAIL: fail_step(lro, step); break;
  case AZL_LRO_GONE: break; /* only of calls that failed */
  case AZL_LRO_DONE:
    trim_body(&response->body, step->result_at, step->result_len);
    azl_op_finish(&lro->op, NULL);
    break;
  }
}

/* The result's URL answered. A Location may still say 202 for a moment after
   the status URL said Succeeded. */
static void on_fetched (struct azl_lro *lro,
                        const struct azl_http_response *response) {
  if (response->status == 202)
    park(lro, wanted_pause_ms(lro, response));
  else
    azl_op_finish(&lro->op, NULL);
}

static void on_answer (struct azl_lro *lro,
                       struct azl_http_response *response) {
  struct azl_lro_step step = {.percent = -1};
  struct azl_lro_answer answer = {response->status, &response->headers,
                                  response->body.data, response->body.len};
  lro->pace.failures = 0;
  azl_err_free(lro->trouble);
  lro->trouble = NULL;
  if (lro->fetch) {
    on_fetched(lro, response);
    return;
  }
  if (lro->state.mode != AZL_LRO_START) lro->pace.polls++;
  azl_lro_decide(&lro->state, &answer, azl_arm_endpoint(lro->arm), &step);
  note(lro, &step);
  follow(lro, response, &step);
  azl_lro_step_clear(&step);
}

/* What the deadline itself cut off hides no earlier failure. */
static void wait_out (struct azl_lro *lro, const struct azl_err *err) {
  bool over = now_ms(lro) >= lro->deadline_ms;
  lro->pace.failures++;
  if (!over || !lro->trouble) {
    azl_err_free(lro->trouble);
    lro->trouble = azl_err_copy(err);
  }
  if (over)
    fail_timeout(lro);
  else
    park(lro, err->retry_after_ms);
}

/* A DELETE that had to be sent again found nothing: the first one did it. */
static bool deleted_before (const struct azl_lro *lro, struct azl_op *call) {
  struct azl_arm_facts facts = {0};
  if (lro->state.mode != AZL_LRO_START || lro->state.method != AZL_LRO_DELETE ||
      call->err->kind != AZL_ERR_SERVICE || call->err->status != 404)
    return false;
  azl_arm_facts(call, &facts);
  return facts.maybe_done;
}

static void end_gone (struct azl_lro *lro) {
  lro->gone = true;
  azl_op_finish(&lro->op, NULL);
}

static void on_trouble (struct azl_lro *lro, struct azl_op *call) {
  const struct azl_err *err = call->err;
  bool fetching = lro->fetch;
  if (deleted_before(lro, call)) {
    end_gone(lro);
    return;
  }
  if (!fetching && lro->state.mode != AZL_LRO_START) lro->pace.polls++;
  switch (azl_lro_trouble(&lro->state, err, fetching)) {
  case AZL_LRO_WAIT: wait_out(lro, err); break;
  case AZL_LRO_GONE: end_gone(lro); break;
  default:
    azl_op_finish(&lro->op, azl_lro_trouble_error(&lro->state, err, fetching));
  }
}

static void on_call (void *ctx, struct azl_op *call) {
  struct azl_lro *lro = ctx;
  struct azl_http_response *response = azl_arm_result(call);
  /* Finishing may drop the last reference while this still runs. */
  azl_op_ref(&lro->op);
  if (call->state == AZL_OP_DONE && response)
    on_answer(lro, response);
  else if (call->err)
    on_trouble(lro, call);
  else
    azl_op_finish(&lro->op, azl_err_oom());
  azl_op_unref(&lro->op);
}

/* Beginnings ----------------------------------------------------------- */

/* Headers of the first request that mean nothing on a GET of its status. */
static bool only_first (const char *name) {
  static const char *const prefixes[] = {
      "content-", "if-",   "repeatability-",   "expect",
      "prefer",   "range", "transfer-encoding"};
  for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
    if (azl_same_bytes(name, prefixes[i], strlen(prefixes[i]))) return true;
  return false;
}

static bool keep_headers (struct azl_lro *lro, const struct azl_headers *from) {
  for (size_t i = 0; from && i < from->count; i++) {
    const struct azl_header *item = &from->items[i];
    if (!only_first(item->name) &&
        !azl_headers_add(&lro->headers, item->name, item->value))
      return false;
  }
  return true;
}

static struct azl_lro *lro_new (struct azl_arm *arm, int64_t deadline_ms) {
  struct azl_lro *lro = azl_calloc(1, sizeof(*lro));
  if (!lro) return NULL;
  azl_op_init(&lro->op, &lro_class, azl_arm_loop(arm));
  azl_timer_init(&lro->timer, on_timer, lro);
  lro->arm = azl_arm_ref(arm);
  lro->deadline_ms =
      deadline_ms >= 0 ? deadline_ms : now_ms(lro) + DEFAULT_DEADLINE_MS;
  lro->percent = -1;
  azl_copy_cut(lro->status, sizeof(lro->status), "Running");
  return lro;
}

struct azl_op *azl_lro_begin (struct azl_arm *arm,
                              const struct azl_lro_request *request) {
  struct azl_arm_request call = request->call;
  struct azl_lro *lro = lro_new(arm, request->deadline_ms);
  if (!lro) return NULL;
  lro->state.method = azl_lro_method_of(call.method);
  lro->state.final = request->final;
  lro->state.url = azl_strdup(call.url);
  lro->anonymous = call.anonymous;
  lro->omit = call.omit;
  if (call.deadline_ms < 0 || call.deadline_ms > lro->deadline_ms)
    call.deadline_ms = call_deadline_ms(lro);
  call.register_deadline_ms = lro->deadline_ms;
  if (lro->state.url && keep_headers(lro, call.headers))
    attach(lro, azl_arm_send(arm, &call));
  else
    azl_op_finish(&lro->op, azl_err_oom());
  return &lro->op;
}

/* An operation that had ended when its token was taken: only its result is
   missing. A POST comes here only where there is none. */
static void resume_ended (struct azl_lro *lro) {
  if (lro->state.method == AZL_LRO_DELETE ||
      lro->state.method == AZL_LRO_POST) {
    end_gone(lro);
    return;
  }
  lro->fetch = azl_strdup(lro->state.url);
  if (lro->fetch)
    poll(lro);
  else
    azl_op_finish(&lro->op, azl_err_oom());
}

struct azl_op *azl_lro_resume (struct azl_arm *arm, const char *token,
                               int64_t deadline_ms, struct azl_err **out_err) {
  struct azl_lro_state state;
  if (!azl_lro_token_read(token, azl_arm_endpoint(arm), &state, out_err))
    return NULL;
  struct azl_lro *lro = lro_new(arm, deadline_ms);
  if (!lro) {
    azl_lro_state_clear(&state);
    *out_err = azl_err_oom();
    return NULL;
  }
  lro->state = state;
  if (state.mode == AZL_LRO_START)
    ask(lro, azl_lro_method_name(state.method), state.url);
  else if (state.mode == AZL_LRO_ENDED)
    resume_ended(lro);
  else
    poll(lro);
  return &lro->op;
}

void azl_lro_cancel_all (struct azl_arm *arm) {
  struct azl_list *ops = azl_loop_ops(azl_arm_loop(arm));
  struct azl_list *node = ops->next;
  while (node != ops) {
    struct azl_op *op = AZL_CONTAINER(node, struct azl_op, node);
    node = node->next;
    if (op->cls != &lro_class || lro_of(op)->arm != arm) continue;
    azl_op_cancel(op);
    node = ops->next; /* cancelling may have ended others as well */
  }
}

/* Looking in ----------------------------------------------------------- */

char *azl_lro_token (struct azl_op *op) {
  return azl_lro_token_write(&lro_of(op)->state);
}

struct azl_http_response *azl_lro_result (struct azl_op *op) {
  const struct azl_lro *lro = lro_of(op);
  if (op->state != AZL_OP_DONE || lro->gone || !lro->call) return NULL;
  return azl_arm_result(lro->call);
}

void azl_lro_progress (struct azl_op *op, struct azl_lro_progress *out) {
  const struct azl_lro *lro = lro_of(op);
  bool parked = azl_timer_running(&lro->timer);
  out->status = lro->status;
  out->polls = lro->pace.polls;
  out->percent = lro->percent;
  out->next_poll_ms = parked ? lro->timer.due_ms : -1;
  out->method = azl_lro_method_name(lro->state.method);
  out->url = lro->state.url;
}

struct azl_op *azl_lro_last_call (struct azl_op *op) {
  return lro_of(op)->call;
}
