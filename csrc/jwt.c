/* Owns making client assertions: JSON web tokens signed by a certificate's
   key. Shape of @azure/msal-node 5.6.0 (ClientAssertion). */
#include "jwt.h"

#include "buf.h"
#include "json.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

enum { TOKEN_MAX = 128 * 1024 };

static const char base64_text[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool add_base64 (struct azl_buf *out, const char *alphabet,
                        const void *data, size_t len) {
  const unsigned char *in = data;
  bool padded = alphabet == base64_text;
  for (size_t i = 0; i < len; i += 3) {
    size_t have = len - i < 3 ? len - i : 3;
    unsigned long bits = (unsigned long)in[i] << 16;
    if (have > 1) bits |= (unsigned long)in[i + 1] << 8;
    if (have > 2) bits |= in[i + 2];
    char quad[4] = {alphabet[bits >> 18 & 63], alphabet[bits >> 12 & 63],
                    have > 1 ? alphabet[bits >> 6 & 63] : '=',
                    have > 2 ? alphabet[bits & 63] : '='};
    if (!azl_buf_add(out, quad, padded ? 4 : have + 1)) return false;
  }
  return true;
}

static bool add_digest (struct azl_buf *out, const X509 *leaf, bool sha1) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned len = 0;
  const EVP_MD *md = sha1 ? EVP_sha1() : EVP_sha256();
  return X509_digest(leaf, md, digest, &len) == 1 &&
         add_base64(out, base64_url, digest, len);
}

/* One certificate of x5c: standard base64, unlike the rest. */
static bool add_der (struct azl_buf *out, X509 *certificate) {
  unsigned char *der = NULL;
  int len = i2d_X509(certificate, &der);
  bool added = len > 0 && azl_buf_add_str(out, "\"") &&
               add_base64(out, base64_text, der, (size_t)len) &&
               azl_buf_add_str(out, "\"");
  OPENSSL_free(der);
  return added;
}

static bool add_chain (struct azl_buf *out,
                       const struct azl_certificate *certificate) {
  bool added =
      azl_buf_add_str(out, ",\"x5c\":[") && add_der(out, certificate->leaf);
  for (int i = 0; added && i < sk_X509_num(certificate->chain); i++)
    added = azl_buf_add_str(out, ",") &&
            add_der(out, sk_X509_value(certificate->chain, i));
  return added && azl_buf_add_str(out, "]");
}

static bool write_header (struct azl_buf *out,
                          const struct azl_certificate *certificate,
                          const struct azl_assertion *assertion) {
  return azl_buf_add_fmt(out, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"%s\":\"",
                         assertion->sha1 ? "RS256" : "PS256",
                         assertion->sha1 ? "x5t" : "x5t#S256") &&
         add_digest(out, certificate->leaf, assertion->sha1) &&
         azl_buf_add_str(out, "\"") &&
         (!assertion->send_chain || add_chain(out, certificate)) &&
         azl_buf_add_str(out, "}");
}

static bool write_claims (struct azl_buf *out,
                          const struct azl_assertion *assertion) {
  long long now = assertion->now_s;
  return azl_buf_add_str(out, "{\"aud\":") &&
         azl_json_quote(out, assertion->audience) &&
         azl_buf_add_str(out, ",\"iss\":") &&
         azl_json_quote(out, assertion->client_id) &&
         azl_buf_add_str(out, ",\"sub\":") &&
         azl_json_quote(out, assertion->client_id) &&
         azl_buf_add_str(out, ",\"jti\":") &&
         azl_json_quote(out, assertion->jti) &&
         azl_buf_add_fmt(out, ",\"nbf\":%lld,\"exp\":%lld}", now,
                         now + AZL_ASSERTION_LIFE_S);
}

static bool use_pss (EVP_PKEY_CTX *key) {
  return EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) > 0;
}

/* Appends "." and the signature of everything before it. */
static bool add_signature (struct azl_buf *token,
                           const struct azl_certificate *certificate,
                           bool pss) {
  EVP_MD_CTX *digest = EVP_MD_CTX_new();
  EVP_PKEY_CTX *key = NULL; /* owned by digest */
  unsigned char *signature = NULL;
  const unsigned char *text = (const unsigned char *)token->data;
  size_t len = 0;
  bool made = false;
  if (!digest ||
      EVP_DigestSignInit_ex(digest, &key, "SHA256", certificate->context, NULL,
                            certificate->key, NULL) != 1)
    goto done;
  if (pss && !use_pss(key)) goto done;
  if (EVP_DigestSign(digest, NULL, &len, text, token->len) != 1) goto done;
  signature = azl_malloc(len);
  if (!signature) goto done;
  made = EVP_DigestSign(digest, signature, &len, text, token->len) == 1 &&
         azl_buf_add_str(token, ".") &&
         add_base64(token, base64_url, signature, len);
done:
  azl_free(signature);
  EVP_MD_CTX_free(digest);
  return made;
}

char *azl_jwt_sign (const struct azl_certificate *certificate,
                    const struct azl_assertion *assertion,
                    struct azl_err **out_err) {
  struct azl_buf header, claims, token;
  char *text = NULL;
  azl_buf_init(&header, TOKEN_MAX);
  azl_buf_init(&claims, TOKEN_MAX);
  azl_buf_init(&token, TOKEN_MAX);
  *out_err = NULL;
  if (write_header(&header, certificate, assertion) &&
      write_claims(&claims, assertion) &&
      add_base64(&token, base64_url, header.data, header.len) &&
      azl_buf_add_str(&token, ".") &&
      add_base64(&token, base64_url, claims.data, claims.len) &&
      add_signature(&token, certificate, !assertion->sha1))
    text = azl_buf_take(&token);
  if (!text)
    *out_err = azl_err_new(AZL_ERR_AUTH, "SigningFailed",
                           "the client assertion could not be signed");
  ERR_clear_error();
  azl_buf_free(&header);
  azl_buf_free(&claims);
  azl_buf_free_secret(&token);
  return text;
}
