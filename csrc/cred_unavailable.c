/* Stands in a chain for a credential that could not be made. */
#include "cred_chain.h"

struct unavailable_cred {
  struct azl_cred cred;
  struct azl_cred_class cls; /* has the name of what it stands for */
  char *name, *reason;
};

static struct unavailable_cred *self_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct unavailable_cred, cred);
}

static struct azl_op *
unavailable_fetch (struct azl_cred *cred,
                   const struct azl_token_request *request) {
  struct unavailable_cred *self = self_of(cred);
  struct azl_fetch *fetch = azl_fetch_new(cred);
  (void)request;
  if (!fetch) return NULL;
  azl_fetch_fail(fetch, azl_err_new(AZL_ERR_AUTH, AZL_UNAVAILABLE, "%s: %s",
                                    self->name, self->reason));
  return &fetch->op;
}

static void unavailable_destroy (struct azl_cred *cred) {
  struct unavailable_cred *self = self_of(cred);
  azl_free(self->name);
  azl_free(self->reason);
  azl_free(self);
}

struct azl_cred *azl_cred_unavailable (struct azl_loop *loop, const char *name,
                                       const char *reason) {
  struct unavailable_cred *self = azl_calloc(1, sizeof *self);
  if (!self) return NULL;
  self->name = azl_strdup(name);
  self->reason = azl_strdup(reason);
  self->cls.name = self->name;
  self->cls.fetch = unavailable_fetch;
  self->cls.destroy = unavailable_destroy;
  azl_cred_init(&self->cred, &self->cls, loop);
  if (self->name && self->reason) return &self->cred;
  azl_cred_unref(&self->cred);
  return NULL;
}
