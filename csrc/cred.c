/* What every credential has: references, network settings, its transfers. */
#include "token.h"

#include <string.h>

enum { ANSWER_MAX = 1024 * 1024 };

void azl_cred_init (struct azl_cred *cred, const struct azl_cred_class *cls,
                    struct azl_loop *loop) {
  memset(cred, 0, sizeof *cred);
  cred->cls = cls;
  cred->loop = loop;
  cred->refs = 1;
  azl_list_init(&cred->entries);
  azl_list_init(&cred->fetches);
}

static void config_free (struct azl_http_config *config) {
  azl_free((char *)config->ca_file);
  azl_free((char *)config->ca_path);
  azl_free_secret((char *)config->proxy); /* may have a password */
  azl_free((char *)config->no_proxy);
  memset(config, 0, sizeof *config);
}

static bool config_copy (struct azl_http_config *to,
                         const struct azl_http_config *from) {
  *to = *from;
  to->ca_file = azl_strdup(from->ca_file);
  to->ca_path = azl_strdup(from->ca_path);
  to->proxy = azl_strdup(from->proxy);
  to->no_proxy = azl_strdup(from->no_proxy);
  if (!to->ca_file == !from->ca_file && !to->ca_path == !from->ca_path &&
      !to->proxy == !from->proxy && !to->no_proxy == !from->no_proxy)
    return true;
  config_free(to);
  return false;
}

bool azl_cred_network (struct azl_cred *cred,
                       const struct azl_http_config *config,
                       bool only_if_unset) {
  struct azl_http_config copy;
  if (cred->cls->network && !cred->cls->network(cred, config, only_if_unset))
    return false;
  if (only_if_unset && cred->network_set) return true;
  if (!config_copy(&copy, config)) return false;
  config_free(&cred->http_config);
  cred->http_config = copy;
  cred->network_set = true;
  azl_http_unref(cred->http); /* transfers under way hold their own */
  cred->http = NULL;
  return true;
}

/* Answers to token requests are small; what is larger is no answer. */
struct azl_http *azl_cred_http (struct azl_cred *cred) {
  struct azl_http_config config = cred->http_config;
  if (config.max_response_bytes == 0) config.max_response_bytes = ANSWER_MAX;
  if (!cred->http && !cred->closed)
    cred->http = azl_http_new(cred->loop, &config);
  return cred->http;
}

struct azl_cred *azl_cred_ref (struct azl_cred *cred) {
  if (cred) cred->refs++;
  return cred;
}

void azl_cred_unref (struct azl_cred *cred) {
  if (!cred || --cred->refs > 0) return;
  cred->refs = 1; /* closing may take and give references */
  azl_cred_close(cred);
  azl_http_unref(cred->http);
  config_free(&cred->http_config);
  azl_cred_trouble(cred, NULL);
  cred->cls->destroy(cred);
}

void azl_cred_close (struct azl_cred *cred) {
  struct azl_list *node;
  if (!cred || cred->closed) return;
  cred->closed = true;
  azl_cred_ref(cred); /* the last fetch may hold the last one */
  azl_token_cache_close(cred);
  while ((node = azl_list_pop(&cred->fetches)) != NULL)
    azl_op_cancel(&AZL_CONTAINER(node, struct azl_fetch, node)->op);
  if (cred->http) azl_http_close(cred->http);
  cred->refs--;
}
