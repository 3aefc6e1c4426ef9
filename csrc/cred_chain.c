/* Credentials made of others: ChainedTokenCredential, DefaultAzureCredential,
   EnvironmentCredential. */
#include "cred_chain.h"

#include "buf.h"
#include "cli_tool.h"

#include <string.h>

enum { MESSAGE_MAX = 16 * 1024, NONE = -1 };

struct chain {
  struct azl_cred cred;
  enum azl_chain kind;
  bool sticky;
  int chosen; /* the member that worked first, or NONE */
  int count;
  struct azl_cred *members[];
};

/* One walk along the chain. */
struct walk {
  int at;
  bool fixed; /* asks the chosen member only */
  char *scope, *tenant_id, *claims;
  int64_t deadline_ms;
  struct azl_buf reasons, hints;
};

static struct chain *chain_of (struct azl_cred *cred) {
  return AZL_CONTAINER(cred, struct chain, cred);
}

static void walk_free (void *state) {
  struct walk *walk = state;
  if (!walk) return;
  azl_free(walk->scope);
  azl_free(walk->tenant_id);
  azl_free(walk->claims);
  azl_buf_free(&walk->reasons);
  azl_buf_free(&walk->hints);
  azl_free(walk);
}

static struct walk *walk_new (const struct azl_token_request *request) {
  struct walk *walk = azl_calloc(1, sizeof *walk);
  if (!walk) return NULL;
  azl_buf_init(&walk->reasons, MESSAGE_MAX);
  azl_buf_init(&walk->hints, MESSAGE_MAX);
  walk->deadline_ms = request->deadline_ms;
  walk->scope = azl_strdup(request->scope);
  walk->tenant_id = azl_strdup(request->tenant_id);
  walk->claims = azl_strdup(request->claims);
  if (walk->scope && !walk->tenant_id == !request->tenant_id &&
      !walk->claims == !request->claims)
    return walk;
  walk_free(walk);
  return NULL;
}

/* "; Name: text", where the text may start with the name already. A list that
   grew too long is cut, which costs only words. */
static void note (struct azl_buf *list, const char *name, const char *text) {
  size_t len = strlen(name);
  const char *lead = list->len ? "; " : "";
  bool named = strncmp(text, name, len) == 0;
  bool fits = azl_buf_add_fmt(list, "%s%s%s%s", lead, named ? "" : name,
                              named ? "" : ": ", text);
  (void)fits;
}

/* What to do is what the members say, each for itself: a chain knows nothing
   of where it runs. */
static void fail_all (struct azl_fetch *fetch) {
  struct walk *walk = fetch->state;
  const char *reasons = walk->reasons.data;
  struct azl_err *err = azl_err_new(
      AZL_ERR_AUTH, AZL_UNAVAILABLE, "%s found no usable credential: %s",
      fetch->cred->cls->name, reasons ? reasons : "it has no members");
  azl_err_set(err, hint, walk->hints.data);
  azl_fetch_fail(fetch, err);
}

static void ask (struct azl_fetch *fetch);

/* Only "not usable here" leads on: a credential that is there and is refused
   is what the user meant, and its error what he needs to see. Tools of
   developers in the default chain are guesses: whatever one says, another may
   have somebody signed in (as in azidentity for Go and @azure/identity). Not
   so a claims challenge, whose answer is in the error. */
static bool leads_on (const struct chain *chain, const struct azl_cred *member,
                      const struct azl_err *err) {
  if (err->kind != AZL_ERR_AUTH || !err->code) return false;
  if (strcmp(err->code, AZL_UNAVAILABLE) == 0) return true;
  return chain->kind == AZL_CHAIN_DEFAULT && member->cls->is_tool &&
         strcmp(err->code, AZL_CLAIMS_CHALLENGE) != 0;
}

static void on_member (void *ctx, struct azl_op *op) {
  struct azl_fetch *fetch = ctx;
  struct chain *chain = chain_of(fetch->cred);
  struct walk *walk = fetch->state;
  const struct azl_token *token = azl_token_result(op);
  const struct azl_cred *member = chain->members[walk->at];
  const struct azl_err *err = op->err;
  if (token) {
    if (chain->sticky) chain->chosen = walk->at;
    azl_fetch_done(fetch, token->value, token->expires_ms, token->refresh_ms);
  } else if (walk->fixed || chain->count == 1 ||
             !leads_on(chain, member, err)) {
    azl_fetch_fail(fetch, azl_err_copy(err));
  } else {
    note(&walk->reasons, member->cls->name, err->message);
    if (err->hint) note(&walk->hints, member->cls->name, err->hint);
    walk->at++;
    ask(fetch);
  }
}

static void ask (struct azl_fetch *fetch) {
  struct chain *chain = chain_of(fetch->cred);
  struct walk *walk = fetch->state;
  struct azl_token_request request = {.scope = walk->scope,
                                      .tenant_id = walk->tenant_id,
                                      .claims = walk->claims,
                                      .deadline_ms = walk->deadline_ms};
  if (walk->at >= chain->count)
    fail_all(fetch);
  else
    azl_fetch_work(fetch, azl_cred_get(chain->members[walk->at], &request),
                   on_member);
}

static struct azl_op *chain_fetch (struct azl_cred *cred,
                                   const struct azl_token_request *request) {
  struct chain *chain = chain_of(cred);
  struct azl_fetch *fetch = azl_fetch_new(cred);
  struct walk *walk = fetch ? walk_new(request) : NULL;
  if (!fetch) return NULL;
  fetch->state = walk;
  fetch->free_state = walk_free;
  if (!walk) {
    azl_fetch_fail(fetch, azl_err_oom());
    return &fetch->op;
  }
  walk->fixed = chain->chosen != NONE;
  walk->at = walk->fixed ? chain->chosen : 0;
  ask(fetch);
  return &fetch->op;
}

static bool chain_network (struct azl_cred *cred,
                           const struct azl_http_config *config,
                           bool only_if_unset) {
  struct chain *chain = chain_of(cred);
  for (int i = 0; i < chain->count; i++)
    if (!azl_cred_network(chain->members[i], config, only_if_unset))
      return false;
  return true;
}

static void chain_destroy (struct azl_cred *cred) {
  struct chain *chain = chain_of(cred);
  for (int i = 0; i < chain->count; i++) azl_cred_unref(chain->members[i]);
  azl_free(chain);
}

#define CHAIN_CLASS(text)                                                      \
  {                                                                            \
    .name = (text), .fetch = chain_fetch, .destroy = chain_destroy,            \
    .no_cache = true, .network = chain_network                                 \
  }

static const struct azl_cred_class classes[] = {
    [AZL_CHAIN_PLAIN] = CHAIN_CLASS("ChainedTokenCredential"),
    [AZL_CHAIN_DEFAULT] = CHAIN_CLASS("DefaultAzureCredential"),
    [AZL_CHAIN_ENVIRONMENT] = CHAIN_CLASS("EnvironmentCredential"),
};

struct azl_cred *azl_cred_chain (struct azl_loop *loop, enum azl_chain kind,
                                 struct azl_cred *const *members, int count,
                                 bool sticky) {
  size_t bytes = (size_t)count * sizeof members[0];
  struct chain *chain = azl_calloc(1, sizeof *chain + bytes);
  if (!chain) return NULL;
  azl_cred_init(&chain->cred, &classes[kind], loop);
  chain->kind = kind;
  chain->sticky = sticky;
  chain->chosen = NONE;
  chain->count = count;
  for (int i = 0; i < count; i++) chain->members[i] = azl_cred_ref(members[i]);
  return &chain->cred;
}
