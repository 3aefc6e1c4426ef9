#ifndef AZL_ARM_H
#define AZL_ARM_H

#include <stdbool.h>
#include <stdint.h>
#include "http.h"
#include "log.h"
#include "retry.h"
#include "token.h"

/* One Azure Resource Manager endpoint with a credential. Each call: token,
   request id, User-Agent, pacing, send, retry, errors. */
struct azl_arm;

struct azl_arm_config {
  const char *endpoint;   /* origin, e.g. "https://management.azure.com" */
  const char *scope;      /* NULL: endpoint + "/.default" */
  struct azl_cred *cred;  /* NULL: no Authorization; referenced */
  const char *user_agent; /* NULL: our own; else used as it is */
  struct azl_retry retry;
  int64_t timeout_ms;       /* of one call with all its tries */
  int64_t poll_interval_ms; /* 0: the server's, else 2 s growing to 30 s */
  struct azl_http_config http;
  int log_level;               /* azl_log_level or -1 */
  bool no_throttle;            /* do not pace */
  bool no_register;            /* leave resource providers unregistered */
  const char *subscription_id; /* to register with where a URL names none */
};

/* What a call sends of its own where the caller's headers do not name it. */
enum azl_arm_field {
  AZL_FIELD_AUTHORIZATION = 1,
  AZL_FIELD_CONTENT_TYPE = 2,
  AZL_FIELD_REQUEST_ID = 4, /* x-ms-client-request-id */
  AZL_FIELD_ACCEPT = 8,
  AZL_FIELD_ACCEPT_ENCODING = 16,
  AZL_FIELD_USER_AGENT = 32
};

struct azl_arm_request {
  const char *method;
  const char *url; /* absolute, at the endpoint's origin, sent byte for byte */
  const struct azl_headers *headers; /* an Authorization replaces ours */
  unsigned omit; /* azl_arm_field: do not send these at all */
  const void *body;
  size_t body_len;     /* body NULL: none. Content-Type: application/json unless
                          headers say otherwise */
  int64_t deadline_ms; /* -1: timeout_ms from now */
  int max_retries;     /* -1: the policy's */
  bool safe_to_repeat; /* a POST that may be sent twice */
  bool any_status;   /* done with every HTTP status, error statuses included */
  bool any_redirect; /* done with a 3xx that is nowhere to be followed to */
  bool anonymous;    /* send no token: then any origin is allowed */
  bool no_register;  /* even where the client does */
  int64_t register_deadline_ms; /* where that is later than deadline_ms */
};

struct azl_arm *azl_arm_new (struct azl_loop *loop,
                             const struct azl_arm_config *config,
                             struct azl_err **out_err);
struct azl_arm *azl_arm_ref (struct azl_arm *arm);
void azl_arm_unref (struct azl_arm *arm);
/* Cancels the operations of this client. Idempotent. */
void azl_arm_close (struct azl_arm *arm);

/* Starts a call. Done: 2xx (more with any_status, any_redirect). Failed: kind
   "service" with Azure's own code for error statuses, or what kept an answer
   from coming. NULL: out of memory. */
struct azl_op *azl_arm_send (struct azl_arm *arm,
                             const struct azl_arm_request *request);

/* The last answer of a call that is not pending any more; NULL where none
   came. Borrowed. */
struct azl_http_response *azl_arm_result (struct azl_op *op);

struct azl_loop *azl_arm_loop (struct azl_arm *arm);
struct azl_log *azl_arm_log (struct azl_arm *arm);
struct azl_http *azl_arm_http (struct azl_arm *arm);
const char *azl_arm_endpoint (const struct azl_arm *arm);
int64_t azl_arm_poll_interval_ms (const struct azl_arm *arm);
int64_t azl_arm_timeout_ms (const struct azl_arm *arm);

/* Facts of a call for reports: ids and attempts. Borrowed strings. */
struct azl_arm_facts {
  const char *client_request_id, *request_id, *correlation_id;
  int attempts;
  bool maybe_done; /* an attempt before the last one may have got through */
};
void azl_arm_facts (struct azl_op *op, struct azl_arm_facts *out);

#endif
