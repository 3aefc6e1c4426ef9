/* links: fake_http.c fake_stub.c */
#include "check.h"
#include "cred_managed.h"
#include "fake_http.h"
#include "stub.h"

#define SCOPE "https://management.azure.com/.default"
#define TOKEN(life) "{\"access_token\":\"TOKEN\",\"expires_in\":\"" life "\"}"
#define IMDS "GET http://169.254.169.254/metadata/identity/oauth2/token"
#define COUNT(rows) ((int)(sizeof rows / sizeof rows[0]))

static struct azl_loop *loop;
static struct azl_cred *cred;
static const struct azl_managed_env arc = {
    .identity_endpoint = "http://localhost:40342/token", .imds_endpoint = "x"};

static void begin (const struct azl_cred_managed_config *config,
                   const struct fake_answer *answers, int count) {
  struct azl_err *err;
  loop = azl_loop_new(NULL);
  azl_loop_clock(loop)->auto_advance = true;
  azl_loop_clock(loop)->fixed_ms = 1000;
  fake_http_script(answers, count);
  cred = azl_cred_managed(loop, config, &err);
  CHECK(cred != NULL);
}

static void finish (void) {
  azl_cred_unref(cred);
  azl_loop_free(loop);
}

/* Nothing real is under way: each turn jumps to the next timer. */
static bool wait_op (struct azl_loop *on, struct azl_op *op) {
  int left = 1000;
  while (op->state == AZL_OP_PENDING && left-- > 0)
    azl_loop_turn(on, 60 * 60 * 1000);
  return op->state != AZL_OP_PENDING;
}

static struct azl_op *ask (const char *claims) {
  struct azl_token_request request = {
      .scope = SCOPE, .claims = claims, .deadline_ms = -1};
  struct azl_op *op = azl_cred_get(cred, &request);
  CHECK(wait_op(loop, op));
  return op;
}

/* NULL: a token is expected. */
static void check_get (const char *code) {
  struct azl_op *op = ask(NULL);
  CHECK_STR(op->err ? op->err->code : NULL, code);
  if (op->err) CHECK_STR(azl_err_kind_name(op->err->kind), "auth");
  if (op->state == AZL_OP_DONE) CHECK_STR(azl_token_result(op)->value, "TOKEN");
  azl_op_unref(op);
}

/* "METHOD url", headers and body of a request, one per line. */
static const char *sent (int index) {
  static char text[10240];
  const struct fake_sent *request = fake_http_sent(index);
  snprintf(text, sizeof text, "%s %s\n%s%s", request->method, request->url,
           request->headers, request->body);
  return text;
}

static bool sent_starts (int index, const char *text) {
  return strncmp(sent(index), text, strlen(text)) == 0;
}

/* Past every proxy, and wiped. */
static bool was_private (int index) {
  return fake_http_sent(index)->no_proxy && fake_http_sent(index)->secret;
}

static void test_imds_without_a_probe (void) {
  static const struct fake_answer answers[] = {{200, NULL, TOKEN("3600")}};
  struct azl_cred_managed_config config = {.id = {.client_id = "c1"}};
  begin(&config, answers, COUNT(answers));
  check_get(NULL);
  check_get(NULL); /* from the cache */
  CHECK_INT(fake_http_count(), 1);
  CHECK_STR(sent(0), IMDS "?api-version=2018-02-01&resource="
                          "https%3A%2F%2Fmanagement.azure.com&client_id=c1\n"
                          "Metadata: true\n");
  CHECK(was_private(0));
  CHECK_STR(cred->cls->name, "ManagedIdentityCredential");
  finish();
}

static void test_the_probe_comes_first_and_once (void) {
  static const struct fake_answer answers[] = {
      {400, NULL, "{}"}, {200, NULL, TOKEN("60")}, {200, NULL, TOKEN("3600")}};
  struct azl_cred_managed_config config = {.probe = true};
  begin(&config, answers, COUNT(answers));
  check_get(NULL);
  CHECK_STR(sent(0), IMDS "\n");
  CHECK_INT(fake_http_sent(0)->deadline_ms - fake_http_sent(0)->at_ms, 1000);
  CHECK(was_private(0));
  azl_clock_advance(azl_loop_clock(loop), 61 * 1000);
  check_get(NULL);
  CHECK_INT(fake_http_count(), 3);
  CHECK(sent_starts(2, IMDS "?api-version"));
  finish();
}

static void test_probes_that_find_nobody (void) {
  static const struct {
    const char *name;
    struct fake_answer answer;
    int answers;
  } rows[] = {
      {"no connection", {0, NULL, NULL}, 1},
      {"no answer", {0, NULL, NULL}, 0},
      {"Docker Desktop", {403, NULL, "host: unreachable"}, 1},
  };
  for (int i = 0; i < COUNT(rows); i++) {
    struct azl_cred_managed_config config = {.probe = true};
    CHECK_ROW(rows[i].name);
    begin(&config, &rows[i].answer, rows[i].answers);
    check_get(AZL_UNAVAILABLE);
    CHECK_INT(fake_http_count(), 1); /* not tried again */
    finish();
  }
}

static void test_no_probe_where_the_source_is_known (void) {
  static const struct fake_answer answers[] = {{200, NULL, TOKEN("3600")}};
  static const struct azl_managed_env rows[] = {
      {.pod_identity_authority_host = "http://127.0.0.1:1"},
      {.identity_endpoint = "http://127.0.0.1:1", .identity_header = "h"},
      {.msi_endpoint = "http://127.0.0.1:1"},
  };
  for (int i = 0; i < COUNT(rows); i++) {
    struct azl_cred_managed_config config = {.probe = true};
    config.env = rows[i];
    begin(&config, answers, 1);
    check_get(NULL);
    CHECK_INT(fake_http_count(), 1);
    finish();
  }
}

static void test_imds_that_needs_patience (void) {
  static const struct fake_answer answers[] = {
      {404, NULL, "{}"}, {429, "Retry-After: 7\n", "{}"},
      {0, NULL, NULL},   {500, NULL, "{}"},
      {410, NULL, "{}"}, {200, NULL, TOKEN("3600")}};
  struct azl_cred_managed_config config = {.probe = false};
  begin(&config, answers, COUNT(answers));
  check_get(NULL);
  CHECK_INT(fake_http_count(), 6);
  CHECK_INT(fake_http_sent(2)->at_ms - fake_http_sent(1)->at_ms, 7000);
  finish();
}

static void test_410_lasts_70_seconds (void) {
  static const struct fake_answer gone = {410, NULL, "{}"};
  struct fake_answer answers[8];
  struct azl_cred_managed_config config = {.probe = false};
  for (int i = 0; i < 8; i++) answers[i] = gone;
  begin(&config, answers, 8);
  struct azl_op *op = ask(NULL);
  CHECK_STR(azl_op_state_name(op->state), "failed");
  if (op->err) {
    CHECK_INT(op->err->status, 410);
    CHECK_INT(op->err->attempts, 6);
  }
  CHECK(fake_http_sent(5)->at_ms - fake_http_sent(0)->at_ms >= 70 * 1000);
  azl_op_unref(op);
  finish();
}

static void test_no_patience_with_a_clear_no (void) {
  static const struct fake_answer answers[] = {
      {400, NULL,
       "{\"error\":\"invalid_request\","
       "\"error_description\":\"Identity not found\"}"}};
  struct azl_cred_managed_config config = {.probe = false};
  begin(&config, answers, COUNT(answers));
  check_get(AZL_UNAVAILABLE);
  CHECK_INT(fake_http_count(), 1);
  finish();
}

static void test_refreshed_at_half_life (void) {
  static const struct fake_answer answers[] = {{200, NULL, TOKEN("86400")},
                                               {200, NULL, TOKEN("86400")}};
  struct azl_cred_managed_config config = {.probe = false};
  begin(&config, answers, COUNT(answers));
  check_get(NULL);
  azl_clock_advance(azl_loop_clock(loop), 43000 * 1000);
  check_get(NULL);
  CHECK_INT(fake_http_count(), 1);
  azl_clock_advance(azl_loop_clock(loop), 400 * 1000);
  check_get(NULL); /* answered at once, and refreshed in the background */
  CHECK(stub_wait_idle(loop));
  CHECK_INT(fake_http_count(), 2);
  finish();
}

/* SHA-256 of "TOKEN" as sha256sum(1) has it. */
static void test_claims_name_the_revoked_token (void) {
  static const struct fake_answer answers[] = {{200, NULL, TOKEN("3600")},
                                               {200, NULL, TOKEN("3600")}};
  struct azl_cred_managed_config config = {
      .env = {.identity_endpoint = "http://127.0.0.1:1/t",
              .identity_header = "h"}};
  begin(&config, answers, COUNT(answers));
  check_get(NULL);
  azl_op_unref(ask("{\"access_token\":{}}"));
  CHECK_INT(fake_http_count(), 2);
  CHECK(strstr(sent(0), "token_sha256_to_refresh") == NULL);
  CHECK(strstr(sent(1), "&xms_cc=cp1&token_sha256_to_refresh="
                        "f98103e9217f099208569d295c1b276f"
                        "1821348636c268c854bb2a086e0037cd\n"));
  finish();
}

static void test_cloud_shell (void) {
  static const struct fake_answer answers[] = {{200, NULL, TOKEN("3600")}};
  struct azl_cred_managed_config config = {
      .env = {.msi_endpoint = "http://localhost:50342/oauth2/token"}};
  begin(&config, answers, COUNT(answers));
  check_get(NULL);
  CHECK_STR(sent(0),
            "POST http://localhost:50342/oauth2/token\nMetadata: true\n"
            "Content-Type: application/x-www-form-urlencoded\n"
            "resource=https%3A%2F%2Fmanagement.azure.com");
  finish();
}

/* Starts with an Arc agent whose challenge names stub/<key>. */
static void begin_arc (struct stub *stub, const char *key, int last_status) {
  static struct fake_answer answers[2];
  static char challenge[256];
  struct azl_cred_managed_config config = {.env = arc,
                                           .arc_folder = stub->folder};
  FILE *file;
  CHECK(stub_open(stub));
  file = fopen(stub_path(stub, "a.key"), "we");
  if (CHECK(file != NULL)) {
    fputs("KEY", file);
    fclose(file);
  }
  snprintf(challenge, sizeof challenge, "WWW-Authenticate: Basic realm=%s/%s\n",
           stub->folder, key);
  answers[0] = (struct fake_answer){401, challenge, NULL};
  answers[1] = (struct fake_answer){last_status, challenge, TOKEN("3600")};
  begin(&config, answers, 2);
}

static void test_arc_answers_the_challenge (void) {
  struct stub stub;
  begin_arc(&stub, "a.key", 200);
  check_get(NULL);
  CHECK_INT(fake_http_count(), 2);
  CHECK(strstr(sent(0), "Authorization") == NULL);
  CHECK(sent_starts(0, "GET http://127.0.0.1:40342/token?api-version="));
  CHECK(strstr(sent(1), "\nAuthorization: Basic KEY\n"));
  finish();
  stub_close(&stub);
}

static void test_arc_challenge_to_another_file (void) {
  struct stub stub;
  begin_arc(&stub, "../a.key", 200);
  check_get("ArcChallenge");
  CHECK_INT(fake_http_count(), 1);
  finish();
  stub_close(&stub);
}

static void test_arc_challenges_only_once (void) {
  struct stub stub;
  begin_arc(&stub, "a.key", 401);
  struct azl_op *op = ask(NULL);
  CHECK_STR(azl_op_state_name(op->state), "failed");
  if (op->err) {
    CHECK_INT(op->err->status, 401);
    CHECK(strstr(op->err->message, "KEY") == NULL);
  }
  CHECK_INT(fake_http_count(), 2);
  azl_op_unref(op);
  finish();
  stub_close(&stub);
}

static void test_cancel_at_each_stage (void) {
  static const struct fake_answer answers[] = {{400, NULL, "{}"},
                                               {404, NULL, "{}"}};
  struct azl_cred_managed_config config = {.probe = true};
  struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
  for (int stage = 0; stage < 8; stage++) {
    begin(&config, answers, COUNT(answers));
    azl_loop_clock(loop)->auto_advance = true;
    struct azl_op *op = azl_cred_get(cred, &request);
    for (int i = 0; i < stage; i++) azl_loop_turn(loop, 0);
    if (stage == 7) azl_cred_close(cred);
    azl_op_cancel(op);
    CHECK(op->state != AZL_OP_PENDING);
    azl_op_unref(op);
    CHECK(stub_wait_idle(loop));
    finish();
  }
}

static void test_what_cannot_be_made (void) {
  static const struct azl_cred_managed_config rows[] = {
      {.id = {"a", "b", NULL}},
      {.env = {.msi_endpoint = "http://localhost/"}, .id = {"a", NULL, NULL}},
      {.env = {.identity_endpoint = "https://localhost/",
               .identity_header = "h",
               .identity_server_thumbprint = "t"}}};
  loop = azl_loop_new(NULL);
  for (int i = 0; i < COUNT(rows); i++) {
    struct azl_err *err = NULL;
    CHECK(azl_cred_managed(loop, &rows[i], &err) == NULL);
    CHECK(err != NULL);
    azl_err_free(err);
  }
  azl_loop_free(loop);
}

static void get_once (void) {
  static const struct fake_answer answers[] = {
      {400, NULL, "{}"}, {404, NULL, "{}"}, {200, NULL, TOKEN("3600")}};
  struct azl_cred_managed_config config = {.probe = true,
                                           .id = {.client_id = "c"}};
  struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
  struct azl_loop *own = azl_loop_new(NULL);
  struct azl_err *err = NULL;
  struct azl_cred *one;
  struct azl_op *op;
  if (!own) return;
  azl_loop_clock(own)->auto_advance = true;
  fake_http_script(answers, COUNT(answers));
  one = azl_cred_managed(own, &config, &err);
  op = one ? azl_cred_get(one, &request) : NULL;
  if (op) CHECK(wait_op(own, op));
  azl_op_unref(op);
  azl_cred_unref(one);
  azl_err_free(err);
  azl_loop_free(own);
}

static void test_out_of_memory (void) {
  check_out_of_memory(get_once);
}

int main (void) {
  RUN_TESTS(
      TEST(test_imds_without_a_probe),
      TEST(test_the_probe_comes_first_and_once),
      TEST(test_probes_that_find_nobody),
      TEST(test_no_probe_where_the_source_is_known),
      TEST(test_imds_that_needs_patience), TEST(test_410_lasts_70_seconds),
      TEST(test_no_patience_with_a_clear_no), TEST(test_refreshed_at_half_life),
      TEST(test_claims_name_the_revoked_token), TEST(test_cloud_shell),
      TEST(test_arc_answers_the_challenge),
      TEST(test_arc_challenge_to_another_file),
      TEST(test_arc_challenges_only_once), TEST(test_cancel_at_each_stage),
      TEST(test_what_cannot_be_made), TEST(test_out_of_memory));
}
