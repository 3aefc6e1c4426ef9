/* What az, azd and pwsh answer: the token on stdout, or on stderr what went
   wrong, in words that are matched here and nowhere else. */
#include "cli_tool.h"

#include <stdlib.h>
#include <string.h>
#include "aadsts.h"
#include "date.h"
#include "entra.h"
#include "fetch.h"
#include "json.h"

enum {
  MAX_WORDS = 400,     /* of a tool's complaint that an error quotes */
  MIN_SECRET_RUN = 60, /* what is this long without a break may be a token */
  MAX_CODE_DIGITS = 12
};

struct tool {
  const char *name, *program;
  const char *token_key, *expires_keys[2];
  const char *install, *sign_in; /* hints */
};

static const struct tool tools[] = {
    {"the Azure CLI",
     "az",
     "accessToken",
     {"expires_on", "expiresOn"}, /* the second is local time: az < 2.54 */
     "install it (https://aka.ms/azure-cli) and run 'az login'",
     "run 'az login'"},
    {"the Azure Developer CLI",
     "azd",
     "token",
     {"expiresOn", NULL},
     "install it (https://aka.ms/azd) and run 'azd auth login'",
     "run 'azd auth login'"},
    {"Azure PowerShell",
     "pwsh",
     "Token",
     {"ExpiresOn", NULL},
     "install PowerShell and the Az.Accounts module 2.2.0 or later, and run "
     "'Connect-AzAccount'",
     "run 'Connect-AzAccount' in pwsh"},
};

/* The first line whose words are all in the text decides. Words of the tools
   as @azure/identity 4.13.1 and azure-identity for Python know them. */
enum meaning { NOT_INSTALLED, NOT_SIGNED_IN, SIGN_IN_AGAIN, TOO_OLD };
static const struct rule {
  enum azl_cli tool;
  const char *words[2];
  enum meaning meaning;
} rules[] = {
    {AZL_CLI_AZ, {"az:", "not found"}, NOT_INSTALLED},
    {AZL_CLI_AZ, {"az login --scope", ""}, SIGN_IN_AGAIN},
    {AZL_CLI_AZ, {"az login", ""}, NOT_SIGNED_IN},
    {AZL_CLI_AZ, {"az account set", ""}, NOT_SIGNED_IN},
    {AZL_CLI_AZD, {"azd:", "not found"}, NOT_INSTALLED},
    {AZL_CLI_AZD, {"unknown flag", ""}, TOO_OLD},
    {AZL_CLI_AZD, {"must use multi-factor authentication", ""}, SIGN_IN_AGAIN},
    {AZL_CLI_AZD, {"reauthentication required", ""}, SIGN_IN_AGAIN},
    {AZL_CLI_AZD, {"not logged in", "azd auth login"}, NOT_SIGNED_IN},
    {AZL_CLI_AZD, {"not logged in", "azd login"}, NOT_SIGNED_IN},
    {AZL_CLI_PWSH, {"Connect-AzAccount", "login"}, NOT_SIGNED_IN},
    {AZL_CLI_PWSH, {"Az.Accounts", "was not loaded"}, NOT_INSTALLED},
    {AZL_CLI_PWSH, {"pwsh:", "not found"}, NOT_INSTALLED},
};

/* The answer */

static struct azl_err *unexpected (enum azl_cli tool, const char *what) {
  return azl_err_new(AZL_ERR_AUTH, "UnexpectedAnswer",
                     "%s ended well, but its answer has no %s",
                     tools[tool].name, what);
}

/* The first {...} without another inside that holds the token: modules print
   warnings around it. NULL: none. */
static struct json_t *find_object (const char *text, const char *token_key) {
  const char *open = strchr(text, '{');
  for (; open; open = strchr(open + 1, '{')) {
    size_t len = strcspn(open + 1, "{}");
    struct json_t *doc;
    if (open[1 + len] != '}') continue;
    doc = azl_json_parse(open, len + 2);
    if (doc && azl_json_string(doc, token_key)) return doc;
    azl_json_free(doc);
  }
  return NULL;
}

static int64_t read_expiry (const struct tool *tool, const struct json_t *doc) {
  int64_t ms = azl_date_member_ms(doc, tool->expires_keys[0]);
  if (ms < 0 && tool->expires_keys[1])
    ms = azl_date_ms(azl_json_string(doc, tool->expires_keys[1]));
  return ms;
}

struct azl_err *azl_cli_read (enum azl_cli tool, const char *text, size_t len,
                              struct azl_cli_answer *out) {
  const struct tool *how = &tools[tool];
  struct azl_err *err = NULL;
  struct json_t *doc = NULL;
  const char *value;
  memset(out, 0, sizeof *out);
  if (tool == AZL_CLI_PWSH && text)
    doc = find_object(text, how->token_key);
  else if (text)
    doc = azl_json_parse(text, len);
  value = azl_json_string(doc, how->token_key);
  out->expires_ms = read_expiry(how, doc);
  if (!doc || !value || !*value)
    err = unexpected(tool, "token");
  else if (out->expires_ms < 0)
    err = unexpected(tool, "time of expiry that can be read");
  else if (!(out->value = azl_strdup(value)))
    err = azl_err_oom();
  azl_json_free(doc);
  return err;
}

/* The failure */

static struct azl_err *unavailable (enum azl_cli tool, const char *what,
                                    const char *hint) {
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, AZL_UNAVAILABLE, "%s %s",
                                    tools[tool].name, what);
  azl_err_set(err, hint, hint);
  return err;
}

struct azl_err *azl_cli_not_installed (enum azl_cli tool) {
  return unavailable(tool, "was not found", tools[tool].install);
}

static bool is_token_char (char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || (c && strchr("-._~+=", c));
}

/* Length of an escape sequence at `at` ("ESC [ ... letter"), or 0: PowerShell
   writes its errors in colours. */
static size_t escape_length (const char *at) {
  size_t len;
  if (at[0] != '\033' || at[1] != '[') return 0;
  len = 2 + strspn(at + 2, "0123456789;");
  return at[len] ? len + 1 : len;
}

/* One line of at most MAX_WORDS characters, without control characters and
   without anything that could be a token. */
static bool quote_words (struct azl_buf *buf, const char *text) {
  bool blank = true, ok = true;
  while (ok && *text && buf->len < MAX_WORDS) {
    size_t run = 0, escape = escape_length(text);
    while (is_token_char(text[run])) run++;
    if (escape) {
      text += escape;
    } else if (run) {
      ok = run >= MIN_SECRET_RUN ? azl_buf_add_str(buf, "REDACTED")
                                 : azl_buf_add(buf, text, run);
      blank = false;
      text += run;
    } else {
      bool is_blank = (unsigned char)*text <= ' ' || *text == 127;
      if (!is_blank) ok = azl_buf_add(buf, text, 1);
      if (is_blank && !blank) ok = azl_buf_add(buf, " ", 1);
      blank = is_blank;
      text++;
    }
  }
  while (buf->len && buf->data[buf->len - 1] == ' ')
    buf->data[--buf->len] = '\0';
  return ok;
}

/* azd says what went wrong as JSON lines: {"data":{"message":".."}}. */
static struct json_t *console_message (const char *text) {
  size_t len = strcspn(text, "\n");
  struct json_t *doc = *text == '{' ? azl_json_parse(text, len) : NULL;
  if (doc && azl_json_string(doc, "data.message")) return doc;
  azl_json_free(doc);
  return NULL;
}

/* The rule that explains the text, or NULL. */
static const struct rule *find_rule (enum azl_cli tool, const char *text) {
  size_t i;
  for (i = 0; i < sizeof rules / sizeof rules[0]; i++) {
    const char *first = strstr(text, rules[i].words[0]);
    if (rules[i].tool == tool && first && strstr(first, rules[i].words[1]))
      return &rules[i];
  }
  return NULL;
}

static void set_hint (struct azl_err *err, enum azl_cli tool,
                      enum meaning meaning, const char *scope) {
  static const char *const again[] = {"az login --scope ",
                                      "azd auth login --scope ",
                                      "Connect-AzAccount -AuthScope "};
  char *hint = meaning == TOO_OLD
                   ? azl_format("update %s", tools[tool].program)
                   : azl_format("run '%s%s'", again[tool], scope);
  azl_err_set(err, hint, hint);
  azl_free(hint);
}

/* The tool's own words. */
static struct azl_err *complaint (enum azl_cli tool,
                                  const struct azl_cli_end *end,
                                  const char *text, const char *code) {
  const struct tool *how = &tools[tool];
  struct azl_err *err;
  struct azl_buf words;
  azl_buf_init(&words, MAX_WORDS * 2);
  if (end->signal)
    err = azl_err_new(AZL_ERR_AUTH, "ToolFailed", "%s was ended by signal %d",
                      how->name, end->signal);
  else if (!quote_words(&words, text))
    err = azl_err_oom();
  else
    err = azl_err_new(AZL_ERR_AUTH, *code ? code : "ToolFailed",
                      words.len ? "%s ended with code %d: %s"
                                : "%s ended with code %d and no explanation%s",
                      how->name, end->exit_code, words.len ? words.data : "");
  azl_buf_free_secret(&words);
  return err;
}

struct azl_err *azl_cli_failure (enum azl_cli tool, const char *scope,
                                 const struct azl_cli_end *end) {
  const char *text = end->text ? end->text : "";
  struct json_t *message = console_message(text);
  char code[AZL_AADSTS_BYTES];
  const struct rule *rule;
  struct azl_err *err;
  if (message) text = azl_json_string(message, "data.message");
  (void)azl_aadsts_find(text, code);
  rule = find_rule(tool, text);
  /* An AADSTS code is Entra's own answer: somebody has signed in. */
  if (end->exit_code == 127 || (rule && rule->meaning == NOT_INSTALLED)) {
    err = azl_cli_not_installed(tool);
  } else if (rule && rule->meaning == NOT_SIGNED_IN && !*code) {
    err = unavailable(tool, "has nobody signed in", tools[tool].sign_in);
  } else {
    err = complaint(tool, end, text, code);
    azl_err_set(err, hint, azl_entra_hint(code));
    if (rule) set_hint(err, tool, rule->meaning, scope);
  }
  azl_json_free(message);
  return err;
}
