#ifndef AZL_ARC_KEY_H
#define AZL_ARC_KEY_H

#include "err.h"

/* Where the agent of Azure Arc puts its keys, and the only place they are
   read from. */
#define AZL_ARC_FOLDER "/var/opt/azcmagent/tokens"

/* The answer to the challenge of Azure Arc ("Basic realm=<file>"): only who
   may read that file is given a token. Reads it when it is <folder>/<name>.key
   by the letter, a regular file and no link, of at most 4096 bytes. NULL:
   *out_authorization is "Basic <content>", freed with azl_free_secret. */
struct azl_err *azl_arc_answer (const char *www_authenticate,
                                const char *folder, char **out_authorization);

#endif
