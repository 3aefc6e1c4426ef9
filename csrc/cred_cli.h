#ifndef AZL_CRED_CLI_H
#define AZL_CRED_CLI_H

#include "cli_tool.h"
#include "token.h"

/* Strings are copied; all may be NULL. */
struct azl_cred_cli_config {
  const char *tenant_id;                    /* NULL: the tool's own choice */
  const char *additionally_allowed_tenants; /* ';' separated, "*" for all */
  bool single_tenant;       /* asks only its own, whatever is requested */
  const char *subscription; /* az only */
  const char *search_path;  /* where the tool is; NULL: PATH of the process */
  const char *environment;  /* the tool's: "NAME=value" and a zero byte, again
                               and again; NULL: that of the process */
  size_t environment_bytes; /* with all zero bytes */
  int64_t timeout_ms;       /* 0: 13 s, as azidentity for Go and Python */
};

/* The signed-in user of az, azd or Azure PowerShell. The tool runs on the
   loop, in /bin and not in the script's folder, without the secrets that the
   environment may have for others. Not installed or nobody signed in fails
   with AZL_UNAVAILABLE. NULL: *out_err says why. */
struct azl_cred *azl_cred_cli (struct azl_loop *loop, enum azl_cli tool,
                               const struct azl_cred_cli_config *config,
                               struct azl_err **out_err);

#endif
