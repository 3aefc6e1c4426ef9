/* ClientAssertionCredential: an application that shows what another credential
   gives: a function of the script, or a managed identity that the application
   trusts. */
#include "cred.h"

#include "cred_app.h"

/* What functions may ignore and a managed identity is asked for: the audience
   of federated credentials. */
#define EXCHANGE_SCOPE "api://AzureADTokenExchange/.default"

struct assertion_cred {
  struct azl_cred cred;
  struct azl_app app;
  struct azl_cred *source;
};

/* One fetch, while the source is asked. */
struct asking {
  char *scope, *tenant_id, *claims;
  const char *tenant; /* the credential's or of tenant_id */
  int64_t deadline_ms;
};

static struct assertion_cred *self_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct assertion_cred, cred);
}

static void asking_free (void *state) {
  struct asking *asking = state;
  if (!asking) return;
  azl_free(asking->scope);
  azl_free(asking->tenant_id);
  azl_free(asking->claims);
  azl_free(asking);
}

static struct asking *asking_new (const struct azl_token_request *request) {
  struct asking *asking = azl_calloc(1, sizeof *asking);
  if (!asking) return NULL;
  asking->deadline_ms = request->deadline_ms;
  asking->scope = azl_strdup(request->scope);
  asking->tenant_id = azl_strdup(request->tenant_id);
  asking->claims = azl_strdup(request->claims);
  if (asking->scope && !asking->tenant_id == !request->tenant_id &&
      !asking->claims == !request->claims)
    return asking;
  asking_free(asking);
  return NULL;
}

static void on_assertion (void *ctx, struct azl_op *op) {
  struct azl_fetch *fetch = ctx;
  struct asking *asking = fetch->state;
  struct azl_token_request request = {.scope = asking->scope,
                                      .claims = asking->claims,
                                      .deadline_ms = asking->deadline_ms};
  const struct azl_token *assertion = azl_token_result(op);
  if (assertion)
    azl_app_ask_with(fetch, &self_of(fetch->cred)->app, &request,
                     asking->tenant, NULL, assertion->value);
  else
    azl_fetch_fail(fetch, azl_err_copy(op->err));
}

/* Past the source's cache: an assertion is shown once for each token, and may
   be good for once only. */
static void ask_source (struct azl_fetch *fetch, int64_t deadline_ms) {
  struct azl_cred *source = self_of(fetch->cred)->source;
  struct azl_token_request request = {.scope = EXCHANGE_SCOPE,
                                      .deadline_ms = deadline_ms};
  if (source->closed)
    azl_fetch_fail(fetch, azl_err_new(AZL_ERR_AUTH, "CredentialClosed",
                                      "%s: the source of assertions is closed",
                                      fetch->cred->cls->name));
  else
    azl_fetch_work(fetch, source->cls->fetch(source, &request), on_assertion);
}

static struct azl_op *
assertion_fetch (struct azl_cred *cred,
                 const struct azl_token_request *request) {
  struct assertion_cred *self = self_of(cred);
  struct azl_fetch *fetch = azl_fetch_new(cred);
  struct asking *asking = fetch ? asking_new(request) : NULL;
  struct azl_err *err = NULL;
  if (!fetch) return NULL;
  fetch->state = asking;
  fetch->free_state = asking_free;
  if (asking)
    asking->tenant =
        azl_tenant_choose(self->app.tenant_id, self->app.allowed,
                          self->app.single_tenant, asking->tenant_id, &err);
  if (!asking || err)
    azl_fetch_fail(fetch, err ? err : azl_err_oom());
  else
    ask_source(fetch, request->deadline_ms);
  return &fetch->op;
}

/* A source that has settings of its own keeps them. */
static bool assertion_network (struct azl_cred *cred,
                               const struct azl_http_config *config,
                               bool only_if_unset) {
  (void)only_if_unset;
  return azl_cred_network(self_of(cred)->source, config, true);
}

static void assertion_destroy (struct azl_cred *cred) {
  struct assertion_cred *self = self_of(cred);
  azl_cred_unref(self->source);
  azl_app_free(&self->app);
  azl_free(self);
}

static const struct azl_cred_class assertion_class = {
    .name = "ClientAssertionCredential",
    .fetch = assertion_fetch,
    .destroy = assertion_destroy,
    .network = assertion_network,
};

struct azl_cred *azl_cred_assertion (struct azl_loop *loop,
                                     const struct azl_cred_app *app,
                                     struct azl_cred *source,
                                     struct azl_err **out_err) {
  struct assertion_cred *self = azl_calloc(1, sizeof *self);
  *out_err = self ? azl_app_init(&self->app, assertion_class.name, app)
                  : azl_err_oom();
  if (!self || *out_err) {
    azl_free(self);
    return NULL;
  }
  azl_cred_init(&self->cred, &assertion_class, loop);
  self->source = azl_cred_ref(source);
  return &self->cred;
}
