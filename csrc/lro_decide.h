#ifndef AZL_LRO_DECIDE_H
#define AZL_LRO_DECIDE_H

#include "lro.h"

/* What a long-running operation knows, and the decisions about it: pure. */
enum azl_lro_method {
  AZL_LRO_GET, /* and whatever else has no rules of its own */
  AZL_LRO_PUT,
  AZL_LRO_PATCH,
  AZL_LRO_POST,
  AZL_LRO_DELETE,
  AZL_LRO_METHODS
};

enum azl_lro_mode {
  AZL_LRO_START,    /* no answer yet */
  AZL_LRO_ASYNC,    /* a status URL: azure-asyncoperation, operation-location */
  AZL_LRO_LOCATION, /* a result URL that answers 202 until it is there */
  AZL_LRO_BODY,     /* the resource itself, by its provisioningState */
  AZL_LRO_ENDED,    /* it ended with the first answer */
  AZL_LRO_MODES
};

struct azl_lro_state {
  enum azl_lro_method method;
  enum azl_lro_mode mode;
  enum azl_lro_final final;
  bool accepted; /* the first answer was 202 */
  bool empty;    /* it ended without anything to hand on */
  bool guessed;  /* poll came as a relative reference and never answered yet */
  char *url, *poll, *location; /* owned, absolute; first call, status, result */
};
void azl_lro_state_clear (struct azl_lro_state *state);

/* A 2xx answer; others fail. Borrowed. */
struct azl_lro_answer {
  int status;
  const struct azl_headers *headers;
  const char *body;
  size_t len;
};

enum azl_lro_next {
  AZL_LRO_WAIT,  /* ask again later */
  AZL_LRO_FETCH, /* GET step.fetch: its answer is the result */
  AZL_LRO_DONE,  /* step.result is the part of the body that is the result */
  AZL_LRO_GONE,  /* done, without any answer to hand on */
  AZL_LRO_FAIL   /* step.err */
};

struct azl_lro_step {
  enum azl_lro_next next;
  char *fetch;         /* owned */
  struct azl_err *err; /* owned */
  size_t result_at, result_len;
  char status[32]; /* the service's word, "" when it said none */
  double percent;  /* -1: not told */
};
void azl_lro_step_clear (struct azl_lro_step *step);

/* What an answer means. Updates the state's URLs and mode; endpoint is the
   origin that, beside that of the first call, may be asked. */
void azl_lro_decide (struct azl_lro_state *state,
                     const struct azl_lro_answer *answer, const char *endpoint,
                     struct azl_lro_step *out);

/* What a call that failed means: WAIT, GONE or FAIL. fetching: it was the
   fetch of the result. */
enum azl_lro_next azl_lro_trouble (const struct azl_lro_state *state,
                                   const struct azl_err *err, bool fetching);

/* The error to report for a failed call that ends the operation. */
struct azl_err *azl_lro_trouble_error (const struct azl_lro_state *state,
                                       const struct azl_err *err,
                                       bool fetching);

enum azl_lro_method azl_lro_method_of (const char *name);
const char *azl_lro_method_name (enum azl_lro_method method);

#endif
