#include "check.h"
#include "fetch.h"
#include "managed_answer.h"

#define HOUR_MS (60 * 60 * 1000LL)
#define NOW 1769862896000LL

static const struct azl_managed_id machine = {NULL, NULL, NULL};

/* Sets up a response; freed by close_response. */
static struct azl_http_response response_of (int status, const char *body) {
  struct azl_http_response response = {.status = status, .http_version = 11};
  azl_buf_init(&response.body, 64 * 1024);
  if (body) CHECK(azl_buf_add_str(&response.body, body));
  return response;
}

static void close_response (struct azl_http_response *response) {
  azl_headers_free(&response->headers);
  azl_buf_free(&response->body);
}

static void test_tokens (void) {
  static const struct {
    const char *name, *body;
    int64_t expires_ms, refresh_ms; /* from now */
  } rows[] = {
      {"a string of seconds",
       "{\"access_token\":\"TOKEN\",\"expires_on\":\"1769866496\","
       "\"expires_in\":\"7\",\"not_before\":\"1\",\"token_type\":\"Bearer\"}",
       HOUR_MS, 0},
      {"a number", "{\"access_token\":\"TOKEN\",\"expires_on\":1769866496}",
       HOUR_MS, 0},
      {"ISO 8601",
       "{\"access_token\":\"TOKEN\",\"expires_on\":\"2026-01-31T13:34:56Z\"}",
       HOUR_MS, 0},
      {"App Service of old",
       "{\"access_token\":\"TOKEN\","
       "\"expires_on\":\"1/31/2026 1:34:56 PM +00:00\"}",
       HOUR_MS, 0},
      {"only expires_in",
       "{\"access_token\":\"TOKEN\",\"expires_in\":\"3600\"}", HOUR_MS, 0},
      {"two hours", "{\"access_token\":\"TOKEN\",\"expires_in\":7200}",
       2 * HOUR_MS, 0},
      {"a day", "{\"access_token\":\"TOKEN\",\"expires_in\":86400}",
       24 * HOUR_MS, 12 * HOUR_MS},
      {"its own refresh time",
       "{\"access_token\":\"TOKEN\",\"expires_in\":86400,"
       "\"refresh_in\":\"3600\"}",
       24 * HOUR_MS, HOUR_MS},
      {"a refresh time that has passed",
       "{\"access_token\":\"TOKEN\",\"expires_in\":86400,"
       "\"refresh_on\":\"1769862896\"}",
       24 * HOUR_MS, 12 * HOUR_MS},
      {"refresh_on",
       "{\"access_token\":\"TOKEN\",\"expires_in\":86400,"
       "\"refresh_on\":\"1769866496\"}",
       24 * HOUR_MS, HOUR_MS},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_http_response response = response_of(200, rows[i].body);
    struct azl_managed_answer answer;
    struct azl_err *err =
        azl_managed_read(AZL_MANAGED_IMDS, &machine, &response, NOW, &answer);
    CHECK_ROW(rows[i].name);
    CHECK(err == NULL);
    CHECK_STR(answer.value, "TOKEN");
    CHECK_INT(answer.expires_ms - NOW, rows[i].expires_ms);
    CHECK_INT(answer.refresh_ms ? answer.refresh_ms - NOW : 0,
              rows[i].refresh_ms);
    azl_err_free(err);
    azl_free_secret(answer.value);
    close_response(&response);
  }
}

static void test_failures (void) {
  static const struct {
    const char *name;
    enum azl_managed_source source;
    int status;
    const char *body, *code, *words;
  } rows[] = {
      {"no such identity", AZL_MANAGED_IMDS, 400,
       "{\"error\":\"invalid_request\","
       "\"error_description\":\"Identity not found\"}",
       AZL_UNAVAILABLE, "Identity not found"},
      {"refused by Entra", AZL_MANAGED_IMDS, 400,
       "{\"error\":\"invalid_resource\",\"error_description\":\"AADSTS500011: "
       "The resource principal was not found\"}",
       "AADSTS500011", "principal was not found"},
      {"Docker Desktop", AZL_MANAGED_IMDS, 403,
       "A socket operation was attempted to an unreachable network.",
       AZL_UNAVAILABLE, "unreachable"},
      {"forbidden", AZL_MANAGED_IMDS, 403, "{\"error\":\"forbidden\"}",
       "forbidden", "no token from IMDS"},
      {"a gateway", AZL_MANAGED_IMDS, 502, "<html>Bad Gateway</html>",
       AZL_UNAVAILABLE, "no token from IMDS"},
      {"a captive portal", AZL_MANAGED_IMDS, 401, "<html>Sign in</html>",
       AZL_UNAVAILABLE, "no token from IMDS"},
      {"a proxy that forbids", AZL_MANAGED_IMDS, 403, "Access denied.",
       AZL_UNAVAILABLE, "Access denied."},
      {"a proxy without words", AZL_MANAGED_IMDS, 405, NULL, AZL_UNAVAILABLE,
       "no token from IMDS"},
      {"a gateway with JSON of its own", AZL_MANAGED_IMDS, 503, "[\"busy\"]",
       AZL_UNAVAILABLE, "no token from IMDS"},
      {"a proxy in front of App Service", AZL_MANAGED_APP_SERVICE, 403,
       "<html>no</html>", "Forbidden", "no token from App Service"},
      {"still busy", AZL_MANAGED_IMDS, 429,
       "{\"error\":\"too_many_requests\",\"error_description\":\"slow\"}",
       "too_many_requests", "slow"},
      {"app service", AZL_MANAGED_APP_SERVICE, 400,
       "{\"statusCode\":400,\"message\":\"No User Assigned or Delegated "
       "Managed "
       "Identity found for specified ClientId\"}",
       NULL, "No User Assigned"},
      {"app service, object", AZL_MANAGED_APP_SERVICE, 500,
       "{\"error\":{\"code\":\"Broken\",\"message\":\"oh\"}}", "Broken", "oh"},
      {"cloud shell", AZL_MANAGED_CLOUD_SHELL, 400,
       "{\"error\":{\"code\":\"AudienceNotSupported\",\"message\":\"no\"}}",
       "AudienceNotSupported", "no token from Cloud Shell: no"},
      {"no JSON from IMDS", AZL_MANAGED_IMDS, 200, "<html>sign in</html>",
       AZL_UNAVAILABLE, "has no JSON"},
      {"no JSON", AZL_MANAGED_APP_SERVICE, 200, "oh", "UnexpectedAnswer",
       "has no JSON"},
      {"empty", AZL_MANAGED_APP_SERVICE, 200, NULL, "UnexpectedAnswer", ""},
      {"no token", AZL_MANAGED_APP_SERVICE, 200, "{\"expires_in\":5}",
       "UnexpectedAnswer", "access token"},
      {"no time", AZL_MANAGED_APP_SERVICE, 200, "{\"access_token\":\"TOKEN\"}",
       "UnexpectedAnswer", "expiry"},
      {"a bad time", AZL_MANAGED_APP_SERVICE, 200,
       "{\"access_token\":\"TOKEN\",\"expires_on\":\"soon\"}",
       "UnexpectedAnswer", "expiry"},
      {"a token of another type", AZL_MANAGED_APP_SERVICE, 200,
       "{\"access_token\":5,\"expires_in\":5}", "UnexpectedAnswer",
       "access token"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_http_response response =
        response_of(rows[i].status, rows[i].body);
    struct azl_managed_answer answer;
    struct azl_err *err =
        azl_managed_read(rows[i].source, &machine, &response, NOW, &answer);
    CHECK_ROW(rows[i].name);
    if (CHECK(err != NULL)) {
      CHECK_STR(azl_err_kind_name(err->kind), "auth");
      if (rows[i].code) CHECK_STR(err->code, rows[i].code);
      if (!rows[i].code) CHECK(strcmp(err->code, AZL_UNAVAILABLE) != 0);
      if (!CHECK(strstr(err->message, rows[i].words)))
        printf("    %s\n", err->message);
      CHECK(strstr(err->message, "TOKEN") == NULL);
      CHECK_INT(err->status, rows[i].status == 200 ? 0 : rows[i].status);
    }
    CHECK(answer.value == NULL);
    azl_err_free(err);
    close_response(&response);
  }
}

static void test_arc_must_confirm_the_identity (void) {
  static const struct azl_managed_id client = {"Client-1", NULL, NULL};
  static const struct azl_managed_id object = {NULL, "object-1", NULL};
  static const struct azl_managed_id resource = {NULL, NULL, "/subs/X"};
  static const struct {
    const char *name;
    enum azl_managed_source source;
    const struct azl_managed_id *id;
    const char *echo;
    bool ok;
  } rows[] = {
      {"the machine's own", AZL_MANAGED_ARC, &machine, "\"x\":1", true},
      {"client", AZL_MANAGED_ARC, &client, "\"client_id\":\"CLIENT-1\"", true},
      {"no echo", AZL_MANAGED_ARC, &client, "\"x\":1", false},
      {"another", AZL_MANAGED_ARC, &client, "\"client_id\":\"other\"", false},
      {"object", AZL_MANAGED_ARC, &object, "\"object_id\":\"object-1\"", true},
      {"client for object", AZL_MANAGED_ARC, &object,
       "\"client_id\":\"object-1\"", false},
      {"resource", AZL_MANAGED_ARC, &resource, "\"msi_res_id\":\"/SUBS/x\"",
       true},
      {"resource, other name", AZL_MANAGED_ARC, &resource,
       "\"mi_res_id\":\"/subs/x\"", true},
      {"IMDS need not", AZL_MANAGED_IMDS, &client, "\"x\":1", true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char body[256];
    struct azl_managed_answer answer;
    snprintf(body, sizeof body,
             "{\"access_token\":\"TOKEN\",\"expires_in\":3600,%s}",
             rows[i].echo);
    struct azl_http_response response = response_of(200, body);
    struct azl_err *err =
        azl_managed_read(rows[i].source, rows[i].id, &response, NOW, &answer);
    CHECK_ROW(rows[i].name);
    CHECK_STR(err ? err->code : NULL,
              rows[i].ok ? NULL : "IdentityNotConfirmed");
    azl_err_free(err);
    azl_free_secret(answer.value);
    close_response(&response);
  }
}

static void test_retries (void) {
  static const struct {
    const char *name;
    enum azl_managed_source source;
    int number, status;
    int64_t retry_after_ms;
    double jitter;
    int64_t wait_ms;
  } rows[] = {
      {"404 of IMDS", AZL_MANAGED_IMDS, 1, 404, -1, 1.0, 800},
      {"doubles", AZL_MANAGED_IMDS, 3, 404, -1, 1.0, 3200},
      {"jitter", AZL_MANAGED_IMDS, 1, 404, -1, 1.25, 1000},
      {"the fifth retry", AZL_MANAGED_IMDS, 5, 404, -1, 1.0, 12800},
      {"no sixth", AZL_MANAGED_IMDS, 6, 404, -1, 1.0, -1},
      {"410 waits longer", AZL_MANAGED_IMDS, 1, 410, -1, 1.0, 3000},
      {"410, capped", AZL_MANAGED_IMDS, 5, 410, -1, 1.3, 62400},
      {"410, a short Retry-After", AZL_MANAGED_IMDS, 2, 410, 1000, 1.0, 6000},
      {"410, a long Retry-After", AZL_MANAGED_IMDS, 1, 410, 7000, 1.0, 7000},
      {"410, Retry-After of an hour", AZL_MANAGED_IMDS, 1, 410, 3600000, 1.0,
       -1},
      {"429", AZL_MANAGED_IMDS, 1, 429, -1, 1.0, 800},
      {"429 with Retry-After", AZL_MANAGED_IMDS, 1, 429, 5000, 1.0, 5000},
      {"Retry-After of an hour", AZL_MANAGED_IMDS, 1, 429, 3600000, 1.0, -1},
      {"500", AZL_MANAGED_IMDS, 1, 500, -1, 1.0, 800},
      {"599", AZL_MANAGED_IMDS, 1, 599, -1, 1.0, 800},
      {"400", AZL_MANAGED_IMDS, 1, 400, -1, 1.0, -1},
      {"401", AZL_MANAGED_IMDS, 1, 401, 0, 1.0, -1},
      {"403", AZL_MANAGED_IMDS, 1, 403, -1, 1.0, -1},
      {"no answer", AZL_MANAGED_IMDS, 3, 0, -1, 1.0, 3200},
      {"no answer, enough", AZL_MANAGED_IMDS, 4, 0, -1, 1.0, -1},
      {"404 elsewhere", AZL_MANAGED_APP_SERVICE, 1, 404, -1, 1.3, 1000},
      {"third", AZL_MANAGED_APP_SERVICE, 3, 503, -1, 1.0, 1000},
      {"no fourth", AZL_MANAGED_APP_SERVICE, 4, 503, -1, 1.0, -1},
      {"Retry-After", AZL_MANAGED_ARC, 1, 503, 0, 1.0, 0},
      {"410 elsewhere", AZL_MANAGED_ARC, 1, 410, -1, 1.0, -1},
      {"501 elsewhere", AZL_MANAGED_ARC, 1, 501, -1, 1.0, -1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].name);
    CHECK_INT(azl_managed_retry_ms(rows[i].source, rows[i].number,
                                   rows[i].status, rows[i].retry_after_ms,
                                   rows[i].jitter),
              rows[i].wait_ms);
  }
}

static void test_410_is_waited_out_for_70_seconds (void) {
  static const int64_t retry_after_ms[] = {-1, 0, 1000};
  for (int i = 0; i < 3; i++) {
    int64_t total_ms = 0, wait_ms;
    int number = 1;
    while ((wait_ms = azl_managed_retry_ms(AZL_MANAGED_IMDS, number++, 410,
                                           retry_after_ms[i], 0.8)) >= 0)
      total_ms += wait_ms;
    CHECK(total_ms >= 70 * 1000);
  }
}

static void test_presence (void) {
  CHECK(azl_managed_is_present(400, "{}"));
  CHECK(azl_managed_is_present(500, NULL));
  CHECK(azl_managed_is_present(403, "forbidden"));
  CHECK(azl_managed_is_present(200, "unreachable"));
  CHECK(!azl_managed_is_present(403, "connecting to host: unreachable"));
}

static void read_all (void) {
  static const char *const bodies[] = {
      "{\"access_token\":\"TOKEN\",\"expires_in\":86400}", "oh",
      "{\"error\":{\"code\":\"a\",\"message\":\"b\"}}"};
  static const int statuses[] = {200, 200, 400};
  for (int i = 0; i < 3; i++) {
    struct azl_http_response response = {.status = statuses[i]};
    struct azl_managed_answer answer = {NULL, 0, 0};
    azl_buf_init(&response.body, 1024);
    if (azl_buf_add_str(&response.body, bodies[i]))
      azl_err_free(azl_managed_read(AZL_MANAGED_IMDS, &machine, &response, NOW,
                                    &answer));
    azl_free_secret(answer.value);
    azl_buf_free(&response.body);
  }
  azl_err_free(azl_managed_no_answer(AZL_MANAGED_IMDS, NULL));
}

static void test_out_of_memory (void) {
  check_out_of_memory(read_all);
}

int main (void) {
  RUN_TESTS(TEST(test_tokens), TEST(test_failures),
            TEST(test_arc_must_confirm_the_identity), TEST(test_retries),
            TEST(test_410_is_waited_out_for_70_seconds), TEST(test_presence),
            TEST(test_out_of_memory));
}
