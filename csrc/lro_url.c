/* The URLs that an answer names: which may be followed, and how. */
#include "lro_turn.h"
#include "bytes.h"
#include "url.h"

#include <string.h>

void azl_lro_fail (struct azl_lro_turn *turn, struct azl_err *err) {
  azl_err_free(turn->step->err);
  turn->step->err = err;
  turn->step->next = AZL_LRO_FAIL;
}

void azl_lro_fail_protocol (struct azl_lro_turn *turn, const char *code,
                            const char *what) {
  struct azl_err *err = azl_err_new(AZL_ERR_PROTOCOL, code, "%s", what);
  err->status = turn->answer->status;
  azl_err_set(err, hint,
              "this does not mean that the operation failed: it may still be "
              "going on in Azure; read the resource to see");
  azl_lro_fail(turn, err);
}

const char *azl_lro_header (const struct azl_lro_turn *turn, const char *name) {
  const char *value = azl_headers_get(turn->answer->headers, name);
  return value && *value ? value : NULL;
}

static bool allowed_origin (const struct azl_lro_turn *turn, const char *url) {
  return azl_url_same_origin(url, turn->state->url) ||
         azl_url_same_origin(url, turn->endpoint);
}

static bool check_url (struct azl_lro_turn *turn, const char *url) {
  struct azl_url parts;
  if (!url || !azl_url_parse(url, &parts)) {
    azl_lro_fail_protocol(
        turn, "InvalidPollingUrl",
        "the service named a URL that cannot be used to follow the "
        "operation");
    return false;
  }
  if (allowed_origin(turn, url)) return true;
  struct azl_err *err = azl_err_new(
      AZL_ERR_REFUSED, "ForeignPollingUrl",
      "the service sent the operation's URL to another host: "
      "%.*s://%.*s",
      (int)parts.scheme_len, parts.scheme, (int)parts.host_len, parts.host);
  azl_err_set(err, hint,
              "no request went there, because it would carry the token; the "
              "operation itself may be going on: read the resource");
  azl_lro_fail(turn, err);
  return false;
}

/* Replaces *slot by the URL that a header gave; it is kept byte for byte, but
   for spaces. */
bool azl_lro_take_url (struct azl_lro_turn *turn, const char *reference,
                       char **slot) {
  const struct azl_lro_state *state = turn->state;
  char *url = azl_url_follow(state->poll ? state->poll : state->url, reference);
  if (!check_url(turn, url)) {
    azl_free(url);
    return false;
  }
  azl_free(*slot);
  *slot = url;
  return true;
}

/* Operation-Location belongs to APIs that want api-version on each call but
   leave it out of the header; core-client adds it. ARM's own headers, often
   signed, are never touched. */
bool azl_lro_add_api_version (struct azl_lro_turn *turn, char **slot) {
  struct azl_url original;
  const char *version = NULL;
  if (strchr(*slot, '?') || !azl_url_parse(turn->state->url, &original))
    return true;
  const char *end = original.query + original.query_len;
  for (const char *at = original.query; at < end && !version; at++)
    if (azl_same_bytes(at, "api-version=", 12) &&
        (at == original.query || at[-1] == '&'))
      version = at;
  if (!version) return true;
  char *url =
      azl_format("%s?%.*s", *slot, (int)strcspn(version, "&#"), version);
  if (!url) {
    azl_lro_fail(turn, azl_err_oom());
    return false;
  }
  azl_free(*slot);
  *slot = url;
  return true;
}

bool azl_lro_take_poll (struct azl_lro_turn *turn, const char *reference) {
  bool guessed = azl_url_is_relative(reference);
  if (!azl_lro_take_url(turn, reference, &turn->state->poll)) return false;
  turn->state->guessed = guessed;
  return true;
}
