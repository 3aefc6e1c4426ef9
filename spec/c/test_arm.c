/* One ARM call: token, headers, errors, retries, challenges, redirects. */
#include <curl/curl.h>
#include "arm.h"
#include "check.h"
#include "cred.h"
#include "raw_server.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
#define EMPTY(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n"

static const char token_text[] = "secret-token-canary";

struct world {
  struct azl_loop *loop;
  struct azl_arm *arm;
  struct raw_server *server;
  char origin[64], url[128];
};

static struct world open_world (const struct raw_answer *answers, int count) {
  struct world w = {.loop = azl_loop_new(NULL)};
  struct azl_err *err = NULL;
  azl_loop_clock(w.loop)->auto_advance = true;
  w.server = raw_start(w.loop, answers, count);
  snprintf(w.origin, sizeof(w.origin), "http://127.0.0.1:%d", w.server->port);
  snprintf(w.url, sizeof(w.url), "%s/subscriptions/s/x?api-version=1&sig=s3",
           w.origin);
  int64_t wall_ms = azl_clock_wall_ms(azl_loop_clock(w.loop));
  struct azl_cred *cred =
      azl_cred_static(w.loop, token_text, wall_ms + 360000000);
  struct azl_arm_config config = {.endpoint = w.origin,
                                  .cred = cred,
                                  .log_level = AZL_LOG_VERBOSE,
                                  .retry = {3, 800, 60000}};
  w.arm = azl_arm_new(w.loop, &config, &err);
  CHECK(w.arm != NULL);
  azl_cred_unref(cred);
  return w;
}

static void close_world (struct world *w) {
  azl_arm_close(w->arm);
  azl_arm_unref(w->arm);
  raw_stop(w->server);
  azl_loop_free(w->loop);
}

static struct azl_arm_request request_of (const struct world *w,
                                          const char *method) {
  return (struct azl_arm_request){
      .method = method, .url = w->url, .deadline_ms = -1, .max_retries = -1};
}

static struct azl_op *call (struct world *w,
                            const struct azl_arm_request *request) {
  struct azl_op *op = azl_arm_send(w->arm, request);
  RAW_RUN_UNTIL(w->loop, op->state != AZL_OP_PENDING);
  return op;
}

static void sends_what_azure_expects (void) {
  struct raw_answer answer = {OK_ANSWER, false};
  struct world w = open_world(&answer, 1);
  struct azl_arm_request request = request_of(&w, "PUT");
  struct azl_arm_facts facts;
  request.body = "{}";
  request.body_len = 2;
  struct azl_op *op = call(&w, &request);
  CHECK_INT(op->state, AZL_OP_DONE);
  CHECK_INT(azl_arm_result(op)->status, 200);
  const char *sent = w.server->last;
  CHECK(strstr(sent, "\r\nAuthorization: Bearer secret-token-canary\r\n"));
  CHECK(strstr(sent, "\r\nContent-Type: application/json\r\n"));
  CHECK(strstr(sent, "\r\nAccept: application/json\r\n"));
  CHECK(strstr(sent, "\r\nUser-Agent: azure-signalr-lua/"));
  azl_arm_facts(op, &facts);
  CHECK(facts.client_request_id && strstr(sent, facts.client_request_id));
  CHECK_INT(facts.attempts, 1);
  azl_op_unref(op);
  close_world(&w);
}

static void an_error_says_all_there_is_to_say (void) {
  struct raw_answer answer = {
      "HTTP/1.1 403 Forbidden\r\nx-ms-request-id: r1\r\n"
      "x-ms-correlation-request-id: c1\r\nContent-Length: 59\r\n\r\n"
      "{\"error\":{\"code\":\"AuthorizationFailed\",\"message\":\"not so\"}}",
      false};
  struct world w = open_world(&answer, 1);
  struct azl_arm_request request = request_of(&w, "GET");
  struct azl_op *op = call(&w, &request);
  const struct azl_err *err = op->err;
  CHECK_INT(op->state, AZL_OP_FAILED);
  CHECK_INT(err->kind, AZL_ERR_SERVICE);
  CHECK_INT(err->status, 403);
  CHECK_STR(err->code, "AuthorizationFailed");
  CHECK_STR(err->message, "not so");
  CHECK_STR(err->request_id, "r1");
  CHECK_STR(err->correlation_id, "c1");
  CHECK_STR(err->method, "GET");
  CHECK(err->hint != NULL);
  CHECK(strstr(err->url, "api-version=1") && !strstr(err->url, "s3"));
  CHECK_INT(w.server->requests, 1);
  azl_op_unref(op);
  close_world(&w);
}

static const struct {
  const char *name, *method;
  struct raw_answer answers[2];
  int requests;
  enum azl_op_state state;
} retries[] = {
    {"503",
     "GET",
     {{EMPTY("503 No"), false}, {OK_ANSWER, false}},
     2,
     AZL_OP_DONE},
    {"429",
     "POST",
     {{EMPTY("429 No"), false}, {OK_ANSWER, false}},
     2,
     AZL_OP_DONE},
    {"500 of a POST",
     "POST",
     {{EMPTY("500 No"), false}, {OK_ANSWER, false}},
     1,
     AZL_OP_FAILED},
    {"hang-up", "PUT", {{"", true}, {OK_ANSWER, false}}, 2, AZL_OP_DONE},
    {"hang-up of a POST",
     "POST",
     {{"", true}, {OK_ANSWER, false}},
     1,
     AZL_OP_FAILED},
    {"404",
     "GET",
     {{EMPTY("404 No"), false}, {OK_ANSWER, false}},
     1,
     AZL_OP_FAILED},
    {"three times",
     "GET",
     {{EMPTY("500 No"), false}, {EMPTY("500 No"), false}},
     4,
     AZL_OP_FAILED},
};

static void retries_what_is_safe (void) {
  for (size_t i = 0; i < sizeof(retries) / sizeof(retries[0]); i++) {
    struct world w = open_world(retries[i].answers, 2);
    struct azl_arm_request request = request_of(&w, retries[i].method);
    struct azl_op *op = call(&w, &request);
    CHECK_ROW(retries[i].name);
    CHECK_INT(op->state, retries[i].state);
    CHECK_INT(w.server->requests, retries[i].requests);
    if (op->err) CHECK_INT(op->err->attempts, retries[i].requests);
    azl_op_unref(op);
    close_world(&w);
  }
}

static const char *client_id (const char *sent) {
  return strstr(sent, "x-ms-client-request-id: ");
}

static void all_tries_have_one_request_id (void) {
  struct raw_answer answers[] = {{EMPTY("503 No"), false}, {OK_ANSWER, false}};
  struct world w = open_world(answers, 2);
  struct azl_arm_request request = request_of(&w, "GET");
  azl_op_unref(call(&w, &request));
  CHECK(strncmp(client_id(w.server->first), client_id(w.server->last), 60) ==
        0);
  close_world(&w);
}

static void retry_after_beyond_the_deadline_is_told (void) {
  struct raw_answer answer = {
      "HTTP/1.1 429 No\r\nRetry-After: 372\r\nContent-Length: 0\r\n\r\n",
      false};
  struct world w = open_world(&answer, 1);
  struct azl_arm_request request = request_of(&w, "GET");
  struct azl_op *op = call(&w, &request);
  CHECK_INT(op->state, AZL_OP_FAILED);
  CHECK_INT(op->err->retry_after_ms, 372000);
  CHECK_INT(op->err->status, 429);
  CHECK_INT(w.server->requests, 1);
  azl_op_unref(op);
  close_world(&w);
}

static void a_claims_challenge_is_answered_at_most_twice (void) {
  struct raw_answer answer = {
      "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"\", "
      "error=\"insufficient_claims\", claims=\"eyJhIjoxfQ\"\r\n"
      "Content-Length: 0\r\n\r\n",
      false};
  struct world w = open_world(&answer, 1);
  struct azl_arm_request request = request_of(&w, "GET");
  struct azl_op *op = call(&w, &request);
  CHECK_INT(op->state, AZL_OP_FAILED);
  CHECK(w.server->requests <= 3);
  azl_op_unref(op);
  close_world(&w);
}

static void a_redirect_carries_no_token (void) {
  struct raw_answer answers[] = {
      {"HTTP/1.1 307 Go\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n",
       false},
      {OK_ANSWER, false}};
  struct world w = open_world(answers, 2);
  struct azl_arm_request request = request_of(&w, "PUT");
  struct azl_op *op = call(&w, &request);
  CHECK_INT(op->state, AZL_OP_DONE);
  CHECK(strncmp(w.server->last, "PUT /there ", 11) == 0);
  CHECK(strstr(w.server->last, token_text) == NULL);
  azl_op_unref(op);
  close_world(&w);
}

static void redirects_stay_at_home_and_end (void) {
  struct raw_answer away = {"HTTP/1.1 307 Go\r\nLocation: http://evil.example/"
                            "\r\nContent-Length: 0\r\n\r\n",
                            false};
  struct raw_answer round = {
      "HTTP/1.1 307 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
      false};
  struct world w = open_world(&away, 1);
  struct azl_arm_request request = request_of(&w, "GET");
  struct azl_op *op = call(&w, &request);
  CHECK_INT(op->state, AZL_OP_FAILED);
  CHECK_INT(w.server->requests, 1);
  azl_op_unref(op);
  w.server->answers = &round;
  op = call(&w, &request);
  CHECK_INT(op->state, AZL_OP_FAILED);
  CHECK_INT(w.server->requests, 22);
  azl_op_unref(op);
  close_world(&w);
}

static void a_token_goes_to_one_origin_only (void) {
  static const char *const elsewhere[] = {
      "https://management.azure.com/x", "http://127.0.0.1:1/x",
      "https://127.0.0.1/x", "http://127.0.0.1.evil.example/"};
  struct raw_answer answer = {OK_ANSWER, false};
  struct world w = open_world(&answer, 1);
  for (size_t i = 0; i < 4; i++) {
    struct azl_arm_request request = request_of(&w, "GET");
    request.url = elsewhere[i];
    struct azl_op *op = call(&w, &request);
    CHECK_ROW(elsewhere[i]);
    CHECK_INT(op->state, AZL_OP_FAILED);
    CHECK_STR(op->err->code, "ForeignOrigin");
    azl_op_unref(op);
  }
  CHECK_INT(w.server->requests, 0);
  close_world(&w);
}

static void a_token_goes_over_https_only (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  struct azl_err *err = NULL;
  struct azl_cred *cred = azl_cred_static(loop, token_text, 1);
  struct azl_arm_config config = {.endpoint = "http://management.azure.com",
                                  .cred = cred};
  CHECK(azl_arm_new(loop, &config, &err) == NULL);
  CHECK_STR(err->code, "InsecureEndpoint");
  azl_err_free(err);
  azl_cred_unref(cred);
  azl_loop_free(loop);
}

/* A gateway's path is no part of the origin, nor is what follows a name that
   only begins like the endpoint's. */
static void the_target_is_what_follows_the_origin (void) {
  static const struct {
    const char *base, *rest, *line, *code;
  } rows[] = {
      {"", "/a?b=c", "GET /a?b=c HTTP/1.1\r\n", NULL},
      {"/gateway", "/a?b=c", "GET /gateway/a?b=c HTTP/1.1\r\n", NULL},
      {"/", "/a", "GET /a HTTP/1.1\r\n", NULL},
      {"", "/a#b", "GET /a HTTP/1.1\r\n", NULL},
      {"", "/a b", NULL, "InvalidUrl"},
      {"", "/a\r\nX-Evil: 1", NULL, "InvalidUrl"},
      {"", "@evil.test/a", NULL, "InvalidUrl"},
      {"", ".evil.test/a", NULL, "InvalidUrl"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct raw_answer answer = {OK_ANSWER, false};
    struct world w = open_world(&answer, 1);
    struct azl_err *err = NULL;
    char *endpoint = azl_format("%s%s", w.origin, rows[i].base);
    bool slash = strcmp(rows[i].base, "/") == 0;
    char *url = azl_format("%s%s", slash ? w.origin : endpoint, rows[i].rest);
    struct azl_arm_config config = {.endpoint = endpoint};
    struct azl_arm *arm = azl_arm_new(w.loop, &config, &err);
    struct azl_arm_request request = {
        .method = "GET", .url = url, .deadline_ms = -1};
    struct azl_op *op = azl_arm_send(arm, &request);
    CHECK_ROW(rows[i].rest);
    RAW_RUN_UNTIL(w.loop, op->state != AZL_OP_PENDING);
    CHECK_STR(op->err ? op->err->code : NULL, rows[i].code);
    CHECK_INT(w.server->requests, rows[i].line != NULL);
    if (rows[i].line)
      CHECK(strncmp(w.server->last, rows[i].line, strlen(rows[i].line)) == 0);
    azl_op_unref(op);
    azl_arm_close(arm);
    azl_arm_unref(arm);
    azl_free(endpoint);
    azl_free(url);
    close_world(&w);
  }
}

/* Those of the last answer, even when the try after it had none. */
static void ids_are_those_of_the_last_answer (void) {
  static const struct raw_answer answers[] = {
      {"HTTP/1.1 503 Busy\r\nx-ms-request-id: one\r\nContent-Length: 0\r\n\r\n",
       false},
      {"HTTP/1.1 503 Busy\r\nx-ms-request-id: two\r\n"
       "x-ms-correlation-request-id: c2\r\nContent-Length: 0\r\n\r\n",
       false},
      {"", true},
  };
  for (int tries = 1; tries <= 3; tries++) {
    struct world w = open_world(answers, tries);
    struct azl_arm_request request = request_of(&w, "GET");
    struct azl_arm_facts facts;
    request.max_retries = tries - 1;
    struct azl_op *op = call(&w, &request);
    azl_arm_facts(op, &facts);
    CHECK(w.server->requests >= tries); /* libcurl may send again */
    CHECK_STR(facts.request_id, tries == 1 ? "one" : "two");
    CHECK_STR(facts.correlation_id, tries == 1 ? NULL : "c2");
    CHECK_STR(op->err->request_id, facts.request_id);
    azl_op_unref(op);
    close_world(&w);
  }
}

static void the_log_has_no_secret (void) {
  struct raw_answer answer = {
      "HTTP/1.1 200 OK\r\nX-Secret: s3cr3t\r\nContent-Length: 0\r\n\r\n",
      false};
  struct world w = open_world(&answer, 1);
  struct azl_arm_request request = request_of(&w, "GET");
  int lines = 0;
  azl_op_unref(call(&w, &request));
  for (struct azl_log_entry *e; (e = azl_log_take(azl_arm_log(w.arm)));
       lines++) {
    CHECK(!strstr(e->text, token_text) && !strstr(e->text, "s3"));
    azl_log_entry_free(e);
  }
  CHECK(lines > 4);
  close_world(&w);
}

static void closing_cancels (void) {
  struct raw_answer silence = {NULL, false};
  struct world w = open_world(&silence, 1);
  struct azl_arm_request request = request_of(&w, "GET");
  struct azl_op *op = azl_arm_send(w.arm, &request);
  RAW_RUN_UNTIL(w.loop, w.server->requests == 1);
  azl_arm_close(w.arm);
  CHECK_INT(op->state, AZL_OP_CANCELLED);
  struct azl_op *late = azl_arm_send(w.arm, &request);
  CHECK_STR(late->err->code, "ClientClosed");
  azl_op_unref(op);
  azl_op_unref(late);
  close_world(&w);
}

static void try_a_call (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  if (!loop) return;
  struct azl_err *err = NULL;
  struct azl_arm_config config = {.endpoint = "http://127.0.0.1:1",
                                  .log_level = AZL_LOG_VERBOSE};
  struct azl_arm *arm = azl_arm_new(loop, &config, &err);
  if (arm) {
    struct azl_arm_request request = {
        .method = "GET", .url = "http://127.0.0.1:1/x", .deadline_ms = -1};
    struct azl_op *op = azl_arm_send(arm, &request);
    for (int i = 0; op && op->state == AZL_OP_PENDING && i < 1000; i++)
      azl_loop_turn(loop, 10);
    azl_op_unref(op);
    azl_arm_close(arm);
    azl_arm_unref(arm);
  }
  azl_err_free(err);
  azl_loop_free(loop);
}

static void survives_a_lack_of_memory (void) {
  check_out_of_memory(try_a_call);
}

int main (void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  RUN_TESTS(
      TEST(sends_what_azure_expects), TEST(an_error_says_all_there_is_to_say),
      TEST(retries_what_is_safe), TEST(all_tries_have_one_request_id),
      TEST(retry_after_beyond_the_deadline_is_told),
      TEST(a_claims_challenge_is_answered_at_most_twice),
      TEST(a_redirect_carries_no_token), TEST(redirects_stay_at_home_and_end),
      TEST(a_token_goes_to_one_origin_only), TEST(a_token_goes_over_https_only),
      TEST(the_target_is_what_follows_the_origin),
      TEST(ids_are_those_of_the_last_answer), TEST(the_log_has_no_secret),
      TEST(closing_cancels), TEST(survives_a_lack_of_memory));
}
