#ifndef AZL_CRED_MANAGED_H
#define AZL_CRED_MANAGED_H

#include "managed.h"
#include "token.h"

/* Strings are copied. */
struct azl_cred_managed_config {
  struct azl_managed_env env; /* see azl_managed_env_read */
  struct azl_managed_id id;
  const char *arc_folder; /* of key files; NULL: where the agent puts them */
  bool probe;             /* ask IMDS for a sign of life first: for chains */
};

/* The identity that Azure gave to this machine, app or cluster. Endpoints are
   asked without any proxy. NULL: *out_err says why (more than one id, an id
   where the source takes none, an endpoint that is no URL). */
struct azl_cred *azl_cred_managed (struct azl_loop *loop,
                                   const struct azl_cred_managed_config *config,
                                   struct azl_err **out_err);

/* Fills out with this process's own environment. Borrowed strings. */
void azl_managed_env_read (struct azl_managed_env *out);

#endif
