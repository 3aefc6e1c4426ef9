#ifndef AZL_REDACT_H
#define AZL_REDACT_H

#include <stdbool.h>
#include "buf.h"
#include "err.h"

/* Keeps what we sent out of what a server said: some echo the request. */

/* A copy of text with REDACTED wherever it spells the secret: as it is,
   percent-encoded, or escaped for JSON or HTML; also the beginning of it, where
   an echo was cut off. Secrets of under 4 bytes are no secrets: they are in
   every text. NULL: text is NULL, or out of memory. */
AZL_MUST_CHECK char *azl_redact (const char *text, const char *secret);

/* The same for every text of an error and of what led to it. What cannot be
   copied is dropped. */
void azl_err_redact (struct azl_err *err, const char *secret);

/* The same for all values of a form ("name=value&...", escaped) that are
   secrets: client_secret, client_assertion, refresh_token, device_code, code.
   Takes err and gives it back, or an out-of-memory error instead. */
AZL_MUST_CHECK struct azl_err *azl_err_redact_form (struct azl_err *err,
                                                    const struct azl_buf *form);

#endif
