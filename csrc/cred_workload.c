/* WorkloadIdentityCredential: an application that shows a token of somebody
   else (Kubernetes, a pipeline), which is found in a file. */
#include "cred.h"

#include "cred_app.h"
#include "file.h"

#include <string.h>

enum { ASSERTION_MAX = 64 * 1024, KEEP_MS = 5 * 60 * 1000 };

struct workload_cred {
  struct azl_cred cred;
  struct azl_app app;
  char *path;
  char *assertion;       /* secret, as it was read */
  int64_t read_again_ms; /* on the loop's clock */
};

static struct workload_cred *self_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct workload_cred, cred);
}

static struct azl_err *unavailable (struct workload_cred *self,
                                    const char *why) {
  struct azl_err *err =
      azl_err_new(AZL_ERR_AUTH, AZL_UNAVAILABLE,
                  "%s: the federated token file %s cannot be used: %s",
                  self->cred.cls->name, self->path, why);
  azl_err_set(err, hint,
              "check AZURE_FEDERATED_TOKEN_FILE and that the "
              "workload identity webhook changed this pod");
  return err;
}

static struct azl_err *keep_trimmed (struct workload_cred *self,
                                     const struct azl_buf *content) {
  static const char blanks[] = " \t\r\n";
  const char *start = content->data ? content->data : "";
  size_t len;
  if (strlen(start) != content->len)
    return unavailable(self, "it has a zero byte");
  start += strspn(start, blanks);
  len = strlen(start);
  while (len > 0 && strchr(blanks, start[len - 1])) len--;
  if (len == 0) return unavailable(self, "it is empty");
  azl_free_secret(self->assertion);
  self->assertion = azl_strndup(start, len);
  if (!self->assertion) return azl_err_oom();
  self->read_again_ms = azl_loop_now_ms(self->cred.loop) + KEEP_MS;
  return NULL;
}

/* The file is replaced before its token expires, so it is read again. */
static struct azl_err *refresh_assertion (struct workload_cred *self) {
  struct azl_buf content;
  struct azl_err *err;
  int error;
  if (self->assertion && azl_loop_now_ms(self->cred.loop) < self->read_again_ms)
    return NULL;
  error = azl_file_read(self->path, ASSERTION_MAX, &content);
  err =
      error ? unavailable(self, strerror(error)) : keep_trimmed(self, &content);
  azl_buf_free_secret(&content);
  return err;
}

static struct azl_op *workload_fetch (struct azl_cred *cred,
                                      const struct azl_token_request *request) {
  struct workload_cred *self = self_of(cred);
  struct azl_fetch *fetch = azl_fetch_new(cred);
  struct azl_err *err;
  const char *tenant;
  if (!fetch) return NULL;
  tenant = azl_tenant_choose(self->app.tenant_id, self->app.allowed,
                             self->app.single_tenant, request->tenant_id, &err);
  if (tenant) err = refresh_assertion(self);
  if (err)
    azl_fetch_fail(fetch, err);
  else
    azl_app_ask_with(fetch, &self->app, request, tenant, NULL, self->assertion);
  return &fetch->op;
}

/* Its file may have been replaced since it was read. */
static void workload_refused (struct azl_cred *cred) {
  struct workload_cred *self = self_of(cred);
  azl_free_secret(self->assertion);
  self->assertion = NULL;
}

static void workload_destroy (struct azl_cred *cred) {
  struct workload_cred *self = self_of(cred);
  azl_free(self->path);
  azl_free_secret(self->assertion);
  azl_app_free(&self->app);
  azl_free(self);
}

static const struct azl_cred_class workload_class = {
    .name = "WorkloadIdentityCredential",
    .fetch = workload_fetch,
    .refused = workload_refused,
    .destroy = workload_destroy,
};

struct azl_cred *azl_cred_workload (struct azl_loop *loop,
                                    const struct azl_cred_app *app,
                                    const char *token_file_path,
                                    struct azl_err **out_err) {
  struct workload_cred *self = azl_calloc(1, sizeof *self);
  *out_err =
      self ? azl_app_init(&self->app, workload_class.name, app) : azl_err_oom();
  if (!self || *out_err) {
    azl_free(self);
    return NULL;
  }
  azl_cred_init(&self->cred, &workload_class, loop);
  self->path = azl_strdup(token_file_path);
  if (self->path) return &self->cred;
  *out_err = azl_err_oom();
  azl_cred_unref(&self->cred);
  return NULL;
}
