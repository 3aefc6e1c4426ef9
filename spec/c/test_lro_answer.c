/* Reading answers: members, errors, and calls that failed. */
#include "check.h"
#include "lro_answer.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void test_members (void) {
  static const struct {
    const char *text, *key, *want;
  } rows[] = {
      {"{\"a\":1}", "a", "1"},
      {" { \"a\" : [ {\"b\" : \"}\"} , 2 ] , \"b\":2}", "a",
       "[ {\"b\" : \"}\"} , 2 ]"},
      {"{\"x\":\"\\\"a\\\":9\",\"a\":\"\\\\\"}", "a", "\"\\\\\""},
      {"{\"x\":{\"a\":1},\"a\":-1.50e3 }", "a", "-1.50e3"},
      {"\xEF\xBB\xBF{\"a\":true}", "a", "true"},
      {"{\"a\":null}", "a", NULL},
      {"{\"aa\":1}", "a", NULL},
      {"{}", "a", NULL},
      {"[\"a\"]", "a", NULL},
      {"", "a", NULL},
      {"{\"a", "a", NULL},
      {"{\"a\"", "a", NULL},
      {"{\"a\":", "a", NULL},
      {"{\"b\":\"", "a", NULL},
      {"{\"b\":\"\\", "a", NULL},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    size_t at = 0, len = 0;
    char found[64];
    CHECK_ROW(rows[i].text);
    bool is = azl_lro_member(rows[i].text, strlen(rows[i].text), rows[i].key,
                             &at, &len);
    snprintf(found, sizeof(found), "%.*s", (int)len, rows[i].text + at);
    CHECK_STR(is ? found : NULL, rows[i].want);
  }
}

static const struct {
  const char *body, *code, *message;
} operation_errors[] = {
    {"{\"status\":\"Failed\",\"error\":{\"code\":\"C\",\"message\":\"m\"}}",
     "C", "m"},
    {"{\"status\":\"Failed\",\"error\":{\"code\":500,\"message\":\"m\"}}",
     "500", "m"},
    {"{\"status\":\"Failed\",\"error\":{\"message\":\"m\"}}", "OperationFailed",
     "m"},
    {"{\"status\":\"Failed\",\"error\":{\"code\":\"C\"}}", "C",
     "the operation ended as Failed without saying why"},
    {"{\"status\":\"Failed\",\"error\":null,\"properties\":{\"error\":"
     "{\"code\":\"P\",\"message\":\"p\"}}}",
     "P", "p"},
    {"{\"properties\":{\"provisioningState\":\"Failed\",\"statusMessage\":"
     "{\"error\":{\"code\":\"D\",\"message\":\"d\"}}}}",
     "D", "d"},
    {"{\"properties\":{\"provisioningError\":{\"code\":\"E\",\"message\":"
     "\"e\"}}}",
     "E", "e"},
    {"{\"status\":\"Failed\",\"properties\":{\"error\":\"text\"}}", "text",
     "the operation failed: text"},
    {"{\"status\":\"Failed\"}", "OperationFailed",
     "the operation ended as Failed without saying why"},
    {"{\"status\":\"Failed\",\"code\":\"NoQuota\",\"message\":\"none "
     "left\"}",
     "NoQuota", "none left"},
    {"{\"status\":\"Failed\",\"message\":\"none left\"}", "OperationFailed",
     "none left"},
    {"{\"status\":\"Failed\",\"error\":\"there is no quota left\"}",
     "OperationFailed", "there is no quota left"},
    {"{\"status\":\"Failed\",\"error\":\"a line\\nof two\"}", "OperationFailed",
     "a line of two"},
    {"{\"status\":\"Failed\",\"error\":\"NoQuota\"}", "NoQuota",
     "the operation failed: NoQuota"},
    {"{\"status\":\"Failed\",\"error\":\"\"}", "OperationFailed",
     "the operation ended as Failed without saying why"},
    {"{\"status\":\"Failed\",\"error\":\"E1\",\"message\":\"none left\"}", "E1",
     "none left"},
    {"{\"properties\":{\"errors\":[7,{},{\"code\":\"E1\",\"message\":"
     "\"one\"},{\"code\":\"E2\",\"message\":\"two\"}]}}",
     "E1", "one"},
    {"{\"errors\":[{\"error\":{\"code\":\"E1\",\"message\":\"one\"}}]}", "E1",
     "one"},
    {"{\"properties\":{\"errors\":[\"it is full\"]}}", "OperationFailed",
     "it is full"},
    {"{\"Properties\":{\"Error\":{\"Code\":\"E1\",\"Message\":\"one\"}}}", "E1",
     "one"},
    {"{\"properties\":{\"error\":\"it is full\"}}", "OperationFailed",
     "it is full"},
};

static void test_operation_errors (void) {
  struct azl_headers headers = {0};
  for (size_t i = 0; i < COUNT(operation_errors); i++) {
    struct azl_lro_answer answer = {200, &headers, operation_errors[i].body,
                                    strlen(operation_errors[i].body)};
    struct azl_err *err =
        azl_lro_operation_error(&answer, "Failed", AZL_LRO_FAILED);
    CHECK_ROW(operation_errors[i].body);
    CHECK_INT(err->kind, AZL_ERR_OPERATION);
    CHECK_INT(err->status, 200);
    CHECK_STR(err->code, operation_errors[i].code);
    CHECK_STR(err->message, operation_errors[i].message);
    azl_err_free(err);
  }
}

static void read_failures (void) {
  struct azl_headers headers = {NULL, 0, 0, NULL, 0, 0};
  for (size_t i = 0; i < COUNT(operation_errors); i++) {
    struct azl_lro_answer answer = {200, &headers, operation_errors[i].body,
                                    strlen(operation_errors[i].body)};
    azl_err_free(azl_lro_operation_error(&answer, "Failed", AZL_LRO_FAILED));
  }
}

static void test_out_of_memory (void) {
  check_out_of_memory(read_failures);
}

/* Calls that failed: go on, gone, or the end. */
static const struct {
  enum azl_lro_mode mode;
  const char *method;
  enum azl_err_kind kind;
  int status;
  bool fetching, accepted, guessed;
  enum azl_lro_next want;
} trouble[] = {
    {AZL_LRO_START, "PUT", AZL_ERR_SERVICE, 503, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_START, "DELETE", AZL_ERR_SERVICE, 404, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_SERVICE, 503, 0, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_SERVICE, 500, 1, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_SERVICE, 429, 0, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_SERVICE, 408, 0, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_SERVICE, 501, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_SERVICE, 400, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_SERVICE, 403, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_SERVICE, 404, 0, 1, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "DELETE", AZL_ERR_SERVICE, 404, 0, 0, 0, AZL_LRO_GONE},
    {AZL_LRO_LOCATION, "DELETE", AZL_ERR_SERVICE, 404, 0, 0, 0, AZL_LRO_GONE},
    {AZL_LRO_LOCATION, "DELETE", AZL_ERR_SERVICE, 404, 0, 0, 1, AZL_LRO_FAIL},
    {AZL_LRO_LOCATION, "DELETE", AZL_ERR_SERVICE, 400, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_LOCATION, "PUT", AZL_ERR_SERVICE, 409, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_LOCATION, "PUT", AZL_ERR_SERVICE, 429, 0, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_BODY, "PUT", AZL_ERR_SERVICE, 404, 0, 1, 0, AZL_LRO_WAIT},
    {AZL_LRO_BODY, "PUT", AZL_ERR_SERVICE, 404, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_TRANSPORT, 0, 0, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_TIMEOUT, 0, 0, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_AUTH, 0, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_AUTH, 400, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_AUTH, 429, 0, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_AUTH, 503, 1, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_START, "PUT", AZL_ERR_AUTH, 503, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_REFUSED, 0, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_CANCELLED, 0, 0, 0, 0, AZL_LRO_FAIL},
};

static void test_trouble (void) {
  for (size_t i = 0; i < COUNT(trouble); i++) {
    struct azl_lro_state state = {.method =
                                      azl_lro_method_of(trouble[i].method),
                                  .mode = trouble[i].mode,
                                  .accepted = trouble[i].accepted,
                                  .guessed = trouble[i].guessed};
    struct azl_err err = {.kind = trouble[i].kind, .status = trouble[i].status};
    char row[16];
    snprintf(row, sizeof(row), "row %zu", i);
    CHECK_ROW(row);
    CHECK_INT(azl_lro_trouble(&state, &err, trouble[i].fetching),
              trouble[i].want);
  }
}

/* The sign-in was not reached: not for the moment, or never. */
static void test_trouble_of_the_sign_in (void) {
  struct azl_lro_state state = {.mode = AZL_LRO_ASYNC};
  struct azl_err cause = {.kind = AZL_ERR_TRANSPORT};
  struct azl_err err = {.kind = AZL_ERR_AUTH, .inner = &cause};
  CHECK_INT(azl_lro_trouble(&state, &err, false), AZL_LRO_WAIT);
  cause.kind = AZL_ERR_TIMEOUT;
  CHECK_INT(azl_lro_trouble(&state, &err, false), AZL_LRO_WAIT);
  cause.permanent = true;
  CHECK_INT(azl_lro_trouble(&state, &err, false), AZL_LRO_FAIL);
  CHECK_INT(azl_lro_trouble(&state, &cause, false), AZL_LRO_FAIL);
}

/* An error at a Location is the operation's, unless it is about the asking. */
static void test_final_errors (void) {
  static const struct {
    enum azl_lro_mode mode;
    int status;
    bool fetching;
    enum azl_err_kind want;
  } rows[] = {
      {AZL_LRO_LOCATION, 400, false, AZL_ERR_OPERATION},
      {AZL_LRO_LOCATION, 404, false, AZL_ERR_OPERATION},
      {AZL_LRO_LOCATION, 409, false, AZL_ERR_OPERATION},
      {AZL_LRO_LOCATION, 409, true, AZL_ERR_SERVICE},
      {AZL_LRO_LOCATION, 401, false, AZL_ERR_SERVICE},
      {AZL_LRO_LOCATION, 403, false, AZL_ERR_SERVICE},
      {AZL_LRO_LOCATION, 501, false, AZL_ERR_SERVICE},
      {AZL_LRO_ASYNC, 409, false, AZL_ERR_SERVICE},
      {AZL_LRO_BODY, 409, false, AZL_ERR_SERVICE},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct azl_lro_state state = {.mode = rows[i].mode};
    struct azl_err *err = azl_err_new(AZL_ERR_SERVICE, "NoQuota", "none left");
    err->status = rows[i].status;
    struct azl_err *told = azl_lro_trouble_error(&state, err, rows[i].fetching);
    CHECK_INT(told->kind, rows[i].want);
    CHECK_INT(told->status, rows[i].status);
    CHECK_STR(told->code, "NoQuota");
    CHECK_INT(strstr(told->hint, "left half made") != NULL,
              rows[i].want == AZL_ERR_OPERATION);
    azl_err_free(told);
    azl_err_free(err);
  }
}

static void test_trouble_explains (void) {
  struct azl_lro_state state = {.mode = AZL_LRO_ASYNC};
  struct azl_err *err = azl_err_new(AZL_ERR_SERVICE, "Forbidden", "no");
  azl_err_set(err, hint, "ask for a role");
  struct azl_err *polling = azl_lro_trouble_error(&state, err, false);
  struct azl_err *fetching = azl_lro_trouble_error(&state, err, true);
  CHECK_STR(polling->code, "Forbidden");
  CHECK(strstr(polling->hint, "ask for a role; only reading") != NULL);
  CHECK(strstr(polling->hint, "still be going on") != NULL);
  CHECK(strstr(fetching->hint, "itself succeeded") != NULL);
  azl_err_free(fetching);
  azl_err_free(polling);
  azl_err_free(err);
}

int main (void) {
  RUN_TESTS(TEST(test_members), TEST(test_operation_errors),
            TEST(test_out_of_memory), TEST(test_trouble),
            TEST(test_trouble_of_the_sign_in), TEST(test_final_errors),
            TEST(test_trouble_explains));
}
