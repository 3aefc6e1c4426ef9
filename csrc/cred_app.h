#ifndef AZL_CRED_APP_H
#define AZL_CRED_APP_H

#include <stdbool.h>
#include "buf.h"
#include "cred.h"

/* What credentials of an application share: who it is, where its tenant's
   token endpoint is, which tenants it may ask. */
struct azl_app {
  char *tenant_id, *client_id;
  char *authority; /* without a slash at the end */
  char *allowed;   /* additionally allowed tenants */
  bool single_tenant, no_cae;
  bool adfs;
};

/* Copies and checks. NULL: fine; else what is wrong (kind auth) and nothing
   is held. */
AZL_MUST_CHECK struct azl_err *azl_app_init (struct azl_app *app,
                                             const char *cred_name,
                                             const struct azl_cred_app *from);
void azl_app_free (struct azl_app *app);

/* ^[0-9a-zA-Z-.]+$ */
bool azl_tenant_valid (const char *tenant_id);

/* The tenant to ask: `requested` where it is allowed, `own` where none is
   requested or single_tenant. allowed: ';' separated, "*" for all, NULL for
   none. NULL: *out_err says why not. Borrowed from the arguments. */
const char *azl_tenant_choose (const char *own, const char *allowed,
                               bool single_tenant, const char *requested,
                               struct azl_err **out_err);

/* "https://login.../tenant/oauth2/v2.0/<leaf>"; "/adfs/oauth2/<leaf>" for
   ADFS. NULL: out of memory. The caller frees. */
AZL_MUST_CHECK char *azl_app_url (const struct azl_app *app, const char *tenant,
                                  const char *leaf);

/* A form with client_id, scope and claims. NULL: fine, else what is wrong. */
AZL_MUST_CHECK struct azl_err *
azl_app_form (const struct azl_app *app,
              const struct azl_token_request *request,
              struct azl_buf *out_form);

/* Posts the form (taken over) to the tenant's token endpoint and ends the
   fetch with the answer. */
void azl_app_ask (struct azl_fetch *fetch, const struct azl_app *app,
                  const char *tenant, struct azl_buf *form,
                  int64_t deadline_ms);

/* The client credentials grant with the credential added by the caller: as
   "client_secret" or, with assertion, as "client_assertion". */
void azl_app_ask_with (struct azl_fetch *fetch, const struct azl_app *app,
                       const struct azl_token_request *request,
                       const char *tenant, const char *secret,
                       const char *assertion);

#endif
