#ifndef AZL_ENTRA_H
#define AZL_ENTRA_H

#include "buf.h"
#include "fetch.h"
#include "token.h"

/* Requests to Microsoft Entra ID (and ADFS). */

/* Appends "name=value" to a form body, "&" between fields, value escaped
   exactly once. NULL value: nothing is added. */
AZL_MUST_CHECK bool azl_form_add (struct azl_buf *form, const char *name,
                                  const char *value);

/* Posts a form with the identity SDKs' retries: three, on 408, 429, 5xx and
   lost connections, Retry-After obeyed within two minutes or the deadline
   (0 or less: none). Takes the form's bytes and wipes them. Done with any
   final answer; failed (kind auth) when none came. NULL: out of memory. */
struct azl_op *azl_entra_post (struct azl_cred *cred, const char *url,
                               struct azl_buf *form, int64_t deadline_ms);

/* The answer of a done azl_entra_post, borrowed (NULL: there is none), how
   many tries it took, and who asked. */
struct azl_http_response *azl_entra_result (struct azl_op *post);
int azl_entra_attempts (const struct azl_op *post);
struct azl_cred *azl_entra_cred (const struct azl_op *post);
/* What was posted: secret. */
const struct azl_buf *azl_entra_form (const struct azl_op *post);

/* The error of an answer that is no 2xx: kind auth, code "AADSTS..." where
   there is one, trace and correlation ids, a hint. OAuth's own error word goes
   into `target`. Secrets of the form that the answer repeats are taken out.
   Never NULL. */
struct azl_err *azl_entra_error (struct azl_op *post);

/* Ends a fetch with what a finished azl_entra_post brought: token or error. */
void azl_entra_settle (struct azl_fetch *fetch, struct azl_op *post);

/* The refresh token of an answer, or NULL: there is none, or no memory. A
   secret; the caller frees it with azl_free_secret. */
AZL_MUST_CHECK char *azl_entra_refresh_token (struct azl_op *post);

/* What to do about an AADSTS code ("AADSTS7000215"), or NULL. */
const char *azl_entra_hint (const char *code);

/* The claims parameter of a token request: the claims of a challenge (may be
   NULL) with our capability merged in (cp1: continuous access evaluation),
   where the token may have it. NULL: the challenge is no JSON object (*out_bad
   set), or out of memory. */
AZL_MUST_CHECK char *azl_entra_claims (const char *challenge, bool capable,
                                       bool *out_bad);

#endif
