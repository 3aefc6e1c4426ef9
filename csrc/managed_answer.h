#ifndef AZL_MANAGED_ANSWER_H
#define AZL_MANAGED_ANSWER_H

#include "managed.h"

/* Milliseconds until the next try, or -1. number counts from 1; status 0: no
   answer; jitter is in [0.8, 1.3]. IMDS: 5 retries, and 410 (it is being
   updated) is waited out for 70 s at least. Others: 3 retries, 1 s. */
int64_t azl_managed_retry_ms (enum azl_managed_source source, int number,
                              int status, int64_t retry_after_ms,
                              double jitter);

/* Whether an answer to the probe comes from IMDS: any does, but the 403 of
   Docker Desktop's gateway. */
bool azl_managed_is_present (int status, const char *body);

struct azl_managed_answer {
  char *value;                    /* secret */
  int64_t expires_ms, refresh_ms; /* wall clock; refresh 0: no wish */
};
/* A token, or why there is none. NULL: out is filled. */
struct azl_err *azl_managed_read (enum azl_managed_source source,
                                  const struct azl_managed_id *id,
                                  struct azl_http_response *response,
                                  int64_t wall_ms,
                                  struct azl_managed_answer *out);
/* Whether somebody else than the pinned server answers: nothing to try again,
   or for a chain to pass over in silence. */
bool azl_managed_is_impostor (const struct azl_err *cause);
/* No answer at all: what the transfer said, as this credential's failure. */
struct azl_err *azl_managed_no_answer (enum azl_managed_source source,
                                       const struct azl_err *cause);

#endif
