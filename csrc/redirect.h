#ifndef AZL_REDIRECT_H
#define AZL_REDIRECT_H

#include <stdbool.h>

/* The rule of the Azure SDKs (redirectPolicy of @azure/core-rest-pipeline):
   300 and 307 for every method, 301 and 302 for GET and HEAD, 303 makes a
   POST a GET; 308 is not followed. Returns the method to go on with, NULL: do
   not follow. */
const char *azl_redirect_method (int status, const char *method);

/* How many hops one call may take. */
enum { AZL_MAX_REDIRECTS = 20 };

#endif
