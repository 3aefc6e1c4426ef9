/* Operations played against a scripted service: which requests they send, and
   what they end with. links: fake_arm.c, fake_lro.c */
#include "check.h"
#include "fake_lro.h"

static void play (const struct lro_case *played) {
  struct azl_loop *loop = lro_new_loop();
  struct azl_arm *arm =
      fake_arm_new(loop, played->replies, lro_reply_count(played));
  struct azl_op *op =
      lro_begin(arm, played->method, played->url, played->final);
  CHECK_ROW(played->name);
  lro_finish(loop, op);
  for (int i = 0; i <= LRO_MAX_STEPS; i++)
    CHECK_STR(fake_arm_sent(arm, i), played->sent[i]);
  CHECK_STR(lro_outcome(op), played->want);
  azl_op_unref(op);
  CHECK_INT(fake_arm_calls(arm), 0);
  CHECK_INT(azl_loop_op_count(loop), 0);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

static void test_scenarios (void) {
  for (size_t i = 0; i < (size_t)lro_case_count; i++) play(&lro_cases[i]);
}

/* The token taken after `requests` requests, resumed by another operation,
   leads to the same end. */
static void play_resumed (const struct lro_case *played, int requests) {
  struct azl_loop *loop = lro_new_loop();
  int count = lro_reply_count(played);
  struct azl_arm *arm = fake_arm_new(loop, played->replies, count);
  struct azl_arm *other =
      fake_arm_new(loop, played->replies + requests, count - requests);
  struct azl_op *op =
      lro_begin(arm, played->method, played->url, played->final);
  lro_settle(loop);
  while (fake_arm_count(arm) < requests) {
    azl_clock_advance(azl_loop_clock(loop), azl_loop_timeout_ms(loop));
    lro_settle(loop);
  }
  char *token = azl_lro_token(op);
  azl_op_cancel(op);
  azl_op_unref(op);
  struct azl_err *err = NULL;
  struct azl_op *resumed = azl_lro_resume(other, token, -1, &err);
  if (CHECK(resumed != NULL)) {
    lro_finish(loop, resumed);
    CHECK_STR(lro_outcome(resumed), played->want);
    for (int i = requests; i < LRO_MAX_STEPS; i++)
      CHECK_STR(fake_arm_sent(other, i - requests), played->sent[i]);
  }
  azl_free(token);
  azl_op_unref(resumed);
  azl_arm_unref(arm);
  azl_arm_unref(other);
  azl_loop_free(loop);
}

static void test_resume_at_each_poll (void) {
  for (size_t i = 0; i < 3; i++)
    for (int requests = 1; requests < 3; requests++) {
      CHECK_ROW(lro_cases[i].name);
      if (lro_cases[i].sent[requests + 1])
        play_resumed(&lro_cases[i], requests);
    }
  CHECK_ROW("group delete");
  play_resumed(&lro_cases[10], 2);
}

/* Ends ----------------------------------------------------------------- */

static void cancel_after (int turns_of_time, bool everything) {
  static const struct fake_reply replies[] = {
      REPLY(202, ASYNC(STATUS) LOCATION(RESULT), NULL),
      REPLY(200, JSON, "{\"status\":\"Running\"}"),
      REPLY(200, JSON, "{\"status\":\"Succeeded\"}"), REPLY_NEVER};
  struct azl_loop *loop = lro_new_loop();
  struct azl_arm *arm = fake_arm_new(loop, replies, 4);
  struct azl_op *op = lro_begin(arm, "POST", FAKE_ENDPOINT "/p", 0);
  for (int i = 0; i < turns_of_time; i++) {
    lro_settle(loop);
    azl_clock_advance(azl_loop_clock(loop), 3000);
  }
  CHECK_INT(op->state, AZL_OP_PENDING);
  if (everything)
    azl_lro_cancel_all(arm);
  else
    azl_op_cancel(op);
  CHECK_STR(lro_outcome(op), "cancelled Cancelled");
  CHECK_STR(op->err->message, "the operation was cancelled");
  CHECK_INT(fake_arm_calls(arm), 0);
  CHECK_INT(azl_loop_timeout_ms(loop), -1);
  CHECK_INT(azl_loop_op_count(loop), 0);
  azl_op_unref(op);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

static void test_cancel_at_each_state (void) {
  for (int turns = 0; turns < 4; turns++) {
    cancel_after(turns, false);
    cancel_after(turns, true);
  }
}

/* Nobody holds the operation any more: it goes on and frees itself. */
static void test_forgotten (void) {
  struct azl_loop *loop = lro_new_loop();
  struct azl_arm *arm = fake_arm_new(loop, lro_cases[0].replies, 5);
  azl_op_unref(lro_begin(arm, "PUT", SIGNALR, 0));
  lro_settle(loop);
  while (azl_loop_timeout_ms(loop) > 0) {
    azl_clock_advance(azl_loop_clock(loop), azl_loop_timeout_ms(loop));
    lro_settle(loop);
  }
  CHECK_INT(fake_arm_count(arm), 5);
  CHECK_INT(azl_loop_op_count(loop), 0);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

static void test_headers_go_along (void) {
  struct azl_loop *loop = lro_new_loop();
  struct azl_arm *arm = fake_arm_new(loop, lro_cases[0].replies, 5);
  struct azl_headers headers = {0};
  CHECK(azl_headers_add(&headers, "x-ms-client-request-id", "9C4D50EE"));
  CHECK(azl_headers_add(&headers, "Content-Type", "application/json"));
  CHECK(azl_headers_add(&headers, "If-None-Match", "*"));
  struct azl_lro_request request = {.call = {.method = "PUT",
                                             .url = SIGNALR,
                                             .headers = &headers,
                                             .anonymous = true,
                                             .deadline_ms = -1},
                                    .final = 0,
                                    .deadline_ms = -1};
  struct azl_op *op = azl_lro_begin(arm, &request);
  azl_headers_free(&headers);
  lro_finish(loop, op);
  CHECK_STR(lro_outcome(op), "done " STATE("Succeeded"));
  CHECK_STR(fake_arm_last_headers(arm), "x-ms-client-request-id: 9C4D50EE\n");
  CHECK(fake_arm_last(arm)->anonymous);
  CHECK_INT(fake_arm_last(arm)->max_retries, 0);
  azl_op_unref(op);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

static void test_failure_tells_all (void) {
  static const struct fake_reply replies[] = {
      REPLY(201, ASYNC(STATUS), NULL),
      REPLY(
          200, JSON,
          "{\"status\":\"Failed\",\"error\":{\"code\":\"Conflict\",\"message\":"
          "\"busy\",\"target\":\"t\"}}")};
  struct azl_loop *loop = lro_new_loop();
  struct azl_arm *arm = fake_arm_new(loop, replies, 2);
  struct azl_op *op =
      lro_begin(arm, "PUT", FAKE_ENDPOINT "/p?api-version=1", 0);
  lro_finish(loop, op);
  if (CHECK(op->err != NULL)) {
    CHECK_STR(op->err->message, "busy");
    CHECK_STR(op->err->target, "t");
    CHECK_STR(op->err->method, "PUT");
    CHECK_STR(op->err->url, FAKE_ENDPOINT "/p?api-version=1");
    CHECK_STR(op->err->request_id, "request-1");
    CHECK(op->err->body && strstr(op->err->body, "\"code\":\"Conflict\""));
    CHECK(op->err->hint != NULL);
  }
  azl_op_unref(op);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

static void test_large_urls (void) {
  static char header[7000], sent[7000];
  char filler[6001];
  memset(filler, 'a', 6000);
  filler[6000] = '\0';
  snprintf(header, sizeof(header), "location: %s?t=6%%2B3&c=%s&s=~_-\n",
           FAKE_ENDPOINT "/o", filler);
  snprintf(sent, sizeof(sent), "GET %s?t=6%%2B3&c=%s&s=~_-", FAKE_ENDPOINT "/o",
           filler);
  const struct fake_reply replies[] = {REPLY(202, header, NULL),
                                       REPLY(200, NULL, NULL)};
  struct azl_loop *loop = lro_new_loop();
  struct azl_arm *arm = fake_arm_new(loop, replies, 2);
  struct azl_op *op = lro_begin(arm, "DELETE", FAKE_ENDPOINT "/d", 0);
  lro_finish(loop, op);
  CHECK_STR(fake_arm_sent(arm, 1), sent);
  azl_op_unref(op);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

/* Tokens from before the first answer, and from after the last one. */
static const struct {
  const char *method, *mode, *sent, *want;
} edges[] = {
    {"GET", "start", "GET " SIGNALR, "done " STATE("Succeeded")},
    {"PUT", "start", NULL, "refused NotResumable"},
    {"PATCH", "start", NULL, "refused NotResumable"},
    {"DELETE", "start", NULL, "refused NotResumable"},
    {"POST", "start", NULL, "refused NotResumable"},
    {"PUT", "ended", "GET " SIGNALR, "done " STATE("Succeeded")},
    {"POST", "ended", NULL, "refused NotResumable"},
    {"POST", "ended\",\"result\":\"none", NULL, "gone"},
    {"DELETE", "ended", NULL, "gone"},
};

static void test_resume_at_the_edges (void) {
  static const struct fake_reply reply = REPLY(200, JSON, STATE("Succeeded"));
  for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
    struct azl_loop *loop = lro_new_loop();
    struct azl_arm *arm = fake_arm_new(loop, &reply, 1);
    struct azl_err *err = NULL;
    char token[300];
    snprintf(token, sizeof(token),
             "{\"v\":1,\"method\":\"%s\",\"mode\":\"%s\",\"final\":"
             "\"default\",\"url\":\"" SIGNALR "\"}",
             edges[i].method, edges[i].mode);
    CHECK_ROW(edges[i].method);
    struct azl_op *op = azl_lro_resume(arm, token, -1, &err);
    if (op) lro_finish(loop, op);
    if (err)
      snprintf(token, sizeof(token), "%s %s", azl_err_kind_name(err->kind),
               err->code);
    CHECK_STR(op ? lro_outcome(op) : token, edges[i].want);
    CHECK_STR(fake_arm_sent(arm, 0), edges[i].sent);
    azl_err_free(err);
    azl_op_unref(op);
    azl_arm_unref(arm);
    azl_loop_free(loop);
  }
}

/* Memory --------------------------------------------------------------- */

static void play_without_checks (void) {
  struct azl_loop *loop = lro_new_loop();
  if (!loop) return;
  struct azl_arm *arm = fake_arm_new(loop, lro_cases[1].replies, 3);
  struct azl_op *op = lro_begin(arm, "PATCH", SIGNALR, 0);
  if (op) {
    lro_finish(loop, op);
    CHECK(op->state != AZL_OP_PENDING);
    char *token = azl_lro_token(op);
    struct azl_err *err = NULL;
    struct azl_op *again =
        token ? azl_lro_resume(arm, token, 5000, &err) : NULL;
    azl_op_cancel(again);
    azl_op_unref(again);
    azl_err_free(err);
    azl_free(token);
  }
  azl_op_unref(op);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

static void test_out_of_memory (void) {
  check_out_of_memory(play_without_checks);
}

int main (void) {
  RUN_TESTS(TEST(test_scenarios), TEST(test_resume_at_each_poll),
            TEST(test_resume_at_the_edges), TEST(test_cancel_at_each_state),
            TEST(test_forgotten), TEST(test_headers_go_along),
            TEST(test_failure_tells_all), TEST(test_large_urls),
            TEST(test_out_of_memory));
}
