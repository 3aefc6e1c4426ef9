/* What sources of managed identities answer, and what that means: a token, try
   again, or a reason that sends a chain on or stops it. */
#include "managed_answer.h"
#include "bytes.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "aadsts.h"
#include "date.h"
#include "entra.h"
#include "fetch.h"
#include "json.h"

enum {
  IMDS_RETRIES = 5,
  IMDS_DELAY_MS = 800,
  IMDS_GONE_DELAY_MS = 3000, /* 3+6+12+24+48 s, and 70 s must pass */
  IMDS_MAX_DELAY_MS = 64 * 1000,
  OTHER_RETRIES = 3,
  OTHER_DELAY_MS = 1000,
  MAX_RETRY_AFTER_MS = 2 * 60 * 1000
};
static const int64_t two_hours_ms = 2 * 60 * 60 * 1000;

static bool is_retried (enum azl_managed_source source, int status) {
  static const int statuses[] = {404, 408, 429, 500, 503, 504};
  size_t i;
  if (status == 0) return true;
  if (source == AZL_MANAGED_IMDS && (status == 410 || status >= 500))
    return true;
  for (i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
    if (status == statuses[i]) return true;
  return false;
}

static int64_t exponential_ms (int number, int64_t base_ms, double jitter) {
  int64_t delay_ms = (int64_t)((double)(base_ms << (number - 1)) * jitter);
  return delay_ms < IMDS_MAX_DELAY_MS ? delay_ms : IMDS_MAX_DELAY_MS;
}

/* A 410's own delay is not shortened by a Retry-After: the update takes up to
   70 s, however soon the service wants to be asked again. */
int64_t azl_managed_retry_ms (enum azl_managed_source source, int number,
                              int status, int64_t retry_after_ms,
                              double jitter) {
  bool imds = source == AZL_MANAGED_IMDS, gone = imds && status == 410;
  int retries = imds && status != 0 ? IMDS_RETRIES : OTHER_RETRIES;
  int64_t delay_ms = OTHER_DELAY_MS;
  if (number > retries || !is_retried(source, status)) return -1;
  if (retry_after_ms > MAX_RETRY_AFTER_MS) return -1;
  if (imds)
    delay_ms = exponential_ms(number, gone ? IMDS_GONE_DELAY_MS : IMDS_DELAY_MS,
                              jitter);
  if (retry_after_ms >= 0 && (!gone || retry_after_ms > delay_ms))
    return retry_after_ms;
  return delay_ms;
}

bool azl_managed_is_present (int status, const char *body) {
  return status != 403 || !body || !strstr(body, "unreachable");
}

/* Failures */

static struct azl_err *unavailable (struct azl_err *err, const char *hint) {
  azl_err_set(err, code, AZL_UNAVAILABLE);
  azl_err_set(err, hint, hint);
  return err;
}

bool azl_managed_is_impostor (const struct azl_err *cause) {
  return cause && cause->code && strcmp(cause->code, "ThumbprintMismatch") == 0;
}

struct azl_err *azl_managed_no_answer (enum azl_managed_source source,
                                       const struct azl_err *cause) {
  bool known = cause && cause->message;
  struct azl_err *err = azl_err_new(
      AZL_ERR_AUTH,
      azl_managed_is_impostor(cause) ? cause->code : AZL_UNAVAILABLE,
      "no managed identity: %s gave no answer%s%s",
      azl_managed_source_name(source), known ? ": " : "",
      known ? cause->message : "");
  azl_err_set_inner(err, cause);
  if (azl_managed_is_impostor(cause)) azl_err_set(err, hint, cause->hint);
  if (source == AZL_MANAGED_IMDS)
    azl_err_set(err, hint,
                "this works only on an Azure resource that has a managed "
                "identity; elsewhere sign in with another credential");
  return err;
}

static bool is_object (const struct azl_buf *body) {
  json_t *doc = body->data ? azl_json_parse(body->data, body->len) : NULL;
  bool yes = json_is_object(doc);
  azl_json_free(doc);
  return yes;
}

/* Whether the answer means "not here", as opposed to "no": IMDS says 400 when
   the machine has no such identity, and gateways speak for an IMDS that is not
   there (azidentity for Go). IMDS itself always answers with an object. An
   AADSTS code is Entra's own answer. */
static bool is_absent (enum azl_managed_source source,
                       const struct azl_http_response *response) {
  const char *body = response->body.data;
  int status = response->status;
  if (source != AZL_MANAGED_IMDS) return false;
  if (!azl_managed_is_present(status, body)) return true;
  if (body && strstr(body, "AADSTS")) return false;
  return status == 400 || status == 502 || status == 504 ||
         !is_object(&response->body);
}

static struct azl_err *status_error (enum azl_managed_source source,
                                     struct azl_http_response *response) {
  const char *body = response->body.data;
  char code[AZL_AADSTS_BYTES];
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, "AuthenticationFailed", "-");
  char *message;
  azl_err_from_body(err, response->status, body, response->body.len,
                    &response->headers);
  err->kind = AZL_ERR_AUTH;
  err->status = response->status;
  message = azl_format("no token from %s: %s", azl_managed_source_name(source),
                       err->message ? err->message : "no reason given");
  if (message) azl_err_set(err, message, message);
  azl_free(message);
  azl_err_flatten(err);
  if (azl_aadsts_find(body, code)) {
    azl_err_set(err, code, code);
    azl_err_set(err, hint, azl_entra_hint(code));
  }
  if (is_absent(source, response))
    return unavailable(err, "assign a managed identity to this resource, or "
                            "sign in with another credential");
  return err;
}

static struct azl_err *unexpected (enum azl_managed_source source,
                                   const char *what) {
  /* What speaks http on the link-local address without JSON is not IMDS. */
  const char *code =
      source == AZL_MANAGED_IMDS ? AZL_UNAVAILABLE : "UnexpectedAnswer";
  return azl_err_new(AZL_ERR_AUTH, code, "the answer of %s has no %s",
                     azl_managed_source_name(source), what);
}

/* Tokens */

static bool echoes (const struct json_t *doc, const char *key,
                    const char *wanted) {
  const char *echo = azl_json_string(doc, key);
  return echo && azl_same_text(echo, wanted);
}

/* An Arc agent that does not know user-assigned identities ignores the
   selector and hands out the machine's own token: only an echo proves that it
   did not (MSAL: userAssignedManagedIdentityNotConfirmed). */
static bool is_confirmed (enum azl_managed_source source,
                          const struct azl_managed_id *id,
                          const struct json_t *doc) {
  if (source != AZL_MANAGED_ARC) return true;
  if (id->client_id && *id->client_id)
    return echoes(doc, "client_id", id->client_id);
  if (id->object_id && *id->object_id)
    return echoes(doc, "object_id", id->object_id);
  if (id->resource_id && *id->resource_id)
    return echoes(doc, "msi_res_id", id->resource_id) ||
           echoes(doc, "mi_res_id", id->resource_id);
  return true;
}

/* A moment given as `on` (a point in time) or `in` (seconds from now). */
static int64_t moment_ms (const struct json_t *doc, const char *on,
                          const char *in, int64_t wall_ms) {
  int64_t ms = azl_date_member_ms(doc, on);
  int64_t seconds;
  if (ms < 0 && azl_json_int(doc, in, &seconds) && seconds > 0 &&
      seconds < INT32_MAX)
    ms = wall_ms + seconds * 1000;
  return ms;
}

static int64_t refresh_at_ms (const struct json_t *doc, int64_t expires_ms,
                              int64_t wall_ms) {
  int64_t refresh_ms = moment_ms(doc, "refresh_on", "refresh_in", wall_ms);
  int64_t left_ms = expires_ms - wall_ms;
  if (refresh_ms > wall_ms) return refresh_ms;
  return left_ms > two_hours_ms ? wall_ms + left_ms / 2 : 0;
}

static struct azl_err *read_token (enum azl_managed_source source,
                                   const struct azl_managed_id *id,
                                   const struct json_t *doc, int64_t wall_ms,
                                   struct azl_managed_answer *out) {
  const char *value = azl_json_string(doc, "access_token");
  int64_t expires_ms = moment_ms(doc, "expires_on", "expires_in", wall_ms);
  if (!value || !*value) return unexpected(source, "access token");
  if (expires_ms < 0) return unexpected(source, "time of expiry");
  if (!is_confirmed(source, id, doc))
    return azl_err_new(AZL_ERR_AUTH, "IdentityNotConfirmed",
                       "the agent of Azure Arc did not confirm that the token "
                       "is of the identity asked for; it may be too old for "
                       "user-assigned identities");
  out->value = azl_strdup(value);
  out->expires_ms = expires_ms;
  out->refresh_ms = refresh_at_ms(doc, expires_ms, wall_ms);
  return out->value ? NULL : azl_err_oom();
}

struct azl_err *azl_managed_read (enum azl_managed_source source,
                                  const struct azl_managed_id *id,
                                  struct azl_http_response *response,
                                  int64_t wall_ms,
                                  struct azl_managed_answer *out) {
  struct json_t *doc;
  struct azl_err *err;
  memset(out, 0, sizeof *out);
  if (response->status != 200) return status_error(source, response);
  doc = response->body.data
            ? azl_json_parse(response->body.data, response->body.len)
            : NULL;
  err = doc ? read_token(source, id, doc, wall_ms, out)
            : unexpected(source, "JSON");
  azl_json_free(doc);
  return err;
}
