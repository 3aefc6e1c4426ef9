/* Owns reading keys and certificates, through OpenSSL 3. */
#include "certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <limits.h>
#include <string.h>

static struct azl_err *failure (const char *code, const char *message,
                                const char *hint) {
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, code, "%s", message);
  azl_err_set(err, hint, hint);
  ERR_clear_error();
  return err;
}

/* Without this OpenSSL would ask on the terminal. */
static int give_password (char *out, int out_bytes, int writing, void *ctx) {
  const char *password = ctx;
  size_t len = password ? strlen(password) : 0;
  (void)writing;
  if (len == 0 || len > (size_t)out_bytes) return -1;
  memcpy(out, password, len);
  return (int)len;
}

/* PEM */

static EVP_PKEY *pem_key (const void *data, int len, const char *password) {
  BIO *bio = BIO_new_mem_buf(data, len);
  EVP_PKEY *key = NULL;
  if (bio)
    key = PEM_read_bio_PrivateKey(bio, NULL, give_password, (void *)password);
  BIO_free(bio);
  return key;
}

static STACK_OF(X509) * pem_certificates(const void *data, int len) {
  BIO *bio = BIO_new_mem_buf(data, len);
  STACK_OF(X509) *all = sk_X509_new_null();
  X509 *one;
  while (bio && all &&
         (one = PEM_read_bio_X509(bio, NULL, give_password, NULL)) != NULL) {
    if (sk_X509_push(all, one) > 0) continue;
    X509_free(one);
    break;
  }
  BIO_free(bio);
  ERR_clear_error(); /* the end of the text is an error too */
  return all;
}

/* Takes the certificate of the key out of the list; the rest is the chain. */
static X509 *take_leaf (STACK_OF(X509) * all, EVP_PKEY *key) {
  for (int i = 0; i < sk_X509_num(all); i++)
    if (X509_check_private_key(sk_X509_value(all, i), key) == 1)
      return sk_X509_delete(all, i);
  return NULL;
}

static struct azl_err *read_pem (const void *data, int len,
                                 const char *password,
                                 struct azl_certificate *out) {
  out->key = pem_key(data, len, password);
  if (!out->key)
    return failure("InvalidCertificate",
                   "the PEM text has no private key that can be read",
                   password ? "check the password"
                            : "it needs a PRIVATE KEY block; an encrypted one "
                              "needs a password");
  out->chain = pem_certificates(data, len);
  if (out->chain) out->leaf = take_leaf(out->chain, out->key);
  if (out->leaf) return NULL;
  return failure("InvalidCertificate",
                 "the PEM text has no certificate of its private key",
                 "put the CERTIFICATE block of that key into it");
}

/* PKCS#12 */

/* Older files (the portal's, Windows') use ciphers that OpenSSL 3 has in its
   legacy provider only. That is loaded here into a context of our own: it
   must not change what the rest of the process accepts. */
static bool make_context (struct azl_certificate *out) {
  out->context = OSSL_LIB_CTX_new();
  if (!out->context) return false;
  out->providers[0] = OSSL_PROVIDER_load(out->context, "default");
  out->providers[1] = OSSL_PROVIDER_load(out->context, "legacy");
  ERR_clear_error(); /* some installations have no legacy provider */
  return out->providers[0] != NULL;
}

static PKCS12 *parse_der (const void *data, int len) {
  BIO *bio = BIO_new_mem_buf(data, len);
  PKCS12 *file = bio ? d2i_PKCS12_bio(bio, NULL) : NULL;
  BIO_free(bio);
  return file;
}

static struct azl_err *open_pkcs12 (const void *data, int len,
                                    const char *password,
                                    struct azl_certificate *out) {
  PKCS12 *file = parse_der(data, len);
  bool parsed;
  if (!file)
    return failure("InvalidCertificate",
                   "the certificate is neither PEM nor PKCS#12",
                   "export key and certificate as PEM or as .pfx");
  parsed = PKCS12_parse(file, password, &out->key, &out->leaf, &out->chain);
  PKCS12_free(file);
  if (!parsed)
    return failure("InvalidCertificate", "the PKCS#12 file could not be opened",
                   "check the password; a file that is encrypted in an old "
                   "way may have to be exported again");
  if (out->key && out->leaf) return NULL;
  return failure("InvalidCertificate",
                 "the PKCS#12 file lacks a private key or its certificate",
                 "export the certificate together with its private key");
}

/* What is inside is decrypted by the thread's default context, whichever one
   the PKCS12 was made with (OpenSSL 3.0). */
static struct azl_err *read_pkcs12 (const void *data, int len,
                                    const char *password,
                                    struct azl_certificate *out) {
  struct azl_err *err;
  OSSL_LIB_CTX *before;
  if (!make_context(out)) return azl_err_oom();
  before = OSSL_LIB_CTX_set0_default(out->context);
  err = open_pkcs12(data, len, password, out);
  OSSL_LIB_CTX_set0_default(before);
  return err;
}

/* Public */

static bool is_pem (const char *data, size_t len) {
  static const char mark[] = "-----BEGIN ";
  for (size_t i = 0; i + sizeof mark - 1 <= len; i++)
    if (memcmp(data + i, mark, sizeof mark - 1) == 0) return true;
  return false;
}

struct azl_err *azl_certificate_read (const void *data, size_t len,
                                      const char *password,
                                      struct azl_certificate *out) {
  struct azl_err *err;
  memset(out, 0, sizeof *out);
  if (len == 0 || len > INT_MAX)
    err = failure("InvalidCertificate", "the certificate is empty", NULL);
  else if (is_pem(data, len))
    err = read_pem(data, (int)len, password, out);
  else
    err = read_pkcs12(data, (int)len, password, out);
  if (!err && EVP_PKEY_get_base_id(out->key) != EVP_PKEY_RSA)
    err = failure("InvalidCertificate", "the private key is no RSA key",
                  "Microsoft Entra ID takes RSA certificates");
  if (err) azl_certificate_free(out);
  return err;
}

void azl_certificate_free (struct azl_certificate *certificate) {
  EVP_PKEY_free(certificate->key);
  X509_free(certificate->leaf);
  sk_X509_pop_free(certificate->chain, X509_free);
  for (int i = 0; i < 2; i++)
    if (certificate->providers[i])
      OSSL_PROVIDER_unload(certificate->providers[i]);
  OSSL_LIB_CTX_free(certificate->context);
  memset(certificate, 0, sizeof *certificate);
}
