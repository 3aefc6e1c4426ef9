/* The token cache: single flight, refresh, claims, cancelling. */
#include <stdint.h>
#include "check.h"
#include "token.h"

enum { WALL_MS = 1700000000, HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };

#define SCOPE "https://management.azure.com/.default"

/* A provider that the test answers by hand. */
struct fake {
  struct azl_cred cred;
  struct azl_fetch *fetches[2000]; /* one reference each */
  int count;
  char claims[64], tenant[64];
  bool background; /* the last one */
  bool at_once;
};

static struct azl_loop *loop;
static struct fake *fake;

static struct azl_op *fake_fetch (struct azl_cred *cred,
                                  const struct azl_token_request *request) {
  struct fake *self = (struct fake *)(void *)cred;
  struct azl_fetch *fetch = azl_fetch_new(cred);
  if (!fetch) return NULL;
  azl_op_ref(&fetch->op);
  self->fetches[self->count++] = fetch;
  snprintf(self->claims, sizeof self->claims, "%s",
           request->claims ? request->claims : "-");
  snprintf(self->tenant, sizeof self->tenant, "%s",
           request->tenant_id ? request->tenant_id : "-");
  self->background = request->background;
  if (self->at_once)
    azl_fetch_done(fetch, "at-once",
                   azl_clock_wall_ms(azl_loop_clock(loop)) + HOUR_MS, 0);
  return &fetch->op;
}

static void fake_destroy (struct azl_cred *cred) {
  azl_free(cred);
}

static const struct azl_cred_class fake_class = {
    .name = "FakeCredential", .fetch = fake_fetch, .destroy = fake_destroy};

static int64_t wall (void) {
  return azl_clock_wall_ms(azl_loop_clock(loop));
}

static void begin (void) {
  loop = azl_loop_new(NULL);
  azl_loop_clock(loop)->fixed_ms = (int64_t)WALL_MS * 1000;
  fake = azl_calloc(1, sizeof *fake);
  azl_cred_init(&fake->cred, &fake_class, loop);
}

static void drop_fetches (void) {
  for (int i = 0; i < fake->count; i++) azl_op_unref(&fake->fetches[i]->op);
  fake->count = 0;
}

static void end (void) {
  drop_fetches();
  azl_cred_close(&fake->cred);
  azl_cred_unref(&fake->cred);
  CHECK_INT(azl_loop_op_count(loop), 0);
  azl_loop_free(loop);
}

static void turns (void) {
  for (int i = 0; i < 4; i++) azl_loop_turn(loop, 0);
}

static void pass (int64_t ms) {
  azl_clock_advance(azl_loop_clock(loop), ms);
  turns();
}

static struct azl_op *get_with (const char *tenant, const char *claims,
                                int64_t deadline_ms) {
  struct azl_token_request request = {.scope = SCOPE,
                                      .tenant_id = tenant,
                                      .claims = claims,
                                      .deadline_ms = deadline_ms};
  return azl_cred_get(&fake->cred, &request);
}

static struct azl_op *get (void) {
  return get_with(NULL, NULL, -1);
}

static void answer (int index, const char *value, int64_t lifetime_ms) {
  azl_fetch_done(fake->fetches[index], value, wall() + lifetime_ms, 0);
  turns();
}

static void refuse (int index) {
  azl_fetch_fail(fake->fetches[index],
                 azl_err_new(AZL_ERR_AUTH, "AADSTS1", "no"));
  turns();
}

/* The value of a finished get, which is dropped; "" when it has none. */
static const char *taken (struct azl_op *op) {
  static char value[64];
  const struct azl_token *token;
  turns();
  token = azl_token_result(op);
  snprintf(value, sizeof value, "%s", token ? token->value : "");
  if (op->state == AZL_OP_PENDING) snprintf(value, sizeof value, "pending");
  if (op->err) snprintf(value, sizeof value, "%s", op->err->code);
  azl_op_unref(op);
  return value;
}

/* A token that lives for lifetime_ms is in the cache; no fetch is counted. */
static void have_token (const char *value, int64_t lifetime_ms) {
  struct azl_op *op = get();
  answer(fake->count - 1, value, lifetime_ms);
  CHECK_STR(taken(op), value);
  drop_fetches();
}

static void test_second_get_comes_from_the_cache (void) {
  begin();
  have_token("one", HOUR_MS);
  CHECK_STR(taken(get()), "one");
  CHECK_INT(fake->count, 0);
  end();
}

static void test_thousand_callers_cause_one_fetch (void) {
  static struct azl_op *ops[1000];
  begin();
  for (int i = 0; i < 1000; i++) ops[i] = get();
  CHECK_INT(fake->count, 1);
  answer(0, "one", HOUR_MS);
  for (int i = 0; i < 1000; i++) CHECK_STR(taken(ops[i]), "one");
  end();
}

static void test_failure_reaches_every_waiter (void) {
  struct azl_op *a, *b;
  begin();
  a = get();
  b = get();
  refuse(0);
  CHECK_STR(taken(a), "AADSTS1");
  CHECK_STR(taken(b), "AADSTS1");
  CHECK_STR(taken(get()), "pending"); /* and the next one asks again */
  CHECK_INT(fake->count, 2);
  end();
}

static void test_refresh_is_in_the_background (void) {
  begin();
  have_token("old", HOUR_MS);
  pass(HOUR_MS - 2 * MINUTE_MS - 1000);
  CHECK_STR(taken(get()), "old");
  CHECK_INT(fake->count, 0);
  pass(2000);
  CHECK_STR(taken(get()), "old");
  CHECK_STR(taken(get()), "old");
  CHECK_INT(fake->count, 1);
  answer(0, "new", HOUR_MS);
  CHECK_STR(taken(get()), "new");
  end();
}

static void test_refresh_time_of_the_provider_is_obeyed (void) {
  struct azl_op *op;
  begin();
  op = get();
  azl_fetch_done(fake->fetches[0], "old", wall() + HOUR_MS,
                 wall() + 10 * MINUTE_MS);
  CHECK_STR(taken(op), "old");
  pass(10 * MINUTE_MS);
  CHECK_STR(taken(get()), "old");
  CHECK_INT(fake->count, 2);
  end();
}

static void test_refresh_is_waited_for_at_the_edge (void) {
  struct azl_op *op;
  begin();
  have_token("old", HOUR_MS);
  pass(HOUR_MS - 999);
  op = get();
  turns();
  CHECK_INT(op->state, AZL_OP_PENDING);
  answer(0, "new", HOUR_MS);
  CHECK_STR(taken(op), "new");
  end();
}

static void test_failed_refresh_before_expiry_is_swallowed (void) {
  begin();
  have_token("old", HOUR_MS);
  pass(HOUR_MS - MINUTE_MS);
  CHECK_STR(taken(get()), "old");
  refuse(0);
  CHECK_STR(taken(get()), "old"); /* not asked again at once */
  CHECK_INT(fake->count, 1);
  pass(3000);
  CHECK_STR(taken(get()), "old");
  CHECK_INT(fake->count, 2);
  end();
}

static void test_provider_knows_whether_somebody_waits (void) {
  begin();
  have_token("old", HOUR_MS);
  CHECK(!fake->background);
  pass(HOUR_MS - MINUTE_MS);
  CHECK_STR(taken(get()), "old");
  CHECK(fake->background);
  end();
}

/* The refresh may not ask a person; who has come to wait for it may. */
static void test_waiter_of_a_refresh_that_needs_a_person (void) {
  struct azl_op *op;
  begin();
  have_token("old", HOUR_MS);
  pass(HOUR_MS - MINUTE_MS);
  CHECK_STR(taken(get()), "old");
  pass(MINUTE_MS);
  op = get();
  CHECK_INT(fake->count, 1);
  azl_fetch_fail(fake->fetches[0],
                 azl_err_new(AZL_ERR_AUTH, AZL_NEEDS_PERSON, "who are you"));
  turns();
  CHECK_INT(fake->count, 2);
  CHECK(!fake->background);
  CHECK_INT(op->state, AZL_OP_PENDING);
  answer(1, "new", HOUR_MS);
  CHECK_STR(taken(op), "new");
  end();
}

static void test_failed_refresh_at_the_edge_is_told (void) {
  struct azl_op *op;
  begin();
  have_token("old", HOUR_MS);
  pass(HOUR_MS - 500);
  op = get();
  refuse(0);
  CHECK_STR(taken(op), "AADSTS1");
  end();
}

/* Or each use in its life would start another fetch. */
static void test_short_token_is_renewed_at_half_of_its_life (void) {
  begin();
  have_token("short", MINUTE_MS);
  CHECK_STR(taken(get()), "short");
  CHECK_INT(fake->count, 0);
  pass(31 * 1000);
  CHECK_STR(taken(get()), "short");
  CHECK_INT(fake->count, 1);
  end();
}

/* The machine's clock is ahead of the service's: what was just fetched looks
   expired. It is handed out all the same, and not fetched for each use. */
static void test_token_that_looks_expired_is_used_for_a_while (void) {
  struct azl_op *op;
  begin();
  op = get();
  azl_fetch_done(fake->fetches[0], "late", wall() - HOUR_MS, 0);
  CHECK_STR(taken(op), "late");
  for (int i = 0; i < 3; i++) {
    pass(1000);
    CHECK_STR(taken(get()), "late");
  }
  CHECK_INT(fake->count, 1);
  pass(3000);
  CHECK_STR(taken(get()), "late"); /* and is renewed in the background */
  CHECK_INT(fake->count, 2);
  azl_fetch_done(fake->fetches[1], "later", wall() - HOUR_MS, 0);
  turns();
  CHECK_STR(taken(get()), "later");
  pass(10 * 1000);
  CHECK_STR(taken(get()), "pending"); /* by then it may well be expired */
  CHECK_INT(fake->count, 3);
  end();
}

static void test_refresh_time_that_has_passed_is_no_wish (void) {
  struct azl_op *op;
  begin();
  op = get();
  azl_fetch_done(fake->fetches[0], "old", wall() + HOUR_MS, wall());
  CHECK_STR(taken(op), "old");
  pass(10 * MINUTE_MS);
  CHECK_STR(taken(get()), "old");
  CHECK_INT(fake->count, 1);
  end();
}

/* A service that always wants its tokens renewed at once. */
static void test_refreshes_keep_their_distance (void) {
  struct azl_op *op;
  begin();
  op = get();
  azl_fetch_done(fake->fetches[0], "old", wall() + HOUR_MS, wall() + 1);
  CHECK_STR(taken(op), "old");
  pass(2000);
  CHECK_STR(taken(get()), "old");
  CHECK_INT(fake->count, 1);
  pass(1000);
  CHECK_STR(taken(get()), "old");
  CHECK_INT(fake->count, 2);
  end();
}

static void test_claims_pass_by_the_cache_and_renew_it (void) {
  struct azl_op *op;
  begin();
  have_token("old", HOUR_MS);
  op = get_with(NULL, "{\"a\":1}", -1);
  CHECK_INT(fake->count, 1);
  CHECK_STR(fake->claims, "{\"a\":1}");
  answer(0, "new", HOUR_MS);
  CHECK_STR(taken(op), "new");
  CHECK_STR(taken(get()), "new");
  CHECK_INT(fake->count, 1);
  end();
}

static void test_same_claims_are_one_fetch (void) {
  struct azl_op *a, *b;
  begin();
  a = get_with(NULL, "{}", -1);
  b = get_with(NULL, "{}", -1);
  CHECK_INT(fake->count, 1);
  answer(0, "new", HOUR_MS);
  CHECK_STR(taken(a), "new");
  CHECK_STR(taken(b), "new");
  end();
}

/* A fetch without claims that was started before must not bring the token
   back that was challenged. */
static void test_older_fetch_does_not_undo_claims (void) {
  struct azl_op *plain, *claimed;
  begin();
  plain = get();
  claimed = get_with(NULL, "{}", -1);
  answer(1, "new", HOUR_MS);
  answer(0, "old", HOUR_MS);
  CHECK_STR(taken(claimed), "new");
  CHECK_STR(taken(plain), "old");
  CHECK_STR(taken(get()), "new");
  end();
}

static void test_tenants_have_their_own_tokens (void) {
  struct azl_op *op;
  begin();
  have_token("one", HOUR_MS);
  op = get_with("other", NULL, -1);
  CHECK_STR(fake->tenant, "other");
  answer(0, "two", HOUR_MS);
  CHECK_STR(taken(op), "two");
  CHECK_STR(taken(get()), "one");
  end();
}

static void test_cancelling_one_waiter_spares_the_others (void) {
  struct azl_op *a, *b;
  begin();
  a = get();
  b = get();
  azl_op_cancel(a);
  CHECK_INT(a->state, AZL_OP_CANCELLED);
  CHECK_INT(fake->fetches[0]->op.state, AZL_OP_PENDING);
  answer(0, "one", HOUR_MS);
  CHECK_STR(taken(b), "one");
  azl_op_unref(a);
  end();
}

static void test_cancelling_the_last_waiter_ends_the_fetch (void) {
  struct azl_op *a, *b;
  begin();
  a = get();
  b = get();
  azl_op_cancel(a);
  azl_op_cancel(b);
  CHECK_INT(fake->fetches[0]->op.state, AZL_OP_CANCELLED);
  azl_op_unref(a);
  azl_op_unref(b);
  CHECK_STR(taken(get()), "pending");
  CHECK_INT(fake->count, 2);
  end();
}

static void test_deadline_ends_one_waiter_only (void) {
  struct azl_op *a, *b;
  begin();
  a = get_with(NULL, NULL, azl_loop_now_ms(loop) + 1000);
  b = get();
  pass(1001);
  CHECK_INT(a->state, AZL_OP_FAILED);
  CHECK_INT(a->err->kind, AZL_ERR_TIMEOUT);
  CHECK_INT(b->state, AZL_OP_PENDING);
  answer(0, "one", HOUR_MS);
  CHECK_STR(taken(b), "one");
  azl_op_unref(a);
  end();
}

static void test_provider_that_answers_at_once (void) {
  struct azl_op *op;
  begin();
  fake->at_once = true;
  op = get();
  CHECK_INT(op->state, AZL_OP_PENDING); /* so that it can be listened to */
  CHECK_STR(taken(op), "at-once");
  end();
}

static void test_close_cancels_waiters (void) {
  struct azl_op *a, *b;
  begin();
  a = get();
  b = get_with(NULL, "{}", -1);
  azl_cred_close(&fake->cred);
  CHECK_INT(a->state, AZL_OP_CANCELLED);
  CHECK_INT(b->state, AZL_OP_CANCELLED);
  azl_op_unref(a);
  azl_op_unref(b);
  CHECK_STR(taken(get()), "CredentialClosed");
  end();
}

static void close_it (void *ctx, struct azl_op *op) {
  (void)ctx;
  (void)op;
  azl_cred_close(&fake->cred);
}

static void test_close_in_a_waiter (void) {
  struct azl_op *a, *b;
  begin();
  a = get();
  b = get();
  azl_op_listen(a, close_it, NULL);
  answer(0, "one", HOUR_MS);
  CHECK_STR(taken(a), "one");
  CHECK_STR(taken(b), "one");
  end();
}

static void test_close_before_an_instant_answer_is_told (void) {
  struct azl_op *op;
  begin();
  fake->at_once = true;
  op = get();
  azl_cred_close(&fake->cred);
  CHECK_STR(taken(op), "at-once");
  end();
}

static void one_round (void) {
  struct azl_op *op;
  begin();
  fake->at_once = true;
  op = get();
  if (op) {
    turns();
    CHECK(op->state != AZL_OP_PENDING);
    azl_op_unref(op);
  }
  end();
}

static void round_if_memory_lets (void) {
  struct azl_token_request request = {
      .scope = SCOPE, .claims = "{}", .deadline_ms = -1};
  struct azl_op *op = azl_cred_get(&fake->cred, &request);
  turns();
  if (op) CHECK(op->state != AZL_OP_PENDING);
  azl_op_unref(op);
  drop_fetches();
}

static void test_out_of_memory (void) {
  begin();
  fake->at_once = true;
  /* What the cache keeps of the first is no leak of the rounds. */
  struct azl_op *op = get();
  CHECK_STR(taken(op), "at-once");
  drop_fetches();
  check_out_of_memory(round_if_memory_lets);
  end();
  one_round();
}

int main (void) {
  RUN_TESTS(TEST(test_second_get_comes_from_the_cache),
            TEST(test_thousand_callers_cause_one_fetch),
            TEST(test_failure_reaches_every_waiter),
            TEST(test_refresh_is_in_the_background),
            TEST(test_refresh_time_of_the_provider_is_obeyed),
            TEST(test_refresh_is_waited_for_at_the_edge),
            TEST(test_failed_refresh_before_expiry_is_swallowed),
            TEST(test_provider_knows_whether_somebody_waits),
            TEST(test_waiter_of_a_refresh_that_needs_a_person),
            TEST(test_failed_refresh_at_the_edge_is_told),
            TEST(test_short_token_is_renewed_at_half_of_its_life),
            TEST(test_token_that_looks_expired_is_used_for_a_while),
            TEST(test_refresh_time_that_has_passed_is_no_wish),
            TEST(test_refreshes_keep_their_distance),
            TEST(test_claims_pass_by_the_cache_and_renew_it),
            TEST(test_same_claims_are_one_fetch),
            TEST(test_older_fetch_does_not_undo_claims),
            TEST(test_tenants_have_their_own_tokens),
            TEST(test_cancelling_one_waiter_spares_the_others),
            TEST(test_cancelling_the_last_waiter_ends_the_fetch),
            TEST(test_deadline_ends_one_waiter_only),
            TEST(test_provider_that_answers_at_once),
            TEST(test_close_cancels_waiters), TEST(test_close_in_a_waiter),
            TEST(test_close_before_an_instant_answer_is_told),
            TEST(test_out_of_memory));
}
