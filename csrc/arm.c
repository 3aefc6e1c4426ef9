/* A client of one Azure Resource Manager endpoint. */
#include "arm_internal.h"
#include "url.h"

#include <curl/curl.h>
#include <string.h>

#define USER_AGENT "azure-signalr-lua/0.1.0 libcurl/" LIBCURL_VERSION

enum { DEFAULT_TIMEOUT_MS = 100 * 1000 };

static const struct azl_retry default_retry = {
    .max_retries = 3,
    .delay_ms = 800,
    .max_delay_ms = 60 * 1000,
};

static struct azl_err *check_endpoint (const struct azl_arm_config *config) {
  struct azl_url url;
  if (!config->endpoint || !azl_url_parse(config->endpoint, &url))
    return azl_err_new(AZL_ERR_PROTOCOL, "InvalidEndpoint",
                       "the endpoint must be a URL such as "
                       "https://management.azure.com");
  if (!config->cred || azl_url_may_carry_token(config->endpoint)) return NULL;
  struct azl_err *err =
      azl_err_new(AZL_ERR_REFUSED, "InsecureEndpoint",
                  "a token goes only over https (http is for loopback hosts)");
  azl_err_set(err, hint, "use https, or credential = false");
  return err;
}

/* Without a trailing slash: the default scope is made from it. */
static char *trimmed (const char *endpoint) {
  size_t len = strlen(endpoint);
  while (len > 0 && endpoint[len - 1] == '/') len--;
  return azl_strndup(endpoint, len);
}

static size_t origin_length (const char *endpoint) {
  struct azl_url url;
  return azl_url_parse(endpoint, &url) && *url.path == '\0' ? strlen(endpoint)
                                                            : 0;
}

static bool copy_config (struct azl_arm *arm,
                         const struct azl_arm_config *config) {
  arm->endpoint = trimmed(config->endpoint);
  if (!arm->endpoint) return false;
  arm->origin_len = origin_length(arm->endpoint);
  arm->scope = config->scope ? azl_strdup(config->scope)
                             : azl_format("%s/.default", arm->endpoint);
  arm->user_agent_line = azl_format(
      "User-Agent: %s", config->user_agent ? config->user_agent : USER_AGENT);
  arm->retry = config->retry.delay_ms ? config->retry : default_retry;
  arm->timeout_ms =
      config->timeout_ms > 0 ? config->timeout_ms : DEFAULT_TIMEOUT_MS;
  arm->poll_interval_ms = config->poll_interval_ms;
  arm->no_register = config->no_register;
  arm->subscription_id = azl_strdup(config->subscription_id);
  return arm->scope && arm->user_agent_line &&
         !arm->subscription_id == !config->subscription_id;
}

static bool open_parts (struct azl_arm *arm,
                        const struct azl_arm_config *config) {
  if (!copy_config(arm, config)) return false;
  arm->http = azl_http_new(arm->loop, &config->http);
  if (!arm->http) return false;
  if (!config->no_throttle && !(arm->throttle = azl_throttle_new()))
    return false;
  if (!config->cred) return true;
  arm->cred = azl_cred_ref(config->cred);
  return azl_cred_network(arm->cred, &config->http, true);
}

struct azl_arm *azl_arm_new (struct azl_loop *loop,
                             const struct azl_arm_config *config,
                             struct azl_err **out_err) {
  *out_err = check_endpoint(config);
  if (*out_err) return NULL;
  struct azl_arm *arm = azl_calloc(1, sizeof(*arm));
  if (arm) {
    arm->loop = loop;
    arm->refs = 1;
    azl_list_init(&arm->calls);
    azl_log_init(&arm->log, config->log_level);
    if (open_parts(arm, config)) return arm;
    azl_arm_unref(arm);
  }
  *out_err = azl_err_oom();
  return NULL;
}

struct azl_arm *azl_arm_ref (struct azl_arm *arm) {
  arm->refs++;
  return arm;
}

void azl_arm_unref (struct azl_arm *arm) {
  if (!arm || --arm->refs > 0) return;
  azl_http_close(arm->http);
  azl_http_unref(arm->http);
  azl_cred_unref(arm->cred);
  azl_throttle_free(arm->throttle);
  azl_log_free(&arm->log);
  azl_free(arm->endpoint);
  azl_free(arm->scope);
  azl_free(arm->user_agent_line);
  azl_free(arm->subscription_id);
  azl_free(arm);
}

void azl_arm_close (struct azl_arm *arm) {
  if (arm->closed) return;
  arm->closed = true;
  azl_arm_ref(arm);
  while (!azl_list_empty(&arm->calls))
    azl_op_cancel(&AZL_CONTAINER(arm->calls.next, struct azl_call, node)->op);
  azl_http_close(arm->http);
  azl_arm_unref(arm);
}

struct azl_loop *azl_arm_loop (struct azl_arm *arm) {
  return arm->loop;
}

struct azl_log *azl_arm_log (struct azl_arm *arm) {
  return &arm->log;
}

struct azl_http *azl_arm_http (struct azl_arm *arm) {
  return arm->http;
}

const char *azl_arm_endpoint (const struct azl_arm *arm) {
  return arm->endpoint;
}

int64_t azl_arm_poll_interval_ms (const struct azl_arm *arm) {
  return arm->poll_interval_ms;
}

int64_t azl_arm_timeout_ms (const struct azl_arm *arm) {
  return arm->timeout_ms;
}
