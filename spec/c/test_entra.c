/* Token requests: what is sent, how answers are read, what is tried again. */
/* links: fake_http.c */
#include "check.h"
#include "cred.h"
#include "cred_app.h"
#include "entra.h"
#include "fake_http.h"

#define SCOPE "https://management.azure.com/.default"
#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { WALL_S = 1700000000 };

static struct azl_loop *loop;

static void begin (void) {
  loop = azl_loop_new(NULL);
  azl_loop_clock(loop)->fixed_ms = (int64_t)WALL_S * 1000;
  azl_loop_clock(loop)->auto_advance = true;
}

static void end (void) {
  CHECK_INT(azl_loop_op_count(loop), 0);
  azl_loop_free(loop);
}

/* Turns until the operation has ended or nothing can end it. */
static void settle (struct azl_op *op) {
  for (int i = 0; i < 200 && op->state == AZL_OP_PENDING; i++) {
    if (azl_loop_timeout_ms(loop) < 0) return;
    azl_loop_turn(loop, 1000000);
  }
}

static struct azl_cred *secret_cred (const char *tenant) {
  struct azl_cred_app app = {.tenant_id = tenant, .client_id = "client-1"};
  struct azl_err *err;
  struct azl_cred *cred = azl_cred_secret(loop, &app, "p+w&d%", &err);
  CHECK(cred != NULL);
  return cred;
}

/* One token asked for with these answers scripted. */
struct asked {
  struct azl_cred *cred;
  struct azl_op *op;
};

static struct asked ask (const struct fake_answer *answers, int count) {
  struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
  struct asked asked;
  begin();
  fake_http_script(answers, count);
  asked.cred = secret_cred("tenant-1");
  asked.op = azl_cred_get(asked.cred, &request);
  settle(asked.op);
  return asked;
}

static void done (struct asked *asked) {
  azl_op_unref(asked->op);
  azl_cred_close(asked->cred);
  azl_cred_unref(asked->cred);
  end();
}

static const struct fake_answer good = {
    200, NULL, "{\"access_token\":\"tok\",\"expires_in\":3600}"};

static void test_sends_the_grant (void) {
  struct asked asked = ask(&good, 1);
  const struct fake_sent *sent = fake_http_sent(0);
  CHECK_STR(sent->method, "POST");
  CHECK_STR(sent->url, "https://login.microsoftonline.com/tenant-1/oauth2/"
                       "v2.0/token");
  CHECK_STR(sent->content_type, "application/x-www-form-urlencoded");
  CHECK(sent->secret);
  CHECK_STR(sent->body,
            "client_id=client-1&scope=https%3A%2F%2Fmanagement.azure.com%2F."
            "default&claims=%7B%22access_token%22%3A%7B%22xms_cc%22%3A%7B%22"
            "values%22%3A%5B%22CP1%22%5D%7D%7D%7D&grant_type=client_"
            "credentials&client_secret=p%2Bw%26d%25");
  done(&asked);
}

static void test_reads_the_token (void) {
  static const struct {
    const char *body;
    int expires_s, refresh_s; /* -1: refused */
  } rows[] = {
      {"{\"access_token\":\"tok\",\"expires_in\":3600}", 3600, 0},
      {"{\"access_token\":\"tok\",\"expires_in\":\"3600\"}", 3600, 0},
      {"{\"access_token\":\"tok\",\"expires_in\":86399,\"refresh_in\":43199}",
       86399, 43199},
      {"{\"access_token\":\"tok\",\"expires_in\":60,\"refresh_in\":61}", 60, 0},
      {"{\"access_token\":\"\",\"expires_in\":3600}", -1, 0},
      {"{\"access_token\":\"tok\"}", -1, 0},
      {"{\"access_token\":7,\"expires_in\":3600}", -1, 0},
      {"{\"access_token\":\"tok\",\"expires_in\":0}", -1, 0},
      {"{\"access_token\":\"tok\",\"expires_in\":-5}", -1, 0},
      {"{\"access_token\":\"tok\",\"expires_in\":9e18}", -1, 0},
      {"{\"access_token\":\"a\\nb: c\",\"expires_in\":60}", -2, 0},
      {"{\"access_token\":\"a\\rb\",\"expires_in\":60}", -2, 0},
      {"{\"access_token\":\"a b\",\"expires_in\":60}", -2, 0},
      {"{\"access_token\":\"a\\u007f\",\"expires_in\":60}", -2, 0},
      {"{\"access_token\":\"\\u00e9\",\"expires_in\":60}", -2, 0},
      {"[]", -1, 0},
      {"<html>", -1, 0},
      {"", -1, 0},
  };
  for (int i = 0; i < COUNT(rows); i++) {
    struct fake_answer answer = {200, NULL, rows[i].body};
    struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
    begin();
    CHECK_ROW(rows[i].body);
    fake_http_script(&answer, 1);
    struct azl_cred *cred = secret_cred("tenant-1");
    struct azl_op *op = cred->cls->fetch(cred, &request);
    settle(op);
    const struct azl_token *token = azl_token_result(op);
    if (rows[i].expires_s < 0) {
      CHECK(!token);
      CHECK_STR(op->err->code, rows[i].expires_s == -1 ? "InvalidTokenResponse"
                                                       : "InvalidToken");
    } else if (CHECK(token != NULL)) {
      CHECK_STR(token->value, "tok");
      CHECK_INT(token->expires_ms / 1000, WALL_S + rows[i].expires_s);
      CHECK_INT(token->refresh_ms / 1000,
                rows[i].refresh_s ? WALL_S + rows[i].refresh_s : 0);
    }
    CHECK_ROW(NULL);
    azl_op_unref(op);
    azl_cred_unref(cred);
    end();
  }
}

static void test_reads_errors (void) {
  static const struct {
    int status;
    const char *body, *code, *message;
  } rows[] = {
      {401,
       "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: "
       "Invalid client secret.\\r\\nTrace ID: x\\r\\nTimestamp: y\","
       "\"error_codes\":[7000215],\"trace_id\":\"t-1\",\"correlation_id\":"
       "\"c-1\"}",
       "AADSTS7000215", "ClientSecretCredential: Invalid client secret."},
      {400, "{\"error\":\"invalid_scope\",\"error_codes\":[70011]}",
       "AADSTS70011", "ClientSecretCredential: AADSTS70011"},
      {400, "{\"error\":\"invalid_grant\"}", "invalid_grant",
       "ClientSecretCredential: invalid_grant"},
      {404, "<html>not here</html>", NULL, NULL},
      {400, "", NULL, NULL},
  };
  for (int i = 0; i < COUNT(rows); i++) {
    struct fake_answer answer = {rows[i].status, NULL, rows[i].body};
    struct asked asked = ask(&answer, 1);
    CHECK_ROW(rows[i].body);
    CHECK_INT(asked.op->err->kind, AZL_ERR_AUTH);
    CHECK_INT(asked.op->err->status, rows[i].status);
    if (rows[i].code) CHECK_STR(asked.op->err->code, rows[i].code);
    if (rows[i].message) CHECK_STR(asked.op->err->message, rows[i].message);
    if (i == 0) CHECK_STR(asked.op->err->request_id, "t-1");
    if (i == 0) CHECK_STR(asked.op->err->correlation_id, "c-1");
    if (i == 0) CHECK(asked.op->err->hint != NULL);
    CHECK_ROW(NULL);
    done(&asked);
  }
}

static void test_tries_again (void) {
  static const struct {
    int status;
    bool again;
  } rows[] = {{0, true},    {408, true},  {429, true},  {500, true},
              {502, true},  {503, true},  {504, true},  {400, false},
              {401, false}, {403, false}, {404, false}, {501, false}};
  for (int i = 0; i < COUNT(rows); i++) {
    struct fake_answer answers[] = {{rows[i].status, NULL, "{}"}, good};
    char row[16];
    snprintf(row, sizeof row, "%d", rows[i].status);
    struct asked asked = ask(answers, 2);
    CHECK_ROW(row);
    CHECK_INT(fake_http_count(), rows[i].again ? 2 : 1);
    CHECK_INT(asked.op->state, rows[i].again ? AZL_OP_DONE : AZL_OP_FAILED);
    CHECK_ROW(NULL);
    done(&asked);
  }
}

static void test_gives_up_after_three_retries (void) {
  struct fake_answer answers[6] = {{0, NULL, NULL}};
  struct asked asked = ask(answers, 6);
  CHECK_INT(fake_http_count(), 4);
  CHECK_INT(asked.op->err->kind, AZL_ERR_AUTH);
  CHECK_STR(asked.op->err->code, "TokenEndpointUnreachable");
  CHECK_INT(asked.op->err->attempts, 4);
  done(&asked);
}

static void test_obeys_retry_after (void) {
  struct fake_answer answers[] = {{429, "Retry-After: 50\r\n", NULL}, good};
  struct asked asked = ask(answers, 2);
  CHECK_INT(asked.op->state, AZL_OP_DONE);
  CHECK(azl_loop_now_ms(loop) >= ((int64_t)WALL_S + 50) * 1000);
  done(&asked);
}

static void test_does_not_wait_longer_than_it_may (void) {
  struct fake_answer answers[] = {{429, "Retry-After: 500\r\n", NULL}, good};
  struct asked asked = ask(answers, 2);
  CHECK_INT(asked.op->err->status, 429);
  CHECK_INT(asked.op->err->retry_after_ms, 500 * 1000);
  done(&asked);
}

static void test_no_secret_in_errors (void) {
  struct fake_answer answers[] = {{400, NULL, "{\"error\":\"x\"}"}};
  struct asked asked = ask(answers, 1);
  const struct azl_err *err = asked.op->err;
  CHECK(!strstr(err->message, "p+w&d%"));
  CHECK(!err->url || !strstr(err->url, "p+w"));
  CHECK(!err->body || !strstr(err->body, "p+w"));
  done(&asked);
}

static void test_cancel_at_each_step (void) {
  static const struct fake_answer answers[] = {{503, NULL, NULL}, {0}};
  for (int turns = 0; turns < 6; turns++) {
    struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
    begin();
    fake_http_script(answers, 2);
    struct azl_cred *cred = secret_cred("tenant-1");
    struct azl_op *op = azl_cred_get(cred, &request);
    for (int i = 0; i < turns; i++) azl_loop_turn(loop, 1000000);
    azl_op_cancel(op);
    CHECK_INT(azl_loop_op_count(loop), 0);
    azl_op_unref(op);
    azl_cred_unref(cred);
    end();
  }
}

static void test_claims (void) {
  static const struct {
    const char *challenge, *expected;
    bool incapable;
  } rows[] = {
      {NULL, "{\"access_token\":{\"xms_cc\":{\"values\":[\"CP1\"]}}}", false},
      {"{}", "{\"access_token\":{\"xms_cc\":{\"values\":[\"CP1\"]}}}", false},
      {"{\"access_token\":{\"nbf\":{\"essential\":true}}}",
       "{\"access_token\":{\"nbf\":{\"essential\":true},\"xms_cc\":{\"values\":"
       "[\"CP1\"]}}}",
       false},
      {"{\"access_token\":null}",
       "{\"access_token\":{\"xms_cc\":{\"values\":[\"CP1\"]}}}", false},
      {"[]", NULL, false},
      {"nonsense", NULL, false},
      {"{\"a\":1}", "{\"a\":1}", true},
  };
  for (int i = 0; i < COUNT(rows); i++) {
    bool bad;
    char *claims =
        azl_entra_claims(rows[i].challenge, !rows[i].incapable, &bad);
    CHECK_STR(claims, rows[i].expected);
    CHECK_INT(bad, rows[i].expected == NULL);
    azl_free(claims);
  }
}

static void test_tenants (void) {
  static const struct {
    const char *own, *allowed;
    bool single;
    const char *requested, *expected, *code;
  } rows[] = {
      {"a", NULL, false, NULL, "a", NULL},
      {"a", NULL, false, "a", "a", NULL},
      {"a", NULL, false, "A", "a", NULL},
      {"a", NULL, false, "b", NULL, "TenantNotAllowed"},
      {"a", "b;c", false, "c", "c", NULL},
      {"a", "bc", false, "b", NULL, "TenantNotAllowed"},
      {"a", "x;*", false, "b", "b", NULL},
      {"a", "*", true, "b", "a", NULL},
      {"a", "*", false, "b/../c", NULL, "InvalidTenant"},
      {"adfs", NULL, false, "b", "adfs", NULL},
      {NULL, NULL, false, "b", "b", NULL},
      {NULL, NULL, false, NULL, NULL, NULL},
  };
  for (int i = 0; i < COUNT(rows); i++) {
    struct azl_err *err;
    const char *tenant = azl_tenant_choose(
        rows[i].own, rows[i].allowed, rows[i].single, rows[i].requested, &err);
    CHECK_STR(tenant, rows[i].expected);
    CHECK_STR(err ? err->code : NULL, rows[i].code);
    azl_err_free(err);
  }
}

static void test_authorities (void) {
  static const struct {
    const char *authority, *tenant, *url; /* NULL: refused */
  } rows[] = {
      {NULL, "t", "https://login.microsoftonline.com/t/oauth2/v2.0/token"},
      {"https://login.microsoftonline.us//", "t",
       "https://login.microsoftonline.us/t/oauth2/v2.0/token"},
      {"https://fs.contoso.com", "adfs",
       "https://fs.contoso.com/adfs/oauth2/token"},
      {"http://127.0.0.1:80", "t", "http://127.0.0.1:80/t/oauth2/v2.0/token"},
      {"http://login.example", "t", NULL},
      {"https://user@login.example", "t", NULL},
      {"login.example", "t", NULL},
      {NULL, "t/../x", NULL},
      {NULL, "", NULL},
  };
  for (int i = 0; i < COUNT(rows); i++) {
    struct azl_cred_app from = {.tenant_id = rows[i].tenant,
                                .client_id = "c",
                                .authority = rows[i].authority};
    struct azl_app app;
    struct azl_err *err = azl_app_init(&app, "X", &from);
    char *url = err ? NULL : azl_app_url(&app, app.tenant_id, "token");
    CHECK_STR(url, rows[i].url);
    azl_free(url);
    azl_app_free(&app);
    azl_err_free(err);
  }
}

static void test_every_hint_is_a_sentence (void) {
  CHECK(azl_entra_hint("AADSTS7000215") != NULL);
  CHECK(azl_entra_hint("AADSTS53003") != NULL);
  CHECK(azl_entra_hint("AADSTS1") == NULL);
  CHECK(azl_entra_hint(NULL) == NULL);
}

/* A lost allocation in a transfer is one more reason to try again, so there
   are more answers than the story needs. */
static void whole_story (void) {
  static const struct fake_answer no = {
      401, NULL, "{\"error\":\"x\",\"error_description\":\"AADSTS1: no\"}"};
  const struct fake_answer answers[] = {
      {503, "Retry-After: 1\r\n", NULL}, no, no, no, no};
  struct azl_cred_app app = {.tenant_id = "t", .client_id = "c"};
  struct azl_token_request request = {
      .scope = SCOPE, .claims = "{}", .deadline_ms = -1};
  struct azl_err *err;
  struct azl_op *op = NULL;
  struct azl_cred *cred = azl_cred_secret(loop, &app, "s", &err);
  fake_http_script(answers, COUNT(answers));
  if (cred)
    op = azl_cred_get(cred, &request);
  else
    azl_err_free(err);
  if (op) {
    settle(op);
    CHECK_INT(op->state, AZL_OP_FAILED);
  }
  azl_op_unref(op);
  azl_cred_unref(cred);
}

static void test_out_of_memory (void) {
  begin();
  whole_story(); /* the loop's own tables grow once */
  check_out_of_memory(whole_story);
  end();
}

int main (void) {
  RUN_TESTS(TEST(test_sends_the_grant), TEST(test_reads_the_token),
            TEST(test_reads_errors), TEST(test_tries_again),
            TEST(test_gives_up_after_three_retries),
            TEST(test_obeys_retry_after),
            TEST(test_does_not_wait_longer_than_it_may),
            TEST(test_no_secret_in_errors), TEST(test_cancel_at_each_step),
            TEST(test_claims), TEST(test_tenants), TEST(test_authorities),
            TEST(test_every_hint_is_a_sentence), TEST(test_out_of_memory));
}
