/* When operations ask, and when they give up. links: fake_arm.c, fake_lro.c */
#include "check.h"
#include "fake_lro.h"
#include "lro_pace.h"

static const struct fake_reply running[] = {
    REPLY(202, ASYNC(STATUS) "Retry-After: 7\n", NULL),
    REPLY(200, JSON "retry-after-ms: 1500\n", "{\"status\":\"Running\"}"),
    REPLY(200, JSON, "{\"status\":\"Running\",\"percentComplete\":41.5}"),
    REPLY(200, JSON, "{\"status\":\"Running\"}"),
    REPLY(429, "Retry-After: 60\n", NULL),
    REPLY(500, NULL, NULL),
    REPLY(500, NULL, NULL),
    REPLY(200, JSON, "{\"status\":\"Running\"}"),
    REPLY(500, NULL, NULL),
    REPLY(200, JSON, "{\"status\":\"Succeeded\"}")};

static void check_pauses (struct azl_arm *arm, const int64_t *want_ms) {
  for (int i = 0; i < 9; i++)
    CHECK_INT(fake_arm_sent_ms(arm, i + 1) - fake_arm_sent_ms(arm, i),
              want_ms[i]);
}

static void test_waits_as_told (void) {
  static const int64_t own[] = {7000, 1500,  2000,  3000, 60000,
                                9000, 27000, 10125, 15187};
  static const int64_t fixed[] = {7000, 1500, 500, 500, 60000,
                                  1000, 2000, 500, 500};
  for (int configured = 0; configured < 2; configured++) {
    struct azl_loop *loop = lro_new_loop();
    struct azl_arm *arm = fake_arm_new(loop, running, 10);
    if (configured) fake_arm_configure(arm, 500, 100000);
    struct azl_op *op = lro_begin(arm, "DELETE", FAKE_ENDPOINT "/d", 0);
    lro_finish(loop, op);
    CHECK_STR(lro_outcome(op), "done ");
    check_pauses(arm, configured ? fixed : own);
    azl_op_unref(op);
    azl_arm_unref(arm);
    azl_loop_free(loop);
  }
}

/* Zero means now, but not for ever. */
static void test_zero (void) {
  struct azl_lro_pace pace = {0, 0, 0};
  CHECK_INT(azl_lro_pause_ms(&pace, 0, 5000), 0);
  pace.polls = 9;
  CHECK_INT(azl_lro_pause_ms(&pace, 0, 0), 0);
  pace.polls = 10;
  CHECK_INT(azl_lro_pause_ms(&pace, 0, 0), 1000);
}

static void test_pauses_are_bounded (void) {
  struct azl_lro_pace pace = {0, 0, 0};
  int64_t pause_ms = 0;
  for (int i = 0; i < 20; i++) pause_ms = azl_lro_pause_ms(&pace, -1, 0);
  CHECK_INT(pause_ms, 30000);
  pace.failures = 1000;
  CHECK_INT(azl_lro_pause_ms(&pace, -1, 0), 60000);
  CHECK_INT(azl_lro_pause_ms(&pace, -1, 90000), 90000);
  CHECK_INT(azl_lro_pause_ms(&pace, INT64_MAX, 0), INT64_MAX);
}

static void test_reports_progress (void) {
  struct azl_loop *loop = lro_new_loop();
  struct azl_arm *arm = fake_arm_new(loop, running, 10);
  struct azl_op *op = lro_begin(arm, "DELETE", FAKE_ENDPOINT "/d", 0);
  struct azl_lro_progress progress;
  azl_lro_progress(op, &progress);
  CHECK_INT(progress.next_poll_ms, -1);
  CHECK(azl_lro_last_call(op) != NULL);
  lro_settle(loop);
  azl_lro_progress(op, &progress);
  CHECK_INT(progress.next_poll_ms, 8000);
  CHECK_INT(op->progress, 1);
  CHECK(azl_lro_last_call(op) == NULL);
  CHECK_INT(fake_arm_calls(arm), 0);
  azl_clock_advance(azl_loop_clock(loop), 6999);
  lro_settle(loop);
  CHECK_INT(fake_arm_count(arm), 1);
  azl_clock_advance(azl_loop_clock(loop), 1);
  lro_settle(loop);
  azl_clock_advance(azl_loop_clock(loop), 1500);
  lro_settle(loop);
  azl_lro_progress(op, &progress);
  CHECK_STR(progress.status, "Running");
  CHECK_INT(progress.polls, 2);
  CHECK(progress.percent > 41.4 && progress.percent < 41.6);
  CHECK_INT(op->progress, 3);
  azl_op_cancel(op);
  azl_op_unref(op);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

static void test_deadline (void) {
  static const struct fake_reply slow[] = {
      REPLY(202, ASYNC(STATUS), NULL),
      REPLY(200, JSON "Retry-After: 600\n", "{\"status\":\"Running\"}")};
  static const struct fake_reply silent[] = {REPLY(202, ASYNC(STATUS), NULL),
                                             REPLY_NEVER};
  const struct fake_reply *scripts[] = {slow, silent};
  for (int i = 0; i < 2; i++) {
    struct azl_loop *loop = lro_new_loop();
    struct azl_arm *arm = fake_arm_new(loop, scripts[i], 2);
    struct azl_lro_request request = {.call = {.method = "DELETE",
                                               .url = FAKE_ENDPOINT "/d?sig=x",
                                               .deadline_ms = -1},
                                      .final = 0,
                                      .deadline_ms = 31000};
    struct azl_op *op = azl_lro_begin(arm, &request);
    lro_finish(loop, op);
    CHECK_STR(lro_outcome(op), "timeout PollingTimeout");
    CHECK_INT(azl_loop_now_ms(loop), 31000);
    CHECK_INT(fake_arm_count(arm), 2);
    CHECK(op->err->hint && strstr(op->err->hint, "resume_token"));
    CHECK_STR(op->err->method, "DELETE");
    CHECK(op->err->url && !strstr(op->err->url, "sig=x"));
    azl_op_unref(op);
    azl_arm_unref(arm);
    azl_loop_free(loop);
  }
}

static void test_own_deadline_is_30_minutes (void) {
  struct azl_loop *loop = lro_new_loop();
  struct azl_arm *arm = fake_arm_new(loop, running, 1);
  struct azl_op *op = lro_begin(arm, "DELETE", FAKE_ENDPOINT "/d", 0);
  lro_finish(loop, op);
  CHECK_STR(lro_outcome(op), "timeout PollingTimeout");
  CHECK_INT(azl_loop_now_ms(loop), 1000 + 30 * 60 * 1000);
  azl_op_unref(op);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

/* A poll that hangs is given up after the client's timeout, and sent again. */
static void test_hanging_poll (void) {
  static const struct fake_reply replies[] = {
      REPLY(202, ASYNC(STATUS), NULL), REPLY_NEVER,
      REPLY(200, JSON, "{\"status\":\"Succeeded\"}")};
  struct azl_loop *loop = lro_new_loop();
  struct azl_arm *arm = fake_arm_new(loop, replies, 3);
  struct azl_op *op = lro_begin(arm, "DELETE", FAKE_ENDPOINT "/d", 0);
  lro_finish(loop, op);
  CHECK_STR(lro_outcome(op), "done ");
  CHECK_INT(fake_arm_sent_ms(arm, 2) - fake_arm_sent_ms(arm, 1), 103000);
  azl_op_unref(op);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

/* While it waits, an operation is itself and its URLs: no answer, no call. */
static void test_parked_is_small (void) {
  struct azl_loop *loop = lro_new_loop();
  struct azl_arm *arm = fake_arm_new(loop, running, 10);
  struct azl_op *first = lro_begin(arm, "DELETE", FAKE_ENDPOINT "/d", 0);
  lro_settle(loop);
  long before = azl_mem_live();
  struct azl_arm *other = fake_arm_new(loop, running, 10);
  struct azl_op *op = lro_begin(other, "DELETE", FAKE_ENDPOINT "/d", 0);
  lro_settle(loop);
  CHECK_INT(azl_mem_live() - before, 3);
  CHECK_INT(fake_arm_calls(other), 0);
  azl_op_cancel(first);
  azl_op_cancel(op);
  azl_op_unref(first);
  azl_op_unref(op);
  azl_arm_unref(arm);
  azl_arm_unref(other);
  azl_loop_free(loop);
}

int main (void) {
  RUN_TESTS(TEST(test_waits_as_told), TEST(test_zero),
            TEST(test_pauses_are_bounded), TEST(test_reports_progress),
            TEST(test_deadline), TEST(test_own_deadline_is_30_minutes),
            TEST(test_hanging_poll), TEST(test_parked_is_small));
}
