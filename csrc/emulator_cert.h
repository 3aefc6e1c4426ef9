#ifndef AZL_EMULATOR_CERT_H
#define AZL_EMULATOR_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include "mem.h"

/* A fresh authority and one certificate that it signed, good for localhost,
   127.0.0.1 and ::1, for ten days. Strings are PEM and owned. */
struct azl_test_certs {
  char *ca_pem, *cert_pem, *key_pem;
};

/* false: libcrypto refused or no memory; nothing is owned then. */
AZL_MUST_CHECK bool azl_test_certs_make (struct azl_test_certs *out);
void azl_test_certs_free (struct azl_test_certs *certs);

enum { AZL_SHA1_BYTES = 20, AZL_SHA256_BYTES = 32 };

/* Both digests of a PEM certificate's DER form. false: not a certificate. */
AZL_MUST_CHECK bool azl_cert_digests (const char *pem, size_t len,
                                      unsigned char *out_sha1,
                                      unsigned char *out_sha256);

/* Does the signature over data fit the certificate's RSA key? pss: PS256,
   otherwise RS256. */
bool azl_cert_verifies (const char *pem, size_t pem_len, bool pss,
                        const void *data, size_t data_len,
                        const void *signature, size_t signature_len);

#endif
