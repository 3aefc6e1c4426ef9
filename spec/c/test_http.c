/* Transfers against a server that answers with any bytes. */
#include "http_internal.h"
#include "http_world.h"

static struct azl_op *send_get (struct world *w) {
  struct azl_http_request request = {
      .method = "GET", .url = w->url, .deadline_ms = -1};
  return azl_http_send(w->http, &request);
}

static struct azl_op *get (struct world *w) {
  struct azl_op *op = send_get(w);
  RAW_RUN_UNTIL(w->loop, op->state != AZL_OP_PENDING);
  return op;
}

static void brings_the_answer (void) {
  struct raw_answer answer = {"HTTP/1.1 201 Created\r\nX-Thing: a: b "
                              "\r\nContent-Length: 5\r\n\r\nhello",
                              false};
  struct world w = open_world(&answer, 1, NULL);
  struct azl_op *op = get(&w);
  struct azl_http_response *got = azl_http_result(op);
  CHECK_INT(op->state, AZL_OP_DONE);
  CHECK_INT(got->status, 201);
  CHECK_STR(got->body.data, "hello");
  CHECK_STR(azl_headers_get(&got->headers, "x-thing"), "a: b");
  CHECK(strncmp(w.server->last, "GET /path?q=1 HTTP/1.1\r\n", 24) == 0);
  CHECK(!azl_http_unsent(op));
  azl_op_unref(op);
  close_world(&w);
}

static void trailers_are_no_headers (void) {
  struct raw_answer answer = {
      "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
      "HTTP/1.1 200 OK\r\nX-Good: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nhi\r\n0\r\nLocation: /evil\r\nX-Good: 2\r\n\r\n",
      false};
  struct world w = open_world(&answer, 1, NULL);
  struct azl_op *op = get(&w);
  struct azl_http_response *got = azl_http_result(op);
  CHECK_INT(op->state, AZL_OP_DONE);
  CHECK_STR(got->body.data, "hi");
  CHECK_STR(azl_headers_get(&got->headers, "X-Good"), "1");
  CHECK(azl_headers_get(&got->headers, "Location") == NULL);
  CHECK(azl_headers_get(&got->headers, "X-Early") == NULL);
  CHECK_INT((int)got->headers.count, 2);
  azl_op_unref(op);
  close_world(&w);
}

static void sends_method_headers_and_body (void) {
  struct raw_answer answer = {OK_ANSWER, false};
  struct world w = open_world(&answer, 1, NULL);
  struct azl_headers headers = {0};
  CHECK(azl_headers_add(&headers, "X-Empty", ""));
  CHECK(azl_headers_add(&headers, "Content-Type", "application/json"));
  struct azl_http_request request = {.method = "PATCH",
                                     .url = w.url,
                                     .headers = &headers,
                                     .body = "{\"a\":1}",
                                     .body_len = 7,
                                     .deadline_ms = -1};
  struct azl_op *op = azl_http_send(w.http, &request);
  azl_headers_free(&headers);
  RAW_RUN_UNTIL(w.loop, op->state != AZL_OP_PENDING);
  CHECK(strncmp(w.server->last, "PATCH ", 6) == 0);
  CHECK(strstr(w.server->last, "\r\nX-Empty:\r\n") != NULL);
  CHECK(strstr(w.server->last, "Content-Type: application/json\r\n") != NULL);
  CHECK(strstr(w.server->last, "Content-Length: 7\r\n") != NULL);
  CHECK(strstr(w.server->last, "Expect") == NULL);
  CHECK(strstr(w.server->last, "\r\n\r\n{\"a\":1}") != NULL);
  azl_op_unref(op);
  close_world(&w);
}

static void a_handle_forgets_the_request_before (void) {
  struct raw_answer answer = {OK_ANSWER, false};
  struct world w = open_world(&answer, 1, NULL);
  static const char *const methods[] = {"POST", "GET", "DELETE", "GET"};
  for (int i = 0; i < 4; i++) {
    struct azl_http_request request = {.method = methods[i],
                                       .url = w.url,
                                       .body = i == 0 ? "x=1" : NULL,
                                       .body_len = i == 0 ? 3 : 0,
                                       .deadline_ms = -1};
    struct azl_op *op = azl_http_send(w.http, &request);
    RAW_RUN_UNTIL(w.loop, op->state != AZL_OP_PENDING);
    CHECK_ROW(methods[i]);
    CHECK_INT(op->state, AZL_OP_DONE);
    CHECK(strncmp(w.server->last, methods[i], strlen(methods[i])) == 0);
    CHECK_INT(strstr(w.server->last, "Content-Length") != NULL, i == 0);
    azl_op_unref(op);
  }
  CHECK_INT(w.server->connections, 1);
  CHECK_INT(azl_http_handles(w.http), 1);
  close_world(&w);
}

static void writes_without_a_body_say_so (void) {
  struct raw_answer answer = {OK_ANSWER, false};
  struct world w = open_world(&answer, 1, NULL);
  struct azl_http_request request = {
      .method = "POST", .url = w.url, .deadline_ms = -1};
  struct azl_op *op = azl_http_send(w.http, &request);
  RAW_RUN_UNTIL(w.loop, op->state != AZL_OP_PENDING);
  CHECK(strstr(w.server->last, "Content-Length: 0\r\n") != NULL);
  CHECK(strstr(w.server->last, "urlencoded") == NULL);
  azl_op_unref(op);
  close_world(&w);
}

static const struct {
  const char *name;
  struct raw_answer answer;
  enum azl_err_kind kind;
  const char *code;
} failures[] = {
    {"hangs up", {"", true}, AZL_ERR_TRANSPORT, "ConnectionClosed"},
    {"hangs up in the body",
     {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", true},
     AZL_ERR_TRANSPORT,
     "AnswerCutShort"},
    {"hangs up in the headers",
     {"HTTP/1.1 200 OK\r\nContent-Le", true},
     AZL_ERR_TRANSPORT,
     NULL},
    {"is no HTTP", {"SSH-2.0-OpenSSH\r\n", true}, AZL_ERR_PROTOCOL, "NotHttp"},
    {"broken gzip",
     {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "
      "4\r\n\r\nhiho",
      false},
     AZL_ERR_PROTOCOL,
     "BadContentEncoding"},
    {"too large",
     {"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
      "0123456789012345678901234567890123456789",
      false},
     AZL_ERR_PROTOCOL,
     "ResponseTooLarge"},
};

static void bad_answers_fail_with_a_code (void) {
  struct azl_http_config config = {.max_response_bytes = 32};
  for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
    struct world w = open_world(&failures[i].answer, 1, &config);
    struct azl_op *op = get(&w);
    CHECK_ROW(failures[i].name);
    if (CHECK_INT(op->state, AZL_OP_FAILED)) {
      CHECK_INT(op->err->kind, failures[i].kind);
      if (failures[i].code) CHECK_STR(op->err->code, failures[i].code);
      CHECK(op->err->message && *op->err->message);
    }
    azl_op_unref(op);
    close_world(&w);
  }
}

/* An answer whose header has `count` fields of `len` bytes each, which stand in
   one interim answer each where `interim`. */
static char *long_head (int count, int len, bool interim) {
  static const char start[] = "HTTP/1.1 103 Early Hints\r\n";
  char *text = malloc((size_t)count * ((size_t)len + sizeof start + 8) + 256);
  char *at = text;
  if (!text) abort();
  if (!interim) at += sprintf(at, "HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < count; i++) {
    if (interim) at += sprintf(at, "%s", start);
    at += sprintf(at, "X: ");
    memset(at, 'x', (size_t)len - 5);
    at += len - 5;
    at += sprintf(at, interim ? "\r\n\r\n" : "\r\n");
  }
  if (interim) at += sprintf(at, "HTTP/1.1 200 OK\r\n");
  sprintf(at, "Content-Length: 2\r\n\r\nhi");
  return text;
}

static const struct {
  const char *name;
  int count, len;
  bool interim, fits;
} heads[] = {
    {"many fields", 990, 10, false, true},
    {"too many fields", 1000, 10, false, false},
    {"long fields", 25, 10000, false, true},
    {"too long together", 28, 10000, false, false},
    {"many interim answers", 300, 100, true, true},
    {"too many interim answers", 350, 100, true, false},
    {"interim answers too long together", 30, 9000, true, false},
};

static void a_header_without_end_is_refused (void) {
  for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
    char *text = long_head(heads[i].count, heads[i].len, heads[i].interim);
    struct raw_answer answer = {text, false};
    struct world w = open_world(&answer, 1, NULL);
    struct azl_op *op = get(&w);
    CHECK_ROW(heads[i].name);
    CHECK_INT(op->state, heads[i].fits ? AZL_OP_DONE : AZL_OP_FAILED);
    if (op->err) {
      CHECK_INT(op->err->kind, AZL_ERR_PROTOCOL);
      CHECK_STR(op->err->code, "HeaderTooLarge");
    }
    azl_op_unref(op);
    close_world(&w);
    free(text);
  }
}

static void a_deadline_ends_it (void) {
  struct raw_answer silence = {NULL, false};
  struct world w = open_world(&silence, 1, NULL);
  struct azl_http_request request = {.method = "GET",
                                     .url = w.url,
                                     .deadline_ms =
                                         azl_loop_now_ms(w.loop) + 60000};
  struct azl_op *op = azl_http_send(w.http, &request);
  RAW_RUN_UNTIL(w.loop, w.server->requests == 1);
  azl_clock_advance(azl_loop_clock(w.loop), 60000);
  RAW_RUN_UNTIL(w.loop, op->state != AZL_OP_PENDING);
  CHECK_INT(op->err->kind, AZL_ERR_TIMEOUT);
  CHECK_INT(azl_http_running(w.http), 0);
  azl_op_unref(op);
  close_world(&w);
}

static void waits_for_a_free_connection_in_order (void) {
  struct raw_answer answer = {OK_ANSWER, false};
  struct azl_http_config config = {.max_connections = 2};
  struct world w = open_world(&answer, 1, &config);
  struct azl_op *ops[10];
  for (int i = 0; i < 10; i++) ops[i] = send_get(&w);
  azl_loop_turn(w.loop, 0);
  CHECK_INT(azl_http_running(w.http), 2);
  RAW_RUN_UNTIL(w.loop, ops[9]->state != AZL_OP_PENDING);
  for (int i = 0; i < 10; i++) {
    CHECK_INT(ops[i]->state, AZL_OP_DONE);
    azl_op_unref(ops[i]);
  }
  CHECK(w.server->connections <= 2);
  close_world(&w);
}

static void cancels_at_any_time (void) {
  struct raw_answer silence = {NULL, false};
  for (int turns = 0; turns < 6; turns++) {
    struct world w = open_world(&silence, 1, NULL);
    struct azl_op *op = send_get(&w);
    for (int i = 0; i < turns; i++) azl_loop_turn(w.loop, 5);
    azl_op_cancel(op);
    CHECK_INT(op->state, AZL_OP_CANCELLED);
    CHECK_INT(azl_http_running(w.http), 0);
    azl_op_unref(op);
    close_world(&w);
  }
}

static void closing_ends_what_is_under_way (void) {
  struct raw_answer silence = {NULL, false};
  struct azl_http_config config = {.max_connections = 1};
  struct world w = open_world(&silence, 1, &config);
  struct azl_op *running = send_get(&w), *queued = send_get(&w);
  RAW_RUN_UNTIL(w.loop, w.server->requests == 1);
  azl_http_close(w.http);
  CHECK_INT(running->state, AZL_OP_CANCELLED);
  CHECK_INT(queued->state, AZL_OP_CANCELLED);
  struct azl_op *late = send_get(&w);
  CHECK_INT(late->state, AZL_OP_CANCELLED);
  azl_op_unref(running);
  azl_op_unref(queued);
  azl_op_unref(late);
  close_world(&w);
}

static void what_must_go_once_gets_its_own_connection (void) {
  struct raw_answer answer = {OK_ANSWER, false};
  struct world w = open_world(&answer, 1, NULL);
  azl_op_unref(get(&w));
  struct azl_http_request request = {
      .method = "POST", .url = w.url, .deadline_ms = -1, .once = true};
  struct azl_op *op = azl_http_send(w.http, &request);
  RAW_RUN_UNTIL(w.loop, op->state != AZL_OP_PENDING);
  CHECK_INT(w.server->connections, 2);
  azl_op_unref(op);
  close_world(&w);
}

/* libcurl sends it again by itself: to where this one goes, and not to where
   the handle was before. */
static void a_kept_connection_that_ends_is_replaced (void) {
  static const struct raw_answer others = {OK_ANSWER, false};
  static const struct raw_answer answers[] = {
      {OK_ANSWER, false}, {"", true}, {OK_ANSWER, false}};
  struct world w = open_world(answers, 3, NULL);
  struct raw_server *other = raw_start(w.loop, &others, 1);
  char here[sizeof(w.url)];
  memcpy(here, w.url, sizeof(here));
  azl_op_unref(get(&w));
  snprintf(w.url, sizeof(w.url), "http://127.0.0.1:%d/other", other->port);
  azl_op_unref(get(&w));
  memcpy(w.url, here, sizeof(here));
  struct azl_op *op = get(&w);
  CHECK_INT(op->state, AZL_OP_DONE);
  CHECK_INT(azl_http_handles(w.http), 1);
  CHECK_INT(w.server->connections, 2);
  CHECK_INT(w.server->requests, 3);
  CHECK_INT(other->requests, 1);
  CHECK(strncmp(w.server->last, "GET /path?q=1 HTTP/1.1\r\n", 24) == 0);
  azl_op_unref(op);
  raw_stop(other);
  close_world(&w);
}

/* What is lent is read until the end, and not touched after it. */
static void a_lasting_request_is_not_copied (void) {
  struct raw_answer answer = {OK_ANSWER, false};
  struct world w = open_world(&answer, 1, NULL);
  char *url = azl_strdup(w.url), *method = azl_strdup("PUT");
  char *body = azl_strdup("{}"), *line = azl_strdup("X-One: 1");
  const struct azl_http_field field = {"X-One", line + 7, line};
  struct azl_http_request request = {.method = method,
                                     .url = url,
                                     .body = body,
                                     .body_len = 2,
                                     .fields = &field,
                                     .field_count = 1,
                                     .deadline_ms = -1,
                                     .lasting = true};
  struct azl_op *op = azl_http_send(w.http, &request);
  RAW_RUN_UNTIL(w.loop, op->state != AZL_OP_PENDING);
  azl_free(url);
  azl_free(method);
  azl_free(body);
  azl_free(line);
  CHECK_INT(op->state, AZL_OP_DONE);
  CHECK(strncmp(w.server->last, "PUT /path?q=1 HTTP/1.1\r\n", 24) == 0);
  CHECK(strstr(w.server->last, "\r\nX-One: 1\r\n") != NULL);
  CHECK(strstr(w.server->last, "\r\n\r\n{}") != NULL);
  azl_op_unref(op);
  close_world(&w);
}

static void one_token_has_one_line (void) {
  static const struct {
    const char *token;
    unsigned serial;
  } rows[] = {{"one", 7}, {"one", 7}, {"one", 8}, {"two", 9}, {"one", 0}};
  struct raw_answer answer = {OK_ANSWER, false};
  struct world w = open_world(&answer, 1, NULL);
  for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
    char want[64];
    struct azl_http_request request = {.method = "GET",
                                       .url = w.url,
                                       .bearer_token = rows[i].token,
                                       .token_serial = rows[i].serial,
                                       .deadline_ms = -1};
    struct azl_op *op = azl_http_send(w.http, &request);
    RAW_RUN_UNTIL(w.loop, op->state != AZL_OP_PENDING);
    snprintf(want, sizeof(want), "\r\nAuthorization: Bearer %s\r\n",
             rows[i].token);
    CHECK(strstr(w.server->last, want) != NULL);
    azl_op_unref(op);
  }
  close_world(&w);
}

/* A look through all names costs as much as a header line; once a second is
   enough. After a failed connection each transfer looks. */
static void old_addresses_are_looked_for_now_and_then (void) {
  struct raw_answer answer = {OK_ANSWER, false};
  struct world w = open_world(&answer, 1, NULL);
  static const struct {
    int pass_ms;
    bool after_failure;
    long want_s;
  } rows[] = {{0, false, 60},    {999, false, -1}, {1, false, 60},
              {10, false, -1},   {5000, true, 5},  {10, true, 5},
              {55000, true, 60}, {999, true, -1},  {1, true, 60}};
  azl_loop_clock(w.loop)->fixed_ms = 1000000;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    if (rows[i].after_failure && !w.http->connect_failed_ms)
      w.http->connect_failed_ms = azl_loop_now_ms(w.loop);
    azl_clock_advance(azl_loop_clock(w.loop), rows[i].pass_ms);
    azl_op_unref(get(&w));
    CHECK_INT(w.http->idle->names_s, rows[i].want_s);
  }
  close_world(&w);
}

static void nobody_listens (void) {
  struct raw_answer answer = {OK_ANSWER, false};
  struct world w = open_world(&answer, 1, NULL);
  snprintf(w.url, sizeof(w.url), "http://127.0.0.1:1/");
  struct azl_op *op = get(&w);
  CHECK_STR(op->err->code, "ConnectFailed");
  CHECK(azl_http_unsent(op));
  azl_op_unref(op);
  snprintf(w.url, sizeof(w.url), "gopher://127.0.0.1/");
  op = get(&w);
  CHECK_STR(op->err->code, "InvalidUrl");
  azl_op_unref(op);
  close_world(&w);
}

int main (void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  RUN_TESTS(
      TEST(brings_the_answer), TEST(trailers_are_no_headers),
      TEST(sends_method_headers_and_body),
      TEST(a_handle_forgets_the_request_before),
      TEST(writes_without_a_body_say_so), TEST(bad_answers_fail_with_a_code),
      TEST(a_header_without_end_is_refused), TEST(a_deadline_ends_it),
      TEST(waits_for_a_free_connection_in_order), TEST(cancels_at_any_time),
      TEST(closing_ends_what_is_under_way),
      TEST(what_must_go_once_gets_its_own_connection),
      TEST(a_kept_connection_that_ends_is_replaced),
      TEST(a_lasting_request_is_not_copied), TEST(one_token_has_one_line),
      TEST(old_addresses_are_looked_for_now_and_then), TEST(nobody_listens));
}
