#ifndef AZL_MANAGED_H
#define AZL_MANAGED_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "http.h"

/* Managed identity as pure functions: which source an environment has, what
   to send it, what its answers mean. Sources in the order of detection
   (@azure/msal-node 5.6.0). */
enum azl_managed_source {
  AZL_MANAGED_SERVICE_FABRIC,
  AZL_MANAGED_APP_SERVICE,
  AZL_MANAGED_MACHINE_LEARNING,
  AZL_MANAGED_CLOUD_SHELL,
  AZL_MANAGED_ARC,
  AZL_MANAGED_IMDS
};

/* The environment variables that decide. NULL or "": not set. */
struct azl_managed_env {
  const char *identity_endpoint, *identity_header, *identity_server_thumbprint;
  const char *imds_endpoint, *msi_endpoint, *msi_secret;
  const char *pod_identity_authority_host; /* AZURE_POD_IDENTITY_... */
  const char *default_identity_client_id;
  bool has_himds; /* the agent of Azure Arc is installed */
};

/* Which identity: at most one; none means the system-assigned one. */
struct azl_managed_id {
  const char *client_id, *object_id, *resource_id;
};

enum azl_managed_source azl_managed_source (const struct azl_managed_env *env);
const char *azl_managed_source_name (enum azl_managed_source source);

/* NULL: this identity can be asked of this source. */
struct azl_err *azl_managed_check (enum azl_managed_source source,
                                   const struct azl_managed_env *env,
                                   const struct azl_managed_id *id);

/* One request. Freed by azl_managed_call_free, which wipes. */
struct azl_managed_call {
  const char *method;
  struct azl_buf url, body; /* body.data NULL: none */
  struct azl_headers headers;
};
/* revoked_sha256: hex, of the token that a claims challenge refused, or NULL.
   false: out of memory. */
AZL_MUST_CHECK bool azl_managed_call (enum azl_managed_source source,
                                      const struct azl_managed_env *env,
                                      const struct azl_managed_id *id,
                                      const char *resource,
                                      const char *revoked_sha256,
                                      struct azl_managed_call *out);
/* IMDS without "Metadata" and query: no service takes it for more than it is,
   a question whether anybody is there. */
AZL_MUST_CHECK bool azl_managed_probe (const struct azl_managed_env *env,
                                       struct azl_managed_call *out);
void azl_managed_call_free (struct azl_managed_call *call);

#endif
