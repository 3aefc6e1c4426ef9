/* What to run for a token: the command lines of az, azd and pwsh, and the
   patterns that keep values from being anything but values. */
#include "cli_tool.h"

#include <openssl/evp.h>
#include <string.h>
#include "scope.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

const char *azl_cli_class_name (enum azl_cli tool) {
  static const char *const names[] = {"AzureCliCredential",
                                      "AzureDeveloperCliCredential",
                                      "AzurePowerShellCredential"};
  return names[tool];
}

/* base64 with padding, as the tools' options want it. NULL: no memory. */
static char *base64 (const char *text) {
  size_t len = strlen(text);
  char *out = azl_malloc((len + 2) / 3 * 4 + 1);
  if (out)
    (void)EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text,
                          (int)len);
  return out;
}

static char *login_command (enum azl_cli tool, const struct azl_cli_want *want,
                            const char *claims) {
  const char *tenant = want->tenant_id ? want->tenant_id : "";
  if (tool == AZL_CLI_PWSH)
    return azl_format("Connect-AzAccount -ClaimsChallenge %s%s%s", claims,
                      *tenant ? " -Tenant " : "", tenant);
  return azl_format("az login --claims-challenge %s --scope %s%s%s", claims,
                    want->scope, *tenant ? " --tenant " : "", tenant);
}

struct azl_err *azl_cli_claims_error (enum azl_cli tool,
                                      const struct azl_cli_want *want) {
  struct azl_err *err = NULL;
  char *claims = NULL, *login = NULL;
  if (!want->claims || !*want->claims || tool == AZL_CLI_AZD) return NULL;
  claims = base64(want->claims);
  if (claims) login = login_command(tool, want, claims);
  if (login) {
    err = azl_err_new(AZL_ERR_AUTH, AZL_CLAIMS_CHALLENGE,
                      "%s cannot answer a claims challenge",
                      azl_cli_class_name(tool));
    azl_err_set(err, hint, login);
  } else {
    err = azl_err_oom();
  }
  azl_free(claims);
  azl_free(login);
  return err;
}

/* Patterns of @azure/identity (scopeUtils.js, tenantIdUtils.js,
   subscriptionUtils.js), and no leading dash: there is no shell here, but an
   option is an option. */
static bool matches (const char *value, const char *allowed) {
  return *value && *value != '-' && value[strspn(value, allowed)] == '\0';
}

static struct azl_err *bad_value (const char *what) {
  return azl_err_new(AZL_ERR_AUTH, "InvalidArgument",
                     "the %s has characters that a command line tool must not "
                     "be given",
                     what);
}

struct azl_err *azl_cli_check (const struct azl_cli_want *want) {
  if (!want->scope || !matches(want->scope, LETTERS DIGITS "-_.:/"))
    return bad_value("scope");
  if (want->tenant_id && !matches(want->tenant_id, LETTERS DIGITS "-."))
    return bad_value("tenant id");
  if (want->subscription && !matches(want->subscription, LETTERS DIGITS "-._ "))
    return bad_value("subscription");
  return NULL;
}

/* Appends arguments, NULL ends them. */
static void add (struct azl_cli_command *command, const char *const *args) {
  size_t used = 0;
  while (command->argv[used]) used++;
  while (*args && used + 1 < AZL_CLI_MAX_ARGS) command->argv[used++] = *args++;
}

static void add_option (struct azl_cli_command *command, const char *name,
                        const char *value) {
  const char *const args[] = {name, value, NULL};
  if (value) add(command, args);
}

static bool az_command (const struct azl_cli_want *want,
                        struct azl_cli_command *out) {
  static const char *const fixed[] = {"az",       "account", "get-access-token",
                                      "--output", "json",    NULL};
  out->owned[0] = azl_scope_resource(want->scope);
  add(out, fixed);
  add_option(out, "--resource", out->owned[0]);
  add_option(out, "--tenant", want->tenant_id);
  add_option(out, "--subscription", want->subscription);
  return out->owned[0] != NULL;
}

static bool azd_command (const struct azl_cli_want *want,
                         struct azl_cli_command *out) {
  static const char *const fixed[] = {
      "azd", "auth", "token", "--output", "json", "--no-prompt", NULL};
  bool has_claims = want->claims && *want->claims;
  if (has_claims) out->owned[0] = base64(want->claims);
  add(out, fixed);
  add_option(out, "--scope", want->scope);
  add_option(out, "--tenant-id", want->tenant_id);
  add_option(out, "--claims", out->owned[0]);
  return !has_claims || out->owned[0];
}

/* Get-AzAccessToken gives a SecureString when asked to (Az.Accounts 2.17) and
   always from 5.0 on; NetworkCredential opens one in every PowerShell. The
   values were checked: none of them can end a single-quoted string. */
static const char script[] =
    "$ErrorActionPreference = 'Stop'\n"
    "$ProgressPreference = 'SilentlyContinue'\n"
    "$module = Import-Module Az.Accounts -MinimumVersion 2.2.0 -PassThru\n"
    "$ask = @{ ResourceUrl = '%s' }\n"
    "if ('%s') { $ask.TenantId = '%s' }\n"
    "if ($module.Version -ge [version]'2.17.0' -and\n"
    "    $module.Version -lt [version]'5.0.0') { $ask.AsSecureString = $true "
    "}\n"
    "$answer = Get-AzAccessToken @ask\n"
    "$text = $answer.Token\n"
    "if ($text -is [System.Security.SecureString]) {\n"
    "  $text = [System.Net.NetworkCredential]::new('', $text).Password\n"
    "}\n"
    "ConvertTo-Json -Compress @{\n"
    "  Token = $text\n"
    "  ExpiresOn = $answer.ExpiresOn.ToString('o')\n"
    "}\n";

static bool pwsh_command (const struct azl_cli_want *want,
                          struct azl_cli_command *out) {
  static const char *const fixed[] = {"pwsh", "-NoProfile", "-NonInteractive",
                                      NULL};
  const char *tenant = want->tenant_id ? want->tenant_id : "";
  out->owned[0] = azl_scope_resource(want->scope);
  if (!out->owned[0]) return false;
  out->owned[1] = azl_format(script, out->owned[0], tenant, tenant);
  add(out, fixed);
  add_option(out, "-Command", out->owned[1]);
  return out->owned[1] != NULL;
}

bool azl_cli_command (enum azl_cli tool, const struct azl_cli_want *want,
                      struct azl_cli_command *out) {
  memset(out, 0, sizeof *out);
  switch (tool) {
  case AZL_CLI_AZ: return az_command(want, out);
  case AZL_CLI_AZD: return azd_command(want, out);
  default: return pwsh_command(want, out);
  }
}

void azl_cli_command_free (struct azl_cli_command *command) {
  azl_free(command->owned[0]);
  azl_free(command->owned[1]);
  memset(command, 0, sizeof *command);
}
