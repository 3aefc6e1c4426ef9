/* Registers a resource provider: one POST, then looks until it is there. */
#include "arm_register.h"
#include "bytes.h"
#include "json.h"

#include <jansson.h>
#include <string.h>

#define VERSION "?api-version=2021-04-01"

enum { LOOK_EVERY_MS = 15 * 1000, GIVE_UP_MS = 300 * 1000, MAX_NAME = 128 };

struct registration {
  struct azl_op op;
  struct azl_arm *arm;
  struct azl_op *call; /* under way */
  struct azl_timer timer;
  char *post_url, *get_url;
  int64_t deadline_ms;
  bool asked;
};

/* What is missing ------------------------------------------------------- */

static bool is_missing (const char *code) {
  return code && (strcmp(code, "MissingSubscriptionRegistration") == 0 ||
                  strcmp(code, "SubscriptionNotRegistered") == 0);
}

/* Letters, digits and dots: nothing that could change a URL. */
static size_t name_length (const char *text) {
  size_t len = 0;
  while ((text[len] >= 'a' && text[len] <= 'z') ||
         (text[len] >= 'A' && text[len] <= 'Z') ||
         (text[len] >= '0' && text[len] <= '9') || text[len] == '.')
    len++;
  return len < MAX_NAME ? len : 0;
}

/* The target of the first detail, as azcore reads it. */
static char *detailed_name (const char *body) {
  struct json_t *doc = body ? azl_json_parse(body, strlen(body)) : NULL;
  const struct json_t *details = azl_json_at(doc, "error.details");
  if (!details) details = azl_json_at(doc, "details");
  const char *target =
      azl_json_string(json_array_get((struct json_t *)details, 0), "target");
  size_t len = target ? name_length(target) : 0;
  char *name = len && !target[len] ? azl_strdup(target) : NULL;
  azl_json_free(doc);
  return name;
}

static char *quoted_name (const char *message) {
  static const char before[] = "namespace '";
  const char *at = message ? strstr(message, before) : NULL;
  if (!at) return NULL;
  at += sizeof(before) - 1;
  size_t len = name_length(at);
  return len && at[len] == '\'' ? azl_strndup(at, len) : NULL;
}

/* The id in ".../subscriptions/{id}/...", or NULL. */
static char *subscription_of (const char *url) {
  static const char before[] = "/subscriptions/";
  size_t end = strcspn(url, "?#");
  for (size_t at = 0; at + sizeof(before) - 1 < end; at++) {
    const char *id = url + at + sizeof(before) - 1;
    size_t len = strcspn(id, "/?#");
    if (len > 0 && azl_same_bytes(url + at, before, sizeof(before) - 1))
      return azl_strndup(id, len);
  }
  return NULL;
}

char *azl_missing_provider (const struct azl_err *err, const char *url,
                            const char *subscription) {
  if (!is_missing(err->code)) return NULL;
  char *name = detailed_name(err->body);
  if (!name) name = quoted_name(err->message);
  char *id = name ? subscription_of(url) : NULL;
  if (name && !id) id = azl_strdup(subscription);
  char *path =
      id ? azl_format("/subscriptions/%s/providers/%s", id, name) : NULL;
  azl_free(name);
  azl_free(id);
  return path;
}

/* Asking for it --------------------------------------------------------- */

static void look (void *ctx);

static void drop_call (struct registration *self) {
  struct azl_op *call = self->call;
  self->call = NULL;
  if (!call) return;
  azl_op_listen(call, NULL, NULL);
  azl_op_cancel(call);
  azl_op_unref(call);
}

static void registration_cancel (struct azl_op *op) {
  struct registration *self = AZL_CONTAINER(op, struct registration, op);
  azl_loop_timer_stop(op->loop, &self->timer);
  drop_call(self);
}

static void registration_destroy (struct azl_op *op) {
  struct registration *self = AZL_CONTAINER(op, struct registration, op);
  drop_call(self);
  azl_free(self->post_url);
  azl_free(self->get_url);
  azl_arm_unref(self->arm);
  azl_free(self);
}

static const struct azl_op_class registration_class = {
    .name = "registration",
    .cancel = registration_cancel,
    .destroy = registration_destroy,
};

static bool is_registered (const struct azl_http_response *got) {
  struct json_t *doc = azl_json_parse(got->body.data, got->body.len);
  const char *state = azl_json_string(doc, "registrationState");
  bool registered = state && azl_same_text(state, "Registered");
  azl_json_free(doc);
  return registered;
}

static void look_later (struct registration *self) {
  int64_t due_ms = azl_loop_now_ms(self->op.loop) + LOOK_EVERY_MS;
  if (due_ms >= self->deadline_ms)
    azl_op_finish(&self->op, azl_err_new(AZL_ERR_TIMEOUT, "NotRegistered",
                                         "the provider is not registered yet"));
  else if (!azl_loop_timer(self->op.loop, &self->timer, due_ms))
    azl_op_finish(&self->op, azl_err_oom());
}

static void on_call (void *ctx, struct azl_op *call) {
  struct registration *self = ctx;
  const struct azl_http_response *got = azl_arm_result(call);
  if (call->state != AZL_OP_DONE || !got) {
    azl_op_finish(&self->op, azl_err_copy(call->err));
  } else if (!self->asked) {
    self->asked = true;
    look(self);
  } else if (is_registered(got)) {
    azl_op_finish(&self->op, NULL);
  } else {
    look_later(self);
  }
}

/* A service that is silent must not take all of the time. */
static int64_t call_deadline_ms (const struct registration *self) {
  int64_t timeout_ms = azl_arm_timeout_ms(self->arm);
  int64_t due_ms = azl_loop_now_ms(self->op.loop) + timeout_ms;
  return due_ms < self->deadline_ms ? due_ms : self->deadline_ms;
}

static void send (struct registration *self, const char *method,
                  const char *url) {
  struct azl_arm_request request = {
      .method = method,
      .url = url,
      .deadline_ms = call_deadline_ms(self),
      .max_retries = -1,
      .safe_to_repeat = true,
      .no_register = true,
  };
  drop_call(self);
  self->call = azl_arm_send(self->arm, &request);
  if (!self->call)
    azl_op_finish(&self->op, azl_err_oom());
  else if (self->call->state == AZL_OP_PENDING)
    azl_op_listen(self->call, on_call, self);
  else
    on_call(self, self->call);
}

static void look (void *ctx) {
  struct registration *self = ctx;
  send(self, "GET", self->get_url);
}

struct azl_op *azl_register (struct azl_arm *arm, const char *provider,
                             int64_t deadline_ms) {
  const char *endpoint = azl_arm_endpoint(arm);
  struct registration *self = azl_calloc(1, sizeof(*self));
  if (!self) return NULL;
  azl_op_init(&self->op, &registration_class, azl_arm_loop(arm));
  azl_timer_init(&self->timer, look, self);
  self->arm = azl_arm_ref(arm);
  self->deadline_ms = azl_loop_now_ms(self->op.loop) + GIVE_UP_MS;
  if (deadline_ms < self->deadline_ms) self->deadline_ms = deadline_ms;
  self->post_url = azl_format("%s%s/register" VERSION, endpoint, provider);
  self->get_url = azl_format("%s%s" VERSION, endpoint, provider);
  if (self->post_url && self->get_url)
    send(self, "POST", self->post_url);
  else
    azl_op_finish(&self->op, azl_err_oom());
  return &self->op;
}
