/* Resume tokens: an operation's state as JSON, and back. */
#include "lro_token.h"
#include "json.h"
#include "url.h"

#include <string.h>

#define TOKEN_VERSION 1
#define MAX_TOKEN_BYTES (256 * 1024)

static const char *const mode_names[AZL_LRO_MODES] = {
    [AZL_LRO_START] = "start",       [AZL_LRO_ASYNC] = "async",
    [AZL_LRO_LOCATION] = "location", [AZL_LRO_BODY] = "body",
    [AZL_LRO_ENDED] = "ended",
};
static const char *const final_names[] = {"default", "azure-async-operation",
                                          "location", "original-uri"};
enum { FINALS = sizeof(final_names) / sizeof(*final_names) };

static bool add_member (struct azl_buf *buf, const char *key,
                        const char *value) {
  if (!value) return true;
  return azl_buf_add_str(buf, ",\"") && azl_buf_add_str(buf, key) &&
         azl_buf_add_str(buf, "\":") && azl_json_quote(buf, value);
}

char *azl_lro_token_write (const struct azl_lro_state *state) {
  struct azl_buf buf;
  azl_buf_init(&buf, MAX_TOKEN_BYTES);
  if (azl_buf_add_fmt(&buf, "{\"v\":%d", TOKEN_VERSION) &&
      add_member(&buf, "method", azl_lro_method_name(state->method)) &&
      add_member(&buf, "mode", mode_names[state->mode]) &&
      add_member(&buf, "final", final_names[state->final]) &&
      add_member(&buf, "accepted", state->accepted ? "yes" : NULL) &&
      add_member(&buf, "result", state->empty ? "none" : NULL) &&
      add_member(&buf, "url", state->url) &&
      add_member(&buf, "poll", state->poll) &&
      add_member(&buf, "location", state->location) &&
      azl_buf_add_str(&buf, "}"))
    return azl_buf_take(&buf);
  azl_buf_free(&buf);
  return NULL;
}

/* Reading -------------------------------------------------------------- */

static struct azl_err *not_ours (const char *why) {
  struct azl_err *err = azl_err_new(AZL_ERR_PROTOCOL, "InvalidResumeToken",
                                    "not a resume token: %s", why);
  azl_err_set(err, hint,
              "pass the text that op:resume_token() gave, unchanged");
  return err;
}

/* The place of a member's value in a table of names, or -1. */
static int index_of (const struct json_t *doc, const char *key,
                     const char *const *names, int count) {
  const char *value = azl_json_string(doc, key);
  for (int i = 0; value && i < count; i++)
    if (strcmp(names[i], value) == 0) return i;
  return -1;
}

static struct azl_err *read_words (const struct json_t *doc,
                                   struct azl_lro_state *state) {
  int64_t version = 0;
  const char *method = azl_json_string(doc, "method");
  const char *accepted = azl_json_string(doc, "accepted");
  const char *result = azl_json_string(doc, "result");
  int mode = index_of(doc, "mode", mode_names, AZL_LRO_MODES);
  int final = index_of(doc, "final", final_names, FINALS);
  if (!azl_json_int(doc, "v", &version)) return not_ours("it has no version");
  if (version != TOKEN_VERSION)
    return not_ours("another version of this library made it");
  if (!method) return not_ours("it has no method");
  state->method = azl_lro_method_of(method);
  if (strcmp(method, azl_lro_method_name(state->method)) != 0)
    return not_ours("its method is unknown");
  if (mode < 0) return not_ours("its mode is unknown");
  if (final < 0) return not_ours("its final state is unknown");
  state->mode = (enum azl_lro_mode)mode;
  state->final = (enum azl_lro_final) final;
  state->accepted = accepted != NULL;
  state->empty = result && strcmp(result, "none") == 0;
  return NULL;
}

static struct azl_err *read_url (const struct json_t *doc, const char *key,
                                 const char *endpoint, char **out) {
  struct azl_url parts;
  const char *text = azl_json_string(doc, key);
  if (!text) return NULL;
  if (!azl_url_parse(text, &parts)) return not_ours("a URL in it is not valid");
  if (!azl_url_same_origin(text, endpoint)) {
    struct azl_err *err =
        azl_err_new(AZL_ERR_REFUSED, "ForeignResumeToken",
                    "the resume token belongs to %.*s, not to this client's "
                    "cloud",
                    (int)parts.host_len, parts.host);
    azl_err_set(err, hint, "resume it with a client of the cloud it came from");
    return err;
  }
  *out = azl_strdup(text);
  return *out ? NULL : azl_err_oom();
}

static struct azl_err *read_urls (const struct json_t *doc,
                                  const char *endpoint,
                                  struct azl_lro_state *state) {
  struct azl_err *err = read_url(doc, "url", endpoint, &state->url);
  if (!err) err = read_url(doc, "poll", endpoint, &state->poll);
  if (!err) err = read_url(doc, "location", endpoint, &state->location);
  if (err) return err;
  if (!state->url) return not_ours("it has no URL");
  bool polls = state->mode != AZL_LRO_START && state->mode != AZL_LRO_ENDED;
  return polls && !state->poll ? not_ours("it has no URL to ask") : NULL;
}

/* Of what cannot be known any more. Reading the resource would show its old
   state and pass for a success; sending again needs a body that no token has.
 */
static struct azl_err *check_resumable (const struct azl_lro_state *state) {
  const char *method = azl_lro_method_name(state->method);
  struct azl_err *err = NULL;
  if (state->mode == AZL_LRO_START && state->method != AZL_LRO_GET)
    err = azl_err_new(AZL_ERR_REFUSED, "NotResumable",
                      "the resume token was taken before the service had "
                      "answered, so it is not known whether the %s was sent",
                      method);
  else if (state->mode == AZL_LRO_ENDED && state->method == AZL_LRO_POST &&
           !state->empty)
    err = azl_err_new(AZL_ERR_REFUSED, "NotResumable",
                      "the %s had ended with its first answer, whose result "
                      "went to whoever waited for it and is nowhere else",
                      method);
  if (err)
    azl_err_set(err, hint,
                "read the resource, then send the request again if it is "
                "still needed");
  return err;
}

bool azl_lro_token_read (const char *token, const char *endpoint,
                         struct azl_lro_state *out_state,
                         struct azl_err **out_err) {
  size_t len = strlen(token);
  struct json_t *doc =
      len <= MAX_TOKEN_BYTES ? azl_json_parse(token, len) : NULL;
  memset(out_state, 0, sizeof(*out_state));
  struct azl_err *err =
      doc ? read_words(doc, out_state) : not_ours("it is not JSON");
  if (!err) err = read_urls(doc, endpoint, out_state);
  if (!err) err = check_resumable(out_state);
  azl_json_free(doc);
  if (!err) return true;
  azl_lro_state_clear(out_state);
  *out_err = err;
  return false;
}
