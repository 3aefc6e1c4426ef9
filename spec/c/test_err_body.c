/* Tests of err_body.c: every shape of error answer. */
#include <jansson.h>
#include "check.h"
#include "json.h"

static struct azl_err *read_body (int status, const char *body,
                                  const struct azl_headers *headers) {
  struct azl_err *err = azl_err_new(AZL_ERR_SERVICE, "Old", "%s", "old");
  azl_err_set(err, target, "old");
  azl_err_from_body(err, status, body, body ? strlen(body) : 0, headers);
  return err;
}

struct row {
  int status;
  const char *body, *code, *message, *target;
};

static void check_rows (const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct azl_err *err = read_body(rows[i].status, rows[i].body, NULL);
    CHECK_ROW(rows[i].body);
    CHECK_INT(err->status, rows[i].status);
    CHECK_STR(err->code, rows[i].code);
    CHECK_STR(err->message, rows[i].message);
    CHECK_STR(err->target, rows[i].target);
    CHECK_STR(err->body, rows[i].body && *rows[i].body ? rows[i].body : NULL);
    azl_err_free(err);
  }
}

static const struct row json_rows[] = {
    {404,
     "{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"no such\","
     "\"target\":\"name\",\"details\":[{\"code\":\"x\"}]}}",
     "ResourceNotFound", "no such", "name"},
    {404,
     "{\"error\":{\"code\":\"NotFound\",\"message\":\"m\",\"target\":null,"
     "\"details\":null}}",
     "NotFound", "m", NULL},
    {403, "{\"Error\":{\"Code\":\"C\",\"Message\":\"m\",\"Target\":\"t\"}}",
     "C", "m", "t"},
    {400, "{\"code\":\"Bad\",\"message\":\"top level\"}", "Bad", "top level",
     NULL},
    {404, "{\"Message\":\"No HTTP resource was found\"}", "NotFound",
     "No HTTP resource was found", NULL},
    {400, "{\"message\":\"only this\"}", "BadRequest", "only this", NULL},
    {500, "{\"Message\":\"An error has occurred.\",\"ExceptionMessage\":\"x\"}",
     "InternalServerError", "An error has occurred.", NULL},
    {500, "{\"ExceptionMessage\":\"x\"}", "InternalServerError", "x", NULL},
    {409,
     "{\"Code\":\"Conflict\",\"Message\":\"busy\",\"Target\":null,"
     "\"Details\":[{\"Message\":\"busy\"},{\"Code\":\"Conflict\"}],"
     "\"Innererror\":null}",
     "Conflict", "busy", NULL},
    {400,
     "{\"error\":\"invalid_scope\",\"error_description\":\"AADSTS70011: no."
     "\\r\\nTrace ID: 1\",\"error_codes\":[70011]}",
     "invalid_scope", "AADSTS70011: no.\r\nTrace ID: 1", NULL},
    {400,
     "{\"error\":\"invalid_request\",\"error_description\":\"Identity not "
     "found\"}",
     "invalid_request", "Identity not found", NULL},
    {401, "{\"error\":\"invalid_client\"}", "invalid_client",
     "HTTP 401 Unauthorized: \"{\"error\":\"invalid_client\"}\"", NULL},
    {400,
     "{\"odata.error\":{\"code\":\"Request_BadRequest\",\"message\":{"
     "\"lang\":\"en\",\"value\":\"odata 3\"}}}",
     "Request_BadRequest", "odata 3", NULL},
    {400,
     "{\"error\":{\"code\":\"\",\"message\":{\"lang\":\"en-US\",\"value\":"
     "\"no code\"}}}",
     "BadRequest", "no code", NULL},
    {422, "{\"error\":{\"code\":422,\"message\":\"number\"}}", "422", "number",
     NULL},
    {400, "{\"errors\":[{\"code\":\"E1\",\"message\":\"first\"},{}]}", "E1",
     "first", NULL},
    {400, "[{\"error\":{\"code\":\"E2\",\"message\":\"in list\"}}]", "E2",
     "in list", NULL},
    {400, "{\"type\":\"about:blank\",\"title\":\"Wrong\",\"detail\":\"quite\"}",
     "BadRequest", "quite", NULL},
    {400, "{\"error\":{\"error\":{\"code\":\"Deep\",\"message\":\"m\"}}}",
     "Deep", "m", NULL},
    {403, "\"just a string\"", "Forbidden", "just a string", NULL},
    {400, "\xef\xbb\xbf{\"message\":\"after a BOM\"}", "BadRequest",
     "after a BOM", NULL},
    {400, "{\"message\":\"\"}", "BadRequest",
     "HTTP 400 Bad Request: \"{\"message\":\"\"}\"", NULL},
    {400, "{\"error\":null}", "BadRequest",
     "HTTP 400 Bad Request: \"{\"error\":null}\"", NULL},
    {400, "[[[[[[{\"message\":\"too deep\"}]]]]]]", "BadRequest",
     "HTTP 400 Bad Request: \"[[[[[[{\"message\":\"too deep\"}]]]]]]\"", NULL},
};

static void test_json_shapes (void) {
  check_rows(json_rows, sizeof json_rows / sizeof json_rows[0]);
}

static void test_encoded_twice (void) {
  static const struct row rows[] = {
      {400,
       "{\"error\":{\"code\":\"X\",\"message\":\"{\\\"error\\\":{\\\"code\\\":"
       "\\\"Inner\\\",\\\"message\\\":\\\"why\\\"}}\"}}",
       "X", "Inner: why", NULL},
      {400,
       "{\"error\":{\"code\":\"X\",\"message\":\"{\\\"Code\\\":\\\"X\\\","
       "\\\"Message\\\":\\\"why\\\"}\"}}",
       "X", "why", NULL},
      {400, "{\"error\":{\"code\":\"X\",\"message\":\"{not json}\"}}", "X",
       "{not json}", NULL},
      {400, "{\"error\":{\"code\":\"X\",\"message\":\"{\\\"a\\\":1}\"}}", "X",
       "{\"a\":1}", NULL},
  };
  check_rows(rows, sizeof rows / sizeof rows[0]);
}

static void test_other_bodies (void) {
  static const struct row rows[] = {
      {404, "", "NotFound", "HTTP 404 Not Found", NULL},
      {404, NULL, "NotFound", "HTTP 404 Not Found", NULL},
      {404, " \r\n", "NotFound", "HTTP 404 Not Found", NULL},
      {599, "", "Http599", "HTTP 599", NULL},
      {502, "<html>\r\n<head><title>502 Bad\r\n Gateway</title></head><body>x",
       "BadGateway", "HTTP 502 Bad Gateway: \"502 Bad Gateway\"", NULL},
      {503, "<HTML><TITLE class='x'>Down</TITLE>", "ServiceUnavailable",
       "HTTP 503 Service Unavailable: \"Down\"", NULL},
      {503, "<p>The service is <b>down</b></p>", "ServiceUnavailable",
       "HTTP 503 Service Unavailable: \"The service is down\"", NULL},
      {500, "<html><code>not a code</code>", "InternalServerError",
       "HTTP 500 Internal Server Error: \"not a code\"", NULL},
      {500, "<html><title></title>", "InternalServerError",
       "HTTP 500 Internal Server Error", NULL},
      {500, "<title", "InternalServerError", "HTTP 500 Internal Server Error",
       NULL},
      {502, "upstream\tconnect  error\x01\x1b[31m", "BadGateway",
       "HTTP 502 Bad Gateway: \"upstream connect error [31m\"", NULL},
      {502, "broken \xff\xc3 utf8 \xc3\xa4", "BadGateway",
       "HTTP 502 Bad Gateway: \"broken utf8 \xc3\xa4\"", NULL},
      {500, "{\"error\":{\"code\":\"Cut", "InternalServerError",
       "HTTP 500 Internal Server Error: \"{\"error\":{\"code\":\"Cut\"", NULL},
      {403,
       "\xef\xbb\xbf<?xml version=\"1.0\"?><Error><Code>AuthFailed</Code>"
       "<Message>sign it\n</Message></Error>",
       "AuthFailed", "sign it\n", NULL},
  };
  check_rows(rows, sizeof rows / sizeof rows[0]);
}

static void test_header_is_the_second_source_of_the_code (void) {
  struct azl_headers headers = {0};
  struct azl_err *err;
  CHECK(azl_headers_add(&headers, "x-ms-error-code", "FromHeader"));

  err = read_body(409, "", &headers);
  CHECK_STR(err->code, "FromHeader");
  CHECK_STR(err->message, "HTTP 409 Conflict");
  azl_err_free(err);

  err = read_body(409, "{\"code\":\"FromBody\"}", &headers);
  CHECK_STR(err->code, "FromBody");
  azl_err_free(err);
  azl_headers_free(&headers);
}

static void test_long_texts_are_cut_when_quoted (void) {
  char body[1000];
  struct azl_err *err;
  memset(body, 'x', sizeof body);
  body[sizeof body - 1] = '\0';
  err = read_body(500, body, NULL);
  CHECK(strlen(err->message) < 300);
  CHECK(strstr(err->message, "xxx...\"") != NULL);
  azl_err_free(err);
}

static void test_body_is_kept_up_to_64_kib (void) {
  enum { SIZE = 100001 };
  char *body = azl_malloc(SIZE);
  struct azl_err *err = azl_err_new(AZL_ERR_SERVICE, NULL, "%s", "");
  memset(body, 'x', SIZE);
  memcpy(body + 65535, "\xc3\xa4", 2);
  azl_err_from_body(err, 500, body, SIZE, NULL);
  CHECK_INT(strlen(err->body), 65535);
  azl_err_free(err);
  azl_free(body);
}

static void test_reads_no_byte_behind_the_end (void) {
  const char exact[4] = {'d', 'o', 'w', 'n'};
  struct azl_err *err = azl_err_new(AZL_ERR_SERVICE, NULL, "%s", "");
  azl_err_from_body(err, 500, exact, sizeof exact, NULL);
  CHECK_STR(err->message, "HTTP 500 Internal Server Error: \"down\"");
  CHECK_STR(err->body, "down");
  azl_err_free(err);
}

static void read_some (void) {
  static const char *const bodies[] = {
      ("{\"error\":{\"code\":\"X\",\"message\":\"{\\\"error\\\":{\\\"code\\\":"
       "\\\"I\\\",\\\"message\\\":\\\"w\\\"}}\",\"target\":\"t\"}}"),
      "<Error><Code>a</Code><Message>b</Message></Error>",
      "plain",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
    azl_err_free(read_body(500, bodies[i], NULL));
}

static void test_every_allocation_may_fail (void) {
  json_set_alloc_funcs(azl_malloc, azl_free);
  check_out_of_memory(read_some);
  json_set_alloc_funcs(malloc, free);
}

int main (void) {
  RUN_TESTS(TEST(test_json_shapes), TEST(test_encoded_twice),
            TEST(test_other_bodies),
            TEST(test_header_is_the_second_source_of_the_code),
            TEST(test_long_texts_are_cut_when_quoted),
            TEST(test_body_is_kept_up_to_64_kib),
            TEST(test_reads_no_byte_behind_the_end),
            TEST(test_every_allocation_may_fail));
}
