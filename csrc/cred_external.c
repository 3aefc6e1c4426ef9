/* FunctionCredential: tokens from a function of the script. */
#include "cred_script.h"

struct external_cred {
  struct azl_cred cred;
  struct azl_script_queue queue;
};

static struct external_cred *self_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct external_cred, cred);
}

static bool tell_all (struct azl_script_call *call,
                      const struct azl_token_request *request) {
  return azl_script_tell(call, "scope", request->scope) &&
         azl_script_tell(call, "tenant_id", request->tenant_id) &&
         azl_script_tell(call, "claims", request->claims);
}

static void free_call (void *state) {
  azl_script_call_free(state);
}

static struct azl_op *external_fetch (struct azl_cred *cred,
                                      const struct azl_token_request *request) {
  struct azl_fetch *fetch = azl_fetch_new(cred);
  struct azl_script_call *call;
  if (!fetch) return NULL;
  call = azl_script_call_new(fetch, true);
  if (call && tell_all(call, request)) {
    azl_script_push(&self_of(cred)->queue, call, &fetch->state);
    fetch->free_state = free_call;
    return &fetch->op;
  }
  azl_script_call_free(call);
  azl_fetch_fail(fetch, azl_err_oom());
  return &fetch->op;
}

static void external_destroy (struct azl_cred *cred) {
  struct external_cred *self = self_of(cred);
  azl_script_free(&self->queue);
  azl_free(self);
}

static const struct azl_cred_class external_class = {
    .name = "FunctionCredential",
    .fetch = external_fetch,
    .destroy = external_destroy,
};

struct azl_cred *azl_cred_external (struct azl_loop *loop,
                                    struct azl_script_queue **out_queue) {
  struct external_cred *self = azl_calloc(1, sizeof *self);
  if (!self) return NULL;
  azl_cred_init(&self->cred, &external_class, loop);
  azl_script_init(&self->queue, loop);
  *out_queue = &self->queue;
  return &self->cred;
}
