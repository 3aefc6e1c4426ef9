#ifndef AZL_LRO_H
#define AZL_LRO_H

#include <stdbool.h>
#include <stdint.h>
#include "arm.h"

/* Long-running operations of Azure Resource Manager (ARM RPC: asynchronous
   operations; behaviour of @azure/core-lro where it says nothing). */
enum azl_lro_final {
  AZL_LRO_FINAL_DEFAULT,
  AZL_LRO_FINAL_ASYNC,    /* azure-async-operation, operation-location */
  AZL_LRO_FINAL_LOCATION, /* location */
  AZL_LRO_FINAL_ORIGINAL  /* original-uri */
};

struct azl_lro_request {
  struct azl_arm_request call; /* its deadline is that of the first call */
  enum azl_lro_final final;
  int64_t deadline_ms; /* of the whole operation, -1: 30 minutes */
};

/* The operation is done when the service says Succeeded and the final answer
   was fetched; failed with kind "operation" and the service's own error when
   it says Failed or Canceled, or when a Location ends with an error. 429, 5xx
   and lost connections while polling, the sign-in's too, are waited out; the
   last is the inner error of a PollingTimeout. Cancelling stops the waiting,
   not the work in Azure. */
struct azl_op *azl_lro_begin (struct azl_arm *arm,
                              const struct azl_lro_request *request);

/* Goes on from a resume token. NULL: *out_err tells (protocol: not a token of
   ours; refused: of another cloud, or of what cannot be known). deadline_ms -1:
   30 minutes. */
struct azl_op *azl_lro_resume (struct azl_arm *arm, const char *token,
                               int64_t deadline_ms, struct azl_err **out_err);

/* Cancels every operation of this client, parked ones included. */
void azl_lro_cancel_all (struct azl_arm *arm);

/* JSON text without any credential; NULL: out of memory. The caller frees. */
AZL_MUST_CHECK char *azl_lro_token (struct azl_op *op);

/* The final answer; NULL where there was none. Its body is the result: empty
   after a DELETE, and only the "result" or "properties" where a status body
   carried it. Borrowed. */
struct azl_http_response *azl_lro_result (struct azl_op *op);

/* For progress: the service's last status word ("Running"), how often it was
   asked, and percentComplete or -1. Borrowed. */
struct azl_lro_progress {
  const char *status;
  int polls;
  double percent;
  int64_t next_poll_ms;     /* loop time; -1: a call is under way */
  const char *method, *url; /* of the first call; not redacted */
};
void azl_lro_progress (struct azl_op *op, struct azl_lro_progress *out);
/* The call that is last in the operation: for request ids. May be NULL. */
struct azl_op *azl_lro_last_call (struct azl_op *op);

#endif
