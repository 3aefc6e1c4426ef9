#ifndef AZL_PROGRAM_H
#define AZL_PROGRAM_H

#include "mem.h"

/* Where the program `name` is: the first executable file of that name in
   search_path (':' separated, as in PATH). Relative entries are skipped: what
   lies in the current folder must not pass for a tool of the user's. A name
   with a '/' must be absolute and is only checked. Never blocks on anything
   but the file system. Returns 0 and a path that the caller frees, or ENOENT
   or ENOMEM. */
AZL_MUST_CHECK int azl_program_find (const char *name, const char *search_path,
                                     char **out_path);

/* The environment `base` (NULL: this process's) with `changes` put over it: a
   list of "NAME=value", or "NAME" for one that is taken away; NULL ends both.
   Only the array is allocated: its strings are borrowed. NULL: out of
   memory. */
AZL_MUST_CHECK char **azl_program_env (const char *const *base,
                                       const char *const *changes);

#endif
