#ifndef AZL_CERTIFICATE_H
#define AZL_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include "err.h"

/* A private RSA key, its certificate, and the certificates above it. */
struct azl_certificate {
  EVP_PKEY *key;
  X509 *leaf;
  STACK_OF(X509) * chain; /* without the leaf; may be NULL */
  OSSL_LIB_CTX *context;  /* what the key belongs to; NULL: the default */
  OSSL_PROVIDER *providers[2];
};

/* Reads PEM (key and certificates in any order) or PKCS#12. password may be
   NULL. NULL: out is filled, azl_certificate_free frees it. */
AZL_MUST_CHECK struct azl_err *
azl_certificate_read (const void *data, size_t len, const char *password,
                      struct azl_certificate *out);
void azl_certificate_free (struct azl_certificate *certificate);

#endif
