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
    {"{\"status\":\"Failed\",\"properties\":{\"error\":\"text\"}}",
     "OperationFailed", "the operation ended as Failed without saying why"},
    {"{\"status\":\"Failed\"}", "OperationFailed",
     "the operation ended as Failed without saying why"},
};

static void test_operation_errors (void) {
  struct azl_headers headers = {0};
  for (size_t i = 0; i < COUNT(operation_errors); i++) {
    struct azl_lro_answer answer = {200, &headers, operation_errors[i].body,
                                    strlen(operation_errors[i].body)};
    bool broken = true;
    struct json_t *doc = azl_lro_body(&answer, true, &broken);
    struct azl_err *err =
        azl_lro_operation_error(&answer, doc, "Failed", AZL_LRO_FAILED);
    CHECK_ROW(operation_errors[i].body);
    CHECK(!broken);
    CHECK_INT(err->kind, AZL_ERR_OPERATION);
    CHECK_INT(err->status, 200);
    CHECK_STR(err->code, operation_errors[i].code);
    CHECK_STR(err->message, operation_errors[i].message);
    azl_err_free(err);
    azl_json_free(doc);
  }
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
    {AZL_LRO_BODY, "PUT", AZL_ERR_SERVICE, 404, 0, 1, 0, AZL_LRO_WAIT},
    {AZL_LRO_BODY, "PUT", AZL_ERR_SERVICE, 404, 0, 0, 0, AZL_LRO_FAIL},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_TRANSPORT, 0, 0, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_TIMEOUT, 0, 0, 0, 0, AZL_LRO_WAIT},
    {AZL_LRO_ASYNC, "PUT", AZL_ERR_AUTH, 0, 0, 0, 0, AZL_LRO_FAIL},
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
  RUN_TESTS(TEST(test_members), TEST(test_operation_errors), TEST(test_trouble),
            TEST(test_trouble_explains));
}
