/* What Microsoft Entra ID is sent and what its answers mean. */
#include "entra.h"

#include "json.h"
#include "redact.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { ERROR_BODY_MAX = 8 * 1024 };

bool azl_form_add (struct azl_buf *form, const char *name, const char *value) {
  if (!value) return true;
  return (form->len == 0 || azl_buf_add_str(form, "&")) &&
         azl_buf_add_str(form, name) && azl_buf_add_str(form, "=") &&
         azl_buf_add_escaped(form, value);
}

/* Claims */

static json_t *child_object (json_t *parent, const char *key) {
  json_t *child = json_object_get(parent, key);
  if (json_is_object(child)) return child;
  child = json_object();
  if (!child || json_object_set_new(parent, key, child) != 0) return NULL;
  return child;
}

static bool add_capability (json_t *claims) {
  json_t *token = child_object(claims, "access_token");
  json_t *capability = token ? child_object(token, "xms_cc") : NULL;
  json_t *values = capability ? json_array() : NULL;
  if (!values) return false;
  if (json_array_append_new(values, json_string("CP1")) != 0) {
    json_decref(values);
    return false;
  }
  return json_object_set_new(capability, "values", values) == 0;
}

static char *dump (const json_t *doc) {
  size_t bytes = json_dumpb(doc, NULL, 0, JSON_COMPACT);
  char *text = bytes ? azl_malloc(bytes + 1) : NULL;
  if (!text) return NULL;
  if (json_dumpb(doc, text, bytes, JSON_COMPACT) != bytes) {
    azl_free(text);
    return NULL;
  }
  text[bytes] = '\0';
  return text;
}

char *azl_entra_claims (const char *challenge, bool capable, bool *out_bad) {
  char *text = NULL;
  json_t *claims =
      challenge ? azl_json_parse(challenge, strlen(challenge)) : json_object();
  *out_bad = challenge && !json_is_object(claims);
  if (claims && !*out_bad && (!capable || add_capability(claims)))
    text = dump(claims);
  azl_json_free(claims);
  return text;
}

/* Errors */

static const char *body_text (const struct azl_http_response *answer) {
  return answer->body.data ? answer->body.data : "";
}

/* "AADSTS700016" from the description, which starts with it, or from
   error_codes. */
static bool entra_code (const json_t *doc, const char *description, char *out,
                        size_t out_bytes) {
  const json_t *codes = azl_json_at(doc, "error_codes");
  size_t len = strlen("AADSTS");
  if (description && strncmp(description, "AADSTS", len) == 0) {
    len += strspn(description + len, "0123456789");
    snprintf(out, out_bytes, "%.*s", (int)len, description);
    return true;
  }
  if (!json_is_integer(json_array_get(codes, 0))) return false;
  snprintf(out, out_bytes, "AADSTS%lld",
           (long long)json_integer_value(json_array_get(codes, 0)));
  return true;
}

/* The description's first line without its code; the rest are ids and a
   time, which have their own fields. */
static struct azl_err *described (struct azl_cred *cred, const char *code,
                                  const char *description) {
  const char *text = description;
  size_t skip = strlen(code);
  if (strncmp(text, code, skip) == 0 && text[skip] == ':')
    text += skip + 1 + strspn(text + skip + 1, " ");
  return azl_err_new(AZL_ERR_AUTH, code, "%s: %.*s", cred->cls->name,
                     (int)strcspn(text, "\r\n"), text);
}

static struct azl_err *from_document (struct azl_cred *cred,
                                      const json_t *doc) {
  char number[32];
  const char *word = azl_json_string(doc, "error");
  const char *description = azl_json_string(doc, "error_description");
  const char *code = word;
  struct azl_err *err;
  if (entra_code(doc, description, number, sizeof number)) code = number;
  if (!code) return NULL;
  err = described(cred, code, description ? description : code);
  azl_err_set(err, request_id, azl_json_string(doc, "trace_id"));
  azl_err_set(err, correlation_id, azl_json_string(doc, "correlation_id"));
  azl_err_set(err, hint, azl_entra_hint(code));
  azl_err_set(err, target, word);
  return err;
}

/* A proxy's page, an empty body: the generic reader knows them all. */
static struct azl_err *from_anything (struct azl_cred *cred,
                                      struct azl_http_response *answer) {
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, NULL, "%s", "");
  char *text;
  azl_err_from_body(err, answer->status, body_text(answer), answer->body.len,
                    &answer->headers);
  text = azl_format("%s: the token endpoint answered %d: %s", cred->cls->name,
                    answer->status, err->message ? err->message : "nothing");
  azl_err_set(err, message, text);
  azl_free(text);
  return err;
}

static void add_circumstances (struct azl_err *err, struct azl_op *post) {
  struct azl_http_response *answer = azl_entra_result(post);
  struct azl_clock *clock = azl_loop_clock(post->loop);
  err->status = answer->status;
  err->attempts = azl_entra_attempts(post);
  err->retry_after_ms =
      azl_retry_after_ms(&answer->headers, azl_clock_wall_ms(clock));
  if (!err->request_id)
    azl_err_set(err, request_id,
                azl_headers_get(&answer->headers, "x-ms-request-id"));
  if (!err->body && answer->body.data && answer->body.len <= ERROR_BODY_MAX)
    azl_err_set(err, body, answer->body.data);
}

struct azl_err *azl_entra_error (struct azl_op *post) {
  struct azl_cred *cred = azl_entra_cred(post);
  struct azl_http_response *answer = azl_entra_result(post);
  json_t *doc = azl_json_parse(body_text(answer), answer->body.len);
  struct azl_err *err = doc ? from_document(cred, doc) : NULL;
  azl_json_free(doc);
  if (!err) err = from_anything(cred, answer);
  azl_err_flatten(err);
  add_circumstances(err, post);
  return azl_err_redact_form(err, azl_entra_form(post));
}

/* Tokens */

static struct azl_err *no_token (struct azl_fetch *fetch, struct azl_op *post) {
  struct azl_err *err =
      azl_err_new(AZL_ERR_AUTH, "InvalidTokenResponse",
                  "%s: the token endpoint answered 200 without a usable token",
                  fetch->cred->cls->name);
  azl_err_set(err, hint,
              "something between here and Microsoft Entra ID "
              "(a proxy, a sign-in page) may have answered");
  err->status = azl_entra_result(post)->status;
  return err;
}

/* expires_in counts from now, so a wrong local clock does no harm. */
static bool finish_with_token (struct azl_fetch *fetch, const json_t *doc) {
  int64_t wall = azl_clock_wall_ms(azl_loop_clock(fetch->op.loop));
  int64_t expires = 0, refresh = 0;
  const int64_t most = INT64_C(10) * 365 * 24 * 3600;
  const char *value = azl_json_string(doc, "access_token");
  if (!value || !*value) return false;
  if (!azl_json_int(doc, "expires_in", &expires)) return false;
  if (expires <= 0 || expires > most) return false;
  if (!azl_json_int(doc, "refresh_in", &refresh)) refresh = 0;
  if (refresh <= 0 || refresh >= expires) refresh = 0;
  azl_fetch_done(fetch, value, wall + expires * 1000,
                 refresh ? wall + refresh * 1000 : 0);
  return true;
}

static void fail_refused (struct azl_fetch *fetch, struct azl_op *post) {
  struct azl_err *err = azl_entra_error(post);
  bool refused = err->target && strcmp(err->target, "invalid_client") == 0;
  if (refused && fetch->cred->cls->refused)
    fetch->cred->cls->refused(fetch->cred);
  azl_fetch_fail(fetch, err);
}

void azl_entra_settle (struct azl_fetch *fetch, struct azl_op *post) {
  struct azl_http_response *answer = azl_entra_result(post);
  json_t *doc;
  if (!answer) {
    azl_fetch_fail(fetch, azl_err_copy(post->err));
    return;
  }
  if (answer->status < 200 || answer->status > 299) {
    fail_refused(fetch, post);
    return;
  }
  doc = azl_json_parse(body_text(answer), answer->body.len);
  if (!finish_with_token(fetch, doc))
    azl_fetch_fail(fetch, no_token(fetch, post));
  azl_json_free(doc);
}

char *azl_entra_refresh_token (struct azl_op *post) {
  struct azl_http_response *answer = azl_entra_result(post);
  json_t *doc = NULL;
  char *token;
  if (answer) doc = azl_json_parse(body_text(answer), answer->body.len);
  token = azl_strdup(azl_json_string(doc, "refresh_token"));
  azl_json_free(doc);
  return token;
}
