/* StaticTokenCredential: a token that somebody else got. */
#include "cred.h"

struct static_cred {
  struct azl_cred cred;
  char *token;
  int64_t expires_ms;
};

static struct static_cred *self_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct static_cred, cred);
}

static struct azl_err *expired (void) {
  struct azl_err *err =
      azl_err_new(AZL_ERR_AUTH, "TokenExpired", "the static token has expired");
  azl_err_set(err, hint, "get a new one, or use a credential that can");
  return err;
}

static struct azl_err *cannot_answer (void) {
  struct azl_err *err =
      azl_err_new(AZL_ERR_AUTH, "ClaimsNotSupported",
                  "the service wants a token with other claims, which a "
                  "static token cannot have");
  azl_err_set(err, hint, "get a new token, or use a credential that can");
  return err;
}

static struct azl_op *static_fetch (struct azl_cred *cred,
                                    const struct azl_token_request *request) {
  struct static_cred *self = self_of(cred);
  struct azl_fetch *fetch = azl_fetch_new(cred);
  int64_t wall_ms = azl_clock_wall_ms(azl_loop_clock(cred->loop));
  if (!fetch) return NULL;
  if (request->claims)
    azl_fetch_fail(fetch, cannot_answer());
  else if (self->expires_ms <= wall_ms)
    azl_fetch_fail(fetch, expired());
  else
    azl_fetch_done(fetch, self->token, self->expires_ms, self->expires_ms);
  return &fetch->op;
}

static void static_destroy (struct azl_cred *cred) {
  struct static_cred *self = self_of(cred);
  azl_free_secret(self->token);
  azl_free(self);
}

static const struct azl_cred_class static_class = {
    .name = "StaticTokenCredential",
    .fetch = static_fetch,
    .destroy = static_destroy,
};

struct azl_cred *azl_cred_static (struct azl_loop *loop, const char *token,
                                  int64_t expires_wall_ms) {
  struct static_cred *self = azl_calloc(1, sizeof *self);
  if (!self) return NULL;
  azl_cred_init(&self->cred, &static_class, loop);
  self->expires_ms = expires_wall_ms;
  self->token = azl_strdup(token);
  if (self->token) return &self->cred;
  azl_cred_unref(&self->cred);
  return NULL;
}
