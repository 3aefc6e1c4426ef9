#ifndef AZL_EMULATOR_FILE_H
#define AZL_EMULATOR_FILE_H

#include <stddef.h>
#include "mem.h"

/* Makes a new file that only its owner can read, from its first moment on. 0,
   or an errno: EEXIST where there is anything of that name, a link too. A
   failure leaves no file behind. */
AZL_MUST_CHECK int azl_emulator_file_write (const char *path, const void *bytes,
                                            size_t len);

#endif
