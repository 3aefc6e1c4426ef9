/* The machine's date is set while things wait, forwards and backwards. This
   file's clock_gettime stands before the C library's. */
/* links: fake_http.c */
#ifdef __linux__
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "cred.h"
#include "fake_http.h"

#define DAY_MS INT64_C(86400000)

static int64_t wall_moved_ms, loop_moved_ms;

int clock_gettime (clockid_t id, struct timespec *out) {
  int64_t moved_ms = id == CLOCK_REALTIME ? wall_moved_ms : loop_moved_ms;
  long done = syscall(SYS_clock_gettime, id, out);
  out->tv_sec += moved_ms / 1000;
  return (int)done;
}

static const struct azl_cred_app app = {.tenant_id = "t", .client_id = "c"};
static const struct fake_answer hour = {
    200, NULL, "{\"access_token\":\"tok\",\"expires_in\":3600}"};

static struct azl_loop *loop;

static void begin (void) {
  wall_moved_ms = loop_moved_ms = 0;
  loop = azl_loop_new(NULL);
  azl_loop_clock(loop)->auto_advance = true;
}

/* Turns until the operation ends; a turn that has nothing to do ends it too. */
static void settle (struct azl_op *op) {
  for (int i = 0; i < 100 && op->state == AZL_OP_PENDING; i++)
    azl_loop_turn(loop, 1000000);
}

static void a_wait_is_as_long_as_it_was_meant_to_be (void) {
  const int64_t jumps_ms[] = {DAY_MS, -DAY_MS};
  for (int i = 0; i < 2; i++) {
    begin();
    int64_t start_ms = azl_loop_now_ms(loop);
    struct azl_op *op = azl_sleep(loop, start_ms + 60000);
    wall_moved_ms = jumps_ms[i];
    CHECK(azl_loop_timeout_ms(loop) > 59000);
    CHECK(azl_loop_timeout_ms(loop) <= 60000);
    settle(op);
    CHECK_INT(op->state, AZL_OP_DONE);
    CHECK(azl_loop_now_ms(loop) - start_ms < 61000);
    azl_op_unref(op);
    azl_loop_free(loop);
  }
}

/* How many times Entra ID is asked for two tokens with a jump in between. */
static int fetches (int64_t wall_ms, int64_t loop_ms) {
  const struct fake_answer answers[] = {hour, hour, hour};
  struct azl_token_request request = {.scope = "s/.default"};
  struct azl_err *err = NULL;
  begin();
  fake_http_script(answers, 3);
  struct azl_cred *cred = azl_cred_secret(loop, &app, "secret", &err);
  CHECK(cred != NULL);
  for (int i = 0; cred && i < 2; i++) {
    struct azl_op *op = azl_cred_get(cred, &request);
    settle(op);
    CHECK_INT(op->state, AZL_OP_DONE);
    azl_op_unref(op);
    wall_moved_ms = wall_ms;
    loop_moved_ms = loop_ms;
  }
  azl_cred_close(cred);
  azl_cred_unref(cred);
  int count = fake_http_count();
  azl_loop_free(loop);
  return count;
}

static void a_token_is_not_thought_to_live_longer (void) {
  CHECK_INT(fetches(0, 0), 1);
  /* The date goes back a day while two hours pass. */
  CHECK_INT(fetches(-DAY_MS, 7200000), 2);
  /* The machine slept: its monotonic clock did too. */
  CHECK_INT(fetches(7200000, 0), 2);
}

static void a_date_that_goes_back_costs_no_token (void) {
  CHECK_INT(fetches(-DAY_MS, 0), 1);
}

int main (void) {
  RUN_TESTS(TEST(a_wait_is_as_long_as_it_was_meant_to_be),
            TEST(a_token_is_not_thought_to_live_longer),
            TEST(a_date_that_goes_back_costs_no_token));
}
#else
#include "check.h"

static void only_linux_lets_us_stand_in_its_place (void) {
}

int main (void) {
  RUN_TESTS(TEST(only_linux_lets_us_stand_in_its_place));
}
#endif
