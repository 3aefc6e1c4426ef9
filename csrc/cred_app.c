/* Owns what application credentials share. */
#include "cred_app.h"
#include "bytes.h"

#include "entra.h"
#include "url.h"

#include <string.h>

#define DEFAULT_AUTHORITY "https://login.microsoftonline.com"
#define JWT_BEARER "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* A form holds a scope, claims and an assertion of their greatest lengths, all
   escaped. The others are what such things can be at most. */
enum {
  FORM_MAX = 512 * 1024,
  TENANT_MAX = 255,
  CLIENT_MAX = 1024,
  AUTHORITY_MAX = 2048
};

bool azl_tenant_valid (const char *tenant_id) {
  static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ-.";
  if (!tenant_id || !*tenant_id || strlen(tenant_id) > TENANT_MAX) return false;
  return tenant_id[strspn(tenant_id, allowed)] == '\0';
}

static bool listed (const char *list, const char *tenant) {
  size_t len = strlen(tenant);
  while (list && *list) {
    size_t part = strcspn(list, ";");
    if (part == 1 && *list == '*') return true;
    if (part == len && azl_same_bytes(list, tenant, len)) return true;
    list += part;
    if (*list) list++;
  }
  return false;
}

const char *azl_tenant_choose (const char *own, const char *allowed,
                               bool single_tenant, const char *requested,
                               struct azl_err **out_err) {
  *out_err = NULL;
  if (!requested || single_tenant) return own;
  if (own && (azl_same_text(own, requested) || strcmp(own, "adfs") == 0))
    return own;
  if (!azl_tenant_valid(requested))
    *out_err = azl_err_new(AZL_ERR_AUTH, "InvalidTenant",
                           "the requested tenant id is malformed");
  else if (own && !listed(allowed, requested)) {
    *out_err = azl_err_new(AZL_ERR_AUTH, "TenantNotAllowed",
                           "the credential is of tenant %s and may not be "
                           "used for tenant %s",
                           own, requested);
    azl_err_set(*out_err, hint,
                "add the tenant to additionally_allowed_tenants (\"*\" allows "
                "all), or give the client a credential of that tenant");
  }
  return *out_err ? NULL : requested;
}

/* "https://login.../" and nothing that would end up in front of our path. */
static bool is_authority (const char *text) {
  return strlen(text) <= AUTHORITY_MAX && azl_url_may_carry_token(text) &&
         !strpbrk(text, "?#");
}

static struct azl_err *check (const char *name,
                              const struct azl_cred_app *from) {
  if (!azl_tenant_valid(from->tenant_id))
    return azl_err_new(AZL_ERR_AUTH, "InvalidTenant",
                       "%s: tenant_id must be a tenant's id or domain", name);
  if (!from->client_id || !*from->client_id)
    return azl_err_new(AZL_ERR_AUTH, "InvalidClient",
                       "%s: client_id is missing", name);
  if (strlen(from->client_id) > CLIENT_MAX)
    return azl_err_new(AZL_ERR_AUTH, "InvalidClient",
                       "%s: client_id is too long to be one", name);
  if (from->authority && !is_authority(from->authority))
    return azl_err_new(AZL_ERR_AUTH, "InvalidAuthority",
                       "%s: the authority must be an https URL without query "
                       "and fragment",
                       name);
  return NULL;
}

struct azl_err *azl_app_init (struct azl_app *app, const char *cred_name,
                              const struct azl_cred_app *from) {
  const char *authority = from->authority ? from->authority : DEFAULT_AUTHORITY;
  struct azl_err *err = check(cred_name, from);
  size_t len = strlen(authority);
  memset(app, 0, sizeof *app);
  if (err) return err;
  while (len > 0 && authority[len - 1] == '/') len--;
  app->tenant_id = azl_strdup(from->tenant_id);
  app->client_id = azl_strdup(from->client_id);
  app->authority = azl_strndup(authority, len);
  app->allowed = azl_strdup(from->additionally_allowed_tenants);
  app->single_tenant = from->single_tenant;
  app->no_cae = from->no_cae;
  app->adfs = azl_same_text(from->tenant_id, "adfs");
  if (app->tenant_id && app->client_id && app->authority &&
      !app->allowed == !from->additionally_allowed_tenants)
    return NULL;
  azl_app_free(app);
  return azl_err_oom();
}

void azl_app_free (struct azl_app *app) {
  azl_free(app->tenant_id);
  azl_free(app->client_id);
  azl_free(app->authority);
  azl_free(app->allowed);
  memset(app, 0, sizeof *app);
}

char *azl_app_url (const struct azl_app *app, const char *tenant,
                   const char *leaf) {
  if (app->adfs) return azl_format("%s/adfs/oauth2/%s", app->authority, leaf);
  return azl_format("%s/%s/oauth2/v2.0/%s", app->authority, tenant, leaf);
}

/* Whether there is anything to say in claims: ADFS knows none. */
static bool has_claims (const struct azl_app *app,
                        const struct azl_token_request *request) {
  return !app->adfs && (!app->no_cae || request->claims);
}

struct azl_err *azl_app_form (const struct azl_app *app,
                              const struct azl_token_request *request,
                              struct azl_buf *out_form) {
  bool bad = false, added = false, wanted = has_claims(app, request);
  char *claims = NULL;
  azl_buf_init(out_form, FORM_MAX);
  if (wanted) claims = azl_entra_claims(request->claims, !app->no_cae, &bad);
  if (claims || !wanted)
    added = azl_form_add(out_form, "client_id", app->client_id) &&
            azl_form_add(out_form, "scope", request->scope) &&
            azl_form_add(out_form, "claims", claims);
  azl_free(claims);
  if (added) return NULL;
  azl_buf_free_secret(out_form);
  if (!bad) return azl_err_oom();
  return azl_err_new(AZL_ERR_AUTH, "InvalidClaims",
                     "the claims challenge is no JSON object");
}

static void on_answer (void *ctx, struct azl_op *post) {
  azl_entra_settle(ctx, post);
}

void azl_app_ask (struct azl_fetch *fetch, const struct azl_app *app,
                  const char *tenant, struct azl_buf *form,
                  int64_t deadline_ms) {
  char *url = azl_app_url(app, tenant, "token");
  struct azl_op *post = NULL;
  if (url) post = azl_entra_post(fetch->cred, url, form, deadline_ms);
  azl_buf_free_secret(form);
  azl_free(url);
  azl_fetch_work(fetch, post, on_answer);
}

static bool add_grant (struct azl_buf *form, const char *secret,
                       const char *assertion) {
  return azl_form_add(form, "grant_type", "client_credentials") &&
         azl_form_add(form, "client_secret", secret) &&
         azl_form_add(form, "client_assertion_type",
                      assertion ? JWT_BEARER : NULL) &&
         azl_form_add(form, "client_assertion", assertion);
}

void azl_app_ask_with (struct azl_fetch *fetch, const struct azl_app *app,
                       const struct azl_token_request *request,
                       const char *tenant, const char *secret,
                       const char *assertion) {
  struct azl_buf form;
  struct azl_err *err = azl_app_form(app, request, &form);
  if (!err && !add_grant(&form, secret, assertion)) {
    azl_buf_free_secret(&form);
    err = azl_err_oom();
  }
  if (err)
    azl_fetch_fail(fetch, err);
  else
    azl_app_ask(fetch, app, tenant, &form, request->deadline_ms);
}
