#ifndef AZL_CRED_H
#define AZL_CRED_H

#include "token.h"

/* Constructors. Strings are copied. NULL back: *out_err says why (the caller
   owns it). Tenant ids must match ^[0-9a-zA-Z-.]+$. authority is
   "https://login.microsoftonline.com" where NULL. */
struct azl_cred *azl_cred_static (struct azl_loop *loop, const char *token,
                                  int64_t expires_wall_ms);

struct azl_cred_app {
  const char *tenant_id, *client_id, *authority;
  const char *additionally_allowed_tenants; /* ';' separated, "*" for all */
  bool single_tenant; /* asks only its own, whatever is requested */
  bool no_cae;        /* tokens for services that cannot revoke one: they live
                         an hour, not a day */
};
struct azl_cred *azl_cred_secret (struct azl_loop *loop,
                                  const struct azl_cred_app *app,
                                  const char *client_secret,
                                  struct azl_err **out_err);

/* path or pem: PEM or PKCS#12, a private RSA key with its certificate. It is
   read again at each fetch, so a renewed file is used and no key stays in
   memory. */
struct azl_cred_key {
  const char *path;
  const void *data; /* instead of path */
  size_t data_len;
  const char *password; /* NULL: none */
  bool send_chain;      /* x5c, for subject name and issuer authentication */
};
struct azl_cred *azl_cred_certificate (struct azl_loop *loop,
                                       const struct azl_cred_app *app,
                                       const struct azl_cred_key *key,
                                       struct azl_err **out_err);

/* The assertion is the content of a file, which somebody keeps fresh. */
struct azl_cred *azl_cred_workload (struct azl_loop *loop,
                                    const struct azl_cred_app *app,
                                    const char *token_file_path,
                                    struct azl_err **out_err);

/* The assertion is what `source` (referenced) gives as a token, asked anew for
   each token. */
struct azl_cred *azl_cred_assertion (struct azl_loop *loop,
                                     const struct azl_cred_app *app,
                                     struct azl_cred *source,
                                     struct azl_err **out_err);

#endif
