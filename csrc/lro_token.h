#ifndef AZL_LRO_TOKEN_H
#define AZL_LRO_TOKEN_H

#include "lro_decide.h"

/* Resume tokens: JSON text of an operation's state. It holds URLs, never a
   credential. NULL: out of memory. The caller frees. */
AZL_MUST_CHECK char *azl_lro_token_write (const struct azl_lro_state *state);

/* Fills an empty state. false: *out_err tells why (protocol: not a token of
   ours; refused: of another cloud than endpoint) and state is empty. */
AZL_MUST_CHECK bool azl_lro_token_read (const char *token, const char *endpoint,
                                        struct azl_lro_state *out_state,
                                        struct azl_err **out_err);

#endif
