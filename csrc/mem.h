#ifndef AZL_MEM_H
#define AZL_MEM_H

#include <stddef.h>

#if defined(__GNUC__)
#define AZL_MUST_CHECK __attribute__((warn_unused_result))
#define AZL_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define AZL_MUST_CHECK
#define AZL_PRINTF(fmt, first)
#endif

#define AZL_CONTAINER(ptr, type, member)                                       \
  ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Every allocation of the core goes through these, so that a test can make
   any one of them fail. Same contracts as malloc, calloc, realloc, free. */
AZL_MUST_CHECK void *azl_malloc (size_t bytes);
AZL_MUST_CHECK void *azl_calloc (size_t count, size_t bytes);
AZL_MUST_CHECK void *azl_realloc (void *old, size_t bytes);
void azl_free (void *block);

/* Copies; NULL in gives NULL out. NULL is also what a failure gives. */
AZL_MUST_CHECK char *azl_strdup (const char *text);
AZL_MUST_CHECK char *azl_strndup (const char *text, size_t bytes);

/* Copies exactly that many bytes, NULs included, and puts a NUL behind. NULL
   is what a failure gives. */
AZL_MUST_CHECK void *azl_memdup (const void *data, size_t bytes);

/* printf into a fresh string, NULL on failure. */
AZL_MUST_CHECK char *azl_format (const char *fmt, ...) AZL_PRINTF(1, 2);

/* Overwrites memory that held a secret; the compiler cannot drop it. */
void azl_wipe (void *secret, size_t bytes);

/* Wipes a NUL-terminated string, then frees it. Accepts NULL. */
void azl_free_secret (char *secret);

/* Tests only: the next allocation after `countdown` further ones fails, once;
   -1 turns it off. Returns how many allocations were made since the last call
   of this function. */
long azl_mem_fail_after (long countdown);

/* Blocks of the core that are allocated now. */
long azl_mem_live (void);

#endif
