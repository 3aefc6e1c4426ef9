/* ClientSecretCredential: an application with a password. */
#include "cred.h"

#include "cred_app.h"

#include <string.h>

enum { SECRET_MAX = 16 * 1024 };

struct secret_cred {
  struct azl_cred cred;
  struct azl_app app;
  char *secret;
};

static struct secret_cred *self_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct secret_cred, cred);
}

static struct azl_op *secret_fetch (struct azl_cred *cred,
                                    const struct azl_token_request *request) {
  struct secret_cred *self = self_of(cred);
  struct azl_fetch *fetch = azl_fetch_new(cred);
  struct azl_err *err;
  const char *tenant;
  if (!fetch) return NULL;
  tenant = azl_tenant_choose(self->app.tenant_id, self->app.allowed,
                             self->app.single_tenant, request->tenant_id, &err);
  if (tenant)
    azl_app_ask_with(fetch, &self->app, request, tenant, self->secret, NULL);
  else
    azl_fetch_fail(fetch, err);
  return &fetch->op;
}

static void secret_destroy (struct azl_cred *cred) {
  struct secret_cred *self = self_of(cred);
  azl_free_secret(self->secret);
  azl_app_free(&self->app);
  azl_free(self);
}

static const struct azl_cred_class secret_class = {
    .name = "ClientSecretCredential",
    .fetch = secret_fetch,
    .destroy = secret_destroy,
};

static struct azl_err *check (const char *client_secret) {
  size_t len = client_secret ? strlen(client_secret) : 0;
  if (len > 0 && len <= SECRET_MAX) return NULL;
  return azl_err_new(AZL_ERR_AUTH, "InvalidSecret", "%s: client_secret is %s",
                     secret_class.name, len ? "too long to be one" : "missing");
}

struct azl_cred *azl_cred_secret (struct azl_loop *loop,
                                  const struct azl_cred_app *app,
                                  const char *client_secret,
                                  struct azl_err **out_err) {
  struct secret_cred *self;
  *out_err = check(client_secret);
  if (*out_err) return NULL;
  self = azl_calloc(1, sizeof *self);
  *out_err =
      self ? azl_app_init(&self->app, secret_class.name, app) : azl_err_oom();
  if (!self || *out_err) {
    azl_free(self);
    return NULL;
  }
  azl_cred_init(&self->cred, &secret_class, loop);
  self->secret = azl_strdup(client_secret);
  if (self->secret) return &self->cred;
  *out_err = azl_err_oom();
  azl_cred_unref(&self->cred);
  return NULL;
}
