/* ClientCertificateCredential: an application with a key and certificate. */
#include "cred.h"

#include "cred_app.h"
#include "file.h"
#include "jwt.h"
#include "rand.h"

#include <string.h>

enum { CERTIFICATE_MAX = 1024 * 1024 };

struct certificate_cred {
  struct azl_cred cred;
  struct azl_app app;
  char *path;
  struct azl_buf data; /* secret; instead of path */
  char *password;
  bool send_chain;
};

static struct certificate_cred *self_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct certificate_cred, cred);
}

static struct azl_err *read_file (const char *path, const char *password,
                                  struct azl_certificate *out) {
  struct azl_buf content;
  struct azl_err *err;
  int error = azl_file_read(path, CERTIFICATE_MAX, &content);
  if (error)
    err = azl_err_new(AZL_ERR_AUTH, "CertificateNotReadable",
                      "the certificate file %s cannot be read: %s", path,
                      strerror(error));
  else
    err = azl_certificate_read(content.data, content.len, password, out);
  azl_buf_free_secret(&content);
  return err;
}

static struct azl_err *load (struct certificate_cred *self,
                             struct azl_certificate *out) {
  if (self->path) return read_file(self->path, self->password, out);
  return azl_certificate_read(self->data.data, self->data.len, self->password,
                              out);
}

static char *sign (struct certificate_cred *self, const char *tenant,
                   struct azl_err **out_err) {
  struct azl_certificate certificate;
  struct azl_assertion assertion = {0};
  char jti[AZL_UUID_BYTES];
  char *url = azl_app_url(&self->app, tenant, "token");
  char *text = NULL;
  *out_err =
      url && azl_random_uuid(jti) ? load(self, &certificate) : azl_err_oom();
  if (!*out_err) {
    assertion.client_id = self->app.client_id;
    assertion.audience = url;
    assertion.jti = jti;
    assertion.now_s = azl_clock_wall_ms(azl_loop_clock(self->cred.loop)) / 1000;
    assertion.send_chain = self->send_chain;
    assertion.sha1 = self->app.adfs;
    text = azl_jwt_sign(&certificate, &assertion, out_err);
    azl_certificate_free(&certificate);
  }
  azl_free(url);
  return text;
}

static struct azl_op *
certificate_fetch (struct azl_cred *cred,
                   const struct azl_token_request *request) {
  struct certificate_cred *self = self_of(cred);
  struct azl_fetch *fetch = azl_fetch_new(cred);
  struct azl_err *err;
  const char *tenant;
  char *assertion = NULL;
  if (!fetch) return NULL;
  tenant = azl_tenant_choose(self->app.tenant_id, self->app.allowed,
                             self->app.single_tenant, request->tenant_id, &err);
  if (tenant) assertion = sign(self, tenant, &err);
  if (assertion)
    azl_app_ask_with(fetch, &self->app, request, tenant, NULL, assertion);
  else
    azl_fetch_fail(fetch, err);
  azl_free_secret(assertion);
  return &fetch->op;
}

static void certificate_destroy (struct azl_cred *cred) {
  struct certificate_cred *self = self_of(cred);
  azl_free(self->path);
  azl_buf_free_secret(&self->data);
  azl_free_secret(self->password);
  azl_app_free(&self->app);
  azl_free(self);
}

static const struct azl_cred_class certificate_class = {
    .name = "ClientCertificateCredential",
    .fetch = certificate_fetch,
    .destroy = certificate_destroy,
};

static bool copy_key (struct certificate_cred *self,
                      const struct azl_cred_key *key) {
  azl_buf_init(&self->data, CERTIFICATE_MAX);
  self->path = azl_strdup(key->path);
  self->password = azl_strdup(key->password);
  self->send_chain = key->send_chain;
  return !self->path == !key->path && !self->password == !key->password &&
         (key->path || azl_buf_add(&self->data, key->data, key->data_len));
}

/* Wrong files and passwords show here already, not at the first request. */
static struct azl_err *check_key (struct certificate_cred *self) {
  struct azl_certificate certificate;
  struct azl_err *err = load(self, &certificate);
  if (!err) azl_certificate_free(&certificate);
  return err;
}

struct azl_cred *azl_cred_certificate (struct azl_loop *loop,
                                       const struct azl_cred_app *app,
                                       const struct azl_cred_key *key,
                                       struct azl_err **out_err) {
  struct certificate_cred *self = azl_calloc(1, sizeof *self);
  *out_err = self ? azl_app_init(&self->app, certificate_class.name, app)
                  : azl_err_oom();
  if (!self || *out_err) {
    azl_free(self);
    return NULL;
  }
  azl_cred_init(&self->cred, &certificate_class, loop);
  *out_err = copy_key(self, key) ? check_key(self) : azl_err_oom();
  if (!*out_err) return &self->cred;
  azl_cred_unref(&self->cred);
  return NULL;
}
