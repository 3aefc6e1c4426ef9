/* Errors of calls: Azure's own words, which call it was, and what to do. */
#include "arm_internal.h"
#include "json.h"
#include "url.h"

#include <string.h>

struct code_hint {
  const char *code, *hint;
};

/* Codes of the ARM error reference and of the resource providers concerned. */
static const struct code_hint hints[] = {
    {"AuthorizationFailed",
     "give this identity a role that allows the action (Owner, Contributor, or "
     "SignalR Contributor), or sign in as another one; new roles can take "
     "minutes"},
    {"LinkedAuthorizationFailed",
     "the identity also needs a role on the resource that is linked to"},
    {"InvalidAuthenticationToken",
     "sign in again; check `cloud` and the clock"},
    {"ExpiredAuthenticationToken", "sign in again; check this machine's clock"},
    {"AuthenticationFailed", "no valid token was sent: check `credential`"},
    {"InvalidAuthenticationTokenTenant",
     "the subscription belongs to another tenant: sign in there (tenant_id)"},
    {"SubscriptionNotFound",
     "check the subscription id, and that the identity may see it"},
    {"ResourceGroupNotFound", "check the resource group's name"},
    {"ResourceNotFound", "check the resource id"},
    {"MissingSubscriptionRegistration",
     "register the resource provider with the subscription (az provider "
     "register), then try again"},
    {"SubscriptionNotRegistered",
     "register the resource provider with the subscription (az provider "
     "register), then try again"},
    {"ScopeLocked", "remove the lock on the resource, or ask who set it"},
    {"RequestDisallowedByPolicy",
     "a policy of the organisation forbids it; `details` names the policy"},
    {"InvalidApiVersionParameter", "use one of the versions in the message"},
    {"NoRegisteredProviderFound", "use an api-version from the message"},
    {"MissingApiVersionParameter", "pass api_version"},
    {"TooManyRequests", "wait for `retry_after` seconds, then try again"},
    {"SubscriptionRequestsThrottled",
     "wait for `retry_after` seconds, then try again"},
    {"Conflict", "another operation on the resource is under way: wait for it"},
    {"AnotherOperationInProgress", "wait for the other operation, try again"},
};

static const char *hint_for (const char *code, int status) {
  for (size_t i = 0; code && i < sizeof(hints) / sizeof(hints[0]); i++)
    if (strcmp(hints[i].code, code) == 0) return hints[i].hint;
  switch (status) {
  case 304: return "nothing changed; client:request gives a 304 as a result";
  case 401: return "check the credential and the cloud";
  case 403: return "check the roles of this identity on the resource";
  case 404: return "check the id; a deleted resource answers like this too";
  case 407: return "the proxy wants credentials: put them into `proxy`";
  case 409: return "something else changes the resource: wait, then try again";
  case 429: return "wait for `retry_after` seconds, then try again";
  default:
    if (status < 400)
      return "redirects are followed within the same host only, and 301, 302 "
             "and 303 not for every method";
    return status >= 500 ? "the service has a problem: try again later; "
                           "`request_id` is what its support asks for"
                         : NULL;
  }
}

void azl_call_describe (const struct azl_call *call, struct azl_err *err) {
  const char *request_id = azl_call_request_id(call);
  const char *correlation_id = azl_call_correlation_id(call);
  char *url = azl_url_redact(call->url);
  azl_err_set(err, method, call->method);
  azl_err_set(err, url, url);
  azl_free(url);
  azl_err_set(err, client_request_id, azl_call_client_request_id(call));
  if (request_id) azl_err_set(err, request_id, request_id);
  if (correlation_id) azl_err_set(err, correlation_id, correlation_id);
  if (err != azl_err_oom()) err->attempts = call->attempt;
}

struct azl_err *azl_call_service_error (const struct azl_call *call,
                                        const struct azl_http_response *got,
                                        int64_t retry_after_ms) {
  (void)call;
  struct azl_err *err = azl_err_new(AZL_ERR_SERVICE, NULL, "%s", "");
  if (err == azl_err_oom()) return err;
  azl_err_from_body(err, got->status, got->body.data, got->body.len,
                    &got->headers);
  err->status = got->status;
  err->retry_after_ms = retry_after_ms;
  azl_err_set(err, hint, hint_for(err->code, got->status));
  return err;
}
