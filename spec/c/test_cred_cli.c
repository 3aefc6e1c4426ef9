/* links: fake_stub.c */
#include "check.h"
#include "cred_cli.h"
#include "stub.h"

#define SCOPE "https://management.azure.com/.default"
#define ANSWER                                                                 \
  "echo '{\"accessToken\":\"TOKEN\",\"token\":\"TOKEN\",\"Token\":\"TOKEN\","  \
  "\"expires_on\":4102444800,\"expiresOn\":\"2100-01-01T00:00:00Z\","          \
  "\"ExpiresOn\":\"2100-01-01T00:00:00Z\"}'"

static struct stub stub;
static struct azl_loop *loop;
static struct azl_cred *cred;

static const char *const programs[] = {"az", "azd", "pwsh"};

static void begin (enum azl_cli tool, const char *script) {
  struct azl_cred_cli_config config = {.search_path = stub.folder};
  struct azl_err *err;
  CHECK(stub_open(&stub));
  if (script) CHECK(stub_script(&stub, programs[tool], script));
  loop = azl_loop_new(NULL);
  cred = azl_cred_cli(loop, tool, &config, &err);
  CHECK(cred != NULL);
}

static void finish (void) {
  azl_cred_unref(cred);
  azl_loop_free(loop);
  CHECK(stub_no_children());
  stub_close(&stub);
}

static struct azl_op *ask (const char *tenant_id, const char *claims) {
  struct azl_token_request request = {.scope = SCOPE,
                                      .tenant_id = tenant_id,
                                      .claims = claims,
                                      .deadline_ms = -1};
  return azl_cred_get(cred, &request);
}

/* Ends with code, which is NULL for a token. */
static void check_ends (struct azl_op *op, const char *code) {
  CHECK(stub_wait_op(loop, op));
  if (op->state == AZL_OP_DONE) CHECK_STR(azl_token_result(op)->value, "TOKEN");
  if (op->err) CHECK_STR(azl_err_kind_name(op->err->kind), "auth");
  CHECK_STR(op->err ? op->err->code : NULL, code);
  azl_op_unref(op);
}

static void test_each_tool_gives_a_token (void) {
  for (int tool = AZL_CLI_AZ; tool <= AZL_CLI_PWSH; tool++) {
    CHECK_ROW(programs[tool]);
    begin((enum azl_cli)tool, ANSWER);
    struct azl_op *op = ask(NULL, NULL);
    CHECK(stub_wait_op(loop, op));
    if (CHECK(op->state == AZL_OP_DONE))
      CHECK_INT(azl_token_result(op)->expires_ms, 4102444800000);
    check_ends(op, NULL);
    CHECK_STR(cred->cls->name, azl_cli_class_name((enum azl_cli)tool));
    finish();
  }
}

static void test_the_tool_gets_no_secret_of_an_application (void) {
  static const char report[] =
      "echo ${AZURE_CLIENT_SECRET-unset} ${AZURE_PASSWORD-unset}"
      " ${AZURE_CLIENT_CERTIFICATE_PASSWORD-unset} $AZURE_CONFIG_DIR >&2;"
      " exit 1";
  static const char own[] = "AZURE_CONFIG_DIR=/c\0AZURE_PASSWORD=secret";
  struct azl_cred_cli_config config = {.search_path = stub.folder};
  struct azl_err *err;
  setenv("AZURE_CLIENT_SECRET", "secret", 1);
  setenv("AZURE_CLIENT_CERTIFICATE_PASSWORD", "secret", 1);
  setenv("AZURE_CONFIG_DIR", "/b", 1);
  for (int i = 0; i < 2; i++) {
    begin(AZL_CLI_AZ, report);
    if (i == 1) {
      azl_cred_unref(cred);
      config.environment = own;
      config.environment_bytes = sizeof own;
      cred = azl_cred_cli(loop, AZL_CLI_AZ, &config, &err);
    }
    struct azl_op *op = ask(NULL, NULL);
    CHECK(stub_wait_op(loop, op));
    if (CHECK(op->err != NULL))
      CHECK_STR(strrchr(op->err->message, ':'),
                i ? ": unset unset unset /c" : ": unset unset unset /b");
    azl_op_unref(op);
    finish();
  }
  unsetenv("AZURE_CLIENT_SECRET");
  unsetenv("AZURE_CLIENT_CERTIFICATE_PASSWORD");
  unsetenv("AZURE_CONFIG_DIR");
}

static void test_what_the_tool_does (void) {
  static const struct {
    const char *name, *script, *code;
  } rows[] = {
      {"not installed", NULL, AZL_UNAVAILABLE},
      {"not signed in", "echo \"Please run 'az login'\" >&2; exit 1",
       AZL_UNAVAILABLE},
      {"refused by Entra", "echo AADSTS700082: expired >&2; exit 1",
       "AADSTS700082"},
      {"fails", "echo no >&2; exit 1", "ToolFailed"},
      {"garbage", "echo garbage", "UnexpectedAnswer"},
      {"nothing", "exit 0", "UnexpectedAnswer"},
      {"a token, but exit code 1", ANSWER "; exit 1", "ToolFailed"},
      {"kill -9", "kill -9 $$", "ToolFailed"},
      {"100 MB", "dd if=/dev/zero bs=1048576 count=100 2>/dev/null",
       "OutputTooLarge"},
      {"a warning on stderr", "echo careful >&2; " ANSWER, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].name);
    begin(AZL_CLI_AZ, rows[i].script);
    check_ends(ask(NULL, NULL), rows[i].code);
    CHECK(stub_wait_idle(loop));
    finish();
  }
}

static void test_a_tool_that_hangs (void) {
  begin(AZL_CLI_AZ, ": > ready; exec sleep 1000");
  struct azl_op *op = ask(NULL, NULL);
  CHECK(stub_wait_file(loop, stub_path(&stub, "ready")));
  CHECK_INT(op->state, AZL_OP_PENDING);
  azl_clock_advance(azl_loop_clock(loop), 13 * 1000);
  check_ends(op, "Timeout");
  CHECK(stub_wait_idle(loop));
  finish();
}

static void test_cancelling_ends_the_tool (void) {
  begin(AZL_CLI_AZ, ": > ready; exec sleep 1000");
  struct azl_op *op = ask(NULL, NULL);
  CHECK(stub_wait_file(loop, stub_path(&stub, "ready")));
  azl_op_cancel(op);
  azl_op_unref(op);
  CHECK(stub_wait_idle(loop));
  CHECK(stub_no_children());
  finish();
}

static void test_closing_the_credential_ends_the_tool (void) {
  begin(AZL_CLI_AZ, ": > ready; exec sleep 1000");
  struct azl_op *op = ask(NULL, NULL);
  CHECK(stub_wait_file(loop, stub_path(&stub, "ready")));
  azl_cred_close(cred);
  CHECK(op->state != AZL_OP_PENDING);
  azl_op_unref(op);
  CHECK(stub_wait_idle(loop));
  finish();
}

static void test_the_tool_runs_once_for_all (void) {
  enum { MANY = 100 };
  struct azl_op *ops[MANY];
  begin(AZL_CLI_AZ, "echo run >> runs; " ANSWER);
  for (int i = 0; i < MANY; i++) ops[i] = ask(NULL, NULL);
  for (int i = 0; i < MANY; i++) check_ends(ops[i], NULL);
  check_ends(ask(NULL, NULL), NULL);
  FILE *file = fopen(stub_path(&stub, "runs"), "re");
  char text[64] = "";
  if (CHECK(file != NULL)) {
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    fclose(file);
  }
  CHECK_STR(text, "run\n");
  finish();
}

static void test_the_command_line_and_folder (void) {
  begin(AZL_CLI_AZ, "echo \"$@\" > args; " ANSWER);
  check_ends(ask("contoso.com", NULL), NULL);
  FILE *file = fopen(stub_path(&stub, "args"), "re");
  char text[256] = "";
  if (CHECK(file != NULL)) {
    CHECK(fgets(text, sizeof text, file) != NULL);
    fclose(file);
  }
  CHECK_STR(text, "account get-access-token --output json --resource "
                  "https://management.azure.com --tenant contoso.com\n");
  finish();
}

/* Not where the script was started: a planted module there would be run. */
static void test_it_runs_in_bin (void) {
  begin(AZL_CLI_AZ, "case $OLDPWD in /bin|/usr/bin) " ANSWER "; esac");
  check_ends(ask(NULL, NULL), NULL);
  finish();
}

static void test_claims_and_tenants_start_nothing (void) {
  static const struct {
    const char *name, *tenant_id, *claims, *code;
  } rows[] = {
      {"claims", NULL, "{}", "ClaimsChallenge"},
      {"a malformed tenant", "a b", NULL, "InvalidTenant"},
      {"a tenant like an option", "-x", NULL, "InvalidArgument"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].name);
    begin(AZL_CLI_AZ, ": > started; " ANSWER);
    check_ends(ask(rows[i].tenant_id, rows[i].claims), rows[i].code);
    FILE *file = fopen(stub_path(&stub, "started"), "re");
    CHECK(file == NULL);
    if (file) fclose(file);
    finish();
  }
}

static void test_other_tenants_must_be_allowed (void) {
  static const struct {
    const char *allowed, *code;
  } rows[] = {{NULL, "TenantNotAllowed"},
              {"x;y", "TenantNotAllowed"},
              {"x;other", NULL},
              {"*", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_cred_cli_config config = {.tenant_id = "own"};
    struct azl_err *err;
    CHECK_ROW(rows[i].allowed);
    begin(AZL_CLI_AZ, ANSWER);
    azl_cred_unref(cred);
    config.search_path = stub.folder;
    config.additionally_allowed_tenants = rows[i].allowed;
    cred = azl_cred_cli(loop, AZL_CLI_AZ, &config, &err);
    if (CHECK(cred != NULL)) check_ends(ask("other", NULL), rows[i].code);
    finish();
  }
}

static void test_bad_options_are_refused (void) {
  static const struct azl_cred_cli_config rows[] = {
      {.tenant_id = "a b"}, {.subscription = "a\"b"}, {.tenant_id = "-x"}};
  loop = azl_loop_new(NULL);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_err *err = NULL;
    CHECK(azl_cred_cli(loop, AZL_CLI_AZ, &rows[i], &err) == NULL);
    CHECK(err != NULL);
    azl_err_free(err);
  }
  azl_loop_free(loop);
}

static void get_once (void) {
  struct azl_cred_cli_config config = {.tenant_id = "t",
                                       .subscription = "s",
                                       .search_path = stub.folder,
                                       .additionally_allowed_tenants = "*"};
  struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
  struct azl_loop *own = azl_loop_new(NULL);
  struct azl_err *err = NULL;
  struct azl_cred *one;
  struct azl_op *op;
  if (!own) return;
  one = azl_cred_cli(own, AZL_CLI_AZ, &config, &err);
  op = one ? azl_cred_get(one, &request) : NULL;
  if (op) CHECK(stub_wait_op(own, op));
  azl_op_unref(op);
  azl_cred_unref(one);
  azl_err_free(err);
  azl_loop_free(own);
}

static void test_out_of_memory (void) {
  CHECK(stub_open(&stub));
  CHECK(stub_script(&stub, "az", ANSWER));
  check_out_of_memory(get_once);
  CHECK(stub_no_children());
  stub_close(&stub);
}

int main (void) {
  RUN_TESTS(TEST(test_each_tool_gives_a_token),
            TEST(test_the_tool_gets_no_secret_of_an_application),
            TEST(test_what_the_tool_does), TEST(test_a_tool_that_hangs),
            TEST(test_cancelling_ends_the_tool),
            TEST(test_closing_the_credential_ends_the_tool),
            TEST(test_the_tool_runs_once_for_all),
            TEST(test_the_command_line_and_folder), TEST(test_it_runs_in_bin),
            TEST(test_claims_and_tenants_start_nothing),
            TEST(test_other_tenants_must_be_allowed),
            TEST(test_bad_options_are_refused), TEST(test_out_of_memory));
}
