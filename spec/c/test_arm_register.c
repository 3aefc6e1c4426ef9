/* Registering a resource provider: what is missing, and the way there.
   links: fake_arm.c */
#include "arm_register.h"
#include "check.h"
#include "fake_arm.h"
#include "json.h"

#define H FAKE_ENDPOINT
#define CODE "\"code\":\"MissingSubscriptionRegistration\""
#define P "/subscriptions/S1/providers/Microsoft.X"
#define POSTED "POST " H P "/register?api-version=2021-04-01"
#define LOOKED "GET " H P "?api-version=2021-04-01"
#define STATE(word) "{\"registrationState\":\"" word "\"}"

static const struct {
  const char *body, *url, *subscription, *want;
} bodies[] = {
    {"{\"error\":{" CODE ",\"details\":[{\"target\":\"Microsoft.X\"}]}}",
     H "/Subscriptions/S1/x?a=b", NULL, P},
    {"{" CODE ",\"details\":[{\"target\":\"Microsoft.X\"}]}",
     H "/subscriptions/S1?a=b", NULL, P},
    {"{\"error\":{" CODE ",\"message\":\"use namespace 'Microsoft.X'. See\"}}",
     H "/subscriptions/S1/x", "S2", P},
    {"{\"error\":{" CODE ",\"message\":\"use namespace 'Microsoft.X'\","
     "\"details\":[{\"target\":\"Microsoft.X/../evil\"}]}}",
     H "/providers/x", "S1", P},
    {"{\"error\":{\"code\":\"SubscriptionNotRegistered\",\"message\":"
     "\"namespace 'Microsoft.X'\",\"details\":[7]}}",
     H "/providers/x?y=/subscriptions/S2/z", "S1", P},
    {"{\"error\":{" CODE ",\"details\":[{\"target\":\"Microsoft.X\"}]}}",
     H "/providers/x", NULL, NULL},
    {"{\"error\":{" CODE ",\"message\":\"use namespace ''\"}}",
     H "/subscriptions/S1/x", NULL, NULL},
    {"{\"error\":{" CODE ",\"message\":\"use namespace 'a b'\"}}",
     H "/subscriptions/S1/x", NULL, NULL},
    {"{\"error\":{\"code\":\"Conflict\",\"message\":\"namespace 'M.X'\"}}",
     H "/subscriptions/S1/x", NULL, NULL},
    {"", H "/subscriptions/S1/x", NULL, NULL},
};

static char *missing (size_t row) {
  struct azl_headers none = {0};
  struct azl_err *err = azl_err_new(AZL_ERR_SERVICE, NULL, "%s", "");
  if (err == azl_err_oom()) return NULL;
  azl_err_from_body(err, 409, bodies[row].body, strlen(bodies[row].body),
                    &none);
  char *path =
      azl_missing_provider(err, bodies[row].url, bodies[row].subscription);
  azl_err_free(err);
  return path;
}

static void test_what_is_missing (void) {
  for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
    char *path = missing(i);
    CHECK_ROW(bodies[i].body);
    CHECK_STR(path, bodies[i].want);
    azl_free(path);
  }
}

/* Lets time pass from timer to timer until it ends. */
static void finish (struct azl_loop *loop, struct azl_op *op) {
  for (int i = 0; i < 200 && op->state == AZL_OP_PENDING; i++) {
    int64_t wait_ms = azl_loop_timeout_ms(loop);
    if (wait_ms < 0) break;
    azl_clock_advance(azl_loop_clock(loop), wait_ms);
    azl_loop_turn(loop, 0);
  }
}

static struct azl_loop *new_loop (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  if (loop) azl_loop_clock(loop)->fixed_ms = 1000;
  return loop;
}

struct story {
  const char *name;
  struct fake_reply replies[5];
  int count, sent;
  int64_t deadline_ms, took_ms;
  const char *want;
};

static const struct story stories[] = {
    {"registered",
     {REPLY(200, NULL, "{}"), REPLY(200, NULL, STATE("registered"))},
     2,
     2,
     INT64_MAX,
     0,
     "done"},
    {"after a while",
     {REPLY(200, NULL, "{}"), REPLY(200, NULL, STATE("Registering")),
      REPLY(200, NULL, "null"), REPLY(200, NULL, STATE("Registered"))},
     4,
     4,
     INT64_MAX,
     30000,
     "done"},
    {"not allowed", {REPLY(403, NULL, "{}")}, 1, 1, INT64_MAX, 0, "failed"},
    {"unknown",
     {REPLY(200, NULL, "{}"), REPLY(404, NULL, "{}")},
     2,
     2,
     INT64_MAX,
     0,
     "failed"},
    {"lost", {REPLY_LOST}, 1, 1, INT64_MAX, 0, "failed"},
    {"deadline",
     {REPLY(200, NULL, "{}"), REPLY(200, NULL, STATE("Registering")),
      REPLY(200, NULL, STATE("Registering"))},
     3,
     3,
     31000,
     15000,
     "failed"},
    {"silence ends with a call's timeout",
     {REPLY_NEVER},
     1,
     1,
     INT64_MAX,
     100000,
     "failed"},
    {"silence ends with the deadline",
     {REPLY_NEVER},
     1,
     1,
     21000,
     20000,
     "failed"},
};

static void test_stories (void) {
  for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++) {
    const struct story *story = &stories[i];
    struct azl_loop *loop = new_loop();
    struct azl_arm *arm = fake_arm_new(loop, story->replies, story->count);
    struct azl_op *op = azl_register(arm, P, story->deadline_ms);
    CHECK_ROW(story->name);
    finish(loop, op);
    CHECK_STR(azl_op_state_name(op->state), story->want);
    CHECK_INT(azl_loop_now_ms(loop) - 1000, story->took_ms);
    CHECK_INT(fake_arm_count(arm), story->sent);
    CHECK_STR(fake_arm_sent(arm, 0), POSTED);
    if (story->sent > 1) CHECK_STR(fake_arm_sent(arm, 1), LOOKED);
    CHECK(fake_arm_last(arm)->no_register);
    azl_op_unref(op);
    CHECK_INT(fake_arm_calls(arm), 0);
    azl_arm_unref(arm);
    azl_loop_free(loop);
  }
}

static void test_cancel (void) {
  for (int turns = 0; turns < 3; turns++) {
    static const struct fake_reply replies[] = {
        REPLY(200, NULL, "{}"), REPLY(200, NULL, STATE("Registering"))};
    struct azl_loop *loop = new_loop();
    struct azl_arm *arm = fake_arm_new(loop, replies, 2);
    struct azl_op *op = azl_register(arm, P, INT64_MAX);
    for (int i = 0; i < turns; i++) azl_loop_turn(loop, 0);
    azl_op_cancel(op);
    azl_op_unref(op);
    CHECK_INT(fake_arm_calls(arm), 0);
    CHECK_INT(azl_loop_timeout_ms(loop), -1);
    azl_arm_unref(arm);
    azl_loop_free(loop);
  }
}

static void try_all (void) {
  for (size_t i = 0; i < 4; i++) azl_free(missing(i));
  struct azl_loop *loop = new_loop();
  if (!loop) return;
  struct azl_arm *arm = fake_arm_new(loop, stories[1].replies, 4);
  struct azl_op *op = azl_register(arm, P, INT64_MAX);
  if (op) finish(loop, op);
  azl_op_unref(op);
  azl_arm_unref(arm);
  azl_loop_free(loop);
}

static void test_out_of_memory (void) {
  check_out_of_memory(try_all);
}

int main (void) {
  RUN_TESTS(TEST(test_what_is_missing), TEST(test_stories), TEST(test_cancel),
            TEST(test_out_of_memory));
}
