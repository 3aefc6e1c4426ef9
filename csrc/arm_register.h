#ifndef AZL_ARM_REGISTER_H
#define AZL_ARM_REGISTER_H

#include "arm.h"

/* Resource providers that a subscription has not registered yet: ARM answers
   409 MissingSubscriptionRegistration; azcore registers, and so do we. */

/* What to register, as text of the path ("/subscriptions/S/providers/P") behind
   the endpoint; NULL where the answer is about something else, or does not say
   what it lacks. url: of the call; subscription: where it names none, or NULL.
   The caller frees. */
AZL_MUST_CHECK char *azl_missing_provider (const struct azl_err *err,
                                           const char *url,
                                           const char *subscription);

/* Asks for the registration and waits until it is there, 5 minutes at most.
   NULL: out of memory. */
struct azl_op *azl_register (struct azl_arm *arm, const char *provider,
                             int64_t deadline_ms);

#endif
