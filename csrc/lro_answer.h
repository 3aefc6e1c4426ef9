#ifndef AZL_LRO_ANSWER_H
#define AZL_LRO_ANSWER_H

#include "json.h"
#include "lro_decide.h"

/* Reading one answer: what its body says about the operation. */
enum azl_lro_verdict {
  AZL_LRO_RUNNING,
  AZL_LRO_SUCCEEDED,
  AZL_LRO_FAILED,
  AZL_LRO_CANCELED
};

/* Of a status word in any casing; unknown words mean running. word NULL or "":
   by HTTP status, 202 is running and other 2xx are the end. */
enum azl_lro_verdict azl_lro_verdict (const char *word, int http_status);

/* The body as JSON, to be freed by the caller; NULL with *broken false when
   there is none. A body that must be JSON (or says that it is) and is not sets
   *broken. */
struct json_t *azl_lro_body (const struct azl_lro_answer *answer,
                             bool must_be_json, bool *broken);

/* The top-level status; *out_word is NULL where there is none. false: it is
   there but not a string. */
bool azl_lro_status (const struct json_t *doc, const char **out_word);

/* properties.provisioningState or provisioningState; NULL without. */
const char *azl_lro_provisioning_state (const struct json_t *doc);

/* percentComplete, or -1. */
double azl_lro_percent (const struct json_t *doc);

/* Where in the text of a valid JSON object the value of a key of its first
   level lies. false: no such key, or its value is null. */
bool azl_lro_member (const char *text, size_t len, const char *key,
                     size_t *out_at, size_t *out_len);

/* The failure that a Failed or Canceled operation reports, with the service's
   own code and message wherever the body has them (lro_failure.c). */
struct azl_err *azl_lro_operation_error (const struct azl_lro_answer *answer,
                                         const char *word,
                                         enum azl_lro_verdict verdict);

/* Makes an error the operation's own: its kind, and what to do then. */
void azl_lro_mark_failed (struct azl_err *err);

#endif
