#ifndef AZL_LRO_ANSWER_H
#define AZL_LRO_ANSWER_H

#include "json.h"
#include "lro_brief.h"
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

/* A body as JSON. */
struct azl_lro_body {
  bool there;
  struct json_t *doc;         /* NULL: brief says it all */
  struct azl_lro_brief brief; /* where it is there without a doc */
};

/* false: it must be JSON, or says that it is, and is not; it is not there then.
   What is in out needs azl_lro_body_free in any case. */
bool azl_lro_body_read (const struct azl_lro_answer *answer, bool must_be_json,
                        struct azl_lro_body *out);
void azl_lro_body_free (struct azl_lro_body *body);

/* The top-level status; *out_word is NULL where there is none. false: it is
   there but not a string. */
bool azl_lro_status (const struct azl_lro_body *body, const char **out_word);

/* properties.provisioningState or provisioningState; NULL without. Borrowed, as
   what the next one gives. */
const char *azl_lro_provisioning_state (const struct azl_lro_body *body);
const char *azl_lro_resource_location (const struct azl_lro_body *body);

/* percentComplete, or -1. */
double azl_lro_percent (const struct azl_lro_body *body);

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
