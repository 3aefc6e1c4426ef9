#include "check.h"
#include "managed.h"

#define RESOURCE "https://management.azure.com"
#define QUERY "resource=https%3A%2F%2Fmanagement.azure.com"

/* One value for each variable that is set in a row. */
static const struct azl_managed_env fabric = {
    .identity_endpoint = "https://localhost:2377/metadata",
    .identity_header = "HEADER",
    .identity_server_thumbprint = "00112233445566778899aabbccddeeffAABBCCDD"};
static const struct azl_managed_env app = {
    .identity_endpoint = "http://127.0.0.1:41741/msi/token/",
    .identity_header = "HEADER"};
static const struct azl_managed_env learning = {
    .msi_endpoint = "http://127.0.0.1:46808/MSI/auth",
    .msi_secret = "SECRET",
    .default_identity_client_id = "default-id"};
static const struct azl_managed_env shell = {
    .msi_endpoint = "http://localhost:50342/oauth2/token"};
static const struct azl_managed_env arc = {
    .identity_endpoint =
        "http://localhost:40342/metadata/identity/oauth2/token",
    .imds_endpoint = "http://localhost:40342"};
static const struct azl_managed_env agent = {.has_himds = true};
static const struct azl_managed_env none = {0};
static const struct azl_managed_env pod = {.pod_identity_authority_host =
                                               "http://127.0.0.1:8080//"};
static const struct azl_managed_id machine = {NULL, NULL, NULL};
static const struct azl_managed_id client = {"client-1", "", NULL};
static const struct azl_managed_id object = {NULL, "object-1", NULL};
static const struct azl_managed_id resource = {NULL, NULL, "/subs/x y"};

static void test_detection (void) {
  static const struct {
    const char *name;
    struct azl_managed_env env;
    enum azl_managed_source source;
  } rows[] = {
      {"nothing is set", {0}, AZL_MANAGED_IMDS},
      {"all is set",
       {"http://a", "h", "t", "http://b", "http://c", "s", "http://d", "e",
        true},
       AZL_MANAGED_SERVICE_FABRIC},
      {"empty is not set",
       {"http://a", "h", "", "", "", "", "", "", false},
       AZL_MANAGED_APP_SERVICE},
      {"app service before arc",
       {.identity_endpoint = "http://a",
        .identity_header = "h",
        .imds_endpoint = "http://b"},
       AZL_MANAGED_APP_SERVICE},
      {"only an endpoint", {.identity_endpoint = "http://a"}, AZL_MANAGED_IMDS},
      {"only a header", {.identity_header = "h"}, AZL_MANAGED_IMDS},
      {"learning",
       {.msi_endpoint = "http://a", .msi_secret = "s"},
       AZL_MANAGED_MACHINE_LEARNING},
      {"shell", {.msi_endpoint = "http://a"}, AZL_MANAGED_CLOUD_SHELL},
      {"only a secret", {.msi_secret = "s"}, AZL_MANAGED_IMDS},
      {"arc by variables",
       {.identity_endpoint = "http://a", .imds_endpoint = "http://b"},
       AZL_MANAGED_ARC},
      {"arc by its agent", {.has_himds = true}, AZL_MANAGED_ARC},
      {"pod identity",
       {.pod_identity_authority_host = "http://a"},
       AZL_MANAGED_IMDS},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].name);
    CHECK_STR(azl_managed_source_name(azl_managed_source(&rows[i].env)),
              azl_managed_source_name(rows[i].source));
  }
}

/* The request as text: method, URL, headers, body. */
static void write_call (const struct azl_managed_call *call, char *out,
                        size_t bytes) {
  size_t used =
      (size_t)snprintf(out, bytes, "%s %s", call->method, call->url.data);
  for (size_t i = 0; i < call->headers.count; i++)
    used += (size_t)snprintf(out + used, bytes - used, "|%s: %s",
                             call->headers.items[i].name,
                             call->headers.items[i].value);
  if (call->body.data)
    snprintf(out + used, bytes - used, "|%s", call->body.data);
}

static void test_requests (void) {
  static const char imds[] = "GET http://169.254.169.254/metadata/identity/"
                             "oauth2/token?api-version=2018-02-01&" QUERY;
  static const char arc_at[] = "GET http://127.0.0.1:40342/metadata/identity/"
                               "oauth2/token?api-version=2020-06-01&" QUERY;
  static const char app_at[] = "GET http://127.0.0.1:41741/msi/token/"
                               "?api-version=2019-08-01&" QUERY;
  static const char learn_at[] = "GET http://127.0.0.1:46808/MSI/auth"
                                 "?api-version=2017-09-01&" QUERY;
  static const struct {
    const char *name;
    const struct azl_managed_env *env;
    const struct azl_managed_id *id;
    const char *revoked, *start, *rest;
  } rows[] = {
      {"imds", &none, &machine, NULL, imds, "|Metadata: true"},
      {"imds, client", &none, &client, NULL, imds,
       "&client_id=client-1|Metadata: true"},
      {"imds, object", &none, &object, NULL, imds,
       "&object_id=object-1|Metadata: true"},
      {"imds, resource", &none, &resource, NULL, imds,
       "&msi_res_id=%2Fsubs%2Fx%20y|Metadata: true"},
      {"imds, revoked token", &none, &machine, "00ff", imds,
       "&xms_cc=cp1&token_sha256_to_refresh=00ff|Metadata: true"},
      {"pod identity", &pod, &machine, NULL,
       "GET http://127.0.0.1:8080/metadata/identity/oauth2/token"
       "?api-version=2018-02-01&" QUERY,
       "|Metadata: true"},
      {"app service", &app, &machine, NULL, app_at,
       "|X-IDENTITY-HEADER: HEADER"},
      {"app service, client", &app, &client, NULL, app_at,
       "&client_id=client-1|X-IDENTITY-HEADER: HEADER"},
      {"app service, resource", &app, &resource, NULL, app_at,
       "&mi_res_id=%2Fsubs%2Fx%20y|X-IDENTITY-HEADER: HEADER"},
      {"service fabric", &fabric, &machine, NULL,
       "GET "
       "https://localhost:2377/metadata?api-version=2019-07-01-preview&" QUERY,
       "|secret: HEADER"},
      {"learning", &learning, &machine, NULL, learn_at,
       "&clientid=default-id|Metadata: true|secret: SECRET"},
      {"learning, client", &learning, &client, NULL, learn_at,
       "&clientid=client-1|Metadata: true|secret: SECRET"},
      {"shell", &shell, &machine, NULL,
       "POST http://localhost:50342/oauth2/token|Metadata: true|Content-Type: "
       "application/x-www-form-urlencoded|" QUERY,
       ""},
      {"arc", &arc, &machine, NULL, arc_at, "|Metadata: true"},
      {"arc's agent", &agent, &machine, NULL, arc_at, "|Metadata: true"},
      {"arc, resource", &arc, &resource, NULL, arc_at,
       "&msi_res_id=%2Fsubs%2Fx%20y|Metadata: true"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_managed_call call;
    char text[1024] = "", want[1024];
    CHECK_ROW(rows[i].name);
    CHECK(azl_managed_call(azl_managed_source(rows[i].env), rows[i].env,
                           rows[i].id, RESOURCE, rows[i].revoked, &call));
    write_call(&call, text, sizeof text);
    snprintf(want, sizeof want, "%s%s", rows[i].start, rows[i].rest);
    CHECK_STR(text, want);
    azl_managed_call_free(&call);
  }
}

static void test_an_endpoint_with_a_query (void) {
  const struct azl_managed_env env = {.identity_endpoint = "http://[::1]/?a=b",
                                      .identity_header = "h"};
  struct azl_managed_call call;
  CHECK(azl_managed_call(AZL_MANAGED_APP_SERVICE, &env, &machine, RESOURCE,
                         NULL, &call));
  CHECK_STR(call.url.data, "http://[::1]/?a=b&api-version=2019-08-01&" QUERY);
  azl_managed_call_free(&call);
}

static void test_the_probe_is_bare (void) {
  struct azl_managed_call call;
  CHECK(azl_managed_probe(&none, &call));
  CHECK_STR(call.url.data,
            "http://169.254.169.254/metadata/identity/oauth2/token");
  CHECK_STR(call.method, "GET");
  CHECK_INT(call.headers.count, 0);
  azl_managed_call_free(&call);
}

static void test_what_cannot_be_asked (void) {
  static const struct azl_managed_id two = {"a", "b", NULL};
  static const struct azl_managed_env far_arc = {
      .identity_endpoint = "http://192.0.2.1/", .imds_endpoint = "x"};
  static const struct azl_managed_env open_fabric = {
      .identity_endpoint = "http://localhost/",
      .identity_header = "h",
      .identity_server_thumbprint = "00112233445566778899aabbccddeeffAABBCCDD"};
  static const struct azl_managed_env bad_fabric = {
      .identity_endpoint = "https://localhost/",
      .identity_header = "h",
      .identity_server_thumbprint = "0011"};
  static const struct azl_managed_env odd_fabric = {
      .identity_endpoint = "https://localhost/",
      .identity_header = "h",
      .identity_server_thumbprint = "00112233445566778899aabbccddeeffAABBCCDX"};
  static const struct azl_managed_env odd = {.msi_endpoint = "localhost:1"};
  static const struct azl_managed_env cut = {.pod_identity_authority_host =
                                                 "http://a b"};
  static const struct {
    const char *name;
    const struct azl_managed_env *env;
    const struct azl_managed_id *id;
    const char *code;
  } rows[] = {
      {"the machine's own", &none, &machine, NULL},
      {"by client", &none, &client, NULL},
      {"two ids", &none, &two, "InvalidArgument"},
      {"cloud shell", &shell, &machine, NULL},
      {"cloud shell by client", &shell, &client, "InvalidArgument"},
      {"learning by client", &learning, &client, NULL},
      {"learning by object", &learning, &object, "InvalidArgument"},
      {"learning by resource", &learning, &resource, "InvalidArgument"},
      {"service fabric", &fabric, &machine, NULL},
      {"service fabric without TLS", &open_fabric, &machine, "InvalidEndpoint"},
      {"service fabric, no thumbprint", &bad_fabric, &machine,
       "InvalidThumbprint"},
      {"service fabric, not in hex", &odd_fabric, &machine,
       "InvalidThumbprint"},
      {"service fabric by client", &fabric, &client, "InvalidArgument"},
      {"arc on this machine", &arc, &object, NULL},
      {"arc elsewhere", &far_arc, &machine, "InvalidEndpoint"},
      {"no URL", &odd, &machine, "InvalidEndpoint"},
      {"a blank in the URL", &cut, &machine, "InvalidEndpoint"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    enum azl_managed_source source = azl_managed_source(rows[i].env);
    struct azl_err *err = azl_managed_check(source, rows[i].env, rows[i].id);
    CHECK_ROW(rows[i].name);
    CHECK_STR(err ? err->code : NULL, rows[i].code);
    azl_err_free(err);
  }
}

static void build_all (void) {
  static const struct azl_managed_env *const envs[] = {&none,  &app, &learning,
                                                       &shell, &arc, &pod};
  struct azl_managed_call call;
  bool ok;
  for (size_t i = 0; i < sizeof envs / sizeof envs[0]; i++) {
    ok = azl_managed_call(azl_managed_source(envs[i]), envs[i], &machine,
                          RESOURCE, "00", &call);
    azl_managed_call_free(&call);
  }
  ok = azl_managed_probe(&none, &call);
  (void)ok;
  azl_managed_call_free(&call);
}

static void test_out_of_memory (void) {
  check_out_of_memory(build_all);
}

int main (void) {
  RUN_TESTS(TEST(test_detection), TEST(test_requests),
            TEST(test_an_endpoint_with_a_query), TEST(test_the_probe_is_bare),
            TEST(test_what_cannot_be_asked), TEST(test_out_of_memory));
}
