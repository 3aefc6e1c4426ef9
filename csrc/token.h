#ifndef AZL_TOKEN_H
#define AZL_TOKEN_H

#include "fetch.h"

void azl_token_clear (struct azl_token *token); /* wipes */

void azl_cred_init (struct azl_cred *cred, const struct azl_cred_class *cls,
                    struct azl_loop *loop);
/* Network settings, copied. A credential that was given none takes those of
   the first client that uses it. false: out of memory. */
AZL_MUST_CHECK bool azl_cred_network (struct azl_cred *cred,
                                      const struct azl_http_config *config,
                                      bool only_if_unset);
struct azl_http *azl_cred_http (struct azl_cred *cred); /* borrowed, or NULL */
struct azl_cred *azl_cred_ref (struct azl_cred *cred);
void azl_cred_unref (struct azl_cred *cred);
/* Cancels fetches and forgets (wipes) cached tokens. Idempotent. */
void azl_cred_close (struct azl_cred *cred);
/* The part of it that token.c does. */
void azl_token_cache_close (struct azl_cred *cred);

/* A token from the cache or a fetch, with single flight: any number of callers
   cause one fetch. Refreshed in the background from 2 minutes before expiry
   (or its own refresh time), waited for only when it has under 1 s left; a
   failed refresh before expiry is swallowed and tried again after 3 s
   (tokenCycler of @azure/core-rest-pipeline). A new token that the local clock
   takes for expired is used for 10 s. Failures have kind "auth". */
struct azl_op *azl_cred_get (struct azl_cred *cred,
                             const struct azl_token_request *request);
/* The cached token when it can be used as it is; NULL: ask azl_cred_get.
   Borrowed until the loop turns. */
const struct azl_token *
azl_cred_cached (struct azl_cred *cred,
                 const struct azl_token_request *request);
/* The token of a done azl_cred_get or fetch operation. Borrowed. */
const struct azl_token *azl_token_result (struct azl_op *op);

#endif
