#ifndef AZL_ERR_H
#define AZL_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mem.h"

/* X(constant, name as scripts see it) */
#define AZL_ERR_KINDS(X)                                                       \
  X(AUTH, "auth")                                                              \
  X(SERVICE, "service")                                                        \
  X(TRANSPORT, "transport")                                                    \
  X(TIMEOUT, "timeout")                                                        \
  X(CANCELLED, "cancelled")                                                    \
  X(PROTOCOL, "protocol")                                                      \
  X(OPERATION, "operation")                                                    \
  X(AMBIGUOUS, "ambiguous")                                                    \
  X(REFUSED, "refused")

enum azl_err_kind {
#define X(constant, name) AZL_ERR_##constant,
  AZL_ERR_KINDS(X)
#undef X
};

/* One failure. Every string is owned, may be NULL, and holds no secret: url
   is redacted by whoever sets it. */
struct azl_err {
  enum azl_err_kind kind;
  int status;             /* HTTP status; 0: no response came */
  int attempts;           /* 0: not counted */
  int64_t retry_after_ms; /* -1: the server sent none */
  bool permanent;         /* trying again will not help */
  char *code, *message, *target, *hint;
  char *method, *url;
  char *request_id, *correlation_id, *client_request_id;
  char *body; /* the error document as received, bounded; for `details` */
  struct azl_err *inner; /* owned; the failure that led to this one, or NULL */
};

/* Never NULL: when memory is short it is a static out-of-memory error, which
   azl_err_free and azl_err_set leave alone. message is printf style. */
struct azl_err *azl_err_new (enum azl_err_kind kind, const char *code,
                             const char *fmt, ...) AZL_PRINTF(3, 4);
struct azl_err *azl_err_oom (void);
struct azl_err *azl_err_copy (const struct azl_err *err);
void azl_err_free (struct azl_err *err);

/* Replaces one string member by a copy of text. A failure leaves NULL. */
#define azl_err_set(err, member, text)                                         \
  azl_err_set_at((err), offsetof(struct azl_err, member), (text))
void azl_err_set_at (struct azl_err *err, size_t offset, const char *text);

/* Keeps a copy of the failure that led to err; NULL: none. */
void azl_err_set_inner (struct azl_err *err, const struct azl_err *inner);

/* Makes the message plain (plain.h): it quotes a server's words. */
void azl_err_flatten (struct azl_err *err);

const char *azl_err_kind_name (enum azl_err_kind kind);

#endif
