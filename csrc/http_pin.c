/* Trusting one certificate by its thumbprint, for servers whose certificate
   nobody signed. libcurl itself pins public keys only, so the certificate is
   compared here: after the handshake and before the first byte of the request,
   which carries a secret. */
#include "http_internal.h"
#include "bytes.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#define CERT_FIELD "Cert:"

static X509 *read_pem (const char *pem) {
  BIO *bio = BIO_new_mem_buf(pem, -1);
  X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
  BIO_free(bio);
  return cert;
}

static bool has_thumbprint (const char *pem, const char *sha1_hex) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  char hex[AZL_SHA1_HEX_BYTES] = "";
  unsigned len = 0, i;
  X509 *cert = read_pem(pem);
  if (cert && X509_digest(cert, EVP_sha1(), digest, &len))
    for (i = 0; i < len && i < sizeof hex / 2; i++)
      snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  X509_free(cert);
  return strlen(hex) == sizeof hex - 1 && azl_same_text(hex, sha1_hex);
}

/* The server's own certificate, which is the first of the chain, as PEM. */
static const char *server_pem (CURL *easy) {
  struct curl_certinfo *chain = NULL;
  const struct curl_slist *field;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK)
    return NULL;
  if (!chain || chain->num_of_certs < 1) return NULL;
  for (field = chain->certinfo[0]; field; field = field->next)
    if (strncmp(field->data, CERT_FIELD, sizeof CERT_FIELD - 1) == 0)
      return field->data + sizeof CERT_FIELD - 1;
  return NULL;
}

static int on_connected (void *ctx, char *server_ip, char *own_ip,
                         int server_port, int own_port) {
  const struct azl_handle *handle = ctx;
  const char *pem = server_pem(handle->easy);
  (void)server_ip, (void)own_ip, (void)server_port, (void)own_port;
  return pem && has_thumbprint(pem, handle->transfer->http->config.pinned_sha1)
             ? CURL_PREREQFUNC_OK
             : CURL_PREREQFUNC_ABORT;
}

static bool only_https (CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
  return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK;
#else
  return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTPS) ==
         CURLE_OK;
#endif
}

/* Each transfer has a handshake of its own: a kept connection or a resumed
   session would not show its certificate again. */
bool azl_handle_pin (struct azl_handle *handle) {
  CURL *easy = handle->easy;
  return curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected) ==
             CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PREREQDATA, handle) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                          (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
         only_https(easy) &&
         curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
}
