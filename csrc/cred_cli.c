/* Credentials that ask a command line tool: a child process per fetch. What is
   asked and what the answer means is cli_command.c's and cli_answer.c's. */
#include "cred_cli.h"

#include <string.h>
#include "child.h"
#include "cred_app.h"

enum { DEFAULT_TIMEOUT_MS = 13 * 1000, MAX_ANSWER_BYTES = 256 * 1024 };

struct cli {
  struct azl_cred cred;
  enum azl_cli tool;
  char *tenant_id, *allowed_tenants, *subscription, *search_path;
  char *environment; /* secret: NULL, or what env points into */
  size_t environment_bytes;
  const char **env; /* NULL: that of the process */
  bool single_tenant;
  int64_t timeout_ms;
};

/* Secrets of applications: no tool of a user's needs them, nor do the
   extensions and plug-ins that it loads. */
static const char *const kept_back[] = {"AZURE_CLIENT_SECRET",
                                        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
                                        "AZURE_PASSWORD", NULL};

static struct cli *cli_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct cli, cred);
}

static void cli_destroy (struct azl_cred *cred) {
  struct cli *cli = cli_of(cred);
  azl_free(cli->tenant_id);
  azl_free(cli->allowed_tenants);
  azl_free(cli->subscription);
  azl_free(cli->search_path);
  if (cli->environment) azl_wipe(cli->environment, cli->environment_bytes);
  azl_free(cli->environment);
  azl_free(cli->env);
  azl_free(cli);
}

/* The child never gave an exit status. */
static struct azl_err *run_error (enum azl_cli tool,
                                  const struct azl_err *cause) {
  struct azl_err *err;
  if (cause->code && strcmp(cause->code, "NotFound") == 0)
    return azl_cli_not_installed(tool);
  err = azl_err_copy(cause);
  if (err->kind != AZL_ERR_CANCELLED && err->code) err->kind = AZL_ERR_AUTH;
  return err;
}

/* Without an exit status (the host reaped our child) the answer itself has to
   tell whether all went well. */
static struct azl_err *read_result (enum azl_cli tool, const char *scope,
                                    struct azl_op *op,
                                    struct azl_cli_answer *out) {
  struct azl_child_result result = azl_child_result(op);
  struct azl_cli_end end = {result.exit_code, result.signal, result.err->data};
  struct azl_err *err;
  if (result.exit_known && result.exit_code != 0)
    return azl_cli_failure(tool, scope, &end);
  err = azl_cli_read(tool, result.out->data, result.out->len, out);
  if (!err || result.exit_known) return err;
  azl_err_free(err);
  return azl_cli_failure(tool, scope, &end);
}

static void on_child (void *ctx, struct azl_op *op) {
  struct azl_fetch *fetch = ctx;
  enum azl_cli tool = cli_of(fetch->cred)->tool;
  struct azl_cli_answer answer = {NULL, 0};
  struct azl_err *err;
  if (op->state == AZL_OP_DONE)
    err = read_result(tool, fetch->state, op, &answer);
  else
    err = run_error(tool, op->err);
  if (err)
    azl_fetch_fail(fetch, err);
  else
    azl_fetch_done(fetch, answer.value, answer.expires_ms, 0);
  azl_free_secret(answer.value);
}

static struct azl_op *run (struct cli *cli, const struct azl_cli_want *want) {
  struct azl_child_request request = {
      .search_path = cli->search_path,
      .base_env = cli->env,
      .env = kept_back,
      .cwd = "/bin", /* not where a planted az.py or azure.yaml may lie */
      .max_output_bytes = MAX_ANSWER_BYTES,
      .deadline_ms = azl_loop_now_ms(cli->cred.loop) + cli->timeout_ms,
      .secret = true,
  };
  struct azl_cli_command command;
  struct azl_op *op = NULL;
  if (azl_cli_command(cli->tool, want, &command)) {
    request.argv = command.argv;
    op = azl_child_run(cli->cred.loop, &request);
  }
  azl_cli_command_free(&command);
  return op;
}

static struct azl_err *prepare (struct cli *cli, struct azl_cli_want *want) {
  struct azl_err *err = azl_cli_claims_error(cli->tool, want);
  if (!err)
    want->tenant_id =
        azl_tenant_choose(cli->tenant_id, cli->allowed_tenants,
                          cli->single_tenant, want->tenant_id, &err);
  return err ? err : azl_cli_check(want);
}

static struct azl_op *cli_fetch (struct azl_cred *cred,
                                 const struct azl_token_request *request) {
  struct cli *cli = cli_of(cred);
  struct azl_cli_want want = {request->scope, request->tenant_id,
                              cli->subscription, request->claims};
  struct azl_fetch *fetch = azl_fetch_new(cred);
  struct azl_err *err;
  if (!fetch) return NULL;
  fetch->state = azl_strdup(request->scope);
  fetch->free_state = azl_free;
  err = fetch->state ? prepare(cli, &want) : azl_err_oom();
  if (err)
    azl_fetch_fail(fetch, err);
  else
    azl_fetch_work(fetch, run(cli, &want), on_child);
  return &fetch->op;
}

#define CLI_CLASS(text)                                                        \
  {                                                                            \
    .name = (text), .fetch = cli_fetch, .destroy = cli_destroy,                \
    .is_tool = true                                                            \
  }

static const struct azl_cred_class classes[] = {
    [AZL_CLI_AZ] = CLI_CLASS("AzureCliCredential"),
    [AZL_CLI_AZD] = CLI_CLASS("AzureDeveloperCliCredential"),
    [AZL_CLI_PWSH] = CLI_CLASS("AzurePowerShellCredential"),
};

/* false: out of memory. NULL and "" mean not given. */
static bool copy (char **out, const char *text) {
  if (!text || !*text) return true;
  *out = azl_strdup(text);
  return *out != NULL;
}

/* false: out of memory. */
static bool copy_environment (struct cli *cli, const char *from, size_t bytes) {
  size_t count = 0, used = 0, i;
  if (!from) return true;
  for (i = 0; i < bytes; i++) count += from[i] == '\0';
  cli->environment = azl_memdup(from, bytes);
  cli->environment_bytes = bytes;
  cli->env = azl_calloc(count + 1, sizeof *cli->env);
  if (!cli->environment || !cli->env) return false;
  for (i = 0; used < count; i += strlen(cli->environment + i) + 1)
    cli->env[used++] = cli->environment + i;
  return true;
}

struct azl_cred *azl_cred_cli (struct azl_loop *loop, enum azl_cli tool,
                               const struct azl_cred_cli_config *config,
                               struct azl_err **out_err) {
  struct cli *cli = azl_calloc(1, sizeof *cli);
  struct azl_cli_want want = {"scope", NULL, NULL, NULL};
  *out_err = NULL;
  if (!cli) {
    *out_err = azl_err_oom();
    return NULL;
  }
  azl_cred_init(&cli->cred, &classes[tool], loop);
  cli->tool = tool;
  cli->single_tenant = config->single_tenant;
  cli->timeout_ms =
      config->timeout_ms > 0 ? config->timeout_ms : DEFAULT_TIMEOUT_MS;
  if (!copy(&cli->tenant_id, config->tenant_id) ||
      !copy(&cli->allowed_tenants, config->additionally_allowed_tenants) ||
      !copy(&cli->subscription, config->subscription) ||
      !copy(&cli->search_path, config->search_path) ||
      !copy_environment(cli, config->environment, config->environment_bytes))
    *out_err = azl_err_oom();
  want.tenant_id = cli->tenant_id;
  want.subscription = cli->subscription;
  if (!*out_err) *out_err = azl_cli_check(&want);
  if (!*out_err) return &cli->cred;
  azl_cred_unref(&cli->cred);
  return NULL;
}
