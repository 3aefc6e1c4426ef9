#ifndef AZL_CLI_TOOL_H
#define AZL_CLI_TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"

/* The command line tools that can hand out a token, as text in and text out:
   what to run for one, how to read the answer, what a failure means. Nothing
   here runs anything. */
enum azl_cli { AZL_CLI_AZ, AZL_CLI_AZD, AZL_CLI_PWSH };

/* What is wanted. Borrowed; all but scope may be NULL. */
struct azl_cli_want {
  const char *scope, *tenant_id, *subscription;
  const char *claims; /* decoded claims challenge */
};

/* A command line. argv points into owned, at literals, and into the want. */
enum { AZL_CLI_MAX_ARGS = 20 };
struct azl_cli_command {
  const char *argv[AZL_CLI_MAX_ARGS];
  char *owned[2];
};

/* The answer. value is a secret; the caller frees it with azl_free_secret. */
struct azl_cli_answer {
  char *value;
  int64_t expires_ms; /* wall clock */
};

/* How it ended. text is what it wrote to stderr. */
struct azl_cli_end {
  int exit_code, signal;
  const char *text;
};

/* "AzureCliCredential" ... */
const char *azl_cli_class_name (enum azl_cli tool);

/* The credential, not the tool, has to decide about claims: NULL when they
   can be passed on, else an error of that code with the command that satisfies
   them. */
#define AZL_CLAIMS_CHALLENGE "ClaimsChallenge"
struct azl_err *azl_cli_claims_error (enum azl_cli tool,
                                      const struct azl_cli_want *want);

/* NULL when every value is of the strict pattern that keeps it from being an
   option or a piece of a script. */
struct azl_err *azl_cli_check (const struct azl_cli_want *want);

/* false: out of memory. Freed by azl_cli_command_free in both cases. */
AZL_MUST_CHECK bool azl_cli_command (enum azl_cli tool,
                                     const struct azl_cli_want *want,
                                     struct azl_cli_command *out);
void azl_cli_command_free (struct azl_cli_command *command);

/* Reads stdout of a tool that ended well. NULL: out is filled. */
struct azl_err *azl_cli_read (enum azl_cli tool, const char *text, size_t len,
                              struct azl_cli_answer *out);

/* What the end of a tool without a token means: code AZL_UNAVAILABLE when it
   is not installed or nobody has signed in, else the AADSTS code or
   "ToolFailed". Secrets in the text are left out. Never NULL. */
struct azl_err *azl_cli_failure (enum azl_cli tool, const char *scope,
                                 const struct azl_cli_end *end);

/* Not installed; the same answer for a program that is not on PATH. */
struct azl_err *azl_cli_not_installed (enum azl_cli tool);

#endif
