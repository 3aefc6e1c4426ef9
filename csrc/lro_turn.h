#ifndef AZL_LRO_TURN_H
#define AZL_LRO_TURN_H

#include "lro_answer.h"

/* One decision under way: shared by lro_decide.c and lro_url.c. */
struct azl_lro_turn {
  struct azl_lro_state *state;
  const struct azl_lro_answer *answer;
  const char *endpoint;
  struct azl_lro_step *step;
  struct azl_lro_body body;
};

/* Ends the step with a failure; takes err over. */
void azl_lro_fail (struct azl_lro_turn *turn, struct azl_err *err);
void azl_lro_fail_protocol (struct azl_lro_turn *turn, const char *code,
                            const char *what);

/* A header's value; NULL when it is missing or empty. */
const char *azl_lro_header (const struct azl_lro_turn *turn, const char *name);

/* Replaces *slot by the URL that reference names, resolved against the URL
   asked last and otherwise byte for byte. false: the step failed, because it
   is no usable URL (protocol) or leads elsewhere (refused). */
AZL_MUST_CHECK bool azl_lro_take_url (struct azl_lro_turn *turn,
                                      const char *reference, char **slot);

/* The same for the state's poll URL. */
AZL_MUST_CHECK bool azl_lro_take_poll (struct azl_lro_turn *turn,
                                       const char *reference);

/* Gives a URL without any query the api-version of the first call. false:
   the step failed (memory). */
AZL_MUST_CHECK bool azl_lro_add_api_version (struct azl_lro_turn *turn,
                                             char **slot);

#endif
