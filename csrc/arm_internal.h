#ifndef AZL_ARM_INTERNAL_H
#define AZL_ARM_INTERNAL_H

#include "arm.h"
#include "rand.h"
#include "throttle.h"

#define AZL_ID_FIELD "x-ms-client-request-id"
enum { AZL_ID_AT = sizeof(AZL_ID_FIELD ": ") - 1 }; /* where its value begins */

struct azl_arm {
  struct azl_loop *loop;
  unsigned refs;
  bool closed;
  size_t origin_len; /* of the endpoint; 0: it has a path */
  char *endpoint, *scope, *user_agent_line, *subscription_id;
  struct azl_cred *cred;
  struct azl_http *http;
  struct azl_throttle *throttle; /* NULL: no pacing */
  struct azl_log log;
  struct azl_retry retry;
  int64_t timeout_ms, poll_interval_ms;
  bool no_register;
  struct azl_list calls; /* under way */
  struct azl_uuid_pool ids;
};

/* One call on its way: pace, token, send, then perhaps again. */
struct azl_call {
  struct azl_op op;
  struct azl_arm *arm;
  struct azl_list node; /* in arm->calls */
  struct azl_timer timer;
  struct azl_op *child; /* token or transfer; the last transfer stays as the
                           holder of the answer */
  struct azl_headers headers; /* the caller's */
  unsigned omit;              /* azl_arm_field */
  char *block; /* the texts of the request, as it came; wiped: a URL may be
                  signed, a body may hold a secret */
  const char *method, *url, *body;
  char *redirect_url; /* url, once it was redirected */
  size_t origin_len;  /* of the URL, while it is the endpoint's; 0: another */
  size_t block_bytes, body_len;
  char *claims; /* of a challenge that is being answered */
  char id_line[AZL_ID_AT + AZL_UUID_BYTES];    /* unless the caller has one */
  char *kept_request_id, *kept_correlation_id; /* of the answer before */
  struct azl_err *missing; /* while the provider that it lacks is registered */
  int64_t deadline_ms, register_deadline_ms, started_ms;
  struct azl_turn turn; /* places in the pacing's queues */
  int max_retries, attempt, redirects, challenges, registrations;
  bool has_body, safe_to_repeat, any_status, any_redirect, anonymous,
      has_answer, no_register;
  bool maybe_done; /* an attempt before the last one may have got through */
  bool let_go;     /* counted by the pacing, whose end was not told yet */
};

/* Of this call: the caller's or ours; NULL: none is sent. Borrowed. */
const char *azl_call_client_request_id (const struct azl_call *call);

/* Of the last answer; NULL: it has none, or there was none. Borrowed from the
   answer, which lives until the call is sent again. */
const char *azl_call_request_id (const struct azl_call *call);
const char *azl_call_correlation_id (const struct azl_call *call);

/* Fills in who, where and which ids (arm_error.c). */
void azl_call_describe (const struct azl_call *call, struct azl_err *err);

/* The error of an error answer, with a hint for codes that users meet. */
struct azl_err *azl_call_service_error (const struct azl_call *call,
                                        const struct azl_http_response *got,
                                        int64_t retry_after_ms);

/* Whether our credential proves who calls (arm_answer.c). */
bool azl_call_signs (const struct azl_call *call);

/* Answers (arm_answer.c). Continuous access evaluation: a token was revoked,
   the challenge says what a new one must claim. true: the claims are noted. */
bool azl_call_challenged (struct azl_call *call,
                          const struct azl_http_response *got);
/* true: the call now leads to where the answer sent it. */
bool azl_call_redirected (struct azl_call *call,
                          const struct azl_http_response *got);
bool azl_call_accepts (const struct azl_call *call, int status);

/* Logging (arm_log.c): nothing happens below the client's level. */
void azl_call_log_request (struct azl_call *call,
                           const struct azl_http_request *request);
void azl_call_log_answer (struct azl_call *call,
                          const struct azl_http_response *got);
void azl_call_log_end (struct azl_call *call, const struct azl_err *err);

#endif
