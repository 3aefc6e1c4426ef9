/* ManagedIdentityCredential: probe, ask, answer a challenge, try again. What
   is sent and what answers mean is managed_source.c's and managed_answer.c's,
   the key file of Azure Arc is arc_key.c's. */
#include "cred_managed.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "arc_key.h"
#include "managed_answer.h"
#include "rand.h"
#include "redact.h"
#include "scope.h"
#include "url.h"

enum {
  PROBE_TIMEOUT_MS = 1000,
  IMDS_CONNECT_MS = 3000, /* link-local: it answers soon or never */
  TRY_TIMEOUT_MS = 30 * 1000,
  MAX_ANSWER_BYTES = 1024 * 1024,
  SHA256_HEX_BYTES = 65,
  ENV_STRINGS = 8
};

struct managed {
  struct azl_cred cred;
  enum azl_managed_source source;
  struct azl_managed_env env; /* owned copies */
  struct azl_managed_id id;   /* owned copies */
  char *arc_folder;
  struct azl_http *pinned; /* of Service Fabric; made at the first need */
  bool probe;              /* still to be done */
  struct azl_list handed_out;
};

/* The last token of one resource, in case that it is revoked. */
struct handed_out {
  struct azl_list node;
  char sha256[SHA256_HEX_BYTES];
  char resource[];
};

/* One fetch. */
struct run {
  char *resource;
  char *authorization; /* secret: the answer to Arc's challenge */
  const char *revoked_sha256;
  char revoked[SHA256_HEX_BYTES];
  int tries;
};

static struct managed *managed_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct managed, cred);
}

static void run_free (void *state) {
  struct run *run = state;
  azl_free_secret(run->authorization);
  azl_free(run->resource);
  azl_free(run);
}

static bool hash_token (const char *token, char out[SHA256_HEX_BYTES]) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned len = 0, i;
  out[0] = '\0';
  if (!EVP_Digest(token, strlen(token), digest, &len, EVP_sha256(), NULL))
    return false;
  for (i = 0; i < len && i < 32; i++)
    snprintf(out + 2 * i, 3, "%02x", digest[i]);
  return true;
}

static struct handed_out *find_handed_out (struct managed *self,
                                           const char *resource) {
  struct azl_list *node = self->handed_out.next;
  for (; node != &self->handed_out; node = node->next) {
    struct handed_out *one = AZL_CONTAINER(node, struct handed_out, node);
    if (strcmp(one->resource, resource) == 0) return one;
  }
  return NULL;
}

/* Without memory a challenge is answered without the token's name: then the
   service may give the same token again, and no more. */
static void remember (struct managed *self, const char *resource,
                      const char *token) {
  struct handed_out *one = find_handed_out(self, resource);
  size_t bytes = strlen(resource) + 1;
  if (!one) {
    one = azl_calloc(1, sizeof *one + bytes);
    if (!one) return;
    memcpy(one->resource, resource, bytes);
    azl_list_push(&self->handed_out, &one->node);
  }
  if (!hash_token(token, one->sha256)) one->sha256[0] = '\0';
}

static struct azl_http *pinned_http (struct managed *self) {
  struct azl_http_config config = {.proxy = "",
                                   .max_response_bytes = MAX_ANSWER_BYTES};
  if (!self->pinned) {
    snprintf(config.pinned_sha1, sizeof config.pinned_sha1, "%s",
             self->env.identity_server_thumbprint);
    self->pinned = azl_http_new(self->cred.loop, &config);
  }
  return self->pinned;
}

static struct azl_op *send (struct managed *self,
                            const struct azl_managed_call *call,
                            int64_t timeout_ms) {
  struct azl_http *http = self->source == AZL_MANAGED_SERVICE_FABRIC
                              ? pinned_http(self)
                              : azl_cred_http(&self->cred);
  struct azl_http_request request = {
      .method = call->method,
      .url = call->url.data,
      .headers = &call->headers,
      .body = call->body.data,
      .body_len = call->body.len,
      .deadline_ms = azl_loop_now_ms(self->cred.loop) + timeout_ms,
      .connect_timeout_ms =
          self->source == AZL_MANAGED_IMDS ? IMDS_CONNECT_MS : 0,
      .no_proxy = true, /* a proxy has another machine's identity */
      .secret = true,
  };
  return http ? azl_http_send(http, &request) : NULL;
}

static void on_answer (void *ctx, struct azl_op *op);

static void ask (struct azl_fetch *fetch) {
  struct managed *self = managed_of(fetch->cred);
  struct run *run = fetch->state;
  struct azl_managed_call call;
  struct azl_op *op = NULL;
  bool ok = azl_managed_call(self->source, &self->env, &self->id, run->resource,
                             run->revoked_sha256, &call);
  if (ok && run->authorization)
    ok = azl_headers_add(&call.headers, "Authorization", run->authorization);
  if (ok) op = send(self, &call, TRY_TIMEOUT_MS);
  azl_managed_call_free(&call);
  azl_fetch_work(fetch, op, on_answer);
}

static void on_pause_end (void *ctx, struct azl_op *op) {
  struct azl_fetch *fetch = ctx;
  if (op->state == AZL_OP_DONE)
    ask(fetch);
  else
    azl_fetch_fail(fetch, azl_err_copy(op->err));
}

/* An endpoint that repeats the request says our secrets. */
static void redact (const struct managed *self, const struct run *run,
                    struct azl_err *err) {
  static const char scheme[] = "Basic ";
  azl_err_redact(err, self->env.identity_header);
  azl_err_redact(err, self->env.msi_secret);
  if (run->authorization)
    azl_err_redact(err, run->authorization + sizeof scheme - 1);
}

static void finish (struct azl_fetch *fetch, struct azl_http_response *response,
                    const struct azl_err *cause) {
  struct managed *self = managed_of(fetch->cred);
  struct run *run = fetch->state;
  struct azl_managed_answer answer = {NULL, 0, 0};
  int64_t wall_ms = azl_clock_wall_ms(azl_loop_clock(self->cred.loop));
  struct azl_err *err = response ? azl_managed_read(self->source, &self->id,
                                                    response, wall_ms, &answer)
                                 : azl_managed_no_answer(self->source, cause);
  if (!err && answer.value) {
    remember(self, run->resource, answer.value);
    azl_fetch_done(fetch, answer.value, answer.expires_ms, answer.refresh_ms);
  } else {
    if (!err) err = azl_err_oom(); /* cannot be: one of both is there */
    redact(self, run, err);
    err->attempts = run->tries;
    azl_fetch_fail(fetch, err);
  }
  azl_free_secret(answer.value);
}

/* Azure Arc refuses the first request of each fetch, to see who can read the
   file it names. */
static bool is_challenge (const struct managed *self, const struct run *run,
                          const struct azl_http_response *response) {
  return self->source == AZL_MANAGED_ARC && response &&
         response->status == 401 && !run->authorization;
}

static void answer_challenge (struct azl_fetch *fetch,
                              struct azl_http_response *response) {
  struct managed *self = managed_of(fetch->cred);
  struct run *run = fetch->state;
  const char *challenge =
      azl_headers_get(&response->headers, "WWW-Authenticate");
  struct azl_err *err = azl_arc_answer(
      challenge, self->arc_folder ? self->arc_folder : AZL_ARC_FOLDER,
      &run->authorization);
  if (err)
    azl_fetch_fail(fetch, err);
  else
    ask(fetch);
}

/* Milliseconds until the next try, or -1. */
static int64_t pause_ms (struct managed *self, const struct run *run,
                         struct azl_http_response *response,
                         const struct azl_err *cause) {
  int64_t wall_ms = azl_clock_wall_ms(azl_loop_clock(self->cred.loop));
  int64_t retry_after_ms =
      response ? azl_retry_after_ms(&response->headers, wall_ms) : -1;
  if (azl_managed_is_impostor(cause)) return -1;
  return azl_managed_retry_ms(self->source, run->tries,
                              response ? response->status : 0, retry_after_ms,
                              azl_random_jitter());
}

static void on_answer (void *ctx, struct azl_op *op) {
  struct azl_fetch *fetch = ctx;
  struct managed *self = managed_of(fetch->cred);
  struct run *run = fetch->state;
  struct azl_http_response *response =
      op->state == AZL_OP_DONE ? azl_http_result(op) : NULL;
  int64_t wait_ms;
  if (op->state == AZL_OP_CANCELLED) {
    azl_fetch_fail(fetch, azl_err_copy(op->err));
    return;
  }
  if (is_challenge(self, run, response)) {
    answer_challenge(fetch, response);
    return;
  }
  run->tries++;
  wait_ms = response && response->status == 200
                ? -1
                : pause_ms(self, run, response, op->err);
  if (wait_ms < 0)
    finish(fetch, response, op->err);
  else
    azl_fetch_work(fetch,
                   azl_sleep(op->loop, azl_loop_now_ms(op->loop) + wait_ms),
                   on_pause_end);
}

static void on_probe (void *ctx, struct azl_op *op) {
  struct azl_fetch *fetch = ctx;
  struct managed *self = managed_of(fetch->cred);
  struct azl_http_response *response =
      op->state == AZL_OP_DONE ? azl_http_result(op) : NULL;
  if (response &&
      azl_managed_is_present(response->status, response->body.data)) {
    self->probe = false;
    ask(fetch);
  } else {
    azl_fetch_fail(fetch, azl_managed_no_answer(self->source, op->err));
  }
}

static void probe (struct azl_fetch *fetch) {
  struct managed *self = managed_of(fetch->cred);
  struct azl_managed_call call;
  struct azl_op *op = NULL;
  if (azl_managed_probe(&self->env, &call))
    op = send(self, &call, PROBE_TIMEOUT_MS);
  azl_managed_call_free(&call);
  azl_fetch_work(fetch, op, on_probe);
}

static struct run *run_new (struct managed *self,
                            const struct azl_token_request *request) {
  struct run *run = azl_calloc(1, sizeof *run);
  const struct handed_out *last;
  if (!run) return NULL;
  run->resource = azl_scope_resource(request->scope);
  if (!run->resource) {
    azl_free(run);
    return NULL;
  }
  last = request->claims ? find_handed_out(self, run->resource) : NULL;
  if (last) memcpy(run->revoked, last->sha256, sizeof run->revoked);
  if (run->revoked[0]) run->revoked_sha256 = run->revoked;
  return run;
}

/* The requested tenant does not matter: the identity has one. */
static struct azl_op *managed_fetch (struct azl_cred *cred,
                                     const struct azl_token_request *request) {
  struct managed *self = managed_of(cred);
  struct azl_fetch *fetch = azl_fetch_new(cred);
  if (!fetch) return NULL;
  fetch->state = run_new(self, request);
  if (fetch->state) fetch->free_state = run_free;
  if (!fetch->state)
    azl_fetch_fail(fetch, azl_err_oom());
  else if (self->probe)
    probe(fetch);
  else
    ask(fetch);
  return &fetch->op;
}

/* Every string of the environment, for copying and freeing. */
static void env_strings (struct azl_managed_env *env,
                         const char **out[ENV_STRINGS]) {
  out[0] = &env->identity_endpoint;
  out[1] = &env->identity_header;
  out[2] = &env->identity_server_thumbprint;
  out[3] = &env->imds_endpoint;
  out[4] = &env->msi_endpoint;
  out[5] = &env->msi_secret;
  out[6] = &env->pod_identity_authority_host;
  out[7] = &env->default_identity_client_id;
}

static void managed_destroy (struct azl_cred *cred) {
  struct managed *self = managed_of(cred);
  const char **strings[ENV_STRINGS];
  struct azl_list *node;
  size_t i;
  while ((node = azl_list_pop(&self->handed_out)) != NULL)
    azl_free(AZL_CONTAINER(node, struct handed_out, node));
  azl_http_unref(self->pinned);
  env_strings(&self->env, strings);
  for (i = 0; i < ENV_STRINGS; i++) azl_free_secret((char *)*strings[i]);
  azl_free((char *)self->id.client_id);
  azl_free((char *)self->id.object_id);
  azl_free((char *)self->id.resource_id);
  azl_free(self->arc_folder);
  azl_free(self);
}

static const struct azl_cred_class managed_class = {
    .name = "ManagedIdentityCredential",
    .fetch = managed_fetch,
    .destroy = managed_destroy,
};

/* Replaces a borrowed string by a copy. false: out of memory. */
static bool own (const char **text) {
  const char *from = *text;
  *text = from && *from ? azl_strdup(from) : NULL;
  return *text || !from || !*from;
}

static bool own_all (struct managed *self,
                     const struct azl_cred_managed_config *config) {
  const char **strings[ENV_STRINGS];
  bool ok = true;
  size_t i;
  self->env = config->env;
  self->id = config->id;
  env_strings(&self->env, strings);
  for (i = 0; i < ENV_STRINGS; i++) ok = own(strings[i]) && ok;
  ok = own(&self->id.client_id) && ok;
  ok = own(&self->id.object_id) && ok;
  ok = own(&self->id.resource_id) && ok;
  if (config->arc_folder) {
    self->arc_folder = azl_strdup(config->arc_folder);
    ok = self->arc_folder && ok;
  }
  return ok;
}

struct azl_cred *azl_cred_managed (struct azl_loop *loop,
                                   const struct azl_cred_managed_config *config,
                                   struct azl_err **out_err) {
  struct managed *self = azl_calloc(1, sizeof *self);
  *out_err = azl_err_oom();
  if (!self) return NULL;
  azl_cred_init(&self->cred, &managed_class, loop);
  azl_list_init(&self->handed_out);
  self->source = azl_managed_source(&config->env);
  if (own_all(self, config))
    *out_err = azl_managed_check(self->source, &self->env, &self->id);
  /* a host that was configured is not a guess: nothing to find out */
  self->probe = config->probe && self->source == AZL_MANAGED_IMDS &&
                !self->env.pod_identity_authority_host;
  if (!*out_err) return &self->cred;
  azl_cred_unref(&self->cred);
  return NULL;
}

void azl_managed_env_read (struct azl_managed_env *out) {
  memset(out, 0, sizeof *out);
  out->identity_endpoint = getenv("IDENTITY_ENDPOINT");
  out->identity_header = getenv("IDENTITY_HEADER");
  out->identity_server_thumbprint = getenv("IDENTITY_SERVER_THUMBPRINT");
  out->imds_endpoint = getenv("IMDS_ENDPOINT");
  out->msi_endpoint = getenv("MSI_ENDPOINT");
  out->msi_secret = getenv("MSI_SECRET");
  out->pod_identity_authority_host =
      getenv("AZURE_POD_IDENTITY_AUTHORITY_HOST");
  out->default_identity_client_id = getenv("DEFAULT_IDENTITY_CLIENT_ID");
  out->has_himds = access("/opt/azcmagent/bin/himds", R_OK) == 0;
}
