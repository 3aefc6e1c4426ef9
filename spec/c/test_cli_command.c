#include "check.h"
#include "cli_tool.h"

#define SCOPE "https://management.azure.com/.default"

/* The command line with '|' between arguments. */
static void join (const struct azl_cli_command *command, char *out,
                  size_t bytes) {
  size_t used = 0;
  out[0] = '\0';
  for (int i = 0; command->argv[i] && used < bytes; i++)
    used += (size_t)snprintf(out + used, bytes - used, "%s%s", i ? "|" : "",
                             command->argv[i]);
}

static void test_command_lines (void) {
  static const struct {
    const char *name;
    enum azl_cli tool;
    struct azl_cli_want want;
    const char *line;
  } rows[] = {
      {"az",
       AZL_CLI_AZ,
       {SCOPE, NULL, NULL, NULL},
       "az|account|get-access-token|--output|json|--resource|"
       "https://management.azure.com"},
      {"az with all",
       AZL_CLI_AZ,
       {SCOPE, "contoso.com", "My Sub 1", NULL},
       "az|account|get-access-token|--output|json|--resource|"
       "https://management.azure.com|--tenant|contoso.com|--subscription|"
       "My Sub 1"},
      {"a resource that ends with a slash",
       AZL_CLI_AZ,
       {"https://management.core.windows.net//.default", NULL, NULL, NULL},
       "az|account|get-access-token|--output|json|--resource|"
       "https://management.core.windows.net/"},
      {"a scope that is a resource",
       AZL_CLI_AZ,
       {"https://vault.azure.net", NULL, NULL, NULL},
       "az|account|get-access-token|--output|json|--resource|"
       "https://vault.azure.net"},
      {"azd",
       AZL_CLI_AZD,
       {SCOPE, NULL, NULL, NULL},
       "azd|auth|token|--output|json|--no-prompt|--scope|" SCOPE},
      {"azd with all",
       AZL_CLI_AZD,
       {SCOPE, "t-1", NULL, "{\"a\":1}"},
       "azd|auth|token|--output|json|--no-prompt|--scope|" SCOPE
       "|--tenant-id|t-1|--claims|eyJhIjoxfQ=="},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_cli_command command;
    char line[512];
    CHECK_ROW(rows[i].name);
    CHECK(azl_cli_command(rows[i].tool, &rows[i].want, &command));
    join(&command, line, sizeof line);
    CHECK_STR(line, rows[i].line);
    azl_cli_command_free(&command);
  }
}

static void test_powershell (void) {
  struct azl_cli_want want = {SCOPE, "contoso.com", NULL, NULL};
  struct azl_cli_command command;
  CHECK(azl_cli_command(AZL_CLI_PWSH, &want, &command));
  CHECK_STR(command.argv[0], "pwsh");
  CHECK_STR(command.argv[1], "-NoProfile");
  CHECK_STR(command.argv[2], "-NonInteractive");
  CHECK_STR(command.argv[3], "-Command");
  CHECK(
      strstr(command.argv[4], "ResourceUrl = 'https://management.azure.com'"));
  CHECK(strstr(command.argv[4], "TenantId = 'contoso.com'"));
  CHECK(strstr(command.argv[4], "SecureString"));
  CHECK(command.argv[5] == NULL);
  azl_cli_command_free(&command);
}

static void test_values_that_are_no_values (void) {
  static const struct {
    const char *name;
    struct azl_cli_want want;
    const char *word; /* in the message; NULL: fine */
  } rows[] = {
      {"fine", {SCOPE, "a-b.C9", "My Sub_1.x", NULL}, NULL},
      {"no scope", {NULL, NULL, NULL, NULL}, "scope"},
      {"empty scope", {"", NULL, NULL, NULL}, "scope"},
      {"scope with a quote", {"https://a'", NULL, NULL, NULL}, "scope"},
      {"scope with a blank", {"a b", NULL, NULL, NULL}, "scope"},
      {"scope with a dollar", {"$(id)", NULL, NULL, NULL}, "scope"},
      {"scope as an option", {"--help", NULL, NULL, NULL}, "scope"},
      {"tenant with a slash", {SCOPE, "a/b", NULL, NULL}, "tenant"},
      {"empty tenant", {SCOPE, "", NULL, NULL}, "tenant"},
      {"tenant with a newline", {SCOPE, "a\n", NULL, NULL}, "tenant"},
      {"tenant as an option", {SCOPE, "-x", NULL, NULL}, "tenant"},
      {"subscription quoted", {SCOPE, NULL, "a\"b", NULL}, "subscription"},
      {"subscription as an option", {SCOPE, NULL, "-o", NULL}, "subscription"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_err *err = azl_cli_check(&rows[i].want);
    CHECK_ROW(rows[i].name);
    CHECK(!err == !rows[i].word);
    if (err && rows[i].word) {
      CHECK_STR(err->code, "InvalidArgument");
      CHECK(strstr(err->message, rows[i].word));
    }
    azl_err_free(err);
  }
}

static void test_claims_need_a_person (void) {
  static const struct {
    const char *name;
    enum azl_cli tool;
    struct azl_cli_want want;
    const char *hint; /* NULL: they are passed on */
  } rows[] = {
      {"none", AZL_CLI_AZ, {SCOPE, NULL, NULL, NULL}, NULL},
      {"empty", AZL_CLI_AZ, {SCOPE, NULL, NULL, ""}, NULL},
      {"az",
       AZL_CLI_AZ,
       {SCOPE, NULL, NULL, "{\"a\":1}"},
       "az login --claims-challenge eyJhIjoxfQ== --scope " SCOPE},
      {"az, tenant",
       AZL_CLI_AZ,
       {SCOPE, "contoso.com", NULL, "{\"a\":1}"},
       "az login --claims-challenge eyJhIjoxfQ== --scope " SCOPE
       " --tenant contoso.com"},
      {"azd", AZL_CLI_AZD, {SCOPE, NULL, NULL, "{\"a\":1}"}, NULL},
      {"pwsh",
       AZL_CLI_PWSH,
       {SCOPE, "t", NULL, "{\"a\":1}"},
       "Connect-AzAccount -ClaimsChallenge eyJhIjoxfQ== -Tenant t"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_err *err = azl_cli_claims_error(rows[i].tool, &rows[i].want);
    CHECK_ROW(rows[i].name);
    CHECK(!err == !rows[i].hint);
    if (err) {
      CHECK_STR(err->hint, rows[i].hint);
      CHECK_STR(err->code, "ClaimsChallenge");
    }
    azl_err_free(err);
  }
}

static void build_all (void) {
  struct azl_cli_want want = {SCOPE, "t", "s", "{}"};
  for (int tool = AZL_CLI_AZ; tool <= AZL_CLI_PWSH; tool++) {
    struct azl_cli_command command;
    bool ok = azl_cli_command((enum azl_cli)tool, &want, &command);
    (void)ok;
    azl_cli_command_free(&command);
    azl_err_free(azl_cli_claims_error((enum azl_cli)tool, &want));
  }
}

static void test_out_of_memory (void) {
  check_out_of_memory(build_all);
}

int main (void) {
  RUN_TESTS(TEST(test_command_lines), TEST(test_powershell),
            TEST(test_values_that_are_no_values),
            TEST(test_claims_need_a_person), TEST(test_out_of_memory));
}
