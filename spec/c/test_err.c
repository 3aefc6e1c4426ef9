/* Tests of err.c: making, copying, and having no memory left. */
#include "check.h"
#include "err.h"

static void test_new_has_defaults (void) {
  struct azl_err *err =
      azl_err_new(AZL_ERR_SERVICE, "NotFound", "no %s at %d", "link", 7);
  CHECK_INT(err->kind, AZL_ERR_SERVICE);
  CHECK_STR(err->code, "NotFound");
  CHECK_STR(err->message, "no link at 7");
  CHECK_INT(err->status, 0);
  CHECK_INT(err->attempts, 0);
  CHECK_INT(err->retry_after_ms, -1);
  CHECK(!err->target && !err->hint && !err->url && !err->body);
  azl_err_free(err);
}

static void test_code_may_be_missing (void) {
  struct azl_err *err = azl_err_new(AZL_ERR_TIMEOUT, NULL, "%s", "too late");
  CHECK_INT(err->kind, AZL_ERR_TIMEOUT);
  CHECK(err->code == NULL);
  azl_err_free(err);
}

static void test_set_replaces_every_member (void) {
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, "a", "%s", "b");
  char text[] = "value";
  azl_err_set(err, code, text);
  azl_err_set(err, message, "m");
  azl_err_set(err, target, "t");
  azl_err_set(err, hint, "h");
  azl_err_set(err, url, "u");
  azl_err_set(err, method, "GET");
  azl_err_set(err, hint, NULL);
  text[0] = 'X';
  CHECK_STR(err->code, "value");
  CHECK_STR(err->message, "m");
  CHECK_STR(err->target, "t");
  CHECK(err->hint == NULL);
  CHECK_STR(err->url, "u");
  CHECK_STR(err->method, "GET");
  azl_err_free(err);
}

static void test_set_to_its_own_text (void) {
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, "code", "%s", "message");
  azl_err_set(err, message, err->message + 3);
  CHECK_STR(err->message, "sage");
  azl_err_free(err);
}

static void test_copy_shares_nothing (void) {
  struct azl_err *err = azl_err_new(AZL_ERR_OPERATION, "Failed", "%s", "why");
  struct azl_err *copy;
  err->status = 409;
  err->attempts = 3;
  err->retry_after_ms = 1500;
  azl_err_set(err, request_id, "r");
  azl_err_set(err, correlation_id, "c");
  azl_err_set(err, client_request_id, "i");
  azl_err_set(err, body, "{}");
  err->permanent = true;
  err->inner = azl_err_new(AZL_ERR_SERVICE, "Busy", "%s", "later");
  copy = azl_err_copy(err);
  azl_err_free(err);
  CHECK_INT(copy->kind, AZL_ERR_OPERATION);
  CHECK_INT(copy->status, 409);
  CHECK_INT(copy->attempts, 3);
  CHECK_INT(copy->retry_after_ms, 1500);
  CHECK_STR(copy->code, "Failed");
  CHECK_STR(copy->message, "why");
  CHECK_STR(copy->request_id, "r");
  CHECK_STR(copy->correlation_id, "c");
  CHECK_STR(copy->client_request_id, "i");
  CHECK_STR(copy->body, "{}");
  CHECK(copy->target == NULL);
  CHECK(copy->permanent);
  CHECK_STR(copy->inner->code, "Busy");
  azl_err_free(copy);
}

static void test_oom_needs_no_memory (void) {
  struct azl_err *err, *copy;
  azl_mem_fail_after(0);
  err = azl_err_new(AZL_ERR_AUTH, "x", "%s", "y");
  CHECK_STR(err->code, "OutOfMemory");
  CHECK_STR(err->message, "out of memory");
  azl_err_set(err, hint, "ignored");
  CHECK(err->hint == NULL);
  copy = azl_err_copy(err);
  CHECK_STR(copy->code, "OutOfMemory");
  azl_err_free(copy);
  azl_err_free(err);
}

static void test_oom_forgets_what_was_written_into_it (void) {
  struct azl_err *err = azl_err_oom();
  err->status = 503;
  err->attempts = 4;
  err->kind = AZL_ERR_AUTH;
  err = azl_err_oom();
  CHECK_INT(err->status, 0);
  CHECK_INT(err->attempts, 0);
  CHECK_INT(err->retry_after_ms, -1);
  CHECK(err->kind != AZL_ERR_AUTH);
}

static void make_and_copy (void) {
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, "code", "%d", 1), *copy;
  azl_err_set(err, target, "t");
  azl_err_set(err, target, "again");
  copy = azl_err_copy(err);
  CHECK(err && copy && copy->message);
  CHECK(!copy->target || strcmp(copy->target, "again") == 0);
  azl_err_free(err);
  azl_err_free(copy);
}

static void test_every_allocation_may_fail (void) {
  check_out_of_memory(make_and_copy);
}

static void test_kind_names (void) {
  static const struct {
    enum azl_err_kind kind;
    const char *name;
  } rows[] = {
      {AZL_ERR_AUTH, "auth"},           {AZL_ERR_SERVICE, "service"},
      {AZL_ERR_TRANSPORT, "transport"}, {AZL_ERR_TIMEOUT, "timeout"},
      {AZL_ERR_CANCELLED, "cancelled"}, {AZL_ERR_PROTOCOL, "protocol"},
      {AZL_ERR_OPERATION, "operation"}, {AZL_ERR_AMBIGUOUS, "ambiguous"},
      {AZL_ERR_REFUSED, "refused"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    CHECK_STR(azl_err_kind_name(rows[i].kind), rows[i].name);
  CHECK_STR(azl_err_kind_name((enum azl_err_kind)99), "unknown");
}

static void test_flatten (void) {
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, "Bad",
                                    "one\r\ntwo\302\23331m \177 caf\303\251");
  azl_err_flatten(err);
  CHECK_STR(err->message, "one  two 31m   caf\303\251");
  azl_err_free(err);
  azl_err_flatten(azl_err_oom());
}

int main (void) {
  azl_err_free(NULL);
  RUN_TESTS(TEST(test_new_has_defaults), TEST(test_code_may_be_missing),
            TEST(test_set_replaces_every_member),
            TEST(test_set_to_its_own_text), TEST(test_copy_shares_nothing),
            TEST(test_oom_needs_no_memory),
            TEST(test_oom_forgets_what_was_written_into_it),
            TEST(test_every_allocation_may_fail), TEST(test_kind_names),
            TEST(test_flatten));
}
