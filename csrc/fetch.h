#ifndef AZL_FETCH_H
#define AZL_FETCH_H

#include <stdbool.h>
#include <stdint.h>
#include "http.h"
#include "op.h"

/* What a token is wanted for. Strings are borrowed for the call. */
struct azl_token_request {
  const char *scope;     /* "https://management.azure.com/.default" */
  const char *tenant_id; /* NULL: the credential's own */
  const char *claims;    /* decoded claims challenge (JSON) or NULL; it passes
                            by the cache */
  int64_t deadline_ms;   /* the caller's; 0 or less: none. Fetches for the cache
                            are shared and get none */
  bool background;       /* the cache's own: nobody waits, so no person may be
                            asked; AZL_NEEDS_PERSON is the answer then */
};

/* What a provider hands back. Owned by the operation that produced it. */
struct azl_token {
  char *value;        /* secret */
  int64_t expires_ms; /* wall clock */
  int64_t refresh_ms; /* wall clock; 0: derive it */
  uint64_t serial;    /* of this value in this process; 0: not known */
};

struct azl_cred;

/* A kind of credential. Everything runs on the loop's thread. */
struct azl_cred_class {
  const char *name; /* "ClientSecretCredential": as users of the SDKs know it */
  /* Starts one fetch without any cache. The operation's class must be
     azl_fetch_class. NULL: out of memory. */
  struct azl_op *(*fetch)(struct azl_cred *cred,
                          const struct azl_token_request *request);
  void (*destroy)(struct azl_cred *cred);
  bool no_cache; /* chains: their members cache */
  bool is_tool;  /* somebody signed in to a program, or not: see cred_chain.h */
  /* Entra took its proof for none (invalid_client): a kept copy is worth
     nothing. NULL: it keeps none. */
  void (*refused)(struct azl_cred *cred);
  /* Hands network settings on to members. NULL: none. false: no memory. */
  bool (*network)(struct azl_cred *cred, const struct azl_http_config *config,
                  bool only_if_unset);
};

/* First member of each concrete credential. */
struct azl_cred {
  const struct azl_cred_class *cls;
  struct azl_loop *loop;
  unsigned refs;
  bool closed;
  struct azl_http *http; /* own transfers; made at the first need */
  struct azl_http_config http_config; /* owned copies of the strings */
  bool network_set;                   /* http_config was given */
  struct azl_list entries;            /* the token cache */
  struct azl_list fetches;            /* under way */
  struct azl_err *trouble; /* of the last try, which is being repeated; NULL:
                              all is well. Owned */
};

/* For providers: a fetch operation that the provider finishes itself. `work`
   is an operation of the provider's to cancel with it (may be NULL). */
extern const struct azl_op_class azl_fetch_class;
struct azl_fetch {
  struct azl_op op;
  struct azl_list node; /* in cred->fetches */
  struct azl_token token;
  struct azl_cred *cred;
  struct azl_op *work;
  void *state; /* the provider's; freed by free_state */
  void (*free_state)(void *state);
};
struct azl_fetch *azl_fetch_new (struct azl_cred *cred);
/* Replaces work: listens to it, drops its reference of the former one. The
   listener gets the fetch as ctx. A NULL work fails the fetch with oom. */
void azl_fetch_work (struct azl_fetch *fetch, struct azl_op *work,
                     void (*fn)(void *ctx, struct azl_op *op));
/* Ends it well: copies value. One that no Authorization header can carry (a
   blank, a control character, a byte beyond ASCII) fails the fetch instead. */
void azl_fetch_done (struct azl_fetch *fetch, const char *value,
                     int64_t expires_ms, int64_t refresh_ms);
void azl_fetch_fail (struct azl_fetch *fetch, struct azl_err *err);

/* Keeps what a try failed of that will be repeated: a caller whose deadline
   comes first is told. Takes err over; NULL: all is well again. */
void azl_cred_trouble (struct azl_cred *cred, struct azl_err *err);

/* "This credential cannot be used here": a chain goes on to the next. */
#define AZL_UNAVAILABLE "CredentialUnavailable"

/* "Somebody has to sign in": the cache asks anew for who waits for it. */
#define AZL_NEEDS_PERSON "InteractionRequired"

#endif
