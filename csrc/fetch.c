/* The operation of a provider: one token being fetched. */
#include "token.h"

#include <string.h>

static void drop_work (struct azl_fetch *fetch, bool cancel) {
  struct azl_op *work = fetch->work;
  fetch->work = NULL;
  if (!work) return;
  azl_op_listen(work, NULL, NULL);
  if (cancel) azl_op_cancel(work);
  azl_op_unref(work);
}

static void fetch_cancel (struct azl_op *op) {
  struct azl_fetch *fetch = (struct azl_fetch *)(void *)op;
  azl_list_remove(&fetch->node);
  drop_work(fetch, true);
}

static void fetch_destroy (struct azl_op *op) {
  struct azl_fetch *fetch = (struct azl_fetch *)(void *)op;
  azl_list_remove(&fetch->node);
  drop_work(fetch, true);
  if (fetch->free_state) fetch->free_state(fetch->state);
  azl_token_clear(&fetch->token);
  azl_cred_unref(fetch->cred);
  azl_free(fetch);
}

const struct azl_op_class azl_fetch_class = {"token fetch", fetch_cancel,
                                             fetch_destroy};

struct azl_fetch *azl_fetch_new (struct azl_cred *cred) {
  struct azl_fetch *fetch = azl_calloc(1, sizeof *fetch);
  if (!fetch) return NULL;
  fetch->cred = azl_cred_ref(cred);
  azl_op_init(&fetch->op, &azl_fetch_class, cred->loop);
  azl_list_push(&cred->fetches, &fetch->node);
  return fetch;
}

void azl_fetch_work (struct azl_fetch *fetch, struct azl_op *work,
                     void (*fn)(void *ctx, struct azl_op *op)) {
  drop_work(fetch, false);
  if (!work) {
    azl_fetch_fail(fetch, azl_err_oom());
    return;
  }
  fetch->work = work;
  if (fetch->op.state != AZL_OP_PENDING)
    drop_work(fetch, true);
  else if (work->state == AZL_OP_PENDING)
    azl_op_listen(work, fn, fetch);
  else
    fn(fetch, work);
}

void azl_cred_trouble (struct azl_cred *cred, struct azl_err *err) {
  azl_err_free(cred->trouble);
  cred->trouble = err;
}

static void fetch_finish (struct azl_fetch *fetch, struct azl_err *err) {
  azl_cred_trouble(fetch->cred, NULL);
  azl_list_remove(&fetch->node);
  azl_op_finish(&fetch->op, err);
}

/* Whether an Authorization header can carry it (RFC 6750, 2.1). */
static bool is_bearer (const char *value) {
  while (*value > ' ' && *value < 127) value++;
  return !*value;
}

static struct azl_err *bad_token (const struct azl_cred *cred) {
  struct azl_err *err = azl_err_new(
      AZL_ERR_AUTH, "InvalidToken",
      "%s: got a token with bytes that no header may have", cred->cls->name);
  azl_err_set(err, hint,
              "an access token is visible ASCII without blanks; look at what "
              "the source of this token really gives");
  return err;
}

void azl_fetch_done (struct azl_fetch *fetch, const char *value,
                     int64_t expires_ms, int64_t refresh_ms) {
  char *copy;
  if (fetch->op.state != AZL_OP_PENDING) return;
  if (!is_bearer(value)) {
    azl_fetch_fail(fetch, bad_token(fetch->cred));
    return;
  }
  copy = azl_strdup(value);
  if (!copy) {
    azl_fetch_fail(fetch, azl_err_oom());
    return;
  }
  azl_token_clear(&fetch->token);
  fetch->token.value = copy;
  fetch->token.expires_ms = expires_ms;
  fetch->token.refresh_ms = refresh_ms;
  fetch_finish(fetch, NULL);
}

void azl_fetch_fail (struct azl_fetch *fetch, struct azl_err *err) {
  fetch_finish(fetch, err);
}
