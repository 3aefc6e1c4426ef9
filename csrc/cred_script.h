#ifndef AZL_CRED_SCRIPT_H
#define AZL_CRED_SCRIPT_H

#include "cred.h"
#include "script_call.h"

/* Credentials that need a function of the script. *out_queue is where its
   calls appear; it lives as long as the credential. */

/* Tokens come from the function. NULL: out of memory. */
struct azl_cred *azl_cred_external (struct azl_loop *loop,
                                    struct azl_script_queue **out_queue);

/* The function shows the user where to sign in with which code. */
struct azl_cred *azl_cred_device_code (struct azl_loop *loop,
                                       const struct azl_cred_app *app,
                                       struct azl_script_queue **out_queue,
                                       struct azl_err **out_err);

#endif
