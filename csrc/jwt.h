#ifndef AZL_JWT_H
#define AZL_JWT_H

#include <stdbool.h>
#include <stdint.h>
#include "certificate.h"

/* What a client assertion (RFC 7523) says. */
struct azl_assertion {
  const char *client_id; /* iss and sub */
  const char *audience;  /* the token endpoint */
  const char *jti;       /* never used before */
  int64_t now_s;         /* nbf; it lives for AZL_ASSERTION_LIFE_S */
  bool send_chain;       /* x5c */
  bool sha1;             /* RS256 with x5t, which ADFS wants; else PS256 with
                            x5t#S256 */
};

enum { AZL_ASSERTION_LIFE_S = 600 };

/* The signed assertion. NULL: *out_err says why. The caller frees it with
   azl_free_secret. */
AZL_MUST_CHECK char *azl_jwt_sign (const struct azl_certificate *certificate,
                                   const struct azl_assertion *assertion,
                                   struct azl_err **out_err);

#endif
