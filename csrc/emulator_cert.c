/* Certificates of the emulator: those it serves TLS with, made at start so
   that no key is shipped, and those its Entra checks client assertions by. */
#include "emulator_cert.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
  X509_V3 = 2, /* the wire form counts from 0 */
  SERIAL_BITS = 120,
  BACKDATE_S = 24 * 60 * 60, /* other clocks may be slow */
  LIFETIME_S = 10 * 24 * 60 * 60
};

struct subject {
  X509 *cert;
  EVP_PKEY *key;
};

static bool add_extension (X509 *cert, X509 *issuer, int nid,
                           const char *value) {
  X509V3_CTX ctx;
  X509_EXTENSION *extension;
  bool ok;
  X509V3_set_ctx_nodb(&ctx);
  X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
  extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
  if (!extension) return false;
  ok = X509_add_ext(cert, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return ok;
}

static bool set_serial (X509 *cert) {
  BIGNUM *number = BN_new();
  bool ok = number &&
            BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
  BN_free(number);
  return ok;
}

static bool set_basics (const struct subject *s, X509 *issuer,
                        const char *common_name) {
  X509_NAME *name = X509_get_subject_name(s->cert);
  return X509_set_version(s->cert, X509_V3) && set_serial(s->cert) &&
         X509_gmtime_adj(X509_getm_notBefore(s->cert), -(long)BACKDATE_S) &&
         X509_gmtime_adj(X509_getm_notAfter(s->cert), LIFETIME_S) &&
         X509_set_pubkey(s->cert, s->key) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    (const unsigned char *)common_name, -1, -1,
                                    0) &&
         X509_set_issuer_name(s->cert, X509_get_subject_name(issuer));
}

static bool set_ca_extensions (X509 *cert) {
  return add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE") &&
         add_extension(cert, cert, NID_key_usage,
                       "critical,keyCertSign,cRLSign") &&
         add_extension(cert, cert, NID_subject_key_identifier, "hash");
}

static bool set_server_extensions (X509 *cert, X509 *issuer) {
  return add_extension(cert, issuer, NID_basic_constraints,
                       "critical,CA:FALSE") &&
         add_extension(cert, issuer, NID_ext_key_usage, "serverAuth") &&
         add_extension(cert, issuer, NID_authority_key_identifier, "keyid") &&
         add_extension(cert, issuer, NID_subject_alt_name,
                       "DNS:localhost,IP:127.0.0.1,IP:::1");
}

/* issuer NULL: an authority that signs itself. */
static bool make_subject (struct subject *out, const struct subject *issuer,
                          const char *common_name) {
  const struct subject *signer = issuer ? issuer : out;
  out->cert = X509_new();
  out->key = EVP_EC_gen("P-256");
  if (!out->cert || !out->key) return false;
  if (!set_basics(out, signer->cert, common_name)) return false;
  if (!(issuer ? set_server_extensions(out->cert, issuer->cert)
               : set_ca_extensions(out->cert)))
    return false;
  return X509_sign(out->cert, signer->key, EVP_sha256()) > 0;
}

static void free_subject (struct subject *s) {
  X509_free(s->cert);
  EVP_PKEY_free(s->key);
}

static char *take_text (BIO *bio) {
  char *bytes = NULL;
  long len = BIO_get_mem_data(bio, &bytes);
  return len > 0 ? azl_strndup(bytes, (size_t)len) : NULL;
}

static char *cert_to_pem (X509 *cert) {
  BIO *bio = BIO_new(BIO_s_mem());
  char *pem = NULL;
  if (bio && PEM_write_bio_X509(bio, cert)) pem = take_text(bio);
  BIO_free(bio);
  return pem;
}

static char *key_to_pem (EVP_PKEY *key) {
  BIO *bio = BIO_new(BIO_s_mem());
  char *pem = NULL;
  if (bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
    pem = take_text(bio);
  BIO_free(bio);
  return pem;
}

bool azl_test_certs_make (struct azl_test_certs *out) {
  struct subject ca = {NULL, NULL}, server = {NULL, NULL};
  bool ok = false;
  memset(out, 0, sizeof *out);
  if (!make_subject(&ca, NULL, "azure emulator authority")) goto done;
  if (!make_subject(&server, &ca, "azure emulator")) goto done;
  out->ca_pem = cert_to_pem(ca.cert);
  out->cert_pem = cert_to_pem(server.cert);
  out->key_pem = key_to_pem(server.key);
  ok = out->ca_pem && out->cert_pem && out->key_pem;
done:
  if (!ok) azl_test_certs_free(out);
  free_subject(&server);
  free_subject(&ca);
  return ok;
}

void azl_test_certs_free (struct azl_test_certs *certs) {
  azl_free(certs->ca_pem);
  azl_free(certs->cert_pem);
  azl_free_secret(certs->key_pem);
  memset(certs, 0, sizeof *certs);
}

static X509 *cert_from_pem (const char *pem, size_t len) {
  BIO *bio = BIO_new_mem_buf(pem, (int)len);
  X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
  BIO_free(bio);
  return cert;
}

bool azl_cert_digests (const char *pem, size_t len, unsigned char *out_sha1,
                       unsigned char *out_sha256) {
  X509 *cert = cert_from_pem(pem, len);
  bool ok = cert && X509_digest(cert, EVP_sha1(), out_sha1, NULL) &&
            X509_digest(cert, EVP_sha256(), out_sha256, NULL);
  X509_free(cert);
  return ok;
}

static bool use_pss (EVP_PKEY_CTX *ctx) {
  return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

bool azl_cert_verifies (const char *pem, size_t pem_len, bool pss,
                        const void *data, size_t data_len,
                        const void *signature, size_t signature_len) {
  X509 *cert = cert_from_pem(pem, pem_len);
  EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;
  EVP_MD_CTX *md = EVP_MD_CTX_new();
  EVP_PKEY_CTX *ctx = NULL; /* owned by md */
  bool ok = key && md && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
            EVP_DigestVerifyInit(md, &ctx, EVP_sha256(), NULL, key) == 1 &&
            (!pss || use_pss(ctx)) &&
            EVP_DigestVerify(md, signature, signature_len, data, data_len) == 1;
  EVP_MD_CTX_free(md);
  X509_free(cert);
  return ok;
}
