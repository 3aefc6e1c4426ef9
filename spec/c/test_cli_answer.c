#include "check.h"
#include "cli_tool.h"
#include "fetch.h"

#include <time.h>

#define SCOPE "https://management.azure.com/.default"
#define AT 1769862896000

static void test_answers (void) {
  static const struct {
    const char *name;
    enum azl_cli tool;
    const char *text;
    int64_t expires_ms; /* -1: refused */
  } rows[] = {
      {"az", AZL_CLI_AZ,
       "{\"accessToken\":\"TOKEN\",\"expiresOn\":\"2001-01-01 "
       "00:00:00.000000\","
       "\"expires_on\":1769862896,\"subscription\":\"s\",\"tenant\":\"t\","
       "\"tokenType\":\"Bearer\"}",
       AT},
      {"az before 2.54", AZL_CLI_AZ,
       "{\"accessToken\":\"TOKEN\","
       "\"expiresOn\":\"2026-01-31 15:34:56.000000\"}",
       AT},
      {"az, number in a string", AZL_CLI_AZ,
       "{\"accessToken\":\"TOKEN\",\"expires_on\":\"1769862896\"}", AT},
      {"az, useless expires_on", AZL_CLI_AZ,
       "{\"accessToken\":\"TOKEN\",\"expires_on\":null,"
       "\"expiresOn\":\"2026-01-31 15:34:56.000000\"}",
       AT},
      {"az, no time", AZL_CLI_AZ, "{\"accessToken\":\"TOKEN\"}", -1},
      {"az, bad time", AZL_CLI_AZ,
       "{\"accessToken\":\"TOKEN\",\"expiresOn\":\"soon\"}", -1},
      {"az, empty token", AZL_CLI_AZ,
       "{\"accessToken\":\"\",\"expires_on\":1769862896}", -1},
      {"az, no token", AZL_CLI_AZ, "{\"expires_on\":1769862896}", -1},
      {"az, garbage", AZL_CLI_AZ, "WARNING: \x01\xff{", -1},
      {"az, cut off", AZL_CLI_AZ, "{\"accessToken\":\"TOKEN\",\"expi", -1},
      {"az, an array", AZL_CLI_AZ, "[]", -1},
      {"az, nothing", AZL_CLI_AZ, "", -1},
      {"azd", AZL_CLI_AZD,
       "{\"token\":\"TOKEN\",\"expiresOn\":\"2026-01-31T12:34:56Z\"}", AT},
      {"azd, no time", AZL_CLI_AZD, "{\"token\":\"TOKEN\"}", -1},
      {"pwsh", AZL_CLI_PWSH,
       "{\"Token\":\"TOKEN\","
       "\"ExpiresOn\":\"2026-01-31T12:34:56.0000000+00:00\"}",
       AT},
      {"pwsh, chatty", AZL_CLI_PWSH,
       "WARNING: {Az} is { old\n{\"Token\":7}{\"Token\":\"TOKEN\","
       "\"ExpiresOn\":\"2026-01-31T13:34:56+01:00\"}\nbye }",
       AT},
      {"pwsh, no object", AZL_CLI_PWSH, "Token TOKEN", -1},
      {"pwsh, open end", AZL_CLI_PWSH, "{\"Token\":\"TOKEN\"", -1},
      {"pwsh, nothing", AZL_CLI_PWSH, "", -1},
  };
  setenv("TZ", "UTD-3", 1);
  tzset();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_cli_answer answer;
    struct azl_err *err =
        azl_cli_read(rows[i].tool, rows[i].text, strlen(rows[i].text), &answer);
    CHECK_ROW(rows[i].name);
    CHECK(!err == (rows[i].expires_ms >= 0));
    if (err) {
      CHECK_STR(err->code, "UnexpectedAnswer");
      CHECK(strstr(err->message, "TOKEN") == NULL);
      CHECK(answer.value == NULL);
    } else {
      CHECK_STR(answer.value, "TOKEN");
      CHECK_INT(answer.expires_ms, rows[i].expires_ms);
    }
    azl_err_free(err);
    azl_free_secret(answer.value);
  }
}

static void test_no_output_at_all (void) {
  struct azl_cli_answer answer;
  for (int tool = AZL_CLI_AZ; tool <= AZL_CLI_PWSH; tool++) {
    struct azl_err *err = azl_cli_read((enum azl_cli)tool, NULL, 0, &answer);
    if (CHECK(err != NULL)) CHECK_STR(err->code, "UnexpectedAnswer");
    azl_err_free(err);
  }
}

static void test_failures (void) {
  static const struct {
    const char *name;
    enum azl_cli tool;
    struct azl_cli_end end;
    const char *code, *message, *hint; /* part of it; NULL: none */
  } rows[] = {
      {"az not found by a shell",
       AZL_CLI_AZ,
       {127, 0, "sh: 1: az: not found"},
       AZL_UNAVAILABLE,
       "was not found",
       "aka.ms/azure-cli"},
      {"az, only the exit code",
       AZL_CLI_AZ,
       {127, 0, ""},
       AZL_UNAVAILABLE,
       "was not found",
       "az login"},
      {"az not signed in",
       AZL_CLI_AZ,
       {1, 0, "ERROR: Please run 'az login' to setup account."},
       AZL_UNAVAILABLE,
       "nobody signed in",
       "run 'az login'"},
      {"az without a subscription",
       AZL_CLI_AZ,
       {1, 0, "Please run 'az account set' to select active account."},
       AZL_UNAVAILABLE,
       "nobody signed in",
       "az login"},
      {"az wants MFA",
       AZL_CLI_AZ,
       {1, 0,
        "AADSTS50076: Due to a configuration change, you must use multi-factor."
        "\r\nTo re-authenticate, please run:\naz login --scope " SCOPE},
       "AADSTS50076",
       "ended with code 1: AADSTS50076: Due to",
       "az login --scope " SCOPE},
      {"az with an expired sign-in",
       AZL_CLI_AZ,
       {1, 0, "AADSTS700082: The refresh token has expired.\nRun: az login"},
       "AADSTS700082",
       "The refresh token has expired. Run: az login",
       "az login"},
      {"az wants a scope",
       AZL_CLI_AZ,
       {1, 0, "Interactive authentication is needed. az login --scope x"},
       "ToolFailed",
       "Interactive authentication",
       "az login --scope " SCOPE},
      {"az fails otherwise",
       AZL_CLI_AZ,
       {2, 0, "az: error: oh\n\n  no"},
       "ToolFailed",
       "the Azure CLI ended with code 2: az: error: oh no",
       NULL},
      {"az says nothing",
       AZL_CLI_AZ,
       {1, 0, NULL},
       "ToolFailed",
       "no explanation",
       NULL},
      {"az was killed",
       AZL_CLI_AZ,
       {-1, 9, "leftover"},
       "ToolFailed",
       "ended by signal 9",
       NULL},
      {"azd not found",
       AZL_CLI_AZD,
       {1, 0, "azd: command not found"},
       AZL_UNAVAILABLE,
       "was not found",
       "azd auth login"},
      {"azd not signed in",
       AZL_CLI_AZD,
       {1, 0, "ERROR: not logged in, run `azd auth login` to login"},
       AZL_UNAVAILABLE,
       "nobody signed in",
       "azd auth login"},
      {"azd of old",
       AZL_CLI_AZD,
       {1, 0, "ERROR: not logged in, run `azd login` to login"},
       AZL_UNAVAILABLE,
       "nobody signed in",
       "azd auth login"},
      {"azd in JSON",
       AZL_CLI_AZD,
       {1, 0,
        "{\"type\":\"consoleMessage\",\"data\":{\"message\":\"\\nERROR: not "
        "logged in, run `azd auth login` to login\\n\"}}\nmore"},
       AZL_UNAVAILABLE,
       "nobody signed in",
       "azd auth login"},
      {"azd wants MFA",
       AZL_CLI_AZD,
       {1, 0, "you must use multi-factor authentication to access"},
       "ToolFailed",
       "multi-factor",
       "azd auth login --scope " SCOPE},
      {"azd reauthentication",
       AZL_CLI_AZD,
       {1, 0, "ERROR: reauthentication required, run `azd auth login`"},
       "ToolFailed",
       "reauthentication",
       "azd auth login --scope " SCOPE},
      {"azd too old for claims",
       AZL_CLI_AZD,
       {1, 0, "ERROR: unknown flag: --claims"},
       "ToolFailed",
       "--claims",
       "update azd"},
      {"pwsh without a sign-in",
       AZL_CLI_PWSH,
       {1, 0,
        "\033[31;1mGet-AzAccessToken: Run Connect-AzAccount to login.\033[0m"},
       AZL_UNAVAILABLE,
       "nobody signed in",
       "Connect-AzAccount"},
      {"pwsh without the module",
       AZL_CLI_PWSH,
       {1, 0,
        "Import-Module: The specified module 'Az.Accounts' with version "
        "'2.2.0' "
        "was not loaded because no valid module file was found"},
       AZL_UNAVAILABLE,
       "was not found",
       "Az.Accounts"},
      {"pwsh in colours",
       AZL_CLI_PWSH,
       {1, 0, "\033[31;1mGet-AzAccessToken: \033[31;1mboom\033[0m\n"},
       "ToolFailed",
       "code 1: Get-AzAccessToken: boom",
       NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_err *err = azl_cli_failure(rows[i].tool, SCOPE, &rows[i].end);
    CHECK_ROW(rows[i].name);
    CHECK_STR(azl_err_kind_name(err->kind), "auth");
    CHECK_STR(err->code, rows[i].code);
    if (!CHECK(strstr(err->message, rows[i].message)))
      printf("    %s\n", err->message);
    if (rows[i].hint) CHECK(err->hint && strstr(err->hint, rows[i].hint));
    azl_err_free(err);
  }
}

static void test_what_looks_like_a_token_is_left_out (void) {
  static const char secret[] =
      "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQifQ."
      "c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU";
  char text[256];
  snprintf(text, sizeof text, "ERROR: cannot cache {\"t\": \"%s\"} in file",
           secret);
  struct azl_cli_end end = {1, 0, text};
  struct azl_err *err = azl_cli_failure(AZL_CLI_AZ, SCOPE, &end);
  CHECK(strstr(err->message, "eyJ") == NULL);
  CHECK(strstr(err->message, "REDACTED") != NULL);
  CHECK(strstr(err->message, "in file") != NULL);
  azl_err_free(err);
}

static void test_long_complaints_are_cut (void) {
  char *text = azl_malloc(100001);
  for (size_t i = 0; i < 100000; i++) text[i] = i % 5 ? 'x' : ' ';
  text[100000] = '\0';
  struct azl_cli_end end = {1, 0, text};
  struct azl_err *err = azl_cli_failure(AZL_CLI_AZ, SCOPE, &end);
  CHECK(strlen(err->message) < 600);
  CHECK(strchr(err->message, '\n') == NULL);
  azl_err_free(err);
  azl_free(text);
}

static void read_and_fail (void) {
  static const char text[] = "x {\"token\":\"TOKEN\",\"accessToken\":\"TOKEN\","
                             "\"Token\":\"TOKEN\",\"expires_on\":1769862896,"
                             "\"expiresOn\":\"2026-01-31T12:34:56Z\"}";
  static const char *const words[] = {
      "AADSTS50076: az login --scope x",
      "{\"data\":{\"message\":\"reauthentication required\"}}",
      "Run Connect-AzAccount to login"};
  for (int tool = AZL_CLI_AZ; tool <= AZL_CLI_PWSH; tool++) {
    struct azl_cli_answer answer;
    struct azl_cli_end end = {1, 0, words[tool]};
    azl_err_free(
        azl_cli_read((enum azl_cli)tool, text + 2, strlen(text + 2), &answer));
    azl_free_secret(answer.value);
    azl_err_free(azl_cli_failure((enum azl_cli)tool, SCOPE, &end));
  }
}

static void test_out_of_memory (void) {
  check_out_of_memory(read_and_fail);
}

int main (void) {
  RUN_TESTS(TEST(test_answers), TEST(test_no_output_at_all),
            TEST(test_failures), TEST(test_what_looks_like_a_token_is_left_out),
            TEST(test_long_complaints_are_cut), TEST(test_out_of_memory));
}
