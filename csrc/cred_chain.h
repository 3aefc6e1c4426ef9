#ifndef AZL_CRED_CHAIN_H
#define AZL_CRED_CHAIN_H

#include "token.h"

enum azl_chain {
  AZL_CHAIN_PLAIN,      /* ChainedTokenCredential */
  AZL_CHAIN_DEFAULT,    /* DefaultAzureCredential */
  AZL_CHAIN_ENVIRONMENT /* EnvironmentCredential: one member */
};

/* Asks its members (referenced) in order until one gives a token. Only
   AZL_UNAVAILABLE leads to the next one, in AZL_CHAIN_DEFAULT also what a tool
   fails of but for a claims challenge; any other failure ends it. sticky:
   after the first success only that member is asked. Where all are unavailable
   it fails with that code too and lists each reason, and each hint, in order.
   NULL: out of memory. */
struct azl_cred *azl_cred_chain (struct azl_loop *loop, enum azl_chain kind,
                                 struct azl_cred *const *members, int count,
                                 bool sticky);

/* A member that cannot work here, and why: it always fails with
   AZL_UNAVAILABLE. name is the class it stands for. */
struct azl_cred *azl_cred_unavailable (struct azl_loop *loop, const char *name,
                                       const char *reason);

#endif
