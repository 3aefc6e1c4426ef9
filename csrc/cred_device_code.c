/* DeviceCodeCredential: a person signs in with a browser elsewhere (RFC 8628).
   The refresh token is kept, so that asks once. */
#include "cred_script.h"

#include "cred_app.h"
#include "entra.h"
#include "json.h"

#include <string.h>

#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

enum { DEFAULT_INTERVAL_S = 5, SLOW_DOWN_MS = 5000, MAX_INTERVAL_S = 300 };

struct device_cred {
  struct azl_cred cred;
  struct azl_app app;
  struct azl_script_queue queue;
  char *refresh_token; /* secret */
};

/* One sign-in. */
struct sign_in {
  char *scope, *claims;
  const char *tenant; /* the credential's or of tenant_id */
  char *tenant_id;
  char *device_code;           /* secret */
  void *call;                  /* the prompt, while it waits to be shown */
  int64_t interval_ms, end_ms; /* of the code, on the loop's clock */
  bool background;             /* nobody is there to be asked */
};

static struct device_cred *self_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct device_cred, cred);
}

static void sign_in_free (void *state) {
  struct sign_in *in = state;
  if (!in) return;
  azl_free(in->scope);
  azl_free(in->claims);
  azl_free(in->tenant_id);
  azl_free_secret(in->device_code);
  azl_script_call_free(in->call);
  azl_free(in);
}

/* offline_access is what makes Entra send a refresh token. */
static struct sign_in *sign_in_new (const struct azl_token_request *request) {
  struct sign_in *in = azl_calloc(1, sizeof *in);
  if (!in) return NULL;
  in->scope = azl_format("%s offline_access", request->scope);
  in->claims = azl_strdup(request->claims);
  in->tenant_id = azl_strdup(request->tenant_id);
  in->background = request->background;
  if (in->scope && !in->claims == !request->claims &&
      !in->tenant_id == !request->tenant_id)
    return in;
  sign_in_free(in);
  return NULL;
}

/* The form every request here starts with. false: the fetch has failed. */
static bool begin_form (struct azl_fetch *fetch, struct azl_buf *form) {
  struct sign_in *in = fetch->state;
  struct azl_token_request request = {
      .scope = in->scope, .claims = in->claims, .deadline_ms = -1};
  struct azl_err *err =
      azl_app_form(&self_of(fetch->cred)->app, &request, form);
  if (err) azl_fetch_fail(fetch, err);
  return !err;
}

static void post_form (struct azl_fetch *fetch, const char *leaf,
                       struct azl_buf *form, bool complete,
                       void (*fn)(void *, struct azl_op *)) {
  struct sign_in *in = fetch->state;
  char *url = azl_app_url(&self_of(fetch->cred)->app, in->tenant, leaf);
  struct azl_op *post = NULL;
  if (url && complete) post = azl_entra_post(fetch->cred, url, form, -1);
  azl_buf_free_secret(form);
  azl_free(url);
  azl_fetch_work(fetch, post, fn);
}

/* The token */

static void keep_refresh_token (struct azl_fetch *fetch, struct azl_op *post) {
  struct device_cred *self = self_of(fetch->cred);
  char *token = azl_entra_refresh_token(post);
  if (!token) return;
  azl_free_secret(self->refresh_token);
  self->refresh_token = token;
}

static bool has_token (struct azl_op *post) {
  struct azl_http_response *answer = azl_entra_result(post);
  return answer && answer->status >= 200 && answer->status <= 299;
}

static void wait_and_poll (struct azl_fetch *fetch);

static struct azl_err *ended (const char *code, const char *message,
                              const char *hint) {
  struct azl_err *err =
      azl_err_new(AZL_ERR_AUTH, code, "DeviceCodeCredential: %s", message);
  azl_err_set(err, hint, hint);
  return err;
}

/* What the endpoint's word means. NULL: go on polling. */
static struct azl_err *verdict (struct sign_in *in, struct azl_err *answer) {
  const char *word = answer->target ? answer->target : "";
  if (strcmp(word, "authorization_pending") == 0) return NULL;
  if (strcmp(word, "slow_down") == 0) {
    in->interval_ms += SLOW_DOWN_MS; /* RFC 8628 3.5 */
    return NULL;
  }
  if (strcmp(word, "authorization_declined") == 0 ||
      strcmp(word, "access_denied") == 0)
    return ended("authorization_declined", "the sign-in was declined", NULL);
  if (strcmp(word, "expired_token") == 0)
    return ended("expired_token", "the code expired before anybody signed in",
                 "ask for a token again to get a new code");
  return azl_err_copy(answer);
}

static void on_poll (void *ctx, struct azl_op *post) {
  struct azl_fetch *fetch = ctx;
  struct azl_err *answer, *err;
  if (!azl_entra_result(post) || has_token(post)) {
    keep_refresh_token(fetch, post);
    azl_entra_settle(fetch, post);
    return;
  }
  answer = azl_entra_error(post);
  err = verdict(fetch->state, answer);
  azl_err_free(answer);
  if (err)
    azl_fetch_fail(fetch, err);
  else
    wait_and_poll(fetch);
}

static void on_interval (void *ctx, struct azl_op *pause) {
  struct azl_fetch *fetch = ctx;
  struct sign_in *in = fetch->state;
  struct azl_buf form;
  bool complete;
  if (pause->state != AZL_OP_DONE) {
    azl_fetch_fail(fetch, azl_err_copy(pause->err));
    return;
  }
  if (!begin_form(fetch, &form)) return;
  complete = azl_form_add(&form, "grant_type", DEVICE_GRANT) &&
             azl_form_add(&form, "device_code", in->device_code);
  post_form(fetch, "token", &form, complete, on_poll);
}

static void wait_and_poll (struct azl_fetch *fetch) {
  struct sign_in *in = fetch->state;
  int64_t next_ms = azl_loop_now_ms(fetch->op.loop) + in->interval_ms;
  if (next_ms > in->end_ms)
    azl_fetch_fail(fetch, ended("expired_token",
                                "the code expired before anybody signed in",
                                "ask for a token again to get a new code"));
  else
    azl_fetch_work(fetch, azl_sleep(fetch->op.loop, next_ms), on_interval);
}

/* The code */

/* false: there is no code, or no word about what to do with it. */
static bool read_code (struct azl_fetch *fetch, const struct json_t *doc) {
  struct sign_in *in = fetch->state;
  int64_t seconds;
  const int64_t now_ms = azl_loop_now_ms(fetch->op.loop);
  in->device_code = azl_strdup(azl_json_string(doc, "device_code"));
  if (!azl_json_int(doc, "interval", &seconds) || seconds < 1 ||
      seconds > MAX_INTERVAL_S)
    seconds = DEFAULT_INTERVAL_S;
  in->interval_ms = seconds * 1000;
  if (!azl_json_int(doc, "expires_in", &seconds) || seconds < 1 ||
      seconds > 24 * 3600)
    seconds = 900;
  in->end_ms = now_ms + seconds * 1000;
  return in->device_code && azl_json_string(doc, "user_code") &&
         (azl_json_string(doc, "message") ||
          azl_json_string(doc, "verification_uri"));
}

static bool show (struct azl_fetch *fetch, const struct json_t *doc) {
  struct sign_in *in = fetch->state;
  struct azl_script_call *call = azl_script_call_new(fetch, false);
  if (call &&
      azl_script_tell(call, "user_code", azl_json_string(doc, "user_code")) &&
      azl_script_tell(call, "verification_uri",
                      azl_json_string(doc, "verification_uri")) &&
      azl_script_tell(call, "message", azl_json_string(doc, "message"))) {
    azl_script_push(&self_of(fetch->cred)->queue, call, &in->call);
    return true;
  }
  azl_script_call_free(call);
  return false;
}

static void on_code (void *ctx, struct azl_op *post) {
  struct azl_fetch *fetch = ctx;
  struct azl_http_response *answer = azl_entra_result(post);
  struct json_t *doc;
  if (!has_token(post)) {
    azl_fetch_fail(fetch,
                   answer ? azl_entra_error(post) : azl_err_copy(post->err));
    return;
  }
  doc = azl_json_parse(answer->body.data, answer->body.len);
  if (!read_code(fetch, doc))
    azl_fetch_fail(fetch,
                   ended("InvalidTokenResponse",
                         "the sign-in service gave no usable code", NULL));
  else if (!show(fetch, doc))
    azl_fetch_fail(fetch, azl_err_oom());
  else
    wait_and_poll(fetch);
  azl_json_free(doc);
}

static void ask_for_code (struct azl_fetch *fetch) {
  struct sign_in *in = fetch->state;
  struct azl_buf form;
  if (in->background)
    azl_fetch_fail(
        fetch, ended(AZL_NEEDS_PERSON, "somebody has to sign in again", NULL));
  else if (begin_form(fetch, &form))
    post_form(fetch, "devicecode", &form, true, on_code);
}

/* Whether a renewal was refused because the person has to sign in again. After
   anything else (a throttled service, a policy that will be changed) the
   refresh token is as good as before. */
static bool needs_person (struct azl_op *post) {
  struct azl_err *err;
  bool needs = false;
  if (!azl_entra_result(post) || has_token(post)) return false;
  err = azl_entra_error(post);
  if (err->target)
    needs = strcmp(err->target, "invalid_grant") == 0 ||
            strcmp(err->target, "interaction_required") == 0;
  azl_err_free(err);
  return needs;
}

static void on_renewed (void *ctx, struct azl_op *post) {
  struct azl_fetch *fetch = ctx;
  struct device_cred *self = self_of(fetch->cred);
  if (needs_person(post)) {
    azl_free_secret(self->refresh_token);
    self->refresh_token = NULL;
    ask_for_code(fetch);
    return;
  }
  keep_refresh_token(fetch, post);
  azl_entra_settle(fetch, post);
}

static void renew (struct azl_fetch *fetch) {
  struct azl_buf form;
  bool complete;
  if (!begin_form(fetch, &form)) return;
  complete =
      azl_form_add(&form, "grant_type", "refresh_token") &&
      azl_form_add(&form, "refresh_token", self_of(fetch->cred)->refresh_token);
  post_form(fetch, "token", &form, complete, on_renewed);
}

/* The credential */

static struct azl_op *device_fetch (struct azl_cred *cred,
                                    const struct azl_token_request *request) {
  struct device_cred *self = self_of(cred);
  struct azl_fetch *fetch = azl_fetch_new(cred);
  struct sign_in *in = fetch ? sign_in_new(request) : NULL;
  struct azl_err *err = NULL;
  if (!fetch) return NULL;
  fetch->state = in;
  fetch->free_state = sign_in_free;
  if (in)
    in->tenant =
        azl_tenant_choose(self->app.tenant_id, self->app.allowed,
                          self->app.single_tenant, in->tenant_id, &err);
  if (!in || err)
    azl_fetch_fail(fetch, err ? err : azl_err_oom());
  else if (self->refresh_token)
    renew(fetch);
  else
    ask_for_code(fetch);
  return &fetch->op;
}

static void device_destroy (struct azl_cred *cred) {
  struct device_cred *self = self_of(cred);
  azl_script_free(&self->queue);
  azl_free_secret(self->refresh_token);
  azl_app_free(&self->app);
  azl_free(self);
}

static const struct azl_cred_class device_class = {
    .name = "DeviceCodeCredential",
    .fetch = device_fetch,
    .destroy = device_destroy,
};

struct azl_cred *azl_cred_device_code (struct azl_loop *loop,
                                       const struct azl_cred_app *app,
                                       struct azl_script_queue **out_queue,
                                       struct azl_err **out_err) {
  struct device_cred *self = azl_calloc(1, sizeof *self);
  *out_err =
      self ? azl_app_init(&self->app, device_class.name, app) : azl_err_oom();
  if (*out_err) {
    azl_free(self);
    return NULL;
  }
  azl_cred_init(&self->cred, &device_class, loop);
  azl_script_init(&self->queue, loop);
  *out_queue = &self->queue;
  return &self->cred;
}
