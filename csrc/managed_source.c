/* Which source of managed identities this machine has, and what to send it. */
#include "managed.h"

#include <string.h>
#include "url.h"

#define IMDS_HOST "http://169.254.169.254"
#define IMDS_PATH "/metadata/identity/oauth2/token"
#define ARC_ENDPOINT "http://127.0.0.1:40342" IMDS_PATH

/* The URL holds an endpoint, an id and a scope of their greatest lengths, the
   last two escaped. */
enum {
  MAX_URL = 64 * 1024,
  MAX_BODY = 64 * 1024,
  MAX_ENDPOINT = 4 * 1024,
  MAX_ID = 2 * 1024
};

static bool given (const char *value) {
  return value && *value;
}

enum azl_managed_source azl_managed_source (const struct azl_managed_env *env) {
  bool endpoint = given(env->identity_endpoint);
  bool header = endpoint && given(env->identity_header);
  if (header && given(env->identity_server_thumbprint))
    return AZL_MANAGED_SERVICE_FABRIC;
  if (header) return AZL_MANAGED_APP_SERVICE;
  if (given(env->msi_endpoint))
    return given(env->msi_secret) ? AZL_MANAGED_MACHINE_LEARNING
                                  : AZL_MANAGED_CLOUD_SHELL;
  if ((endpoint && given(env->imds_endpoint)) || env->has_himds)
    return AZL_MANAGED_ARC;
  return AZL_MANAGED_IMDS;
}

/* What differs between sources. resource_key: how a user-assigned identity's
   resource id is called; NULL where only client_id will do. */
static const struct source {
  const char *name, *api_version, *client_key, *object_key, *resource_key;
} sources[] = {
    {"Service Fabric", "2019-07-01-preview", NULL, NULL, NULL},
    {"App Service", "2019-08-01", "client_id", "object_id", "mi_res_id"},
    {"Azure Machine Learning", "2017-09-01", "clientid", NULL, NULL},
    {"Cloud Shell", NULL, NULL, NULL, NULL},
    {"Azure Arc", "2020-06-01", "client_id", "object_id", "msi_res_id"},
    {"IMDS", "2018-02-01", "client_id", "object_id", "msi_res_id"},
};

const char *azl_managed_source_name (enum azl_managed_source source) {
  return sources[source].name;
}

static const char *endpoint_of (enum azl_managed_source source,
                                const struct azl_managed_env *env) {
  switch (source) {
  case AZL_MANAGED_SERVICE_FABRIC:
  case AZL_MANAGED_APP_SERVICE: return env->identity_endpoint;
  case AZL_MANAGED_MACHINE_LEARNING:
  case AZL_MANAGED_CLOUD_SHELL: return env->msi_endpoint;
  case AZL_MANAGED_ARC:
    return given(env->identity_endpoint) && given(env->imds_endpoint)
               ? env->identity_endpoint
               : ARC_ENDPOINT;
  default:
    return given(env->pod_identity_authority_host)
               ? env->pod_identity_authority_host
               : IMDS_HOST;
  }
}

static struct azl_err *refuse (enum azl_managed_source source, const char *code,
                               const char *why) {
  return azl_err_new(AZL_ERR_AUTH, code, "managed identity of %s: %s",
                     sources[source].name, why);
}

static bool too_long (const char *id) {
  return given(id) && strlen(id) > MAX_ID;
}

static struct azl_err *check_id (enum azl_managed_source source,
                                 const struct azl_managed_id *id) {
  const struct source *how = &sources[source];
  int count =
      given(id->client_id) + given(id->object_id) + given(id->resource_id);
  if (count > 1)
    return refuse(source, "InvalidArgument",
                  "only one of client_id, object_id and resource_id can be "
                  "asked for");
  if (count && !how->client_key)
    return refuse(source, "InvalidArgument",
                  "the environment chooses the identity; leave client_id, "
                  "object_id and resource_id out");
  if (count && !given(id->client_id) && !how->object_key)
    return refuse(source, "InvalidArgument",
                  "user-assigned identities are known by client_id only");
  if (too_long(id->client_id) || too_long(id->object_id) ||
      too_long(id->resource_id))
    return refuse(source, "InvalidArgument",
                  "the id is longer than any identity's");
  return NULL;
}

/* The content of Arc's key file goes where the endpoint says: that must be
   this machine. */
static struct azl_err *check_endpoint (enum azl_managed_source source,
                                       const char *endpoint) {
  struct azl_url url;
  if (!azl_url_parse(endpoint, &url) || strlen(endpoint) > MAX_ENDPOINT)
    return refuse(source, "InvalidEndpoint",
                  "the environment's endpoint is no http(s) URL");
  if (source == AZL_MANAGED_ARC && !azl_url_is_loopback(&url))
    return refuse(source, "InvalidEndpoint",
                  "the environment's endpoint is not on this machine");
  return NULL;
}

/* Service Fabric's certificate is signed by nobody and known by thumbprint. */
static struct azl_err *check_fabric (const struct azl_managed_env *env) {
  static const char hex[] = "0123456789abcdefABCDEF";
  const char *thumbprint = env->identity_server_thumbprint;
  if (strncmp(env->identity_endpoint, "https://", 8) != 0)
    return refuse(AZL_MANAGED_SERVICE_FABRIC, "InvalidEndpoint",
                  "the environment's endpoint must be an https URL");
  if (strlen(thumbprint) == AZL_SHA1_HEX_BYTES - 1 &&
      thumbprint[strspn(thumbprint, hex)] == '\0')
    return NULL;
  return refuse(AZL_MANAGED_SERVICE_FABRIC, "InvalidThumbprint",
                "IDENTITY_SERVER_THUMBPRINT is no SHA-1 in hex");
}

/* Which secret of the environment goes into a header, or NULL. */
static const char *header_secret (enum azl_managed_source source,
                                  const struct azl_managed_env *env) {
  switch (source) {
  case AZL_MANAGED_SERVICE_FABRIC:
  case AZL_MANAGED_APP_SERVICE: return env->identity_header;
  case AZL_MANAGED_MACHINE_LEARNING: return env->msi_secret;
  default: return NULL;
  }
}

static struct azl_err *check_secret (enum azl_managed_source source,
                                     const struct azl_managed_env *env) {
  const char *secret = header_secret(source, env);
  if (!secret || azl_headers_valid("secret", secret)) return NULL;
  return refuse(source, "InvalidEnvironment",
                "the environment's secret has characters that no header can "
                "carry");
}

struct azl_err *azl_managed_check (enum azl_managed_source source,
                                   const struct azl_managed_env *env,
                                   const struct azl_managed_id *id) {
  struct azl_err *err = check_id(source, id);
  if (!err) err = check_endpoint(source, endpoint_of(source, env));
  if (!err) err = check_secret(source, env);
  if (!err && source == AZL_MANAGED_SERVICE_FABRIC) err = check_fabric(env);
  return err;
}

/* Appends name=value to a query or form, escaped once. */
static bool add_pair (struct azl_buf *buf, const char *name,
                      const char *value) {
  const char *joint = "";
  if (!given(value)) return true;
  if (buf->len && !strchr("?&", buf->data[buf->len - 1])) joint = "&";
  return azl_buf_add_str(buf, joint) && azl_buf_add_str(buf, name) &&
         azl_buf_add_str(buf, "=") && azl_buf_add_escaped(buf, value);
}

static bool add_id (enum azl_managed_source source,
                    const struct azl_managed_env *env,
                    const struct azl_managed_id *id, struct azl_buf *url) {
  const struct source *how = &sources[source];
  const char *client_id = id->client_id;
  if (source == AZL_MANAGED_MACHINE_LEARNING && !given(client_id))
    client_id = env->default_identity_client_id;
  return (!how->client_key || add_pair(url, how->client_key, client_id)) &&
         (!how->object_key || add_pair(url, how->object_key, id->object_id)) &&
         (!how->resource_key ||
          add_pair(url, how->resource_key, id->resource_id));
}

/* The endpoint without "localhost", which may resolve to an address that the
   agent does not listen on (as MSAL does for Arc), and for IMDS with its path.
   It ends with '?' or '&'. */
static bool add_endpoint (enum azl_managed_source source,
                          const struct azl_managed_env *env,
                          struct azl_buf *url) {
  static const char local[] = "http://localhost";
  const char *text = endpoint_of(source, env);
  size_t len = strlen(text), skip = sizeof local - 1;
  bool ok = true;
  if (source == AZL_MANAGED_ARC && strncmp(text, local, skip) == 0 &&
      strchr(":/", text[skip])) {
    ok = azl_buf_add_str(url, "http://127.0.0.1");
    text += skip;
    len -= skip;
  }
  if (source == AZL_MANAGED_IMDS)
    while (len && text[len - 1] == '/') len--;
  ok = ok && azl_buf_add(url, text, len);
  if (source == AZL_MANAGED_IMDS) ok = ok && azl_buf_add_str(url, IMDS_PATH);
  return ok && azl_buf_add_str(url, strchr(url->data, '?') ? "&" : "?");
}

static bool add_headers (enum azl_managed_source source,
                         const struct azl_managed_env *env,
                         struct azl_headers *headers) {
  switch (source) {
  case AZL_MANAGED_SERVICE_FABRIC:
    return azl_headers_add(headers, "secret", env->identity_header);
  case AZL_MANAGED_APP_SERVICE:
    return azl_headers_add(headers, "X-IDENTITY-HEADER", env->identity_header);
  case AZL_MANAGED_MACHINE_LEARNING:
    return azl_headers_add(headers, "Metadata", "true") &&
           azl_headers_add(headers, "secret", env->msi_secret);
  default: return azl_headers_add(headers, "Metadata", "true");
  }
}

static void init_call (struct azl_managed_call *call, const char *method) {
  memset(call, 0, sizeof *call);
  call->method = method;
  azl_buf_init(&call->url, MAX_URL);
  azl_buf_init(&call->body, MAX_BODY);
}

/* Cloud Shell: a form posted to the endpoint as it is. */
static bool shell_call (const struct azl_managed_env *env, const char *resource,
                        struct azl_managed_call *out) {
  init_call(out, "POST");
  return azl_buf_add_str(&out->url, env->msi_endpoint) &&
         add_pair(&out->body, "resource", resource) &&
         azl_headers_add(&out->headers, "Metadata", "true") &&
         azl_headers_add(&out->headers, "Content-Type",
                         "application/x-www-form-urlencoded");
}

bool azl_managed_call (enum azl_managed_source source,
                       const struct azl_managed_env *env,
                       const struct azl_managed_id *id, const char *resource,
                       const char *revoked_sha256,
                       struct azl_managed_call *out) {
  if (source == AZL_MANAGED_CLOUD_SHELL) return shell_call(env, resource, out);
  init_call(out, "GET");
  if (!add_endpoint(source, env, &out->url) ||
      !add_pair(&out->url, "api-version", sources[source].api_version) ||
      !add_pair(&out->url, "resource", resource) ||
      !add_id(source, env, id, &out->url))
    return false;
  if (revoked_sha256 &&
      (!add_pair(&out->url, "xms_cc", "cp1") ||
       !add_pair(&out->url, "token_sha256_to_refresh", revoked_sha256)))
    return false;
  return add_headers(source, env, &out->headers);
}

bool azl_managed_probe (const struct azl_managed_env *env,
                        struct azl_managed_call *out) {
  init_call(out, "GET");
  if (!add_endpoint(AZL_MANAGED_IMDS, env, &out->url)) return false;
  out->url.data[--out->url.len] = '\0'; /* no query */
  return true;
}

void azl_managed_call_free (struct azl_managed_call *call) {
  size_t i;
  for (i = 0; i < call->headers.count; i++) {
    char *value = call->headers.items[i].value;
    azl_wipe(value, strlen(value));
  }
  azl_headers_free(&call->headers);
  azl_buf_free(&call->url);
  azl_buf_free(&call->body);
}
