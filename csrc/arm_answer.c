/* What an answer asks for before it is one: another token, another place. */
#include "arm_internal.h"
#include "bytes.h"
#include "base64.h"
#include "redirect.h"
#include "url.h"

#include <string.h>

enum { MAX_CHALLENGES = 2, MAX_CLAIMS = 8192 };

/* What one WWW-Authenticate field wants a token to claim, or NULL. */
static char *wanted_claims (const char *field) {
  char error[64], encoded[MAX_CLAIMS];
  if (!azl_challenge_param(field, "Bearer", "error", error, sizeof(error)) ||
      strcmp(error, "insufficient_claims") != 0 ||
      !azl_challenge_param(field, "Bearer", "claims", encoded, sizeof(encoded)))
    return NULL;
  return azl_base64_decode(encoded, NULL);
}

/* Each scheme may have a line of its own, PoP's first. */
static char *find_claims (const struct azl_headers *headers) {
  char *claims = NULL;
  for (size_t i = 0; i < headers->count && !claims; i++)
    if (azl_same_text(headers->items[i].name, "WWW-Authenticate"))
      claims = wanted_claims(headers->items[i].value);
  return claims;
}

bool azl_call_signs (const struct azl_call *call) {
  return call->arm->cred && !call->anonymous &&
         !(call->omit & AZL_FIELD_AUTHORIZATION) &&
         !azl_headers_get(&call->headers, "Authorization");
}

bool azl_call_challenged (struct azl_call *call,
                          const struct azl_http_response *got) {
  if (got->status != 401 || !azl_call_signs(call) ||
      call->challenges >= MAX_CHALLENGES)
    return false;
  char *claims = find_claims(&got->headers);
  if (!claims) return false;
  azl_free(call->claims);
  call->claims = claims;
  call->challenges++;
  return true;
}

/* No redirect carries a token, whoever put it there. */
static void drop_tokens (struct azl_call *call) {
  azl_headers_remove(&call->headers, "Authorization");
  azl_headers_remove(&call->headers, "x-ms-authorization-auxiliary");
  call->anonymous = true;
}

/* The body stays behind, and with it the fields that describe it. */
static void drop_body (struct azl_call *call) {
  static const char prefix[] = "Content-";
  struct azl_headers *headers = &call->headers;
  call->has_body = false;
  for (size_t i = headers->count; i-- > 0;)
    if (i < headers->count &&
        azl_same_bytes(headers->items[i].name, prefix, sizeof(prefix) - 1))
      azl_headers_remove(headers, headers->items[i].name);
}

/* Only within the same origin, so that no body goes elsewhere. */
bool azl_call_redirected (struct azl_call *call,
                          const struct azl_http_response *got) {
  const char *location = azl_headers_get(&got->headers, "Location");
  const char *method = azl_redirect_method(got->status, call->method);
  if (!method || !location || call->redirects >= AZL_MAX_REDIRECTS)
    return false;
  char *target = azl_url_follow(call->url, location);
  if (!target || !azl_url_same_origin(call->url, target)) {
    azl_free(target);
    return false;
  }
  if (strcmp(method, call->method) != 0) drop_body(call);
  call->method = method;
  azl_free_secret(call->redirect_url);
  call->url = call->redirect_url = target;
  call->origin_len = 0;
  call->redirects++;
  drop_tokens(call);
  return true;
}

/* A 3xx that came through was not followed: nobody did what was asked for. */
bool azl_call_accepts (const struct azl_call *call, int status) {
  if (call->any_status || status < 300) return true;
  if (!call->any_redirect || status >= 400) return false;
  return status == 304 || !azl_redirect_method(status, call->method);
}
