#ifndef AZL_FAKE_ARM_H
#define AZL_FAKE_ARM_H

#include "arm.h"

/* Stands in for arm.c: answers from a script, sends nothing. */
#define FAKE_ENDPOINT "https://management.azure.com"

struct fake_reply {
  int status;          /* 0: the connection is lost */
  const char *headers; /* lines "Name: value", separated by LF; or NULL */
  const char *body;
  enum azl_err_kind kind; /* of the failure when status is 0 */
  bool hangs;             /* never answers */
  bool at_once;           /* answered before azl_arm_send returns */
};

#define REPLY(code, lines, text)                                               \
  { .status = code, .headers = lines, .body = text }
#define REPLY_AT_ONCE(code, lines, text)                                       \
  { .status = code, .headers = lines, .body = text, .at_once = true }
#define REPLY_NEVER                                                            \
  { .hangs = true }
#define REPLY_LOST                                                             \
  { .kind = AZL_ERR_TRANSPORT }

struct azl_arm *fake_arm_new (struct azl_loop *loop,
                              const struct fake_reply *replies, int count);

/* "GET https://..." of the request number index, or NULL. */
const char *fake_arm_sent (const struct azl_arm *arm, int index);
int fake_arm_count (const struct azl_arm *arm);

/* Loop time at which a request was sent. */
int64_t fake_arm_sent_ms (const struct azl_arm *arm, int index);

/* The headers of the last request, "Name: value" lines. */
const char *fake_arm_last_headers (const struct azl_arm *arm);

/* The last request's settings; its pointers are dead. */
const struct azl_arm_request *fake_arm_last (const struct azl_arm *arm);

/* Calls that exist: a parked operation must hold none. */
int fake_arm_calls (const struct azl_arm *arm);
void fake_arm_configure (struct azl_arm *arm, int64_t poll_interval_ms,
                         int64_t timeout_ms);

#endif
