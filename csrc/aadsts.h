#ifndef AZL_AADSTS_H
#define AZL_AADSTS_H

#include <stdbool.h>

/* "AADSTS" and the digits after it, as Microsoft Entra ID numbers its errors,
   NUL included. */
enum { AZL_AADSTS_BYTES = 24 };

/* The first such code in a text that somebody else wrote around it (a command
   line tool, IMDS). false: there is none, and out is "". */
bool azl_aadsts_find (const char *text, char out[AZL_AADSTS_BYTES]);

#endif
