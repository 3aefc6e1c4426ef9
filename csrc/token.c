/* The token cache of a credential: single flight for any number of callers,
   refresh in the background, forced refresh at the edge. Rules of
   tokenCycler in @azure/core-rest-pipeline 1.24.0. */
#include "token.h"

#include <stdatomic.h>
#include <string.h>

enum {
  REFRESH_WINDOW_MS = 2 * 60 * 1000, /* refreshed this long before expiry */
  FORCED_WINDOW_MS = 1000,           /* waited for from here on */
  SCOPE_MAX = 8 * 1024,     /* no tenant or resource has a longer one */
  CLAIMS_MAX = 64 * 1024,   /* of a challenge, which came in a header */
  REFRESH_RETRY_MS = 3000,  /* between one refresh and the next */
  SKEW_REUSE_MS = 10 * 1000 /* of a new token that looks expired */
};

/* One cached token and the fetch that renews it. */
struct entry {
  struct azl_list node; /* in cred->entries */
  struct azl_cred *cred;
  char *scope, *tenant_id;
  char *claims; /* answers one challenge; lives as long as its fetch */
  struct azl_token token;
  /* The wall clock may be set, the monotonic one may sleep with the machine:
     the token counts as expired when either says so. */
  int64_t expires_wall_ms, expires_loop_ms, refresh_loop_ms;
  int64_t retry_loop_ms; /* no refresh in the background before */
  bool busy;             /* a fetch is under way or waits to be settled */
  bool background;       /* the fetch goes on without anybody waiting */
  bool outdated;         /* a claims challenge brought a newer token */
  struct azl_op *fetch;
  struct azl_list waiters;
  struct azl_defer settle;
};

/* One caller of azl_cred_get. */
struct get {
  struct azl_op op;
  struct azl_cred *cred;
  struct entry *entry;  /* NULL when it does not wait for a fetch */
  struct azl_list node; /* in entry->waiters */
  struct azl_token token;
  struct azl_err *err; /* for the deferred end */
  struct azl_defer end;
  struct azl_timer timer;
};

void azl_token_clear (struct azl_token *token) {
  azl_free_secret(token->value);
  memset(token, 0, sizeof *token);
}

/* Threads have loops of their own, and may share no more than this. */
static uint64_t next_serial (void) {
  static atomic_uint_fast64_t last;
  return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

static bool token_copy (struct azl_token *to, const struct azl_token *from) {
  char *value = azl_strdup(from->value);
  if (!value) return false;
  azl_token_clear(to);
  *to = *from;
  to->value = value;
  if (!to->serial) to->serial = next_serial();
  return true;
}

static bool same_text (const char *a, const char *b) {
  return a && b ? strcmp(a, b) == 0 : a == b;
}

static int64_t wall_ms (const struct azl_cred *cred) {
  return azl_clock_wall_ms(azl_loop_clock(cred->loop));
}

/* Callers */

static void get_leave (struct get *get) {
  struct entry *entry = get->entry;
  get->entry = NULL;
  azl_list_remove(&get->node);
  azl_loop_defer_stop(&get->end);
  azl_loop_timer_stop(get->op.loop, &get->timer);
  if (!entry || !azl_list_empty(&entry->waiters)) return;
  if (!entry->background && entry->fetch) azl_op_cancel(entry->fetch);
}

static void get_cancel (struct azl_op *op) {
  get_leave((struct get *)(void *)op);
}

static void get_destroy (struct azl_op *op) {
  struct get *get = (struct get *)(void *)op;
  azl_loop_defer_stop(&get->end);
  azl_loop_timer_stop(op->loop, &get->timer);
  azl_token_clear(&get->token);
  azl_err_free(get->err);
  azl_cred_unref(get->cred);
  azl_free(get);
}

static const struct azl_op_class get_class = {"token", get_cancel, get_destroy};

static void get_finish (struct get *get, struct azl_err *err) {
  get_leave(get);
  azl_op_finish(&get->op, err);
}

static void get_end (void *ctx) {
  struct get *get = ctx;
  struct azl_err *err = get->err;
  get->err = NULL;
  get_finish(get, err);
}

/* Ends it in the next turn, so that the caller can listen first. */
static void get_end_soon (struct get *get, struct azl_err *err) {
  get->err = err;
  azl_loop_defer(get->op.loop, &get->end);
}

static struct azl_err *late (struct azl_cred *cred) {
  const struct azl_err *why = cred->trouble;
  if (!why || !why->message)
    return azl_err_new(AZL_ERR_TIMEOUT, NULL,
                       "%s gave no token before the deadline", cred->cls->name);
  struct azl_err *err =
      azl_err_new(AZL_ERR_TIMEOUT, why->code,
                  "%s gave no token before the deadline; the last try: %s",
                  cred->cls->name, why->message);
  azl_err_set(err, hint, why->hint);
  azl_err_set_inner(err, why);
  return err;
}

static void get_timeout (void *ctx) {
  struct get *get = ctx;
  get_finish(get, late(get->cred));
}

static struct get *get_new (struct azl_cred *cred) {
  struct get *get = azl_calloc(1, sizeof *get);
  if (!get) return NULL;
  get->cred = azl_cred_ref(cred);
  azl_list_init(&get->node);
  azl_defer_init(&get->end, get_end, get);
  azl_timer_init(&get->timer, get_timeout, get);
  azl_op_init(&get->op, &get_class, cred->loop);
  return get;
}

/* Entries */

static void entry_free (struct entry *entry) {
  azl_list_remove(&entry->node);
  azl_loop_defer_stop(&entry->settle);
  azl_token_clear(&entry->token);
  azl_free(entry->scope);
  azl_free(entry->tenant_id);
  azl_free(entry->claims);
  azl_free(entry);
}

static struct entry *entry_find (struct azl_cred *cred,
                                 const struct azl_token_request *key) {
  struct azl_list *node = cred->entries.next;
  for (; node != &cred->entries; node = node->next) {
    struct entry *entry = AZL_CONTAINER(node, struct entry, node);
    if (same_text(entry->scope, key->scope) &&
        same_text(entry->tenant_id, key->tenant_id) &&
        same_text(entry->claims, key->claims))
      return entry;
  }
  return NULL;
}

static void entry_settle (void *ctx);
static void entry_start (struct entry *entry,
                         const struct azl_token_request *request,
                         bool background);

static struct entry *entry_new (struct azl_cred *cred,
                                const struct azl_token_request *key) {
  struct entry *entry = azl_calloc(1, sizeof *entry);
  if (!entry) return NULL;
  entry->cred = cred;
  azl_list_init(&entry->waiters);
  azl_defer_init(&entry->settle, entry_settle, entry);
  azl_list_push(&cred->entries, &entry->node);
  entry->scope = azl_strdup(key->scope);
  entry->tenant_id = azl_strdup(key->tenant_id);
  entry->claims = azl_strdup(key->claims);
  if (entry->scope && !entry->tenant_id == !key->tenant_id &&
      !entry->claims == !key->claims)
    return entry;
  entry_free(entry);
  return NULL;
}

static struct entry *entry_for (struct azl_cred *cred,
                                const struct azl_token_request *key) {
  struct entry *entry = entry_find(cred, key);
  return entry ? entry : entry_new(cred, key);
}

struct both_clocks {
  int64_t loop_ms, wall_ms;
};

static struct both_clocks now_of (const struct azl_cred *cred) {
  return (struct both_clocks){azl_loop_now_ms(cred->loop), wall_ms(cred)};
}

static bool entry_usable (const struct entry *entry,
                          const struct both_clocks *now) {
  return entry->token.value &&
         entry->expires_wall_ms - now->wall_ms >= FORCED_WINDOW_MS &&
         entry->expires_loop_ms - now->loop_ms >= FORCED_WINDOW_MS;
}

static bool entry_wants_refresh (const struct entry *entry,
                                 const struct both_clocks *now) {
  if (entry->busy || now->loop_ms < entry->retry_loop_ms) return false;
  return now->loop_ms >= entry->refresh_loop_ms ||
         now->wall_ms >= entry->token.refresh_ms;
}

/* Puts a fresh token into the cache. No use may ask for another at once, so
   short-lived ones are renewed at half of their life, one that looks expired
   as it comes (the local clock is ahead) lives for a while, and a wish to be
   renewed in the past counts for nothing. */
static void entry_store (struct entry *entry, const struct azl_token *token) {
  int64_t wall = wall_ms(entry->cred);
  int64_t now = azl_loop_now_ms(entry->cred->loop);
  int64_t left = token->expires_ms - wall, window, refresh;
  if (left < FORCED_WINDOW_MS) left = SKEW_REUSE_MS;
  window = left / 2 < REFRESH_WINDOW_MS ? left / 2 : REFRESH_WINDOW_MS;
  refresh = wall + left - window;
  if (!token_copy(&entry->token, token)) return;
  if (token->refresh_ms > wall && token->refresh_ms < refresh)
    refresh = token->refresh_ms;
  entry->token.refresh_ms = refresh;
  entry->expires_wall_ms = wall + left;
  entry->expires_loop_ms = now + left;
  entry->refresh_loop_ms = now + refresh - wall;
  entry->retry_loop_ms = now + REFRESH_RETRY_MS;
}

/* Keeps what a fetch brought. The answer to a challenge replaces the token
   that was challenged, and beats one that was asked for before it. */
static void entry_keep (struct entry *entry, const struct azl_token *token) {
  struct azl_token_request plain = {
      .scope = entry->scope, .tenant_id = entry->tenant_id, .deadline_ms = -1};
  if (entry->cred->closed || entry->outdated) return;
  if (entry->claims) entry = entry_for(entry->cred, &plain);
  if (!entry) return;
  entry->outdated =
      entry->busy && entry->fetch && entry->fetch->state == AZL_OP_PENDING;
  entry_store(entry, token);
}

/* Gives one waiter what the fetch brought; fetch NULL: out of memory. */
static void get_settle (struct get *get, struct azl_op *fetch) {
  struct azl_err *err = NULL;
  if (!fetch)
    err = azl_err_oom();
  else if (fetch->state != AZL_OP_DONE)
    err = azl_err_copy(fetch->err);
  else if (!token_copy(&get->token, azl_token_result(fetch)))
    err = azl_err_oom();
  get_finish(get, err);
}

/* A refresh in the background may not ask a person. Who came to wait for it
   meanwhile may: a second fetch is for him. */
static bool entry_asks_again (struct entry *entry) {
  struct azl_token_request request = {.scope = entry->scope,
                                      .tenant_id = entry->tenant_id,
                                      .claims = entry->claims,
                                      .deadline_ms = -1};
  struct azl_op *fetch = entry->fetch;
  if (!entry->background || azl_list_empty(&entry->waiters)) return false;
  if (!fetch || fetch->state != AZL_OP_FAILED || !fetch->err->code ||
      strcmp(fetch->err->code, AZL_NEEDS_PERSON) != 0)
    return false;
  azl_loop_defer_stop(&entry->settle);
  entry_start(entry, &request, false);
  azl_op_unref(fetch);
  return true;
}

/* Frees everybody who waits. Listeners may do anything, closing the
   credential included, so the entry is not touched after the first. */
static void entry_settle (void *ctx) {
  struct entry *entry = ctx;
  struct azl_cred *cred;
  struct azl_op *fetch = entry->fetch;
  struct azl_list waiters, *node;
  if (entry_asks_again(entry)) return;
  cred = azl_cred_ref(entry->cred);
  azl_list_init(&waiters);
  azl_list_splice(&waiters, &entry->waiters);
  for (node = waiters.next; node != &waiters; node = node->next)
    AZL_CONTAINER(node, struct get, node)->entry = NULL;
  azl_loop_defer_stop(&entry->settle);
  entry->fetch = NULL;
  entry->busy = false;
  if (fetch && fetch->state == AZL_OP_DONE)
    entry_keep(entry, azl_token_result(fetch));
  else
    entry->retry_loop_ms = azl_loop_now_ms(cred->loop) + REFRESH_RETRY_MS;
  entry->outdated = false;
  if (entry->claims) entry_free(entry);
  while ((node = azl_list_pop(&waiters)) != NULL)
    get_settle(AZL_CONTAINER(node, struct get, node), fetch);
  azl_op_unref(fetch);
  azl_cred_unref(cred);
}

static void entry_fetched (void *ctx, struct azl_op *op) {
  (void)op;
  entry_settle(ctx);
}

/* Starts the one fetch. It belongs to all who will wait for it, so it has no
   deadline of its own. */
static void entry_start (struct entry *entry,
                         const struct azl_token_request *request,
                         bool background) {
  struct azl_token_request shared = *request;
  shared.deadline_ms = -1;
  shared.background = background;
  entry->busy = true;
  entry->background = background;
  entry->fetch = entry->cred->cls->fetch(entry->cred, &shared);
  if (entry->fetch && entry->fetch->state == AZL_OP_PENDING)
    azl_op_listen(entry->fetch, entry_fetched, entry);
  else
    azl_loop_defer(entry->cred->loop, &entry->settle);
}

static void entry_join (struct entry *entry, struct get *get,
                        const struct azl_token_request *request) {
  if (request->deadline_ms > 0 &&
      !azl_loop_timer(get->op.loop, &get->timer, request->deadline_ms)) {
    get_end_soon(get, azl_err_oom());
    return;
  }
  get->entry = entry;
  azl_list_push(&entry->waiters, &get->node);
  if (!entry->busy) entry_start(entry, request, false);
}

static void entry_serve (struct entry *entry, struct get *get,
                         const struct azl_token_request *request) {
  const struct both_clocks now = now_of(entry->cred);
  bool copied;
  if (request->claims || !entry_usable(entry, &now)) {
    entry_join(entry, get, request);
    return;
  }
  copied = token_copy(&get->token, &entry->token);
  get_end_soon(get, copied ? NULL : azl_err_oom());
  if (entry_wants_refresh(entry, &now)) entry_start(entry, request, true);
}

/* Public */

/* What no request can carry is said here: further down it would only be too
   much for some buffer. */
static struct azl_err *check (struct azl_cred *cred,
                              const struct azl_token_request *request) {
  if (cred->closed)
    return azl_err_new(AZL_ERR_AUTH, "CredentialClosed", "%s is closed",
                       cred->cls->name);
  if (strlen(request->scope) > SCOPE_MAX)
    return azl_err_new(AZL_ERR_AUTH, "InvalidScope",
                       "%s: the scope is longer than %d bytes", cred->cls->name,
                       SCOPE_MAX);
  if (request->claims && strlen(request->claims) > CLAIMS_MAX)
    return azl_err_new(AZL_ERR_AUTH, "InvalidClaims",
                       "%s: the claims are longer than %d bytes",
                       cred->cls->name, CLAIMS_MAX);
  return NULL;
}

struct azl_op *azl_cred_get (struct azl_cred *cred,
                             const struct azl_token_request *request) {
  struct azl_err *err = check(cred, request);
  struct entry *entry = NULL;
  struct get *get;
  if (!err && cred->cls->no_cache) return cred->cls->fetch(cred, request);
  get = get_new(cred);
  if (!get) {
    azl_err_free(err);
    return NULL;
  }
  if (!err) entry = entry_for(cred, request);
  if (entry)
    entry_serve(entry, get, request);
  else
    get_end_soon(get, err ? err : azl_err_oom());
  return &get->op;
}

const struct azl_token *
azl_cred_cached (struct azl_cred *cred,
                 const struct azl_token_request *request) {
  struct entry *entry;
  if (cred->cls->no_cache || cred->closed || request->claims) return NULL;
  entry = entry_find(cred, request);
  if (!entry) return NULL;
  const struct both_clocks now = now_of(cred);
  bool good = entry_usable(entry, &now) && !entry_wants_refresh(entry, &now);
  return good ? &entry->token : NULL;
}

const struct azl_token *azl_token_result (struct azl_op *op) {
  if (op->state != AZL_OP_DONE) return NULL;
  if (op->cls == &get_class) return &((struct get *)(void *)op)->token;
  if (op->cls == &azl_fetch_class)
    return &((struct azl_fetch *)(void *)op)->token;
  return NULL;
}

/* Fetches end through their listeners here, which free their waiters. */
void azl_token_cache_close (struct azl_cred *cred) {
  while (!azl_list_empty(&cred->entries)) {
    struct azl_list *node = cred->entries.next;
    struct entry *entry = AZL_CONTAINER(node, struct entry, node);
    bool transient = entry->claims != NULL;
    if (entry->busy && entry->fetch && entry->fetch->state == AZL_OP_PENDING)
      azl_op_cancel(entry->fetch);
    else if (entry->busy)
      entry_settle(entry);
    else
      transient = false;
    if (!transient) entry_free(entry);
  }
}
