/* Client assertions: reading keys, what is signed, whether it verifies. */
#include "check.h"
#include "jwt.h"
#include "base64.h"
#include "json.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static X509 *make_certificate (EVP_PKEY *key, const char *name) {
  X509 *certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
                             MBSTRING_ASC, (const unsigned char *)name, -1, -1,
                             0);
  X509_sign(certificate, key, EVP_sha256());
  return certificate;
}

/* What is in a file: bytes that the test frees with BIO_free. */
struct text {
  BIO *bio;
  char *data;
  size_t len;
};

static struct text text_of (BIO *bio) {
  struct text text = {bio, NULL, 0};
  text.len = (size_t)BIO_get_mem_data(bio, &text.data);
  return text;
}

static struct text pem_of (EVP_PKEY *key, X509 *first, X509 *second,
                           const char *password) {
  BIO *bio = BIO_new(BIO_s_mem());
  if (first) PEM_write_bio_X509(bio, first);
  if (key && password)
    PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), password,
                                  (int)strlen(password), NULL, NULL);
  else if (key)
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
  if (second) PEM_write_bio_X509(bio, second);
  return text_of(bio);
}

static struct text pkcs12_of (EVP_PKEY *key, X509 *leaf, X509 *above,
                              const char *password) {
  STACK_OF(X509) *chain = sk_X509_new_null();
  BIO *bio = BIO_new(BIO_s_mem());
  PKCS12 *file;
  if (above) sk_X509_push(chain, above);
  file = PKCS12_create(password, "name", key, leaf, chain, 0, 0, 0, 0, 0);
  i2d_PKCS12_bio(bio, file);
  PKCS12_free(file);
  sk_X509_free(chain);
  return text_of(bio);
}

static EVP_PKEY *key, *other_key, *ec_key;
static X509 *leaf, *above, *ec_leaf;

static void make_all (void) {
  key = EVP_RSA_gen(2048);
  other_key = EVP_RSA_gen(2048);
  ec_key = EVP_EC_gen("P-256");
  leaf = make_certificate(key, "leaf");
  above = make_certificate(other_key, "above");
  ec_leaf = make_certificate(ec_key, "elliptic");
}

static void free_all (void) {
  EVP_PKEY_free(key);
  EVP_PKEY_free(other_key);
  EVP_PKEY_free(ec_key);
  X509_free(leaf);
  X509_free(above);
  X509_free(ec_leaf);
}

/* Reading */

static void expect_read (const char *row, struct text text,
                         const char *password, int above_count) {
  struct azl_certificate certificate;
  struct azl_err *err =
      azl_certificate_read(text.data, text.len, password, &certificate);
  CHECK_ROW(row);
  if (CHECK(!err)) {
    CHECK_INT(X509_cmp(certificate.leaf, leaf), 0);
    CHECK_INT(certificate.chain ? sk_X509_num(certificate.chain) : 0,
              above_count);
    azl_certificate_free(&certificate);
  }
  azl_err_free(err);
  BIO_free(text.bio);
  CHECK_ROW(NULL);
}

static void test_reads_keys (void) {
  expect_read("PEM", pem_of(key, leaf, NULL, NULL), NULL, 0);
  expect_read("PEM, chain first", pem_of(key, above, leaf, NULL), NULL, 1);
  expect_read("PEM, encrypted", pem_of(key, leaf, above, "pass"), "pass", 1);
  expect_read("PKCS#12", pkcs12_of(key, leaf, NULL, "pass"), "pass", 0);
  expect_read("PKCS#12, chain", pkcs12_of(key, leaf, above, "pass"), "pass", 1);
  expect_read("PKCS#12, empty", pkcs12_of(key, leaf, NULL, ""), NULL, 0);
}

static void expect_refused (const char *row, struct text text,
                            const char *password) {
  struct azl_certificate certificate;
  struct azl_err *err =
      azl_certificate_read(text.data, text.len, password, &certificate);
  CHECK_ROW(row);
  if (CHECK(err != NULL)) {
    CHECK_INT(err->kind, AZL_ERR_AUTH);
    CHECK_STR(err->code, "InvalidCertificate");
    CHECK(!password || !strstr(err->message, password));
  } else {
    azl_certificate_free(&certificate);
  }
  azl_err_free(err);
  BIO_free(text.bio);
  CHECK_ROW(NULL);
}

static struct text plain (const char *text) {
  BIO *bio = BIO_new(BIO_s_mem());
  BIO_puts(bio, text);
  return text_of(bio);
}

static struct text half (struct text text) {
  text.len /= 2;
  return text;
}

static void test_refuses_what_it_cannot_use (void) {
  expect_refused("no key", pem_of(NULL, leaf, NULL, NULL), NULL);
  expect_refused("no certificate", pem_of(key, NULL, NULL, NULL), NULL);
  expect_refused("another's", pem_of(key, above, NULL, NULL), NULL);
  expect_refused("no password", pem_of(key, leaf, NULL, "pass"), NULL);
  expect_refused("wrong password", pem_of(key, leaf, NULL, "pass"), "ssap");
  expect_refused("elliptic", pem_of(ec_key, ec_leaf, NULL, NULL), NULL);
  expect_refused("p12 password", pkcs12_of(key, leaf, NULL, "pass"), "ssap");
  expect_refused("p12, none", pkcs12_of(key, leaf, NULL, "pass"), NULL);
  expect_refused("p12, half", half(pkcs12_of(key, leaf, NULL, "p")), "p");
  expect_refused("PEM, half", half(pem_of(key, NULL, NULL, NULL)), NULL);
  expect_refused("empty", plain(""), NULL);
  expect_refused("words", plain("certificate"), NULL);
  expect_refused("PEM of nothing", plain("-----BEGIN "), NULL);
}

/* Signing */

struct token {
  char *text, *header, *claims, *signature; /* decoded but for text */
  size_t signed_len, signature_len;
  struct json_t *header_doc, *claims_doc;
};

static struct token sign (const struct azl_assertion *assertion) {
  struct text text = pem_of(key, leaf, above, NULL);
  struct azl_certificate certificate;
  struct token token = {0};
  struct azl_err *err =
      azl_certificate_read(text.data, text.len, NULL, &certificate);
  CHECK(!err);
  token.text = azl_jwt_sign(&certificate, assertion, &err);
  CHECK(!err);
  azl_certificate_free(&certificate);
  BIO_free(text.bio);
  return token;
}

static bool take_apart (struct token *token) {
  char *copy = azl_strdup(token->text), *first, *second;
  first = copy ? strchr(copy, '.') : NULL;
  second = first ? strchr(first + 1, '.') : NULL;
  if (CHECK(second != NULL)) {
    size_t len;
    token->signed_len = (size_t)(second - copy);
    *first = *second = '\0';
    token->header = azl_base64_decode(copy, &len);
    token->header_doc = azl_json_parse(token->header, len);
    token->claims = azl_base64_decode(first + 1, &len);
    token->claims_doc = azl_json_parse(token->claims, len);
    token->signature = azl_base64_decode(second + 1, &token->signature_len);
  }
  azl_free(copy);
  return token->header_doc && token->claims_doc && token->signature;
}

static void token_free (struct token *token) {
  azl_free(token->text);
  azl_free(token->header);
  azl_free(token->claims);
  azl_free(token->signature);
  azl_json_free(token->header_doc);
  azl_json_free(token->claims_doc);
}

static bool verifies (const struct token *token, bool pss) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *options;
  int verdict;
  EVP_DigestVerifyInit(context, &options, EVP_sha256(), NULL, key);
  if (pss) {
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 32); /* RFC 7518 3.5 */
  }
  verdict = EVP_DigestVerify(
      context, (const unsigned char *)token->signature, token->signature_len,
      (const unsigned char *)token->text, token->signed_len);
  EVP_MD_CTX_free(context);
  return verdict == 1;
}

static const struct azl_assertion usual = {
    .client_id = "client-1",
    .audience = "https://login.microsoftonline.com/t/oauth2/v2.0/token",
    .jti = "id-1",
    .now_s = 1700000000};

static void test_signs_with_ps256 (void) {
  struct token token = sign(&usual);
  int64_t number;
  if (take_apart(&token)) {
    CHECK_STR(azl_json_string(token.header_doc, "alg"), "PS256");
    CHECK(azl_json_string(token.header_doc, "x5t#S256") != NULL);
    CHECK(azl_json_string(token.header_doc, "x5t") == NULL);
    CHECK(azl_json_at(token.header_doc, "x5c") == NULL);
    CHECK_STR(azl_json_string(token.claims_doc, "aud"), usual.audience);
    CHECK_STR(azl_json_string(token.claims_doc, "iss"), "client-1");
    CHECK_STR(azl_json_string(token.claims_doc, "sub"), "client-1");
    CHECK_STR(azl_json_string(token.claims_doc, "jti"), "id-1");
    CHECK(azl_json_int(token.claims_doc, "nbf", &number));
    CHECK_INT(number, 1700000000);
    CHECK(azl_json_int(token.claims_doc, "exp", &number));
    CHECK_INT(number, 1700000600);
    CHECK(verifies(&token, true));
    token.text[10] ^= 1;
    CHECK(!verifies(&token, true));
  }
  token_free(&token);
}

static void test_signs_with_rs256_for_adfs (void) {
  struct azl_assertion assertion = usual;
  struct token token;
  assertion.sha1 = true;
  token = sign(&assertion);
  if (take_apart(&token)) {
    CHECK_STR(azl_json_string(token.header_doc, "alg"), "RS256");
    CHECK_INT(strlen(azl_json_string(token.header_doc, "x5t")), 27);
    CHECK(azl_json_string(token.header_doc, "x5t#S256") == NULL);
    CHECK(verifies(&token, false));
  }
  token_free(&token);
}

static void test_thumbprint_is_of_the_der (void) {
  struct token token = sign(&usual);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned len;
  X509_digest(leaf, EVP_sha256(), digest, &len);
  if (take_apart(&token)) {
    size_t got_len = 0;
    char *got = azl_base64_decode(azl_json_string(token.header_doc, "x5t#S256"),
                                  &got_len);
    CHECK_INT(got_len, 32);
    CHECK(got && memcmp(got, digest, 32) == 0);
    CHECK(!strchr(azl_json_string(token.header_doc, "x5t#S256"), '='));
    azl_free(got);
  }
  token_free(&token);
}

static void test_sends_the_chain (void) {
  struct azl_assertion assertion = usual;
  struct token token;
  unsigned char *der = NULL;
  int der_len = i2d_X509(leaf, &der);
  char *encoded = malloc((size_t)der_len * 2);
  assertion.send_chain = true;
  token = sign(&assertion);
  EVP_EncodeBlock((unsigned char *)encoded, der, der_len);
  if (take_apart(&token)) {
    CHECK(azl_json_at(token.header_doc, "x5c") != NULL);
    CHECK(strstr(token.header, encoded) != NULL);
    CHECK(verifies(&token, true));
  }
  free(encoded);
  OPENSSL_free(der);
  token_free(&token);
}

static void test_strings_are_quoted (void) {
  struct azl_assertion assertion = usual;
  struct token token;
  assertion.client_id = "a\"b\\c";
  token = sign(&assertion);
  if (take_apart(&token))
    CHECK_STR(azl_json_string(token.claims_doc, "iss"), "a\"b\\c");
  token_free(&token);
}

static void sign_if_memory_lets (void) {
  struct text text = pem_of(key, leaf, NULL, NULL);
  struct azl_certificate certificate;
  struct azl_err *err =
      azl_certificate_read(text.data, text.len, NULL, &certificate);
  char *token = NULL;
  if (!err) {
    token = azl_jwt_sign(&certificate, &usual, &err);
    azl_certificate_free(&certificate);
  }
  CHECK(!token != !err);
  azl_err_free(err);
  azl_free(token);
  BIO_free(text.bio);
}

static void test_out_of_memory (void) {
  check_out_of_memory(sign_if_memory_lets);
}

static int run (void) {
  RUN_TESTS(TEST(test_reads_keys), TEST(test_refuses_what_it_cannot_use),
            TEST(test_signs_with_ps256), TEST(test_signs_with_rs256_for_adfs),
            TEST(test_thumbprint_is_of_the_der), TEST(test_sends_the_chain),
            TEST(test_strings_are_quoted), TEST(test_out_of_memory));
}

int main (void) {
  int status;
  make_all();
  status = run();
  free_all();
  return status;
}
